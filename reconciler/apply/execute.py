"""Executes the changes of a plan: one request per step, in order, each after the steps that it needs; decides nothing.

A failed step fails its changes, and skips changes that need it. A create whose answer was lost is looked up before it
is sent again; a resource that is linked in the record, but missing now, is looked up before it is created, because the
read may have missed it. A stop starts no new step and finishes those in flight. The provisioning log records a change
before its request is sent; if the log fails, no new step starts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Protocol, TypeAlias

from reconciler.apply.answers import Answered, judge_answer, judge_roles
from reconciler.apply.lookup import find_created, name_holder
from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.plan import Change
from reconciler.core.changes.redact import redact_sentence
from reconciler.core.model.messages import Request, Response
from reconciler.core.planner.steps import Step, make_request, make_roles_request, make_steps, resolve, target_of
from reconciler.core.scim.people import NotPeople, roles_request
from reconciler.core.scim.wire import Dialect, NotScim, get_request
from reconciler.errors import Failed, LostAnswer, NotAnAnswer, NotSent, Unreachable

Send: TypeAlias = Callable[[Request], Awaitable[Response]]
IN_FLIGHT = 8
MOST_BEGUN = 1_000
MOST_CREATE_ATTEMPTS = 5
STOP_AFTER_FAILURES = 20
STOP_AFTER_SHARE = 0.4


@dataclass(slots=True)
class Stop:
    """A stop, by Ctrl-C or by the executor (refused credentials, too many failures): no new step starts."""

    reason: str | None = None
    event: asyncio.Event = field(default_factory=asyncio.Event)

    def set(self, reason: str) -> None:
        """Stops the run, and wakes all waiting requests by `event`; only the first reason is reported."""
        self.reason = self.reason or reason
        self.event.set()


class Log(Protocol):
    """The log of all changes, written before and after their request; both methods raise Failed if a write fails."""

    def begin(self, changes: Sequence[Change]) -> None:
        """Logs that the request for these changes is about to be sent."""

    def end(self, outcomes: Sequence[Outcome], live_id: str | None, requests: int) -> None:
        """Logs the outcomes, the id of the live resource and the number of requests; some may never have begun."""


@dataclass(frozen=True, slots=True)
class _NoLog:
    def begin(self, changes: Sequence[Change]) -> None:
        """Logs nothing."""

    def end(self, outcomes: Sequence[Outcome], live_id: str | None, requests: int) -> None:
        """Logs nothing."""


@dataclass(frozen=True, slots=True)
class RolesChannel:
    """The connection that writes the roles of people over REST, and the account."""

    send: Send
    account: str


@dataclass(frozen=True, slots=True)
class Channel:
    """The connection to the account, its dialect, and the log; `roles` is set if roles are written over REST."""

    send: Send
    dialect: Dialect
    log: Log = _NoLog()
    roles: RolesChannel | None = None


async def execute(  # noqa: PLR0913  # the changes, the connection, the stop and the report
    changes: Iterable[Change],
    ids: Mapping[str, str],
    channel: Channel,
    stop: Stop,
    report: Callable[[Outcome], None] = lambda _outcome: None,
    *,
    learned: dict[str, str] | None = None,
) -> tuple[Outcome, ...]:
    """Executes the changes, and returns one outcome for each, in their order.

    `ids` holds the live ids of keys; `report` receives each outcome as it happens; `learned` receives the ids of
    created keys.
    """
    changes = tuple(changes)
    execution = _Execution(dict(ids), channel, stop, report)
    await execution.run(make_steps(changes, "permissions" if channel.roles else "scim"))
    if learned is not None:
        learned.update(execution.ids.items() - ids.items())
    return tuple(execution.outcomes[change.id] for change in changes)


@dataclass(slots=True)
class _Execution:
    ids: dict[str, str]
    channel: Channel
    stop: Stop
    report: Callable[[Outcome], None]
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    created: dict[str, asyncio.Event] = field(default_factory=dict)
    reactivated: dict[str, asyncio.Event] = field(default_factory=dict)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(IN_FLIGHT))
    begun_slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_BEGUN))
    failures: int = 0

    async def run(self, steps: Iterable[Step]) -> None:
        """Runs all steps, at most MOST_BEGUN at a time; a step that waits for a later one takes no slot."""
        steps = tuple(steps)
        self.created = {step.key: asyncio.Event() for step in steps if step.creates}
        self.reactivated = {step.key: asyncio.Event() for step in steps if step.reactivates}
        begun: set[asyncio.Event] = set()
        async with asyncio.TaskGroup() as tasks:
            for step in steps:
                slot = self.begun_slots if begun.issuperset(self._awaited(step)) else None
                if slot:
                    await slot.acquire()
                begun.update(self._announced(step))
                tasks.create_task(self._run_step(step, slot))

    def _awaited(self, step: Step) -> list[asyncio.Event]:
        """Returns the events that the step needs: its resources are created, and a user who gets roles is active."""
        needed = [self.created[key] for key in step.needs() if key in self.created]
        active = self.reactivated.get(step.key) if step.via == "permissions" else None
        return [*needed, active] if active else needed

    def _announced(self, step: Step) -> list[asyncio.Event]:
        """Returns the events of this step that other steps wait for."""
        created = [self.created[step.key]] if step.creates else []
        return [*created, self.reactivated[step.key]] if step.reactivates else created

    async def _run_step(self, step: Step, slot: asyncio.Semaphore | None) -> None:
        for event in self._awaited(step):
            await event.wait()
        try:
            async with self.slots:
                await self._carry_out(step)
        finally:
            for event in self._announced(step):
                event.set()  # else the steps that wait would never end
            if slot:
                slot.release()

    async def _carry_out(self, step: Step) -> None:
        """Gives every change of the step its outcome, whatever happens."""
        if self.stop.reason:
            self._record(step.changes, Answered.all("skipped", f"the run stopped: {self.stop.reason}"))
            return
        missing = frozenset(need for need in step.needs() if resolve(need, self.ids) is None)
        doable = step.without(missing)
        answered = await self._answered(doable) if doable else None
        named = ", ".join(sorted(missing))

        left_out = [change for change in step.changes if doable is None or change not in doable.changes]
        self._record(left_out, Answered.all("skipped", f"waits for {named}, which was not created"))
        if doable and answered:
            partly = [change for change in doable.changes if missing.intersection(change.members)]
            self._record(partly, answered.but(f"without {named}, which was not created"))
            self._record([change for change in doable.changes if change not in partly], answered)

    async def _answered(self, step: Step) -> Answered:
        try:
            self.channel.log.begin(step.changes)
        except Failed as error:
            self.stop.set(str(error))
            return Answered.all("skipped", f"the run stopped: {error}")
        over_rest = self.channel.roles if step.via == "permissions" else None
        counted = _Counted(over_rest.send if over_rest else self.channel.send)
        return replace(await self._tried(step, counted), requests=counted.requests)

    async def _tried(self, step: Step, send: Send) -> Answered:
        try:
            return await self._exchange(step, send)
        except (NotScim, NotPeople, LostAnswer, NotAnAnswer) as error:
            return Answered.all("failed", f"{error}; the next plan shows whether it was done")
        except NotSent as error:
            return Answered.all("skipped", str(error))
        except Unreachable as error:
            self.stop.set(str(error))
            return Answered.all("failed", str(error))
        except Exception as error:  # noqa: BLE001  # a bug in one step must not take the outcomes of the others
            return Answered.all("failed", f"a bug in this program, {type(error).__name__}: {error}")

    async def _exchange(self, step: Step, send: Send) -> Answered:
        if step.via == "permissions" and self.channel.roles:
            return await _overwrite(step, self.channel.roles.account, send)
        if step.reappears and await find_created(step, send) is not None:
            return Answered.all("stale", "it is in the account, and the read missed it: plan again")
        request = make_request(step, self.ids, self.channel.dialect)
        response = await (self._create(step, request, send) if step.creates else send(request))
        if step.creates and response.status == HTTPStatus.CONFLICT:
            return Answered.all("failed", await name_holder(step, response, send))
        if response.succeeded and _leaves_open(step, response):
            response = await self._read_back(step, response, send)
        answered = judge_answer(step, self.ids, response)
        if answered.live_id and step.creates:
            self.ids[step.key] = answered.live_id
        return answered

    async def _read_back(self, step: Step, response: Response, send: Send) -> Response:
        """Reads a resource if the answer to a write contained neither it nor the changed members."""
        if isinstance(response.body, dict) and isinstance(response.body.get("id"), str):
            return await send(get_request(step.kind, response.body["id"]))
        if not step.creates:
            return await send(get_request(step.kind, target_of(step, self.ids)))
        return await find_created(step, send, was_made=True) or response

    async def _create(self, step: Step, request: Request, send: Send) -> Response:
        """Sends a POST; if its answer is lost, looks the resource up before it sends the POST again."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return await send(request)
            except LostAnswer:
                found = await find_created(step, send)
                if found is not None:
                    return found
                if attempt == MOST_CREATE_ATTEMPTS:
                    raise

    def _record(self, changes: Iterable[Change], answered: Answered) -> None:
        outcomes = [
            Outcome(change=change, status=status, detail=redact_sentence(detail, change))
            for change in changes
            for status, detail in [answered.of(change)]
        ]
        self.outcomes |= {outcome.change.id: outcome for outcome in outcomes}
        self._log_end(outcomes, answered)
        for outcome in outcomes:
            self.failures += outcome.status == "failed"
            self.report(outcome)
        if self.failures >= STOP_AFTER_FAILURES and self.failures > STOP_AFTER_SHARE * len(self.outcomes):
            self.stop.set(f"{self.failures} of {len(self.outcomes)} changes failed")

    def _log_end(self, outcomes: Sequence[Outcome], answered: Answered) -> None:
        """Logs the outcomes; if the log fails, they are reported all the same, but no further step starts."""
        try:
            self.channel.log.end(outcomes, answered.live_id, answered.requests)
        except Failed as error:
            self.stop.set(str(error))


@dataclass(slots=True)
class _Counted:
    """The connection to the account, with the number of requests sent over it."""

    send: Send
    requests: int = 0

    async def __call__(self, request: Request) -> Response:
        try:
            response = await self.send(request)
        except Unreachable as error:
            self.requests += error.requests
            raise
        self.requests += response.requests
        return response


async def _overwrite(step: Step, account: str, send: Send) -> Answered:
    """Writes the whole set of a person's roles; reads it if the answer to a successful write does not show it."""
    response = await send(make_roles_request(step, account))
    if response.succeeded and not isinstance(response.body, dict):
        response = await send(roles_request(str(step.changes[0].target_id), account))
    return judge_roles(step, response)


def _leaves_open(step: Step, response: Response) -> bool:
    """Checks whether the answer does not show the change: no body (204, RFC 7644 section 3.5.2), or no members."""
    about_members = any(change.members for change in step.changes)
    return not isinstance(response.body, dict) or (about_members and "members" not in response.body)
