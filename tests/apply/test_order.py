"""The order of requests: a name is freed before it is taken, and a failure keeps back what waits for it alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest

from reconciler.core.model.messages import Request, Response
from tests.apply.handed import Story, Watched, declare, logins, names, on_third_names, rotate, story
from tests.apply.world import NOON, World, refuse, where

MOVES: Mapping[str, tuple[Story, int]] = {
    "handed on": (story({"bo": "desk"}, {"ana": "desk", "bo": "bo"}), 2),
    "chain of three": (story({"ana": "a", "bo": "b", "cy": "c"}, {"ana": "b", "bo": "c", "cy": "d"}), 3),
    "exchange": (rotate(2), 3),
    "ring of three": (rotate(3), 4),
    "ring of five": (rotate(5), 6),
    "ring and chain": (
        story({"ana": "a", "bo": "b", "cy": "c", "di": "d"}, {"ana": "b", "bo": "a", "cy": "d", "di": "e"}),
        5,
    ),
    "two rings": (
        story({"ana": "a", "bo": "b", "cy": "c", "di": "d"}, {"ana": "b", "bo": "a", "cy": "d", "di": "c"}),
        6,
    ),
    "declared inactive": (story({"jo": "jo"}, {"jo": "old active=false", "joan": "jo"}), 2),
    "inactive already": (story({"jo": "jo", "li": "li active=false"}, {"jo": "jo", "li": "li active=false"}), 0),
    "name of an inactive one": (
        Story(declare({"jo": "jo"}), declare({"jo": "old active=false", "joan": "jo", "bo": "bo"})),
        3,
    ),
    "inactive one in a ring": (story({"jo": "jo", "bo": "bo"}, {"jo": "bo active=false", "bo": "jo"}), 4),
    "inactive one waits": (
        story({"jo": "jo", "bo": "bo", "cy": "cy"}, {"jo": "bo active=false", "bo": "b2", "cy": "jo"}),
        4,
    ),
    "manager with the freed name": (story({"bo": "bo"}, {"bo": "new manager=dee", "dee": "bo"}), 3),
    "manager in a ring": (
        story({"bo": "bo", "ana": "ana"}, {"bo": "ana manager=dee", "ana": "bo manager=dee", "dee": "dee"}),
        6,
    ),
    "exchange of groups": (
        story({"ana": "a"}, {"ana": "a"}, {"x": "Ex ana", "y": "Why ana"}, {"x": "Why ana", "y": "Ex ana"}),
        3,
    ),
    "groups handed on": (story({"ana": "a"}, {"ana": "a"}, {"x": "Ex"}, {"x": "Xi", "z": "Ex ana"}), 2),
    "group before the user who names it": (
        story({}, {"ana": "a organization=Acme"}, {}, {"acme": "Acme ana"}),
        3,
    ),
    "renamed group before the user who names it": (
        story({"bo": "b"}, {"bo": "b site=Ulm", "ana": "a site=Ulm"}, {"u": "Bonn bo"}, {"u": "Ulm bo ana"}),
        4,
    ),
    "exchanged groups before the users who name them": (
        story(
            {"ana": "a organization=Ex", "bo": "b organization=Why"},
            {"ana": "a organization=Why", "bo": "b organization=Ex"},
            {"x": "Ex ana", "y": "Why bo"},
            {"x": "Why ana", "y": "Ex bo"},
        ),
        5,
    ),
}


@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
@pytest.mark.parametrize("name", MOVES)
def test_names_change_hands_in_one_apply_and_no_request_meets_a_taken_one(name: str, dialect: str) -> None:
    """The plan says how many requests that costs, and nothing is left to do."""
    told, requests = MOVES[name]
    world = told.settled(dialect)
    watched = Watched(world)
    made = told.plan(world)

    ran = world.carry_out(made.plan.changes, made.decided.ids, watched.send)

    assert {"applied"} >= set(ran.statuses.values()), ran.details
    assert ([], [], True) == (watched.taken, on_third_names(world), made.plan.converges)
    assert (requests, requests) == (made.plan.cost.requests, len([one for one in world.asked if one.method != "GET"]))
    assert () == world.plan(told.after, told.after).plan.changes
    logins(world)


@pytest.mark.parametrize("name", MOVES)
def test_each_request_waits_for_the_answer_of_the_one_before_it(name: str) -> None:
    """However slow the answers are, and in whatever order they come."""
    told, _requests = MOVES[name]
    world = told.settled()
    watched = Watched(world)

    async def slowly(request: Request) -> Response:
        for _ in range(len(request.path) * 7 % 23):
            await asyncio.sleep(0)
        response = await watched.send(request)
        for _ in range(len(str(request.body)) * 5 % 17):
            await asyncio.sleep(0)
        return response

    made = told.plan(world)
    ran = world.carry_out(made.plan.changes, made.decided.ids, slowly)

    assert ({"applied"} >= set(ran.statuses.values()), []) == (True, watched.taken)


def patches(world: World, key: str) -> Callable[[Request], bool]:
    """Matches the change of that user or group."""
    [live_id] = [
        live_id
        for kept in (world.simulator.users, world.simulator.groups)
        for live_id, one in kept.items()
        if one["externalId"] == key
    ]
    return lambda request: request.method == "PATCH" and request.path.endswith(f"/{live_id}")


def test_who_waits_for_a_name_that_is_not_freed_is_skipped_and_says_for_whom() -> None:
    """And so is who waits for them; other people are changed."""
    told = story({"ana": "a", "bo": "b", "cy": "c", "eve": "e"}, {"ana": "b", "bo": "c", "cy": "d", "eve": "e title=X"})
    world = told.settled()
    made = told.plan(world)

    ran = world.carry_out(made.plan.changes, made.decided.ids, where(world.send, patches(world, "cy"), refuse(400)))

    assert {"ana": "a", "bo": "b", "cy": "c", "eve": "e"} == logins(world)
    assert ["skipped", "skipped", "failed", "applied"] == [
        ran.statuses[f"user/{key} update_user"] for key in ("ana", "bo", "cy", "eve")
    ]
    assert "waits for the login that user/bo keeps" == ran.details["user/ana update_user"]
    assert "waits for the login that user/cy keeps" == ran.details["user/bo update_user"]


def test_a_taken_name_of_which_the_plan_did_not_know_names_its_holder() -> None:
    """It was taken after the read; who waits for the name of the one who was refused is skipped."""
    told = story({"ana": "a", "bo": "b"}, {"ana": "b", "bo": "c"})
    world = told.settled()
    made = told.plan(world)
    world.simulator.answer("POST", "/Users", {"userName": "C@example.com", "displayName": "Zoe", "active": False}, NOON)

    ran = world.carry_out(made.plan.changes, made.decided.ids)

    assert "the name is taken by another one, Zoe (scim-u-000003, inactive): 409" in ran.details["user/bo update_user"]
    assert "waits for the login that user/bo keeps" == ran.details["user/ana update_user"]


def test_a_deactivation_goes_on_when_the_new_name_is_refused_with_it() -> None:
    """Nobody keeps access because of a name."""
    told = story({"jo": "jo"}, {"jo": "old active=false", "joan": "jo"})
    world = told.settled()
    made = told.plan(world)
    renames = where(world.send, lambda request: "userName" in (request.body or {}), refuse(409, detail="no"))

    ran = world.carry_out(made.plan.changes, made.decided.ids, renames)

    assert ("applied", "failed", "skipped") == (
        ran.statuses["user/jo deactivate_user"],
        ran.statuses["user/jo update_user"],
        ran.statuses["user/joan create_user"],
    )
    assert False is world.user("jo")["active"]


def test_a_deactivation_does_not_wait_for_a_name() -> None:
    """The name that jo gets is not freed: jo loses access all the same, and who wants jo's name waits."""
    told = story({"jo": "jo", "bo": "bo", "cy": "cy"}, {"jo": "bo active=false", "bo": "b2", "cy": "jo"})
    world = told.settled()
    made = told.plan(world)

    ran = world.carry_out(made.plan.changes, made.decided.ids, where(world.send, patches(world, "bo"), refuse(400)))

    assert ("applied", "failed", "skipped", "skipped") == tuple(
        ran.statuses[one]
        for one in (
            "user/jo deactivate_user",
            "user/bo update_user",
            "user/jo update_user",
            "user/cy update_user",
        )
    )


def test_a_user_is_not_written_if_the_group_that_it_names_is_not() -> None:
    """4me takes only names of organizations and sites that exist."""
    told = story({"ana": "a"}, {"ana": "a organization=Acme"}, {}, {"acme": "Acme ana"})
    world = told.settled()
    made = told.plan(world)
    refused = where(world.send, lambda request: request.method == "POST", refuse(400))

    ran = world.carry_out(made.plan.changes, made.decided.ids, refused)

    assert ("failed", "waits for the name of group/acme, which was not written") == (
        ran.statuses["group/acme create_group"],
        ran.details["user/ana update_user"],
    )
    assert {} == names(world)
