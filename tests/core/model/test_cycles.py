"""Cycles: each once, whole and in order, however long the chains that lead into them."""

from __future__ import annotations

import pytest

from reconciler.core.model.cycles import find_cycles


@pytest.mark.parametrize(
    ("leads", "cycles"),
    [
        ({}, []),
        ({1: 2, 2: 3}, []),
        ({1: 1}, [[1]]),
        ({1: 2, 2: 3, 3: 2}, [[2, 3]]),
        ({1: 2, 2: 1, 3: 1, 4: 5, 5: 4}, [[1, 2], [4, 5]]),
    ],
)
def test_each_cycle_is_found_once(leads: dict[int, int], cycles: list[list[int]]) -> None:
    assert cycles == find_cycles(leads, leads.get)


def test_a_long_chain_is_walked_once() -> None:
    """Counted: a chain that many others join is not walked again."""
    walked: list[int] = []

    def follow(node: int) -> int | None:
        walked.append(node)
        return node - 1 if node else None

    assert [] == find_cycles(range(1_000), follow)
    assert list(range(1_000)) == walked
