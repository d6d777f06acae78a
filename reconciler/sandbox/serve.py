"""Puts the embedded 4me on a port of this machine, and of no other. Knows sockets and uvicorn, and no request.

uvicorn is an extra of its own: the demo, and every `url: sandbox` tenant, run in-process and need no port.

`serve` is for a person, until Ctrl-C; `serving` is for a program, as long as its `with` lasts.
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
    """Serve until Ctrl-C or SIGTERM, saying the URL on stderr when it can be asked; port 0 takes a free one.

    Raises UsageError for a host that is not loopback, for a port that can't be had, and where uvicorn is not installed.
    """
    server = _server(app)
    with closing(_listening(host, port)) as listener:
        # The socket listens already: from here on whoever asks is answered, if only when uvicorn has come up.
        sys.stderr.write(f"The sandbox listens at {_url(listener)}. Stop it with Ctrl-C.\n")
        sys.stderr.flush()
        with suppress(KeyboardInterrupt):  # uvicorn shuts down cleanly, and then raises it again
            server.run(sockets=[listener])


@contextmanager
def serving(app: App, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve from a thread for as long as the block runs; yields the URL. Raises as `serve` does."""
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
        raise UsageError(f"The sandbox can't listen on {host}, port {port}: {error}.") from error
    # Head and body of an answer leave apart, and without this the body waits 40 ms for the head to be acknowledged.
    # asyncio sets it only on sockets made with the number of TCP; what a listener accepts has what the listener has.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _loopback(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    # What "localhost" resolves to is the machine's to say: here it is the address that it should be.
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
        import uvicorn  # noqa: PLC0415  # an extra, which this alone needs
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
