"""Requests and values on the wire. Only this module knows how SCIM nests (RFC 7643) and how dialects write (RFC 7644).

A dialect is data: one follows 4me's documentation, one the RFC. No request here is a DELETE or PUT.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlencode

from reconciler.core.declarations.quirk import Quirk
from reconciler.core.model.diff import canonical, differs
from reconciler.core.model.messages import JsonObject, Request, Response
from reconciler.core.model.resources import Attributes, LiveGroup, LiveUser, Value

CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CUSTOM_FIELDS = "urn:ietf:params:scim:schemas:extension:4me:1.0:custom_fields"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

IN_ENTERPRISE = frozenset(
    {
        "employeeNumber",
        "costCenter",
        "organization",
        "division",
        "department",
        "site",
        "location",
        "supportID",
        "manager",
    }
)
OF_MANY = frozenset({"emails", "phoneNumbers", "ims", "photos", "entitlements", "addresses", "roles", "members"})
NOT_ATTRIBUTES = frozenset({"schemas", "id", "meta", "groups", "password", "active", "roles", "members"})


class NotScim(ValueError):
    """A document that is not the requested SCIM resource or list; the message describes the fault."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a service reads and writes.

    `page_size` is the requested size of pages; `pages_are_known` if the service documents that it returns that size.
    `quirks` are the declared differences of the service from its dialect.
    """

    name: Literal["4me", "rfc7644"]
    page_size: int
    pages_are_known: bool
    patch: Literal["merge", "patch_op"]
    quirks: frozenset[Quirk] = frozenset()


DIALECTS = {
    "4me": Dialect("4me", page_size=25, pages_are_known=True, patch="merge"),
    "rfc7644": Dialect("rfc7644", page_size=100, pages_are_known=False, patch="patch_op"),
}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: the total of all resources, and the resources on this page."""

    total: int
    resources: Sequence[JsonObject]


def list_request(kind: Literal["Users", "Groups"], start: int, count: int | None) -> Request:
    """Returns the request for one page of all users or groups."""
    return Request("GET", f"/{kind}?{page_query(start, count)}")


def page_query(start: int, count: int | None) -> str:
    """Returns the query for one page (RFC 7644 section 3.4.2.4); with None the service chooses its size."""
    return f"startIndex={start}" if count is None else f"startIndex={start}&count={count}"


def get_request(kind: Literal["Users", "Groups"], live_id: str) -> Request:
    """Returns the request for one resource by id, quoted; an id `.` or `..` would otherwise be a step in the path."""
    quoted = quote(live_id, safe="")
    return Request("GET", f"/{kind}/{quoted if quoted.strip('.') else quoted.replace('.', '%2E')}")


def find_request(kind: Literal["Users", "Groups"], attribute: str, value: str) -> Request:
    """Returns the request for the resources whose attribute equals the value (RFC 7644 section 3.4.2.2)."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    query = urlencode({"filter": f'{attribute} eq "{escaped}"'})
    return Request("GET", f"/{kind}?{query}")


def read_page(body: object) -> Page:
    """Reads a ListResponse; raises NotScim if it is not one."""
    if not isinstance(body, Mapping):
        raise NotScim(f"a SCIM list was expected, not {_kind(body)}")
    total = body.get("totalResults")
    if not isinstance(total, int) or isinstance(total, bool) or total < 0:
        raise NotScim(f"totalResults is {_kind(total)} and not a number")
    resources = body.get("Resources") or []
    if not isinstance(resources, list) or not all(isinstance(resource, dict) for resource in resources):
        raise NotScim("Resources is not a list of resources")
    return Page(total, resources)


def read_id(resource: Mapping[str, object]) -> str:
    """Returns the id of a resource; raises NotScim if it has none."""
    live_id = resource.get("id")
    if not isinstance(live_id, str) or not live_id:
        raise NotScim(f"a resource has no id: {str(resource.get('userName') or resource.get('displayName'))[:60]!r}")
    return live_id


def read_user(resource: Mapping[str, Any]) -> LiveUser:
    """Reads a User resource; unknown attributes are ignored, and a missing `active` is true (RFC 7643 section 4.1.1).

    Raises NotScim if it has no id, or if its roles are not a list of values.
    """
    return LiveUser(
        id=read_id(resource),
        attributes=_flatten(resource),
        active=_read_boolean(resource.get("active")),
        roles=frozenset(_read_values("roles", resource.get("roles"))),
        last_modified=_last_modified(resource),
        lists_active=resource.get("active") is not None,
    )


def read_group(resource: Mapping[str, Any]) -> LiveGroup:
    """Reads a Group resource with its members; raises NotScim as `read_user` does."""
    return LiveGroup(
        id=read_id(resource),
        attributes=_flatten(resource),
        members=frozenset(_read_values("members", resource.get("members"))),
        last_modified=_last_modified(resource),
        lists_members=resource.get("members") is not None,
    )


def read_groups_of(resource: Mapping[str, Any]) -> frozenset[str] | None:
    """Returns the groups of which a user is a direct member, or None if the resource lists none (RFC 7643 4.1.2)."""
    listed = resource.get("groups")
    if not isinstance(listed, list):
        return None
    direct = [group for group in listed if not (isinstance(group, Mapping) and group.get("type") == "indirect")]
    return frozenset(_read_values("groups", direct))


def _flatten(resource: Mapping[str, Any]) -> dict[str, Value]:
    """Returns the attributes by flat name, without unassigned ones."""
    flat: dict[str, Value] = {}
    for name, value in resource.items():
        if name in NOT_ATTRIBUTES:
            continue
        if name == "name" and isinstance(value, Mapping):
            flat.update({f"name.{inner}": _make_comparable(part) for inner, part in value.items()})
        elif name == ENTERPRISE and isinstance(value, Mapping):
            flat.update(_flatten_enterprise(value))
        elif name == CUSTOM_FIELDS:
            flat.update({f"customFields.{field}": part for field, part in _read_custom_fields(value)})
        else:
            flat[name] = _make_comparable(value)
    return {path: value for path, value in flat.items() if value is not None}


def _flatten_enterprise(extension: Mapping[str, Any]) -> Iterable[tuple[str, Value]]:
    for name, value in extension.items():
        if name == "manager":
            yield name, _make_comparable(value.get("value") if isinstance(value, Mapping) else value)
        else:
            yield name, _make_comparable(value)


def _make_comparable(value: object) -> Value:
    """Returns a live value to compare and show; values nested deeper than in SCIM become JSON text."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, list):
        return canonical([_make_item_comparable(item) for item in value])
    return canonical(_scalar(value))


def _make_item_comparable(item: object) -> object:
    return {str(name): _scalar(part) for name, part in item.items()} if isinstance(item, Mapping) else _scalar(item)


def _scalar(value: object) -> object:
    return json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else value


def _read_custom_fields(value: object) -> Iterable[tuple[str, Value]]:
    """Yields the custom fields: 4me returns an object, or a list of `{id, value}`."""
    if isinstance(value, Mapping):
        return [(str(field), _make_comparable(part)) for field, part in value.items()]
    listed = value if isinstance(value, list) else []
    return [
        (str(custom.get("id")), _make_comparable(custom.get("value")))
        for custom in listed
        if isinstance(custom, Mapping)
    ]


def _read_boolean(value: object) -> bool:
    """Reads a boolean; some services return the text "False" that Entra sends."""
    return value.casefold() != "false" if isinstance(value, str) else value is not False


def _read_values(name: str, values: object) -> list[str]:
    """Reads a list of `{value}` or of texts. Raises NotScim for anything else, which must not read as an empty list."""
    if values is None:
        return []
    found = (
        [item.get("value") if isinstance(item, Mapping) else item for item in values]
        if isinstance(values, list)
        else [0]
    )
    if not all(isinstance(value, str) and value for value in found):
        raise NotScim(f"{name} is not a list of values: {str(values)[:60]}")
    return [str(value) for value in found]


def _last_modified(resource: Mapping[str, Any]) -> str | None:
    meta = resource.get("meta")
    return meta.get("lastModified") if isinstance(meta, Mapping) else None


def _kind(value: object) -> str:
    return "nothing" if value is None else f"{type(value).__name__} {str(value)[:40]!r}"


def nest(attributes: Attributes, kind: Literal["Users", "Groups"]) -> JsonObject:
    """Returns flat attributes as a SCIM resource; `manager` is an id. None becomes the empty value, which clears."""
    nested: JsonObject = {"schemas": [CORE_USER if kind == "Users" else CORE_GROUP]}
    for path, value in attributes.items():
        if path.startswith("name."):
            _inner(nested, "name")[path.removeprefix("name.")] = _emptied(path, value)
        elif path.startswith("customFields."):
            _inner(nested, CUSTOM_FIELDS)[path.removeprefix("customFields.")] = _emptied(path, value)
        elif path == "manager":
            _inner(nested, ENTERPRISE)[path] = {"value": _emptied(path, value)}
        elif path in IN_ENTERPRISE:
            _inner(nested, ENTERPRISE)[path] = _emptied(path, value)
        else:
            nested[path] = _emptied(path, value)
    if ENTERPRISE in nested:
        nested["schemas"] = [CORE_USER, ENTERPRISE]
    return nested


def _inner(nested: JsonObject, name: str) -> JsonObject:
    inner = nested.setdefault(name, {})
    assert isinstance(inner, dict)  # noqa: S101  # set on the line above, or by an earlier call
    return inner


def _emptied(path: str, value: Value) -> Value:
    if value is not None:
        return value
    return [] if path in OF_MANY else ""


def scim_path(path: str) -> str:
    """Returns the flat name as a path of RFC 7644 section 3.10."""
    if path in IN_ENTERPRISE:
        return f"{ENTERPRISE}:{path}"
    if path.startswith("customFields."):
        return f"{CUSTOM_FIELDS}:{path.removeprefix('customFields.')}"
    return path


def patch_op(attributes: Attributes) -> list[JsonObject]:
    """Returns the operations of RFC 7644 section 3.5.2: `replace`, or `remove` for a cleared attribute."""
    return [
        {"op": "remove", "path": scim_path(path)}
        if value is None
        else {"op": "replace", "path": scim_path(path), "value": {"value": value} if path == "manager" else value}
        for path, value in attributes.items()
    ]


def unlike(written: Attributes, answered: Attributes) -> list[str]:
    """Returns the attributes that differ between a write and its answer."""
    return sorted(path for path, value in written.items() if differs(path, answered.get(path), value))


def describe_error(response: Response) -> str:
    """Returns the error in an answer: SCIM's `detail` (RFC 7644 section 3.12), or 4me's `message` and `errors`."""
    body: JsonObject = response.body if isinstance(response.body, dict) else {}
    fields = body.get("errors")
    listed = (
        [" ".join(map(str, field)) for field in fields if isinstance(field, list)] if isinstance(fields, list) else []
    )
    error = "; ".join(str(part) for part in (body.get("detail") or body.get("message"), *listed) if part)
    return f"{response.status} {' '.join(error.split())[:300]}".strip()
