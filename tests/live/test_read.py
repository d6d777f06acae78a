"""Reads are complete, or their certificate has the reason: no incomplete state looks complete."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.changes.plan import Plan, plan_to_json
from reconciler.core.declarations.tenant import Guardrails, Tenant, Window
from reconciler.core.model.resources import DesiredUser, Key
from reconciler.core.model.states import Certificate, DesiredState, LiveState
from reconciler.core.safety.make_plan import PlanInput, make_plan
from reconciler.core.scim.pages import CHANGES, LIES
from reconciler.core.scim.wire import DIALECTS
from reconciler.errors import NotAnAnswer, Source, Unreachable
from reconciler.live.read import read_snapshot
from reconciler.live.snapshot import Snapshot, to_live_state
from reconciler.report.render import render_plan
from tests.live.service import Service, reply

WRONG_LISTS = f"Users: {LIES}"
Resource: TypeAlias = dict[str, Any]
Odd: TypeAlias = Callable[[httpx.Request], httpx.Response | None]


def users(count: int) -> list[Resource]:
    return [{"id": f"u{number}", "userName": f"user{number}@example.com"} for number in range(1, count + 1)]


def groups(count: int) -> list[Resource]:
    return [
        {"id": f"g{number}", "displayName": f"Group {number}", "members": [{"value": f"u{number}"}]}
        for number in range(1, count + 1)
    ]


def normal(_request: httpx.Request) -> None:
    """Answers as usual."""


@dataclass
class Account:
    """Lists in pages of 25 and leaves members out of them, as 4me does; what `odd` answers goes before all that."""

    users: Sequence[Resource] = ()
    groups: Sequence[Resource] = ()
    odd: Odd = normal
    limit: int = 25
    seen: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        oddly = self.odd(request)
        return oddly if oddly is not None else self.as_it_is(request)

    def as_it_is(self, request: httpx.Request) -> httpx.Response:
        kind, _, live_id = request.url.path.removeprefix("/scim/v2/").partition("/")
        kept = self.users if kind == "Users" else self.groups
        if live_id:
            return reply(next(one for one in kept if one["id"] == live_id))
        start, count = int(request.url.params["startIndex"]), int(request.url.params.get("count", self.limit))
        page = kept[start - 1 : start - 1 + min(count, self.limit)]
        rows = [{name: value for name, value in one.items() if name != "members"} for one in page]
        return reply({"totalResults": len(kept), "itemsPerPage": self.limit, "Resources": rows})


def read(account: Account, dialect: str = "4me") -> tuple[Snapshot, Certificate, Service]:
    service = Service(account)

    async def asked() -> tuple[Snapshot, Certificate]:
        async with service.client() as client:
            return await read_snapshot(client, DIALECTS[dialect])

    snapshot, certificate = asyncio.run(asked())
    return snapshot, certificate, service


def read_state(account: Account) -> LiveState:
    snapshot, certificate, _service = read(account)
    return to_live_state(snapshot, certificate)


def on(path: str, answer: httpx.Response | Callable[[], httpx.Response], **params: str) -> Odd:
    """Gives that answer to requests for a path (with those parameters), and answers others as usual."""

    def odd(request: httpx.Request) -> httpx.Response | None:
        asked = request.url.path == f"/scim/v2{path}"
        if asked and all(request.url.params.get(name) == value for name, value in params.items()):
            return answer() if callable(answer) else answer
        return None

    return odd


def faults(account: Account) -> tuple[str, ...]:
    state = read_state(account)
    assert state.certificate.complete is (not state.certificate.faults)
    return state.certificate.faults


def later_pages(account: Account, spoil: Callable[[Sequence[Resource]], Sequence[Resource]]) -> Odd:
    """Changes all pages of users except the first."""

    def odd(request: httpx.Request) -> httpx.Response | None:
        if request.url.path != "/scim/v2/Users" or request.url.params["startIndex"] == "1":
            return None
        listed = json.loads(account.as_it_is(request).content)
        return page(listed["totalResults"], list(spoil(listed["Resources"])))

    return odd


def page(total: Any, rows: Any) -> httpx.Response:
    return reply({"totalResults": total, "Resources": rows})


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (1, 1), (24, 1), (25, 2), (26, 2), (75, 4), (260, 11)])
def test_all_pages_are_read_and_no_more(count: int, pages: int) -> None:
    """From 1, in steps of what came, 25 a page; after whole pages only, one look whether the total told all."""
    snapshot, certificate, service = read(Account(users(count)))

    assert users(count) == sorted(snapshot.users, key=lambda one: int(one["id"][1:]))  # type: ignore[index]
    assert (True, count, 0, pages + 1) == (
        certificate.complete,
        certificate.users,
        certificate.groups,
        certificate.requests,
    )
    assert pages == sum(asked.startswith("GET /Users?") for asked in service.asked)


def test_a_group_is_asked_for_its_members() -> None:
    """Lists leave them out: one request for each group."""
    state = read_state(Account(users(3), groups(2)))

    assert [{"u1"}, {"u2"}] == [set(group.members) for group in state.groups]
    assert (True, 4) == (state.certificate.complete, state.certificate.requests)


def test_a_group_that_is_listed_with_its_members_is_not_asked_again() -> None:
    """Other services put them into lists."""
    listed = on("/Groups", page(2, groups(2)))

    state = read_state(Account(users(3), groups(2), odd=listed))

    assert ([{"u1"}, {"u2"}], 2) == ([set(one.members) for one in state.groups], state.certificate.requests)


def test_a_dialect_says_how_many_to_ask_for() -> None:
    """The RFC's services give more at once."""
    _snapshot, certificate, service = read(Account(users(150), limit=100), "rfc7644")

    assert (True, 3) == (certificate.complete, certificate.requests)
    assert "GET /Users?startIndex=1&count=100" == service.asked[0]


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(5)))
def test_pages_may_arrive_in_any_order(order: list[int]) -> None:
    """The later pages are asked for at once, and the state is the same."""
    ready: list[asyncio.Event] = []
    account = Account(users(140))

    async def answer(request: httpx.Request) -> httpx.Response:
        if not ready:
            ready.extend(asyncio.Event() for _ in order)
        number = int(request.url.params["startIndex"]) // 25
        if request.url.path == "/scim/v2/Users" and number:
            place = order.index(number - 1)
            if place:
                await ready[place - 1].wait()
            ready[place].set()
        return account(request)

    async def asked() -> tuple[Snapshot, Certificate]:
        async with Service(answer).client() as client:
            return await read_snapshot(client, DIALECTS["4me"])

    snapshot, certificate = asyncio.run(asked())

    assert certificate.complete
    assert [one["id"] for one in users(140)] == [one["id"] for one in snapshot.users]


def test_a_short_page_is_a_fault() -> None:
    """20 of 25 rows came, however often it is asked: five people are missing, and nobody left."""
    account = Account(users(60))
    account.odd = later_pages(account, lambda rows: rows[:20])

    assert ("Users: 60 were announced and 55 came", WRONG_LISTS) == faults(account)


def test_a_first_page_that_is_short_only_makes_the_pages_smaller() -> None:
    """A service may give fewer than asked; what came is what is advanced by."""
    state = read_state(Account(users(60), limit=10))

    assert (True, 60) == (state.certificate.complete, len(state.users))


def test_the_last_rows_again_past_the_end_are_no_fault() -> None:
    """One real service answers so (SERVERS): nobody new is among them."""
    again = on("/Users", page(50, users(50)[25:]), startIndex="51")

    state = read_state(Account(users(50), odd=again))

    assert (True, 50) == (state.certificate.complete, len(state.users))


@pytest.mark.parametrize("status", [401, 403, 409, 416, 429, 500, 501, 502, 503, 504])
@pytest.mark.parametrize("announced", [50, 65], ids=["as announced", "more than announced"])
def test_a_page_past_the_end_that_is_refused_otherwise_is_a_fault(status: int, announced: int) -> None:
    """The service did not answer whether 15 more users exist: nobody may look as if they had no access yet."""
    lying = Account(users(65))

    def odd(request: httpx.Request) -> httpx.Response | None:
        if request.url.path != "/scim/v2/Users":
            return None
        if request.url.params["startIndex"] == "51":
            return reply({"detail": "not now"}, status)
        return reply({**json.loads(lying.as_it_is(request).content), "totalResults": 50})

    lying.odd = odd
    if announced == 50:
        lying.users = users(50)

    [fault] = faults(lying)

    assert fault.startswith("Users after the last page: ")
    assert str(status) in fault


def test_an_empty_page_past_the_end_with_a_higher_total_is_a_reason_to_look_again() -> None:
    """The service announces 65 there, and 50 before: pages that overlap show where the list ends."""
    account = Account(users(50), odd=on("/Users", page(65, []), startIndex="51"))

    snapshot, certificate, service = read(account)

    assert (50, ()) == (len(snapshot.users), certificate.faults)
    assert "GET /Users?startIndex=49&count=25" in service.asked


def test_an_empty_page_past_the_end_with_a_total_of_zero_is_no_fault() -> None:
    """Some services count the rows of that page."""
    state = read_state(Account(users(50), odd=on("/Users", page(0, []), startIndex="51")))

    assert (True, 50) == (state.certificate.complete, len(state.users))


def test_pages_that_are_smaller_than_documented_are_looked_past_too() -> None:
    """Two pages of 20 in the dialect of 25: the third shows that the total was too low."""
    lying = Account(users(45), limit=20)
    lying.odd = lambda request: (
        reply({**json.loads(lying.as_it_is(request).content), "totalResults": 40})
        if request.url.path == "/scim/v2/Users"
        else None
    )

    assert "Users: 40 were announced and more exist" == faults(lying)[0]


@pytest.mark.parametrize("status", [400, 500, 501])
def test_a_count_that_is_refused_is_left_out_for_the_rest_of_the_read(status: int) -> None:
    """It is sent once, no wait is spent on it, and the pages have the size that the service chooses."""
    account = Account([*users(60)], groups(1), limit=20)
    account.odd = lambda request: reply({"detail": "count"}, status) if "count" in request.url.params else None

    snapshot, certificate, service = read(account)

    assert (60, 1, ()) == (len(snapshot.users), len(snapshot.groups), certificate.faults)
    assert ["GET /Users?startIndex=1&count=25", "GET /Users?startIndex=1"] == service.asked[:2]
    assert 1 == sum("count=" in path for path in service.asked)
    assert [] == service.time.waits


@pytest.mark.parametrize(
    ("status", "said", "unsaid"),
    [
        (404, "so no list is there: check the tenant's url", "the service fails"),
        (405, "so no list is there: check the tenant's url", "the service fails"),
        (500, "the address is right and the service fails", "check the tenant's url"),
        (503, "the address is right and the service fails", "check the tenant's url"),
        (429, "the address is right and the service fails", "check the tenant's url"),
        (400, "the service refuses the list, also without `count`", "check the tenant's url"),
        (403, "the token may not read it", "check the tenant's url"),
    ],
)
def test_a_refused_list_names_the_address_or_the_service(status: int, said: str, unsaid: str) -> None:
    """A failing service is no wrong address."""
    with pytest.raises(Unreachable) as caught:
        read(Account(users(3), odd=on("/Users", lambda: reply({"detail": "no"}, status))))

    assert said in str(caught.value)
    assert unsaid not in str(caught.value)


@pytest.mark.parametrize("status", [400, 404])
def test_a_refusal_past_the_end_is_no_fault(status: int) -> None:
    """All that was announced came: a service that wants no question beyond it could otherwise never be applied to."""
    refusing = on("/Users", reply({"detail": "out of range"}, status), startIndex="51")

    state = read_state(Account(users(50), odd=refusing))

    assert (True, 50) == (state.certificate.complete, len(state.users))


@pytest.mark.parametrize("odd", [{"id": []}, {"id": {}}, {"id": None}, {}], ids=str)
def test_a_row_past_the_end_that_has_no_id_is_a_fault(odd: Resource) -> None:
    """Somebody is there, whoever it is."""
    assert () != faults(Account(users(50), odd=on("/Users", page(50, [odd]), startIndex="51")))


def test_an_empty_page_is_a_fault() -> None:
    """Announced and not given."""
    account = Account(users(60))
    account.odd = later_pages(account, lambda _rows: [])

    assert ("Users: 60 were announced and 25 came", WRONG_LISTS) == faults(account)


def test_an_empty_first_page_with_a_total_is_a_fault() -> None:
    """An account of 60 that shows nobody is not an empty account."""
    assert ("Users: 60 were announced and 0 came", WRONG_LISTS) == faults(Account(odd=on("/Users", page(60, []))))


def test_a_page_that_comes_again_is_a_fault() -> None:
    """A service that ignores `startIndex` shows the first 25 for ever."""
    found = faults(Account(users(60), odd=on("/Users", page(60, users(25)))))

    assert ("Users: u1 and 49 more came twice", "Users: 60 were announced and 25 came", WRONG_LISTS) == found


def test_a_row_that_comes_twice_is_a_fault() -> None:
    """A service that counts from 0 on later pages shows one again, and never the last."""

    def from_zero(request: httpx.Request) -> httpx.Response | None:
        start = int(request.url.params["startIndex"])
        return (
            page(50, users(50)[start - 2 : start + 23]) if request.url.path == "/scim/v2/Users" and start > 1 else None
        )

    found = faults(Account(users(50), odd=from_zero))

    assert ("Users: u25 came twice", "Users: 50 were announced and 49 came", WRONG_LISTS) == found


def test_a_row_that_comes_twice_is_a_fault_even_if_the_number_fits() -> None:
    """Two with one id are one too many, whoever of them it is."""
    simulators = [*users(25), {"id": "u1", "userName": "other@example.com"}]

    assert any("u1 came twice" in fault for fault in faults(Account(simulators)))


def test_a_total_that_changes_at_every_look_is_a_fault() -> None:
    """Somebody is removed before every second page: the account does not hold still."""
    kept = users(60)

    def fewer(request: httpx.Request) -> None:
        if request.url.path == "/scim/v2/Users" and request.url.params["startIndex"] != "1":
            kept.pop(0)

    found = faults(Account(kept, odd=fewer))

    assert "Users: the total changed from 60 to 59 during the read" in found
    assert f"Users: {CHANGES}" == found[-1]


def test_a_total_smaller_than_what_came_is_a_fault() -> None:
    """One that says 5 and shows 25 is not to be believed about the rest."""
    assert ("Users: 5 were announced and 25 came", WRONG_LISTS) == faults(Account(odd=on("/Users", page(5, users(25)))))


def test_a_total_that_leaves_people_out_is_a_fault() -> None:
    """One real service says 50 where there are 300 (SERVERS): a read that looks whole would lack 250."""

    def capped(request: httpx.Request) -> httpx.Response | None:
        if request.url.path != "/scim/v2/Users":
            return None
        start = int(request.url.params["startIndex"])
        return page(50, users(300)[start - 1 : start + 24])

    assert () != faults(Account(odd=capped))


@pytest.mark.parametrize("nameless", [{"userName": "x"}, {"id": None}, {"id": 5}, {"id": ""}, {}], ids=str)
def test_a_resource_without_an_id_is_a_fault(nameless: Resource) -> None:
    """It can't be told apart from the others."""
    found = faults(Account([*users(3), nameless]))

    assert any("a resource has no id" in fault for fault in found)


def test_a_page_that_never_comes_is_a_fault() -> None:
    """503 for good: the rest is read, and the state says what is missing."""
    state = read_state(Account(users(60), odd=on("/Users", httpx.Response(503), startIndex="26")))

    assert (
        "Users from 26: answered 503 in 5 tries",
        "Users: 60 were announced and 35 came",
    ) == state.certificate.faults
    assert 35 == len(state.users)


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (lambda: httpx.Response(200, content=b"<html>"), "answers HTML where SCIM was expected"),
        (lambda: httpx.Response(200, content=b'{"totalResults": 60, "Resou'), "27 bytes that are not JSON"),
        (lambda: httpx.Response(200, content=b""), "a SCIM list was expected, not nothing"),
        (lambda: reply([]), "a SCIM list was expected, not list"),
        (lambda: page("60", []), "totalResults is str '60' and not a number"),
        (lambda: page(None, []), "totalResults is nothing and not a number"),
        (lambda: page(60, {"id": "u1"}), "Resources is not a list of resources"),
        (lambda: page(60, ["u1"]), "Resources is not a list of resources"),
        (lambda: reply({"detail": "no"}, 403), "answered 403 no"),
        (lambda: httpx.Response(302, headers={"Location": "https://evil.example"}), "redirects elsewhere"),
        (lambda: reply({}, 401), "refuses the token (401)"),
    ],
)
def test_a_later_page_that_can_not_be_used_is_a_fault(trouble: Callable[[], httpx.Response], said: str) -> None:
    """Whatever came instead of it."""
    found = faults(Account(users(60), odd=on("/Users", trouble, startIndex="26")))

    assert any(fault.startswith("Users from 26: ") and said in fault for fault in found)
    assert "Users: 60 were announced and 35 came" in found


@pytest.mark.parametrize("kind", ["Users", "Groups"])
@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (lambda: httpx.Response(200, content=b"<html>"), "answers HTML where SCIM was expected"),
        (lambda: httpx.Response(200, content=b'{"totalResults": 60'), "19 bytes that are not JSON"),
        (lambda: httpx.Response(200, content=b""), "a SCIM list was expected, not nothing"),
        (lambda: reply([]), "a SCIM list was expected, not list"),
        (lambda: reply("people"), "a SCIM list was expected, not str 'people'"),
        (lambda: reply({"id": "u1"}), "totalResults is nothing and not a number"),
        (lambda: page("3", []), "totalResults is str '3' and not a number"),
        (lambda: page(3.0, []), "totalResults is float '3.0' and not a number"),
        (lambda: page(True, []), "totalResults is bool 'True' and not a number"),  # noqa: FBT003
        (lambda: page(-1, []), "totalResults is int '-1' and not a number"),
        (lambda: page(1, {"id": "u1"}), "Resources is not a list of resources"),
        (lambda: page(1, "u1"), "Resources is not a list of resources"),
        (lambda: page(1, [None]), "Resources is not a list of resources"),
        (lambda: httpx.Response(503), "answered 503"),
        (lambda: reply({"detail": "may not"}, 403), "answered 403 may not"),
        (lambda: httpx.Response(404, content=b"<html>"), "answered 404"),
    ],
)
def test_without_a_first_page_there_is_no_state(kind: str, trouble: Callable[[], httpx.Response], said: str) -> None:
    """Exit 5, naming the address: not a fault beside nobody."""
    with pytest.raises(Unreachable) as caught:
        read(Account(users(3), groups(2), odd=on(f"/{kind}", trouble)))
    assert said in str(caught.value)
    assert "https://acme.example/scim/v2" in str(caught.value)


@pytest.mark.parametrize("rows", [None, []])
def test_resources_may_be_missing_where_there_are_none(rows: object) -> None:
    """RFC 7644 section 3.4.2: `Resources` is required only if there are any."""
    state = read_state(
        Account(odd=on("/Users", reply({"totalResults": 0} | ({} if rows is None else {"Resources": rows}))))
    )

    assert (True, ()) == (state.certificate.complete, state.users)


def test_null_resources_with_a_total_are_a_fault() -> None:
    """Null is nobody, and somebody was announced."""
    assert ("Users: 3 were announced and 0 came", WRONG_LISTS) == faults(Account(odd=on("/Users", page(3, None))))


@pytest.mark.parametrize("total", [10**9, 10**30], ids=["10^9", "10^30"])
def test_a_total_that_is_absurd_is_not_believed(total: int) -> None:
    """Nobody asks for forty million pages."""
    with pytest.raises(NotAnAnswer, match=f"announces {total} resources in pages of 25: not believed"):
        read(Account(odd=on("/Users", page(total, users(25)))))


def test_a_page_without_end_is_no_answer() -> None:
    """It is cut off while it streams."""

    async def endless() -> Any:
        while True:
            yield b" " * 4 * 1024 * 1024

    with pytest.raises(NotAnAnswer, match="answers more than 64 MiB to one request"):
        read(Account(odd=on("/Users", lambda: httpx.Response(200, content=endless()))))


def test_a_broken_connection_is_no_state() -> None:
    """Nor is one that breaks on every attempt."""

    def broken() -> httpx.Response:
        raise httpx.ReadError("reset")

    with pytest.raises(Unreachable, match="no answer from"):
        read(Account(odd=on("/Groups", broken)))


def test_where_groups_do_not_come_users_are_not_asked_for_any_more() -> None:
    """Of 80 pages only those that were under way; and the reason is the one that is told."""
    service = Service(Account(users(2000), odd=on("/Groups", reply({"detail": "no"}, 403))))

    async def asked() -> None:
        async with service.client(Window(10, 1)) as client:
            await read_snapshot(client, DIALECTS["4me"])

    with pytest.raises(Unreachable, match="answered 403 no"):
        asyncio.run(asked())
    assert 80 > len(service.asked)


def test_a_read_counts_its_own_requests() -> None:
    """Not those that were sent before."""

    async def asked() -> list[int]:
        async with Service(Account(users(3), groups(1))).client() as client:
            return [(await read_snapshot(client, DIALECTS["4me"]))[1].requests for _time in range(2)]

    assert [3, 3] == asyncio.run(asked())


def test_a_group_that_can_not_be_read_hides_no_member_of_another() -> None:
    """Who came meanwhile is asked for all the same, to be shown."""
    late = {"id": "u9", "userName": "late@example.com"}
    listed = [{**groups(1)[0], "members": "u1"}, {"id": "g2", "displayName": "Two", "members": [{"value": "u9"}]}]
    account = Account(
        users(3), odd=lambda one: on("/Groups", page(2, listed))(one) or on("/Users/u9", reply(late))(one)
    )

    assert "u9" in {user.id for user in read_state(account).users}


def test_what_breaks_once_is_read_all_the_same() -> None:
    """A server error, and a connection that broke, are asked again."""
    troubles = [httpx.Response(500), httpx.Response(503, headers={"Retry-After": "2"})]
    state = read_state(Account(users(60), odd=lambda _request: troubles.pop() if troubles else None))

    assert (True, 60, 6) == (state.certificate.complete, len(state.users), state.certificate.requests)


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (lambda: reply({"detail": "gone"}, 404), "answered 404 gone"),
        (lambda: httpx.Response(503), "answered 503"),
        (lambda: httpx.Response(200, content=b"<html>"), "answers HTML"),
        (lambda: httpx.Response(200, content=b""), "answered 200"),
        (lambda: reply([{"id": "g1"}]), "answered 200"),
        (lambda: reply({"id": "g2", "members": []}), "answered 200"),
        (lambda: reply({"members": []}), "answered 200"),
    ],
)
def test_a_group_whose_members_do_not_come_is_a_fault(trouble: Callable[[], httpx.Response], said: str) -> None:
    """A group without members is not a group whose members can't be read."""
    state = read_state(Account(users(3), groups(2), odd=on("/Groups/g1", trouble)))

    [fault] = state.certificate.faults
    assert fault.startswith("Groups: g1")
    assert said in fault
    assert 2 == len(state.groups)


@pytest.mark.parametrize(
    "members", ["u1", {"value": "u1"}, 3, [["u1"]], [{"display": "Alice"}], [{"value": 1}], [None]], ids=str
)
def test_members_that_can_not_be_read_are_a_fault(members: object) -> None:
    """Members of a wrong type are unknown, not empty; else the next plan would add the existing members."""
    answered = reply({"id": "g1", "displayName": "Group 1", "members": members})

    assert () != faults(Account(users(3), groups(1), odd=on("/Groups/g1", answered)))


@pytest.mark.parametrize("roles", ["specialist", {"value": "specialist"}, [{"display": "Specialist"}]], ids=str)
def test_roles_that_can_not_be_read_are_a_fault(roles: object) -> None:
    """Roles are written as a whole set: what is not seen, an account owner too, would be taken away."""
    assert () != faults(Account([*users(2), {"id": "u3", "userName": "c@example.com", "roles": roles}]))


WORK_MAIL: list[dict[str, str | bool | int | float]] = [{"type": "work", "value": "alice@example.com"}]
ALICE = DesiredUser(
    key=Key("user", "alice"),
    source=Source("desired-state/users.yaml", 1),
    attributes={
        "externalId": "alice",
        "userName": "alice@example.com",
        "displayName": "Alice Lee",
        "name.givenName": "Alice",
        "emails": WORK_MAIL,
        "department": "Finance",
        "manager": None,
    },
    in_scope=True,
    reason="everyone is in scope",
)
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ODD_USERS: tuple[Resource, ...] = (
    {"userName": {"value": "alice"}},
    {"displayName": {"de": "Alice"}},
    {"displayName": [["Alice"]]},
    {"displayName": 5},
    {"displayName": "\ud83d"},
    {"name": "Alice Lee"},
    {"name": {"givenName": {"x": 1}}},
    {"emails": "alice@example.com"},
    {"emails": {"value": "alice@example.com"}},
    {"emails": [{"value": {"x": 1}}]},
    {"emails": [None, 5, "alice@example.com"]},
    {"active": {"value": True}},
    {ENTERPRISE: "Finance"},
    {ENTERPRISE: {"department": {"x": 1}, "manager": {"value": 7}}},
    {ENTERPRISE: {"manager": [{"value": "u1"}]}},
    {"meta": "yesterday"},
)


@pytest.mark.parametrize("odd", ODD_USERS, ids=[json.dumps(odd) for odd in ODD_USERS])
@pytest.mark.parametrize("external_id", ["alice", "somebody"])
def test_a_user_of_the_wrong_types_is_planned_with_or_is_a_fault(odd: Resource, external_id: str) -> None:
    """Of a managed user and of a stranger: an attribute that is not as RFC 7643 has it is no reason to crash."""
    live = read_state(
        Account([*users(2), {"id": "u3", "externalId": external_id, "userName": "alice@example.com", **odd}])
    )

    desired = DesiredState("production", {ALICE.key: ALICE}, {})
    gathered = PlanInput(desired, live, Tenant(url="sandbox"), Guardrails(), date(2026, 11, 23))
    plan = make_plan(gathered).plan

    assert plan == Plan.model_validate_json(plan_to_json(plan))
    assert "production" in render_plan(plan, "text")
    assert "production" in render_plan(plan, "markdown")


def test_every_fault_of_both_kinds_is_told() -> None:
    """And all that could be read is there to be shown."""

    def odd(request: httpx.Request) -> httpx.Response | None:
        return on("/Users", httpx.Response(503), startIndex="26")(request) or on("/Groups/g2", httpx.Response(404))(
            request
        )

    state = read_state(Account(users(30), groups(3), odd=odd))

    assert 3 == len(state.certificate.faults)
    assert (25, 3) == (len(state.users), len(state.groups))
    assert (25, 3) == (state.certificate.users, state.certificate.groups)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_damage_to_any_answer_looks_complete(data: st.DataObject) -> None:
    """A row, a page, a total or an id less or more, at random: the read is right, or it is not complete."""
    account = Account(users(60), groups(3))
    target = data.draw(st.integers(0, 7), label="which answer")
    damage = data.draw(st.sampled_from(["cut", "row", "double", "total", "id", "status", "empty"]), label="damage")
    number = 0

    def damaged(request: httpx.Request) -> httpx.Response | None:
        nonlocal number
        number += 1
        return _damage(account.as_it_is(request), damage) if number - 1 == target else None

    account.odd = damaged
    try:
        state = read_state(account)
    except Unreachable:
        return

    if state.certificate.complete:
        assert {one["id"] for one in users(60)} == {user.id for user in state.users}
        assert {"g1": {"u1"}, "g2": {"u2"}, "g3": {"u3"}} == {one.id: set(one.members) for one in state.groups}


def _damage(answered: httpx.Response, damage: str) -> httpx.Response:
    document = json.loads(answered.content)
    rows = document.get("Resources")
    match damage:
        case "cut":
            return httpx.Response(200, content=answered.content[:-5])
        case "status":
            return reply(document, 404)
        case "empty":
            return httpx.Response(200)
        case "row" if rows:
            rows.pop()
        case "double" if rows:
            rows.append(rows[0])
        case "total" if rows:
            document["totalResults"] -= 1
        case "id" if rows:
            del rows[0]["id"]
        case "id":
            document.pop("id", None)
    return reply(document)
