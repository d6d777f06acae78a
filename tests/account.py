"""An account for tests of plans: the embedded 4me in memory, behind a connection that can fail on purpose."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

import httpx

from reconciler.apply.channel import Channel, RolesChannel, Send, Stop
from reconciler.apply.execute import execute
from reconciler.apply.link_wait import LinkWait
from reconciler.core.changes.outcome import Outcome
from reconciler.core.declarations.tenant import SANDBOX, RolesVia
from reconciler.core.model.messages import Request, Response
from reconciler.core.model.states import LiveState
from reconciler.core.safety.make_plan import MadePlan
from reconciler.core.scim.people import RoleLookup, to_records
from reconciler.core.scim.wire import Dialect
from reconciler.core.simulator.directory import Directory
from reconciler.core.simulator.machine import Simulator
from reconciler.core.simulator.rest import read_call
from reconciler.core.simulator.schema import ENTERPRISE_USER
from reconciler.errors import LostAnswer
from reconciler.live.client import Client, ServiceProfile
from reconciler.live.people import read_behind
from reconciler.live.read import read_snapshot
from reconciler.live.rest import RestLine
from reconciler.live.snapshot import Snapshot, join_people, to_live_state

URL = "https://account.example/scim/v2"
REST_URL = "https://account.example/v1"
REST = ServiceProfile(expects="REST", refused="", setting="", sends="application/json")
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CREATED = 201

Failure: TypeAlias = Callable[[Send, Request], Awaitable[Response]]


@dataclass
class Account:
    """One account. `methods` counts the requests by method, reads too; `created` counts created resources."""

    simulator: Simulator
    methods: Counter[str] = field(default_factory=Counter)
    created: int = 0

    async def send(self, request: Request) -> Response:
        """Returns the account's answer: over REST for people, over SCIM for everything else."""
        if request.path.startswith("/people"):
            return self.answer_rest(request.method, request.path)
        return self.answer(request.method, request.path, request.body)

    def answer_rest(self, method: str, target: str) -> Response:
        """Returns the account's answer over REST, and counts the request."""
        self.methods[method] += 1
        return self.simulator.answer_rest(read_call(method, target, None, SANDBOX, NOON)).response

    def answer(self, method: str, target: str, body: object) -> Response:
        """Returns the account's answer over SCIM, and counts the request."""
        self.methods[method] += 1
        response = self.simulator.answer(method, target, body, NOON).response
        self.created += response.status == CREATED
        return response

    def client(self) -> Client:
        """Returns the client that commands use, connected to this account."""

        def handle(request: httpx.Request) -> httpx.Response:
            target = request.url.raw_path.decode().removeprefix("/scim/v2")
            response = self.answer(request.method, target, json.loads(request.content or b"null"))
            return httpx.Response(response.status, json=response.body, headers=dict(response.headers))

        return Client(URL, "any token", (), transport=httpx.MockTransport(handle))

    def rest_line(self) -> RestLine:
        """Returns the connection to the account's REST API, which accepts any token."""

        def handle(request: httpx.Request) -> httpx.Response:
            response = self.answer_rest(request.method, request.url.raw_path.decode().removeprefix("/v1"))
            return httpx.Response(response.status, json=response.body, headers=dict(response.headers))

        transport = httpx.MockTransport(handle)
        client = Client(REST_URL, "any token", (), transport=transport, profile=REST)
        return RestLine(client, Client(REST_URL, None, (), transport=transport), SANDBOX)


def make_account(live: Snapshot) -> Account:
    """Returns an account with the saved resources; people that were not saved are made by 4me's rules."""
    directory = Directory(to_records(live.people, SANDBOX)) if live.people else None
    simulator = Simulator(users=live.users, groups=live.groups, directory=directory)
    if live.people is None:
        simulator.follow(tuple(("Users", key) for key in simulator.users), NOON)
    return Account(simulator)


async def read_account(account: Account, dialect: Dialect) -> LiveState:
    """Reads the whole account as commands do, page by page."""
    async with account.client() as client:
        return to_live_state(*await read_snapshot(client, dialect))


async def read_roles(account: Account, live: LiveState, lookups: list[RoleLookup]) -> LiveState:
    """Returns the live state with the roles of people, which are read as commands do."""
    line = account.rest_line()
    async with line.client, line.tokens:
        return join_people(live, *await read_behind(line, lookups, len(live.users)))


async def apply_plan(made: MadePlan, send: Send, dialect: Dialect, roles_via: RolesVia = "scim") -> tuple[Outcome, ...]:
    """Applies the plan, as `apply` does."""
    roles = RolesChannel(send, SANDBOX, LinkWait(seconds=0)) if roles_via == "permissions" else None
    return await execute(made.plan.changes, made.decided.ids, Channel(send, dialect, roles=roles), Stop())


async def lose_answer(send: Send, request: Request) -> Response:
    """Sends the request, and loses its answer."""
    await send(request)
    raise LostAnswer("the line broke before the answer came")


async def lose_request(_send: Send, _request: Request) -> Response:
    """Loses the request before it arrives."""
    raise LostAnswer("the line broke before the request arrived")


async def refuse(_send: Send, _request: Request) -> Response:
    """Answers with a failure, without carrying the request out."""
    return Response(500, {"detail": "try again later"})


def fail_once(send: Send, index: int, failure: Failure) -> Send:
    """Returns the connection with one failure, at the request with that index."""
    count = iter(range(1_000_000))

    async def send_or_fail(request: Request) -> Response:
        return await (failure(send, request) if next(count) == index else send(request))

    return send_or_fail


def fail_from(send: Send, index: int, failure: Failure) -> Send:
    """Returns the connection that is dead from that index on; only the first failed request may still arrive."""
    count = iter(range(1_000_000))

    async def send_or_fail(request: Request) -> Response:
        position = next(count)
        if position < index:
            return await send(request)
        return await (failure if position == index else lose_request)(send, request)

    return send_or_fail


def describe_users(simulator: Simulator) -> list[str]:
    """Returns every user without the account's own attributes (id, meta), managers by userName; duplicates count."""
    names = {live_id: user["userName"] for live_id, user in simulator.users.items()}
    return sorted(_written(_without_own(user, names)) for user in simulator.users.values())


def describe_people(simulator: Simulator) -> list[str]:
    """Returns every person with their roles, without the account's own attributes, by address."""
    fields = ("name", "primary_email", "source", "disabled", "permissions")
    return sorted(_written({name: person.get(name) for name in fields}) for person in simulator.kept("People").values())


def describe_groups(simulator: Simulator) -> list[str]:
    """Returns every group without the account's own attributes, members by userName; duplicates count."""
    names = {live_id: user["userName"] for live_id, user in simulator.users.items()}
    return sorted(_written(_without_own(group, names)) for group in simulator.groups.values())


def _without_own(resource: dict[str, Any], names: dict[str, object]) -> dict[str, Any]:
    kept = {name: value for name, value in resource.items() if name not in {"id", "meta", "schemas"}}
    if "members" in kept:
        kept["members"] = sorted(str(names[member["value"]]) for member in kept["members"])
    if manager := kept.get(ENTERPRISE_USER, {}).get("manager"):
        kept[ENTERPRISE_USER] = {**kept[ENTERPRISE_USER], "manager": names[manager["value"]]}
    return kept


def _written(resource: dict[str, Any]) -> str:
    return json.dumps(resource, sort_keys=True, ensure_ascii=False)
