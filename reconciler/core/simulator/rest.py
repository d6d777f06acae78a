"""The REST API of the embedded 4me: people and their permissions, `/v1/…`. Does not authenticate.

Source: 4me's REST pages (people, people permissions, pagination). `PeopleQuirks` decides what they leave open.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from urllib.parse import parse_qsl, unquote, urlencode

from reconciler.core.model.messages import JsonObject, Response
from reconciler.core.simulator.answer import Answer, Call, Record, read_integer
from reconciler.core.simulator.directory import Directory, stamped
from reconciler.core.simulator.permissions import (
    PeopleQuirks,
    change_roles,
    permissions_of,
    roles_in,
    shown_permissions,
)
from reconciler.core.simulator.rejection import Rejection, invalid_value

USUAL_PAGE = 20
# 4me names its own host in links. A client that followed one would send its token to a host that can't be reached.
ELSEWHERE = "https://acme.xurrent.example"
_LISTED = ("id", "sourceID", "name", "organization", "site", "manager", "disabled", "created_at", "updated_at")
_COLLECTIONS: Mapping[str, Record] = {"people": "People", "organizations": "Organizations", "sites": "Sites"}
_FILTERS = ("id", "source", "sourceID", "name", "disabled", "employeeID", "primary_email", "supportID")
_CASELESS = frozenset({"primary_email", "supportID"})
_WRITABLE: Mapping[Record, frozenset[str]] = {
    "People": frozenset({"name", "primary_email", "source", "sourceID", "disabled", "job_title", "location", "vip"}),
    "Organizations": frozenset({"name", "disabled"}),
    "Sites": frozenset({"name", "disabled"}),
}


def read_call(method: str, target: str, body: object, account: str, now: datetime) -> Call:
    """Makes the call of a method, path and query below `/v1`."""
    path, _, query = target.partition("?")
    segments = [unquote(segment) for segment in path.strip("/").split("/")]
    return Call(method.upper(), segments, dict(parse_qsl(query, keep_blank_values=True)), body, account, now)


def answer_call(directory: Directory, call: Call, quirks: PeopleQuirks) -> Answer:
    """Answers a call; raises a Rejection if 4me refuses it."""
    match call.path:
        case ["me"]:
            _only(call, "GET")
            return Answer(Response(200, _whole(directory.me)))
        case ["people" | "organizations" | "sites" as name]:
            return _collection(directory, _COLLECTIONS[name], call, quirks)
        case ["people", record_id]:
            _only(call, "GET")
            return Answer(Response(200, _whole(_person(directory, record_id))))
        case ["people", record_id, "permissions"]:
            _only(call, "GET")
            return Answer(Response(200, permissions_of(_person(directory, record_id))))
        case ["people", record_id, "permissions", account]:
            return _permissions(directory, _person(directory, record_id), account, call, quirks)
        case _:
            raise Rejection(404, f"there is no /v1/{'/'.join(call.path)}")


def _only(call: Call, *methods: str) -> None:
    if call.method == "DELETE":  # 4me would revoke; this program must never send it
        raise Rejection(501, "nothing is ever deleted here")
    if call.method not in methods:
        raise Rejection(405, f"{call.method} is not supported here")


def _person(directory: Directory, record_id: str) -> JsonObject:
    person = directory.records["People"].get(record_id)
    if person is None:
        raise Rejection(404, f"there is no person {record_id}")
    return person


def _permissions(directory: Directory, person: JsonObject, account: str, call: Call, quirks: PeopleQuirks) -> Answer:
    """Answers a GET, POST (add) or PATCH (overwrite) of one person's roles in one account."""
    _only(call, "GET", "POST", "PATCH")
    if account != call.account:
        raise Rejection(404, f"there is no account {account} that {call.account} can see")
    if call.method == "GET":
        return Answer(Response(200, shown_permissions(person, account)))
    changed = change_roles(directory, person, call, quirks)
    touched = directory.keep("People", stamped(changed, call.now)) if changed != person else ()
    body = shown_permissions(changed, account) if quirks.writes_answer == "permissions" else None
    return Answer(Response(200 if body else 204, body), touched)


def _collection(directory: Directory, kind: Record, call: Call, quirks: PeopleQuirks) -> Answer:
    _only(call, "GET", "POST")
    if call.method == "GET":
        return Answer(_listed(_chosen(directory, kind, call), call, quirks))
    given = call.body if isinstance(call.body, dict) else {}
    record = {name: value for name, value in given.items() if name in _WRITABLE[kind]}
    if not record.get("name"):
        raise invalid_value("name", "can't be blank")
    touched = directory.keep(kind, stamped(record, call.now))
    made = directory.records[kind][touched[0][1]]
    return Answer(Response(201, _whole(made)), touched)


def _chosen(directory: Directory, kind: Record, call: Call) -> list[JsonObject]:
    """Returns the records that pass every filter, by id; `roles` finds people with any of these roles."""
    found = list(directory.records[kind].values())
    for name in call.query.keys() & set(_FILTERS):
        found = [record for record in found if _has(record, name, call.query[name])]
    if kind == "People" and "roles" in call.query:
        roles = set(call.query["roles"].split(","))
        found = [person for person in found if not roles.isdisjoint(roles_in(person, call.account))]
    return sorted(found, key=_number)


def _has(record: Mapping[str, object], name: str, wanted: str) -> bool:
    value = record.get(name)
    text = str(value).lower() if isinstance(value, bool) else str(value or "")
    return text.casefold() == wanted.casefold() if name in _CASELESS else text == wanted


def _listed(found: list[JsonObject], call: Call, quirks: PeopleQuirks) -> Response:
    """Returns a page, after a cursor (4me today) or by number (4me before), with the next page in `Link`."""
    size = min(max(1, read_integer(call.query, "per_page", USUAL_PAGE)), quirks.page_limit)
    start = _start(found, call.query, size)
    rows = found[start : start + size]
    names = [name for name in call.query.get("fields", "").split(",") if name] or list(_LISTED)
    headers = {"X-Pagination-Per-Page": str(size), "X-Pagination-Total-Entries": str(len(found))}
    if start + size < len(found):
        after = {"page": str(start // size + 2)} if quirks.pages == "numbered" else {"search_after": _cursor(rows[-1])}
        others = {name: value for name, value in call.query.items() if name not in ("page", "search_after")}
        link = f"{ELSEWHERE}/v1/{'/'.join(call.path)}?{urlencode({**others, **after})}"
        headers["Link"] = f'<{link}>; rel="next"'
    return Response(200, [_shown(row, names) for row in rows], headers)


def _start(found: Sequence[JsonObject], query: Mapping[str, str], size: int) -> int:
    if (after := query.get("search_after")) is None:
        return (max(1, read_integer(query, "page", 1)) - 1) * size
    try:
        last = int(urlsafe_b64decode(after))
    except ValueError:
        raise invalid_value("search_after", "is not a cursor") from None
    return sum(_number(record) <= last for record in found)


def _cursor(row: JsonObject) -> str:
    return urlsafe_b64encode(str(row["id"]).encode()).decode()


def _number(record: Mapping[str, object]) -> int:
    return int(str(record["id"]))


def _shown(record: JsonObject, names: Iterable[str]) -> JsonObject:
    whole = _whole(record)
    return {name: whole.get(name) for name in names}


def _whole(record: JsonObject) -> JsonObject:
    """Returns a record as answered, without the fields that only the simulator uses."""
    return {name: value for name, value in record.items() if name not in ("permissions", "groupID", "me")}
