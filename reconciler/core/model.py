"""The nouns: keys, the desired and the live resources and states, requests and responses.

Knows SCIM's words (RFC 7643) and nothing of YAML, HTTP or how a change is decided. Attributes are *flat* everywhere
inside: `name.familyName`, `department`, `customFields.badge`; `wire` alone knows how they nest on the wire.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal, NamedTuple, TypeAlias

from reconciler.errors import Problem, Source

Kind: TypeAlias = Literal["user", "group"]
Value: TypeAlias = str | int | float | bool | list[dict[str, str | bool | int | float]] | list[str] | None
Attributes: TypeAlias = Mapping[str, Value]


class Key(NamedTuple):
    """The name of a user or group in YAML, stable for life: `str(Key("user", "alice.lee")) == "user/alice.lee"`."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


def parse_key(text: str) -> Key | None:
    """The key that `user/alice.lee` or `group/finance` spells, or None for anything else."""
    kind, slash, name = text.partition("/")
    if not slash or not name:
        return None
    match kind:
        case "user" | "group":
            return Key(kind, name)
        case _:
            return None


@dataclass(frozen=True, slots=True)
class DesiredUser:
    """A declared user after mapping, roles and scope, for one tenant.

    `attributes` are the managed target attributes: absent is unmanaged, None is cleared. `manager` is a key.
    `roles` is the whole set that should be held, or None where roles are not managed over SCIM. `on_create` are target
    attributes that are written when the user is created, and never looked at again.
    `reason` says in one sentence why the user is in scope or not; `declared_inactive` that the declaration itself has
    `active: false`.
    """

    key: Key
    source: Source
    attributes: Attributes
    in_scope: bool
    reason: str
    roles: frozenset[str] | None = None
    on_create: Attributes = field(default_factory=dict)
    declared_inactive: bool = False

    @property
    def name(self) -> str:
        """What people call this user."""
        return str(self.attributes.get("displayName") or self.attributes.get("userName") or self.key.name)


@dataclass(frozen=True, slots=True)
class DesiredGroup:
    """A declared group: `members` are keys of users in scope, or None where membership is not managed."""

    key: Key
    source: Source
    attributes: Attributes
    members: frozenset[Key] | None
    authoritative: bool
    in_scope: bool
    reason: str
    on_create: Attributes = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What people call this group."""
        return str(self.attributes.get("displayName") or self.key.name)


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
class Focus:
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
    All of it is here to be referred to; only what the `focus` names is planned about, or everything without one.
    """

    tenant: str
    users: Mapping[Key, DesiredUser]
    groups: Mapping[Key, DesiredGroup]
    matching: tuple[str, ...] = ("externalId", "userName")
    group_matching: tuple[str, ...] = ("externalId", "displayName")
    problems: tuple[Problem, ...] = ()
    breaches: tuple[Breach, ...] = ()
    focus: Focus | None = None
    rules: Mapping[tuple[Kind, str], Source] = field(default_factory=dict)
    redact: tuple[str, ...] = ()
    released: tuple[Settlement, ...] = ()
    left: tuple[Settlement, ...] = ()
    was: Mapping[Key, tuple[Key, ...]] = field(default_factory=dict)
    ignores_removed: bool = False
    ignores_out_of_scope: bool = False

    def is_asked(self, key: Key) -> bool:
        """Whether the plan is about that key."""
        return self.focus is None or key in self.focus.keys

    def members_asked(self, group: Key) -> frozenset[Key] | None:
        """The members of a group that the plan is about, or None for all of them."""
        return self.focus.members.get(group) if self.focus else None

    def resource(self, key: Key) -> DesiredUser | DesiredGroup | None:
        """The desired resource of that key, or None."""
        return self.users.get(key) if key.kind == "user" else self.groups.get(key)

    def __iter__(self) -> Iterator[DesiredUser | DesiredGroup]:
        yield from self.users.values()
        yield from self.groups.values()


@dataclass(frozen=True, slots=True)
class LiveUser:
    """A user as the account holds it; `manager` among the attributes is a SCIM id.

    Where roles take effect over REST, they are those of `person`, who is behind the user: None where nobody is linked
    to them, or they were not `sought`.
    """

    id: str
    attributes: Attributes
    active: bool
    roles: frozenset[str] = frozenset()
    last_modified: str | None = None
    person: str | None = None
    sought: bool = False

    @property
    def name(self) -> str:
        """What people call this user: the display name, else the userName, else the id."""
        return str(self.attributes.get("displayName") or self.attributes.get("userName") or self.id)


@dataclass(frozen=True, slots=True)
class LiveGroup:
    """A group as the account holds it; `members` are SCIM ids of users."""

    id: str
    attributes: Attributes
    members: frozenset[str]
    last_modified: str | None = None

    @property
    def name(self) -> str:
        """What people call this group: the display name, else the id."""
        return str(self.attributes.get("displayName") or self.id)


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


JsonObject: TypeAlias = dict[str, object]
Method: TypeAlias = Literal["GET", "POST", "PATCH"]


@dataclass(frozen=True, slots=True)
class Request:
    """What may leave this process: read, create, change. DELETE and PUT cannot be written."""

    method: Method
    path: str
    body: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """What came back: the status, and the JSON document (None where there was no body); for so many requests sent."""

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    requests: int = 1

    @property
    def succeeded(self) -> bool:
        """Whether the status is one of success (2xx)."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def redirects(self) -> bool:
        """Whether the status points elsewhere (3xx)."""
        return HTTPStatus.MULTIPLE_CHOICES <= self.status < HTTPStatus.BAD_REQUEST
