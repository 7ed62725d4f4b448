"""What an unquoted YAML word means: the core schema of YAML 1.2, made a little stricter.

PyYAML follows YAML 1.1, where ``on`` and ``no`` are booleans, ``12:30`` is 750 and ``1_000`` is
1000. We also keep ``007`` (a serial or subject number) and ``.inf`` as texts.
"""

from __future__ import annotations

import math
import re

from recorder.config.names import Plain

_WORDS: dict[str, Plain] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_BASED = re.compile(r"0x[0-9a-fA-F]{1,15}|0o[0-7]{1,20}")
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")


def scalar(text: str) -> Plain:
    """Return the value of an unquoted word: nothing, true, false, a number, or the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    if len(text) <= 40 and _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text
