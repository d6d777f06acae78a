"""Looking up what a create may have made: every hit is checked, for some services answer everybody."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from reconciler.apply.lookup import find_created, name_holder
from reconciler.core.changes.plan import AttributeChange, CreateGroup, CreateUser
from reconciler.core.model.messages import JsonObject, Request, Response
from reconciler.core.planner.steps import Step
from reconciler.core.simulator.machine import Simulator
from reconciler.core.simulator.quirks import Quirks
from reconciler.core.simulator.search import SearchQuirks
from reconciler.errors import LostAnswer
from tests.apply.world import World

TAKEN = Response(409, {"detail": "userName is taken"})


def new_user(external_id: str = "ann", user_name: str = "ann@example.com") -> Step:
    asked = {"externalId": external_id, "userName": user_name}
    attributes = tuple(AttributeChange(path=path, before=None, after=value) for path, value in asked.items())
    return Step(f"user/{external_id}", (CreateUser(key=f"user/{external_id}", attributes=attributes),))


def new_group(external_id: str, name: str) -> Step:
    asked = {"externalId": external_id, "displayName": name}
    attributes = tuple(AttributeChange(path=path, before=None, after=value) for path, value in asked.items())
    return Step(f"group/{external_id}", (CreateGroup(key=f"group/{external_id}", attributes=attributes),))


def account(*users: JsonObject, groups: tuple[JsonObject, ...] = (), quirks: Quirks | None = None) -> World:
    return World(Simulator(quirks or Quirks(), users, groups))


def found(world: World, step: Step) -> object:
    response = asyncio.run(find_created(step, world.send))
    return response and response.body


def told(world: World, step: Step, conflict: Response = TAKEN) -> str:
    return asyncio.run(name_holder(step, conflict, world.send))


def test_what_was_created_is_found_by_its_external_id() -> None:
    """And read as a whole, as the answer that was lost had it."""
    body = found(account({"id": "u1", "userName": "ann@example.com", "externalId": "ann"}), new_user())

    assert isinstance(body, dict)
    assert ("u1", "ann") == (body["id"], body["externalId"])


def test_what_was_created_is_found_among_everybody() -> None:
    """A service that ignores filters answers all: the one that has what was asked for is it."""
    others: list[JsonObject] = [{"id": f"x{number}", "userName": f"x{number}@example.com"} for number in range(5)]
    ours: JsonObject = {"id": "u1", "userName": "ann@example.com", "externalId": "ann"}

    body = found(account(*others, ours, quirks=Quirks(search=SearchQuirks(ignores_filters=True))), new_user())

    assert isinstance(body, dict)
    assert "u1" == body["id"]


def test_everybody_else_is_not_what_was_created() -> None:
    """However many a service answers."""
    others: list[JsonObject] = [
        {"id": "x1", "userName": "zoe@example.com", "externalId": "zoe"},
        {"id": "x2", "userName": "ann@example.com", "externalId": "another"},
        {"id": "x3", "userName": "ANN@example.com.evil", "externalId": "Ann"},
    ]

    assert None is found(account(*others, quirks=Quirks(search=SearchQuirks(ignores_filters=True))), new_user())
    assert None is found(account(*others), new_user())


def test_a_group_is_found_by_its_external_id_and_not_by_its_name_alone() -> None:
    """A group of that name that somebody else made is not ours to fill."""
    ours: JsonObject = {"id": "g1", "displayName": "FINANCE", "externalId": "finance"}
    theirs: JsonObject = {"id": "g2", "displayName": "Sales"}
    world = account(groups=(ours, theirs))

    body = found(world, new_group("finance", "Finance"))

    assert isinstance(body, dict)
    assert "g1" == body["id"]
    assert None is found(world, new_group("sales", "Sales"))


@pytest.mark.parametrize("name", ['a"b', "a\\b", 'x" or userName eq "ann', "a&b=c#d", "ä +%20"])
def test_what_is_asked_for_can_not_break_out_of_its_quotes(name: str) -> None:
    """A name is a value in the filter, whatever it holds (RFC 7644 section 3.4.2.2)."""
    world = account({"id": "u1", "userName": name, "externalId": name})

    body = found(world, new_user(name, name))

    assert isinstance(body, dict)
    assert "u1" == body["id"]
    [first, *_rest] = [parse_qs(urlsplit(one.path).query)["filter"] for one in world.asked[:1]]
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    assert [f'externalId eq "{escaped}"'] == first


def test_a_look_up_that_is_lost_is_not_nobody() -> None:
    """Whoever asked must hear of it."""

    async def lost(_request: Request) -> Response:
        raise LostAnswer("broken")

    with pytest.raises(LostAnswer):
        asyncio.run(find_created(new_user(), lost))


def test_a_holder_is_named_with_their_id() -> None:
    """And what the service said."""
    world = account({"id": "u9", "userName": "Ann@Example.com", "externalId": "x", "displayName": "Ann Other"})

    assert "the name is taken by another one, Ann Other (u9): 409 userName is taken" == told(world, new_user())


def test_of_two_holders_ours_is_the_one_that_is_told() -> None:
    """The one with our externalId is matched by the next plan; the other only has the name."""
    ours: JsonObject = {"id": "u1", "userName": "old@example.com", "externalId": "ann"}
    theirs: JsonObject = {"id": "u2", "userName": "ann@example.com", "externalId": "x"}

    for world in (
        account(ours, theirs),
        account(theirs, ours, quirks=Quirks(search=SearchQuirks(ignores_filters=True))),
    ):
        said = told(world, new_user())
        assert "it already exists (u1): plan again" in said


def test_a_holder_who_can_not_be_seen_is_not_guessed() -> None:
    """It is not listed; where a look-up can't be believed, there is only what the service said."""
    hidden = "the name is taken by a {} that this token does not list: 409 userName is taken"
    assert hidden.format("user") == told(account(), new_user())
    assert hidden.format("group") == told(account(), new_group("desk", "Desk"))
    others: JsonObject = {"id": "x", "userName": "zoe@example.com"}
    everybody = Quirks(search=SearchQuirks(ignores_filters=True))
    assert hidden.format("user") == told(account(others, quirks=everybody), new_user())
    pages = replace(everybody, page_limit=1)
    assert "refused: 409 userName is taken" == told(account(others, {**others, "id": "y"}, quirks=pages), new_user())


def nameless(**written: str) -> Step:
    """A create that writes no externalId."""
    attributes = tuple(AttributeChange(path=path, before=None, after=value) for path, value in written.items())
    return Step("user/ann", (CreateUser(key="user/ann", attributes=attributes),))


NUMBER, TITLE = {"employeeNumber": "7"}, {"title": "Clerk"}


@pytest.mark.parametrize(
    ("written", "there", "ours"),
    [
        ({}, {}, False),
        (TITLE, TITLE, False),
        (NUMBER, {}, False),
        (NUMBER, {"employeeNumber": "8"}, False),
        (NUMBER | TITLE, NUMBER, False),
        (NUMBER | TITLE, NUMBER | TITLE, True),
        ({"name.givenName": "Ann", "name.familyName": "Lee"}, {}, False),
    ],
)
def test_without_an_external_id_on_both_sides_nothing_is_ours_by_its_name_alone(
    written: dict[str, str],
    there: dict[str, str],
    ours: bool,  # noqa: FBT001  # a row of a table
) -> None:
    """A stranger with the userName would join the groups of a user who was never created."""
    enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    number = {"employeeNumber": there["employeeNumber"]} if "employeeNumber" in there else {}
    title = {"title": there["title"]} if "title" in there else {}
    holder: JsonObject = {"id": "u1", "userName": "ann@example.com", enterprise: {**number}, **title}
    step = nameless(userName="ann@example.com", **written)

    assert ours is (found(account(holder), step) is not None)
    assert ("already exists" if ours else "taken by another one") in told(account(holder), step)


def test_a_confirmed_create_without_an_id_in_its_answer_is_found_by_its_values() -> None:
    """The service has made it, and names are unique."""
    world = account({"id": "u1", "userName": "ann@example.com"})
    response = asyncio.run(find_created(nameless(userName="ann@example.com"), world.send, was_made=True))

    assert response is not None
    assert response.succeeded
