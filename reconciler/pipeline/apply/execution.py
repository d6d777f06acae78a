"""Executes the approved changes of a plan: the channel, the progress, and the reasons to stop early."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.apply.execute import Channel, Log, RolesChannel, Stop, execute
from reconciler.core.approval.coverage import Approval
from reconciler.core.changes.outcome import Outcome
from reconciler.core.planner.steps import make_steps
from reconciler.core.safety.make_plan import MadePlan
from reconciler.core.scim.wire import Dialect
from reconciler.pipeline.account.connections import Connections
from reconciler.pipeline.progress import ApplyProgress, ProgressDisplay

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Deadline:
    """After how many seconds no new change is begun, and the reason that is reported then."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """The deadlines of an execution, and the display of its progress."""

    deadlines: tuple[Deadline, ...]
    display: ProgressDisplay


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """The outcomes of an execution, why it was stopped early if it was, and the live ids of what it created by key."""

    outcomes: tuple[Outcome, ...]
    stopped: str | None
    created: Mapping[str, str]


def open_channel(connections: Connections, dialect: Dialect, log: Log) -> Channel:
    """Returns what writes changes over the connections, and logs each attempt."""
    roles = RolesChannel(connections.rest.client.send, connections.rest.account) if connections.rest else None
    return Channel(connections.scim.send, dialect, log, roles)


async def carry_out(
    connections: Connections, channel: Channel, made: MadePlan, approval: Approval, bounds: Bounds
) -> CarriedOut:
    """Executes what the approval lets run."""
    stop = Stop()
    connections.hurry(stop.event)
    loop = asyncio.get_running_loop()
    signals = SIGNALS if threading.current_thread() is threading.main_thread() else ()  # others can't handle signals
    for number in signals:
        loop.add_signal_handler(number, stop.set, f"interrupted by {number.name}")
    for one in bounds.deadlines:
        loop.call_later(max(one.seconds, 0), stop.set, one.reason)
    created: dict[str, str] = {}
    progress = ApplyProgress(len(approval.to_run))
    requests = sum(step.requests for step in make_steps(approval.to_run, "permissions" if connections.rest else "scim"))
    async with progress.watched(*connections.clients, requests=requests, display=bounds.display):
        outcomes = await execute(approval.to_run, made.decided.ids, channel, stop, progress.count, learned=created)
    for number in signals:  # an impatient second signal must not take the end of the apply off the record
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_IGN)
    return CarriedOut(outcomes, stop.reason, created)
