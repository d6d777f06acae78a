"""After any trouble at any request, planning again and applying again arrives: same people, nothing twice, no delete.

Everything is real but the line: the client, the reads, the planner, the executor, and the sandbox behind its ASGI door.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from reconciler.apply.channel import Channel, Stop
from reconciler.apply.execute import execute
from reconciler.core.changes.outcome import Outcome
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.states import DesiredState
from reconciler.core.safety.make_plan import MadePlan, PlanInput, make_plan
from reconciler.core.scim.wire import DIALECTS
from reconciler.errors import ReconcilerError
from reconciler.live.client import Client, in_process
from reconciler.live.rate_limiter import PaceClock
from reconciler.live.read import read_snapshot
from reconciler.live.snapshot import to_live_state
from reconciler.sandbox.app import make_app
from reconciler.sandbox.store import Store
from tests.apply.world import ENTERPRISE, NOON, OPEN, TODAY, World, git_says, groups, make, people
from tests.core.examples import evidence_of

Ask: TypeAlias = Callable[[httpx.Request], Awaitable[httpx.Response]]
Trouble: TypeAlias = Callable[[Ask, httpx.Request], Awaitable[httpx.Response]]

FIRST = git_says(
    people("ann", "bob manager=ann", "cid manager=bob", "dee manager=ann", "eve manager=dee", "fay")
    + groups(staff="ann bob cid dee")
)
LATER = git_says(
    people("ann title=Chief", "bob manager=dee", "cid manager=gus", "dee", "eve active=false", "gus manager=ann")
    + groups(staff="ann cid gus", crew="bob gus")
)


async def unanswered(ask: Ask, request: httpx.Request) -> httpx.Response:
    """It is done, and the line breaks."""
    await ask(request)
    raise httpx.ReadError("the line broke", request=request)


async def unsent(_ask: Ask, request: httpx.Request) -> httpx.Response:
    """It never arrives."""
    raise httpx.ConnectError("the line broke", request=request)


async def refused(_ask: Ask, request: httpx.Request) -> httpx.Response:
    """The service does not want it."""
    return httpx.Response(400, json={"detail": "not today"}, request=request)


async def broken(_ask: Ask, request: httpx.Request) -> httpx.Response:
    """The service fails before it did it."""
    return httpx.Response(500, json={"detail": "oops"}, request=request)


async def broken_but_done(ask: Ask, request: httpx.Request) -> httpx.Response:
    """The service fails after it did it."""
    await ask(request)
    return httpx.Response(502, text="<html>Bad Gateway</html>", request=request)


async def busy_but_done(ask: Ask, request: httpx.Request) -> httpx.Response:
    """A gateway says to come back, and what was asked for was done."""
    await ask(request)
    return httpx.Response(503, headers={"Retry-After": "1"}, request=request)


async def cut(ask: Ask, request: httpx.Request) -> httpx.Response:
    """Half of the answer comes."""
    answer = await ask(request)
    content = await answer.aread()
    return httpx.Response(answer.status_code, content=content[: len(content) // 2], request=request)


async def empty(ask: Ask, request: httpx.Request) -> httpx.Response:
    """It is done, and answered without a word."""
    answer = await ask(request)
    await answer.aread()
    return httpx.Response(answer.status_code, request=request)


async def unauthorized(_ask: Ask, request: httpx.Request) -> httpx.Response:
    """The token ran out in between."""
    return httpx.Response(401, json={"detail": "expired"}, request=request)


TROUBLES: tuple[Trouble, ...] = (
    unanswered,
    unsent,
    refused,
    broken,
    broken_but_done,
    busy_but_done,
    cut,
    empty,
    unauthorized,
)


@dataclass
class Line(httpx.AsyncBaseTransport):
    """The way to the sandbox: a trouble at the request of one index, once or for the same request ever after."""

    store: Store
    asked: list[str] = field(default_factory=list)
    trouble: Trouble | None = None
    at: int = -1
    for_good: bool = False
    count: int = 0
    spoilt: tuple[str, str, bytes] | None = None

    def __post_init__(self) -> None:
        self.inner = in_process(make_app(self.store, now=lambda: NOON))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.method)
        self.count += 1
        same = (request.method, str(request.url), request.content)
        if self.trouble and self.count - 1 == self.at:
            self.spoilt = same if self.for_good else None
            return await self.trouble(self.inner.handle_async_request, request)
        if self.trouble and self.spoilt == same:
            return await self.trouble(self.inner.handle_async_request, request)
        return await self.inner.handle_async_request(request)

    def disturb(self, trouble: Trouble | None, at: int, *, for_good: bool) -> None:
        self.trouble, self.at, self.for_good = trouble, at, for_good
        self.count, self.spoilt = 0, None


async def no_time(_seconds: float) -> None:
    await asyncio.sleep(0)


@dataclass
class Tenancy:
    """A tenant, planned for and applied to as the commands do it."""

    line: Line
    tenant: Tenant

    async def run(self, state: DesiredState, base: DesiredState | None) -> tuple[MadePlan, tuple[Outcome, ...]]:
        dialect = DIALECTS[self.tenant.dialect]
        clock = PaceClock(now=lambda: 0.0, sleep=no_time)
        async with Client("http://sandbox.invalid/scim/v2", "token", (), transport=self.line, clock=clock) as client:
            live = to_live_state(*await read_snapshot(client, dialect))
            earlier = Earlier(base=base)
            gathered = PlanInput(state, live, self.tenant, OPEN, TODAY, earlier, evidence=evidence_of(earlier))
            made = make_plan(gathered)
            if not made.plan.applyable:
                return made, ()
            return made, await execute(made.plan.changes, made.decided.ids, Channel(client.send, dialect), Stop())

    def arrive(self, state: DesiredState, base: DesiredState | None) -> None:
        """Plans and applies until there is nothing to do; twice must do."""
        for _ in range(2):
            made, outcomes = asyncio.run(self.run(state, base))
            assert {"applied"} >= {one.status for one in outcomes}, [one.detail for one in outcomes]
            if not made.plan.changes:
                return
        pytest.fail("planning a third time would leave something to do")


def describe(store: Store) -> tuple[list[Any], list[Any]]:
    """Who and what is there, by names of ours; twice if it is there twice."""
    simulator = store.simulator()
    names: dict[object, object] = {live_id: user["externalId"] for live_id, user in simulator.users.items()}
    users: list[Any] = []
    for user in simulator.users.values():
        extension: Any = user.get(ENTERPRISE, {})
        manager = names.get(extension.get("manager", {}).get("value"))
        users.append([user["externalId"], user["userName"], user.get("title"), user["active"], manager])
    live_groups: list[Any] = []
    for group in simulator.groups.values():
        members: Any = group.get("members", [])
        live_groups.append([group["externalId"], sorted(str(names[member["value"]]) for member in members)])
    return sorted(users, key=json.dumps), sorted(live_groups, key=json.dumps)


PEOPLE_FIRST = [
    ["ann", "ann@example.com", None, True, None],
    ["bob", "bob@example.com", None, True, "ann"],
    ["cid", "cid@example.com", None, True, "bob"],
    ["dee", "dee@example.com", None, True, "ann"],
    ["eve", "eve@example.com", None, True, "dee"],
    ["fay", "fay@example.com", None, True, None],
]
PEOPLE_LATER = [
    ["ann", "ann@example.com", "Chief", True, None],
    ["bob", "bob@example.com", None, True, "dee"],
    ["cid", "cid@example.com", None, True, "gus"],
    ["dee", "dee@example.com", None, True, "ann"],
    ["eve", "eve@example.com", None, False, "dee"],
    ["fay", "fay@example.com", None, False, None],
    ["gus", "gus@example.com", None, True, "ann"],
]
STORIES = {
    "first": (FIRST, None, (PEOPLE_FIRST, [["staff", ["ann", "bob", "cid", "dee"]]])),
    "later": (LATER, FIRST, (PEOPLE_LATER, [["crew", ["bob", "gus"]], ["staff", ["ann", "cid", "gus"]]])),
}


@cache
def before(story: str) -> World:
    """The account as it is when the story begins."""
    world = make()
    if story == "later":
        world.settle(FIRST)
    return world


def begin(store: Store, dialect: str, story: str) -> Tenancy:
    """The story is about to begin in that account."""
    store.reset()
    store.seed(before(story).simulator.users.values(), before(story).simulator.groups.values())
    tenant = Tenant(url="sandbox", scope="all", dialect=dialect)  # type: ignore[arg-type]  # one of the two
    return Tenancy(Line(store), tenant)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "account.sqlite") as store:
        yield store


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
def test_undisturbed_a_story_arrives_at_once(store: Store, dialect: str, story: str) -> None:
    """What the others must arrive at."""
    state, base, expected = STORIES[story]
    tenancy = begin(store, dialect, story)

    _made, outcomes = asyncio.run(tenancy.run(state, base))
    tenancy.arrive(state, base)

    assert {"applied"} == {one.status for one in outcomes}
    assert expected == describe(store)


@pytest.mark.sweep(one_in=3)
@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.__name__)
@pytest.mark.parametrize("story", STORIES)
def test_a_trouble_at_any_request_is_mended_by_the_next_run(
    store: Store, story: str, trouble: Trouble, *, for_good: bool
) -> None:
    """Reads, creates, changes and read-backs, one after the other; every change has its outcome all the same."""
    state, base, expected = STORIES[story]
    at, more = 0, True
    while more:
        tenancy = begin(store, "4me" if at % 2 else "rfc7644", story)
        tenancy.line.disturb(trouble, at, for_good=for_good)
        try:
            made, outcomes = asyncio.run(tenancy.run(state, base))
        except ReconcilerError:
            pass
        else:
            assert [change.id for change in made.plan.changes] == [one.change.id for one in outcomes] or not outcomes
        more = tenancy.line.count > at
        tenancy.line.disturb(None, -1, for_good=False)

        tenancy.arrive(state, base)

        assert (at, expected) == (at, describe(store))
        assert {"GET", "POST", "PATCH"} >= set(tenancy.line.asked)
        at += 1

    assert at > 8


@pytest.mark.parametrize("story", STORIES)
def test_a_process_that_is_killed_at_any_request_is_mended_by_the_next_run(store: Store, story: str) -> None:
    """From one request on nothing is sent, heard or told: what was in flight is done, and nobody knows."""
    state, base, expected = STORIES[story]

    class Killed(BaseException):
        """The process is gone."""

    async def kill(ask: Ask, request: httpx.Request) -> httpx.Response:
        await ask(request)
        raise Killed

    at, more = 0, True
    while more:
        tenancy = begin(store, "4me", story)
        tenancy.line.disturb(kill, at, for_good=False)
        try:
            asyncio.run(tenancy.run(state, base))
        except* Killed:
            pass
        more = tenancy.line.count > at
        tenancy.line.disturb(None, -1, for_good=False)

        tenancy.arrive(state, base)

        assert (at, expected) == (at, describe(store))
        at += 1


class Forgetful(Line):
    """A line that does what it is told, and loses the answer to every create."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        if request.method == "POST":
            raise httpx.ReadError("the line broke", request=request)
        return answer


def test_nothing_is_created_twice_though_every_answer_of_a_create_is_lost(store: Store) -> None:
    """Each is looked up, found, and its report gets its id: one run is enough."""
    tenancy = Tenancy(Forgetful(store), Tenant(url="sandbox", scope="all"))

    _made, outcomes = asyncio.run(tenancy.run(FIRST, None))

    assert {"applied"} == {one.status for one in outcomes}
    assert STORIES["first"][2] == describe(store)
    assert 7 == tenancy.line.asked.count("POST")
