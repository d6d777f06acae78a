"""Executes the approved changes of a plan, with a display of progress, until a deadline or a signal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from reconciler.apply.channel import Channel, Log, RolesChannel, Stop
from reconciler.apply.execute import execute
from reconciler.apply.forms import LearnedForms
from reconciler.apply.link_wait import LinkWait
from reconciler.core.approval.coverage import Approval
from reconciler.core.changes.asked import RefusedParts
from reconciler.core.changes.outcome import Outcome
from reconciler.core.planner.schedule import make_schedule
from reconciler.core.planner.steps import MATCHING
from reconciler.core.safety.make_plan import MadePlan
from reconciler.core.scim.dialect import dialect_of
from reconciler.errors import Unreachable
from reconciler.pipeline.account.connections import Connections
from reconciler.pipeline.account.roles import find_addresses
from reconciler.pipeline.apply.signals import find_signals, ignore_in_loop
from reconciler.pipeline.desired.current_state import CurrentState
from reconciler.pipeline.plan.reading import AccountRead
from reconciler.pipeline.progress import ApplyProgress, ProgressDisplay
from reconciler.pipeline.provisioning_log import read_asked_before

SECONDS_TO_FINISH = 10.0  # for the answers to open requests after a stop


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


@dataclass(slots=True)
class _Ending:
    """Ends an execution: no new change starts, and open requests are given up soon, or at once by a second signal."""

    connections: Connections
    stopping: Stop
    signals: int = 0
    ends: asyncio.Future[None] | None = None

    def stop(self, reason: str) -> None:
        self.stopping.set(reason)
        self.ends = self.ends or asyncio.ensure_future(self._end_open_requests())

    def interrupt(self, name: str) -> None:
        self.signals += 1
        self.stopping.set_at_once(f"interrupted by {name}")
        self.stop(f"interrupted by {name}")
        if self.signals > 1:
            self.connections.end_within(0)

    async def _end_open_requests(self) -> None:
        await self.stopping.event.wait()  # an exchange of names that is under way ends first
        self.connections.end_within(SECONDS_TO_FINISH)


@asynccontextmanager
async def read_within(seconds: int | None) -> AsyncIterator[None]:
    """Raises Unreachable if the block, which reads the account, takes longer than `--max-duration`."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise Unreachable(
            f"the account was not read within --max-duration {seconds} s: no change was sent; allow more seconds"
        ) from error


def open_channel(connections: Connections, current: CurrentState, log: Log, wait: LinkWait) -> Channel:
    """Returns the channel that sends changes over the connections and logs each attempt."""
    rest = connections.rest
    roles = RolesChannel(rest.client.send, rest.account, wait) if rest else None
    asked, _unreadable = read_asked_before(current)
    return Channel(
        connections.scim.send,
        dialect_of(current.tenant),
        log,
        roles,
        forms=LearnedForms(connections.scim.url),
        refused=RefusedParts.known(asked),
        required={
            "Users": {*MATCHING["Users"], *current.desired.matching},
            "Groups": {*MATCHING["Groups"], *current.desired.group_matching},
        },
    )


def make_link_wait(seconds: float, account: AccountRead, approval: Approval) -> LinkWait:
    """Returns the wait for people that 4me links to the users that get roles over REST."""
    addresses = find_addresses(approval.to_run, account.current.desired, account.live)
    return LinkWait(seconds, account.live.me, addresses)


async def carry_out(
    connections: Connections, channel: Channel, made: MadePlan, approval: Approval, bounds: Bounds
) -> CarriedOut:
    """Executes the changes that the approval allows."""
    stop = Stop()
    connections.hurry(stop.event)
    ending = _Ending(connections, stop)
    loop = asyncio.get_running_loop()
    signals = find_signals()
    for number in signals:
        loop.add_signal_handler(number, ending.interrupt, number.name)
    for deadline in bounds.deadlines:
        loop.call_later(max(deadline.seconds, 0), ending.stop, deadline.reason)
    created: dict[str, str] = {}
    progress = ApplyProgress(len(approval.to_run), channel.roles.wait if channel.roles else LinkWait())
    units = make_schedule(approval.to_run, "permissions" if connections.rest else "scim")
    requests = sum(unit.requests for unit in units)
    async with progress.watched(*connections.clients, requests=requests, display=bounds.display):
        outcomes = await execute(approval.to_run, made.decided.ids, channel, stop, progress.count, learned=created)
    ignore_in_loop(loop, signals)
    return CarriedOut(outcomes, stop.reason, created)
