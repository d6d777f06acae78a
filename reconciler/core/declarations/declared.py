"""What people write in YAML (the contract), as strict types. Knows shapes and units; nothing of files or meaning.

A user is a TypedDict and not a model: it is a document of attributes in which *absent*, *null* and *empty* mean three
things, and a plain dict says absent by not having the key. What is configuration is a frozen model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Literal, Required, TypeAlias

from pydantic import AfterValidator, Field, model_validator
from typing_extensions import TypedDict

from reconciler.core.declarations.clause import Clause, ClauseDeclaration, Filters
from reconciler.core.declarations.notifier import Notifier
from reconciler.core.declarations.rule import GROUP_TARGETS, USER_TARGETS, Mappings
from reconciler.core.declarations.settlement import GroupWas, UserWas
from reconciler.core.declarations.strict import STRICT, Declaration, Scalar, Text
from reconciler.core.declarations.tenant import Guardrails, Tenant
from reconciler.core.model.resources import Key
from reconciler.core.model.states import Settlement
from reconciler.core.model.suggest import did_you_mean
from reconciler.errors import Source


class NameDeclaration(TypedDict, total=False):
    """`name` of RFC 7643 section 4.1.1."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    formatted: Text
    familyName: Text
    givenName: Text
    middleName: Text
    honorificPrefix: Text
    honorificSuffix: Text


class ValueDeclaration(TypedDict, total=False):
    """One value of a multi-valued attribute, RFC 7643 section 2.4."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    value: Required[Annotated[str, Field(min_length=1)]]
    type: str
    primary: bool
    display: str


class AddressDeclaration(TypedDict, total=False):
    """One of `addresses`, RFC 7643 section 4.1.2."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    formatted: str
    streetAddress: str
    locality: str
    region: str
    postalCode: str
    country: str
    type: str
    primary: bool


def _each_once(values: list[ValueDeclaration]) -> list[ValueDeclaration]:
    """Values of many are known by their type and value: two that share both would be one in the account."""
    seen: set[tuple[str, str]] = set()
    for one in values:
        known_by = (one.get("type", ""), one["value"])
        if known_by in seen:
            raise ValueError(f"has {' '.join(known_by).strip()} twice: keep one of the two")
        seen.add(known_by)
    return values


Values: TypeAlias = Annotated[list[ValueDeclaration], AfterValidator(_each_once)] | None


class UserDeclaration(TypedDict, total=False):
    """A user as declared: RFC 7643's core attributes, the enterprise ones and 4me's own written flat."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    externalId: Text
    userName: Required[Annotated[str, Field(min_length=1)]]
    name: NameDeclaration
    displayName: Text
    nickName: Text
    profileUrl: Text
    title: Text
    userType: Text
    preferredLanguage: Text
    locale: Text
    timezone: Text
    active: bool
    emails: Values
    phoneNumbers: Values
    ims: Values
    photos: Values
    entitlements: Values
    addresses: list[AddressDeclaration] | None
    employeeNumber: Text
    costCenter: Text
    organization: Text
    division: Text
    department: Text
    site: Text
    location: Text
    supportID: Text
    manager: Text
    attributes: dict[str, Scalar | list[Scalar]]
    customFields: dict[str, str | bool | int | float | None]


class UserEntry(UserDeclaration, total=False):
    """A user as written: the attributes, and the keys that the user had before, which are no attribute."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    was: UserWas


class GroupDeclaration(Declaration):
    """A group: its attributes, who is in it, and whether git alone decides that."""

    externalId: Text = None
    displayName: str = Field(min_length=1)
    groupType: Text = None
    membership: Literal["authoritative", "additive"] = "authoritative"
    members: list[str] | None = None
    members_where: list[ClauseDeclaration] | None = Field(default=None, min_length=1)
    was: GroupWas | None = None


class RoleAssignment(Declaration):
    """A role given to users and to everyone in groups, until the end of `expires`."""

    role: str
    users: list[str] = Field(default_factory=list)
    groups: list[str] = Field(default_factory=list)
    expires: date | None = None
    reason: str | None = None

    @model_validator(mode="after")
    def _is_given_to_somebody(self) -> RoleAssignment:
        if not self.users and not self.groups:
            raise ValueError("is given to nobody: name `users` or `groups`")
        return self


def _may_be_redacted(name: str) -> str:
    known = USER_TARGETS | GROUP_TARGETS | {"name", "customFields"}
    if name not in known and not name.startswith(("customFields.", "attributes.")):
        hint = did_you_mean(name, known) or "one of your own is written attributes.NAME"
        raise ValueError(f"is not an attribute: {hint}")
    return name


RedactDeclaration: TypeAlias = list[Annotated[str, AfterValidator(_may_be_redacted)]]


@dataclass(frozen=True, slots=True)
class DeclaredUser:
    """A user as declared, and where; `was` are the keys that the user had before."""

    attributes: UserDeclaration
    source: Source
    was: tuple[Key, ...] = ()

    @property
    def source_attributes(self) -> Mapping[str, object]:
        """What clauses look at: everybody is active who is not declared otherwise."""
        return {"active": True, **self.attributes}


@dataclass(frozen=True, slots=True)
class DeclaredGroup:
    """A group as declared, and where; `attributes` are the managed ones, `was` the keys that the group had before."""

    attributes: Mapping[str, str | None]
    membership: Literal["authoritative", "additive"]
    members: tuple[str, ...] | None
    members_where: tuple[Clause, ...] | None
    source: Source
    was: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class DeclaredAssignment:
    """A role assignment, and where."""

    assignment: RoleAssignment
    source: Source


@dataclass(frozen=True, slots=True)
class DeclaredTenant:
    """A tenant, where, and the filters and mappings declared under its own name."""

    tenant: Tenant
    source: Source
    filters: Filters | None = None
    mappings: Mappings | None = None


@dataclass(frozen=True, slots=True)
class Declarations:
    """All that a desired-state folder declares. `broken` are keys whose declaration has problems: known, but unread.

    `released` and `left` are the lines that settle who is ours.
    """

    tenants: Mapping[str, DeclaredTenant] = field(default_factory=dict)
    users: Mapping[str, DeclaredUser] = field(default_factory=dict)
    groups: Mapping[str, DeclaredGroup] = field(default_factory=dict)
    assignments: tuple[DeclaredAssignment, ...] = ()
    filters: Filters = field(default_factory=Filters)
    mappings: Mappings = field(default_factory=Mappings)
    guardrails: Guardrails = field(default_factory=Guardrails)
    notifications: tuple[Notifier, ...] = ()
    redact: tuple[str, ...] = ()
    broken: frozenset[Key] = frozenset()
    released: tuple[Settlement, ...] = ()
    left: tuple[Settlement, ...] = ()
