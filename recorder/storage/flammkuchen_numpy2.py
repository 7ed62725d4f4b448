"""flammkuchen 1.0.3 asks numpy for names that NumPy 2 does not have. Goes with its next release.

`np.unicode_` and `np.string_` became `np.str_` and `np.bytes_`; without them no array can be saved
and no array of texts loaded. A test says when flammkuchen no longer asks for them: then this file
goes, and the line in `hooks.py` that calls it.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

RENAMED = {"unicode_": "str_", "string_": "bytes_"}


class _View(ModuleType):
    """numpy with two more names; numpy itself stays as it is."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, RENAMED.get(name, name))


def is_needed(module: Any) -> bool:
    """Whether flammkuchen's module still asks for a name that numpy lacks."""
    asked = {name for item in vars(module).values() for name in _names(item)}
    return any(name in asked and not hasattr(np, name) for name in RENAMED)


def mend(module: Any) -> None:
    """Give the module a view of numpy with the names it asks for, if it needs one."""
    if is_needed(module):
        module.np = _View("numpy")


def _names(item: Any) -> tuple[str, ...]:
    code = getattr(item, "__code__", None)
    return () if code is None else tuple(code.co_names)
