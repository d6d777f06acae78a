"""The groups of each user: an index of the groups' members, updated when a group is written."""

from __future__ import annotations

from collections.abc import Set as AbstractSet


class Belonging:
    """The ids of the groups of each user."""

    def __init__(self) -> None:
        self._groups: dict[str, set[str]] = {}

    def move(self, group: str, before: AbstractSet[str], after: AbstractSet[str]) -> None:
        """Updates the index after the members of a group changed."""
        for user in before - after:
            self._groups[user].discard(group)
        for user in after - before:
            self._groups.setdefault(user, set()).add(group)

    def of(self, user: str) -> list[str]:
        """Returns the groups of a user, sorted."""
        return sorted(self._groups.get(user, ()))
