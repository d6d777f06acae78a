"""Names that are exchanged over a third name: whole or not at all, whatever happens at whatever request."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from reconciler.apply.channel import Channel, Send, Stop
from reconciler.apply.execute import execute
from reconciler.core.model.logins import is_third_name
from reconciler.core.model.messages import JsonObject, Request, Response
from reconciler.core.scim.wire import DIALECTS
from reconciler.errors import Failed, LostAnswer, NotAnAnswer
from tests.apply.handed import Story, Watched, logins, names, on_third_names, rotate, story
from tests.apply.world import Ran, Trouble, World, fail, refuse

GROUPS = story({}, {}, {"x": "Ex", "y": "Why"}, {"x": "Why", "y": "Ex"})
IN_NEED = story({"ana": "a", "bo": "b"}, {"ana": "b manager=dee", "bo": "a title=X", "dee": "dee"})
RINGS: Mapping[str, Story] = {"2": rotate(2), "3": rotate(3), "5": rotate(5), "groups": GROUPS, "in need": IN_NEED}


async def ignore(send: Send, request: Request) -> Response:
    """Answers with success, and does nothing."""
    return await send(Request("GET", request.path))


async def do_in_silence(send: Send, request: Request) -> Response:
    """Does it, and answers without the resource."""
    await send(request)
    return Response(204)


HARMLESS: Mapping[str, Trouble] = {
    "lost answer": fail(LostAnswer("no answer"), done=True),
    "not an answer": fail(NotAnAnswer("HTML"), done=True),
    "without the resource": do_in_silence,
}
TROUBLES: Mapping[str, Trouble] = {
    "refused": refuse(400, detail="no"),
    "taken": refuse(409, detail="taken"),
    "server error": refuse(500, detail="later"),
    "lost request": fail(LostAnswer("no answer"), done=False),
    "not taken": ignore,
    "gone": refuse(404),
}


def writes(request: Request) -> bool:
    """Whether a request writes."""
    return request.method != "GET"


def at_write(send: Send, index: int, trouble: Trouble, *, for_good: bool = False) -> Send:
    """The line with a trouble at the write of that index, and for good at all writes after it."""
    count = iter(range(10_000))

    async def sent(request: Request) -> Response:
        if not writes(request):
            return await send(request)
        position = next(count)
        hit = position >= index if for_good else position == index
        return await (trouble(send, request) if hit else send(request))

    return sent


def called(world: World) -> dict[str, str]:
    """Every name, by key."""
    return {**logins(world), **names(world)}


def carry_out(told: Story, world: World, send: Send) -> Ran:
    made = told.plan(world)
    return world.carry_out(made.plan.changes, made.decided.ids, send)


@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
@pytest.mark.parametrize("trouble", HARMLESS)
@pytest.mark.parametrize("ring", RINGS)
def test_what_was_done_without_being_heard_goes_on(ring: str, trouble: str, dialect: str) -> None:
    """The resource is read, and shows the name."""
    told = RINGS[ring]
    writes_needed = told.plan(told.settled(dialect)).plan.cost.requests
    for index in range(writes_needed):
        world = told.settled(dialect)
        watched = Watched(world)

        ran = carry_out(told, world, at_write(watched.send, index, HARMLESS[trouble]))

        assert (index, []) == (index, watched.taken)
        assert (index, []) == (index, on_third_names(world))
        if all(status == "applied" for status in ran.statuses.values()):
            assert () == told.plan(world).plan.changes
        else:  # a request outside the ring
            assert "in need" == ring


@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("ring", RINGS)
def test_what_is_not_taken_is_undone_and_the_next_apply_does_it_all(ring: str, trouble: str, dialect: str) -> None:
    """At each request: each has the old name or the new one, and nobody a third one."""
    told = RINGS[ring]
    before, after = called(told.settled()), called(settle_after(told))
    for index in range(told.plan(told.settled()).plan.cost.requests):
        world = told.settled(dialect)
        watched = Watched(world)

        ran = carry_out(told, world, at_write(watched.send, index, TROUBLES[trouble]))

        assert (index, []) == (index, [*watched.taken, *on_third_names(world)])
        moved = {key for key, name in called(world).items() if key in before and name != before[key]}
        assert moved in (set(), {key for key in before if before[key] != after[key]}), index
        sent_again = ring == "in need" or trouble == "refused"  # a lost create, and the parts of a refused request
        assert sent_again or {"applied"} < {"applied", *ran.statuses.values()}
        assert all(ran.details[one] for one, status in ran.statuses.items() if status != "applied")
        world.settle(told.after)
        assert (index, after) == (index, called(world))


def settle_after(told: Story) -> World:
    world = told.settled()
    world.settle(told.after)
    return world


@pytest.mark.parametrize("ring", ["2", "3", "groups"])
def test_what_can_not_be_undone_either_says_the_name_that_it_is_left_on(ring: str) -> None:
    """The line is dead from one request on. The next plan puts it right, and calls it what it is."""
    told = RINGS[ring]
    for index in range(1, told.plan(told.settled()).plan.cost.requests):
        world = told.settled()

        ran = carry_out(told, world, at_write(world.send, index, refuse(503, detail="down"), for_good=True))

        [left] = on_third_names(world)
        assert any(left in detail and "could not be undone" in detail for detail in ran.details.values())
        assert "failed" in ran.statuses.values()
        again = world.plan(told.after, told.after).plan
        reasons = [change.reason for change in again.changes if change.cause != "drift"]
        assert ["left over from an exchange of names"] == [reason.partition(",")[0] for reason in reasons]
        world.settle(told.after)
        assert called(settle_after(told)) == called(world)


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("ring", RINGS)
def test_after_a_kill_at_any_request_the_next_apply_goes_on_from_there(ring: str, done: bool) -> None:  # noqa: FBT001
    """Whoever is on a third name is found by the externalId."""
    told = RINGS[ring]

    async def kill(send: Send, request: Request) -> Response:
        if done:
            await send(request)
        raise Killed

    for index in range(told.plan(told.settled()).plan.cost.requests):
        world = told.settled()
        try:
            carry_out(told, world, at_write(world.send, index, kill, for_good=True))
        except* Killed:
            pass
        watched = Watched(world)

        ran = carry_out(told, world, watched.send)

        assert {"applied"} >= set(ran.statuses.values()), ran.details
        assert [] == [*watched.taken, *on_third_names(world)]
        assert (index, called(settle_after(told))) == (index, called(world))
        assert () == told.plan(world).plan.changes


@pytest.mark.parametrize("ring", RINGS)
def test_a_stop_at_any_request_ends_the_ring_first(ring: str) -> None:
    """Ctrl-C, SIGTERM and --max-duration stop a run; what waits then waits on until the ring is done."""
    told = RINGS[ring]
    for index in range(told.plan(told.settled()).plan.cost.requests):
        world, stop = told.settled(), Stop()

        async def interrupt(send: Send, request: Request, stop: Stop = stop) -> Response:
            stop.set("interrupted by SIGINT")
            return await send(request)

        made = told.plan(world)
        world.carry_out(made.plan.changes, made.decided.ids, at_write(world.send, index, interrupt), stop)

        assert stop.event.is_set()
        assert (index, []) == (index, on_third_names(world))
        world.settle(told.after)


def test_a_second_signal_ends_the_waits_of_a_ring_too() -> None:
    """The first lets it go on."""
    stop = Stop()
    with stop.held():
        stop.set_at_once("interrupted by SIGINT")
        assert not stop.event.is_set()
        stop.set_at_once("interrupted by SIGINT")
        assert stop.event.is_set()


def test_without_a_log_a_ring_is_not_begun() -> None:
    """What is not on record is not sent."""
    told = rotate(3)
    world = told.settled()
    made = told.plan(world)

    class Full:
        def begin(self, _changes: object) -> None:
            raise Failed("the disk is full")

        def end(self, outcomes: object, live_id: object, requests: object) -> None:
            """Nothing began."""

    channel = Channel(world.send, DIALECTS["4me"], Full())
    outcomes = asyncio.run(execute(made.plan.changes, made.decided.ids, channel, Stop()))

    assert {("skipped", "the run stopped: the disk is full")} == {(one.status, one.detail) for one in outcomes}
    assert [] == world.asked


def test_an_inactive_member_goes_over_the_third_name_and_else_the_first_key() -> None:
    """Mail to a third name bounces, and it is the shorter time for one who does not log in."""
    told = story({"ana": "a", "bo": "b active=false", "cy": "c"}, {"ana": "b", "bo": "c active=false", "cy": "a"})
    world = World()
    world.settle(story({"ana": "a", "bo": "b", "cy": "c"}, {}).before)
    world.settle(story({"ana": "a", "bo": "b active=false", "cy": "c"}, {}).before)

    made = told.plan(world)

    assert ["user/bo"] == [change.key for change in made.plan.changes if change.over]
    assert (
        "exchange their logins in 4 requests; in between, user/bo has the third name reconciler."
        in made.plan.problems[0].message
    )


def test_a_third_name_is_known_again_from_the_id_alone() -> None:
    """And it keeps the domain, so that its rules for logging in hold."""
    told = rotate(2)
    world = told.settled()
    [over] = [change for change in told.plan(world).plan.changes if change.over]

    assert is_third_name("user", str(over.target_id), over.over)
    assert not is_third_name("user", "another", over.over)
    assert over.over.endswith("@example.com")


def test_a_third_name_that_another_one_has_is_not_used() -> None:
    """A counter joins the hash."""
    told = rotate(2)
    world = told.settled()
    [first] = [change.over for change in told.plan(world).plan.changes if change.over]
    taken: JsonObject = {
        "userName": first,
        "emails": [{"value": first, "type": "work", "primary": True}],
        "externalId": "zoe",
    }
    world.simulator.adopt("Users", [taken])

    made = told.plan(world)
    ran = world.carry_out(made.plan.changes, made.decided.ids)

    [second] = [change.over for change in made.plan.changes if change.over]
    assert (True, {"applied"}) == (first != second, set(ran.statuses.values()))
