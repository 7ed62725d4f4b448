"""Hide passwords in everything that is shown, logged or kept."""

from __future__ import annotations

import re

_HIDDEN = "***"

# What follows the colon is a port, and the URL has no password, if it is a short number alone.
# In running text a password ends at the last @ before the next URL or the end of the line.
_IN_TEXT = re.compile(
    r"""(://[^/?#@:\s]*:)(?![0-9]{1,5}(?:[/?#\s"',;:)\]}]|$))(?:(?!://)[^\n])*@"""
)
# A text that is one URL may have spaces, slashes and @ in its password: up to the last @.
_IS_URL = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://")
_IN_URL = re.compile(r"\A([^:]*://[^@:]*:)(?![0-9]{1,5}(?:[/?#]|:\s|$)).*@", re.DOTALL)
# Short names only where a parameter begins, or "author=" and "bypass=" would lose their values.
_NAMES = (
    r"((?:password|passwd|passwort|passphrase|pwd|psw|token|secret|credentials?"
    r"|(?<=[?&;_])(?:pass|pas|loginpas|pw|auth|key|api[_-]?key|sig|signature))=)"
)
_PARAMETER_IN_TEXT = re.compile(_NAMES + r"""[^&#\s"']*""", re.IGNORECASE)
_PARAMETER_IN_URL = re.compile(_NAMES + r"[^&#]*", re.IGNORECASE)


def redact(source_or_text: str) -> str:
    """Return the text with the passwords of all URLs in it replaced by ``***``.

    Parameters
    ----------
    source_or_text
        A camera's source, or any message that may contain one.

    Returns
    -------
    str
        ``rtsp://user:***@host/x``; parameters such as ``?password=``, ``&pwd=`` and ``&token=``
        lose their values too. A text without a password comes back unchanged, and so does one
        that was redacted before. In doubt too much is hidden rather than too little.
    """
    text = source_or_text
    parameter = _PARAMETER_IN_TEXT
    if _IS_URL.match(text):
        text = _IN_URL.sub(rf"\1{_HIDDEN}@", text)
        parameter = _PARAMETER_IN_URL
    text = _IN_TEXT.sub(rf"\1{_HIDDEN}@", text)
    return parameter.sub(rf"\1{_HIDDEN}", text)


def redact_all(value: object) -> object:
    """Return the same plain value with every text in it redacted, in lists and mappings too."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact_all(key): redact_all(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(redact_all(item) for item in value)
    return value
