"""YAML text → the position of each value, so that an edit can change that value and nothing else.

Reads the same events as `yaml/reader`, but keeps positions and no values. The reader must have accepted the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from yaml import events
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # its own module's name for it

Kind: TypeAlias = Literal["scalar", "list", "mapping", "alias"]


@dataclass(slots=True)
class Node:
    """A value's position: from `start` (with its anchor and tag) to `end`, after its last character.

    A mapping has `keys` and, in the same order, `items`; `style` is a scalar's quote or block indicator.
    """

    kind: Kind
    start: int
    end: int
    anchor: str | None = None
    style: str = ""
    flow: bool = False
    keys: list[Node] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)
    name: str = ""

    def pair(self, name: str) -> tuple[Node, Node] | None:
        """Returns the key with that name and its value, or None if the mapping itself lacks the key."""
        pairs = zip(self.keys, self.items, strict=True)
        return next((pair for pair in pairs if pair[0].name == name), None)


@dataclass(frozen=True, slots=True)
class Tree:
    """The root (None if the file is empty), and the anchors to which an alias or a merge refers."""

    root: Node | None
    referred: frozenset[str]


def read_nodes(text: str) -> Tree:
    """Reads the positions of all values of a text that is valid YAML."""
    parser = CParser(text)
    stack: list[Node] = []
    keys: list[Node | None] = []
    referred: set[str] = set()
    root: Node | None = None
    while not isinstance(event := parser.get_event(), events.StreamEndEvent):
        node = _begin(event)
        if node is not None and node.kind in {"list", "mapping"}:
            stack.append(node)
            keys.append(None)
            continue
        if isinstance(event, events.CollectionEndEvent):
            node = stack.pop()
            keys.pop()
            node.end = _end_of_collection(node, event)
        if node is None:
            continue
        if node.kind == "alias":
            referred.add(node.name)
        if not stack:
            root = node
        elif stack[-1].kind == "mapping" and keys[-1] is None:
            keys[-1] = node
        else:
            if (key := keys[-1]) is not None:
                stack[-1].keys.append(key)
                keys[-1] = None
            stack[-1].items.append(node)
    return Tree(root, frozenset(referred))


def _begin(event: Any) -> Node | None:  # noqa: ANN401  # libyaml's events have no common type
    start, end = event.start_mark.index, event.end_mark.index
    match event:
        case events.ScalarEvent():
            return Node("scalar", start, end, event.anchor, event.style or "", name=event.value)
        case events.AliasEvent():
            return Node("alias", start, end, name=event.anchor or "")
        case events.SequenceStartEvent():
            return Node("list", start, end, event.anchor, flow=bool(event.flow_style))
        case events.MappingStartEvent():
            return Node("mapping", start, end, event.anchor, flow=bool(event.flow_style))
        case _:
            return None


def _end_of_collection(node: Node, event: Any) -> int:  # noqa: ANN401
    """Returns the end: after the bracket; in block style after the last value, since libyaml's mark is further on."""
    if node.flow:
        return int(event.end_mark.index)
    return max((one.end for one in (*node.items, *node.keys)), default=node.start)
