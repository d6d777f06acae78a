"""Names that are exchanged, freed and taken at random: two applies reach the desired state, or say why not.

The oracle knows whose each record is: by the externalId, which no request of these worlds writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.changes.plan import Plan
from reconciler.core.model.messages import Request, Response
from reconciler.core.model.resources import Key
from reconciler.core.model.states import DesiredState, Selection
from reconciler.core.simulator.machine import Simulator
from tests.apply.handed import Watched, declare, on_third_names
from tests.apply.world import World

NAMES = "abcdefgh"
KEYS = ("ana", "bo", "cy", "di", "eve")
APPLIES = 2
STEADY = settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@dataclass(frozen=True)
class Wish:
    """What git says of a user."""

    name: str
    active: bool = True
    manager: str | None = None

    def spell(self) -> str:
        """As `declare` takes it; the title says whose record it is."""
        return f"{self.name} active={str(self.active).lower()}" + (f" manager={self.manager}" if self.manager else "")


@dataclass(frozen=True)
class Company:
    """The records of the account (owner, name, active), and what git said and says of each key."""

    records: tuple[tuple[str, str, bool], ...]
    before: dict[str, Wish]
    head: dict[str, Wish]

    def world(self) -> World:
        """The account."""
        return World(Simulator(users=[_record(*one) for one in self.records]))

    def states(self) -> tuple[DesiredState, DesiredState]:
        """What git said, and what it says: the title is the key."""
        one, other = (
            {key: f"{wish.spell()} title={key}" for key, wish in said.items()} for said in (self.before, self.head)
        )
        return declare(one), declare(other)


def _record(owner: str, name: str, active: bool) -> dict[str, Any]:  # noqa: FBT001  # a row of the table
    address = f"{name}@example.com"
    external = {"externalId": owner} if owner in KEYS else {}
    emails = [{"value": address, "type": "work", "primary": True}]
    return {**external, "userName": address, "emails": emails, "title": owner, "active": active}


@st.composite
def companies(draw: st.DrawFn) -> Company:
    """Each name is taken by one record, and declared once; names move at random, and strangers hold some."""
    present = draw(st.lists(st.sampled_from((*KEYS, "stranger", "other")), unique=True))
    held = draw(st.permutations(NAMES))
    records = tuple((owner, name, draw(st.booleans())) for owner, name in zip(present, held, strict=False))
    before = {owner: Wish(name, active) for owner, name, active in records if owner in KEYS}
    wanted = draw(st.permutations(NAMES))
    keys = draw(st.lists(st.sampled_from(KEYS), unique=True))
    head: dict[str, Wish] = {}
    for key, name in zip(keys, wanted, strict=False):
        manager = draw(st.sampled_from([None, *(other for other in keys if other != key)]))
        head[key] = Wish(name, draw(st.sampled_from([True, True, True, False])), manager)
    return Company(records, before, head)


def _apply(world: World, watched: Watched, after: DesiredState, before: DesiredState) -> Plan:
    made = world.plan(after, before)
    world.carry_out(made.plan.changes, made.decided.ids, watched.send)
    return made.plan


def _check(company: Company, world: World, watched: Watched, plans: Sequence[Plan]) -> None:
    assert [] == watched.taken
    assert [] == on_third_names(world)
    for user in world.simulator.users.values():
        owner = user.get("externalId") or user["title"]
        assert owner == user["title"]  # the title is written with every record, so that a wrong link would show
        emails: Any = user["emails"]
        assert [user["userName"]] == [one["value"] for one in emails]
    told = " ".join(problem.message for problem in plans[-1].problems)
    found = {user.get("externalId"): user for user in world.simulator.users.values()}
    for key, wish in company.head.items():
        user = found.get(key, {})
        if not wish.active:
            assert user.get("active") is not True
        else:
            reached = (user.get("userName"), user.get("active")) == (f"{wish.name}@example.com", True)
            assert reached or f"user/{key} " in told


@STEADY
@given(companies())
def test_two_applies_reach_the_desired_state_or_say_why_not(company: Company) -> None:
    """No request meets a taken name, and no record of another one is written."""
    world = company.world()
    watched, (before, after) = Watched(world), company.states()
    plans = [_apply(world, watched, after, before) for _ in range(APPLIES)]
    last = world.plan(after, after).plan

    assert () == last.changes
    assert all(plan.converges for plan in plans)
    _check(company, world, watched, [*plans, last])


class Killed(BaseException):
    """The process is gone."""


@STEADY
@given(companies(), st.integers(0, 7), st.booleans())
def test_a_crash_ends_where_none_ends(company: Company, at: int, done: bool) -> None:  # noqa: FBT001
    """Whatever was sent last arrived, or did not."""
    world, peaceful = company.world(), company.world()
    before, after = company.states()
    watched, count = Watched(world), iter(range(1_000))

    async def kill(request: Request) -> Response:
        if request.method != "GET" and next(count) >= at:
            if done:
                await watched.send(request)
            raise Killed
        return await watched.send(request)

    made = world.plan(after, before)
    try:
        world.carry_out(made.plan.changes, made.decided.ids, kill)
    except* Killed:
        pass
    plans = [_apply(world, watched, after, before) for _ in range(APPLIES)]
    for _ in range(APPLIES):
        _apply(peaceful, Watched(peaceful), after, before)

    _check(company, world, watched, [*plans, world.plan(after, after).plan])
    assert _shape(peaceful) == _shape(world)


def _shape(world: World) -> list[tuple[str, ...]]:
    users = world.simulator.users.values()
    return sorted((str(user["title"]), str(user["userName"]), str(user["active"])) for user in users)


@STEADY
@given(companies(), st.data())
def test_a_refused_request_leaves_nobody_on_a_third_name(company: Company, data: st.DataObject) -> None:
    """And two more applies do the rest."""
    world = company.world()
    before, after = company.states()
    watched, at = Watched(world), data.draw(st.integers(0, 7))
    count = iter(range(1_000))

    async def refuse(request: Request) -> Response:
        if request.method != "GET" and next(count) == at:
            return Response(400, {"detail": "no"})
        return await watched.send(request)

    made = world.plan(after, before)
    world.carry_out(made.plan.changes, made.decided.ids, refuse)
    assert [] == [*watched.taken, *on_third_names(world)]
    plans = [_apply(world, watched, after, before) for _ in range(APPLIES)]

    _check(company, world, watched, [*plans, world.plan(after, after).plan])


@STEADY
@given(companies(), st.sets(st.sampled_from(KEYS)))
def test_a_part_of_a_plan_frees_what_it_takes(company: Company, some: set[str]) -> None:
    """With --only, a ring runs whole or not at all."""
    world = company.world()
    before, after = company.states()
    watched = Watched(world)
    selected = replace(after, selection=Selection(frozenset(Key("user", key) for key in some)))
    _apply(world, watched, selected, before)

    assert [] == [*watched.taken, *on_third_names(world)]
    plans = [_apply(world, watched, after, before) for _ in range(APPLIES)]
    _check(company, world, watched, [*plans, world.plan(after, after).plan])
