"""What some commits or records follow, at whatever distance. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def find_ancestors(starts: Iterable[str], parents_of: Callable[[str], Iterable[str]]) -> set[str]:
    """Returns the ids to start from, and the ids of all that they follow."""
    found = set(starts)
    waiting = list(found)
    while waiting:
        new = [one for one in parents_of(waiting.pop()) if one not in found]
        found.update(new)
        waiting += new
    return found
