"""The YAML contract as strict types: shapes and units of users, groups and role assignments.

A user is a TypedDict, not a model: *absent*, *null* and *empty* attributes have three meanings, and an absent
attribute is a missing key of the dict. Configuration is a frozen model.
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
    """An item of `addresses`, RFC 7643 section 4.1.2."""

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
    """Refuses two values with the same type and value, because the account would hold them as one."""
    seen: set[tuple[str, str]] = set()
    for item in values:
        identity = (item.get("type", ""), item["value"])
        if identity in seen:
            raise ValueError(f"has {' '.join(identity).strip()} twice: keep one of the two")
        seen.add(identity)
    return values


Values: TypeAlias = Annotated[list[ValueDeclaration], AfterValidator(_each_once)] | None


class UserDeclaration(TypedDict, total=False):
    """The attributes of a user: RFC 7643's core and enterprise attributes and 4me's own, all written flat."""

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
    """An entry of `users`: the attributes, and `was`, the user's previous keys."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    was: UserWas


class GroupDeclaration(Declaration):
    """An entry of `groups`: the attributes, the members, and whether git alone decides the members."""

    externalId: Text = None
    displayName: str = Field(min_length=1)
    groupType: Text = None
    membership: Literal["authoritative", "additive"] = "authoritative"
    members: list[str] | None = None
    members_where: list[ClauseDeclaration] | None = Field(default=None, min_length=1)
    was: GroupWas | None = None


class RoleAssignment(Declaration):
    """A role for users and for all members of groups; `expires` is its last day."""

    role: str
    users: list[str] = Field(default_factory=list)
    groups: list[str] = Field(default_factory=list)
    expires: date | None = None
    reason: str | None = None

    @model_validator(mode="after")
    def _has_holders(self) -> RoleAssignment:
        if not self.users and not self.groups:
            raise ValueError("gives the role to no user: add `users` or `groups`")
        return self


def _check_redactable(name: str) -> str:
    known = USER_TARGETS | GROUP_TARGETS | {"name", "customFields"}
    if name not in known and not name.startswith(("customFields.", "attributes.")):
        hint = did_you_mean(name, known) or "write an attribute of your own as attributes.NAME"
        raise ValueError(f"is not an attribute: {hint}")
    return name


RedactDeclaration: TypeAlias = list[Annotated[str, AfterValidator(_check_redactable)]]


@dataclass(frozen=True, slots=True)
class DeclaredUser:
    """A declared user with its line in YAML; `was` are the user's previous keys."""

    attributes: UserDeclaration
    source: Source
    was: tuple[Key, ...] = ()

    @property
    def source_attributes(self) -> Mapping[str, object]:
        """The attributes that clauses read; a user is active unless declared otherwise."""
        return {"active": True, **self.attributes}


@dataclass(frozen=True, slots=True)
class DeclaredGroup:
    """A declared group with its line in YAML; `attributes` are managed, `was` are the group's previous keys."""

    attributes: Mapping[str, str | None]
    membership: Literal["authoritative", "additive"]
    members: tuple[str, ...] | None
    members_where: tuple[Clause, ...] | None
    source: Source
    was: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class DeclaredAssignment:
    """A role assignment with its line in YAML."""

    assignment: RoleAssignment
    source: Source


@dataclass(frozen=True, slots=True)
class DeclaredTenant:
    """A tenant with its line in YAML, and its own filters and mappings, if it declares any."""

    tenant: Tenant
    source: Source
    filters: Filters | None = None
    mappings: Mappings | None = None


@dataclass(frozen=True, slots=True)
class Declarations:
    """All declarations of a desired-state folder.

    `broken` are declared keys whose declaration is invalid. `released` and `left` resolve users and groups in doubt.
    """

    tenants: Mapping[str, DeclaredTenant] = field(default_factory=dict)
    users: Mapping[str, DeclaredUser] = field(default_factory=dict)
    groups: Mapping[str, DeclaredGroup] = field(default_factory=dict)
    assignments: tuple[DeclaredAssignment, ...] = ()
    filters: Filters = field(default_factory=Filters)
    mappings: Mappings = field(default_factory=Mappings)
    guardrails: Guardrails = field(default_factory=Guardrails)
    notifications: tuple[Notifier, ...] = ()
    notification_sources: tuple[Source, ...] = ()  # one for each notifier
    redact: tuple[str, ...] = ()
    broken: frozenset[Key] = frozenset()
    released: tuple[Settlement, ...] = ()
    left: tuple[Settlement, ...] = ()
