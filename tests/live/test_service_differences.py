"""Reads of services that differ: ids as numbers or in another letter case, lists without attributes, no `active`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.core.declarations.quirk import Quirk
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.states import LiveState
from reconciler.core.scim.dialect import dialect_of
from reconciler.core.scim.wire import ENTERPRISE
from reconciler.live.client import Client
from reconciler.live.profile import profile_of
from reconciler.live.read import read_snapshot
from reconciler.live.snapshot import to_live_state
from tests.live.service import TOKEN, URL, FakeTime, reply

Resource = dict[str, Any]
Shown = Callable[[Resource], Resource]


def same(resource: Resource) -> Resource:
    return resource


def serve(
    users: list[Resource], groups: list[Resource], listed: Shown = same
) -> Callable[[httpx.Request], httpx.Response]:
    """Answers lists in one page, each row through `listed`, and single resources by id in any letter case."""

    def answer(request: httpx.Request) -> httpx.Response:
        kind, _, live_id = request.url.path.removeprefix("/scim/v2/").partition("/")
        kept = users if kind == "Users" else groups
        if not live_id:
            return reply({"totalResults": len(kept), "Resources": [listed(row) for row in kept]})
        found = [row for row in kept if str(row["id"]).lower() == live_id.lower()]
        return reply(found[0]) if found else reply({"detail": "gone"}, 404)

    return answer


def read(answer: Callable[[httpx.Request], httpx.Response], *quirks: Quirk) -> tuple[LiveState, int]:
    """Reads the account; returns it with the number of requests."""
    tenant = Tenant(url="sandbox", dialect="rfc7644", quirks=list(quirks))

    async def ask() -> LiveState:
        transport = httpx.MockTransport(answer)
        profile = profile_of(tenant)
        async with Client(URL, TOKEN, (), transport=transport, clock=FakeTime().clock, profile=profile) as client:
            return to_live_state(*await read_snapshot(client, dialect_of(tenant)))

    state = asyncio.run(ask())
    return state, state.certificate.requests


def test_ids_that_are_numbers_are_read_as_text() -> None:
    """Of users, of their managers, and of the members of a group that is read by id."""
    users: list[Resource] = [
        {"id": 1, "userName": "ann"},
        {"id": 2, "userName": "bob", ENTERPRISE: {"manager": {"value": 1}}},
    ]
    groups = [{"id": 7, "displayName": "Staff", "members": [{"value": 2}]}]

    def without_members(row: Resource) -> Resource:
        return {name: value for name, value in row.items() if name != "members"}

    state, _requests = read(serve(users, groups, without_members))

    assert (True, ["1", "2"], "1") == (
        state.certificate.complete,
        [user.id for user in state.users],
        state.users[1].attributes["manager"],
    )
    assert [("7", frozenset({"2"}))] == [(group.id, group.members) for group in state.groups]


def test_members_in_another_letter_case_are_the_listed_users() -> None:
    """Nobody is asked for a second time, and a manager is found too."""
    users: list[Resource] = [
        {"id": "aB1", "userName": "ann"},
        {"id": "c2", "userName": "bob", ENTERPRISE: {"manager": {"value": "AB1"}}},
    ]
    groups = [{"id": "g", "displayName": "Staff", "members": [{"value": "Ab1"}, {"value": "C2"}]}]

    state, requests = read(serve(users, groups))

    assert (True, 4) == (state.certificate.complete, requests)  # two lists, and what follows them
    assert ("aB1", {"aB1", "c2"}) == (state.users[1].attributes["manager"], set(state.groups[0].members))


def test_a_member_that_fits_two_users_makes_the_read_incomplete() -> None:
    """Their ids differ in case only, and the member is spelled as neither."""
    users = [{"id": "ab", "userName": "ann"}, {"id": "aB", "userName": "bob"}]
    groups = [{"id": "g", "displayName": "Staff", "members": [{"value": "AB"}]}]

    state, _requests = read(serve(users, groups))

    assert ("Groups: a member of g, AB, could be aB or ab: these ids differ in case only",) == state.certificate.faults


def test_a_member_who_came_after_the_list_may_be_answered_in_another_case() -> None:
    """The answer is about that user all the same."""
    users = [{"id": "ab", "userName": "ann"}, {"id": "late", "userName": "bob"}]
    groups = [{"id": "g", "displayName": "Staff", "members": [{"value": "LATE"}]}]
    whole = serve(users, groups)

    def answer(request: httpx.Request) -> httpx.Response:
        return serve(users[:1], groups)(request) if request.url.path == "/scim/v2/Users" else whole(request)

    state, _requests = read(answer)

    assert (True, {"ab", "late"}) == (state.certificate.complete, {user.id for user in state.users})
    assert {"late"} == state.groups[0].members


@pytest.mark.parametrize(
    ("quirks", "titles", "requests"), [((), [None, None], 3), (("lists_hide_attributes",), ["x", "y"], 5)]
)
def test_each_user_is_read_by_id_where_lists_leave_attributes_out(
    quirks: tuple[Quirk, ...], titles: list[str | None], requests: int
) -> None:
    """Only where the tenant declares it, because it costs a request for each user."""
    users = [{"id": "1", "userName": "ann", "title": "x"}, {"id": "2", "userName": "bob", "title": "y"}]

    def short(row: Resource) -> Resource:
        return {"id": row["id"], "userName": row["userName"]}

    state, asked = read(serve(users, [], short), *quirks)

    assert (titles, requests) == ([user.attributes.get("title") for user in state.users], asked)


@pytest.mark.parametrize("status", [404, 403, 503])
def test_a_listed_user_who_can_not_be_read_by_id_is_a_fault(status: int) -> None:
    """The attributes that the list left out stay unknown."""
    users = [{"id": "1", "userName": "ann"}, {"id": "2", "userName": "bob"}]

    def answer(request: httpx.Request) -> httpx.Response:
        failing = request.url.path.endswith("/Users/2")
        return reply({"detail": "no"}, status) if failing else serve(users, [])(request)

    [fault] = read(answer, "lists_hide_attributes")[0].certificate.faults

    assert fault.startswith("Users: 2 ")
    assert f"was answered {status} no" in fault


@pytest.mark.parametrize(("quirks", "active"), [((), True), (("active_absent_is_false",), False)])
def test_active_that_is_left_out_is_what_the_tenant_declares(quirks: tuple[Quirk, ...], *, active: bool) -> None:
    """True unless declared otherwise."""
    state, _requests = read(serve([{"id": "1", "userName": "ann"}], []), *quirks)

    assert [(active, bool(quirks))] == [(user.active, user.lists_active) for user in state.users]
