"""Servers that are real, on ports of their own: one that takes mail, one that takes posts; and what is sent to them."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message as Mail
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from reconciler.core.changes.notification import Message
from reconciler.core.declarations.notifier import Email, Webhook
from reconciler.notify.delivery import Delivery, DeliveryContext

PASSWORD = "hunter2-SECRET"
MESSAGE = Message("[reconciler] qa: drift", "qa: 2 people are not as git says.\n", {"tenant": "qa"}, "qa.0123")


@dataclass(frozen=True)
class Authority:
    """An authority of this test alone: `server` is for 127.0.0.1, `trust` for who believes it."""

    made: trustme.CA = field(default_factory=trustme.CA)

    @property
    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.made.issue_cert("127.0.0.1").configure_cert(context)
        return context

    @property
    def trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.made.configure_trust(context)
        return context


def means(trust: ssl.SSLContext | None = None, seconds: float = 5.0) -> DeliveryContext:
    return DeliveryContext(trust or ssl.create_default_context(), datetime(2026, 11, 25, 5, 17, tzinfo=UTC), seconds)


def email(address: str, *to: str, sender: str | None = None) -> Delivery:
    way = Email.model_validate({"to": list(to) or ["iam@example.com"], "smtp": {"env": "S"}, "sender": sender})
    return Delivery(way, address, MESSAGE)


def webhook(address: str, form: str = "chat") -> Delivery:
    return Delivery(Webhook.model_validate({"url": {"env": "W"}, "format": form}), address, MESSAGE)


@dataclass
class PostOffice:
    """What aiosmtpd calls a handler: takes mail but for `refused`; how it was asked, and what it got."""

    refused: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    mails: list[Mail] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's interface
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content))
        self.recipients += envelope.rcpt_tos
        assert server.transport is not None
        self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        return "250 OK"


def _authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _how: str, said: Any) -> AuthResult:
    right = LoginPassword(b"bot@example.com", PASSWORD.encode())
    return AuthResult(success=said == right, handled=False)


@contextmanager
def post_office(
    tls: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
    refused: Mapping[str, str] | None = None,
) -> Iterator[PostOffice]:
    """A server in a thread; `refused` are its answers to some addresses."""
    handler = PostOffice(refused or {})
    loop = asyncio.new_event_loop()
    make = partial(
        SMTP,
        handler,
        hostname="mail.test",
        tls_context=starttls,
        require_starttls=starttls is not None,
        authenticator=_authenticate,
        auth_require_tls=starttls is not None,
        loop=loop,
    )
    listening = loop.run_until_complete(loop.create_server(make, "127.0.0.1", 0, ssl=tls))
    handler.port = listening.sockets[0].getsockname()[1]
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield handler
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        listening.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.wait_for(listening.wait_closed(), 5))
        loop.close()


@dataclass
class Endpoint:
    """What takes posts: answers `status` and `headers`; what it got, and at which path."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    posts: list[Any] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@contextmanager
def endpoint(
    status: int = 200, headers: Mapping[str, str] | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[Endpoint]:
    told = Endpoint(status, headers or {})

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the library's interface
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.posts.append(json.loads(body))
            told.paths.append(self.path)
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"hunter2-SECRET is what I was sent")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's interface
            """Nothing is printed."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_of: object) -> None:
            """Whoever does not trust us hangs up, and that is no error here."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    told.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}/hook/{PASSWORD}"
    thread = Thread(target=partial(server.serve_forever, poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextmanager
def nobody() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]
