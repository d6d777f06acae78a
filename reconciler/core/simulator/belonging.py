"""Which groups a user is in: the groups' members the other way round, kept as groups are written."""

from __future__ import annotations

from collections.abc import Set as AbstractSet


class Belonging:
    """The groups of every user, by id. A user who was never a member is in none."""

    def __init__(self) -> None:
        self._groups: dict[str, set[str]] = {}

    def move(self, group: str, before: AbstractSet[str], after: AbstractSet[str]) -> None:
        """The members of a group were those, and are these."""
        for user in before - after:
            self._groups[user].discard(group)
        for user in after - before:
            self._groups.setdefault(user, set()).add(group)

    def of(self, user: str) -> list[str]:
        """The groups of a user, in order."""
        return sorted(self._groups.get(user, ()))
