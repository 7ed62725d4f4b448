"""A config while it is edited: the text that the window saves is the one that `recorder` runs."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

from recorder.config import Config, load_config, parse_config
from recorder.errors import ConfigError, RecorderError
from recorder.writers.ledger import as_recorder_error
from recorder.writers.replace import Replacement
from ui.model import yamledit
from ui.model.meaning import COMMON, Keys, Problem, default, find_problems, is_overriding, shortest
from ui.model.yamlwrite import block

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class NotSaved(RecorderError):
    """The file on disk has something that saving would lose; ``save(force=True)`` overwrites it."""


class Draft:
    """A config being edited; it may be wrong for a while. Make one by `new`, `open`, `from_config`.

    Keys are a path from the top: ``("cameras", "top", "fps")``. Values are plain, as the YAML has
    them: sizes and durations as texts, pixels as lists.

    Attributes
    ----------
    path
        Where it was opened or saved; None before.
    """

    def __init__(self, text: str, path: Path | None = None, on_disk: bytes | None = None) -> None:
        self.path = path
        self._on_disk = on_disk
        self._saved = text
        self._problems: tuple[Problem, ...] | None = None
        self._take(text)

    @classmethod
    def new(cls, source: Any = "synthetic", name: str = "camera", recording: bool = True) -> Draft:
        """Return the shortest config of one camera; without `recording` nothing is written."""
        values: dict[str, Any] = {"cameras": {name: {"source": source}}}
        if not recording:
            values["recording"] = {"format": "none"}
        return cls(block(values))

    @classmethod
    def open(cls, path: Path | str) -> Draft:
        """Return a file's config.

        Raises
        ------
        ConfigError
            As `recorder.config.load_config`, with file, line and key.
        """
        path = Path(path)
        load_config(path)  # also refuses what is too large to be read
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
        parse_config(text, str(path))  # somebody may have saved it between the two
        return cls(text, path, data)

    @classmethod
    def from_config(cls, config: Config) -> Draft:
        """Return a running config without what is the default anyway."""
        return cls(block(shortest(config)))

    @property
    def is_changed(self) -> bool:
        """Whether it differs from what was opened, made or saved."""
        return self._text != self._saved

    @property
    def camera_names(self) -> tuple[str, ...]:
        """The cameras, in order."""
        return tuple(self._values.get("cameras") or {})

    def own(self, *keys: str) -> Any:
        """Return what is given at these very keys, or None."""
        try:
            return copy.deepcopy(yamledit.value_at(self._values, keys))
        except KeyError:
            return None

    def get(self, *keys: str) -> Any:
        """Return what holds: a value of its own, else the common section's, else the default."""
        value = self.own(*keys)
        if value is None and is_overriding(keys):
            return self.get(*keys[2:])
        return default(keys) if value is None else value

    def masked(self, *keys: str) -> tuple[str, ...]:
        """Return the cameras whose own value hides the common one at these keys."""
        if not keys or keys[0] not in COMMON:
            return ()
        return tuple(n for n in self.camera_names if self.own("cameras", n, *keys) is not None)

    def set(self, value: Any, *keys: str) -> None:
        """Put a value at a key path, wrong ones too; None removes the key.

        Raises
        ------
        ConfigError
            YAML cannot say it.
        """
        value = list(value) if isinstance(value, tuple) else value
        has = self._has(keys)
        if value is None:
            self._take(yamledit.remove(self._text, keys) if has else self._text)
        elif not has or not _is_same(self.own(*keys), value):
            self._take(yamledit.put(self._text, keys, value))

    def add_camera(self, name: str, source: Any = "synthetic") -> None:
        """Add a camera after the others.

        Raises
        ------
        ConfigError
            The name is taken, or cannot be one.
        """
        self._check_new(name)
        self._take(yamledit.put(self._text, ("cameras", name), {"source": source}))

    def remove_camera(self, name: str) -> None:
        """Take a camera out, with all that is said about it.

        Raises
        ------
        ConfigError
            It is the last one.
        """
        if len(self.camera_names) < 2:
            raise ConfigError(f"{name}: the last camera; a config has at least one")
        self._take(yamledit.remove(self._text, ("cameras", name)))

    def rename_camera(self, old: str, new: str) -> None:
        """Give a camera another name.

        Raises
        ------
        ConfigError
            The name is taken, or cannot be one.
        """
        if new != old:
            self._check_new(new)
            self.rename(new, "cameras", old)

    def rename(self, new: str, *keys: str) -> None:
        """Give the last of the keys another name, where it stands."""
        self._take(yamledit.rename(self._text, keys, new))

    def config(self) -> Config:
        """Return what `recorder record` would make of the text.

        Raises
        ------
        ConfigError
            With all that is wrong.
        """
        return parse_config(self._text, str(self.path or "config"))

    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong: the keys to blame, or the nearest above them, and why."""
        if self._problems is None:
            self._problems = find_problems(self._values)
        return self._problems

    def text(self) -> str:
        """Return the YAML."""
        return self._text

    def save(self, path: Path | str | None = None, force: bool = False) -> None:
        """Write the file, whole or not at all; its mode stays, a link stays a link.

        Parameters
        ----------
        path
            Where; None: where it came from.
        force
            Overwrite a file that has changed since it was opened, or that is another one.

        Raises
        ------
        ConfigError
            It is not valid, or there is no path yet.
        NotSaved
            The file there is not the one that was opened; nothing is written.
        WriterError, NoSpace
            The system refuses.
        """
        self.config()
        target = self.path if path is None else Path(path)
        if target is None:
            raise ConfigError("it has no file yet; save it under a name")
        data = self._text.encode()
        if not force:
            self._check_unchanged(target, data)
        _write(target, data)
        self.path, self._on_disk, self._saved = target, data, self._text

    def copy(self) -> Draft:
        """Return another draft that says the same and belongs to the same file."""
        other = Draft(self._text, self.path, self._on_disk)
        other._saved = self._saved
        return other

    def _take(self, text: str) -> None:
        self._values = yamledit.read(text)
        self._text = text
        self._problems = None

    def _has(self, keys: Keys) -> bool:
        try:
            yamledit.value_at(self._values, keys)
        except KeyError:
            return False
        return True

    def _check_new(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise ConfigError("a camera's name has letters, digits, - and _ (at most 64)")
        if name in self.camera_names:
            raise ConfigError(f"there is a camera {name} already")

    def _check_unchanged(self, target: Path, data: bytes) -> None:
        """Refuse to overwrite what was not read; what is the same already does no harm."""
        try:
            there = target.read_bytes()
        except OSError:
            return  # gone, or not readable: then writing says why
        is_own = self.path is not None and target.resolve() == self.path.resolve()
        if there == data or (is_own and there == self._on_disk):
            return
        why = "was changed by another program since it was opened" if is_own else "exists already"
        raise NotSaved(f"{target} {why}; save under another name, or overwrite it")


def _is_same(one: Any, other: Any) -> bool:
    return repr(one) == repr(other)  # with types: 1 is not true


def _write(target: Path, data: bytes) -> None:
    replacement = Replacement(target)
    try:
        replacement.fresh.write_bytes(data)
    except OSError as error:
        replacement.discard()
        raise as_recorder_error(error, target) from error
    replacement.commit()
