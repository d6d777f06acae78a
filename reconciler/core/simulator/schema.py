"""The attributes of users and groups in the embedded 4me, from RFC 7643 section 4 and 4me's additions.

One table defines what can be written, what /Schemas returns and which values compare with case. Other attributes are
dropped, and so are `id`, `meta`, `groups` and `password`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Endpoint: TypeAlias = Literal["Users", "Groups"]

CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE_USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CUSTOM_FIELDS = "urn:ietf:params:scim:schemas:extension:4me:1.0:custom_fields"

# 4me names the account's own host in meta.location and $ref, not the requested one. A client that followed them would
# send its token elsewhere. `.example` can't be reached, so such a client fails.
ELSEWHERE = "https://acme.xurrent.example/scim/v2"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute or sub-attribute; `required` ones must be present, `unique` ones compare without case."""

    name: str
    type: Literal["string", "boolean", "complex", "custom"] = "string"
    many: bool = False
    parts: tuple[Attribute, ...] = ()
    required: bool = False
    unique: bool = False
    case_exact: bool = False

    def part(self, name: str) -> Attribute | None:
        """Returns the sub-attribute of this name, compared without case (RFC 7643 section 2.1), or None."""
        return _named(self.parts, name)


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema and its attributes; `extension` is the key of their object in a resource, None for core attributes."""

    id: str
    name: str
    attributes: tuple[Attribute, ...]
    extension: str | None = None

    def attribute(self, name: str) -> Attribute | None:
        """Returns the attribute of this name, compared without case, or None."""
        return _named(self.attributes, name)


def _named(attributes: tuple[Attribute, ...], name: str) -> Attribute | None:
    wanted = name.casefold()
    return next((attribute for attribute in attributes if attribute.name.casefold() == wanted), None)


def _strings(*names: str) -> tuple[Attribute, ...]:
    return tuple(Attribute(name) for name in names)


_LABELLED = (*_strings("value", "display", "type"), Attribute("primary", "boolean"))
_ADDRESS = ("formatted", "streetAddress", "locality", "region", "postalCode", "country", "type")
_NAME = ("formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix")

# A member and a manager are stored as an id only; $ref and display are computed for each answer.
_USER_ID = Attribute("value", required=True, case_exact=True)

EXTERNAL_ID = Attribute("externalId", case_exact=True)
USER_NAME = Attribute("userName", required=True, unique=True)
DISPLAY_NAME = Attribute("displayName", required=True, unique=True)
MEMBERS = Attribute("members", "complex", many=True, parts=(_USER_ID,))

USER_SCHEMA = Schema(
    CORE_USER,
    "User",
    (
        EXTERNAL_ID,
        USER_NAME,
        Attribute("name", "complex", parts=_strings(*_NAME)),
        *_strings(
            "displayName", "nickName", "profileUrl", "title", "userType", "preferredLanguage", "locale", "timezone"
        ),
        Attribute("active", "boolean"),
        Attribute("emails", "complex", many=True, parts=_LABELLED),
        Attribute("phoneNumbers", "complex", many=True, parts=_LABELLED),
        Attribute("ims", "complex", many=True, parts=_LABELLED),
        Attribute("photos", "complex", many=True, parts=_LABELLED),
        Attribute("addresses", "complex", many=True, parts=(*_strings(*_ADDRESS), Attribute("primary", "boolean"))),
        Attribute("entitlements", "complex", many=True, parts=_LABELLED),
        Attribute("roles", "complex", many=True, parts=_LABELLED),
        Attribute("x509Certificates", "complex", many=True, parts=_LABELLED),
    ),
)
ENTERPRISE_SCHEMA = Schema(
    ENTERPRISE_USER,
    "Enterprise User",
    (
        *_strings("employeeNumber", "costCenter", "organization", "division", "department"),
        *_strings("site", "location", "supportID"),  # 4me's own, in the same URN
        Attribute("manager", "complex", parts=(Attribute("value", case_exact=True),)),
    ),
    extension=ENTERPRISE_USER,
)
GROUP_SCHEMA = Schema(CORE_GROUP, "Group", (EXTERNAL_ID, DISPLAY_NAME, Attribute("groupType"), MEMBERS))


def schemas_of(endpoint: Endpoint) -> tuple[Schema, ...]:
    """Returns the schemas of an endpoint, the core one first; custom fields have no schema (4me: SCIM users)."""
    return (USER_SCHEMA, ENTERPRISE_SCHEMA) if endpoint == "Users" else (GROUP_SCHEMA,)


def naming_attribute(endpoint: Endpoint) -> Attribute:
    """Returns the required and unique attribute that names a resource."""
    return USER_NAME if endpoint == "Users" else DISPLAY_NAME
