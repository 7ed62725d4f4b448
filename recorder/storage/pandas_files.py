"""What pandas has written: `DataFrame.to_hdf` and `Series.to_hdf`."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from recorder.errors import RecorderError


def is_pandas(group: Any) -> bool:
    """Whether a group is one of pandas' tables."""
    return "pandas_type" in group._v_attrs


def load_pandas(group: Any) -> Any:
    """Have pandas read its table, if it is there.

    Not flammkuchen, which takes the tables of pandas 3 for dicts of what is inside them.

    Raises
    ------
    RecorderError
        It is not, or it does not like the file.
    """
    file, path = group._v_file.filename, group._v_pathname
    what = f"{file}: {path} was written by pandas ({group._v_attrs['pandas_type']})"
    remedy = f"read it with pandas.read_hdf({file!r}, {path!r})"
    if find_spec("pandas") is None:
        raise RecorderError(f"{what}, which is not installed here; {remedy}")
    try:
        return import_module("pandas").read_hdf(file, path, mode="r")
    except Exception as error:  # whatever pandas says to its own
        raise RecorderError(f"{what}, and does not load here; {remedy}: {error}") from error
