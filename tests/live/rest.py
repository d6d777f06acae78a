"""The REST API of an account for tests: a simulator behind a transport that can fail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from urllib.parse import parse_qsl

import httpx

from reconciler.core.simulator.machine import Simulator
from reconciler.core.simulator.rest import read_call
from reconciler.core.simulator.tokens import Issuer
from reconciler.live.oauth import Credentials
from reconciler.live.rest import RestAddress, RestLine, open_rest_line
from tests.live.service import FakeTime

URL = "https://api.example/v1"
TOKEN_URL = "https://oauth.example/token"  # where tokens come from
ACCOUNT = "acme"
SECRET = "s3cret-5ecret"
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

T = TypeVar("T")


@dataclass
class RestService:
    """Answers as the simulator does, or with `instead`; its clock is `ahead` of the client's."""

    simulator: Simulator
    issuer: Issuer = field(default_factory=lambda: Issuer(SECRET))
    time: FakeTime = field(default_factory=FakeTime)
    instead: Callable[[httpx.Request], httpx.Response | None] = lambda _request: None
    requests: list[httpx.Request] = field(default_factory=list)
    ahead: float = 0.0

    @property
    def asked(self) -> list[str]:
        """Returns method and target of every request, without the base; `token` for the token address."""
        return [self._spell(request) for request in self.requests]

    @staticmethod
    def _spell(request: httpx.Request) -> str:
        if str(request.url) == TOKEN_URL:
            return "token"
        return f"{request.method} {request.url.raw_path.decode().removeprefix('/v1')}"

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if (told := self.instead(request)) is not None:
            return told
        now = START + timedelta(seconds=self.time.now - 1_000.0 + self.ahead)
        if str(request.url) == TOKEN_URL:
            response = self.issuer.answer(request.method, dict(parse_qsl(request.content.decode())), now)
            return httpx.Response(response.status, json=response.body)
        if not self.issuer.accepts(request.headers["Authorization"].removeprefix("Bearer "), now):
            return httpx.Response(401, json={"message": "a bearer token is needed"})
        account = request.headers["X-Xurrent-Account"]
        target = request.url.raw_path.decode().removeprefix("/v1")
        response = self.simulator.answer_rest(read_call(request.method, target, None, account, now)).response
        return httpx.Response(response.status, content=json.dumps(response.body), headers=dict(response.headers))

    def ask(self, what: Callable[[RestLine], Awaitable[T]], secret: str = SECRET) -> T:
        """Returns the result of the work over a connection of its own."""

        async def asked() -> T:
            async with AsyncExitStack() as stack:
                address = RestAddress(URL, ACCOUNT, TOKEN_URL)
                transport = httpx.MockTransport(self._answer)
                line = await open_rest_line(stack, address, Credentials("us", secret), transport, self.time.clock)
                return await what(line)

        return asyncio.run(asked())


def answer_once(
    matches: Callable[[httpx.Request], bool], response: httpx.Response | Exception
) -> Callable[[httpx.Request], httpx.Response | None]:
    """Answers the first matching request with this, or breaks its connection."""
    left = [response]

    def told(request: httpx.Request) -> httpx.Response | None:
        if not left or not matches(request):
            return None
        one = left.pop()
        if isinstance(one, Exception):
            raise one
        return one

    return told


def is_token(request: httpx.Request) -> bool:
    """Returns whether the request is for a token."""
    return str(request.url) == TOKEN_URL
