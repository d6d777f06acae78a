"""A connection to the stand-in on which one request is always answered wrongly, and the kinds of wrong answers."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

WORDS = "GitHub says why it refuses"
ELSEWHERE = "https://evil.example"
Answer = Callable[[httpx.Request], httpx.Response]


class CutStream(httpx.AsyncByteStream):
    """A body whose connection is closed after the first bytes."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'[{"id": 1, '
        raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")


def _refuse(status: int, headers: Mapping[str, str] | None = None, message: str = WORDS) -> Answer:
    return lambda _request: httpx.Response(status, headers=headers, json={"message": message})


def _send(body: Any, status: int = 200) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda _request: httpx.Response(status, content=content)


def _hang(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("no whole answer within 30 s", request=request)


REFUSALS: Mapping[str, Answer] = {str(status): _refuse(status) for status in (403, 404, 409, 410, 422)}
UNREACHABLE: Mapping[str, Answer] = {
    "401": _refuse(401),
    "429": _refuse(429, {"Retry-After": "5"}),
    "secondary limit": _refuse(403, message="You have exceeded a secondary rate limit. " + WORDS),
    "primary limit": _refuse(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1003600"}),
    "500": _refuse(500),
    "502": _send(b"<html><h1>Unicorn!</h1></html>", 502),
    "cut": lambda _request: httpx.Response(200, headers={"Content-Length": "500"}, stream=CutStream()),
    "hang": _hang,
}
ODD: Mapping[str, Answer] = {
    "not JSON": _send(b"<!DOCTYPE html><html></html>"),
    "empty": _send(b""),
    "null": _send(None),
    "an object": _send({"surprise": ["<script>", 1]}),
    "a list": _send([{"surprise": 1}]),
    "a list of texts": _send(["::error::x", None]),
    "moved": lambda _request: httpx.Response(301, headers={"Location": f"{ELSEWHERE}/repos/x"}),
    "found elsewhere": lambda _request: httpx.Response(302, headers={"Location": f"{ELSEWHERE}/x.zip"}),
    "found without TLS": lambda _request: httpx.Response(302, headers={"Location": "http://evil.example/x.zip"}),
    "next page elsewhere": lambda _request: httpx.Response(418),  # the right answer, with this page after it
}
KINDS: Mapping[str, Answer] = {**REFUSALS, **UNREACHABLE, **ODD}


def find_kind(path: str) -> str:
    """Returns the path without its numbers and commits: requests that differ in these only are alike."""
    return re.sub(r"\b([0-9a-f]{40}|\d+)\b", "N", path)


@dataclass
class FaultyLine(httpx.AsyncBaseTransport):
    """Sends requests to the stand-in; those like `broken`, a method and a kind of path, have a wrong answer."""

    kind: str | None = None
    broken: tuple[str, str] | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)
    strayed: list[str] = field(default_factory=list)  # requests with a token to another host
    right: httpx.AsyncHTTPTransport = field(default_factory=lambda: httpx.AsyncHTTPTransport(verify=False))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answers a request."""
        if request.url.host != "127.0.0.1":
            if "authorization" in request.headers:
                self.strayed.append(str(request.url))
            return httpx.Response(200, content=b"PK evil")
        call = (request.method, find_kind(request.url.path))
        if call not in self.asked:
            self.asked.append(call)
        if self.kind is None or call != self.broken:
            return await self.right.handle_async_request(request)
        if self.kind == "next page elsewhere":
            answer = await self.right.handle_async_request(request)
            answer.headers["Link"] = f'<{ELSEWHERE}/page2>; rel="next"'
            return answer
        answer = KINDS[self.kind](request)
        answer.request = request
        return answer

    async def aclose(self) -> None:
        """Closes the connections."""
        await self.right.aclose()
