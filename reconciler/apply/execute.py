"""Executes the changes of a plan: one request per step, in order, each after the steps that it needs; decides nothing.

A failed step fails its changes, and skips changes that need it. A stop starts no new step and finishes those in
flight. The provisioning log records a change before its request is sent; if the log fails, no new step starts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.apply.answers import Answered, list_waiting
from reconciler.apply.channel import Channel, Stop
from reconciler.apply.exchange import Exchange
from reconciler.apply.people_wait import PeopleWait
from reconciler.apply.ring import RingRun, shows_name
from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.plan import Change
from reconciler.core.changes.redact import redact_outcome
from reconciler.core.planner.name_moves import find_name_change, writes_name
from reconciler.core.planner.schedule import Unit, make_schedule
from reconciler.core.planner.steps import Step, resolve
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
    units = make_schedule(changes, "permissions" if channel.roles else "scim")
    await execution.run([unit for unit in units if not unit.awaits_person])
    await execution.run_when_linked([unit.steps[0] for unit in units if unit.awaits_person])
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
    awaited: dict[str, asyncio.Event] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    failures: int = 0

    async def run(self, units: Sequence[Unit]) -> None:
        """Runs all units, at most MOST_BEGUN at a time; a unit that waits for a later one takes no slot."""
        steps = [step for unit in units for step in unit.steps]
        self.created = {step.key: asyncio.Event() for step in steps if step.creates}
        self.reactivated = {step.key: asyncio.Event() for step in steps if step.reactivates}
        self.awaited = {wait.step: asyncio.Event() for unit in units for wait in unit.waits}
        begun: set[asyncio.Event] = set()
        async with asyncio.TaskGroup() as tasks:
            for unit in units:
                slot = self.begun_slots if begun.issuperset(self._events_before(unit)) else None
                if slot:
                    await slot.acquire()
                begun.update(self._events_of(unit))
                tasks.create_task(self._run_unit(unit, slot))

    async def run_when_linked(self, steps: Iterable[Step]) -> None:
        """Runs the steps that grant roles to people that 4me links after the users are written."""
        if self.channel.roles is not None:
            wait = PeopleWait(self.channel.roles, self.stop, self._run_steps, self._record)
            await wait.run(steps, self.ids)

    async def _run_steps(self, steps: Iterable[Step]) -> None:
        await self.run([Unit((step,)) for step in steps])

    def _events_before(self, unit: Unit) -> list[asyncio.Event]:
        """Returns the events that a unit waits for."""
        return [
            *(self.awaited[wait.step] for wait in unit.waits),
            *(event for step in unit.steps for event in self._needed(step)),
        ]

    def _events_of(self, unit: Unit) -> list[asyncio.Event]:
        """Returns the events of this unit that other units wait for."""
        own = [event for step in unit.steps for event in self._announced(step)]
        return [*own, *(self.awaited[step.id] for step in unit.steps if step.id in self.awaited)]

    def _needed(self, step: Step) -> list[asyncio.Event]:
        """Returns the events that the step needs: its resources are created, and a user who gets roles is active."""
        needed = [self.created[key] for key in step.needs() if key in self.created]
        active = self.reactivated.get(step.key) if step.via == "permissions" else None
        return [*needed, active] if active else needed

    def _announced(self, step: Step) -> list[asyncio.Event]:
        """Returns the events of this step that other steps wait for."""
        created = [self.created[step.key]] if step.creates else []
        return [*created, self.reactivated[step.key]] if step.reactivates else created

    async def _run_unit(self, unit: Unit, slot: asyncio.Semaphore | None) -> None:
        for event in self._events_before(unit):
            await event.wait()
        try:
            async with self.slots:
                await self._carry_out_unit(unit)
        finally:
            for event in self._events_of(unit):
                event.set()  # else the units that wait would never end
            if slot:
                slot.release()

    async def _carry_out_unit(self, unit: Unit) -> None:
        """Gives every change of the unit its outcome: skipped, if a name that it needs was not freed or written."""
        lacks = dict.fromkeys(wait.lacks for wait in unit.waits if wait.lacks and wait.step not in self.named)
        changes = [change for step in unit.steps for change in step.changes]
        if self.stop.reason:
            self._record(changes, Answered.all("skipped", f"the run stopped: {self.stop.reason}"))
        elif lacks:
            self._record(changes, Answered.all("skipped", f"waits for {', '.join(lacks)}"))
        elif unit.is_ring:
            await self._exchange_names(unit)
        else:
            await self._carry_out(unit.steps[0])

    async def _exchange_names(self, ring: Unit) -> None:
        """Carries out a ring as a whole, and gives every change of it its outcome."""
        changes = [change for step in ring.steps for change in step.changes]
        not_logged = self._log_begin(changes)
        answers = {} if not_logged else await RingRun(ring, Exchange(self.ids, self.channel, self.stop)).run()
        for step in ring.steps:
            self._finish(step, step.changes, not_logged or answers[step.id])

    async def _carry_out(self, step: Step) -> None:
        """Gives every change of the step its outcome, whatever happens."""
        missing = frozenset(need for need in step.needs() if resolve(need, self.ids) is None)
        doable = step.without(missing)
        answered = await self._answered(doable) if doable else None
        named = ", ".join(sorted(missing))

        done = {change.id: change for change in doable.changes} if doable else {}
        left_out = [change for change in step.changes if change.id not in done]
        self._record(left_out, Answered.all("skipped", f"waits for {named}, which was not created"))
        if doable and answered:
            alone = await self._deactivate_alone(doable, answered)
            apart = {change.id for change in alone[0].changes} if alone else set()
            if alone:
                self._record([change for change in step.changes if change.id in apart], alone[1])
            tried = [change for change in step.changes if change.id in done.keys() - apart]
            waiting = {one.id: list_waiting(one, done[one.id]) for one in tried}
            self._finish(step, tried, answered.without(waiting))

    def _finish(self, step: Step, changes: Iterable[Change], answered: Answered) -> None:
        if shows_name(step, answered):
            self.named.add(step.id)
        self._record(changes, answered)

    async def _deactivate_alone(self, step: Step, answered: Answered) -> tuple[Step, Answered] | None:
        """Sends a deactivation again without the new name that was refused with it: no name keeps up an access."""
        if answered.status != "failed" or not step.deactivates or find_name_change(step) is None:
            return None
        alone = replace(step, changes=tuple(change for change in step.changes if not writes_name(change)))
        return alone, await Exchange(self.ids, self.channel, self.stop).run(alone)

    def _log_begin(self, changes: Sequence[Change]) -> Answered | None:
        """Logs that requests are about to be sent; if the log fails, stops the run, and returns the answer for them."""
        try:
            self.channel.log.begin(changes)
        except Failed as error:
            self.stop.set(str(error))
            return Answered.all("skipped", f"the run stopped: {error}")
        return None

    async def _answered(self, step: Step) -> Answered:
        return self._log_begin(step.changes) or await Exchange(self.ids, self.channel, self.stop).run(step)

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
