"""Which commits declare a live user or group, and by which values: the *match*, one of the three witnesses.

Knows what git said at the commits of the evidence, and the account; decides nothing about access.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from reconciler.core.model.matching import Matches, fold, match_resources
from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key, LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState
from reconciler.core.ownership.evidence import Evidence, StateAt
from reconciler.core.record.record import ApplyRecord

Live = TypeVar("Live", LiveUser, LiveGroup)
MARK = "externalId"


@dataclass(frozen=True, slots=True)
class Sighting:
    """A declaration of some commit that a live resource matches by some attributes.

    `sure` says that the declaration matches no other live resource, and that no other declaration of the commit
    matches this one. `rivals` are the ids of the other resources that it matches.
    """

    state: StateAt
    resource: DesiredUser | DesiredGroup
    attributes: tuple[str, ...]
    sure: bool
    rivals: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """The key that the commit declares."""
        return self.resource.key

    @property
    def record(self) -> ApplyRecord | None:
        """The newest apply that covers the declaration, where it is in scope there."""
        return self.state.covering(self.key) if self.resource.in_scope else None

    @property
    def commit(self) -> str:
        """The commit, as it is spelled in sentences."""
        return self.state.commit[:12]


@dataclass(frozen=True, slots=True)
class SeenAccount(Generic[Live]):
    """Live resources of one kind, by the folded values of their matching attributes."""

    live: Sequence[Live]
    indexes: dict[str, dict[str, list[str]]]

    def found_by(self, attribute: str, resource: DesiredUser | DesiredGroup) -> list[str]:
        """The ids of the live resources that have the declared value of an attribute."""
        value = resource.attributes.get(attribute)
        if not isinstance(value, str) or not value:
            return []
        if attribute not in self.indexes:
            self.indexes[attribute] = _index(self.live, attribute)
        return self.indexes[attribute].get(fold(attribute, value), [])


def _index(live: Iterable[LiveUser | LiveGroup], attribute: str) -> dict[str, list[str]]:
    index: dict[str, list[str]] = {}
    for one in live:
        value = one.attributes.get(attribute)
        if isinstance(value, str) and value:
            index.setdefault(fold(attribute, value), []).append(one.id)
    return index


def find_sightings(
    evidence: Evidence, asked: Sequence[Live], everyone: Sequence[Live]
) -> Mapping[str, tuple[Sighting, ...]]:
    """Returns the sightings of the live resources asked about, by id, the newest commit first.

    A commit that does not lead here counts where an apply of it is on record. `everyone` is the whole account, in
    which a declaration may match another resource as well.
    """
    some, found = SeenAccount(asked, {}), dict[str, list[Sighting]]()
    for state in evidence:
        if asked and (state.place == "here" or state.records):
            _see(state, some, everyone, found)
    return {live_id: tuple(sightings) for live_id, sightings in found.items()}


def _see(state: StateAt, some: SeenAccount[Live], everyone: Sequence[Live], found: dict[str, list[Sighting]]) -> None:
    users = isinstance(some.live[0], LiveUser)
    attributes = state.desired.matching if users else state.desired.group_matching
    declared: Iterable[DesiredUser | DesiredGroup] = (
        state.desired.users.values() if users else state.desired.groups.values()
    )
    hits = {one.key: (one, by) for one in declared if (by := _found(some, one, attributes))}
    if not hits:
        return
    matches = match_resources([one for one, _by in hits.values()], everyone, attributes)
    for key, (resource, by) in hits.items():
        rivals = _rivals(resource, everyone, attributes) if key in matches.unclear else ()
        for live_id, which in by.items():
            linked = matches.live_of.get(key)
            sure = linked is not None and linked.id == live_id
            others = tuple(one for one in rivals if one != live_id)
            found.setdefault(live_id, []).append(Sighting(state, resource, which, sure, others))


def _found(
    some: SeenAccount[Live], resource: DesiredUser | DesiredGroup, attributes: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """The ids of those asked about that a declaration matches, and by which attributes."""
    pairs = [(live_id, attribute) for attribute in attributes for live_id in some.found_by(attribute, resource)]
    return {live_id: tuple(name for other, name in pairs if other == live_id) for live_id, _attribute in pairs}


def _rivals(
    resource: DesiredUser | DesiredGroup, everyone: Iterable[Live], attributes: Sequence[str]
) -> tuple[str, ...]:
    return tuple(sorted(live.id for live in everyone if _is_match(resource, live, attributes)))


def _is_match(resource: DesiredUser | DesiredGroup, live: LiveUser | LiveGroup, attributes: Iterable[str]) -> bool:
    values = ((attribute, resource.attributes.get(attribute)) for attribute in attributes)
    return any(isinstance(value, str) and _has(live, attribute, value) for attribute, value in values)


def _has(live: LiveUser | LiveGroup, attribute: str, value: str) -> bool:
    there = live.attributes.get(attribute)
    return bool(value) and isinstance(there, str) and fold(attribute, there) == fold(attribute, value)


def declares(state: DesiredState, resource: DesiredUser | DesiredGroup, live: LiveUser | LiveGroup) -> bool:
    """Whether a declaration of a state matches a live resource by any of its matching attributes."""
    return _is_match(resource, live, state.matching if resource.key.kind == "user" else state.group_matching)


def match_members(
    state: DesiredState, group: DesiredGroup, everyone: Sequence[LiveUser], links: Matches[LiveUser]
) -> frozenset[str]:
    """The live ids of the members that a state declares for a group: as it matches them, else as they are linked."""
    declared = [state.users[key] for key in group.members or () if key in state.users]
    then = match_resources(declared, everyone, state.matching)
    found = (then.live_of.get(key) or links.live_of.get(key) for key in group.members or ())
    return frozenset(one.id for one in found if one is not None)
