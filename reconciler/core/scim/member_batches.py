"""Writes of groups in parts, because services limit the members, or the bytes, of one request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from itertools import groupby
from typing import Final

from reconciler.core.model.messages import JsonObject, Request, Response
from reconciler.core.scim.forms import operations_of
from reconciler.core.scim.wire import CORE_GROUP, PATCH_OP, Dialect, describe_error, get_request

MOST_MEMBERS: Final = 100  # in one request: a real service calls the 101st invalid, and removes no more than these
_TOO_MANY: Final = re.compile(
    r"too (many|large|big|long)|maximum|\bmax\b|at most|limit|exceed|more than|no more|only \d+", re.IGNORECASE
)


def count_members(request: Request) -> int:
    """Returns the number of members that a request adds and removes."""
    return len(_listed(request)) + sum(map(_weight, operations_of(request)))


def _listed(request: Request) -> list[object]:
    members = request.body.get("members") if request.body else None
    return members if isinstance(members, list) else []


def _weight(operation: JsonObject) -> int:
    """Returns the number of members in an operation; 0 for one on attributes."""
    if not str(operation.get("path")).startswith("members"):
        return 0
    value = operation.get("value")
    return len(value) if isinstance(value, list) else 1


def find_smaller(response: Response, members: int) -> int | None:
    """Returns how many members to send at once after a refusal of their number: half of them; else None.

    413 is such a refusal, and an error whose text is about the number.
    """
    refused = response.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY)
    named = refused and _TOO_MANY.search(describe_error(response)) is not None
    too_many = named or response.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return members // 2 if too_many and members > 1 else None


def count_more_requests(members: int, *, creates: bool) -> int:
    """Returns the requests that a step needs beside its first one, because it is about many members.

    A group that is created in parts is read at the end, to verify it.
    """
    parts = max(0, -(-members // MOST_MEMBERS) - 1)
    return parts + (1 if creates and parts else 0)


def split_create(request: Request, most: int) -> tuple[Request, list[object]]:
    """Returns the request that creates a group with its first members, and the other members."""
    members = _listed(request)
    if request.body is None or len(members) <= most:
        return request, []
    return Request(request.method, request.path, {**request.body, "members": members[:most]}), members[most:]


def add_request(live_id: str, members: Sequence[object], dialect: Dialect) -> Request:
    """Returns the PATCH that adds members to a group, in the standard form of the dialect."""
    path = get_request("Groups", live_id).path
    if dialect.patch == "merge":
        return Request("PATCH", path, {"schemas": [CORE_GROUP], "members": list(members)})
    operation: JsonObject = {"op": "add", "path": "members", "value": list(members)}
    return Request("PATCH", path, {"schemas": [PATCH_OP], "Operations": [operation]})


def split_patch(request: Request, most: int) -> list[Request]:
    """Returns requests with at most `most` members each; the first also has the attributes."""
    if request.body is None or count_members(request) <= most:
        return [request]
    operations = operations_of(request)
    if not operations:
        return list(_split_merge(request, request.body, most))
    others = [operation for operation in operations if not _weight(operation)]
    single = [one for operation in operations for one in _singly(operation)]
    batches = [_together(single[start : start + most]) for start in range(0, len(single), most)]
    batches[0] = [*others, *batches[0]]
    return [Request("PATCH", request.path, {**request.body, "Operations": batch}) for batch in batches]


def _split_merge(request: Request, body: JsonObject, most: int) -> Iterator[Request]:
    members = _listed(request)
    yield Request("PATCH", request.path, {**body, "members": members[:most]})
    for start in range(most, len(members), most):
        part = {"schemas": body.get("schemas"), "members": members[start : start + most]}
        yield Request("PATCH", request.path, part)


def _singly(operation: JsonObject) -> Iterator[JsonObject]:
    """Yields one operation for each member of an operation."""
    value = operation.get("value")
    if not _weight(operation):
        return
    if not isinstance(value, list):
        yield operation
        return
    yield from ({**operation, "value": [member]} for member in value)


def _together(operations: Sequence[JsonObject]) -> list[JsonObject]:
    """Joins neighbouring operations on single members that differ in their value only."""
    joined: list[JsonObject] = []
    for _what, alike in groupby(operations, key=lambda operation: (operation.get("op"), operation.get("path"))):
        first, *more = alike
        values = [value for one in (first, *more) if isinstance(listed := one.get("value"), list) for value in listed]
        joined += [{**first, "value": values}] if values else [first, *more]
    return joined
