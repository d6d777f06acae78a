"""Carrying out the changes of a plan that may run: the channel, the progress, and what stops it early."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.apply.execute import Channel, Log, RolesChannel, Stop, execute
from reconciler.core.approval.coverage import Approval
from reconciler.core.changes.outcome import Outcome
from reconciler.core.planner.steps import make_steps
from reconciler.core.safety.make_plan import MadePlan
from reconciler.core.scim.wire import Dialect
from reconciler.pipeline.account.connections import Connections
from reconciler.pipeline.progress import Progress

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Deadline:
    """After how many seconds no new change is begun, and the reason that is reported then."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """What bounds an execution: its deadlines; `verbosity` is how much of its progress is reported."""

    deadlines: tuple[Deadline, ...]
    verbosity: int


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """The outcomes of an execution, why it was stopped early if it was, and the live ids of what it created by key."""

    outcomes: tuple[Outcome, ...]
    stopped: str | None
    created: Mapping[str, str]


def open_channel(lines: Connections, dialect: Dialect, log: Log) -> Channel:
    """Returns what writes changes over the connections, and logs each attempt."""
    roles = RolesChannel(lines.rest.client.send, lines.rest.account) if lines.rest else None
    return Channel(lines.scim.send, dialect, log, roles)


async def carry_out(
    lines: Connections, channel: Channel, made: MadePlan, approval: Approval, bounds: Bounds
) -> CarriedOut:
    """Executes what the approval lets run."""
    stop = Stop()
    lines.hurry(stop.event)
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stop.set, f"interrupted by {number.name}")
    for one in bounds.deadlines:
        loop.call_later(max(one.seconds, 0), stop.set, one.reason)
    created: dict[str, str] = {}
    progress = Progress(len(approval.to_run))
    requests = sum(step.requests for step in make_steps(approval.to_run, "permissions" if lines.rest else "scim"))
    async with progress.watched(*lines.clients, requests=requests, verbosity=bounds.verbosity):
        outcomes = await execute(approval.to_run, made.decided.ids, channel, stop, progress.tell, learned=created)
    for number in SIGNALS:  # an impatient second signal must not take the end of the apply off the record
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_IGN)
    return CarriedOut(outcomes, stop.reason, created)
