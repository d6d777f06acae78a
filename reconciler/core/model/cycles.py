"""Cycles among nodes of which each leads to at most one other: managers of managers, names that change hands."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def find_cycles(starts: Iterable[Node], follow: Callable[[Node], Node | None]) -> list[list[Node]]:
    """Returns each cycle once, in the order in which its nodes lead to each other; each node is visited once."""
    cycles: list[list[Node]] = []
    visited: set[Node] = set()
    for start in starts:
        chain: dict[Node, None] = {}
        node: Node | None = start
        while node is not None and node not in visited:
            visited.add(node)
            chain[node] = None
            node = follow(node)
        if node is not None and node in chain:
            nodes = list(chain)
            cycles.append(nodes[nodes.index(node) :])
    return cycles
