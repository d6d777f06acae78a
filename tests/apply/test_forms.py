"""Writes in other forms and in parts during an apply: what is learned, and what a refusal in between leaves."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from reconciler.apply.channel import Channel, Send, Stop
from reconciler.apply.execute import execute
from reconciler.apply.forms import LearnedForms
from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.plan import AddMembers, AttributeChange, Change, CreateGroup, UpdateUser
from reconciler.core.model.messages import Request, Response
from reconciler.core.planner.steps import make_steps
from reconciler.core.scim.wire import DIALECTS
from reconciler.core.simulator.machine import Simulator
from tests.apply.world import World

PEOPLE = 10_000
IDS = {f"user/u{number}": f"u{number}" for number in range(PEOPLE)}


@pytest.fixture(scope="module")
def company() -> Simulator:
    """Returns an account of 10,000 users and an empty group; tests add groups of their own."""
    return Simulator(
        users=[{"id": live_id, "userName": live_id} for live_id in IDS.values()],
        groups=[{"id": "old", "displayName": "Old"}],
    )


def create(name: str, members: int) -> Change:
    named = AttributeChange(path="displayName", before=None, after=name)
    return CreateGroup(key=f"group/{name}", name=name, attributes=(named,), members=tuple(IDS)[:members])


def carry_out(send: Send, *changes: Change, dialect: str = "rfc7644", forms: LearnedForms | None = None) -> Outcome:
    channel = Channel(send, DIALECTS[dialect], forms=forms or LearnedForms("https://scim.example"))
    learned: dict[str, str] = {}
    [outcome, *_] = asyncio.run(execute(changes, IDS, channel, Stop(), learned=learned))
    return outcome


def members_of(company: Simulator, name: str) -> int:
    [group] = [group for group in company.groups.values() if group["displayName"] == name]
    listed: Any = group.get("members", [])
    return len(listed)


@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
def test_a_group_of_ten_thousand_is_created_in_a_hundred_requests(company: Simulator, dialect: str) -> None:
    """A hundred at a time, and one request to verify them all, as the plan counts them."""
    world = World(company)

    change = create(f"all-{dialect}", PEOPLE)
    outcome = carry_out(world.send, change, dialect=dialect)

    assert ("applied", PEOPLE) == (outcome.status, members_of(company, f"all-{dialect}")), outcome.detail
    assert ["POST", *["PATCH"] * 99, "GET"] == [request.method for request in world.asked]
    assert len(world.asked) == sum(step.requests for step in make_steps([change]))


def limited(world: World, most: int) -> Send:
    """Refuses more bytes than fit `most` members, as gateways do."""

    async def send(request: Request) -> Response:
        body: Any = request.body or {}
        listed = [*body.get("members", []), *(one for op in body.get("Operations", []) for one in op.get("value", []))]
        if len(listed) > most:
            world.asked.append(request)
            return Response(413)
        return await world.send(request)

    return send


def test_the_size_that_a_service_takes_is_found_once(company: Simulator) -> None:
    """300 and 150 are refused for the first group; the second starts with 75."""
    world, forms = World(company), LearnedForms(most_members=1000)
    send = limited(world, 130)

    first = carry_out(send, create("first", 300), forms=forms)
    refused = len(world.asked)
    second = carry_out(send, create("second", 300), forms=forms)

    assert ("applied", 300, "applied", 300) == (
        first.status,
        members_of(company, "first"),
        second.status,
        members_of(company, "second"),
    )
    assert (2 + 1 + 3 + 1, 1 + 3 + 1) == (refused, len(world.asked) - refused)
    assert 75 == forms.most_members


def test_a_refusal_in_between_names_how_many_were_written(company: Simulator) -> None:
    """The group exists with its first members; the next plan adds the others."""
    world = World(company)
    left = [1, 1]

    async def send(request: Request) -> Response:
        if request.method != "GET" and not left:
            return Response(403, {"detail": "closed at noon"})
        left[:] = left[1:] if request.method != "GET" else left
        return await world.send(request)

    outcome = carry_out(send, create("half", 300))

    assert ("failed", 200) == (outcome.status, members_of(company, "half"))
    assert (
        "it was created with a part of its members, and the others were refused: 403 closed at noon" in outcome.detail
    )
    assert 100 == sum(part.path == "members" for part in outcome.undone)


def test_members_that_are_added_in_parts_name_a_refusal_in_between(company: Simulator) -> None:
    """An existing group: 100 of 150 were written."""
    world, writes = World(company), [1]

    async def send(request: Request) -> Response:
        if request.method == "PATCH" and not writes:
            return Response(403, {"detail": "closed at noon"})
        writes[:] = []
        return await world.send(request)

    outcome = carry_out(send, AddMembers(key="group/old", target_id="old", members=tuple(IDS)[:150]))

    assert "failed" == outcome.status
    assert "refused: 403 closed at noon" in outcome.detail
    assert "100 members were written before a part was refused" in outcome.detail


def test_a_single_member_that_is_too_many_is_refused() -> None:
    """There is nothing left to split."""

    async def send(_request: Request) -> Response:
        return Response(413, {"detail": "too large"})

    outcome = carry_out(send, AddMembers(key="group/old", target_id="old", members=("user/u1", "user/u2")))

    assert ("failed", True) == (outcome.status, "refused: 413 too large" in outcome.detail)


def rename(value: str) -> Change:
    return UpdateUser(
        key="user/u1", target_id="u1", attributes=(AttributeChange(path="title", before=None, after=value),)
    )


def test_a_form_that_does_not_help_is_neither_learned_nor_reported() -> None:
    """The refusal of the standard form is the outcome."""
    answers = [Response(400, {"detail": "bad path: title"}), Response(400, {"detail": "odd"})]
    forms = LearnedForms()

    async def send(_request: Request) -> Response:
        return answers.pop(0)

    outcome = carry_out(send, rename("x"), forms=forms)

    assert ("failed", set(), []) == (outcome.status, forms.learned, answers)
    assert "refused: 400 bad path: title" in outcome.detail
    assert "odd" not in outcome.detail


def test_what_was_learned_is_sent_first_and_named(company: Simulator) -> None:
    """The second change needs one request."""
    world, forms = World(company), LearnedForms()

    async def send(request: Request) -> Response:
        body: Any = request.body or {}
        if any("path" in operation for operation in body.get("Operations", [])):
            world.asked.append(request)
            return Response(400, {"scimType": "invalidPath"})
        return await world.send(request)

    outcomes = [carry_out(send, rename(title), forms=forms) for title in ("x", "y")]

    assert (["applied"] * 2, 3) == ([outcome.status for outcome in outcomes], len(world.asked))
    assert ["The service takes changes only in another form. Add to the tenant: quirks: [patch_without_path]"] == (
        forms.advice()
    )
