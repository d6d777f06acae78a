"""The hosts that get requests: the tenant's own, over TLS and through a blind proxy, and no host that it names."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from reconciler.core.model.messages import Request, Response
from reconciler.core.model.states import LiveState
from reconciler.core.scim.wire import DIALECTS
from reconciler.errors import ReconcilerError
from reconciler.live.client import Client
from reconciler.live.read import read_snapshot
from reconciler.live.snapshot import to_live_state
from tests.live.service import TOKEN, FakeTime, listening
from tests.notify.world import Authority


class Scim(BaseHTTPRequestHandler):
    """Answers with one user and one group, whose links point to `elsewhere`."""

    elsewhere = "https://evil.example"
    heard: list[str] = []  # noqa: RUF012  # of this class, which each test makes its own of

    def do_GET(self) -> None:
        self.heard.append(f"{self.path.partition('?')[0]} {self.headers['Authorization']}")
        meta = {"location": f"{self.elsewhere}/Users/u1", "lastModified": "2026-11-25T05:17:00Z"}
        manager = {"value": "u1", "$ref": f"{self.elsewhere}/Users/u1"}
        user = {"id": "u1", "userName": "ann", "active": True, "meta": meta, "manager": manager}
        members = [{"value": "u1", "$ref": f"{self.elsewhere}/Users/u1"}]
        group = {"id": "g1", "displayName": "Staff", "meta": meta, "members": members}
        listed = [user] if "/Users" in self.path else [group]
        page = {"totalResults": 1, "startIndex": 1, "itemsPerPage": 1, "Resources": listed}
        body = json.dumps(group if self.path.startswith("/Groups/g1") else page).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/scim+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's interface
        """Nothing is printed."""


@contextmanager
def tls_service(authority: Authority) -> Iterator[tuple[int, list[str]]]:
    """The port of a service with TLS, and the requests that it got."""
    heard: list[str] = []

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_of: object) -> None:
            """A client that does not trust the certificate closes the connection."""

    server = Server(("127.0.0.1", 0), type("Own", (Scim,), {"heard": heard}))
    server.socket = authority.server.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = Thread(target=partial(server.serve_forever, poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield server.server_address[1], heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class Tunnel(BaseHTTPRequestHandler):
    """A proxy as in companies: it gets the target host, and forwards bytes."""

    asked: list[str] = []  # noqa: RUF012  # of this class, which each test makes its own of
    carried: list[bytes] = []  # noqa: RUF012

    def do_CONNECT(self) -> None:
        self.asked.append(f"{self.path} {self.headers.get('Authorization')}")
        host, _, port = self.path.partition(":")
        with socket.create_connection((host, int(port)), timeout=5) as there:
            self.send_response(200)
            self.end_headers()
            back = Thread(target=self._carry, args=(there, self.connection), daemon=True)
            back.start()
            self._carry(self.connection, there)
            back.join(5)

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        while data := source.recv(65536):
            self.carried.append(data)
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's interface
        """Nothing is printed."""


def ask(url: str) -> Response:
    async def sent() -> Response:
        async with Client(url, TOKEN, (), clock=FakeTime().clock) as client:
            return await client.send(Request("GET", "/Users"))

    return asyncio.run(sent())


@pytest.fixture
def trusted(tmp_path: Path) -> tuple[Authority, str]:
    """A certificate authority of the test, and its file."""
    authority = Authority()
    authority.made.cert_pem.write_to_path(tmp_path / "ca.pem")
    return authority, str(tmp_path / "ca.pem")


def test_an_authority_of_ones_own_is_believed_when_it_is_named(
    trusted: tuple[Authority, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By SSL_CERT_FILE; without that no byte of the token leaves."""
    authority, bundle = trusted
    with tls_service(authority) as (port, heard):
        with pytest.raises(ReconcilerError) as refused:
            ask(f"https://127.0.0.1:{port}")
        before = list(heard)
        monkeypatch.setenv("SSL_CERT_FILE", bundle)
        answer = ask(f"https://127.0.0.1:{port}")

    assert ([], 200, [f"/Users Bearer {TOKEN}"]) == (before, answer.status, heard)
    assert TOKEN not in str(refused.value)


def test_a_proxy_carries_what_it_can_not_read(trusted: tuple[Authority, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told the host, and neither the token nor the path."""
    authority, bundle = trusted
    asked: list[str] = []
    carried: list[bytes] = []
    tunnel = type("Own", (Tunnel,), {"asked": asked, "carried": carried})
    with tls_service(authority) as (port, heard), listening(tunnel) as proxy:
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("https_proxy", proxy)
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        monkeypatch.setenv("SSL_CERT_FILE", bundle)
        answer = ask(f"https://127.0.0.1:{port}")

    assert (200, [f"/Users Bearer {TOKEN}"]) == (answer.status, heard)
    assert [f"127.0.0.1:{port} None"] == asked
    assert not [data for data in carried if TOKEN.encode() in data or b"/Users" in data]


def test_nobody_whom_a_service_names_is_asked() -> None:
    """`meta.location` and `$ref` are values; a whole read follows none."""
    heard: list[str] = []
    strangers: list[str] = []
    with listening(type("Stranger", (Scim,), {"heard": strangers})) as elsewhere:
        service = type("Own", (Scim,), {"heard": heard, "elsewhere": elsewhere})
        with listening(service) as url:

            async def read() -> LiveState:
                async with Client(url, TOKEN, (), clock=FakeTime().clock) as client:
                    return to_live_state(*await read_snapshot(client, DIALECTS["4me"]))

            state = asyncio.run(read())

    assert (["u1"], ["g1"]) == ([user.id for user in state.users], [group.id for group in state.groups])
    assert [] == strangers
    assert {f"Bearer {TOKEN}"} == {one.partition(" ")[2] for one in heard}
