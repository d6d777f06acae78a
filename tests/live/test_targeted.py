"""Targeted reads: few requests in a company of any size, and no trust in an unproved answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import httpx
import pytest

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.model.messages import JsonObject
from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key
from reconciler.core.model.states import DesiredState, Selection, Settlement
from reconciler.core.planner.steps import with_ids
from reconciler.core.scim.wire import DIALECTS, nest
from reconciler.core.simulator.machine import Simulator
from reconciler.core.simulator.quirks import Quirks
from reconciler.core.simulator.search import SearchQuirks
from reconciler.core.targeting.lookup_planner import make_lookup_planner
from reconciler.core.targeting.selection import manager_of, select_difference, select_keys
from reconciler.errors import Unreachable
from reconciler.live.targeted import Targeted, read_targeted
from tests.account import NOON
from tests.core.examples import HERE, desired_group, desired_state, desired_user, group_key, user_key
from tests.live.service import Service, reply

Odd: TypeAlias = Callable[[httpx.Request], httpx.Response | None]
NAMES = ("ann", "bob", "cid", "dee", "eve", "fay", "gus")
TEAM = desired_state(*map(desired_user, NAMES), *(desired_group(f"g{number}", ["ann", "bob"]) for number in range(7)))


def scim(state: DesiredState) -> Simulator:
    """Returns an account that equals git."""
    users: list[JsonObject] = [
        {
            **nest(
                with_ids(user.attributes, {str(key): f"id-{key.name}" for key in [manager_of(user)] if key}), "Users"
            ),
            "id": f"id-{user.key.name}",
        }
        for user in state.users.values()
    ]
    groups: list[JsonObject] = [
        {
            "id": f"id-{group.key.name}",
            **group.attributes,
            "members": [{"value": f"id-{member.name}"} for member in group.members or ()],
        }
        for group in state.groups.values()
    ]
    return Simulator(users=users, groups=groups)


@dataclass
class Read:
    """The result of a read, and the service."""

    targeted: Targeted
    service: Service

    @property
    def faults(self) -> tuple[str, ...]:
        return self.targeted.live.certificate.faults

    @property
    def requests(self) -> int:
        assert len(self.service.requests) == self.targeted.live.certificate.requests
        return len(self.service.requests)

    @property
    def found(self) -> set[str]:
        live = self.targeted.live
        return {user.id for user in live.users} | {group.id for group in live.groups}


def no_oddity(_request: httpx.Request) -> None:
    """Nothing odd."""


def read(  # noqa: PLR0913, PLR0917  # a test names those that it is about
    head: DesiredState,
    base: DesiredState = TEAM,
    simulator: Simulator | None = None,
    quirks: Quirks | None = None,
    odd: Odd = no_oddity,
    sample: Iterable[Key] = (),
) -> Read:
    """Reads the difference to the base (or the selection of `head`) from an account that equals the base."""
    account = simulator or scim(base)
    account.quirks = quirks or account.quirks

    def answer(request: httpx.Request) -> httpx.Response:
        if (oddly := odd(request)) is not None:
            return oddly
        target = request.url.raw_path.decode().removeprefix("/scim/v2")
        response = account.answer(request.method, target, json.loads(request.content or b"null"), NOON).response
        return reply(response.body, response.status)

    service, earlier = Service(answer), Earlier(base)
    selected = replace(head, selection=head.selection or select_difference(head, earlier))

    async def ask() -> Targeted:
        async with service.client() as client:
            return await read_targeted(client, DIALECTS["4me"], make_lookup_planner(selected, earlier, sample))

    return Read(asyncio.run(ask()), service)


def changed(*resources: DesiredUser | DesiredGroup, base: DesiredState = TEAM) -> DesiredState:
    """Returns the base with some changed or new resources."""
    every: dict[Key, DesiredUser | DesiredGroup] = {one.key: one for one in (*base, *resources)}
    return desired_state(*every.values())


def without(*keys: Key, base: DesiredState = TEAM) -> DesiredState:
    return desired_state(*(one for one in base if one.key not in keys))


@pytest.fixture(scope="module")
def company() -> DesiredState:
    """Returns 5,000 users in 40 groups, each in four; all but the first have a manager."""
    people = [f"u{number:04}" for number in range(5000)]
    return desired_state(
        *(
            desired_user(name, {"manager": f"user/u{number // 10:04}"} if number else {})
            for number, name in enumerate(people)
        ),
        *(
            desired_group(f"g{number:02}", [name for at, name in enumerate(people) if number in groups_of(at)])
            for number in range(40)
        ),
    )


def groups_of(number: int) -> set[int]:
    return {0, 1, 2 + number % 19, 21 + number % 19}


def test_one_person_costs_three_requests_at_most_in_a_company_of_any_size(company: DesiredState) -> None:
    """Another title; a new hire with a manager and groups; one who moves, with another manager; one who leaves."""

    def edit(*users: DesiredUser, **members: Callable[[frozenset[Key]], frozenset[Key]]) -> DesiredState:
        groups = {group_key(name): move for name, move in members.items()}
        moved = [
            replace(company.groups[key], members=move(company.groups[key].members or frozenset()))
            for key, move in groups.items()
        ]
        return changed(*users, *moved, base=company)

    def join(key: Key) -> Callable[[frozenset[Key]], frozenset[Key]]:
        return lambda members: members | {key}

    def leave(key: Key) -> Callable[[frozenset[Key]], frozenset[Key]]:
        return lambda members: members - {key}

    mover, hire = user_key("u2500"), user_key("new")
    title = desired_user("u2500", {"manager": "user/u0250", "title": "Clerk"})
    moving = edit(
        desired_user("u2500", {"manager": "user/u0999"}),
        g13=leave(mover),
        g32=leave(mover),
        g05=join(mover),
        g25=join(mover),
    )
    hiring = edit(desired_user("new", {"manager": "user/u0007"}), g00=join(hire), g01=join(hire), g07=join(hire))
    left = edit(g00=leave(mover), g01=leave(mover), g13=leave(mover), g32=leave(mover))
    leaving = replace(left, users={key: user for key, user in left.users.items() if key != mover})
    simulator = scim(company)

    reads = {
        name: read(head, company, simulator)
        for name, head in {"title": edit(title), "hire": hiring, "move": moving, "leave": leaving}.items()
    }

    assert {"title": 1, "hire": 2, "move": 2, "leave": 2} == {name: one.requests for name, one in reads.items()}
    assert [()] * 4 == [one.faults for one in reads.values()]
    assert {"id-u2500", "id-u0999", "id-u0250", "id-g13", "id-g32", "id-g05", "id-g25"} >= reads["move"].found
    assert {"id-u0007", "id-g00", "id-g01", "id-g07"} == reads["hire"].found
    assert ["id-g00", "id-g01", "id-g13", "id-g32"] == sorted(
        group.id for group in reads["leave"].targeted.live.groups if "id-u2500" in group.members
    )


def test_where_users_do_not_tell_their_groups_each_of_them_is_asked() -> None:
    """One more request a group; a hire needs none, for who is not there is in no group."""
    moving = changed(desired_group("g0", ["ann"]), desired_group("g1", ["ann"]))
    hiring = changed(desired_user("new"), desired_group("g0", ["ann", "bob", "new"]))
    silent = Quirks(tells_groups=False)

    assert [2, 4] == [read(moving).requests, read(moving, quirks=silent).requests]
    assert [2, 2] == [read(hiring).requests, read(hiring, quirks=silent).requests]
    assert {"id-g0": {"id-ann", "id-bob"}, "id-g1": {"id-ann", "id-bob"}} == {
        group.id: set(group.members) for group in read(moving, quirks=silent).targeted.live.groups
    }


def test_a_group_that_lists_its_members_is_not_asked_again() -> None:
    """Many services do."""
    selected = replace(TEAM, selection=Selection(frozenset({group_key("g0")})))
    listed = read(selected, quirks=Quirks(members_in_lists=True))

    assert (2, ()) == (listed.requests, listed.faults)
    assert {"id-ann", "id-bob"} == set(listed.targeted.live.groups[0].members)


def test_who_was_not_looked_for_is_not_there() -> None:
    """A state of some keys is never taken for one of everybody: its certificate says so."""
    certificate = read(changed(desired_user("bob", {"title": "Clerk"}))).targeted.live.certificate

    assert ("targeted", True, 1, 0, 1) == (
        certificate.mode,
        certificate.complete,
        certificate.users,
        certificate.groups,
        certificate.requests,
    )


HIRING = changed(desired_user("new", {"manager": "user/ann"}), desired_group("g0", ["ann", "bob", "new"]))


@pytest.mark.parametrize(
    ("quirks", "fault"),
    [
        (SearchQuirks(ignores_filters=True), "Users: a lookup returned id-fay, which does not fit the filter"),
        (SearchQuirks(minds_case=True), "Users: a lookup found no resource by userName, though some should exist"),
        (
            SearchQuirks(finds_nothing_by=frozenset({"externalId"})),
            "Users: a lookup found no resource by externalId, though some should exist",
        ),
        (
            SearchQuirks(refuses_or=True, finds_nothing_by=frozenset({"externalId"})),
            "Users: a lookup found no resource by externalId, though some should exist",
        ),
        (
            SearchQuirks(refuses_or=True, minds_case=True),
            "Users: a lookup found no resource by userName, though some should exist",
        ),
        (SearchQuirks(refuses_or=True, ignores_filters=True), "Users: a lookup returned id-fay"),
    ],
    ids=["everybody", "minds case", "blind", "blind without or", "minds case without or", "everybody without or"],
)
def test_a_service_that_finds_otherwise_than_it_is_asked_is_not_believed(quirks: SearchQuirks, fault: str) -> None:
    """A person who is not found may be there: who is taken for new would be there twice, or refused."""
    faults = read(HIRING, quirks=Quirks(search=quirks)).faults

    assert faults
    assert faults[0].startswith(fault)


def test_a_service_without_or_is_asked_for_one_value_at_a_time_and_only_once_for_several() -> None:
    """One refusal in the whole run; then the witnesses, and each key by each attribute."""
    plain, one_by_one = read(HIRING), read(HIRING, quirks=Quirks(search=SearchQuirks(refuses_or=True)))

    assert ((), plain.found, 2) == (one_by_one.faults, one_by_one.found, plain.requests)
    refused = [one for one in one_by_one.service.asked if "%20or%20" in one]
    assert (1, 1 + (2 + 4) + (2 + 2)) == (len(refused), one_by_one.requests)


@pytest.mark.parametrize("status", [400, 501])
def test_a_count_that_is_refused_is_left_out_after_one_look_up(status: int) -> None:
    """Refused with `or`, refused without it, and answered without `count`: the rest is asked without."""

    def odd(request: httpx.Request) -> httpx.Response | None:
        return reply({"detail": "count"}, status) if "count" in request.url.params else None

    plain, single = read(HIRING), read(HIRING, odd=odd)

    assert (plain.found, ()) == (single.found, single.faults)
    assert 2 == sum("count=" in path for path in single.service.asked)


def test_look_ups_that_are_refused_with_and_without_count_are_a_fault() -> None:
    """And one of them is sent a second time, not each."""

    def odd(request: httpx.Request) -> httpx.Response | None:
        return reply({"detail": "no filters"}, 400) if "filter" in request.url.params else None

    refused = read(HIRING, odd=odd)

    assert all("was answered 400 no filters" in fault or "found no resource" in fault for fault in refused.faults)
    assert refused.faults
    assert 1 == sum("count=" not in path for path in refused.service.asked if "filter" in path)


def test_without_or_a_missing_witness_is_tried_again_with_another() -> None:
    """The first of two may have been taken out on the other side."""
    simulator = scim(TEAM)
    del simulator.users["id-bob"]
    single = read(HIRING, simulator=simulator, quirks=Quirks(search=SearchQuirks(refuses_or=True)))

    assert ((), 1 + (3 + 4) + (2 + 2)) == (single.faults, single.requests)


@pytest.mark.parametrize("refuses_or", [False, True])
def test_where_nobody_can_be_a_witness_only_who_came_is_believed(refuses_or: bool) -> None:  # noqa: FBT001
    """A company of two: that a third is not there is not proven."""
    base = desired_state(desired_user("ann"), desired_user("bob"))
    everyone = changed(desired_user("ann", {"title": "x"}), desired_user("bob", {"title": "y"}), base=base)
    quirks = Quirks(search=SearchQuirks(refuses_or=refuses_or))

    assert () == read(everyone, base, quirks=quirks).faults
    third = changed(
        desired_user("ann", {"title": "x"}), desired_user("bob", {"title": "y"}), desired_user("new"), base=base
    )
    [fault] = read(third, base, quirks=quirks).faults
    assert fault.startswith("Users: a lookup did not find every resource, and no witness by externalId is left")


def test_the_name_of_a_new_hire_that_somebody_else_holds_is_found() -> None:
    """By another key, or by nobody that git knows: adopted or a problem, but never not seen."""
    simulator = scim(TEAM)
    simulator.adopt("Users", [{"id": "holder", "userName": "NEW@example.com", "externalId": "someone"}])

    assert "holder" in read(HIRING, simulator=simulator).found


def test_more_than_a_page_of_candidates_is_read_to_its_end() -> None:
    """Thirty people with one externalId are thirty candidates."""
    simulator = scim(TEAM)
    simulator.adopt("Users", ({"id": f"x{n}", "userName": f"x{n}@example.com", "externalId": "new"} for n in range(30)))
    hired = read(HIRING, simulator=simulator)

    assert ((), 31, 3) == (hired.faults, sum("x" in one or "ann" in one for one in hired.found), hired.requests)


def test_a_manager_who_is_not_there_is_asked_for_and_is_no_fault() -> None:
    """The account points nowhere; so does the plan."""
    simulator = scim(TEAM)
    simulator.users["id-bob"]["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"] = {
        "manager": {"value": "gone"}
    }
    managed = read(changed(desired_user("bob", {"manager": "user/ann"})), simulator=simulator)

    assert ((), 2, "GET /Users/gone") == (managed.faults, managed.requests, managed.service.asked[-1])


def on(path: str, *answers: httpx.Response | Exception) -> Odd:
    """Gives those answers in turn to requests with that prefix, and answers others as usual."""
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response | None:
        if not (left and request.url.raw_path.decode().removeprefix("/scim/v2").startswith(path)):
            return None
        next_one = left.pop(0)
        if isinstance(next_one, Exception):
            raise next_one
        return next_one

    return answer


def page(total: object, rows: Iterable[Any]) -> httpx.Response:
    return reply({"totalResults": total, "Resources": list(rows)})


ANN = {"id": "id-ann", "userName": "ann@example.com", "externalId": "ann"}


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (reply({"detail": "may not"}, 403), "Users: a lookup was answered 403 may not"),
        (reply({"detail": "no"}, 404), "Users: a lookup was answered 404 no"),
        (reply([]), "Users: a lookup a SCIM list was expected, not list '[]'"),
        (page("1", [ANN]), "Users: a lookup totalResults is str '1' and not a number"),
        (page(1, [{"userName": "ann@example.com"}]), "Users: a lookup a resource has no id: 'ann@example.com'"),
        (page(2, [ANN, ANN]), "Users: a lookup announced 2 resources and 1 came"),
        (page(0, [ANN]), "Users: a lookup announced 0 resources and 1 came"),
        (page(1, []), "Users: a lookup announced 1 resources and 0 came"),
        (page(1, [{**ANN, "roles": "all"}]), "Users: a lookup roles is not a list of values: all"),
        (
            page(5000, [{"id": "x", "userName": "x"}]),
            "Users: a lookup returned x, which does not fit the filter",
        ),
    ],
)
def test_an_answer_that_does_not_add_up_is_a_fault(answer: httpx.Response, fault: str) -> None:
    """And nothing more is asked than was under way."""
    damaged = read(HIRING, odd=on("/Users?", answer))

    assert damaged.faults[0].startswith(fault)
    assert 2 >= damaged.requests


def test_a_user_whose_own_groups_can_not_be_read_is_a_fault() -> None:
    """What is not understood is not taken for nothing."""
    odd = on("/Users?", page(3, [{**ANN, "groups": [{"display": "x"}]}, row("bob"), row("cid")]))

    assert ("groups is not a list of values: [{'display': 'x'}]",) == read(
        changed(desired_user("ann", {"title": "Chief"}), base=desired_state(*map(desired_user, ("ann", "bob", "cid")))),
        desired_state(*map(desired_user, ("ann", "bob", "cid"))),
        odd=odd,
    ).faults


def row(name: str) -> JsonObject:
    return {"id": f"id-{name}", "userName": f"{name}@example.com", "externalId": name}


WHOLE = replace(TEAM, selection=select_keys([group_key("g0")], TEAM, Earlier(TEAM)))


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (reply({"detail": "gone"}, 404), "Groups: the request for id-g0 was answered 404 gone"),
        (reply({"id": "other"}), "Groups: the request for id-g0 was answered 200"),
        (reply([]), "Groups: the request for id-g0 was answered 200"),
        (reply({"id": "id-g0", "members": "ann"}), "members is not a list of values: ann"),
    ],
)
def test_a_group_whose_members_do_not_come_is_a_fault(answer: httpx.Response, fault: str) -> None:
    """It is not one without members."""
    assert (fault,) == read(WHOLE, odd=on("/Groups/", answer)).faults


def test_a_group_without_members_may_leave_them_out() -> None:
    """RFC 7643 section 2.5: what is unassigned need not be there."""
    empty = read(WHOLE, odd=on("/Groups/", reply({"id": "id-g0", "displayName": "G0"})))

    assert ((), frozenset()) == (empty.faults, empty.targeted.live.groups[0].members)


def test_without_any_answer_there_is_no_state() -> None:
    """Refused credentials are the end of it."""
    with pytest.raises(Unreachable, match="refuses the token"):
        read(HIRING, odd=on("/", reply({}, 401)))


def test_a_line_that_breaks_later_is_a_fault() -> None:
    """What came before is shown."""
    broken = read(HIRING, odd=on("/Groups", *[httpx.ReadError("reset")] * 9))
    singly = read(HIRING, odd=on("/Users?", reply({}, 400), reply({}, 401)))

    assert "no answer from" in broken.faults[0]
    assert "refuses the token" in singly.faults[0]
    assert "id-ann" in broken.found


def test_a_page_that_never_comes_is_a_fault() -> None:
    """Half of the candidates are not the candidates."""
    simulator = scim(TEAM)
    simulator.adopt("Users", ({"id": f"x{n}", "userName": f"x{n}@example.com", "externalId": "new"} for n in range(30)))

    def second_page(request: httpx.Request) -> httpx.Response | None:
        return reply({}, 401) if "startIndex=26" in str(request.url) else None

    assert "refuses the token" in read(HIRING, simulator=simulator, odd=second_page).faults[0]


def test_many_keys_are_asked_for_together() -> None:
    """Twenty-one people a request beside four witnesses, if the names are short."""
    base = desired_state(*(desired_user(f"u{number:03}") for number in range(300)))
    head = changed(*(desired_user(f"u{number:03}", {"title": "x"}) for number in range(100)), base=base)
    many = read(head, base)

    assert ((), 100) == (many.faults, len(many.found))
    assert 9 >= many.requests


def test_a_sample_of_people_is_looked_up_in_the_same_request() -> None:
    """Five people more cost no request more, and nothing is planned about them."""
    base = desired_state(*(desired_user(f"u{number}") for number in range(9)))
    head = changed(desired_user("u0", {"title": "Chief"}), base=base)
    sample = [Key("user", f"u{number}") for number in range(4, 9)]
    alone, beside = read(head, base), read(head, base, sample=sample)

    assert ((), alone.requests) == (beside.faults, beside.requests)
    assert {"id-u0", *(f"id-u{number}" for number in range(4, 9))} == beside.found
    assert frozenset({Key("user", "u0")}) == (beside.targeted.desired.selection or Selection(frozenset())).keys


def test_of_a_sample_two_are_looked_up_where_each_costs_a_request() -> None:
    """The service knows no `or`."""
    base = desired_state(*(desired_user(f"u{number}") for number in range(9)))
    head = changed(desired_user("u0", {"title": "Chief"}), base=base)
    sample = [Key("user", f"u{number}") for number in range(4, 9)]
    singly = Quirks(search=SearchQuirks(refuses_or=True))
    beside = read(head, base, quirks=singly, sample=sample)

    assert ((), {"id-u0", "id-u4", "id-u5"}) == (beside.faults, beside.found)


def test_somebody_whom_a_line_names_by_id_is_asked_for_by_id() -> None:
    """Git knows no value to look them up by."""
    head = replace(TEAM, left=(Settlement(HERE, id="id-bob"),))

    assert "id-bob" in read(head, replace(TEAM)).found
