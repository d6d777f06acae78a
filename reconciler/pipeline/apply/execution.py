"""Executes the approved changes of a plan, with a display of progress, until a deadline or a signal."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.apply.channel import Channel, Log, RolesChannel, Stop
from reconciler.apply.execute import execute
from reconciler.apply.forms import LearnedForms
from reconciler.core.approval.coverage import Approval
from reconciler.core.changes.asked import RefusedPaths
from reconciler.core.changes.outcome import Outcome
from reconciler.core.planner.steps import MATCHING, make_steps
from reconciler.core.safety.make_plan import MadePlan
from reconciler.core.scim.dialect import dialect_of
from reconciler.pipeline.account.connections import Connections
from reconciler.pipeline.apply.signals import find_signals, ignore_in_loop
from reconciler.pipeline.desired.current_state import CurrentState
from reconciler.pipeline.progress import ApplyProgress, ProgressDisplay
from reconciler.pipeline.provisioning_log import read_asked_before


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


def open_channel(connections: Connections, current: CurrentState, log: Log) -> Channel:
    """Returns the channel that sends changes over the connections and logs each attempt."""
    roles = RolesChannel(connections.rest.client.send, connections.rest.account) if connections.rest else None
    asked, _unreadable = read_asked_before(current)
    return Channel(
        connections.scim.send,
        dialect_of(current.tenant),
        log,
        roles,
        LearnedForms(connections.scim.url),
        refused=RefusedPaths(dict(asked.refused)),
        required={
            "Users": {*MATCHING["Users"], *current.desired.matching},
            "Groups": {*MATCHING["Groups"], *current.desired.group_matching},
        },
    )


async def carry_out(
    connections: Connections, channel: Channel, made: MadePlan, approval: Approval, bounds: Bounds
) -> CarriedOut:
    """Executes the changes that the approval allows."""
    stop = Stop()
    connections.hurry(stop.event)
    loop = asyncio.get_running_loop()
    signals = find_signals()
    for number in signals:
        loop.add_signal_handler(number, stop.set, f"interrupted by {number.name}")
    for deadline in bounds.deadlines:
        loop.call_later(max(deadline.seconds, 0), stop.set, deadline.reason)
    created: dict[str, str] = {}
    progress = ApplyProgress(len(approval.to_run))
    requests = sum(step.requests for step in make_steps(approval.to_run, "permissions" if connections.rest else "scim"))
    async with progress.watched(*connections.clients, requests=requests, display=bounds.display):
        outcomes = await execute(approval.to_run, made.decided.ids, channel, stop, progress.count, learned=created)
    ignore_in_loop(loop, signals)
    return CarriedOut(outcomes, stop.reason, created)
