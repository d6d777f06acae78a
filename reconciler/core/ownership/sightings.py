"""Finds the commits that declare a live user or group, and the attributes that match: one part of the evidence.

Knows the states of the evidence and the account; decides nothing about access.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

from reconciler.core.model.matching import Live, Matches, index_values, match_resources, matching_value
from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key, LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState
from reconciler.core.ownership.evidence import Evidence, StateAt
from reconciler.core.record.record import ApplyRecord


@dataclass(frozen=True, slots=True)
class Sighting:
    """A declaration in a commit, with the attributes by which a live resource matches it.

    `sure` means that the declaration matches no other live resource, and that no other declaration of the commit
    matches this resource. `rivals` are the ids of the other resources that the declaration matches.
    """

    state: StateAt
    resource: DesiredUser | DesiredGroup
    attributes: tuple[str, ...]
    sure: bool
    rivals: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """The declared key."""
        return self.resource.key

    @property
    def record(self) -> ApplyRecord | None:
        """The newest apply that covers the declaration; None if the commit has it out of scope."""
        return self.state.covering(self.key) if self.resource.in_scope else None

    @property
    def commit(self) -> str:
        """The commit id as messages show it: twelve digits."""
        return self.state.commit[:12]


@dataclass(frozen=True, slots=True)
class SeenAccount(Generic[Live]):
    """Live resources of one kind, indexed by the folded values of their matching attributes."""

    live: Sequence[Live]
    indexes: dict[str, dict[str, list[str]]]

    def found_by(self, attribute: str, resource: DesiredUser | DesiredGroup) -> list[str]:
        """Returns the ids of the live resources with the declared value of an attribute."""
        value = matching_value(attribute, resource.attributes)
        if attribute not in self.indexes:
            index = index_values(self.live, attribute)
            self.indexes[attribute] = {value: [one.id for one in found] for value, found in index.items()}
        return self.indexes[attribute].get(value, []) if value else []


def find_sightings(
    evidence: Evidence, candidates: Sequence[Live], account: Sequence[Live]
) -> Mapping[str, tuple[Sighting, ...]]:
    """Returns the sightings of the candidates by id, the newest commit first.

    A commit outside HEAD's history counts only if an apply of it is on record. `account` has all live resources of the
    kind, because a declaration may match several of them.
    """
    index, found = SeenAccount(candidates, {}), dict[str, list[Sighting]]()
    for state in evidence:
        if candidates and (state.place == "here" or state.records):
            _add_sightings(state, index, account, found)
    return {live_id: tuple(sightings) for live_id, sightings in found.items()}


def _add_sightings(
    state: StateAt, index: SeenAccount[Live], account: Sequence[Live], found: dict[str, list[Sighting]]
) -> None:
    users = isinstance(index.live[0], LiveUser)
    attributes = state.desired.matching if users else state.desired.group_matching
    declared: Iterable[DesiredUser | DesiredGroup] = (
        state.desired.users.values() if users else state.desired.groups.values()
    )
    hits = {
        resource.key: (resource, matched)
        for resource in declared
        if (matched := _find_matched(index, resource, attributes))
    }
    if not hits:
        return
    matches = match_resources([resource for resource, _matched in hits.values()], account, attributes)
    for key, (resource, matched) in hits.items():
        rivals = _find_rivals(resource, account, attributes) if key in matches.unclear else ()
        for live_id, by in matched.items():
            linked = matches.live_of.get(key)
            sure = linked is not None and linked.id == live_id
            others = tuple(rival for rival in rivals if rival != live_id)
            found.setdefault(live_id, []).append(Sighting(state, resource, by, sure, others))


def _find_matched(
    index: SeenAccount[Live], resource: DesiredUser | DesiredGroup, attributes: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """Returns the ids of the candidates that a declaration matches, each with the attributes that match."""
    pairs = [(live_id, attribute) for attribute in attributes for live_id in index.found_by(attribute, resource)]
    return {live_id: tuple(name for other, name in pairs if other == live_id) for live_id, _attribute in pairs}


def _find_rivals(
    resource: DesiredUser | DesiredGroup, account: Iterable[Live], attributes: Sequence[str]
) -> tuple[str, ...]:
    return tuple(sorted(live.id for live in account if _is_match(resource, live, attributes)))


def _is_match(resource: DesiredUser | DesiredGroup, live: LiveUser | LiveGroup, attributes: Iterable[str]) -> bool:
    values = ((attribute, matching_value(attribute, resource.attributes)) for attribute in attributes)
    return any(value and value == matching_value(attribute, live.attributes) for attribute, value in values)


def declares(state: DesiredState, resource: DesiredUser | DesiredGroup, live: LiveUser | LiveGroup) -> bool:
    """Returns whether a declaration of a state matches a live resource by any of the state's matching attributes."""
    return _is_match(resource, live, state.matching if resource.key.kind == "user" else state.group_matching)


def match_members(
    state: DesiredState, group: DesiredGroup, users: Sequence[LiveUser], links: Matches[LiveUser]
) -> frozenset[str]:
    """Returns the live ids of the members that a state declares for a group.

    The state's own declaration of a member decides the match; without a clear match, HEAD's link does.
    """
    declared = [state.users[key] for key in group.members or () if key in state.users]
    matches = match_resources(declared, users, state.matching)
    members = (matches.live_of.get(key) or links.live_of.get(key) for key in group.members or ())
    return frozenset(member.id for member in members if member is not None)
