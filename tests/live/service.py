"""A service for tests: it gives prepared answers, with a clock that moves only during waits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TypeAlias

import httpx

from reconciler.core.declarations.tenant import Window
from reconciler.live.client import Client
from reconciler.live.rate_limiter import PaceClock

URL = "https://acme.example/scim/v2"
TOKEN = "c0ffee5e" * 8

Handler: TypeAlias = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]


@dataclass
class FakeTime:
    """A clock that moves only during sleeps; `waits` are the sleeps, in order."""

    now: float = 1_000.0
    waits: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    @property
    def clock(self) -> PaceClock:
        return PaceClock(now=lambda: self.now, sleep=self.sleep)


@dataclass
class Service:
    """Gives prepared answers, and keeps the requests; `starts` are their times of arrival."""

    answers: Handler
    time: FakeTime = field(default_factory=FakeTime)
    requests: list[httpx.Request] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.starts.append(self.time.now)
        answered = self.answers(request)
        return answered if isinstance(answered, httpx.Response) else await answered

    def client(self, *windows: Window, url: str = URL) -> Client:
        return Client(url, TOKEN, windows, transport=httpx.MockTransport(self._answer), clock=self.time.clock)

    @property
    def asked(self) -> list[str]:
        """Returns method, path and query of every request, without the base."""
        return [f"{one.method} {one.url.raw_path.decode().removeprefix('/scim/v2')}" for one in self.requests]


def reply(body: object, status: int = 200, headers: dict[str, str] | None = None) -> httpx.Response:
    """Returns a JSON answer."""
    return httpx.Response(status, content=json.dumps(body).encode(), headers=headers)


def in_turn(*answers: httpx.Response | Exception) -> Handler:
    """Gives the answers in order, and then repeats the last; an exception breaks the connection."""
    left = list(answers)

    def answer(_request: httpx.Request) -> httpx.Response:
        next_one = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(next_one, Exception):
            raise next_one
        return next_one

    return answer


async def tell_sent(request: httpx.Request) -> None:
    """Reports a request as written, as httpcore does over a real connection."""
    await request.extensions["trace"]("http11.send_request_body.started", {"request": request})


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Runs a real server on a free port while the block runs. Yields its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
