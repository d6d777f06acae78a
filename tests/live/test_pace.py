"""A full read is as fast as the pace allows, from its first second, and never faster."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import NamedTuple

import httpx
import pytest

from reconciler.core.declarations.tenant import Window
from reconciler.core.model.states import Certificate
from reconciler.core.scim.pace import seconds_needed
from reconciler.core.scim.wire import DIALECTS
from reconciler.core.simulator.machine import Simulator
from reconciler.live.client import Client
from reconciler.live.rate_limiter import PaceClock
from reconciler.live.read import read_snapshot
from tests.live.service import TOKEN, URL, tell_sent
from tests.live.test_incremental import NOON, company
from tests.live.virtual import run_in_virtual_time

FOURME = (Window(20, 2), Window(3600, 3600))
SHORT_HOUR = (Window(20, 2), Window(60, 60))
ROUNDS = 3  # the first page of users says that there is a service, the list of groups whose members to ask for


class Timed(NamedTuple):
    """A read: its certificate, the time of each request, and its seconds."""

    certificate: Certificate
    sent: list[float]
    seconds: float


@dataclass
class Line:
    """A transport to a simulator with a latency, which opens a connection if none is free."""

    simulator: Simulator
    latency: float
    opening: float
    free: int = 0
    sent: list[float] = field(default_factory=list)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """Answers as the simulator does; a request arrives half a latency after it was sent."""
        if self.free:
            self.free -= 1
        else:
            await asyncio.sleep(self.opening)
        self.sent.append(asyncio.get_running_loop().time())
        await tell_sent(request)
        target = request.url.raw_path.decode().removeprefix("/scim/v2")
        response = self.simulator.answer("GET", target, None, NOON).response
        await asyncio.sleep(self.latency)
        self.free += 1
        return httpx.Response(200, content=json.dumps(response.body).encode())


def read_over(line: Line, windows: tuple[Window, ...]) -> Timed:
    """Reads the whole account."""

    async def read() -> Certificate:
        clock = PaceClock(now=asyncio.get_running_loop().time, sleep=asyncio.sleep)
        async with Client(URL, TOKEN, windows, transport=httpx.MockTransport(line.answer), clock=clock) as client:
            return (await read_snapshot(client, DIALECTS["4me"]))[1]

    certificate, seconds = run_in_virtual_time(read())
    return Timed(certificate, line.sent, seconds)


@pytest.mark.parametrize(("latency", "opening"), [(0.05, 0.15), (0.3, 0.9)])
@pytest.mark.parametrize(
    ("people", "groups", "windows"),
    [(10, 2, FOURME), (990, 20, FOURME), (400, 200, FOURME), (100, 60, FOURME), (2010, 45, SHORT_HOUR)],
)
def test_a_full_read_takes_what_the_pace_allows(
    people: int, groups: int, windows: tuple[Window, ...], latency: float, opening: float
) -> None:
    """At most a tenth more than to send as many requests, or to wait for answers that others are asked after.

    Connections come before: one for the first page, and the others at once. What waits for them is late, and what comes
    after must not be early.
    """
    certificate, sent, seconds = read_over(Line(company(people, groups), latency, opening), windows)

    least = opening + max(seconds_needed(len(sent), windows) + latency, ROUNDS * latency)
    assert (True, len(sent)) == (certificate.complete, certificate.requests)
    assert least <= seconds + 1e-9 <= 1.1 * least + opening
    assert [] == [
        start
        for window in windows
        for start, later in zip(sent, sent[window.requests :], strict=False)
        if later - start < window.seconds - 1e-9
    ]
