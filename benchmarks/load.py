"""Applies of many changes while one exchange in a hundred breaks: their memory, and whether they keep the pace.

    python -m benchmarks.load [CHANGES …]

Applies 5,000 changes at 4me's pace, with a clock that jumps, then 5,000 and 50,000 without a limit, each in a process
of its own. A run fails if outcomes, progress, pace or account are wrong. Prints a table and writes nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import json
import re
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import httpx

from benchmarks.measure import Void
from reconciler.apply.channel import Channel, Stop
from reconciler.apply.execute import execute
from reconciler.apply.log import LogClock, ProvisioningLog
from reconciler.cli.progress import SECONDS_ELSEWHERE, show_progress
from reconciler.core.changes.attempt import RunInfo
from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.plan import AttributeChange, Change, CreateUser, UpdateUser
from reconciler.core.declarations.tenant import Window
from reconciler.core.model.messages import JsonObject
from reconciler.core.scim.wire import DIALECTS
from reconciler.core.simulator.machine import Simulator
from reconciler.live.client import Client
from reconciler.live.rate_limiter import PaceClock
from reconciler.pipeline.progress import ApplyProgress
from tests.live.service import tell_sent
from tests.live.virtual import run_in_virtual_time

PACE = (Window(20, 2),)
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
LATENCY = 0.2
ONE_IN = 100
CREATED_ONE_IN = 20
OCCASION = RunInfo("1", "bench", "https://bench.example", None, "sha256:0", "bench")
URL = "https://bench.example/scim/v2"


@dataclass(frozen=True, slots=True)
class Load:
    """The figures of one apply."""

    changes: int
    paced: bool
    statuses: Mapping[str, int]
    requests: int
    faults: int
    seconds_by_the_clock: float
    cpu_seconds: float
    peak_bytes: int


@dataclass(slots=True)
class Account:
    """The simulator behind a transport that breaks one exchange in a hundred, each time in another way."""

    simulator: Simulator
    starts: list[float] = field(default_factory=list)
    faults: int = 0

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """Answers as the account does, after a moment."""
        loop = asyncio.get_running_loop()
        self.starts.append(loop.time())
        await tell_sent(request)
        breaks = len(self.starts) % ONE_IN == 0
        await asyncio.sleep(LATENCY)
        if breaks:
            self.faults += 1
            match self.faults % 4:
                case 0:
                    return httpx.Response(429, headers={"retry-after": "2"})
                case 1:
                    return httpx.Response(503)
                case 2:
                    raise httpx.ConnectError("the line broke")
        target = request.url.raw_path.decode().removeprefix("/scim/v2")
        body = json.loads(request.content) if request.content else None
        answer = self.simulator.answer(request.method, target, body, NOON).response
        if breaks:
            raise httpx.ReadError("the answer was lost")
        return httpx.Response(answer.status, content=json.dumps(answer.body).encode(), headers=dict(answer.headers))


def list_changes(count: int) -> tuple[Change, ...]:
    """Returns the changes: one in twenty creates a user, the others change a title."""
    return tuple(_create(number) if number % CREATED_ONE_IN == 0 else _update(number) for number in range(count))


def _create(number: int) -> CreateUser:
    asked = {"externalId": f"u{number}", "userName": f"u{number}@example.com", "displayName": f"Person {number}"}
    attributes = tuple(AttributeChange(path=path, before=None, after=value) for path, value in asked.items())
    return CreateUser(key=f"user/u{number}", name=f"Person {number}", attributes=attributes)


def _update(number: int) -> UpdateUser:
    title = AttributeChange(path="title", before="Clerk", after=f"Head Clerk {number}")
    return UpdateUser(key=f"user/u{number}", name=f"Person {number}", target_id=f"id-{number}", attributes=(title,))


def make_account(count: int) -> Simulator:
    """Returns the simulator with all users that are not new."""
    return Simulator(users=[_live(number) for number in range(count) if number % CREATED_ONE_IN])


def _live(number: int) -> JsonObject:
    return {
        "id": f"id-{number}",
        "externalId": f"u{number}",
        "userName": f"u{number}@example.com",
        "displayName": f"Person {number}",
        "title": "Clerk",
        "active": True,
    }


def measure(count: int, *, paced: bool) -> Load:
    """Applies that many changes, checks the result, and returns the figures."""
    account, windows, printed = Account(make_account(count)), PACE if paced else (), io.StringIO()
    changes = list_changes(count)
    heard: Counter[str] = Counter({change.id: 0 for change in changes})  # a plan that was read has its ids
    before, began = _peak(), process_time()

    applied, _seconds = run_in_virtual_time(_apply(changes, account, windows, printed, heard))

    used, cpu = _peak() - before, process_time() - began
    _check(changes, applied, account, windows, printed.getvalue(), heard)
    statuses = Counter(one.status for one in applied.outcomes)
    return Load(
        count,
        paced,
        {str(status): number for status, number in statuses.items()},
        applied.requests,
        account.faults,
        applied.seconds,
        cpu,
        used,
    )


@dataclass(frozen=True, slots=True)
class Applied:
    """The outcomes of one apply, its seconds by the clock that jumps, and the number of requests."""

    outcomes: tuple[Outcome, ...]
    seconds: float
    requests: int


async def _apply(
    changes: Sequence[Change], account: Account, windows: tuple[Window, ...], printed: io.StringIO, heard: Counter[str]
) -> Applied:
    loop = asyncio.get_running_loop()
    clock = PaceClock(now=loop.time, sleep=asyncio.sleep)
    ids = {change.key: change.target_id for change in changes if change.target_id}
    with tempfile.TemporaryDirectory() as folder, ProvisioningLog(Path(folder) / "log.db") as log:
        recorder = log.record(OCCASION, LogClock(lambda: NOON, loop.time))
        transport = httpx.MockTransport(account.answer)
        async with Client(URL, "a token", windows, transport=transport, clock=clock) as client:
            progress = ApplyProgress(len(changes))
            with contextlib.redirect_stderr(printed):

                def hear(outcome: Outcome) -> None:
                    heard[outcome.change.id] += 1
                    progress.count(outcome)

                channel = Channel(client.send, DIALECTS["4me"], recorder)
                async with progress.watched(client, requests=len(changes), display=show_progress):
                    outcomes = await execute(changes, ids, channel, Stop(), hear)
        return Applied(outcomes, loop.time(), client.requests)


def _check(  # noqa: PLR0913, PLR0917  # all that one apply left
    changes: Sequence[Change],
    applied: Applied,
    account: Account,
    windows: tuple[Window, ...],
    printed: str,
    heard: Counter[str],
) -> None:
    """Raises Void if an outcome is missing, progress is wrong, a window was exceeded, or the account is wrong."""
    if [one.change for one in applied.outcomes] != list(changes) or {*heard.values()} != {1}:
        raise Void("not every change has one outcome")
    said = [
        tuple(int(one.replace(",", "") or 0) for one in numbers)
        for numbers in re.findall(r"([\d,]+) of [\d,]+ changes(?:, ([\d,]+) failed)?; ", printed)
    ]
    failed = sum(one.status == "failed" for one in applied.outcomes)
    if said != sorted(said) or any(done > len(changes) or some > failed for done, some in said):
        raise Void(f"progress said {said[-1:]}, and {failed} failed")
    if abs(len(said) - applied.seconds // SECONDS_ELSEWHERE) > 1:
        raise Void(f"{len(said)} lines were printed in {applied.seconds} s")
    for window in windows:
        for start, later in zip(account.starts, account.starts[window.requests :], strict=False):
            if later - start < window.seconds - 1e-6:
                raise Void(f"{window.requests + 1} requests started within {later - start} s")
    done = sum(one.status == "applied" for one in applied.outcomes)
    people = {one["externalId"]: one for one in account.simulator.users.values()}
    as_asked = sum(
        people.get(change.key.removeprefix("user/"), {}).get(one.path) == one.after
        for change in changes
        for one in change.attributes[-1:]
    )
    if len(account.simulator.users) != len(people) or not done <= as_asked <= done + failed:
        raise Void(f"{done} were applied, and {as_asked} are as asked among {len(account.simulator.users)} people")


def _peak() -> int:
    """Returns the largest resident set so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _measured(count: int, *, paced: bool) -> Load:
    """Measures in a process of its own, so that the peak belongs to one apply."""
    command = [sys.executable, "-m", "benchmarks.load", "--one", str(count), *(["--paced"] if paced else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)  # noqa: S603  # this module
    return Load(**json.loads(done.stdout))


def main() -> None:
    """Measures, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("changes", nargs="*", type=int, default=[5_000, 50_000], help="without a limit")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--paced", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(asdict(measure(options.one, paced=options.paced))))  # noqa: T201  # for the parent process
        return
    print("| changes | pace | faults | requests | applied | failed | by the clock | CPU | memory | a change |")  # noqa: T201
    print("|--:|---|" + "--:|" * 8)  # noqa: T201
    for count, paced in [(5_000, True), *((count, False) for count in options.changes)]:
        print(row(_measured(count, paced=paced)), flush=True)  # noqa: T201


def row(one: Load) -> str:
    """Returns a row of the table."""
    other = one.changes - one.statuses.get("applied", 0)
    cells = (
        f"{one.changes:,}",
        "20 per 2 s" if one.paced else "no limit",
        f"{one.faults:,}",
        f"{one.requests:,}",
        f"{one.statuses.get('applied', 0):,}",
        f"{other:,}",
        f"{one.seconds_by_the_clock:,.0f} s",
        f"{one.cpu_seconds:.1f} s",
        f"{one.peak_bytes / 1e6:.0f} MB",
        f"{one.peak_bytes / one.changes / 1e3:.1f} kB",
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
