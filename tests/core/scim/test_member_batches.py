"""Writes of groups in parts, none larger than a service takes, and together the whole."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model.messages import JsonObject, Request, Response
from reconciler.core.scim.member_batches import (
    add_request,
    count_members,
    count_more_requests,
    find_smaller,
    split_create,
    split_patch,
)
from reconciler.core.scim.wire import DIALECTS, PATCH_OP
from reconciler.core.simulator.machine import Simulator
from tests.account import NOON

PEOPLE = [f"u{number}" for number in range(8)]
SOME = st.lists(st.sampled_from(PEOPLE), unique=True)
RENAME: JsonObject = {"op": "replace", "path": "displayName", "value": "Crew"}


def references(ids: Iterable[str]) -> list[object]:
    return [{"value": live_id} for live_id in ids]


def members_after(requests: Iterable[Request]) -> tuple[object, set[str]]:
    """Returns the name and members of a group of the first four after the requests."""
    account = Simulator(
        users=[{"id": one, "userName": one} for one in PEOPLE],
        groups=[{"id": "g", "displayName": "Desk", "members": references(PEOPLE[:4])}],
    )
    for request in requests:
        assert 200 == account.answer(request.method, request.path, request.body, NOON).response.status
    group = account.groups["g"]
    return group["displayName"], {member["value"] for member in group.get("members", [])}  # type: ignore[attr-defined]


@given(SOME, SOME, st.integers(1, 10), st.booleans())
def test_operations_in_parts_do_the_same(come: list[str], go: list[str], most: int, by_value: bool) -> None:  # noqa: FBT001
    """No part has more members than allowed; removals may be single ones, or a list."""
    come = [one for one in come if one not in go]
    single: list[JsonObject] = [{"op": "remove", "path": f'members[value eq "{one}"]'} for one in go]
    listed: list[JsonObject] = [{"op": "remove", "path": "members", "value": references(go)}] if go else []
    added: list[JsonObject] = [{"op": "add", "path": "members", "value": references(come)}] if come else []
    operations = [RENAME, *added, *(listed if by_value else single)]
    request = Request("PATCH", "/Groups/g", {"schemas": [PATCH_OP], "Operations": operations})

    parts = split_patch(request, most)

    assert members_after([request]) == members_after(parts) == ("Crew", ({*PEOPLE[:4]} | {*come}) - {*go})
    assert all(count_members(part) <= most for part in parts)
    assert max(1, -(-len(come + go) // most)) == len(parts)
    assert len(come + go) == sum(map(count_members, parts)) == count_members(request)


@given(SOME, SOME, st.integers(1, 10))
def test_4mes_own_patch_in_parts_does_the_same(come: list[str], go: list[str], most: int) -> None:
    """The first part has the attributes too."""
    come = [one for one in come if one not in go]
    members = [*references(come), *({"value": one, "operation": "delete"} for one in go)]
    request = Request("PATCH", "/Groups/g", {"schemas": ["x"], "displayName": "Crew", "members": members})

    parts = split_patch(request, most)

    assert members_after([request]) == members_after(parts)
    assert all(count_members(part) <= most for part in parts)
    assert max(1, -(-len(members) // most)) == len(parts)


@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
@pytest.mark.parametrize("most", [1, 3, 8])
def test_a_group_is_created_with_its_first_members_and_the_others_are_added(dialect: str, most: int) -> None:
    """In the standard form of the dialect."""
    request = Request("POST", "/Groups", {"displayName": "All", "members": references(PEOPLE)})
    first, others = split_create(request, most)
    account = Simulator(users=[{"id": one, "userName": one} for one in PEOPLE])

    created = account.answer("POST", "/Groups", first.body, NOON).response
    assert isinstance(created.body, dict)
    live_id = str(created.body["id"])
    assert most == count_members(first)
    for part in split_patch(add_request(live_id, others, DIALECTS[dialect]), most) if others else []:
        assert 200 == account.answer(part.method, part.path, part.body, NOON).response.status

    group = account.groups[live_id]
    assert {*PEOPLE} == {member["value"] for member in group["members"]}  # type: ignore[attr-defined]


def test_a_request_about_no_members_is_one() -> None:
    """Of a user, and without a body."""
    for request in (Request("PATCH", "/Users/u1", {"title": "x"}), Request("GET", "/Users")):
        assert ([request], 0) == (split_patch(request, 1), count_members(request))
    assert (Request("POST", "/Users", {"userName": "ann"}), []) == split_create(
        Request("POST", "/Users", {"userName": "ann"}), 1
    )


@pytest.mark.parametrize(
    ("answer", "members", "expected"),
    [
        (Response(413), 1000, 500),
        (Response(413), 2, 1),
        (Response(413), 1, None),
        (Response(200), 1000, None),
        (Response(400, {"detail": "Too many members"}), 9, 4),
        (Response(400, {"detail": "members: at most 100 values"}), 500, 250),
        (Response(400, {"detail": "exceeds the maximum of 100"}), 500, 250),
        (Response(403, {"detail": "The request must contain no more than 100 members"}), 500, 250),
        (Response(422, {"message": "only 100 members are allowed in one request"}), 500, 250),
        (Response(400, {"detail": "unknown member"}), 100, None),
        (Response(403, {"detail": "not yours"}), 500, None),
        (Response(404, {"detail": "too many"}), 500, None),
        (Response(429, {"detail": "too many requests"}), 500, None),
        (Response(500, {"detail": "too many"}), 500, None),
    ],
)
def test_a_refusal_of_the_size_is_known_by_its_status_or_words(
    answer: Response, members: int, expected: int | None
) -> None:
    """Too many requests are something else."""
    assert expected == find_smaller(answer, members)


@pytest.mark.parametrize(
    ("members", "change", "create"), [(0, 0, 0), (100, 0, 0), (101, 1, 2), (200, 1, 2), (201, 2, 3), (10_000, 99, 100)]
)
def test_the_cost_of_many_members_is_counted(members: int, change: int, create: int) -> None:
    """A hundred a request; a group that is created in parts is read at the end."""
    assert (change, create) == (
        count_more_requests(members, creates=False),
        count_more_requests(members, creates=True),
    )
