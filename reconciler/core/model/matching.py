"""Links declared users and groups to live ones by matching attributes, in their order of precedence.

`externalId` compares exactly; userName, displayName and e-mail compare without case. A match by a later attribute than
the first is an adoption. An ambiguous match is a problem, and its candidates are not changed.
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
    """The links between declared and live resources, and the matches that are ambiguous.

    `live_of` has the linked live resource of each key; `adopted` the matching attribute, if it is not the first.
    `unclear` are keys whose match is ambiguous, and `contested` the ids of their candidates; neither is changed.
    `problems` has the keys that each problem is about.
    """

    live_of: dict[Key, Live] = field(default_factory=dict)
    adopted: dict[Key, str] = field(default_factory=dict)
    unclear: set[Key] = field(default_factory=set)
    contested: set[str] = field(default_factory=set)
    problems: dict[Problem, tuple[Key, ...]] = field(default_factory=dict)

    def unmatched(self, live: Iterable[Live]) -> list[Live]:
        """Returns the live resources that are neither linked to a declaration nor a candidate of an ambiguous match."""
        taken = {resource.id for resource in self.live_of.values()} | self.contested
        return [resource for resource in live if resource.id not in taken]


def match_resources(
    desired: Iterable[DesiredUser | DesiredGroup], live: Sequence[Live], attributes: Sequence[str]
) -> Matches[Live]:
    """Links each declared resource to at most one live resource.

    Two candidates for one declaration, or two declarations for one live resource, are problems in the result.
    """
    indexes = {attribute: _index(live, attribute) for attribute in attributes}
    matches: Matches[Live] = Matches()
    claims: dict[str, list[DesiredUser | DesiredGroup]] = {}
    for resource in desired:
        found = _candidates(resource, indexes)
        ids = {candidate.id for candidates in found.values() for candidate in candidates}
        if len(ids) > 1:
            matches.unclear.add(resource.key)
            matches.contested |= ids
            matches.problems[_ambiguous(resource, found)] = (resource.key,)
        elif ids:
            attribute, (candidate, *_) = next(iter(found.items()))
            matches.live_of[resource.key] = candidate
            claims.setdefault(candidate.id, []).append(resource)
            if attribute != attributes[0]:
                matches.adopted[resource.key] = attribute
    for live_id, resources in claims.items():
        guessed = live_id in matches.contested and resources[0].key in matches.adopted
        if len(resources) > 1 or guessed:
            _drop_claims(matches, sorted(resources, key=lambda resource: resource.key))
    return matches


def _index(live: Iterable[Live], attribute: str) -> dict[str, list[Live]]:
    index: dict[str, list[Live]] = {}
    for resource in live:
        value = resource.attributes.get(attribute)
        if isinstance(value, str) and value:
            index.setdefault(fold(attribute, value), []).append(resource)
    return index


def fold(attribute: str, value: str) -> str:
    """Returns a matching attribute's value in the form in which it is compared."""
    return value if attribute in EXACT else value.casefold()


def _candidates(
    resource: DesiredUser | DesiredGroup, indexes: Mapping[str, Mapping[str, list[Live]]]
) -> dict[str, list[Live]]:
    """Returns the live candidates by matching attribute, in order of precedence, without attributes that match none."""
    found: dict[str, list[Live]] = {}
    for attribute, index in indexes.items():
        value = resource.attributes.get(attribute)
        if isinstance(value, str) and (candidates := index.get(fold(attribute, value))):
            found[attribute] = candidates
    return found


def _ambiguous(resource: DesiredUser | DesiredGroup, found: Mapping[str, Sequence[LiveUser | LiveGroup]]) -> Problem:
    named = [
        f"{candidate.name} ({candidate.id}) by {attribute}"
        for attribute, candidates in found.items()
        for candidate in sorted(candidates, key=lambda live: live.id)
    ]
    count = len({candidate.id for candidates in found.values() for candidate in candidates})
    message = f"{resource.key} matches {count} {resource.key.kind}s in the account: {', '.join(named)}"
    hint = "change the account or the declaration so that only one matches; until then, none of them is changed"
    return Problem("ambiguous", message, resource.source, hint)


def _drop_claims(matches: Matches[Live], resources: list[DesiredUser | DesiredGroup]) -> None:
    """Unlinks a live resource that several declarations match, because a person must decide between them."""
    live = matches.live_of[resources[0].key]
    matches.contested.add(live.id)
    first = resources[0]
    names = (
        " and ".join(str(resource.key) for resource in resources)
        if len(resources) > 1
        else f"{first.key} and another declared {first.key.kind}, whose match is ambiguous,"
    )
    for resource in resources:
        del matches.live_of[resource.key]
        matches.adopted.pop(resource.key, None)
        matches.unclear.add(resource.key)
    message = f"{names} match the same {first.key.kind} in the account: {live.name} ({live.id})"
    hint = f"change a declaration so that only one matches; until then, the {first.key.kind} is not changed"
    problem = Problem("claimed_twice", message, first.source, hint)
    matches.problems[problem] = tuple(resource.key for resource in resources)
