"""The ancestors of commits or records. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def find_ancestors(starts: Iterable[str], parents_of: Callable[[str], Iterable[str]]) -> set[str]:
    """Returns the ids in `starts` and the ids of all their ancestors."""
    found = set(starts)
    waiting = list(found)
    while waiting:
        new = [parent for parent in parents_of(waiting.pop()) if parent not in found]
        found.update(new)
        waiting += new
    return found
