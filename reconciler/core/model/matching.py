"""Compares resources by matching attributes, in their order of precedence, as the service compares them.

`externalId` compares exactly; names and e-mail addresses compare in lower case. `match_resources` links the
declarations of one state without its history; `core/comparison/link.py` links those of HEAD.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from reconciler.core.model.name_forms import lower_name
from reconciler.core.model.resources import Attributes, DesiredGroup, DesiredUser, Key, LiveGroup, LiveUser
from reconciler.errors import Problem

Live = TypeVar("Live", LiveUser, LiveGroup)
MARK: Final = "externalId"
EMAILS: Final = "emails"
EXACT = frozenset({MARK})


@dataclass(slots=True)
class Matches(Generic[Live]):
    """The links between declared and live resources, and what hinders a link.

    `live_of` has the linked live resource of each key; `adopted` the matching attribute of a link that neither the
    externalId nor an earlier value of the declaration made. `unclear` are keys without a link that are not created
    either, and `contested` the ids of live resources that may be theirs; neither is changed. `problems` has the keys
    that each problem is about, and `doubts` the code of the problem for each key with one of the doubts.
    """

    live_of: dict[Key, Live] = field(default_factory=dict)
    adopted: dict[Key, str] = field(default_factory=dict)
    unclear: set[Key] = field(default_factory=set)
    contested: set[str] = field(default_factory=set)
    problems: dict[Problem, tuple[Key, ...]] = field(default_factory=dict)
    doubts: dict[Key, str] = field(default_factory=dict)

    def unmatched(self, live: Iterable[Live]) -> list[Live]:
        """Returns the live resources that are neither linked to a declaration nor contested."""
        taken = {resource.id for resource in self.live_of.values()} | self.contested
        return [resource for resource in live if resource.id not in taken]

    def reasons(self, key: Key) -> Iterator[Problem]:
        """Yields the problems about a key."""
        return (problem for problem, keys in self.problems.items() if key in keys)


def match_resources(
    desired: Iterable[DesiredUser | DesiredGroup], live: Sequence[Live], attributes: Sequence[str]
) -> Matches[Live]:
    """Links each declared resource to at most one live resource, or to none if another attribute contradicts.

    Two candidates for one declaration, by whatever attribute, are ambiguous; so are two declarations for one live
    resource.
    """
    indexes = {attribute: index_values(live, attribute) for attribute in attributes}
    matches: Matches[Live] = Matches()
    claims: dict[str, list[Key]] = {}
    for resource in desired:
        found = _candidates(resource, indexes)
        ids = {candidate.id for candidates in found.values() for candidate in candidates}
        if len(ids) > 1:
            matches.unclear.add(resource.key)
            matches.contested |= ids
        elif ids:
            attribute, (candidate, *_) = next(iter(found.items()))
            matches.live_of[resource.key] = candidate
            claims.setdefault(candidate.id, []).append(resource.key)
            if attribute != attributes[0]:
                matches.adopted[resource.key] = attribute
    for live_id, keys in claims.items():
        guessed = live_id in matches.contested and keys[0] in matches.adopted
        if len(keys) > 1 or guessed:
            _drop_claims(matches, live_id, keys)
    return matches


def index_values(live: Iterable[Live], attribute: str) -> dict[str, list[Live]]:
    """Returns the live resources by the compared form of a matching attribute's value."""
    index: dict[str, list[Live]] = {}
    for resource in live:
        value = matching_value(attribute, resource.attributes)
        if value:
            index.setdefault(value, []).append(resource)
    return index


def matching_value(attribute: str, attributes: Attributes) -> str:
    """Returns the value of a matching attribute in its compared form; empty if there is none."""
    value = attributes.get(attribute)
    if isinstance(value, str):
        return fold(attribute, value)
    if attribute == EMAILS and isinstance(value, list):
        return lower_name(primary_address(value))
    return ""


def written_value(attribute: str, attributes: Attributes) -> str:
    """Returns the value of a matching attribute as it is written; empty if there is none."""
    value = attributes.get(attribute)
    if attribute == EMAILS and isinstance(value, list):
        return primary_address(value)
    return value if isinstance(value, str) else ""


def primary_address(emails: Sequence[object]) -> str:
    """Returns the primary e-mail address: the one marked so, or the only one; empty if there is none."""
    rows = [row for row in emails if isinstance(row, dict)]
    marked = [row for row in rows if row.get("primary") is True] or (rows if len(rows) == 1 else [])
    value = marked[0].get("value") if len(marked) == 1 else None
    return value if isinstance(value, str) else ""


def fold(attribute: str, value: str) -> str:
    """Returns a matching attribute's value in the form in which it is compared."""
    return value if attribute in EXACT else lower_name(value)


def _candidates(
    resource: DesiredUser | DesiredGroup, indexes: Mapping[str, Mapping[str, list[Live]]]
) -> dict[str, list[Live]]:
    """Returns the live candidates by matching attribute, in order of precedence, without attributes that match none."""
    found: dict[str, list[Live]] = {}
    for attribute, index in indexes.items():
        value = matching_value(attribute, resource.attributes)
        if value and (candidates := index.get(value)):
            found[attribute] = candidates
    return found


def _drop_claims(matches: Matches[Live], live_id: str, keys: list[Key]) -> None:
    """Unlinks a live resource that several declarations match."""
    matches.contested.add(live_id)
    for key in keys:
        del matches.live_of[key]
        matches.adopted.pop(key, None)
        matches.unclear.add(key)
