"""Change single values in a YAML text and leave every other character where it is.

A YAML library that writes the file anew puts comments elsewhere, and its types are not those of
a config, where ``007`` and ``on`` are texts. So the parser only tells where things stand, and the
text is cut there. What comes out is read back before anybody sees it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import yaml

from recorder.config.yamltree import TreeError, read_tree
from recorder.errors import ConfigError
from ui.model.yamlalias import without_aliases
from ui.model.yamlwrite import block, cut, flow, word

Keys = Sequence[str]
Node = Any
"""PyYAML's, of which its types say too little."""


def read(text: str) -> dict[str, Any]:
    """Return what a config's text says, as plain values; cameras may be called 1 or on.

    Raises
    ------
    ConfigError
        It is not YAML with keys at the top.
    """
    value = copy.deepcopy(_read(text))
    if not isinstance(value, dict):
        raise ConfigError("a config has keys at the top")
    return value


@lru_cache(maxsize=4)  # an edit reads what it begins with, and what it ends with, several times
def _read(text: str) -> Any:
    try:
        return read_tree(text).value
    except TreeError as error:
        raise ConfigError(str(error)) from None


def put(text: str, keys: Keys, value: Any) -> str:
    """Return the text with a value at a key path; mappings on the way are made.

    Parameters
    ----------
    text
        A config that `read` accepts.
    keys
        The way to the value.
    value
        Plain: a text, number, true, false, or lists and mappings of them; never None.

    Raises
    ------
    ConfigError
        YAML cannot say it.
    """
    wanted = read(text)
    parent = wanted
    for key in keys[:-1]:
        if not isinstance(parent.get(key), dict):
            parent[key] = {}
        parent = parent[key]
    parent[keys[-1]] = copy.deepcopy(value)
    return _gentlest(wanted, text, keys, lambda plain: _put(plain, keys, value))


def remove(text: str, keys: Keys) -> str:
    """Return the text without a key, its value, and the comments beside and inside them."""
    wanted = read(text)
    del value_at(wanted, keys[:-1])[keys[-1]]
    return _gentlest(wanted, text, keys, lambda plain: _remove(plain, keys))


def rename(text: str, keys: Keys, name: str) -> str:
    """Return the text with another name for a key, in the same place."""
    wanted = read(text)
    parent = value_at(wanted, keys[:-1])
    items = [(name if key == keys[-1] else key, value) for key, value in parent.items()]
    parent.clear()
    parent.update(items)

    def edit(plain: str) -> str:
        key = _way(plain, keys)[-1][0]
        return cut(plain, key.start_mark.index, _end(key), word(name))

    return _gentlest(wanted, text, keys, edit)


def value_at(values: Any, keys: Keys) -> Any:
    """Return what stands at a key path in nested mappings.

    Raises
    ------
    KeyError
        Nothing does.
    """
    for key in keys:
        if not isinstance(values, dict):
            raise KeyError(key)
        values = values[key]
    return values


def _gentlest(wanted: dict[str, Any], text: str, keys: Keys, edit: Callable[[str], str]) -> str:
    """Return the smallest change that reads back as wanted; the last one writes all anew."""
    for attempt in _attempts(wanted, text, keys, edit):
        try:
            result = attempt()
            if _plain(read(result), keys) == _plain(wanted, keys):
                return result
        except (ConfigError, yaml.YAMLError, ValueError, LookupError):
            continue
    raise ConfigError(f"{'.'.join(keys)}: this value cannot be written into a config")


def _attempts(
    wanted: dict[str, Any], text: str, keys: Keys, edit: Callable[[str], str]
) -> Iterator[Callable[[], str]]:
    yield lambda: edit(without_aliases(text))
    for depth in range(len(keys) - 1, 0, -1):
        path = keys[:depth]
        yield lambda path=path: _put(without_aliases(text), path, value_at(wanted, path))  # type: ignore[misc]
    yield lambda: block(wanted)


def _plain(values: dict[str, Any], keys: Keys) -> str:
    """Return values for a comparison with types and order, as 1 is not true.

    A section on the way to the key that lost its last key may read as nothing, or be gone.
    """
    values = copy.deepcopy(values)
    for depth in range(len(keys) - 1, 0, -1):
        try:
            parent = value_at(values, keys[: depth - 1])
            if parent[keys[depth - 1]] in (None, {}):
                del parent[keys[depth - 1]]
        except (KeyError, TypeError):
            continue
    return json.dumps(values)


def _put(text: str, keys: Keys, value: Any) -> str:
    """Put the value over the old one, or a new key at the end of the innermost section."""
    node = _root(text)
    for depth, key in enumerate(keys):
        rest = keys[depth + 1 :]
        pair = _pair(node, key)
        if pair is None:
            return _insert(text, node, key, _nested(rest, value), not depth)
        node = pair[1]
        if not rest or not isinstance(node, yaml.MappingNode):
            return _replace(text, *pair, _nested(rest, value))
    raise LookupError("no keys")


def _nested(keys: Keys, value: Any) -> Any:
    for key in reversed(keys):
        value = {key: value}
    return value


def _replace(text: str, key: Node, node: Node, value: Any) -> str:
    """Write a value where another one stands, on its key's line."""
    start, end = node.start_mark.index, _end(node)
    if not getattr(node, "flow_style", True):  # on lines of its own, below the key's comment
        text = cut(text, _line_start(text, start), _next_line(text, end))
        start = end = text.index(":", _end(key)) + 1
    return cut(text, start, end, f" {flow(value)}" if start == end else flow(value))


def _insert(text: str, node: Node, key: str, value: Any, at_top: bool) -> str:
    """Write a new key after the last one of a mapping, and in front of what is no more in it."""
    if node.flow_style:
        item = f"{word(key)}: {flow(value)}"
        if not node.value:
            return cut(text, node.start_mark.index, node.end_mark.index, f"{{{item}}}")
        last = node.value[-1][1]
        missing = " null" if last.start_mark.index == _end(last) else ""
        return cut(text, _end(last), _end(last), f"{missing}, {item}")
    lines = block({key: value}, node.value[0][0].start_mark.column)
    place = _next_line(text, _end(node))
    if place and text[place - 1] != "\n":
        lines = f"\n{lines}"
    if at_top and "\n\n" in text.replace("\r", ""):
        lines = f"\n{lines}"
    return cut(text, place, place, lines.replace("\n", "\r\n") if "\r\n" in text else lines)


def _remove(text: str, keys: Keys) -> str:
    """Cut a key out; a section that has no other goes too, unless a comment stands beside it."""
    way = _way(text, keys)
    key, node = way[-1]
    parent = way[-2][1] if len(way) > 1 else _root(text)
    if parent.flow_style:
        return cut(text, *_flow_item(parent, key))
    if len(parent.value) == 1 and len(way) > 1 and keys[-2:-1] != keys[1:2]:
        above = way[-2][0]
        rest = text[_end(above) : _next_line(text, _end(above))]
        if rest.strip() == ":":
            return _remove(text, keys[:-1])
    return cut(text, _line_start(text, key.start_mark.index), _next_line(text, _end(node)))


def _flow_item(parent: Node, key: Node) -> tuple[int, int]:
    """Return where an item in braces stands, with one of the commas beside it."""
    index = [item[0] for item in parent.value].index(key)
    end = _end(parent.value[index][1])
    if index:
        return _end(parent.value[index - 1][1]), end
    more = parent.value[1:]
    return key.start_mark.index, more[0][0].start_mark.index if more else end


def _root(text: str) -> Node:
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _pair(node: Node, name: str) -> tuple[Node, Node] | None:
    """Return the key and value nodes of a key, or None."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((pair for pair in pairs if pair[0].value == name), None)


def _way(text: str, keys: Keys) -> list[tuple[Node, Node]]:
    """Return the key and value nodes from the top down to a key that is there."""
    node, way = _root(text), []
    for key in keys:
        pair = _pair(node, key)
        if pair is None:
            raise LookupError(key)
        way.append(pair)
        node = pair[1]
    return way


def _end(node: Node) -> int:
    """Return where a node ends; PyYAML counts what follows a block as a part of it."""
    if isinstance(node, yaml.CollectionNode):
        if node.flow_style:
            return int(node.end_mark.index)
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    start, end = node.start_mark.index, int(node.end_mark.index)
    if node.style in ("|", ">"):
        return int(start + len(node.start_mark.buffer[start:end].rstrip()))
    return end


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _next_line(text: str, index: int) -> int:
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1
