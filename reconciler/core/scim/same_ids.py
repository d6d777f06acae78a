"""References in another letter case than the id that they name: members and managers get the id as it is listed.

Some services list the id `abc` and the member `ABC`. An exact id goes first. A reference that fits several ids, each in
another case, is a fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.core.model.resources import LiveGroup, LiveUser


def is_same_id(one: str, other: str) -> bool:
    """Decides whether two ids are equal, in whatever letter case; for an answer about one resource that was named."""
    return one == other or one.lower() == other.lower()


@dataclass(frozen=True, slots=True)
class Aligned:
    """Users and groups whose references are the listed ids, and the references that fit several ids."""

    users: Sequence[LiveUser]
    groups: Sequence[LiveGroup]
    faults: tuple[str, ...] = ()


def align_references(users: Sequence[LiveUser], groups: Sequence[LiveGroup]) -> Aligned:
    """Replaces references in another letter case by the listed id; a reference to an unknown id is left as it is."""
    user_ids = {user.id for user in users}
    every_id = user_ids | {group.id for group in groups}
    odd_groups = [group for group in groups if not group.members <= every_id]
    odd_users = [(user, manager) for user in users if (manager := _manager(user)) and manager not in user_ids]
    if not odd_groups and not odd_users:
        return Aligned(users, groups)
    members, managers = _Ids.of(every_id), _Ids.of(user_ids)
    new_groups = {group.id: _with_members(group, members) for group in odd_groups}
    new_users = {user.id: _with_manager(user, managers.listed(manager)) for user, manager in odd_users}
    faults = [
        *(f"Groups: a member of {one.id}, {fault}" for one in odd_groups for fault in members.clashes(one.members)),
        *(f"Users: the manager of {one.id}, {fault}" for one, boss in odd_users for fault in managers.clashes([boss])),
    ]
    return Aligned(
        [new_users.get(user.id, user) for user in users],
        [new_groups.get(group.id, group) for group in groups],
        tuple(sorted(faults)),
    )


@dataclass(frozen=True, slots=True)
class _Ids:
    """The listed ids, exactly and in lower case."""

    exact: frozenset[str]
    by_letters: Mapping[str, list[str]]

    @classmethod
    def of(cls, ids: Iterable[str]) -> _Ids:
        by_letters: dict[str, list[str]] = {}
        exact = frozenset(ids)
        for live_id in exact:
            by_letters.setdefault(live_id.lower(), []).append(live_id)
        return cls(exact, by_letters)

    def listed(self, reference: str) -> str:
        """Returns the listed id that a reference names; the reference itself if it names none, or several."""
        candidates = [] if reference in self.exact else self.by_letters.get(reference.lower(), [])
        return candidates[0] if len(candidates) == 1 else reference

    def clashes(self, references: Iterable[str]) -> Iterator[str]:
        """Yields a description of each reference that fits several ids, and none exactly."""
        for reference in references:
            candidates = self.by_letters.get(reference.lower(), [])
            if reference not in self.exact and len(candidates) > 1:
                yield f"{reference}, could be {' or '.join(sorted(candidates))}: these ids differ in case only"


def _manager(user: LiveUser) -> str | None:
    manager = user.attributes.get("manager")
    return manager if isinstance(manager, str) else None


def _with_members(group: LiveGroup, ids: _Ids) -> LiveGroup:
    return replace(group, members=frozenset(map(ids.listed, group.members)))


def _with_manager(user: LiveUser, manager: str) -> LiveUser:
    return replace(user, attributes={**user.attributes, "manager": manager})
