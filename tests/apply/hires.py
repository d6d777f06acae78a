"""A company that hires, and an account that links people to new users at once, later or never; no time passes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from reconciler.apply.channel import Channel, RolesChannel, Send, Stop
from reconciler.apply.execute import execute
from reconciler.apply.link_wait import LinkWait
from reconciler.core.access.compile import compile_state
from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.plan import Change
from reconciler.core.declarations.tenant import Guardrails, Limit
from reconciler.core.model.messages import JsonObject, Request, Response
from reconciler.core.model.states import Certificate, LiveState
from reconciler.core.safety.make_plan import MadePlan, PlanInput, make_plan
from reconciler.core.scim.people import People, read_person, with_people
from reconciler.core.scim.wire import DIALECTS, read_group, read_user
from reconciler.core.simulator.directory import Directory
from reconciler.core.simulator.machine import Simulator
from reconciler.core.simulator.permissions import PeopleQuirks, roles_in
from reconciler.core.simulator.quirks import Quirks
from reconciler.core.simulator.rest import read_call
from reconciler.desired.yaml.load import load_declarations
from reconciler.pipeline.account.roles import find_addresses

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
ACCOUNT = "sandbox"
TENANT = "tenants: {here: {url: sandbox, scope: all, roles_via: permissions}}\n"
OPEN = Guardrails(max_privileged_grants=Limit(count=1000), max_role_revocations=Limit(count=1000))
ME: JsonObject = {"id": 1, "name": "Integration", "primary_email": "integration@example.com", "me": True}


@dataclass
class Clock:
    """Seconds that pass by sleeping, and with each request."""

    seconds: float = 0.0
    a_request: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)


@dataclass
class Hires:
    """The account, its clock, and every request that reached it. `people` are there before anybody is in SCIM."""

    quirks: PeopleQuirks = field(default_factory=PeopleQuirks)
    people: Sequence[JsonObject] = ()
    users: Sequence[JsonObject] = ()
    clock: Clock = field(default_factory=Clock)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        directory = Directory([ME, *self.people])
        self.simulator = Simulator(Quirks(people=self.quirks), self.users, directory=directory)

    @property
    def moment(self) -> datetime:
        return NOON + timedelta(seconds=self.clock.seconds)

    async def send(self, request: Request) -> Response:
        """Over SCIM."""
        self._count(request)
        return self.simulator.answer(request.method, request.path, request.body, self.moment).response

    async def send_rest(self, request: Request) -> Response:
        """Over REST."""
        self._count(request)
        return self.simulator.answer_rest(read_call(request.method, request.path, None, ACCOUNT, self.moment)).response

    def _count(self, request: Request) -> None:
        self.clock.seconds += self.clock.a_request
        self.asked.append(f"{request.method} {request.path}")

    def read(self) -> LiveState:
        """What a plan reads: users with the roles of their people."""
        found = [
            replace(read_person(person), roles=roles_in(person, ACCOUNT))
            for person in self.simulator.kept("People").values()
        ]
        users = with_people(tuple(map(read_user, self.simulator.users.values())), People(tuple(found), me="1"))
        groups = tuple(map(read_group, self.simulator.groups.values()))
        return LiveState(users, groups, Certificate("full", len(users), len(groups), 0), me="1")

    def plan(self, yaml: str) -> MadePlan:
        """The plan that brings the account to what git says."""
        loaded = load_declarations({"company.yaml": (TENANT + yaml).encode()})
        assert () == loaded.problems
        desired = compile_state(loaded.declarations, "here", TODAY)
        tenant = loaded.declarations.tenants["here"].tenant
        return make_plan(PlanInput(desired, self.read(), tenant, OPEN, TODAY))

    def apply(  # noqa: PLR0913  # what a test may vary
        self,
        yaml: str,
        seconds: float = 60,
        *,
        send: Send | None = None,
        send_rest: Send | None = None,
        stop: Stop | None = None,
        changes: Iterable[Change] | None = None,
        wait: LinkWait | None = None,
    ) -> tuple[Outcome, ...]:
        """Plans, and carries out the plan, or some of its changes."""
        made = self.plan(yaml)
        desired = compile_state(load_declarations({"c.yaml": (TENANT + yaml).encode()}).declarations, "here", TODAY)
        addresses = find_addresses(made.plan.changes, desired, self.read())
        wait = wait or LinkWait(seconds, "1", addresses, self.clock.now, self.clock.sleep)
        roles = RolesChannel(send_rest or self.send_rest, ACCOUNT, wait)
        chosen = made.plan.changes if changes is None else changes
        channel = Channel(send or self.send, DIALECTS["4me"], roles=roles)
        return asyncio.run(execute(chosen, made.decided.ids, channel, stop or Stop()))

    def roles(self) -> Mapping[str, list[str]]:
        """What each person holds, by address."""
        people = self.simulator.kept("People").values()
        return {
            str(person["primary_email"]): sorted(roles_in(person, ACCOUNT)) for person in people if not person.get("me")
        }


def company(**roles: str) -> str:
    """`ann="auditor specialist"` as YAML: users, and the roles of each."""
    users = "".join(
        f"  {name}: {{userName: {name}@example.com, displayName: {name.title()}}}\n" for name in sorted(roles)
    )
    given = [(role, name) for name in sorted(roles) for role in roles[name].split()]
    assigned = "".join(f"  - {{role: {role}, users: [{name}]}}\n" for role, name in given)
    return f"users:\n{users}role_assignments:{' []' if not given else ''}\n{assigned}"


def statuses(outcomes: Iterable[Outcome]) -> dict[str, str]:
    """The status of each grant, by the user's name."""
    return {
        outcome.change.key.removeprefix("user/"): outcome.status
        for outcome in outcomes
        if outcome.change.action == "grant_roles"
    }


def details(outcomes: Iterable[Outcome]) -> dict[str, str]:
    """The detail of each grant, by the user's name."""
    return {
        outcome.change.key.removeprefix("user/"): outcome.detail
        for outcome in outcomes
        if outcome.change.action == "grant_roles"
    }
