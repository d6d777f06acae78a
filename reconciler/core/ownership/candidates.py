"""The live users and groups that need evidence, and the words by which git may have known each of them. Pure.

A linked resource in scope needs none, nor does an inactive user. Every other one may have been ours.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.core.model.matching import fold
from reconciler.core.model.resources import Attributes, DesiredGroup, DesiredUser, Key, Kind, LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState, LiveState

NAMES = ("name.givenName", "name.familyName")
USER_WORDS = ("externalId", "userName", "employeeNumber")
GROUP_WORDS = ("externalId", "displayName")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A live user or group that needs evidence.

    `words` are what a line of YAML that declares it holds at least one of; `names` are given and family names, which
    stand for a user where a mapping makes a matching attribute of them. `linked` is the key of the declaration that
    links to it, where HEAD has that out of scope.
    """

    kind: Kind
    id: str
    name: str
    attributes: Attributes
    words: frozenset[str]
    names: frozenset[str] = frozenset()
    linked: Key | None = None

    def known_as(self, keys: Iterable[Key]) -> Candidate:
        """Returns the candidate with the names of some keys among its words."""
        return replace(self, words=self.words | {key.name for key in keys})


def find_candidates(
    desired: DesiredState,
    users: Mapping[Key, LiveUser],
    groups: Mapping[Key, LiveGroup],
    live: LiveState,
    fresh: Collection[Key] = (),
) -> tuple[Candidate, ...]:
    """Returns active users and groups that HEAD does not link, or links and has out of scope.

    `users` and `groups` are what HEAD's declarations link to. `fresh` are keys that git did not have before: a user
    linked to one may have left or been released, and be back, and so needs evidence too.
    """
    user_key = {one.id: key for key, one in users.items()}
    group_key = {one.id: key for key, one in groups.items()}
    return (
        *(
            _user(desired, one, user_key.get(one.id))
            for one in live.users
            if _is_open(desired, user_key, one) or user_key.get(one.id) in fresh
        ),
        *(_group(desired, one, group_key.get(one.id)) for one in live.groups if _is_open(desired, group_key, one)),
    )


def _is_open(desired: DesiredState, key_of: Mapping[str, Key], one: LiveUser | LiveGroup) -> bool:
    if isinstance(one, LiveUser) and not one.active:
        return False
    key = key_of.get(one.id)
    resource = desired.resource(key) if key is not None else None
    return resource is None or not resource.in_scope


def _user(desired: DesiredState, user: LiveUser, linked: Key | None) -> Candidate:
    words = {*_texts(user.attributes, {*USER_WORDS, *desired.matching}), *_addresses(user.attributes)}
    words |= {word.partition("@")[0] for word in words if "@" in word}
    names = frozenset(_texts(user.attributes, NAMES))
    return Candidate("user", user.id, user.name, user.attributes, frozenset(words - {""}), names, linked)


def _group(desired: DesiredState, group: LiveGroup, linked: Key | None) -> Candidate:
    words = frozenset(_texts(group.attributes, {*GROUP_WORDS, *desired.group_matching}))
    return Candidate("group", group.id, group.name, group.attributes, words, linked=linked)


def _texts(attributes: Attributes, names: Iterable[str]) -> Iterator[str]:
    values = (attributes.get(name) for name in names)
    return (value for value in values if isinstance(value, str) and value.strip())


def _addresses(attributes: Attributes) -> Iterator[str]:
    emails = attributes.get("emails")
    for one in emails if isinstance(emails, list) else ():
        value = one.get("value") if isinstance(one, dict) else one
        if isinstance(value, str):
            yield value


class DeclaredMatches:
    """What a state declares, found by the values of its matching attributes."""

    def __init__(self, state: DesiredState) -> None:
        self._found: dict[tuple[Kind, str, str], list[DesiredUser | DesiredGroup]] = {}
        self._attributes: Mapping[Kind, tuple[str, ...]] = {"user": state.matching, "group": state.group_matching}
        for resource in state:
            kind = resource.key.kind
            for attribute, value in _values(resource.attributes, self._attributes[kind]):
                self._found.setdefault((kind, attribute, value), []).append(resource)

    def of(self, candidate: Candidate) -> tuple[DesiredUser | DesiredGroup, ...]:
        """Returns the declarations that a candidate matches, by any matching attribute, the first attribute first."""
        values = _values(candidate.attributes, self._attributes[candidate.kind])
        found = (one for attribute, value in values for one in self._found.get((candidate.kind, attribute, value), ()))
        return tuple({one.key: one for one in found}.values())


def _values(attributes: Attributes, matching: Iterable[str]) -> Iterator[tuple[str, str]]:
    for attribute in matching:
        value = attributes.get(attribute)
        if isinstance(value, str) and value:
            yield attribute, fold(attribute, value)
