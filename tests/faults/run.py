"""Runs a flow over a connection that breaks, then over one that works, and judges the result."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from reconciler.apply.channel import Channel, RolesChannel, Stop
from reconciler.apply.execute import execute
from reconciler.apply.link_wait import LinkWait
from reconciler.core.changes.outcome import Outcome
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.tenant import Guardrails, Limit, Tenant
from reconciler.core.model.states import DesiredState
from reconciler.core.planner.planner import list_role_lookups
from reconciler.core.safety.make_plan import MadePlan, PlanInput, make_plan
from reconciler.core.scim.wire import Dialect
from reconciler.errors import Unreachable
from reconciler.live.client import Client
from reconciler.live.oauth import Credentials
from reconciler.live.people import read_behind
from reconciler.live.rate_limiter import REAL_CLOCK, PaceClock
from reconciler.live.read import read_snapshot
from reconciler.live.rest import RestAddress, RestLine, open_rest_line
from reconciler.live.snapshot import join_people, to_live_state
from tests.core.examples import evidence_of
from tests.faults.flows import TODAY, Flow
from tests.faults.proxy import Fault, Proxy
from tests.live.service import FakeTime
from tests.servers.server import NO_AUTHORITIES

ACCOUNT = "acme"
SENT = {"GET", "POST", "PATCH"}
MOST_APPLIES = 2
NAMED = "is there twice, and the next plan names both"
NO_LIMITS = Guardrails(max_deactivations=Limit(count=99), max_member_removals=Limit(count=99))


@dataclass(frozen=True)
class Place:
    """An account of a service: its address, its token and its dialect."""

    url: str
    token: str
    dialect: Dialect

    @property
    def origin(self) -> str:
        """Returns the address of REST and of tokens, beside SCIM."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True)
class Broken:
    """A fault: its kind, the index of its request, and whether all later requests fail too."""

    fault: Fault
    index: int
    from_then_on: bool = False


@dataclass(frozen=True)
class Told:
    """The result of a run: the outcomes, if it reached them, and the requests that the proxy saw."""

    outcomes: tuple[Outcome, ...]
    requests: int
    methods: Counter[str]
    refused: bool


@dataclass(frozen=True)
class Account:
    """The content of an account without its own attributes; duplicates count."""

    users: tuple[str, ...]
    groups: tuple[str, ...]
    held: tuple[str, ...] = ()


async def apply_once(flow_state: DesiredState, base: DesiredState | None, tenant: Tenant, place: Place) -> Told:
    """Plans and applies as the command does, with a clock that moves only during waits."""
    async with AsyncExitStack() as stack:
        lines = await _connect(stack, tenant, place)
        try:
            made = await _plan(lines, flow_state, base, tenant, place.dialect)
        except Unreachable:
            return Told((), lines.requests, Counter(), refused=True)
        if not made.plan.applyable:
            return Told((), lines.requests, Counter(), refused=True)
        channel = Channel(lines.scim.send, place.dialect, roles=lines.roles)
        outcomes = await execute(made.plan.changes, made.decided.ids, channel, Stop())
        requests = lines.requests
    assert [change.id for change in made.plan.changes] == [outcome.change.id for outcome in outcomes]
    return Told(outcomes, requests, Counter(), refused=False)


@dataclass(frozen=True)
class Lines:
    """The connections to an account: SCIM, and REST if roles take effect there."""

    scim: Client
    rest: RestLine | None
    clock: PaceClock = REAL_CLOCK

    @property
    def requests(self) -> int:
        """Returns the number of requests on all connections."""
        return self.scim.requests + (self.rest.requests if self.rest else 0)

    @property
    def roles(self) -> RolesChannel | None:
        """Returns the channel for roles over REST."""
        wait = LinkWait(seconds=10, now=self.clock.now, sleep=self.clock.sleep)
        return RolesChannel(self.rest.client.send, ACCOUNT, wait) if self.rest else None


async def _connect(stack: AsyncExitStack, tenant: Tenant, place: Place) -> Lines:
    clock = FakeTime().clock
    transport = await stack.enter_async_context(httpx.AsyncHTTPTransport(verify=NO_AUTHORITIES))
    scim = await stack.enter_async_context(Client(place.url, place.token, (), transport=transport, clock=clock))
    if tenant.roles_via == "scim":
        return Lines(scim, None)
    address = RestAddress(f"{place.origin}/v1", ACCOUNT, f"{place.origin}/token")
    return Lines(scim, await open_rest_line(stack, address, Credentials("us", "a secret"), transport, clock), clock)


async def _plan(
    lines: Lines, state: DesiredState, base: DesiredState | None, tenant: Tenant, dialect: Dialect
) -> MadePlan:
    snapshot, certificate = await read_snapshot(lines.scim, dialect)
    live = to_live_state(snapshot, certificate)
    earlier = Earlier(base=base) if base else Earlier()
    if lines.rest:
        lookups = list_role_lookups(state, live, tenant, earlier, evidence_of(earlier))
        live = join_people(live, *await read_behind(lines.rest, lookups, len(live.users)))
    return make_plan(PlanInput(state, live, tenant, NO_LIMITS, TODAY, earlier, evidence=evidence_of(earlier)))


async def run_broken(flow: Flow, place: Place, broken: Broken | None) -> Told:
    """Applies the flow's first state without faults, and its second over a connection that breaks."""
    before, after, tenant = _compiled(flow, place)
    assert await _applied(before, None, tenant, place) is not None
    spoil = {broken.index: broken.fault} if broken else {}
    async with Proxy(place.url, spoil, from_then_on=bool(broken and broken.from_then_on)) as proxy:
        between = Place(proxy.url, place.token, place.dialect)
        told = await apply_once(after, before, tenant, between)
        methods = Counter(one.method for one in proxy.passed_on)
    return Told(told.outcomes, told.requests, methods, told.refused)


async def settle(flow: Flow, place: Place) -> int | None:
    """Applies without faults until nothing is left. Returns the number of applies, or None if it never ends."""
    before, after, tenant = _compiled(flow, place)
    return await _applied(after, before, tenant, place)


async def _applied(state: DesiredState, base: DesiredState | None, tenant: Tenant, place: Place) -> int | None:
    for applies in range(MOST_APPLIES + 1):
        told = await apply_once(state, base, tenant, place)
        if not told.refused and not told.outcomes:
            return applies
    return None


def _compiled(flow: Flow, place: Place) -> tuple[DesiredState, DesiredState, Tenant]:
    before, after, tenant = flow.compile()
    return before, after, tenant.model_copy(update={"dialect": place.dialect.name})


async def look(place: Place, *, rest: bool) -> Account:
    """Returns the content of the account, with names for ids, and with the roles of people over REST."""
    headers = {"authorization": f"Bearer {place.token}"}
    async with httpx.AsyncClient(trust_env=False, headers=headers, timeout=30, verify=NO_AUTHORITIES) as http:
        users, groups = [await _all(http, f"{place.url}/{kind}") for kind in ("Users", "Groups")]
        held = await _held(http, place.origin) if rest else ()
    names = {one["id"]: one["userName"] for one in users}
    return Account(_described(users, names), _described(groups, names), held)


async def _held(http: httpx.AsyncClient, origin: str) -> tuple[str, ...]:
    """Returns the roles of all people from 4me's REST API."""
    form = {"grant_type": "client_credentials", "client_id": "looks", "client_secret": "looks"}
    token = (await http.post(f"{origin}/token", data=form)).json()["access_token"]
    headers = {"authorization": f"Bearer {token}", "x-xurrent-account": ACCOUNT}
    people = (await http.get(f"{origin}/v1/people?source=SCIM&fields=id,primary_email", headers=headers)).json()
    asked = [
        (one, (await http.get(f"{origin}/v1/people/{one['id']}/permissions/{ACCOUNT}", headers=headers)).json())
        for one in people
    ]
    return tuple(sorted(f"{one['primary_email']}: {json.dumps(held, sort_keys=True)}" for one, held in asked))


async def _all(http: httpx.AsyncClient, url: str) -> list[dict[str, Any]]:
    listed = (await http.get(url)).json()["Resources"]
    return [(await http.get(f"{url}/{one['id']}")).json() for one in listed]


def _described(resources: Iterable[dict[str, Any]], names: Mapping[str, str]) -> tuple[str, ...]:
    """Returns each resource as text, with names for ids, and sorted members."""
    described: list[str] = []
    for one in resources:
        kept = {name: value for name, value in one.items() if name not in {"id", "meta", "groups", "schemas"}}
        if "members" in kept:
            # A set, because SCIMMY keeps a member twice who was added twice, and removes both together.
            kept["members"] = sorted({names.get(member["value"], "nobody") for member in kept["members"]})
        if "roles" in kept:
            kept["roles"] = sorted(role["value"] for role in kept["roles"])
        text = json.dumps(kept, sort_keys=True)
        for live_id, name in names.items():
            text = text.replace(live_id, name)
        described.append(text)
    return tuple(sorted(described))


async def _names_two(flow: Flow, place: Place) -> bool:
    """Returns whether the next plan names the candidates for one key, which is all that it may do then."""
    before, after, tenant = _compiled(flow, place)
    async with AsyncExitStack() as stack:
        made = await _plan(await _connect(stack, tenant, place), after, before, tenant, place.dialect)
    return not made.plan.changes and any("matches 2 users" in one.message for one in made.plan.problems)


@dataclass(frozen=True)
class Verdict:
    """The verdict on a run with a fault: the number of applies until it converged, and what was wrong, if anything."""

    applies: int
    wrong: str = ""


async def try_fault(flow: Flow, place: Place, broken: Broken, goal: Account) -> Verdict:
    """Runs the flow with a fault, applies until nothing is left, and compares the account with the goal."""
    told = await run_broken(flow, place, broken)
    if told.methods.keys() - SENT:
        return Verdict(0, f"sent {sorted(told.methods.keys() - SENT)}")
    applies = await settle(flow, place)
    if applies is None:
        return Verdict(MOST_APPLIES, "not settled")
    found = await look(place, rest=flow.over_rest)
    for there, wanted in ((found.users, goal.users), (found.groups, goal.groups)):
        if len(set(there)) < len(there) or len(there) > len(wanted):
            return Verdict(applies, NAMED if await _names_two(flow, place) else "somebody or something is there twice")
    return Verdict(applies, "" if found == goal else "the account is not what git says")


async def measure(flow: Flow, place: Place) -> tuple[Account, int]:
    """Returns the account after a run without faults, and the number of requests."""
    told = await run_broken(flow, place, None)
    assert not told.refused
    assert {"applied"} == {outcome.status for outcome in told.outcomes}
    assert 0 == await settle(flow, place)
    return await look(place, rest=flow.over_rest), told.requests
