"""An account that changes during a read: moved pages are read again, and no user who stayed is missing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.model.states import Certificate
from reconciler.core.scim.pages import CHANGES
from reconciler.core.scim.wire import DIALECTS, Page
from reconciler.core.simulator.machine import Simulator
from reconciler.core.simulator.quirks import Quirks
from reconciler.errors import NotAnAnswer
from reconciler.live.lists import read_first_page
from reconciler.live.read import read_snapshot
from reconciler.live.snapshot import Snapshot
from tests.live.service import Handler, Service, reply

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
Change = Callable[[Simulator], None]


def gain(name: str) -> Change:
    """Creates a user at the end of the list."""

    def change(simulator: Simulator) -> None:
        simulator.answer("POST", "/Users", {"userName": f"{name}@example.com"}, NOON)

    return change


def gain_first(name: str) -> Change:
    """Creates a user at the start of the list, which moves all others by one."""

    def change(simulator: Simulator) -> None:
        before = dict(simulator.users)
        gain(name)(simulator)
        [new] = [live_id for live_id in simulator.users if live_id not in before]
        created = simulator.users[new]
        simulator.users.clear()
        simulator.users.update({new: created, **before})

    return change


def lose(place: int) -> Change:
    """Removes the user at that position, so that all later ones move up."""

    def change(simulator: Simulator) -> None:
        if simulator.users:
            del simulator.users[list(simulator.users)[place % len(simulator.users)]]

    return change


@dataclass
class Moving:
    """A 4me that changes before the requests with those numbers; `stayed` are the users that exist all the time.

    Only requests of one kind count, because groups are read at the same time as users.
    """

    simulator: Simulator
    changes: Mapping[int, Change]
    kind: str = ""
    stayed: set[str] = field(init=False)
    count: int = 0

    def __post_init__(self) -> None:
        self.stayed = set(self.simulator.users)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().removeprefix("/scim/v2")
        if path.startswith(self.kind):
            change = self.changes.get(self.count)
            self.count += 1
            if change:
                change(self.simulator)
                self.stayed &= set(self.simulator.users)
        answer = self.simulator.answer(request.method, path, None, NOON).response
        return reply(answer.body, answer.status)


def account(people: int, rows: int = 25) -> Simulator:
    """Returns an account with that many users, a group of the first three, and a page size."""
    simulator = Simulator(Quirks(page_limit=rows))
    for number in range(people):
        gain(f"user{number}")(simulator)
    members = [{"value": live_id} for live_id in list(simulator.users)[:3]]
    simulator.answer("POST", "/Groups", {"displayName": "Staff", "members": members}, NOON)
    return simulator


def read(answers: Handler, dialect: str = "4me") -> tuple[set[str], Certificate]:
    """Reads the account. Returns the users that were read, and the certificate."""

    async def asked() -> tuple[Snapshot, Certificate]:
        async with Service(answers).client() as client:
            return await read_snapshot(client, DIALECTS[dialect])

    snapshot, certificate = asyncio.run(asked())
    return {str(one["id"]) for one in snapshot.users}, certificate


def test_an_account_that_holds_still_is_read_once() -> None:
    """A second look costs nothing where it is not needed: three pages, one list of groups, one group."""
    seen, certificate = read(Moving(account(60), {}))

    assert (60, True, 5) == (len(seen), certificate.complete, certificate.requests)


def test_somebody_who_comes_while_it_is_read_is_in_the_second_look() -> None:
    """Totals of 60 and 61: three pages again, and a certificate that counts all six."""
    moving = Moving(account(60), {1: gain("late")})

    seen, certificate = read(moving)

    assert (61, (), 8) == (len(seen), certificate.faults, certificate.requests)


def test_who_slips_to_a_page_that_was_read_is_found_by_the_second_look() -> None:
    """The first leaves after page one: the 26th is the 25th now, and on neither page."""
    moving = Moving(account(60), {1: lose(0)})

    seen, certificate = read(moving)

    assert (moving.stayed, ()) == (seen, certificate.faults)


def test_changes_at_each_look_leave_it_incomplete() -> None:
    """And the plan says that it is the account that moves. Three looks at three pages, and the group."""
    moving = Moving(account(60), {number: lose(0) for number in range(1, 30)}, "/Users?")

    _seen, certificate = read(moving)

    assert f"Users: {CHANGES}" == certificate.faults[-1]
    assert 9 + 2 == certificate.requests


@pytest.mark.parametrize(
    ("people", "rows", "dialect", "requests"),
    [(60, 25, "4me", 3 + 3 + 2), (5, 2, "rfc7644", 3 + 8 + 3), (7, 2, "rfc7644", 4 + 10 + 3)],
)
def test_who_comes_during_the_second_look_is_no_reason_for_a_third(
    people: int, rows: int, dialect: str, requests: int
) -> None:
    """Pages that overlap show that nobody slipped between them, whatever the totals say."""
    growing = {1: gain("one"), 4: gain("two"), 5: gain("three")}
    moving = Moving(account(people, rows), growing, "/Users?")

    seen, certificate = read(moving, dialect)

    assert (set(moving.simulator.users), (), requests) == (seen, certificate.faults, certificate.requests)


@pytest.mark.parametrize(("dialect", "groups"), [("4me", 2), ("rfc7644", 3)])
def test_a_list_that_grows_past_its_end_is_read_to_the_new_end(dialect: str, groups: int) -> None:
    """The pages announced at the second look end with the 73rd, and two came after: one page more."""
    growing = Moving(account(72), {1: gain("one"), 4: gain("two"), 5: gain("three")}, "/Users?")

    seen, certificate = read(growing, dialect)

    assert (set(growing.simulator.users), ()) == (seen, certificate.faults)
    assert 3 + 4 + groups == certificate.requests


def test_pages_of_one_row_are_looked_at_again_side_by_side() -> None:
    """They can't overlap."""
    moving = Moving(account(4, 1), {1: gain("one")}, "/Users?")

    seen, certificate = read(moving)

    assert (set(moving.simulator.users), (), 4 + 6 + 2) == (seen, certificate.faults, certificate.requests)


@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
def test_an_empty_page_of_somebody_is_asked_for_three_times(dialect: str) -> None:
    """And nobody looks for what may follow on it."""

    def nobody(request: httpx.Request) -> httpx.Response:
        return reply({"totalResults": 60 if "/Users" in request.url.path else 0})

    _seen, certificate = read(nobody, dialect)

    assert 3 + 1 == certificate.requests
    assert not certificate.complete


def dies_at(moving: Moving, start: int, time: int, answer: Callable[[], httpx.Response]) -> Handler:
    """Gives short pages, and fails the page at that position from that request on."""
    times = 0

    def answered(request: httpx.Request) -> httpx.Response:
        nonlocal times
        params = request.url.params
        if "/Users" not in request.url.path:
            return moving(request)
        times += params["startIndex"] == str(start)
        if times >= time and params["startIndex"] == str(start):
            return answer()
        body = json.loads(moving(request).content)
        return reply(body if params["startIndex"] == "1" else {**body, "Resources": body["Resources"][:10]})

    return answered


def test_what_does_not_come_at_a_second_look_leaves_the_first() -> None:
    """And it is said why."""
    _seen, certificate = read(dies_at(Moving(account(60), {}), 1, 2, lambda: reply({"detail": "closed"}, 403)))

    why, first = certificate.faults
    assert why.startswith("Users, read again: ")
    assert "answered 403 closed" in why
    assert "Users: 60 were announced and 45 came" == first


def test_what_does_not_come_at_a_third_look_leaves_the_second() -> None:
    """It was looked at closer."""
    _seen, certificate = read(dies_at(Moving(account(60), {}), 1, 3, lambda: reply({"detail": "closed"}, 403)))

    assert "Users: the row at 49 changed between two requests" == certificate.faults[1]


def test_a_page_that_does_not_come_at_a_second_look_is_no_reason_for_a_third() -> None:
    """No change of the account explains it. Two looks of three pages each, and the group."""
    _seen, certificate = read(dies_at(Moving(account(60), {}), 25, 1, lambda: reply({"detail": "closed"}, 403)))

    assert "Users: 60 were announced and 45 came" == certificate.faults[0]
    assert 3 + 3 + 2 == certificate.requests


def test_after_whole_pages_it_is_asked_for_the_next_row() -> None:
    """Not for one that is known."""
    asked: list[str] = []
    moving = Moving(account(25), {})

    def noted(request: httpx.Request) -> httpx.Response:
        asked.extend([request.url.params["startIndex"]] if "/Users" in request.url.path else [])
        return moving(request)

    read(noted)

    assert ["1", "26"] == asked


@pytest.mark.parametrize(("rows", "most"), [(0, 100_000), (25, 2_500_000)])
def test_a_total_is_believed_up_to_100000_pages(rows: int, most: int) -> None:
    """Whoever announces more is not asked for them."""

    def first_page(total: int) -> tuple[Page, int]:
        listed = [{"id": str(number)} for number in range(rows)]

        async def ask() -> tuple[Page, int]:
            async with Service(lambda _request: reply({"totalResults": total, "Resources": listed})).client() as client:
                return await read_first_page(client, "Users", DIALECTS["4me"]), client.needed

        return asyncio.run(ask())

    page, needed = first_page(most)
    assert (most, 1) == (page.total, needed)
    with pytest.raises(NotAnAnswer, match="not believed"):
        first_page(most + 1)


@settings(max_examples=45, deadline=None)
@given(
    st.integers(20, 80),
    st.dictionaries(
        st.integers(0, 16),
        st.builds(lambda kind, one: kind(str(one)), st.sampled_from((gain, gain_first)), st.uuids()),
        max_size=6,
    ),
)
def test_whatever_comes_nobody_who_stayed_is_missing(people: int, changes: Mapping[int, Change]) -> None:
    """Complete means: everybody who was there from the first request to the last."""
    moving = Moving(account(people), changes, "/Users?")

    seen, certificate = read(moving)

    assert not certificate.complete or moving.stayed <= seen


@settings(max_examples=45, deadline=None)
@given(st.integers(20, 80), st.dictionaries(st.integers(0, 16), st.integers(0, 79).map(lose), max_size=6))
def test_whoever_leaves_nobody_who_stayed_is_missing(people: int, changes: Mapping[int, Change]) -> None:
    """Complete means the same where people leave, and those behind them move up."""
    moving = Moving(account(people), changes, "/Users?")

    seen, certificate = read(moving)

    assert not certificate.complete or moving.stayed <= seen


def group_goes(simulator: Simulator) -> None:
    """Removes the only group."""
    simulator.groups.clear()


def hire_into_the_group(*names: str) -> Change:
    """Creates users that are members at once."""

    def change(simulator: Simulator) -> None:
        before = set(simulator.users)
        for name in names:
            gain(name)(simulator)
        [live_id] = simulator.groups
        joined = [{"value": one} for one in simulator.users if one not in before]
        simulator.answer("PATCH", f"/Groups/{live_id}", {"members": joined}, NOON)

    return change


def test_a_group_that_goes_between_the_list_and_its_members_is_gone() -> None:
    """It is not in the list when that is looked at again: two lists and one question."""
    moving = Moving(account(3), {2: group_goes})

    _seen, certificate = read(moving)

    assert (0, (), 4) == (certificate.groups, certificate.faults, certificate.requests)


def test_a_group_that_is_listed_and_never_there_is_a_fault() -> None:
    """That is no change of the account."""
    moving = Moving(account(3), {})

    def lying(request: httpx.Request) -> httpx.Response:
        return reply({"detail": "gone"}, 404) if "/Groups/" in request.url.path else moving(request)

    async def asked() -> Certificate:
        async with Service(lying).client() as client:
            return (await read_snapshot(client, DIALECTS["4me"]))[1]

    [fault] = asyncio.run(asked()).faults
    assert fault.endswith("was listed, but the request for it was answered 404 gone")


@pytest.mark.parametrize("names", [["one"], ["one", "two"], ["one", "two", "three"]], ids=len)
def test_members_who_came_after_users_were_read_are_asked_for(names: list[str]) -> None:
    """Or all users are read again where that is less: nobody looks like a stranger who should leave the group."""
    moving = Moving(account(3), {2: hire_into_the_group(*names)})

    seen, certificate = read(moving)

    assert (set(moving.simulator.users), ()) == (seen, certificate.faults)
    assert (certificate.users, 3 + min(len(names), 1)) == (3 + len(names), certificate.requests)


def test_members_whom_nobody_knows_stay_unknown() -> None:
    """Some services keep who is gone: asked for once, and no fault."""
    moving = Moving(account(3), {0: lose(0)})

    seen, certificate = read(moving)

    assert (moving.stayed, (), 4) == (seen, certificate.faults, certificate.requests)


@pytest.mark.parametrize(("people", "names", "asked"), [(30, 1, 1), (30, 2, 2), (30, 3, 0), (60, 3, 3), (60, 4, 0)])
def test_members_who_came_are_asked_for_one_by_one_up_to_as_many_as_pages(people: int, names: int, asked: int) -> None:
    """Two pages for three people, but not for two."""
    moving = Moving(account(people), {0: hire_into_the_group(*map(str, range(names)))}, "/Groups/")
    singly: list[str] = []

    def noted(request: httpx.Request) -> httpx.Response:
        singly.extend([request.url.path] if "/Users/" in request.url.path else [])
        return moving(request)

    seen, certificate = read(noted)

    assert (set(moving.simulator.users), (), asked) == (seen, certificate.faults, len(singly))


@pytest.mark.parametrize("status", [400, 403, 503])
def test_a_member_who_can_not_be_asked_for_is_a_fault(status: int) -> None:
    """Who that is, is not known: they might be ours."""
    moving = Moving(account(3), {2: hire_into_the_group("one")})

    def failing(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status) if request.url.path.startswith("/scim/v2/Users/") else moving(request)

    async def asked() -> Certificate:
        async with Service(failing).client() as client:
            return (await read_snapshot(client, DIALECTS["4me"]))[1]

    [fault] = asyncio.run(asked()).faults
    assert fault.startswith("Users: ")
    tries = " in 5 tries" if status == 503 else ""
    assert fault.endswith(f"is a member of a group, but the request for it was answered {status}{tries}")
