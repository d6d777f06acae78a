"""Runs a flow through a line that breaks, then again through one that doesn't, and says what became of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from reconciler.apply.execute import Channel, Stop, execute
from reconciler.core.earlier import Earlier
from reconciler.core.make_plan import Gathered, Made, make_plan
from reconciler.core.model import DesiredState
from reconciler.core.outcome import Outcome
from reconciler.core.tenant import Guardrails, Limit, Tenant
from reconciler.core.wire import Dialect
from reconciler.errors import Unreachable
from reconciler.live.client import Client
from reconciler.live.read import read_snapshot
from reconciler.live.snapshot import to_live_state
from tests.faults.flows import TODAY, Flow
from tests.faults.proxy import Fault, Proxy
from tests.live.service import FakeTime
from tests.servers.server import NO_AUTHORITIES

SENT = {"GET", "POST", "PATCH"}
MOST_APPLIES = 2
NO_LIMITS = Guardrails(max_deactivations=Limit(count=99), max_member_removals=Limit(count=99))


@dataclass(frozen=True)
class Place:
    """An account of a service: its address, its token, and how it is written to."""

    url: str
    token: str
    dialect: Dialect


@dataclass(frozen=True)
class Broken:
    """What is to break: the fault, at which request, and whether from there on."""

    fault: Fault
    index: int
    from_then_on: bool = False


@dataclass(frozen=True)
class Told:
    """What a run came to: the outcomes where it got that far, and what was asked of the proxy."""

    outcomes: tuple[Outcome, ...]
    requests: int
    methods: Counter[str]
    refused: bool


@dataclass(frozen=True)
class Account:
    """What an account holds, without what it alone decides; everyone who is there, twice if they are there twice."""

    users: tuple[str, ...]
    groups: tuple[str, ...]


async def apply_once(flow_state: DesiredState, base: DesiredState | None, tenant: Tenant, place: Place) -> Told:
    """Plan and apply, as the command does, in a time that passes only when somebody waits."""
    client = Client(place.url, place.token, (), clock=FakeTime().clock)
    async with client:
        try:
            made = await _plan(client, flow_state, base, tenant, place.dialect)
        except Unreachable:
            return Told((), client.requests, Counter(), refused=True)
        if not made.plan.applyable:
            return Told((), client.requests, Counter(), refused=True)
        outcomes = await execute(made.plan.changes, made.decided.ids, Channel(client.send, place.dialect), Stop())
    assert [change.id for change in made.plan.changes] == [outcome.change.id for outcome in outcomes]
    return Told(outcomes, client.requests, Counter(), refused=False)


async def _plan(
    client: Client, state: DesiredState, base: DesiredState | None, tenant: Tenant, dialect: Dialect
) -> Made:
    live = to_live_state(*await read_snapshot(client, dialect))
    earlier = Earlier(base=base) if base else Earlier()
    return make_plan(Gathered(state, live, tenant, NO_LIMITS, TODAY, earlier))


async def run_broken(flow: Flow, place: Place, broken: Broken | None) -> Told:
    """The flow's second state through a line that breaks; its first is applied before, in peace."""
    before, after, tenant = _compiled(flow, place)
    await apply_once(before, None, tenant, place)
    spoil = {broken.index: broken.fault} if broken else {}
    async with Proxy(place.url, spoil, from_then_on=bool(broken and broken.from_then_on)) as proxy:
        between = Place(proxy.url, place.token, place.dialect)
        told = await apply_once(after, before, tenant, between)
        methods = Counter(one.method for one in proxy.passed_on)
    return Told(told.outcomes, told.requests, methods, told.refused)


async def settle(flow: Flow, place: Place) -> int | None:
    """Applies in peace until nothing is left to do; how many applies it took, or None if it never ends."""
    before, after, tenant = _compiled(flow, place)
    for applies in range(MOST_APPLIES + 1):
        told = await apply_once(after, before, tenant, place)
        if not told.refused and not told.outcomes:
            return applies
    return None


def _compiled(flow: Flow, place: Place) -> tuple[DesiredState, DesiredState, Tenant]:
    before, after, tenant = flow.compile()
    return before, after, tenant.model_copy(update={"dialect": place.dialect.name})


async def look(place: Place) -> Account:
    """Everything that the account holds, with people by name and not by id."""
    headers = {"authorization": f"Bearer {place.token}"}
    async with httpx.AsyncClient(trust_env=False, headers=headers, timeout=30, verify=NO_AUTHORITIES) as http:
        users, groups = [await _all(http, f"{place.url}/{kind}") for kind in ("Users", "Groups")]
    names = {one["id"]: one["userName"] for one in users}
    return Account(_described(users, names), _described(groups, names))


async def _all(http: httpx.AsyncClient, url: str) -> list[dict[str, Any]]:
    listed = (await http.get(url)).json()["Resources"]
    return [(await http.get(f"{url}/{one['id']}")).json() for one in listed]


def _described(resources: Iterable[dict[str, Any]], names: Mapping[str, str]) -> tuple[str, ...]:
    """Each as text, ids as names, members in order."""
    described: list[str] = []
    for one in resources:
        kept = {name: value for name, value in one.items() if name not in {"id", "meta", "groups", "schemas"}}
        if "members" in kept:
            # A set: SCIMMY keeps a member twice who was added twice, and takes both out together.
            kept["members"] = sorted({names.get(member["value"], "nobody") for member in kept["members"]})
        if "roles" in kept:
            kept["roles"] = sorted(role["value"] for role in kept["roles"])
        text = json.dumps(kept, sort_keys=True)
        for live_id, name in names.items():
            text = text.replace(live_id, name)
        described.append(text)
    return tuple(sorted(described))


@dataclass(frozen=True)
class Verdict:
    """What one broken run came to: how many applies it took to settle, and what was wrong, if anything was."""

    applies: int
    wrong: str = ""


async def try_fault(flow: Flow, place: Place, broken: Broken, goal: Account) -> Verdict:
    """Breaks the flow, settles it, and holds the account against what an undisturbed run leaves."""
    told = await run_broken(flow, place, broken)
    if told.methods.keys() - SENT:
        return Verdict(0, f"sent {sorted(told.methods.keys() - SENT)}")
    applies = await settle(flow, place)
    if applies is None:
        return Verdict(MOST_APPLIES, "not settled")
    found = await look(place)
    if len(set(found.users)) < len(found.users) or len(found.users) > len(goal.users):
        return Verdict(applies, "somebody is there twice")
    return Verdict(applies, "" if found == goal else "the account is not what git says")


async def measure(flow: Flow, place: Place) -> tuple[Account, int]:
    """What an undisturbed run leaves, and how many requests it takes."""
    told = await run_broken(flow, place, None)
    assert not told.refused
    assert {"applied"} == {outcome.status for outcome in told.outcomes}
    assert 0 == await settle(flow, place)
    return await look(place), told.requests
