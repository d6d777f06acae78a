"""A service with odd habits in front of the embedded 4me: what real services do, one habit at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode

from reconciler.core.model.messages import JsonObject, Response
from reconciler.core.simulator.quirks import AS_DOCUMENTED, Quirks
from reconciler.sandbox.app import make_app
from reconciler.sandbox.store import Store
from tests.cli.office import TOKEN, Office

LISTED = "Resources"
FIRST_GROUP = 1000


@dataclass(frozen=True)
class Habits:
    """The habits of a service; each is off unless given.

    `hides` names attributes that no answer has (`active=false` only if it is false), `lists_hide` those that lists
    leave out. `unlisted` are userNames of users that no list has, and whose name is taken all the same.
    """

    refuses_count: int = 0
    past_the_end: int = 0
    total: int | None = None
    number_ids: bool = False
    shouts_members: bool = False
    wants_ref: bool = False
    wants_no_path: bool = False
    wants_operations: bool = False
    wants_value_lists: bool = False
    most_members: int = 10**9
    too_many: tuple[int, str] = (413, "")
    hides: tuple[str, ...] = ()
    lists_hide: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()


@dataclass
class OddStore:
    """Answers as the store does, and by its habits; `bodies` are the writes that were taken."""

    store: Store
    habits: Habits
    bodies: list[tuple[str, Any]] = field(default_factory=list)

    def answer(self, method: str, target: str, body: Any, now: datetime, *, quirks: Quirks = AS_DOCUMENTED) -> Response:
        path, _, query = target.partition("?")
        params = dict(parse_qsl(query))
        refusal = self._refused(method, path, params, body)
        if refusal:
            return refusal
        if self.habits.number_ids:
            path, body = _with_store_ids(path), _with_store_ids_in(path, body)
        response = self.store.answer(method, f"{path}?{urlencode(params)}" if query else path, body, now, quirks=quirks)
        if response.succeeded and method != "GET":
            self.bodies.append((method, body))
        return Response(response.status, self._shown(response.body), response.headers)

    def _refused(self, method: str, path: str, params: Mapping[str, str], body: Any) -> Response | None:
        habits = self.habits
        if habits.refuses_count and "count" in params:
            return _refuse(habits.refuses_count, "count is not supported")
        total = len(self.store.simulator().users) if habits.total is None else habits.total
        if habits.past_the_end and path == "/Users" and int(params.get("startIndex", 1)) > max(1, total):
            return _refuse(habits.past_the_end, "not now")
        return self._refused_write(path, body) if method in {"PATCH", "POST"} and isinstance(body, dict) else None

    def _refused_write(self, path: str, body: JsonObject) -> Response | None:
        habits, operations = self.habits, body.get("Operations")
        listed: list[Any] = operations if isinstance(operations, list) else []
        members = _members_of(body)
        if habits.wants_operations and not listed and path.count("/") > 1:
            return _refuse(400, "Operations required")
        if habits.wants_ref and any("$ref" not in member for member in members):
            return _refuse(400, "each member needs a $ref")
        if habits.wants_no_path and any("path" in one and one["op"] != "remove" for one in listed):
            return _refuse(400, "the attribute path is not allowed here")
        if habits.wants_value_lists and any("[" in str(one.get("path")) for one in listed):
            return _refuse(501, "not implemented")
        if len(members) + sum("[" in str(one.get("path")) for one in listed) > habits.most_members:
            return _refuse(*habits.too_many)
        return None

    def _shown(self, body: Any) -> Any:
        if isinstance(body, dict) and LISTED in body:
            rows = [self._row(row, self.habits.lists_hide) for row in body[LISTED]]
            kept = [row for row in rows if row.get("userName") not in self.habits.unlisted]
            total = body["totalResults"] - (len(rows) - len(kept)) if self.habits.total is None else self.habits.total
            return {**body, LISTED: kept, "totalResults": total}
        return self._row(body, ()) if isinstance(body, dict) and "id" in body else body

    def _row(self, row: JsonObject, more: tuple[str, ...]) -> JsonObject:
        hidden = {*self.habits.hides, *more}
        shown = {name: value for name, value in row.items() if name not in hidden}
        if f"active={str(row.get('active')).lower()}" in hidden:
            shown.pop("active", None)
        if self.habits.shouts_members and isinstance(members := shown.get("members"), list):
            shown["members"] = [{**member, "value": member["value"].upper()} for member in members]
        return cast("JsonObject", _numbered(shown)) if self.habits.number_ids else shown


def behave(office: Office, habits: Habits) -> OddStore:
    """Gives the account of an office those habits from now on."""
    store = OddStore(office.store, habits)
    office.app = make_app(cast("Store", store), now=lambda: datetime.now(UTC), token=TOKEN)
    return store


def _refuse(status: int, detail: str) -> Response:
    return Response(status, {"status": str(status), "detail": detail})


def _members_of(body: JsonObject) -> list[Any]:
    """Returns the members that a write adds, or removes by a list."""
    found: list[Any] = [*cast("list[Any]", body.get("members", []))]
    for operation in cast("list[Any]", body.get("Operations", [])):
        value = operation.get("value")
        if operation.get("path") == "members" and isinstance(value, list):
            found += value
        elif "path" not in operation and isinstance(value, dict):
            found += value.get("members", [])
    return found


def _numbered(value: Any) -> Any:
    """Returns a document in which each id of the embedded 4me is a number, of groups a higher one."""
    if isinstance(value, dict):
        return {name: _number(part) if name in {"id", "value"} else _numbered(part) for name, part in value.items()}
    return [_numbered(item) for item in value] if isinstance(value, list) else value


def _number(value: Any) -> Any:
    of_store = isinstance(value, str) and value.startswith(("scim-u-", "scim-g-"))
    if not of_store:
        return _numbered(value)
    return int(value.rsplit("-", 1)[1]) + (FIRST_GROUP if value.startswith("scim-g-") else 0)


def _with_store_ids(path: str) -> str:
    _, kind, *rest = path.split("/")
    return f"/{kind}/{_store_id(rest[0], kind)}" if rest else path


def _with_store_ids_in(path: str, body: Any) -> Any:
    """Returns the body with the ids of the store: members and managers are users."""
    if isinstance(body, dict):
        return {name: _with_store_ids_in(path, part) for name, part in body.items()} | (
            {"value": _store_id(body["value"])} if str(body.get("value")).isdecimal() else {}
        )
    return [_with_store_ids_in(path, item) for item in body] if isinstance(body, list) else _filtered(body)


def _filtered(text: Any) -> Any:
    """Returns a path such as `members[value eq "7"]` with the id of the store."""
    prefix = 'members[value eq "'
    if isinstance(text, str) and text.startswith(prefix):
        return f'{prefix}{_store_id(text.removeprefix(prefix).removesuffix(chr(34) + "]"))}"]'
    return text


def _store_id(number: Any, kind: str = "Users") -> str:
    return f"scim-u-{int(number):06}" if kind == "Users" else f"scim-g-{int(number) - FIRST_GROUP:06}"
