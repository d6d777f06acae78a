"""The live users and groups that need evidence, and the words with which git may have declared each. Pure.

A linked resource in scope needs no evidence, and an inactive user needs none. Every other resource may be owned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.core.model.matching import matching_value
from reconciler.core.model.resources import Attributes, DesiredGroup, DesiredUser, Key, Kind, LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState, LiveState

NAMES = ("name.givenName", "name.familyName")
USER_WORDS = ("externalId", "userName", "employeeNumber")
GROUP_WORDS = ("externalId", "displayName")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A live user or group that needs evidence.

    A line of YAML that declares it contains at least one word of `words`. `names` are given and family names, which
    count as words if a mapping computes a matching attribute from them. `linked` is the key of the declaration that
    links to it, if HEAD has that declaration out of scope.
    """

    kind: Kind
    id: str
    name: str
    attributes: Attributes
    words: frozenset[str]
    names: frozenset[str] = frozenset()
    linked: Key | None = None

    def known_as(self, keys: Iterable[Key]) -> Candidate:
        """Returns the candidate with the names of these keys added to its words."""
        return replace(self, words=self.words | {key.name for key in keys})


def find_candidates(
    desired: DesiredState,
    users: Mapping[Key, LiveUser],
    groups: Mapping[Key, LiveGroup],
    live: LiveState,
    fresh: Collection[Key] = (),
) -> tuple[Candidate, ...]:
    """Returns active users and groups that HEAD does not link, or links and has out of scope.

    `users` and `groups` are linked to HEAD's declarations, by key. `fresh` are keys that git did not have before: a
    user linked to a fresh key may have left or been released earlier, and needs evidence too.
    """
    user_key = {user.id: key for key, user in users.items()}
    group_key = {group.id: key for key, group in groups.items()}
    return (
        *(
            _user_candidate(desired, user, user_key.get(user.id))
            for user in live.users
            if _needs_evidence(desired, user_key, user) or user_key.get(user.id) in fresh
        ),
        *(
            _group_candidate(desired, group, group_key.get(group.id))
            for group in live.groups
            if _needs_evidence(desired, group_key, group)
        ),
    )


def _needs_evidence(desired: DesiredState, key_of: Mapping[str, Key], live: LiveUser | LiveGroup) -> bool:
    if isinstance(live, LiveUser) and not live.active:
        return False
    key = key_of.get(live.id)
    resource = desired.resource(key) if key is not None else None
    return resource is None or not resource.in_scope


def _user_candidate(desired: DesiredState, user: LiveUser, linked: Key | None) -> Candidate:
    words = {*_texts(user.attributes, {*USER_WORDS, *desired.matching}), *_addresses(user.attributes)}
    words |= {word.partition("@")[0] for word in words if "@" in word}
    names = frozenset(_texts(user.attributes, NAMES))
    return Candidate("user", user.id, user.name, user.attributes, frozenset(words - {""}), names, linked)


def _group_candidate(desired: DesiredState, group: LiveGroup, linked: Key | None) -> Candidate:
    words = frozenset(_texts(group.attributes, {*GROUP_WORDS, *desired.group_matching}))
    return Candidate("group", group.id, group.name, group.attributes, words, linked=linked)


def _texts(attributes: Attributes, names: Iterable[str]) -> Iterator[str]:
    values = (attributes.get(name) for name in names)
    return (value for value in values if isinstance(value, str) and value.strip())


def _addresses(attributes: Attributes) -> Iterator[str]:
    emails = attributes.get("emails")
    for email in emails if isinstance(emails, list) else ():
        value = email.get("value") if isinstance(email, dict) else email
        if isinstance(value, str):
            yield value


class DeclaredMatches:
    """The declarations of a state, indexed by the values of their matching attributes."""

    def __init__(self, state: DesiredState) -> None:
        self._found: dict[tuple[Kind, str, str], list[DesiredUser | DesiredGroup]] = {}
        self._attributes: Mapping[Kind, tuple[str, ...]] = {"user": state.matching, "group": state.group_matching}
        for resource in state:
            kind = resource.key.kind
            for attribute, value in _values(resource.attributes, self._attributes[kind]):
                self._found.setdefault((kind, attribute, value), []).append(resource)

    def of(self, candidate: Candidate) -> tuple[DesiredUser | DesiredGroup, ...]:
        """Returns the declarations that a candidate matches by any matching attribute, in the attributes' order."""
        values = _values(candidate.attributes, self._attributes[candidate.kind])
        matches = (
            declared
            for attribute, value in values
            for declared in self._found.get((candidate.kind, attribute, value), ())
        )
        return tuple({declared.key: declared for declared in matches}.values())


def _values(attributes: Attributes, matching: Iterable[str]) -> Iterator[tuple[str, str]]:
    for attribute in matching:
        if value := matching_value(attribute, attributes):
            yield attribute, value
