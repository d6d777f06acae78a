"""Executes the changes of a plan: one request a step, in order, each after what it waits for; decides nothing.

A failed step fails its changes and skips what can't be done without it. A create whose answer was lost is looked up
before it is sent again. Stopping takes no new step and finishes those in flight.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeAlias

from reconciler.apply.answers import Answered, judge_answer
from reconciler.apply.lookup import find_created, name_holder
from reconciler.core.model import Request, Response
from reconciler.core.outcome import Outcome, Status
from reconciler.core.plan import Change
from reconciler.core.steps import TAKING_MEMBERS, Step, make_request, make_steps, resolve
from reconciler.core.wire import Dialect, NotScim, get_request
from reconciler.errors import LostAnswer, Unreachable

Send: TypeAlias = Callable[[Request], Awaitable[Response]]
IN_FLIGHT = 8
MOST_CREATE_ATTEMPTS = 3
STOP_AFTER_FAILURES = 20
STOP_AFTER_SHARE = 0.4


@dataclass(slots=True)
class Stop:
    """Set from outside (Ctrl-C) or by the executor (refused credentials, too many failures): no new step starts."""

    reason: str | None = None

    def set(self, reason: str) -> None:
        """The first reason is the one that is told."""
        self.reason = self.reason or reason


@dataclass(frozen=True, slots=True)
class Channel:
    """How requests reach the account, and in which dialect."""

    send: Send
    dialect: Dialect


async def execute(
    changes: Iterable[Change],
    ids: Mapping[str, str],
    channel: Channel,
    stop: Stop,
    tell: Callable[[Outcome], None] = lambda _outcome: None,
) -> tuple[Outcome, ...]:
    """One outcome for each change, in their order.

    `ids` are the live ids of keys; `tell` hears of each outcome as it happens.
    """
    changes = tuple(changes)
    execution = _Execution(dict(ids), channel, stop, tell)
    await execution.run(make_steps(changes))
    return tuple(execution.outcomes[change.id] for change in changes)


@dataclass(slots=True)
class _Execution:
    ids: dict[str, str]
    channel: Channel
    stop: Stop
    tell: Callable[[Outcome], None]
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    created: dict[str, asyncio.Event] = field(default_factory=dict)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(IN_FLIGHT))
    failures: int = 0

    async def run(self, steps: Iterable[Step]) -> None:
        steps = tuple(steps)
        self.created = {step.key: asyncio.Event() for step in steps if step.creates}
        async with asyncio.TaskGroup() as tasks:
            for step in steps:
                tasks.create_task(self._run_step(step))

    async def _run_step(self, step: Step) -> None:
        for key in self._waits_for(step):
            await self.created[key].wait()
        async with self.slots:
            answered = await self._answered(step)
        self._record(step, answered)
        if step.creates:
            self.created[step.key].set()

    def _waits_for(self, step: Step) -> list[str]:
        own = [] if step.creates else [step.key]
        return [key for key in (*step.needs(), *own) if key in self.created]

    async def _answered(self, step: Step) -> Answered:
        if self.stop.reason:
            return Answered.all("skipped", f"the run stopped: {self.stop.reason}")
        missing = self._missing(step)
        if missing and not self._can_do_without(step, missing):
            return Answered.all("skipped", f"waits for {', '.join(sorted(missing))}, which was not created")
        try:
            answered = await self._exchange(step)
        except NotScim as error:
            return Answered.all("failed", f"the answer can't be read: {error}")
        except LostAnswer as error:
            return Answered.all("failed", f"{error}; whether it was done shows in the next plan")
        except Unreachable as error:
            self.stop.set(str(error))
            return Answered.all("failed", str(error))
        return answered.but(f"without {', '.join(sorted(missing))}, which was not created") if missing else answered

    def _missing(self, step: Step) -> set[str]:
        own = {step.key} if not step.creates and step.changes[0].target_id is None else set()
        return {key for key in step.needs() | own if resolve(key, self.ids) is None}

    def _can_do_without(self, step: Step, missing: set[str]) -> bool:
        """Members that do not exist are left out as long as anything is left to do; a manager or a target never is."""
        members = set(step.members(*TAKING_MEMBERS))
        return missing <= members and (step.creates or bool(step.attributes()) or bool(members - missing))

    async def _exchange(self, step: Step) -> Answered:
        request = make_request(step, self.ids, self.channel.dialect)
        response = await (self._create(step, request) if step.creates else self.channel.send(request))
        if step.creates and response.status == HTTPStatus.CONFLICT:
            return Answered.all("failed", await name_holder(step, response, self.channel.send))
        if response.succeeded and response.body is None:  # 204, RFC 7644 section 3.5.2
            response = await self.channel.send(get_request(step.kind, self._target(step)))
        answered = judge_answer(step, self.ids, response)
        if answered.live_id and step.creates:
            self.ids[step.key] = answered.live_id
        return answered

    def _target(self, step: Step) -> str:
        return step.changes[0].target_id or self.ids[step.key]

    async def _create(self, step: Step, request: Request) -> Response:
        """A POST; one whose answer was lost is looked up before it is sent again."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self.channel.send(request)
            except LostAnswer:
                found = await find_created(step, self.channel.send)
                if found is not None:
                    return found
                if attempt == MOST_CREATE_ATTEMPTS:
                    raise

    def _record(self, step: Step, answered: Answered) -> None:
        for change in step.changes:
            status, detail = answered.of(change)
            outcome = Outcome(change=change, status=status, detail=detail)
            self.outcomes[change.id] = outcome
            self.tell(outcome)
        self._count_failure(answered.status)

    def _count_failure(self, status: Status) -> None:
        self.failures += status == "failed"
        if self.failures >= STOP_AFTER_FAILURES and self.failures > STOP_AFTER_SHARE * len(self.outcomes):
            self.stop.set(f"{self.failures} of {len(self.outcomes)} changes failed")
