"""From a YAML file and ``--set`` to a `Config`, or to all that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from recorder.config.models import Config
from recorder.config.overrides import apply_overrides
from recorder.config.problems import explain, message, nearest, show_path
from recorder.config.yamltree import KeyPath, Place, Tree, TreeError, read_tree
from recorder.errors import ConfigError

_MOST_PROBLEMS = 50  # more than fit on a screen help nobody
_LARGEST = 2**20  # bytes; PyYAML reads about 1 MB in a second


def load_config(path: Path | str, overrides: Sequence[str] = ()) -> Config:
    """Read a config file.

    Parameters
    ----------
    path
        A YAML file, UTF-8, at most 1 MiB.
    overrides
        ``KEY=VALUE`` as after ``--set``: a key with dots is a path in the config, one without
        is metadata, and is refused if it looks like a misspelt key; the value is YAML, or as it
        stands where the key is a text.

    Raises
    ------
    ConfigError
        With all problems, one in a line, each with file, line, key and nearest key.

    Examples
    --------
    >>> config = load_config("configs/demo.yaml", ["recording.duration=10min", "subject=M12"])
    >>> config.cameras["demo"].fps
    60.0
    >>> config.metadata["subject"]
    'M12'
    """
    path = Path(path)
    return parse_config(_read(path), str(path), overrides)


def parse_config(text: str, name: str = "config", overrides: Sequence[str] = ()) -> Config:
    """Read a config from its text.

    Parameters
    ----------
    text
        YAML.
    name
        What messages call the file.
    overrides
        As for `load_config`.

    Raises
    ------
    ConfigError
        As `load_config`.
    """
    try:
        tree = read_tree(text)
    except TreeError as error:
        where = f"{name}:{error.line}" if error.line else name
        raise ConfigError(message(where, str(error))) from None
    if not isinstance(tree.value, dict):
        raise ConfigError(message(name, _not_a_config(tree.value)))
    return _build(tree, name, overrides)


def make_config(values: Mapping[str, Any], name: str = "config") -> Config:
    """Check a config that was made in Python.

    Parameters
    ----------
    values
        As the YAML would give it: ``{"cameras": {"top": {"source": "synthetic"}}}``.
    name
        What messages call it.

    Raises
    ------
    ConfigError
        As `load_config`, without lines.
    """
    places = dict.fromkeys(_paths(values), Place(0, name))
    return _validated(dict(values), places, [])


def _paths(value: object, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Give the key path of everything in nested mappings."""
    yield path
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _paths(item, (*path, str(key)))


def _read(path: Path) -> str:
    """Return the text of the file, if it can be a config at all."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        raise ConfigError(message(str(path), f"no such file{_similar(path)}")) from None
    except IsADirectoryError:
        raise ConfigError(message(str(path), "a folder; a config is a YAML file")) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(message(str(path), f"cannot be read: {reason}")) from None
    if len(data) > _LARGEST:
        raise ConfigError(message(str(path), "larger than 1 MiB; this is no config"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(message(f"{path}:{line}", "not UTF-8; save it as UTF-8")) from None


def _similar(path: Path) -> str:
    """Name the config beside it that was probably meant."""
    try:
        names = sorted(p.name for p in path.parent.glob("*.y*ml"))
    except OSError:
        return ""
    return f"; {nearest(path.name, names)}" if names else ""


def _not_a_config(value: object) -> str:
    """Say what is missing from a file without keys."""
    what = "empty" if value is None else "no keys with values"
    return f"{what}; the least is cameras: {{top: {{source: synthetic}}}}"


def _build(tree: Tree, name: str, overrides: Sequence[str]) -> Config:
    """Validate the tree with the command line's values over it."""
    places = {path: Place(line, f"{name}:{line}") for path, line in tree.lines.items()}
    found = [
        (Place(line, f"{name}:{line}"), f"{show_path(path)}: {text}" if path else text)
        for path, line, text in tree.problems
    ]
    found += apply_overrides(tree.value, places, overrides)
    return _validated(tree.value, places, found)


def _validated(
    values: dict[str, Any], places: dict[KeyPath, Place], found: list[tuple[Place, str]]
) -> Config:
    """Return the config, or raise with everything that was found before and now."""
    config = None
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        found = found + explain(error, places)
    if config is None or found:
        found = sorted(found, key=lambda item: item[0])
        lines = [message(place.text, text) for place, text in found[:_MOST_PROBLEMS]]
        if len(found) > _MOST_PROBLEMS:
            lines.append(f"and {len(found) - _MOST_PROBLEMS} more")
        raise ConfigError("\n".join(lines))
    return config
