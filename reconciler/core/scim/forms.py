"""Writes in the form that a service takes: members with `$ref`, PATCH without paths, removals by a list of values.

The standard form comes from the planner; another is declared as a quirk of the tenant, or found by a refusal that asks
for it. Sends nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Final, Literal, TypeAlias
from urllib.parse import quote

from reconciler.core.declarations.quirk import Quirk
from reconciler.core.model.messages import JsonObject, Request, Response
from reconciler.core.scim.wire import CUSTOM_FIELDS, ENTERPRISE, OF_MANY, describe_error

Form: TypeAlias = Literal["members_with_ref", "members_removed_by_value", "patch_without_path"]

REFUSALS: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.NOT_IMPLEMENTED,
    }
)
_REMOVED_MEMBER: Final = re.compile(r'members\[value eq "(.*)"\]')
_ABOUT_PATH: Final = re.compile(r"\bpath\b|invalidpath|notarget", re.IGNORECASE)
_ABOUT_FILTER: Final = re.compile(r"filter|members\[", re.IGNORECASE)


def find_form(request: Request, refusal: Response, known: Collection[Quirk]) -> Form | None:
    """Returns the form that a refusal asks for, if the request can be written in it and is not yet."""
    if refusal.status not in REFUSALS or request.body is None:
        return None
    words = _words(refusal)
    operations = operations_of(request)
    if "$ref" in words and "members_with_ref" not in known and _adds_members(request):
        return "members_with_ref"
    has_path = any("path" in operation and not _removed_member(operation) for operation in operations)
    if has_path and _ABOUT_PATH.search(words) and "patch_without_path" not in known:
        return "patch_without_path"
    removes = any(_removed_member(operation) for operation in operations)
    asks = refusal.status == HTTPStatus.NOT_IMPLEMENTED or _ABOUT_FILTER.search(words) or _ABOUT_PATH.search(words)
    return "members_removed_by_value" if removes and asks and "members_removed_by_value" not in known else None


def _words(refusal: Response) -> str:
    body = refusal.body if isinstance(refusal.body, dict) else {}
    return f"{describe_error(refusal)} {body.get('scimType', '')}"


def rewrite(request: Request, quirks: Collection[Quirk], base_url: str) -> Request:
    """Returns the request in the form of the quirks; `base_url` is the address of the service, for `$ref`."""
    body = request.body
    if body is None:
        return request
    operations = operations_of(request)
    if "members_removed_by_value" in quirks:
        operations = _removed_by_value(operations)
    if "members_with_ref" in quirks:
        operations = [_operation_with_refs(operation, base_url) for operation in operations]
        if isinstance(members := body.get("members"), list):
            body = {**body, "members": _with_refs(members, base_url)}
    if "patch_without_path" in quirks:
        operations = list(_without_paths(operations))
    return Request(request.method, request.path, {**body, "Operations": operations} if operations else body)


def operations_of(request: Request) -> list[JsonObject]:
    """Returns the operations of a PATCH by RFC 7644; none of other requests."""
    listed = request.body.get("Operations") if request.body else None
    return listed if isinstance(listed, list) else []


def _adds_members(request: Request) -> bool:
    listed = request.body.get("members") if request.body else None
    return bool(listed) or any(_is_about_members(one) and one.get("op") == "add" for one in operations_of(request))


def _is_about_members(operation: JsonObject) -> bool:
    return str(operation.get("path")).startswith("members")


def _removed_member(operation: JsonObject) -> str | None:
    found = _REMOVED_MEMBER.fullmatch(str(operation.get("path"))) if operation.get("op") == "remove" else None
    return found[1] if found else None


def _removed_by_value(operations: Sequence[JsonObject]) -> list[JsonObject]:
    removed = [member for operation in operations if (member := _removed_member(operation))]
    others = [operation for operation in operations if not _removed_member(operation)]
    if not removed:
        return others
    return [*others, {"op": "remove", "path": "members", "value": [{"value": member} for member in removed]}]


def _operation_with_refs(operation: JsonObject, base_url: str) -> JsonObject:
    value = operation.get("value")
    if not _is_about_members(operation) or not isinstance(value, list):
        return operation
    return {**operation, "value": _with_refs(value, base_url)}


def _with_refs(members: Sequence[Mapping[str, object]], base_url: str) -> list[JsonObject]:
    """Adds the address of each member, by which RFC 7643 section 4.2 identifies it."""
    return [{**member, "$ref": f"{base_url}/Users/{quote(str(member['value']), safe='')}"} for member in members]


def _without_paths(operations: Sequence[JsonObject]) -> Iterator[JsonObject]:
    """Yields the operations with objects instead of paths: what is replaced or cleared together, then the others.

    A removal of members keeps its path, because RFC 7644 section 3.5.2.2 has no other form for it.
    """
    together: JsonObject = {}
    others: list[JsonObject] = []
    for operation in operations:
        path = operation.get("path")
        if _is_about_members(operation) and operation.get("op") == "remove":
            others.append(operation)
        elif operation.get("op") == "add":
            others.append({"op": "add", "value": _nested(str(path), operation.get("value"))})
        else:
            value = operation.get("value", [] if path in OF_MANY else None)
            together = _joined(together, _nested(str(path), value))
    if together:
        yield {"op": "replace", "value": together}
    yield from others


def _nested(path: str, value: object) -> JsonObject:
    """Returns the object with the value at a path: `name.familyName`, or an attribute of an extension."""
    for extension in (ENTERPRISE, CUSTOM_FIELDS):
        if path.startswith(f"{extension}:"):
            return {extension: {path.removeprefix(f"{extension}:"): value}}
    outer, dot, inner = path.partition(".")
    return {outer: {inner: value}} if dot else {path: value}


def _joined(one: JsonObject, other: JsonObject) -> JsonObject:
    joined = dict(one)
    for name, value in other.items():
        old = joined.get(name)
        joined[name] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
    return joined
