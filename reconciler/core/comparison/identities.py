"""Identities: a key of HEAD with what earlier states declare under it, or a key that only earlier states declare.

An identity that leaves is one of the second kind. Linking compares the account with all values of all identities, so
that a value in motion from one to another is never proof of whose a resource is.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.comparison.renaming import PreviousKeys, find_done, find_renamed, find_wrong
from reconciler.core.model.matching import MARK, matching_value, written_value
from reconciler.core.model.person_evidence import compare_people
from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key, Kind
from reconciler.core.model.states import DesiredState

Declared: TypeAlias = DesiredUser | DesiredGroup
NAME: Final[Mapping[Kind, str]] = {"user": "userName", "group": "displayName"}


@dataclass(frozen=True, slots=True)
class Identity:
    """A key with its declaration in HEAD (None: it leaves) and its earlier ones, the base's first.

    `earlier` are those of complete applies. `since` are those of applies since the last complete one, and of a base
    that no complete apply covers: their values may be in the account, but they are no evidence that the account had the
    identity, because an apply covers nothing that a doubt blocks.
    `formerly` are previous keys by `was:` that no known state declares: externalIds of the default mapping, which count
    if HEAD's finds nothing. `left_as` is the key of a declaration that left git and is taken for the same person,
    without a `was:`.
    """

    key: Key
    head: Declared | None
    earlier: tuple[Declared, ...] = ()
    since: tuple[Declared, ...] = ()
    formerly: tuple[str, ...] = ()
    left_as: Key | None = None

    @property
    def declared(self) -> Declared:
        """HEAD's declaration, or the base's."""
        return self.head or self.earlier[0]

    @property
    def was_there(self) -> bool:
        """Whether git declared the identity before."""
        return bool(self.earlier or self.formerly)

    @property
    def name(self) -> str:
        """The compared value of the attribute that is unique in the account; empty if git does not manage it."""
        return matching_value(NAME[self.key.kind], self.declared.attributes)

    def values(self, attribute: str) -> dict[str, bool]:
        """Returns the compared values of an attribute; true for one that an earlier state declares."""
        found = {value: True for declared in self.earlier if (value := matching_value(attribute, declared.attributes))}
        for declared in (*((self.head,) if self.head is not None else ()), *self.since):
            if value := matching_value(attribute, declared.attributes):
                found.setdefault(value, False)
        return found

    def terms(self, attributes: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yields the matching attributes with their values as written, HEAD's first."""
        declarations = (*((self.head,) if self.head is not None else ()), *self.earlier, *self.since)
        for attribute in attributes:
            written: dict[str, str] = {}
            for declared in declarations:
                if value := written_value(attribute, declared.attributes):
                    written.setdefault(matching_value(attribute, declared.attributes), value)
            yield from ((attribute, value) for value in written.values())
            if attribute == MARK:
                yield from ((attribute, value) for value in self.formerly)


@dataclass(frozen=True, slots=True)
class Identities:
    """The identities of users and of groups, and what their linking needs to know of git.

    `applied` is the state of the last complete apply. `wrong` are keys with a `was:` that can't be right, and `done`
    previous keys that the last apply had on the same line.
    """

    users: Mapping[Key, Identity]
    groups: Mapping[Key, Identity]
    applied: DesiredState | None = None
    wrong: frozenset[Key] = frozenset()
    done: tuple[tuple[Key, Key], ...] = ()

    def find(self, key: Key) -> Identity | None:
        """Returns the identity of a key, or None."""
        return self.users.get(key) if key.kind == "user" else self.groups.get(key)

    def __iter__(self) -> Iterator[Identity]:
        yield from self.users.values()
        yield from self.groups.values()


NO_IDENTITIES = Identities({}, {})


def make_identities(desired: DesiredState, earlier: Earlier) -> Identities:
    """Returns the identities of HEAD and of the earlier states."""
    renamed = find_renamed(desired, earlier.last_applied)
    known = {former for formers in renamed.values() for former in formers if earlier.declares(former)}
    earlier = earlier.follow(renamed)
    users = _PastOf([state.users for state in earlier.proven], [state.users for state in earlier.unproven])
    groups = _PastOf([state.groups for state in earlier.proven], [state.groups for state in earlier.unproven])
    return Identities(
        users=_join_leavers(_make(desired.users, users, renamed, known)),
        groups=_make(desired.groups, groups, renamed, known),
        applied=earlier.last_applied,
        wrong=frozenset(find_wrong(desired)),
        done=tuple(find_done(desired, earlier.last_applied)),
    )


@dataclass(frozen=True, slots=True)
class _PastOf:
    """What git declared of one kind: at complete applies (`before`), and in other earlier states (`since`)."""

    before: Sequence[Mapping[Key, Declared]]
    since: Sequence[Mapping[Key, Declared]]

    def identity(self, key: Key, head: Declared | None) -> Identity:
        """Returns the identity of a key. One that only an apply since declares leaves as that apply declares it."""
        before = tuple(state[key] for state in self.before if key in state)
        since = tuple(state[key] for state in self.since if key in state)
        return Identity(key, head, before, since) if before or head is not None else Identity(key, None, since)


def _make(
    head: Mapping[Key, Declared], past: _PastOf, renamed: PreviousKeys, known: Container[Key]
) -> dict[Key, Identity]:
    identities = {key: past.identity(key, declared) for key, declared in head.items()}
    for key, formers in renamed.items():
        if key in head and (unknown := [former.name for former in formers if former not in known]):
            identities[key] = replace(identities[key], formerly=tuple(unknown))
    for key in dict.fromkeys(key for state in (*past.before, *past.since) for key in state if key not in head):
        identities[key] = past.identity(key, None)
    return identities


def _join_leavers(identities: dict[Key, Identity]) -> dict[Key, Identity]:
    """Joins a new key to the user who left, if userName and evidence agree: the same person, as with `was:`."""
    new = [one for one in identities.values() if one.head is not None and not one.was_there and one.name]
    leavers: dict[str, list[Identity]] = {}
    for one in identities.values() if new else ():
        if one.head is None and one.name:
            leavers.setdefault(one.name, []).append(one)
    joined: dict[Key, list[Identity]] = {}
    for one in new:
        same = [leaver for leaver in leavers.get(one.name, ()) if _is_same_person(leaver, one)]
        if len(same) == 1:
            [leaver] = same
            joined.setdefault(leaver.key, []).append(replace(one, earlier=leaver.earlier, left_as=leaver.key))
    once = {left: ones[0] for left, ones in joined.items() if len(ones) == 1}
    kept = {key: identity for key, identity in identities.items() if key not in once}
    return kept | {one.key: one for one in once.values()}


def _is_same_person(leaver: Identity, new: Identity) -> bool:
    return compare_people(leaver.declared.attributes, new.declared.attributes) == "agrees"


def name_attribute(kind: Kind) -> str:
    """Returns the attribute that is unique in the account, and by which people know the resource."""
    return NAME[kind]
