"""Executes the approved changes of a plan, with a display of progress, until a deadline or a signal."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.apply.channel import Channel, Log, RolesChannel, Stop
from reconciler.apply.execute import execute
from reconciler.core.approval.coverage import Approval
from reconciler.core.changes.outcome import Outcome
from reconciler.core.planner.schedule import make_schedule
from reconciler.core.safety.make_plan import MadePlan
from reconciler.core.scim.wire import Dialect
from reconciler.pipeline.account.connections import Connections
from reconciler.pipeline.apply.signals import find_signals, ignore_in_loop
from reconciler.pipeline.progress import ApplyProgress, ProgressDisplay


@dataclass(frozen=True, slots=True)
class Deadline:
    """The seconds after which no new change starts, and the reason to report then."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """The deadlines of an execution, and the display of its progress."""

    deadlines: tuple[Deadline, ...]
    display: ProgressDisplay


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """The outcomes of an execution, the reason if it stopped early, and the ids of created users and groups by key."""

    outcomes: tuple[Outcome, ...]
    stopped: str | None
    created: Mapping[str, str]


def open_channel(connections: Connections, dialect: Dialect, log: Log) -> Channel:
    """Returns the channel that sends changes over the connections and logs each attempt."""
    roles = RolesChannel(connections.rest.client.send, connections.rest.account) if connections.rest else None
    return Channel(connections.scim.send, dialect, log, roles)


async def carry_out(
    connections: Connections, channel: Channel, made: MadePlan, approval: Approval, bounds: Bounds
) -> CarriedOut:
    """Executes the changes that the approval allows."""
    stop = Stop()
    connections.hurry(stop.event)
    loop = asyncio.get_running_loop()
    signals = find_signals()
    for number in signals:
        loop.add_signal_handler(number, stop.set_at_once, f"interrupted by {number.name}")
    for deadline in bounds.deadlines:
        loop.call_later(max(deadline.seconds, 0), stop.set, deadline.reason)
    created: dict[str, str] = {}
    progress = ApplyProgress(len(approval.to_run))
    units = make_schedule(approval.to_run, "permissions" if connections.rest else "scim")
    requests = sum(unit.requests for unit in units)
    async with progress.watched(*connections.clients, requests=requests, display=bounds.display):
        outcomes = await execute(approval.to_run, made.decided.ids, channel, stop, progress.count, learned=created)
    ignore_in_loop(loop, signals)
    return CarriedOut(outcomes, stop.reason, created)
