"""What the window remembers from one time to the next; nothing of it decides what is recorded."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import platformdirs

MOST_RECENT = 10
_FILE = "window.json"
_VARIABLE = "RECORDER_CONFIG_DIR"

T = TypeVar("T")


class Preferences:
    """Remembered values; each is set like an attribute, and written by `save`.

    Two windows may remember at once: each writes only what it has changed itself. Keys that this
    version does not know are kept.

    Parameters
    ----------
    file
        Where they are kept.
    values
        What is in it.
    notice
        What was wrong with the file, in words, or None.
    """

    def __init__(
        self, file: Path, values: Mapping[str, Any] | None = None, notice: str | None = None
    ) -> None:
        self._file = file
        self._values = dict(values or {})
        self._changed: set[str] = set()
        self._has_complained = False
        # Looked at once, before there is a window: a path on a dead server answers late.
        self._there = {name for name in self._listed() if _is_there(Path(name))}
        self.notice = notice

    @classmethod
    def load(cls, folder: Path | None = None) -> Preferences:
        """Read them; what cannot be read counts as never set.

        Parameters
        ----------
        folder
            Left out: ``RECORDER_CONFIG_DIR``, or where the system keeps such things.
        """
        file = (_folder() if folder is None else folder) / _FILE
        try:
            return cls(file, _read(file))
        except FileNotFoundError:
            return cls(file)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is damaged"
            return cls(file, notice=f"{file} cannot be read ({reason}); the defaults are used")

    def save(self) -> str | None:
        """Write what was changed; return what kept it from being written, once, or None."""
        if not self._changed:
            return None
        ours = {key: self._values.get(key) for key in self._changed}
        try:
            _write(self._file, {**self._others(), **ours})
        except OSError as error:
            if self._has_complained:
                return None
            self._has_complained = True
            reason = error.strerror or error
            return f"{self._file} cannot be written ({reason}); nothing will be remembered"
        self._changed.clear()
        return None

    @property
    def theme(self) -> str:
        """Name of a theme."""
        return self._get("theme", "dark")

    @theme.setter
    def theme(self, name: str) -> None:
        self._set("theme", name)

    @property
    def geometry(self) -> str:
        """Place and size of the window, in Qt's own words, base64; empty: never saved."""
        return self._get("geometry", "")

    @geometry.setter
    def geometry(self, text: str) -> None:
        self._set("geometry", text)

    @property
    def layout(self) -> str:
        """How the window is divided, in Qt's own words, base64; empty: never saved."""
        return self._get("layout", "")

    @layout.setter
    def layout(self, text: str) -> None:
        self._set("layout", text)

    @property
    def verify_after_stop(self) -> bool:
        """Whether each recording is verified when it is over."""
        return self._get("verify_after_stop", True)

    @verify_after_stop.setter
    def verify_after_stop(self, is_on: bool) -> None:
        self._set("verify_after_stop", is_on)

    @property
    def traces_collapsed(self) -> bool:
        """Whether the traces are out of sight."""
        return self._get("traces_collapsed", False)

    @traces_collapsed.setter
    def traces_collapsed(self, is_on: bool) -> None:
        self._set("traces_collapsed", is_on)

    @property
    def last_folder(self) -> Path | None:
        """Where a file was last chosen."""
        return self._path("last_folder")

    @last_folder.setter
    def last_folder(self, folder: Path | None) -> None:
        self._set("last_folder", None if folder is None else str(folder.absolute()))

    @property
    def draft(self) -> Path | None:
        """The config that was last worked on."""
        return self._path("draft")

    @draft.setter
    def draft(self, file: Path | None) -> None:
        self._set("draft", None if file is None else str(file.absolute()))

    @property
    def recent(self) -> tuple[Path, ...]:
        """Configs, the latest first; those that were there when the window began."""
        return tuple(Path(name) for name in self._listed() if name in self._there)

    def remember(self, file: Path) -> None:
        """Put a config that was opened or saved at the front of `recent`."""
        name = str(file.absolute())
        self._there.add(name)
        listed = [name, *(other for other in self._listed() if other != name)]
        self._set("recent", listed[:MOST_RECENT])

    def forget_recent(self) -> None:
        """Empty `recent`."""
        self._set("recent", [])

    def _listed(self) -> list[str]:
        names: list[Any] = self._get("recent", [])
        return [name for name in names if isinstance(name, str) and "\0" not in name]

    def _path(self, key: str) -> Path | None:
        text = self._get(key, "")
        return Path(text) if text else None

    def _get(self, key: str, default: T) -> T:
        """Return a value, if it is of the kind that it should be."""
        value = self._values.get(key)
        return value if isinstance(value, type(default)) else default

    def _set(self, key: str, value: object) -> None:
        if self._values.get(key) != value:
            self._values[key] = value
            self._changed.add(key)

    def _others(self) -> dict[str, Any]:
        """Return what is in the file now; another window may have written meanwhile."""
        try:
            return _read(self._file)
        except (OSError, ValueError):
            return self._values


def _is_there(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:  # in a folder that is closed to us, or a name that no disk takes
        return False


def _folder() -> Path:
    named = os.environ.get(_VARIABLE)
    return Path(named) if named else Path(platformdirs.user_config_dir("recorder"))


def _read(file: Path) -> dict[str, Any]:
    values = json.loads(file.read_bytes())
    if not isinstance(values, dict):
        raise ValueError("no keys with values")
    return values


def _write(file: Path, values: Mapping[str, Any]) -> None:
    """Replace the file as a whole: whoever reads it sees the old one or the new one."""
    file = Path(os.path.realpath(file))  # a link stays one
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}-{secrets.token_hex(4)}")
    try:
        fresh.write_text(json.dumps(values, indent=1), encoding="utf-8")
        fresh.replace(file)
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
