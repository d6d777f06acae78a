"""Serves the embedded 4me on a loopback port. Knows sockets and uvicorn, no requests.

uvicorn is an optional extra: the demo, and every `url: sandbox` tenant, run in-process and need no port.

`serve` runs until Ctrl-C, for a person; `serving` runs as long as its `with` block, for a program.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from threading import Thread
from typing import TYPE_CHECKING

from reconciler.errors import UsageError
from reconciler.sandbox.app import BASE_PATH, App

if TYPE_CHECKING:
    import uvicorn

_BACKLOG = 128
_LAST_PORT = 65_535
_SECONDS_TO_FINISH = 2


def serve(app: App, host: str = "127.0.0.1", port: int = 0) -> None:
    """Serves until Ctrl-C or SIGTERM; prints the URL on stderr once it accepts requests. Port 0 takes a free port.

    Raises UsageError if the host is not loopback, the port can't be used, or uvicorn is not installed.
    """
    server = _server(app)
    with closing(_listening(host, port)) as listener:
        # The socket listens already, so requests wait until uvicorn has started.
        sys.stderr.write(f"The sandbox listens at {_url(listener)}. Stop it with Ctrl-C.\n")
        sys.stderr.flush()
        with suppress(KeyboardInterrupt):  # uvicorn shuts down cleanly, and then raises it again
            server.run(sockets=[listener])


@contextmanager
def serving(app: App, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serves from a thread while the block runs; yields the URL. Raises the errors of `serve`."""
    server = _server(app)
    with closing(_listening(host, port)) as listener:
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield _url(listener)
        finally:
            server.should_exit = True
            thread.join()


def _listening(host: str, port: int) -> socket.socket:
    address = _loopback(host)
    if not 0 <= port <= _LAST_PORT:
        raise UsageError(f"The sandbox can't listen on port {port}: ports are from 0 to {_LAST_PORT}.")
    family = socket.AF_INET6 if isinstance(address, ipaddress.IPv6Address) else socket.AF_INET
    try:
        listener = socket.create_server((str(address), port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise UsageError(f"The sandbox can't listen on {host}, port {port}: {error.strerror or error}.") from error
    # Head and body of an answer are sent separately; without TCP_NODELAY, the body waits 40 ms until the head is
    # acknowledged. asyncio only sets it on sockets with an explicit protocol; accepted sockets inherit the listener's.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _loopback(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    # The machine decides what "localhost" resolves to, so it is not resolved.
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise UsageError(f"The sandbox is for this machine only: {host} is not a loopback address.") from None
    if not address.is_loopback:
        raise UsageError(f"The sandbox is for this machine only: {host} is not a loopback address.")
    return address


def _url(listener: socket.socket) -> str:
    host, port, *_ = listener.getsockname()
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{BASE_PATH}"


def _server(app: App) -> uvicorn.Server:
    try:
        import uvicorn  # noqa: PLC0415  # an extra that only this module needs
    except ModuleNotFoundError as error:
        raise UsageError(
            f"`sandbox serve` needs {error.name}, which is not installed: install the extra `serve`."
        ) from error
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="error",
            access_log=False,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=_SECONDS_TO_FINISH,
        )
    )
