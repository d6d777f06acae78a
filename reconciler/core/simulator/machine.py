"""An in-memory 4me: request → response, with its quirks; used by tests, the convergence check and the sandbox.

Implements SCIM users, groups and discovery as on 4me's developer pages; `quirks` decides what the pages leave open.
Writes reach the people behind SCIM users by `rules`, and `rest` answers requests on people.
Pure: equal requests at equal times give equal answers and ids. Nothing is ever deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from json import dumps
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

from reconciler.core.model.messages import JsonObject, Response
from reconciler.core.simulator.alteration import alter, find_refused, refuse
from reconciler.core.simulator.answer import Answer, Call, Kept, Touched, read_integer
from reconciler.core.simulator.directory import Directory
from reconciler.core.simulator.discovery import discovery, is_discovery, list_response
from reconciler.core.simulator.indexes import Belonging, UniqueNames
from reconciler.core.simulator.linking import LateLinks
from reconciler.core.simulator.patch import merged, patched, with_kept
from reconciler.core.simulator.quirks import AS_DOCUMENTED, Quirks
from reconciler.core.simulator.rejection import Rejection, error_response, invalid_syntax, invalid_value
from reconciler.core.simulator.resource import (
    completed,
    location,
    member_ids,
    shown_group,
    shown_user,
    stamped,
    without_members,
)
from reconciler.core.simulator.rest import answer_call
from reconciler.core.simulator.rules import follow_group, follow_user
from reconciler.core.simulator.schema import Endpoint, naming_attribute
from reconciler.core.simulator.search import search

_PREFIX: Mapping[Endpoint, str] = {"Users": "scim-u-", "Groups": "scim-g-"}
_DIGITS_AT_MOST = 12


class _Write(NamedTuple):
    endpoint: Endpoint
    resource_id: str
    method: str
    body: JsonObject
    now: datetime


class Simulator:
    """One account. `users` and `groups` hold the SCIM resources by id, in the order of lists.

    `directory` holds the people behind them. Adopted resources trigger no rule, because they existed before.
    """

    def __init__(
        self,
        quirks: Quirks = AS_DOCUMENTED,
        users: Iterable[JsonObject] = (),
        groups: Iterable[JsonObject] = (),
        directory: Directory | None = None,
    ) -> None:
        self.quirks = quirks
        self.directory = directory or Directory()
        self.users: dict[str, JsonObject] = {}
        self.groups: dict[str, JsonObject] = {}
        self._belonging = Belonging()
        self._late = LateLinks(quirks.people)
        self._names = UniqueNames()
        self._last_number: dict[Endpoint, int] = {"Users": 0, "Groups": 0}
        self.adopt("Users", users)
        self.adopt("Groups", groups)

    def adopt(self, endpoint: Endpoint, resources: Iterable[JsonObject]) -> Touched:
        """Stores existing resources with their ids, and adds what 4me adds: meta, schemas and missing ids.

        Raises a Rejection if a group's members have the wrong shape.
        """
        taken: list[tuple[Endpoint, str]] = []
        for resource in resources:
            given = resource.get("id")
            resource_id = given if isinstance(given, str) and given else self._next_id(endpoint)
            self._keep(endpoint, resource_id, completed(endpoint, resource_id, resource))
            self._last_number[endpoint] = max(self._last_number[endpoint], _number(endpoint, resource_id))
            taken.append((endpoint, resource_id))
        return tuple(taken)

    def answer(self, method: str, target: str, body: object, now: datetime) -> Answer:
        """Answers a request: `target` is path and query below the SCIM base, `body` parsed JSON, `now` an aware time.

        Never raises: a fault of the request becomes an error response.
        """
        linked = self._link_late(now)
        try:
            answer = self._routed(method.upper(), target, body, now)
        except Rejection as rejection:
            return Answer(error_response(rejection, self.quirks.error_shape), linked)
        return replace(answer, touched=(*linked, *answer.touched, *self.follow(answer.touched, now)))

    def follow(self, written: Touched, now: datetime) -> Touched:
        """Applies the rules behind SCIM to written users and groups; returns the records that they changed."""
        if self.quirks.people.links == "never":
            return ()
        users = [key for kind, key in written if kind == "Users"]
        if self.quirks.people.links == "later":
            self._late.add(users, now)
            users = []
        people = [follow_user(self.directory, self.users[key], now) for key in users]
        places = [follow_group(self.directory, self.groups[key], now) for kind, key in written if kind == "Groups"]
        return tuple(item for items in (*people, *places) for item in items)

    def answer_rest(self, call: Call) -> Answer:
        """Answers an authenticated call of 4me's REST API. Never raises."""
        linked = self._link_late(call.now)
        try:
            answer = answer_call(self.directory, call, self.quirks.people)
        except Rejection as rejection:
            return Answer(error_response(rejection, "rest"), linked)
        return replace(answer, touched=(*linked, *answer.touched))

    def _link_late(self, now: datetime) -> Touched:
        """Links the users whose turn has come to their people; returns the records that changed."""
        due = self._late.take_due(now) if self._late.waiting else []
        return tuple(item for key in due for item in follow_user(self.directory, self.users[key], now))

    def _routed(self, method: str, target: str, body: object, now: datetime) -> Answer:
        path, _, query = target.partition("?")
        match [unquote(segment) for segment in path.strip("/").split("/")]:
            case [name] if is_discovery(name):
                return _discovered(method, name, None)
            case [name, resource_id] if is_discovery(name):
                return _discovered(method, name, resource_id)
            case [("Users" | "Groups") as endpoint]:
                return self._collection(method, endpoint, dict(parse_qsl(query)), body, now)
            case [("Users" | "Groups") as endpoint, resource_id]:
                return self._single(method, endpoint, resource_id, body, now)
            case _:
                raise Rejection(404, f"there is no {path}")

    def _collection(
        self, method: str, endpoint: Endpoint, query: Mapping[str, str], body: object, now: datetime
    ) -> Answer:
        match method:
            case "GET":
                return Answer(self._listed(endpoint, query))
            case "POST":
                return self._created(endpoint, _object(body), now)
            case _:
                raise _not_allowed(method)

    def _single(self, method: str, endpoint: Endpoint, resource_id: str, body: object, now: datetime) -> Answer:
        if method not in ("GET", "PUT", "PATCH"):
            raise _not_allowed(method)
        if resource_id not in self.kept(endpoint):
            raise Rejection(404, f"there is no {endpoint}/{resource_id}")
        if method == "GET":
            return Answer(Response(200, self._shown(endpoint, self.kept(endpoint)[resource_id])))
        return self._updated(_Write(endpoint, resource_id, method, _object(body), now))

    def _listed(self, endpoint: Endpoint, query: Mapping[str, str]) -> Response:
        """Returns a page (4me: SCIM users, pagination): `itemsPerPage` is the limit, even if fewer rows follow."""
        count = self._count(read_integer(query, "count", self.quirks.page_limit))
        # RFC 7644 section 3.4.2.4: a start below 1 counts as 1.
        start = max(1, read_integer(query, "startIndex", 1))
        found = search(endpoint, self.kept(endpoint).values(), query.get("filter", ""), self.quirks.search)

        page = [self._shown_in_list(endpoint, resource) for resource in found[start - 1 : start - 1 + count]]
        listed = list_response(page, total=len(found), start=start, items_per_page=self.quirks.page_limit)
        return Response(200, listed)

    def _count(self, requested: int) -> int:
        limit = self.quirks.page_limit
        if self.quirks.out_of_range_count == "refuse" and not 1 <= requested <= limit:
            raise invalid_value("count", f"must be from 1 to {limit}")
        return min(max(1, requested), limit)

    def _created(self, endpoint: Endpoint, body: JsonObject, now: datetime) -> Answer:
        fresh: JsonObject = {"active": True} if endpoint == "Users" else {}
        new = merged(endpoint, fresh, body, "replace")
        self._check(endpoint, {}, new)
        resource_id = self._next_id(endpoint)
        new = completed(endpoint, resource_id, stamped(self._obeyed(endpoint, {}, new), now))

        self._keep(endpoint, resource_id, new)
        headers = {"Location": location(endpoint, resource_id)}
        return Answer(Response(201, self._shown(endpoint, new), headers), ((endpoint, resource_id),))

    def _updated(self, write: _Write) -> Answer:
        endpoint, old = write.endpoint, self.kept(write.endpoint)[write.resource_id]
        if write.method == "PATCH":
            new = patched(endpoint, old, write.body)
        else:
            new = merged(endpoint, old, write.body, "replace")
        self._check(endpoint, old, new)
        new = self._obeyed(endpoint, old, new)
        changes = _differ(old, new)

        if changes:
            new = stamped(new, write.now)
            self._keep(endpoint, write.resource_id, new)
        touched: Touched = ((endpoint, write.resource_id),) if changes else ()
        if write.method == "PATCH" and self.quirks.patch_answers == "nothing":
            return Answer(Response(204), touched)
        return Answer(Response(200, self._shown(endpoint, new)), touched)

    def _check(self, endpoint: Endpoint, old: JsonObject, new: JsonObject) -> None:
        """Raises a Rejection if the resource may not be stored as `new`."""
        refused = find_refused(endpoint, old, new, self.quirks.refuses) if self.quirks.refuses else None
        if refused is not None:
            raise refuse(refused, self.quirks.refused_with, names_it=self.quirks.names_refused)
        name = naming_attribute(endpoint).name
        if name not in new:
            raise invalid_value(name, "is required")
        if endpoint == "Users" and "active" not in new:
            raise invalid_value("active", "can't be cleared")
        wanted = self._names.fold(endpoint, new)
        if wanted != self._names.fold(endpoint, old) and self._names.is_taken(endpoint, wanted, self.kept(endpoint)):
            status = 409 if self.quirks.duplicates == "conflict" else 500
            raise Rejection(status, f"{name} is taken: {new[name]}", scim_type="uniqueness", attribute=name)
        unknown = (member_ids(new) - member_ids(old)) - self.users.keys() if endpoint == "Groups" else set()
        if unknown:
            raise invalid_value("members", f"has an unknown user: {min(unknown)}")

    def _obeyed(self, endpoint: Endpoint, old: JsonObject, new: JsonObject) -> JsonObject:
        """Returns `new` without the changes that the quirks drop, and with the texts that they store instead."""
        for name in sorted(self.quirks.ignores):
            new = with_kept(endpoint, new, old, name)
        return alter(endpoint, new, self.quirks.alters)

    def kept(self, kind: Kept) -> dict[str, JsonObject]:
        """Returns all stored resources or records of a kind, by id."""
        match kind:
            case "Users":
                return self.users
            case "Groups":
                return self.groups
            case _:
                return self.directory.records[kind]

    def _keep(self, endpoint: Endpoint, resource_id: str, new: JsonObject) -> None:
        kept = self.kept(endpoint)
        if endpoint == "Groups":
            self._belonging.move(resource_id, member_ids(kept.get(resource_id, {})), member_ids(new))
        kept[resource_id] = new
        self._names.keep(endpoint, resource_id, new)

    def _shown(self, endpoint: Endpoint, resource: JsonObject) -> JsonObject:
        if endpoint == "Groups":
            return shown_group(resource, self.users)
        groups = self._belonging.of(str(resource["id"])) if self.quirks.tells_groups else []
        return shown_user(resource, self.users, [self.groups[group] for group in groups])

    def _shown_in_list(self, endpoint: Endpoint, resource: JsonObject) -> JsonObject:
        if endpoint == "Groups" and not self.quirks.members_in_lists:
            return without_members(resource)
        return self._shown(endpoint, resource)

    def _next_id(self, endpoint: Endpoint) -> str:
        kept = self.kept(endpoint)
        while True:
            self._last_number[endpoint] += 1
            resource_id = f"{_PREFIX[endpoint]}{self._last_number[endpoint]:06}"
            if resource_id not in kept:
                return resource_id


def _discovered(method: str, name: str, resource_id: str | None) -> Answer:
    if method != "GET":
        raise _not_allowed(method)
    document = discovery(name, resource_id)
    if document is None:
        raise Rejection(404, f"there is no {name}/{resource_id}")
    return Answer(Response(200, document))


def _not_allowed(method: str) -> Rejection:
    # Microsoft's tutorial: 4me supports no DELETE. 4me's own pages document one. This program never sends it.
    if method == "DELETE":
        return Rejection(501, "nothing is ever deleted here")
    return Rejection(405, f"{method} is not supported here")


def _object(body: object) -> JsonObject:
    if not isinstance(body, dict):
        raise invalid_syntax("the body must be a JSON object")
    return body


def _differ(old: JsonObject, new: JsonObject) -> bool:
    # Compared as JSON, because True == 1 in Python.
    return dumps(old, sort_keys=True) != dumps(new, sort_keys=True)


def _number(endpoint: Endpoint, resource_id: str) -> int:
    """Returns the number of an id that the counter made, 0 for any other id."""
    digits = resource_id.removeprefix(_PREFIX[endpoint])
    return int(digits) if len(digits) <= _DIGITS_AT_MOST and digits.isdecimal() else 0
