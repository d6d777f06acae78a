"""The time from which a request counts, and the service's remaining limit, over slow and over real connections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import httpx
import pytest

from reconciler.core.declarations.tenant import Window
from reconciler.core.model.amounts import spell_seconds
from reconciler.core.model.messages import Request
from reconciler.core.scim.pace import Wait
from reconciler.errors import NotSent
from reconciler.live.client import Client
from reconciler.live.rate_limiter import SECONDS_TO_SPARE, PaceClock, RateLimiter
from tests.live.service import TOKEN, URL, listening, tell_sent
from tests.live.test_client import Answers
from tests.live.virtual import run_in_virtual_time
from tests.notify.world import Authority

READ = Request("GET", "/Users/u1")
T = TypeVar("T")


@dataclass
class Hour:
    """A service with a limit an hour, which reports the remaining requests except in its `silent` answers."""

    limit: int = 3600
    left: int = 3600
    resets: int = 600
    silent: frozenset[int] = frozenset()
    statuses: list[int] = field(default_factory=list)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """Counts arrivals; answers later requests sooner, so that answers overtake each other."""
        now = asyncio.get_running_loop().time()
        await tell_sent(request)
        if now >= self.resets:
            self.left, self.resets = self.limit, self.resets + 3600
        status = 200 if self.left else 429
        self.left = max(self.left - 1, 0)
        headers = {"x-ratelimit-remaining": str(self.left), "x-ratelimit-reset": str(self.resets)}
        number = len(self.statuses)
        self.statuses.append(status)
        await asyncio.sleep(0.3 - number % 8 * 0.03)
        return httpx.Response(status, content=b"{}", headers={} if number in self.silent else headers)


def use(service: Hour, work: Callable[[Client], Awaitable[T]]) -> tuple[T, float]:
    """Returns the result of work with a client, and its seconds by a clock that jumps."""

    async def used() -> T:
        now = asyncio.get_running_loop().time
        transport = httpx.MockTransport(service.answer)
        async with Client(URL, TOKEN, (Window(20, 2),), transport=transport, clock=PaceClock(now, now)) as client:
            return await work(client)

    return run_in_virtual_time(used())


async def ask_first_one_then(client: Client, count: int) -> None:
    """Sends one request, as reads do, and then that many at once."""
    await client.send(READ)
    await asyncio.gather(*(client.send(READ) for _ in range(count)))


@pytest.mark.parametrize("silent", [frozenset[int](), frozenset({3, 4, 9})])
def test_what_others_left_of_the_hour_is_used_and_the_rest_waits(silent: frozenset[int]) -> None:
    """12 are left: those are asked, whoever overtakes whom and says nothing of it, and nobody is turned away."""
    service = Hour(left=12, silent=silent)

    _, seconds = use(service, lambda client: ask_first_one_then(client, 29))

    assert [200] * 30 == service.statuses
    assert 600 <= seconds <= 605


def test_two_commands_in_a_row_share_the_hour() -> None:
    """The second learns from its first answer what the first left; nothing is kept for it anywhere."""
    service = Hour(limit=20, left=20)

    async def twice(client: Client) -> None:
        await ask_first_one_then(client, 14)
        now = asyncio.get_running_loop().time
        async with Client(URL, TOKEN, (), transport=client.transport, clock=PaceClock(now, now)) as second:
            await ask_first_one_then(second, 14)

    _, seconds = use(service, twice)

    assert [200] * 30 == service.statuses
    assert 600 <= seconds <= 605


def test_an_hour_that_was_used_up_before_is_waited_for_and_no_failure() -> None:
    """The first answer is a 429; the rest of the hour passes before the second request, however long."""
    service = Hour(left=0, resets=2000)

    async def ask(client: Client) -> str:
        asking = asyncio.create_task(ask_first_one_then(client, 9))
        await asyncio.sleep(60)
        waits = client.waiting.longest
        await asking
        return waits.why if waits else ""

    why, seconds = use(service, ask)

    assert "the service's hourly limit is used up" == why
    assert [429, *[200] * 10] == service.statuses
    assert 2000 <= seconds <= 2005


def test_why_nothing_leaves_and_for_how_long_is_said() -> None:
    async def look(client: Client) -> Wait | None:
        asking = asyncio.create_task(ask_first_one_then(client, 3))
        await asyncio.sleep(60)
        waits = client.waiting.longest
        await asking
        return waits

    waits, _ = use(Hour(left=1), look)

    assert waits is not None
    assert ("9 min", "the service's hourly limit is used up") == (spell_seconds(waits.seconds - 2), waits.why)


def test_a_run_that_stops_does_not_wait_for_the_hour() -> None:
    async def stop(client: Client) -> float:
        asking = asyncio.create_task(ask_first_one_then(client, 3))
        await asyncio.sleep(60)
        client.waiting.hurry.set()
        with pytest.raises(NotSent, match="the run stopped before the request was sent"):
            await asking
        return asyncio.get_running_loop().time()

    stopped, _ = use(Hour(left=1), stop)

    assert 60 == pytest.approx(stopped)


def test_of_several_waits_the_longest_is_shown() -> None:
    """And the others don't take it away when they end."""
    told = iter(["5", "9", "2"])

    async def answer(_request: httpx.Request) -> httpx.Response:
        after = next(told, None)
        return httpx.Response(429, headers={"Retry-After": after}) if after else httpx.Response(204)

    async def look() -> list[Wait | None]:
        shown = []
        clock = PaceClock(now=asyncio.get_running_loop().time)
        async with Client(URL, TOKEN, (), transport=httpx.MockTransport(answer), clock=clock) as client:
            asking = [asyncio.create_task(client.send(READ)) for _ in range(3)]
            for _ in range(4):
                await asyncio.sleep(2.5)
                shown.append(client.waiting.longest)
            await asyncio.gather(*asking)
        return shown

    shown, _ = run_in_virtual_time(look())

    why = "the service answered 429"
    assert [Wait(6.5, why), Wait(4.0, why), Wait(1.5, why), None] == shown


def test_what_has_a_turn_and_is_not_sent_counts_as_sent_now() -> None:
    """It may be at any moment; what breaks before counts from then on, and the tunnel of a proxy is no request."""
    now = 0.0
    limiter = RateLimiter((Window(2, 2),), PaceClock(now=lambda: now))

    def waited() -> float:
        wait = limiter.wait_for_pace()
        return round(wait.seconds, 6) if wait else 0.0

    with limiter.take() as first, limiter.take() as second:
        now = 1.0
        assert 2 + SECONDS_TO_SPARE == waited()
        asyncio.run(first.trace("http11.send_request_body.started", {"request": httpx.Request("GET", URL)}))
        asyncio.run(second.trace("http11.send_request_body.started", {"request": Tunnel}))
        now = 3.5
        assert 0 == waited()
        with limiter.take():
            pass
        assert 2 + SECONDS_TO_SPARE == waited()
        now = 4.0
    now = 5.5
    assert SECONDS_TO_SPARE == waited()


class Tunnel:
    """The request to a proxy that opens a tunnel, as httpcore makes it."""

    method = b"CONNECT"


def test_over_real_connections_that_take_time_to_open_the_pace_is_kept() -> None:
    """TLS that takes a tenth of a second, while everything else is at once; our clock runs ten times as fast."""
    authority = Authority()
    tls = authority.server
    arrived: list[float] = []

    class Late(Answers):
        """Opens connections slowly."""

        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            time.sleep(0.1)
            self.request = tls.wrap_socket(self.request, server_side=True)
            super().setup()

        def finish(self) -> None:
            super().finish()
            self.request.close()

        def do_GET(self) -> None:  # noqa: N802  # the library's name for it
            arrived.append(time.monotonic())
            super().do_GET()

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / 10)

    async def read(port: str) -> None:
        clock = PaceClock(now=lambda: time.monotonic() * 10, sleep=sleep)
        transport = httpx.AsyncHTTPTransport(verify=authority.trust)
        url = f"https://127.0.0.1:{port}"
        async with Client(url, TOKEN, (Window(8, 2),), transport=transport, clock=clock) as client:
            await asyncio.gather(*(client.send(READ) for _ in range(20)))

    with listening(Late) as url:
        asyncio.run(read(url.rpartition(":")[2]))

    assert 20 == len(arrived)
    assert [] == [one for one, later in zip(arrived, arrived[8:], strict=False) if later - one < 0.15]
