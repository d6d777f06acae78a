"""The answers of the account so far, and the lookups of one round. Knows no git beside keys; decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from reconciler.core.model.resources import Key, LiveGroup, LiveUser
from reconciler.core.model.states import Certificate, LiveState
from reconciler.core.scim.same_ids import align_references

FEWEST_OF_SAMPLE = 2


@dataclass(frozen=True, slots=True)
class FoundUser:
    """A user in an answer, with the groups that the user's resource lists; None if it lists none."""

    user: LiveUser
    groups: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """A group in an answer; lists of groups may omit the members."""

    group: LiveGroup
    has_members: bool


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """The account as answered so far. `keys` and ids were looked up; those without a resource do not exist.

    `groups_of` are the groups that the user's resource lists, for services that list them. `with_members` are the
    groups that were read with their members.
    """

    users: Mapping[str, LiveUser] = field(default_factory=dict)
    groups: Mapping[str, LiveGroup] = field(default_factory=dict)
    groups_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    lists_groups: bool = False
    with_members: frozenset[str] = frozenset()
    keys: frozenset[Key] = frozenset()
    user_ids: frozenset[str] = frozenset()
    group_ids: frozenset[str] = frozenset()

    def live_state(self, certificate: Certificate) -> LiveState:
        """Returns the live state. A group that was read without members has the users whose resource lists it."""
        aligned = align_references([*self.users.values()], [*map(self._group, self.groups.values())])
        certificate = replace(certificate, faults=(*certificate.faults, *aligned.faults))
        return LiveState(tuple(aligned.users), tuple(aligned.groups), certificate)

    def learn(self, questions: LookupRound, users: Iterable[FoundUser], groups: Iterable[FoundGroup]) -> KnownAccount:
        """Returns the account with the answers to a round; a group keeps the members that were read."""
        users, groups = list(users), list(groups)
        groups_of = {found.user.id: found.groups for found in users if found.groups is not None}
        read = frozenset(found.group.id for found in groups if found.has_members)
        new = {
            found.group.id: found.group
            for found in groups
            if found.has_members or found.group.id not in self.with_members
        }
        return KnownAccount(
            users={**self.users, **{found.user.id: found.user for found in users}},
            groups={**self.groups, **new},
            groups_of={**self.groups_of, **groups_of},
            lists_groups=self.lists_groups or any(groups_of.values()),
            with_members=self.with_members | read,
            keys=self.keys | questions.keys | questions.sample,
            user_ids=self.user_ids | questions.users,
            group_ids=self.group_ids | questions.groups,
        )

    def _group(self, group: LiveGroup) -> LiveGroup:
        if group.id in self.with_members:
            return group
        members = frozenset(user for user, groups in self.groups_of.items() if group.id in groups)
        return replace(group, members=members, lists_members=True)


@dataclass(frozen=True, slots=True)
class LookupRound:
    """The next lookups: keys by their matching attributes, users and groups by id.

    `sample` are keys of users that are looked up with the others, in the same request if there is room.
    """

    keys: frozenset[Key] = frozenset()
    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    sample: frozenset[Key] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.keys or self.users or self.groups or self.sample)

    def with_few_samples(self) -> LookupRound:
        """Returns the round for a service that takes one term per request: two keys of the sample are enough."""
        return replace(self, sample=fewest_of(self.sample))


def fewest_of(sample: Iterable[Key]) -> frozenset[Key]:
    """Returns the keys of a sample that are looked up if each costs a request."""
    return frozenset(sorted(sample)[:FEWEST_OF_SAMPLE])
