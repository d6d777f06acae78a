"""Keys, and desired and live users and groups, in SCIM's words (RFC 7643).

Attributes are *flat* everywhere in the program: `name.familyName`, `department`, `customFields.badge`. Only
`core.scim.wire` knows how they nest in requests.
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
    """The permanent name of a user or group in YAML: `str(Key("user", "alice.lee")) == "user/alice.lee"`."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


def parse_key(text: str) -> Key | None:
    """Parses `user/alice.lee` or `group/finance`; returns None for any other text."""
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

    `attributes` are the managed target attributes: absent is unmanaged, None is cleared; `manager` is a key.
    `roles` is the complete set of desired roles, or None if roles are not managed. `on_create` are target attributes
    that are written when the user is created, and never compared or changed afterwards. `reason` is one sentence on
    why the user is in scope or not. `declared_inactive` means that the declaration has `active: false`.
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
        """The user's name in reports: the display name, else the userName, else the key."""
        return str(self.attributes.get("displayName") or self.attributes.get("userName") or self.key.name)


@dataclass(frozen=True, slots=True)
class DesiredGroup:
    """A declared group: `members` are keys of users in scope, or None if membership is not managed."""

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
        """The group's name in reports: the display name, else the key."""
        return str(self.attributes.get("displayName") or self.key.name)


@dataclass(frozen=True, slots=True)
class LiveUser:
    """A user of the account; `manager` among the attributes is a SCIM id.

    With `roles_via: permissions`, `roles` belong to `person`, the id of the user's person record in 4me. `person` is
    None if no record is linked to the user, or if it was not looked up (`roles_looked_up` is false).
    """

    id: str
    attributes: Attributes
    active: bool
    roles: frozenset[str] = frozenset()
    last_modified: str | None = None
    person: str | None = None
    roles_looked_up: bool = False
    lists_active: bool = field(default=True, compare=False)

    @property
    def name(self) -> str:
        """The user's name in reports: the display name, else the userName, else the id."""
        return str(self.attributes.get("displayName") or self.attributes.get("userName") or self.id)


@dataclass(frozen=True, slots=True)
class LiveGroup:
    """A group of the account; `members` are SCIM ids of users.

    `lists_members` is false if the answer had no `members`: the group is empty, or the service hides them.
    """

    id: str
    attributes: Attributes
    members: frozenset[str]
    last_modified: str | None = None
    lists_members: bool = field(default=True, compare=False)

    @property
    def name(self) -> str:
        """The group's name in reports: the display name, else the id."""
        return str(self.attributes.get("displayName") or self.id)
