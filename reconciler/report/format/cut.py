"""Cuts a page to a length by leaving out whole items, removals last."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

LIMIT = 60_000  # GitHub refuses a comment of more than 65,536 characters


@dataclass(frozen=True, slots=True)
class Cut:
    """How many rows without a removal each section keeps, and how many names its removals keep; None keeps all."""

    rows: int | None = None
    names: int | None = None


def fit(page: Callable[[Cut], str], rows: int, names: int, limit: int) -> str:
    """Returns the longest page within the limit: all of it, or fewer rows, or removals by number and names only."""
    if len(whole := page(Cut())) <= limit:
        return whole
    kept = _largest(rows, lambda number: len(page(Cut(rows=number))), limit)
    if kept is not None:
        return page(Cut(rows=kept))
    named = _largest(names, lambda number: len(page(Cut(rows=0, names=number))), limit)
    return page(Cut(rows=0, names=named or 0))


def _largest(most: int, length: Callable[[int], int], limit: int) -> int | None:
    """Returns the largest number whose length is within the limit; None if the length of 0 is above it."""
    found = bisect_right(range(most + 1), limit, key=length) - 1
    return found if found >= 0 else None


def within(items: Sequence[str], budget: int) -> list[str]:
    """Returns the first items that fit into `budget` characters together."""
    kept: list[str] = []
    for item in items:
        budget -= len(item)
        if budget < 0:
            break
        kept.append(item)
    return kept
