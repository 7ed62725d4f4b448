"""Read YAML into plain values, and remember where every key stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from recorder.config.scalars import scalar

KeyPath = tuple[str, ...]
"""The keys from the top of the config to a value; list items count as "0", "1", …"""

_MOST_NODES = 10_000  # of a config, with its aliases filled in; ours have about 50
_DEEPEST = 20  # levels; ours have 4


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands: a line of the file, or a ``--set`` after it."""

    rank: int
    """Orders problems: the line, 1-based; higher for the command line."""
    text: str
    """As messages show it: ``demo.yaml:7`` or ``--set buffer.memory=1GiB``."""


class TreeError(Exception):
    """The text cannot be read at all.

    Parameters
    ----------
    text
        What is wrong.
    line
        Where, 1-based; 0 for the file as a whole.
    """

    def __init__(self, text: str, line: int = 0) -> None:
        super().__init__(text)
        self.line = line


@dataclass(slots=True)
class Tree:
    """Plain values, and for every key path the line of its key."""

    value: Any = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[tuple[KeyPath, int, str]] = field(default_factory=list)
    """What the values no longer show: duplicate keys and the like, with their lines."""


def read_tree(text: str) -> Tree:
    """Read one YAML document.

    Only plain data: no tags, one document, aliases counted as if they were written out, so that
    neither size nor nesting can use up memory.

    Raises
    ------
    TreeError
        When there is nothing sensible to return; its message is for users.
    """
    tree = Tree()
    tree.value = _Builder(tree).value(_compose(text), (), 0)
    return tree


def _compose(text: str) -> yaml.Node | None:
    """Let PyYAML parse, and translate what it says."""
    try:
        # Made inside the try: the loader checks the characters as it begins.
        return _Loader(text).get_single_node()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise TreeError(f"character {error.character!r}: not allowed in YAML", line) from None
    except yaml.MarkedYAMLError as error:
        raise _translated(text, error) from None
    # PyYAML passes on what int() and chr() say to absurd escapes and version numbers.
    except (ValueError, OverflowError, yaml.YAMLError) as error:
        raise TreeError(f"not YAML: {error}") from None


def _translated(text: str, error: yaml.MarkedYAMLError) -> TreeError:
    """Say what PyYAML means, with the line."""
    mark = error.problem_mark or error.context_mark
    line = 0 if mark is None else mark.line + 1
    problem = error.problem or "not understood"
    if _tab_at(text, mark):
        return TreeError("a tab; YAML wants spaces", line)
    if "another document" in problem:
        return TreeError("a second document begins here; a file is one config", line)
    context = f" {error.context}" if error.context else ""
    return TreeError(f"not YAML: {problem}{context}", line)


def _tab_at(text: str, mark: yaml.Mark | None) -> bool:
    """Whether a tab is at the mark or indents its line."""
    lines = text.splitlines()
    if mark is None or mark.line >= len(lines):
        return False
    row = lines[mark.line]
    return "\t" in row[: len(row) - len(row.lstrip())] or row[mark.column : mark.column + 1] == "\t"


class _Loader(yaml.SafeLoader):
    """Stops at tags, at deep nesting and at many nodes while it reads, not afterwards."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._count = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose one node after a look at what it would be."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1
        tag = getattr(event, "tag", None)
        if tag is not None:
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            raise TreeError(f"tag {shown}: a config is plain data, without tags", line)
        self._depth += 1
        self._count += 1
        _check_bounds(self._depth, self._count, line)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _check_bounds(depth: int, count: int, line: int) -> None:
    """Refuse what no config needs, before it uses up memory or the stack."""
    if depth > _DEEPEST:
        raise TreeError(f"nested more than {_DEEPEST} levels deep", line)
    if count > _MOST_NODES:
        raise TreeError(f"more than {_MOST_NODES} values, aliases filled in", line)


def _whole(text: str, line: int) -> str:
    """Join the halves of characters as JSON escapes them; one half alone cannot be written."""
    if not any("\ud800" <= letter <= "\udfff" for letter in text):
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise TreeError("half a character", line) from None


class _Builder:
    """Turns nodes into values, one call for each node, an alias counting every time."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._count = 0

    def value(self, node: yaml.Node | None, path: KeyPath, depth: int) -> Any:
        """Return the plain value of a node at a path."""
        if node is None:
            return None
        line = node.start_mark.line + 1
        self._count += 1
        _check_bounds(depth, self._count, line)  # an alias inside its own anchor is endless depth
        self._tree.lines.setdefault(path, line)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            items = enumerate(node.value)
            return [self.value(item, (*path, str(i)), depth + 1) for i, item in items]
        is_quoted = isinstance(node, yaml.ScalarNode) and node.style is not None
        text = _whole(node.value, line)
        return text if is_quoted else scalar(text)  # a quoted word is always a text

    def _mapping(self, node: yaml.MappingNode, path: KeyPath, depth: int) -> dict[str, Any]:
        """Keep keys as they are written, so that cameras may be called 1 or on."""
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value
            if not isinstance(key, str):
                self._tree.problems.append((path, line, "a key must be a single word"))
            elif key in result:
                first = self._tree.lines[(*path, key)]
                message = f"given twice; the first is in line {first}"
                self._tree.problems.append(((*path, key), line, message))
            else:
                key = _whole(key, line)
                self._tree.lines[(*path, key)] = line
                result[key] = self.value(value_node, (*path, key), depth + 1)
        return result
