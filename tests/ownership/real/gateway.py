"""What stands before the accounts: the token says which account answers, and a request can be refused or be the last.

An ASGI application, so that `serving` puts it on a port; what is behind it is another one, or a server on a port.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import httpx

from reconciler.sandbox.app import BASE_PATH, App, Message, Receive, Send
from tests.servers.server import NO_AUTHORITIES

Moment: TypeAlias = Literal["arrived", "done"]
REFUSED = b'{"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "400", "detail": "not this one"}'
PLAYER = b"x-player"


@dataclass
class Gateway:
    """Passes requests on by token, and counts those that are not the player's own.

    `refuse` says of a write, by its number, whether it is answered with 400; `kill_at` is the request, by its number,
    at which `kill` is called: when it arrived, or when it was done and not yet answered.
    """

    apps: dict[str, App]
    asked: list[tuple[str, str]] = field(default_factory=list)
    refuse: Callable[[int], bool] = lambda _number: False
    kill_at: tuple[int, Moment] | None = None
    kill: Callable[[], None] = lambda: None

    @property
    def writes(self) -> dict[str, int]:
        """How many writes arrived since `calm`, by token."""
        return {token: sum(one == (token, "write") for one in self.asked) for token in self.apps}

    def calm(self) -> None:
        """Forgets what was asked and what was to go wrong."""
        self.asked.clear()
        self.refuse, self.kill_at, self.kill = (lambda _number: False), None, lambda: None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await next(iter(self.apps.values()))(scope, receive, send)
            return
        headers = dict(scope["headers"])
        token = headers.get(b"authorization", b"").decode().removeprefix("Bearer ")
        app = self.apps[token]
        if PLAYER in headers:
            await app(scope, receive, send)
            return
        number, writes = len(self.asked), sum(kind == "write" for _token, kind in self.asked)
        self.asked.append((token, "read" if scope["method"] == "GET" else "write"))
        if self.kill_at == (number, "arrived"):
            self.kill()
            await _answer(send, 503, b"")
            return
        if scope["method"] != "GET" and self.refuse(writes):
            await _answer(send, 400, REFUSED)
            return
        if self.kill_at == (number, "done"):
            await app(scope, receive, _nowhere)
            self.kill()
            await _answer(send, 503, b"")
            return
        with suppress(ConnectionError):
            await app(scope, receive, send)


@dataclass
class PassedOn:
    """An application that asks a server at an address."""

    url: str
    token: str
    client: httpx.AsyncClient | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        self.client = self.client or httpx.AsyncClient(trust_env=False, timeout=30, verify=NO_AUTHORITIES)
        target = scope["raw_path"].decode().removeprefix(BASE_PATH)
        query = scope["query_string"].decode()
        answer = await self.client.request(
            scope["method"],
            f"{self.url}{target}{'?' if query else ''}{query}",
            content=body or None,
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/scim+json"},
        )
        await _answer(send, answer.status_code, answer.content)


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/scim+json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers if body else []})
    await send({"type": "http.response.body", "body": body})


async def _nowhere(_message: Message) -> None:
    """An answer that nobody gets."""
