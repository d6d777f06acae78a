"""The nouns: keys, the desired and the live resources and states, requests and responses.

Knows SCIM's words (RFC 7643) and nothing of YAML, HTTP or how a change is decided. Attributes are *flat* everywhere
inside: `name.familyName`, `department`, `customFields.badge`; `wire` alone knows how they nest on the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from reconciler.errors import Source

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
