"""Executes the changes of a plan: one request per step, in order, each after the steps that it needs; decides nothing.

A failed step fails its changes, and skips changes that need it. A stop starts no new step and finishes those in
flight. The provisioning log records a change before its request is sent; if the log fails, no new step starts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.apply.answers import Answered, list_waiting
from reconciler.apply.channel import Channel, Stop
from reconciler.apply.exchange import Exchange
from reconciler.apply.people_wait import PeopleWait
from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.plan import Change
from reconciler.core.changes.redact import redact_outcome
from reconciler.core.planner.steps import Step, make_steps, resolve
from reconciler.errors import Failed

IN_FLIGHT = 8
MOST_BEGUN = 1_000
STOP_AFTER_FAILURES = 20
STOP_AFTER_SHARE = 0.4


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
    steps = make_steps(changes, "permissions" if channel.roles else "scim")
    await execution.run(step for step in steps if not step.awaits_person)
    await execution.run_when_linked([step for step in steps if step.awaits_person])
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

    async def run_when_linked(self, steps: Iterable[Step]) -> None:
        """Runs the steps that grant roles to people whom 4me links after the users are written."""
        if self.channel.roles is not None:
            wait = PeopleWait(self.channel.roles, self.stop, self.run, self._record)
            await wait.run(steps, self.ids)

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

        done = {change.id: change for change in doable.changes} if doable else {}
        left_out = [change for change in step.changes if change.id not in done]
        self._record(left_out, Answered.all("skipped", f"waits for {named}, which was not created"))
        if answered:
            tried = [change for change in step.changes if change.id in done]
            self._record(tried, answered.without({one.id: list_waiting(one, done[one.id]) for one in tried}))

    async def _answered(self, step: Step) -> Answered:
        try:
            self.channel.log.begin(step.changes)
        except Failed as error:
            self.stop.set(str(error))
            return Answered.all("skipped", f"the run stopped: {error}")
        return await Exchange(self.ids, self.channel, self.stop).run(step)

    def _record(self, changes: Iterable[Change], answered: Answered) -> None:
        outcomes = [redact_outcome(answered.of(change)) for change in changes]
        self.outcomes |= {outcome.change.id: outcome for outcome in outcomes}
        for outcome in outcomes:
            self.channel.refused.learn(outcome)
        self._log_end(outcomes, answered)
        for outcome in outcomes:
            self.failures += outcome.status == "failed" and not outcome.done_in_part
            self.report(outcome)
        if self.failures >= STOP_AFTER_FAILURES and self.failures > STOP_AFTER_SHARE * len(self.outcomes):
            self.stop.set(f"{self.failures} of {len(self.outcomes)} changes failed")

    def _log_end(self, outcomes: Sequence[Outcome], answered: Answered) -> None:
        """Logs the outcomes; if the log fails, they are reported all the same, but no further step starts."""
        try:
            self.channel.log.end(outcomes, answered.live_id, answered.requests)
        except Failed as error:
            self.stop.set(str(error))
