"""Carrying out the changes of a plan that may run: the connections, the progress, and what stops it early."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field

from reconciler.apply.execute import Channel, Log, RolesChannel, Stop, execute
from reconciler.cli.progress import Progress
from reconciler.core.approval.coverage import Approval
from reconciler.core.make_plan import Made
from reconciler.core.outcome import Outcome
from reconciler.core.ownership.closing import CREATES
from reconciler.core.plan import Change
from reconciler.core.steps import make_steps
from reconciler.core.wire import Dialect
from reconciler.live.client import Client
from reconciler.live.rest import RestLine

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Connections:
    """The ways to the account: SCIM, and REST where roles take effect there."""

    scim: Client
    rest: RestLine | None

    @property
    def requests(self) -> int:
        """How many requests were sent so far."""
        return self.scim.requests + (self.rest.requests if self.rest else 0)

    @property
    def clients(self) -> list[Client]:
        """The clients of both."""
        return [self.scim, *([self.rest.client] if self.rest else [])]

    def hurry(self, event: asyncio.Event) -> None:
        """Ends every wait of theirs once the event is set."""
        self.scim.hurry = event
        if self.rest:
            self.rest.hurry(event)

    def channel(self, dialect: Dialect, log: Log) -> Channel:
        """Returns the way that changes are written."""
        roles = RolesChannel(self.rest.client.send, self.rest.account) if self.rest else None
        return Channel(self.scim.send, dialect, log, roles)


@dataclass(frozen=True, slots=True)
class CreatedIds:
    """A log that also notes the live ids of what is created, by key: a plan from before knows none of them."""

    log: Log
    by_key: dict[str, str] = field(default_factory=dict)

    def begin(self, changes: Sequence[Change]) -> None:
        """Passes on what is about to be tried."""
        self.log.begin(changes)

    def end(self, outcomes: Sequence[Outcome], live_id: str | None, requests: int) -> None:
        """Notes the id, and passes on how it went."""
        created = (one.change.key for one in outcomes if one.change.action in CREATES and one.status == "applied")
        if live_id is not None:
            self.by_key.update(dict.fromkeys(created, live_id))
        self.log.end(outcomes, live_id, requests)


@dataclass(frozen=True, slots=True)
class Deadline:
    """After how many seconds no new change is begun, and what is said then."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """What bounds an execution: its deadlines; `verbosity` is how much is said of its progress."""

    deadlines: tuple[Deadline, ...]
    verbosity: int


async def carry_out(
    lines: Connections, channel: Channel, made: Made, approval: Approval, bounds: Bounds
) -> tuple[tuple[Outcome, ...], str | None]:
    """Executes what the approval lets run; returns the outcomes, and why it was stopped early if it was."""
    stop = Stop()
    lines.hurry(stop.event)
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stop.set, f"interrupted by {number.name}")
    for one in bounds.deadlines:
        loop.call_later(max(one.seconds, 0), stop.set, one.reason)
    progress = Progress(len(approval.to_run))
    requests = sum(step.requests for step in make_steps(approval.to_run, "permissions" if lines.rest else "scim"))
    async with progress.watched(*lines.clients, requests=requests, verbosity=bounds.verbosity):
        outcomes = await execute(approval.to_run, made.decided.ids, channel, stop, progress.tell)
    for number in SIGNALS:  # an impatient second signal must not take the end of the apply off the record
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_IGN)
    return outcomes, stop.reason
