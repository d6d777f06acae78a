"""The progress of a read or an apply: a line every 30 seconds, or a bar on a terminal."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from reconciler.apply.channel import Channel, RolesChannel, Stop
from reconciler.apply.execute import execute
from reconciler.apply.link_wait import LinkWait
from reconciler.cli.progress import show_progress
from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.plan import UpdateUser
from reconciler.core.declarations.tenant import Window
from reconciler.core.model.messages import Request
from reconciler.core.scim.wire import DIALECTS
from reconciler.core.simulator.permissions import PeopleQuirks
from reconciler.errors import Unreachable
from reconciler.live.client import Client
from reconciler.live.rate_limiter import PaceClock
from reconciler.live.read import read_snapshot
from reconciler.pipeline.progress import ApplyProgress, ProgressDisplay, hide_progress, watch_reading
from tests.apply.hires import Hires
from tests.apply.hires import company as hiring
from tests.live.service import TOKEN, URL
from tests.live.test_incremental import NOON, company
from tests.live.virtual import run_in_virtual_time

HOUR = (Window(20, 2), Window(60, 600))


async def read_company(display: ProgressDisplay, *, turned_away: int = 0) -> None:
    """1,500 people and 10 groups, where 60 requests are allowed in ten minutes."""
    simulator = company(1500, 10)
    times = asyncio.get_running_loop().time
    turns = [turned_away]

    async def answer(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.1)
        if turns[0]:
            turns[0] -= 1
            return httpx.Response(429, headers={"Retry-After": "45"})
        target = request.url.raw_path.decode().removeprefix("/scim/v2")
        return httpx.Response(
            200, content=json.dumps(simulator.answer("GET", target, None, NOON).response.body).encode()
        )

    clock = PaceClock(now=times, sleep=asyncio.sleep)
    async with (
        Client(URL, TOKEN, HOUR, transport=httpx.MockTransport(answer), clock=clock) as client,
        watch_reading(client, display),
    ):
        await read_snapshot(client, DIALECTS["4me"])


def test_a_line_now_and_then_says_how_far_how_fast_how_long_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody looks; here all but the last requests leave in the first seconds, and those when the pace allows."""
    run_in_virtual_time(read_company(show_progress))

    first, *others, last = capsys.readouterr().err.splitlines()
    assert "Reading: 60 of 71 requests, 2.0 a second, 10 min left; waits 10 min: the pace allows no more" == first
    assert last.startswith("Reading: 60 of 71 requests, 0.1 a second, 110 s left; waits ")
    assert 18 == len(others)


def test_that_the_service_said_to_wait_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    run_in_virtual_time(read_company(show_progress, turned_away=1))

    first = capsys.readouterr().err.splitlines()[0]
    assert "Reading: 1 of 2 requests, 0.0 a second, 30 s left; waits 16 s: the service answered 429" == first


async def read_from_the_dead(display: ProgressDisplay) -> None:
    """A service that takes each request and answers none."""

    async def answer(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(1_000)
        return httpx.Response(200)

    clock = PaceClock(now=asyncio.get_running_loop().time, sleep=asyncio.sleep)
    async with (
        Client(URL, TOKEN, HOUR, transport=httpx.MockTransport(answer), clock=clock) as client,
        watch_reading(client, display),
    ):
        with pytest.raises(Unreachable, match="in 5 tries over 315 s"):
            await read_snapshot(client, DIALECTS["4me"])


def test_a_silent_service_is_named_early_and_not_too_often(capsys: pytest.CaptureFixture[str]) -> None:
    """In a log, after seconds that double, up to one line every half minute."""
    run_in_virtual_time(read_from_the_dead(show_progress))

    lines = capsys.readouterr().err.splitlines()
    assert [
        "Reading: waiting for acme.example for 2 s, try 1 of 5; 1 of 1 requests",
        "Reading: waiting for acme.example for 6 s, try 1 of 5; 1 of 1 requests",
        "Reading: waiting for acme.example for 14 s, try 1 of 5; 1 of 1 requests",
        "Reading: waiting for acme.example for 30 s, try 1 of 5; 1 of 1 requests",
        "Reading: waiting for acme.example for 60 s, try 1 of 5; 1 of 2 requests; waits 1 s: no answer came",
        "Reading: waiting for acme.example for 90 s, try 2 of 5; 2 of 2 requests",
    ] == lines[:6]
    assert len(lines) <= 14

    run_in_virtual_time(read_from_the_dead(hide_progress))
    assert "" == capsys.readouterr().err


def test_nothing_is_told_where_quiet_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    run_in_virtual_time(read_company(hide_progress))

    assert "" == capsys.readouterr().err


async def apply_to_company(display: ProgressDisplay) -> None:
    """71 changes, each a request, after 5 requests for something else; the first fails after a second attempt."""
    statuses = [*[200] * 5, 503, 409]

    async def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(statuses.pop(0) if statuses else 200, headers={"Retry-After": "1"})

    clock, progress = PaceClock(now=asyncio.get_running_loop().time, sleep=asyncio.sleep), ApplyProgress(71)
    async with Client(URL, TOKEN, HOUR, transport=httpx.MockTransport(answer), clock=clock) as client:
        for _ in range(5):
            await client.send(Request("GET", "/Users"))
        async with progress.watched(client, requests=71, display=display):
            for number in range(71):
                response = await client.send(Request("GET", "/Users"))
                change = UpdateUser(key=f"user/u{number}", target_id="1")
                progress.count(Outcome(change=change, status="applied" if response.succeeded else "failed"))


def test_an_apply_tells_as_much_and_how_many_changes_are_done_and_failed(capsys: pytest.CaptureFixture[str]) -> None:
    """What was read before is not counted; one more is needed than was planned, for one was sent again."""
    run_in_virtual_time(apply_to_company(show_progress))

    first, *others, _last = capsys.readouterr().err.splitlines()
    waits = "1.8 a second, 10 min left; waits 10 min: the pace allows no more"
    assert f"Applying: 54 of 71 changes, 1 failed; 55 of 72 requests, {waits}" == first
    assert 18 == len(others)

    run_in_virtual_time(apply_to_company(hide_progress))
    assert "" == capsys.readouterr().err


async def apply_to_who_is_never_linked(display: ProgressDisplay) -> None:
    """A new user with roles, that 4me links to nobody; all requests of the plan are sent before the wait."""
    hires = Hires(PeopleQuirks(links="never"))
    made = hires.plan(hiring(ann="auditor"))
    wait = LinkWait(now=asyncio.get_running_loop().time)
    progress = ApplyProgress(len(made.plan.changes), wait)
    channel = Channel(hires.send, DIALECTS["4me"], roles=RolesChannel(hires.send_rest, "sandbox", wait))
    async with Client(URL, TOKEN, HOUR) as client, progress.watched(client, requests=0, display=display):
        await execute(made.plan.changes, made.decided.ids, channel, Stop(), progress.count)


def test_an_apply_tells_for_whom_it_waits_and_how_long(capsys: pytest.CaptureFixture[str]) -> None:
    """After half a minute of one, where no terminal is."""
    run_in_virtual_time(apply_to_who_is_never_linked(show_progress))

    first, *_last = capsys.readouterr().err.splitlines()
    assert "Applying: 1 of 2 changes; waiting for 4me to link 1 person, 30 s of 60 s" == first


def test_on_a_terminal_there_is_a_bar_while_something_is_left(tmp_path: Path) -> None:
    """Of a process of its own, for that is what a terminal is."""
    script = tmp_path / "read.py"
    script.write_text(
        "from reconciler.cli.progress import show_progress\n"
        "from tests.cli.test_progress import read_company\n"
        "from tests.live.virtual import run_in_virtual_time\n"
        "run_in_virtual_time(read_company(show_progress))\n"
    )
    ours, theirs = pty.openpty()
    environment = {"PYTHONPATH": ".", "TERM": "xterm", "COLUMNS": "80", "PATH": os.environ["PATH"]}
    with subprocess.Popen([sys.executable, script], stderr=theirs, env=environment) as process:  # noqa: S603
        os.close(theirs)
        shown = _read_to_end(ours)

    assert 0 == process.returncode
    assert "Reading: 60 of 71 requests" in shown
    assert "allows no more" in shown


def _read_to_end(terminal: int) -> str:
    pieces = []
    try:
        while piece := os.read(terminal, 65536):
            pieces.append(piece)
    except OSError:
        pass  # the other end is closed
    return b"".join(pieces).decode()
