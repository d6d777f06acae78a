"""What links a declared resource to a live one: matching attributes by precedence, first hit wins, never a guess.

`externalId` compares exactly, userName, displayName and e-mail without case. A hit on a later attribute is an adoption.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key, LiveGroup, LiveUser
from reconciler.errors import Problem

Live = TypeVar("Live", LiveUser, LiveGroup)
EXACT = frozenset({"externalId"})


@dataclass(slots=True)
class Matches(Generic[Live]):
    """`live_of` what is linked; `adopted` by which attribute where not by the first; `unclear` are left alone.

    `contested` are the ids of live resources that something unclear could be: nothing is done about them either.
    Each of the `problems` is about some keys.
    """

    live_of: dict[Key, Live] = field(default_factory=dict)
    adopted: dict[Key, str] = field(default_factory=dict)
    unclear: set[Key] = field(default_factory=set)
    contested: set[str] = field(default_factory=set)
    problems: dict[Problem, tuple[Key, ...]] = field(default_factory=dict)

    def unmatched(self, live: Iterable[Live]) -> list[Live]:
        """The live resources that nothing declared is linked to, or could be."""
        taken = {one.id for one in self.live_of.values()} | self.contested
        return [one for one in live if one.id not in taken]


def match_resources(
    desired: Iterable[DesiredUser | DesiredGroup], live: Sequence[Live], attributes: Sequence[str]
) -> Matches[Live]:
    """Links each declared resource to at most one live one; two candidates, or two claims on one, are problems."""
    indexes = {attribute: _index(live, attribute) for attribute in attributes}
    matches: Matches[Live] = Matches()
    claims: dict[str, list[DesiredUser | DesiredGroup]] = {}
    for resource in desired:
        found = _candidates(resource, indexes)
        ids = {one.id for candidates in found.values() for one in candidates}
        if len(ids) > 1:
            matches.unclear.add(resource.key)
            matches.contested |= ids
            matches.problems[_ambiguous(resource, found)] = (resource.key,)
        elif ids:
            attribute, (one, *_) = next(iter(found.items()))
            matches.live_of[resource.key] = one
            claims.setdefault(one.id, []).append(resource)
            if attribute != attributes[0]:
                matches.adopted[resource.key] = attribute
    for live_id, resources in claims.items():
        guessed = live_id in matches.contested and resources[0].key in matches.adopted
        if len(resources) > 1 or guessed:
            _settle_claims(matches, sorted(resources, key=lambda resource: resource.key))
    return matches


def _index(live: Iterable[Live], attribute: str) -> dict[str, list[Live]]:
    index: dict[str, list[Live]] = {}
    for one in live:
        value = one.attributes.get(attribute)
        if isinstance(value, str) and value:
            index.setdefault(fold(attribute, value), []).append(one)
    return index


def fold(attribute: str, value: str) -> str:
    """A value in the form in which it is compared."""
    return value if attribute in EXACT else value.casefold()


def _candidates(
    resource: DesiredUser | DesiredGroup, indexes: Mapping[str, Mapping[str, list[Live]]]
) -> dict[str, list[Live]]:
    """The live candidates by matching attribute, in order of precedence, empty ones left out."""
    found: dict[str, list[Live]] = {}
    for attribute, index in indexes.items():
        value = resource.attributes.get(attribute)
        if isinstance(value, str) and (candidates := index.get(fold(attribute, value))):
            found[attribute] = candidates
    return found


def _ambiguous(resource: DesiredUser | DesiredGroup, found: Mapping[str, Sequence[LiveUser | LiveGroup]]) -> Problem:
    named = [
        f"{one.name} ({one.id}) by {attribute}"
        for attribute, candidates in found.items()
        for one in sorted(candidates, key=lambda live: live.id)
    ]
    count = len({one.id for candidates in found.values() for one in candidates})
    message = f"{resource.key} could be any of {count} in the account: {', '.join(named)}"
    return Problem("ambiguous", message, resource.source, "make one of them unlike it; nothing is done until then")


def _settle_claims(matches: Matches[Live], resources: list[DesiredUser | DesiredGroup]) -> None:
    """One live resource that two keys claim belongs to neither until a person says to which."""
    live = matches.live_of[resources[0].key]
    matches.contested.add(live.id)
    names = (
        " and ".join(str(resource.key) for resource in resources)
        if len(resources) > 1
        else (f"{resources[0].key} and somebody whose match is unclear")
    )
    for resource in resources:
        del matches.live_of[resource.key]
        matches.adopted.pop(resource.key, None)
        matches.unclear.add(resource.key)
    message = f"{names} would both be {live.name} ({live.id}) in the account"
    problem = Problem("claimed_twice", message, resources[0].source, "nothing is done until one gives way")
    matches.problems[problem] = tuple(resource.key for resource in resources)
