"""An account to try plans on: the embedded 4me in memory, behind a line that can fail where it is told to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

import httpx

from reconciler.apply.execute import Channel, RolesChannel, Send, Stop, execute
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
    """One account. `methods` counts what was sent to it, reads too; `created` counts what it created."""

    simulator: Simulator
    methods: Counter[str] = field(default_factory=Counter)
    created: int = 0

    async def send(self, request: Request) -> Response:
        """What the account answers, over SCIM or over REST: what is about people is REST's."""
        if request.path.startswith("/people"):
            return self.answer_rest(request.method, request.path)
        return self.answer(request.method, request.path, request.body)

    def answer_rest(self, method: str, target: str) -> Response:
        """What the account answers over REST, counted."""
        self.methods[method] += 1
        return self.simulator.answer_rest(read_call(method, target, None, SANDBOX, NOON)).response

    def answer(self, method: str, target: str, body: object) -> Response:
        """What the account answers, counted."""
        self.methods[method] += 1
        response = self.simulator.answer(method, target, body, NOON).response
        self.created += response.status == CREATED
        return response

    def client(self) -> Client:
        """The client that commands use, wired to this account."""

        def handle(request: httpx.Request) -> httpx.Response:
            target = request.url.raw_path.decode().removeprefix("/scim/v2")
            response = self.answer(request.method, target, json.loads(request.content or b"null"))
            return httpx.Response(response.status, json=response.body, headers=dict(response.headers))

        return Client(URL, "any token", (), transport=httpx.MockTransport(handle))

    def rest_line(self) -> RestLine:
        """The line to the account's REST API, for which any token will do."""

        def handle(request: httpx.Request) -> httpx.Response:
            response = self.answer_rest(request.method, request.url.raw_path.decode().removeprefix("/v1"))
            return httpx.Response(response.status, json=response.body, headers=dict(response.headers))

        transport = httpx.MockTransport(handle)
        client = Client(REST_URL, "any token", (), transport=transport, manner=REST)
        return RestLine(client, Client(REST_URL, None, (), transport=transport), SANDBOX)


def make_account(live: Snapshot) -> Account:
    """An account of its own that holds what was saved; without people, those whom 4me's rules would make."""
    directory = Directory(to_records(live.people, SANDBOX)) if live.people else None
    simulator = Simulator(users=live.users, groups=live.groups, directory=directory)
    if live.people is None:
        simulator.follow(tuple(("Users", key) for key in simulator.users), NOON)
    return Account(simulator)


async def read_account(account: Account, dialect: Dialect) -> LiveState:
    """The whole account as commands read it, page by page."""
    async with account.client() as client:
        return to_live_state(*await read_snapshot(client, dialect))


async def read_roles(account: Account, live: LiveState, sought: list[RoleLookup]) -> LiveState:
    """The live state with the roles of people, as commands read them."""
    line = account.rest_line()
    async with line.client, line.tokens:
        return join_people(live, *await read_behind(line, sought, len(live.users)))


async def apply_plan(made: MadePlan, send: Send, dialect: Dialect, roles_via: RolesVia = "scim") -> tuple[Outcome, ...]:
    """Carries the plan out, as `apply` does."""
    roles = RolesChannel(send, SANDBOX) if roles_via == "permissions" else None
    return await execute(made.plan.changes, made.decided.ids, Channel(send, dialect, roles=roles), Stop())


async def lose_answer(send: Send, request: Request) -> Response:
    """It is carried out, and nobody hears of it."""
    await send(request)
    raise LostAnswer("the line broke before the answer came")


async def lose_request(_send: Send, _request: Request) -> Response:
    """It never arrives."""
    raise LostAnswer("the line broke before the request arrived")


async def refuse(_send: Send, _request: Request) -> Response:
    """It arrives and is not carried out."""
    return Response(500, {"detail": "try again later"})


def fail_once(send: Send, index: int, failure: Failure) -> Send:
    """The line with one failure, at the request of that index."""
    count = iter(range(1_000_000))

    async def send_or_fail(request: Request) -> Response:
        return await (failure(send, request) if next(count) == index else send(request))

    return send_or_fail


def fail_from(send: Send, index: int, failure: Failure) -> Send:
    """The line that is dead from the request of that index on, which alone may still be carried out."""
    count = iter(range(1_000_000))

    async def send_or_fail(request: Request) -> Response:
        position = next(count)
        if position < index:
            return await send(request)
        return await (failure if position == index else lose_request)(send, request)

    return send_or_fail


def describe_users(simulator: Simulator) -> list[str]:
    """Every user without what the account alone decides (id, meta), the manager by userName; twice if there twice."""
    names = {live_id: user["userName"] for live_id, user in simulator.users.items()}
    return sorted(_written(_without_own(user, names)) for user in simulator.users.values())


def describe_people(simulator: Simulator) -> list[str]:
    """Every person with the roles they hold, without what the account alone decides, by address."""
    fields = ("name", "primary_email", "source", "disabled", "permissions")
    return sorted(_written({name: person.get(name) for name in fields}) for person in simulator.kept("People").values())


def describe_groups(simulator: Simulator) -> list[str]:
    """Every group without what the account alone decides, members by userName; twice if there twice."""
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
