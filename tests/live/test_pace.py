"""A full read takes as long as the pace allows and not longer, from its first second; and never goes faster."""

from __future__ import annotations

import asyncio
import json
from typing import NamedTuple

import httpx
import pytest

from reconciler.core.model import Certificate
from reconciler.core.pace import seconds_needed
from reconciler.core.tenant import Window
from reconciler.core.wire import DIALECTS
from reconciler.live.client import Client, Clock
from reconciler.live.read import read_snapshot
from tests.live.service import TOKEN, URL
from tests.live.test_incremental import NOON, company
from tests.live.virtual import run_in_virtual_time

FOURME = (Window(20, 2), Window(3600, 3600))
SHORT_HOUR = (Window(20, 2), Window(60, 60))
ROUNDS = 3  # the first page of users says that there is a service, the list of groups whose members to ask for


class Timed(NamedTuple):
    """A read: its certificate, when each request started, and how long all of it took."""

    certificate: Certificate
    starts: list[float]
    seconds: float


def read_in(people: int, groups: int, latency: float, windows: tuple[Window, ...]) -> Timed:
    """Reads a company over a line with that latency."""
    twin = company(people, groups)
    starts: list[float] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        starts.append(asyncio.get_running_loop().time())
        target = request.url.raw_path.decode().removeprefix("/scim/v2")
        response = twin.answer("GET", target, None, NOON).response
        await asyncio.sleep(latency)
        return httpx.Response(200, content=json.dumps(response.body).encode())

    async def read() -> Certificate:
        clock = Clock(now=asyncio.get_running_loop().time, sleep=asyncio.sleep)
        async with Client(URL, TOKEN, windows, transport=httpx.MockTransport(answer), clock=clock) as client:
            return (await read_snapshot(client, DIALECTS["4me"]))[1]

    certificate, seconds = run_in_virtual_time(read())
    return Timed(certificate, starts, seconds)


@pytest.mark.parametrize("latency", [0.05, 0.2])
@pytest.mark.parametrize(
    ("people", "groups", "windows"),
    [(10, 2, FOURME), (990, 20, FOURME), (400, 200, FOURME), (100, 60, FOURME), (2010, 45, SHORT_HOUR)],
)
def test_a_full_read_takes_what_the_pace_allows(
    people: int, groups: int, windows: tuple[Window, ...], latency: float
) -> None:
    """At most a tenth more than to start as many requests, or to wait for answers that others are asked after."""
    certificate, starts, seconds = read_in(people, groups, latency, windows)

    least = max(seconds_needed(len(starts), windows) + latency, ROUNDS * latency)
    assert (True, len(starts)) == (certificate.complete, certificate.requests)
    assert least <= seconds + 1e-9 <= 1.1 * least
    assert [] == [
        start
        for window in windows
        for start, later in zip(starts, starts[window.requests :], strict=False)
        if later - start < window.seconds - 1e-9
    ]
