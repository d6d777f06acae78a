"""The desired and the live state of one tenant, and what each carries besides users and groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key, Kind, LiveGroup, LiveUser
from reconciler.errors import Problem, Source


@dataclass(frozen=True, slots=True)
class AssignedRole:
    """A role that a user has, in words each way in which it comes to them, and the line of git that gives it."""

    role: str
    ways: tuple[str, ...]
    source: Source | None


@dataclass(frozen=True, slots=True)
class Breach:
    """A user to whom git gives roles that nobody may hold together, and how each of them comes."""

    key: Key
    name: str
    roles: tuple[AssignedRole, ...]
    reason: str | None


@dataclass(frozen=True, slots=True)
class Selection:
    """What a plan is about where it is not about everything: these keys, and of some groups only some members.

    A group without an entry in `members` is asked about with all of them. With `grows`, what is needed and does not
    exist is planned about too; without, it is left out and named.
    """

    keys: frozenset[Key]
    members: Mapping[Key, frozenset[Key]] = field(default_factory=dict)
    grows: bool = False


@dataclass(frozen=True, slots=True)
class Settlement:
    """A line of `released:` or `left:`: whom it is about, by key or by live id, and why."""

    source: Source
    key: Key | None = None
    id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class DesiredState:
    """What git says, after scope, mapping and roles, for one tenant on one day.

    `breaches` are of the tenant's separation of duties, each rule and user apart; a plan says which are new.
    `rules` are where the mappings to target attributes are written, `redact` what no report may show.
    `released` and `left` settle who is ours, and `was` has the keys that a user or group had before.
    `ignores_removed` and `ignores_out_of_scope` say that whoever leaves git, or its scope, keeps their access.
    All of it is here to be referred to; only what the `selection` names is planned about, or everything without one.
    """

    tenant: str
    users: Mapping[Key, DesiredUser]
    groups: Mapping[Key, DesiredGroup]
    matching: tuple[str, ...] = ("externalId", "userName")
    group_matching: tuple[str, ...] = ("externalId", "displayName")
    problems: tuple[Problem, ...] = ()
    breaches: tuple[Breach, ...] = ()
    selection: Selection | None = None
    rules: Mapping[tuple[Kind, str], Source] = field(default_factory=dict)
    redact: tuple[str, ...] = ()
    released: tuple[Settlement, ...] = ()
    left: tuple[Settlement, ...] = ()
    was: Mapping[Key, tuple[Key, ...]] = field(default_factory=dict)
    ignores_removed: bool = False
    ignores_out_of_scope: bool = False

    def is_asked(self, key: Key) -> bool:
        """Whether the plan is about that key."""
        return self.selection is None or key in self.selection.keys

    def members_asked(self, group: Key) -> frozenset[Key] | None:
        """The members of a group that the plan is about, or None for all of them."""
        return self.selection.members.get(group) if self.selection else None

    def resource(self, key: Key) -> DesiredUser | DesiredGroup | None:
        """The desired resource of that key, or None."""
        return self.users.get(key) if key.kind == "user" else self.groups.get(key)

    def __iter__(self) -> Iterator[DesiredUser | DesiredGroup]:
        yield from self.users.values()
        yield from self.groups.values()


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was read, how, and whether the read is complete; `faults` say why it is not."""

    mode: Literal["full", "incremental", "targeted", "snapshot"]
    users: int
    groups: int
    requests: int
    faults: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether totals, ids and pages all agreed. Must never be assumed: it is what stands between us and leavers."""
        return not self.faults


@dataclass(frozen=True, slots=True)
class LiveState:
    """What the account says now; `me` is the person whose credentials read what people may do."""

    users: tuple[LiveUser, ...]
    groups: tuple[LiveGroup, ...]
    certificate: Certificate
    me: str | None = None
