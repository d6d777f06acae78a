"""A git that says something and a 4me that may say otherwise: planned and carried out as `apply` does it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

from reconciler.apply.channel import Channel, Send, Stop
from reconciler.apply.execute import execute
from reconciler.core.access.compile import compile_state
from reconciler.core.changes.asked import RefusedPaths
from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.plan import Change
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.tenant import Guardrails, Limit, Tenant
from reconciler.core.model.messages import Request, Response
from reconciler.core.model.states import Certificate, DesiredState, LiveState
from reconciler.core.safety.make_plan import MadePlan, PlanInput, make_plan
from reconciler.core.scim.wire import DIALECTS, read_group, read_user
from reconciler.core.simulator.machine import Simulator
from reconciler.core.simulator.quirks import AS_DOCUMENTED, Quirks
from reconciler.desired.yaml.load import load_declarations
from tests.core.examples import evidence_of

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
OPEN = Guardrails(
    max_deactivations=Limit(count=1000),
    max_member_removals=Limit(count=1000),
    max_role_revocations=Limit(count=1000),
    max_privileged_grants=Limit(count=1000),
)
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

Trouble: TypeAlias = Callable[[Send, Request], Awaitable[Response]]


def git_says(yaml: str) -> DesiredState:
    """The desired state of a tenant that takes everybody in."""
    everybody = "tenants: {sandbox: {url: sandbox, scope: all}}\n"
    loaded = load_declarations({"desired-state/all.yaml": (everybody + yaml).encode()})
    state = compile_state(loaded.declarations, "sandbox", TODAY)
    wrong = [str(problem) for problem in (*loaded.problems, *state.problems) if problem.severity == "error"]
    assert not wrong, wrong
    return state


def people(*lines: str) -> str:
    """`alice manager=bob title=Analyst` as YAML: users by key, with a userName and a display name."""
    written = ["users:"]
    for line in lines:
        key, *attributes = line.split()
        pairs = [f"userName: {key}@example.com", f"displayName: {key.title()}"]
        pairs += [attribute.replace("=", ": ", 1) for attribute in attributes]
        written.append(f"  {key}: {{{', '.join(pairs)}}}")
    return "\n".join(written) + "\n"


def groups(**members: str) -> str:
    """`finance="alice bob"` as YAML."""
    written = [
        f"  {name}: {{displayName: {name.title()}, members: [{', '.join(listed.split())}]}}"
        for name, listed in members.items()
    ]
    return "\n".join(["groups:", *written]) + "\n"


def roles(**users: str) -> str:
    """`specialist="alice bob"` as YAML."""
    written = [f"  - {{role: {role}, users: [{', '.join(listed.split())}]}}" for role, listed in users.items()]
    return "\n".join(["role_assignments:", *written]) + "\n"


@dataclass
class World:
    """An account, and every request that reached it."""

    simulator: Simulator = field(default_factory=Simulator)
    asked: list[Request] = field(default_factory=list)
    dialect: str = "4me"

    @classmethod
    def odd(cls, quirks: Quirks, dialect: str = "4me") -> World:
        return cls(Simulator(quirks), dialect=dialect)

    async def send(self, request: Request) -> Response:
        """What the account answers, a moment later."""
        self.asked.append(request)
        await asyncio.sleep(0)
        return self.simulator.answer(request.method, request.path, request.body, NOON).response

    def read(self) -> LiveState:
        users = tuple(map(read_user, self.simulator.users.values()))
        live_groups = tuple(map(read_group, self.simulator.groups.values()))
        return LiveState(users, live_groups, Certificate("full", len(users), len(live_groups), 0))

    def plan(self, state: DesiredState, before: DesiredState | None = None) -> MadePlan:
        tenant = Tenant(url="sandbox", scope="all", dialect=self.dialect)  # type: ignore[arg-type]  # a name of ours
        earlier = Earlier(base=before)
        return make_plan(PlanInput(state, self.read(), tenant, OPEN, TODAY, earlier, evidence=evidence_of(earlier)))

    def apply(self, state: DesiredState, send: Send | None = None, stop: Stop | None = None) -> Ran:
        """Plans, and carries that out over the line given."""
        made = self.plan(state)
        return self.carry_out(made.plan.changes, made.decided.ids, send, stop)

    def carry_out(
        self,
        changes: Iterable[Change],
        ids: Mapping[str, str],
        send: Send | None = None,
        stop: Stop | None = None,
        *,
        refused: RefusedPaths | None = None,
    ) -> Ran:
        told: list[Outcome] = []
        channel = Channel(send or self.send, DIALECTS[self.dialect], refused=refused or RefusedPaths())
        return Ran(asyncio.run(execute(changes, ids, channel, stop or Stop(), told.append)), told)

    def settle(self, state: DesiredState) -> None:
        """Applies without trouble, and checks that this was all."""
        ran = self.apply(state)
        assert {"applied"} >= set(ran.statuses.values()), ran.details
        assert () == self.plan(state).plan.changes

    @property
    def posts(self) -> list[str]:
        """The names of what was asked to be created, in order."""
        return [str((one.body or {}).get("displayName")) for one in self.asked if one.method == "POST"]

    def user(self, key: str) -> dict[str, Any]:
        """The one user of that externalId."""
        [found] = [one for one in self.simulator.users.values() if one.get("externalId") == key]
        return dict(found)

    def manager_of(self, key: str) -> str | None:
        """The externalId of somebody's manager."""
        extension: Any = self.user(key).get(ENTERPRISE, {})
        manager = extension.get("manager")
        return str(self.simulator.users[manager["value"]]["externalId"]) if manager else None

    def members_of(self, name: str) -> list[str]:
        """The externalIds in the one group of that name."""
        [group] = [one for one in self.simulator.groups.values() if one.get("externalId") == name]
        members: Any = group.get("members", [])
        return sorted(str(self.simulator.users[member["value"]]["externalId"]) for member in members)


@dataclass(frozen=True)
class Ran:
    """What came of a run, and what was told while it went."""

    outcomes: tuple[Outcome, ...]
    told: list[Outcome]

    @property
    def statuses(self) -> dict[str, str]:
        """`user/alice create_user` → status."""
        return {f"{one.change.key} {one.change.action}": one.status for one in self.outcomes}

    @property
    def details(self) -> dict[str, str]:
        """`user/alice create_user` → what is to be known about it."""
        return {f"{one.change.key} {one.change.action}": one.detail for one in self.outcomes}


def make(quirks: Quirks = AS_DOCUMENTED) -> World:
    """An empty account."""
    return World(Simulator(quirks))


def trouble_at(send: Send, index: int, trouble: Trouble) -> Send:
    """The line with one trouble, at the request of that index."""
    return troubles(send, {index: trouble})


def troubles(send: Send, at: Mapping[int, Trouble]) -> Send:
    """The line with troubles at the requests of those indexes."""
    count = 0

    async def sent(request: Request) -> Response:
        nonlocal count
        count += 1
        trouble = at.get(count - 1)
        return await (trouble(send, request) if trouble else send(request))

    return sent


def where(send: Send, matches: Callable[[Request], bool], trouble: Trouble) -> Send:
    """The line with a trouble at every request that matches."""

    async def sent(request: Request) -> Response:
        return await (trouble(send, request) if matches(request) else send(request))

    return sent


def refuse(status: int, **body: object) -> Trouble:
    """It arrives, and is not carried out."""

    async def refused(_send: Send, _request: Request) -> Response:
        return Response(status, body or {"detail": "no"})

    return refused


def fail(error: Exception, *, done: bool) -> Trouble:
    """No answer comes; what was asked for was done all the same, or not."""

    async def failed(send: Send, request: Request) -> Response:
        if done:
            await send(request)
        raise error

    return failed


def creates(name: str) -> Callable[[Request], bool]:
    """Whether a request creates what has that display name, or would have it."""
    return lambda request: request.method == "POST" and (request.body or {}).get("externalId") == name.lower()


def looks_up(request: Request) -> bool:
    """Whether a request asks who has a name or an externalId."""
    return request.method == "GET" and "filter=" in request.path
