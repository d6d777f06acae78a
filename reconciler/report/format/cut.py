"""How a page is made to fit: whole pieces are left out, never part of one; what shrinks goes last. Knows no words."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

LIMIT = 60_000  # GitHub refuses a comment of more than 65,536 characters


@dataclass(frozen=True, slots=True)
class Cut:
    """The most rows of a section that take nothing away, and the most names of what does; None is all of them."""

    rows: int | None = None
    names: int | None = None


def fit(page: Callable[[Cut], str], rows: int, names: int, limit: int) -> str:
    """The longest page within the limit: whole; else with fewer rows; else with what shrinks by number and names."""
    if len(whole := page(Cut())) <= limit:
        return whole
    kept = _largest(rows, lambda number: len(page(Cut(rows=number))), limit)
    if kept is not None:
        return page(Cut(rows=kept))
    named = _largest(names, lambda number: len(page(Cut(rows=0, names=number))), limit)
    return page(Cut(rows=0, names=named or 0))


def _largest(most: int, length: Callable[[int], int], limit: int) -> int | None:
    """The largest number whose length was seen to be within the limit; None where not even that of 0 is."""
    found = bisect_right(range(most + 1), limit, key=length) - 1
    return found if found >= 0 else None


def within(items: Sequence[str], budget: int) -> list[str]:
    """As many of the items, from the first, as fit into so many characters."""
    kept: list[str] = []
    for item in items:
        budget -= len(item)
        if budget < 0:
            break
        kept.append(item)
    return kept
