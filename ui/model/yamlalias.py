"""Aliases in YAML (``*this``): written out before an edit, which would else change every place."""

from __future__ import annotations

from typing import Any

import yaml

from recorder.config.scalars import scalar
from ui.model.yamlwrite import cut, flow


def without_aliases(text: str) -> str:
    """Return a text with written out what ``*names`` stand for.

    So an edit changes one place only. Comments stay; the names of the anchors go.
    """
    if "*" not in text:
        return text
    loader = _AliasLoader(text)
    loader.get_single_node()
    if not loader.aliases:
        return text
    changes = [(start, end, flow(_value(node))) for start, end, node in loader.aliases]
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if isinstance(token, yaml.AnchorToken):
            changes.append((token.start_mark.index - 1, token.end_mark.index, ""))
    for start, end, new in sorted(changes, reverse=True):
        text = cut(text, start, end, new)
    return text


def _value(node: Any) -> Any:
    """Return the plain value of a node, as a config reads it."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: _value(item) for key, item in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    return scalar(node.value) if node.style is None else node.value


class _AliasLoader(yaml.SafeLoader):
    """Remembers where aliases stand, and for what."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.aliases: list[tuple[int, int, Any]] = []

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Compose one node."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        node = super().compose_node(parent, index)
        if isinstance(event, yaml.AliasEvent):
            start, end = event.start_mark, event.end_mark
            self.aliases.append((start.index, end.index, node))  # type: ignore[union-attr]
        return node
