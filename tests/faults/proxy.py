"""A TCP proxy in front of a real service, which spoils one exchange and forwards all others.

Knows bytes and sockets, and nothing of SCIM; `tests/faults/kinds.py` has the faults.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Self, TypeAlias
from urllib.parse import urlsplit

import httpx

from tests.servers.server import NO_AUTHORITIES

NOT_PASSED_ON = frozenset({"connection", "content-length", "transfer-encoding", "host", "date", "accept-encoding"})


@dataclass(frozen=True)
class Answer:
    """The answer of a service: status, headers and body, as bytes."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


PassOn: TypeAlias = Callable[[Asked], Awaitable[Answer]]
Fault: TypeAlias = Callable[[Asked, PassOn], Awaitable[Answer | bytes]]
"""The fault of an exchange: another answer, or the bytes before the connection is cut."""


@dataclass
class Proxy:
    """Listens on 127.0.0.1 in front of an upstream; `asked` are arrived requests, `passed_on` the forwarded ones."""

    upstream: str
    spoil: Mapping[int, Fault] = field(default_factory=dict)
    from_then_on: bool = False
    answered: Callable[[int], None] = lambda _index: None
    """Called with the index of an exchange once its answer has left."""
    asked: list[Asked] = field(default_factory=list)
    passed_on: list[Asked] = field(default_factory=list)
    url: str = ""
    _server: asyncio.Server | None = None
    _http: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        self._http = httpx.AsyncClient(trust_env=False, timeout=30, verify=NO_AUTHORITIES)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}{urlsplit(self.upstream).path}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server and self._http:
            self._server.close()
            await self._server.wait_closed()
            await self._http.aclose()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handles one exchange per connection, so that a cut affects no other exchange."""
        try:
            asked = await _read(reader)
            index = len(self.asked)
            self.asked.append(asked)
            answer = await self._answer(index, asked)
            writer.write(answer if isinstance(answer, bytes) else _spell(answer))
            await writer.drain()
            self.answered(index)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client may close its connection
        finally:
            writer.close()

    async def _answer(self, index: int, asked: Asked) -> Answer | bytes:
        fault = self.spoil.get(index)
        if fault is None and self.from_then_on:
            fault = next((one for first, one in self.spoil.items() if index > first), None)
        return await (fault(asked, self._pass_on) if fault else self._pass_on(asked))

    async def _pass_on(self, asked: Asked) -> Answer:
        assert self._http is not None
        self.passed_on.append(asked)
        parts = urlsplit(self.upstream)
        answer = await self._http.request(
            asked.method,
            f"{parts.scheme}://{parts.netloc}{asked.target}",
            content=asked.body or None,
            headers={name: value for name, value in asked.headers.items() if name not in NOT_PASSED_ON},
        )
        headers = {name: value for name, value in answer.headers.items() if name not in NOT_PASSED_ON}
        return Answer(answer.status_code, headers, answer.content)


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, target, _version = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, target, headers, body)


def _spell(answer: Answer) -> bytes:
    status = f"{answer.status} {HTTPStatus(answer.status).phrase}"
    headers = {**answer.headers, "content-length": str(len(answer.body)), "connection": "close"}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + answer.body
