"""However a service answers, a request ends: after its time, at its size, or at a signal."""

from __future__ import annotations

import asyncio
import gzip
import json
import shutil
import ssl
import subprocess
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from reconciler.bounded_http import find_certificate_fault, name_what_to_check
from reconciler.core.model.messages import Request, Response
from reconciler.core.scim.pace import Silence
from reconciler.errors import LostAnswer, NotAnAnswer, NotSent, Unreachable
from reconciler.live.client import Client
from reconciler.live.rate_limiter import PaceClock
from tests.live.service import TOKEN, URL, Service, in_turn, listening
from tests.live.virtual import run_in_virtual_time

READ, CREATE = Request("GET", "/Users"), Request("POST", "/Users", {"userName": "a"})
FOLDED = gzip.compress(b"{}")


class Slow(httpx.AsyncByteStream):
    """A body of a blank each second, without end."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(1)
            yield b" "


class Raw(httpx.AsyncByteStream):
    """A body as it is on the wire, which httpx does not unfold."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self.content), 4096):
            yield self.content[start : start + 4096]


def client_of(answer: Callable[[httpx.Request], httpx.Response]) -> Client:
    """Returns a client in the time of the event loop."""
    clock = PaceClock(now=asyncio.get_running_loop().time, sleep=asyncio.sleep)
    return Client(URL, TOKEN, (), transport=httpx.MockTransport(answer), clock=clock)


def slow(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, stream=Slow())


def folded(content: bytes, coding: str) -> httpx.Response:
    return httpx.Response(200, stream=Raw(content), headers={"Content-Encoding": coding})


async def fail(request: Request, answer: Callable[[httpx.Request], httpx.Response]) -> Unreachable:
    async with client_of(answer) as client:
        with pytest.raises(Unreachable) as caught:
            await client.send(request)
        return caught.value


@pytest.mark.parametrize(("request_", "seconds", "tries"), [(READ, 315, " in 5 tries over 315 s"), (CREATE, 60, "")])
def test_a_byte_a_second_does_not_outlive_the_time_of_an_answer(request_: Request, seconds: int, tries: str) -> None:
    """60 seconds for head and body of each try; a create is tried once."""
    error, taken = run_in_virtual_time(fail(request_, slow))

    assert isinstance(error, LostAnswer)
    expected = f"no answer from {URL}{tries} (no whole answer within 60 s): check the url and the network"
    assert (expected, seconds) == (str(error), round(taken))


def test_a_service_that_is_silent_is_named_from_the_first_second_on() -> None:
    """With the time since it answered last, and the try; what it answered with an error is no silence."""

    async def watch() -> list[Silence | None]:
        statuses = [503]

        async def answer(_request: httpx.Request) -> httpx.Response:
            if statuses:
                return httpx.Response(statuses.pop(), headers={"Retry-After": "30"})
            await asyncio.sleep(1_000)
            return httpx.Response(200)

        clock, seen = PaceClock(now=asyncio.get_running_loop().time, sleep=asyncio.sleep), list[Silence | None]()
        async with Client(URL, TOKEN, (), transport=httpx.MockTransport(answer), clock=clock) as client:
            sending = asyncio.create_task(client.send(READ))
            for seconds in (29, 1.5, 1, 60, 5):
                await asyncio.sleep(seconds)
                seen.append(client.waiting.silence)
            sending.cancel()
        return seen

    seen, _ = run_in_virtual_time(watch())

    assert [None, None] == seen[:2]
    assert [
        "waiting for acme.example for 1 s, try 2 of 5",
        "waiting for acme.example for 61 s, try 2 of 5",
        "waiting for acme.example for 66 s, try 3 of 5",
    ] == [str(silence) for silence in seen[2:]]


@pytest.mark.parametrize("request_", [READ, CREATE])
def test_a_signal_ends_what_is_open_and_nothing_is_sent_afterwards(request_: Request) -> None:
    async def stop(seconds: float) -> tuple[Unreachable, float, int]:
        async with client_of(slow) as client:
            sending = asyncio.create_task(client.send(request_))
            await asyncio.sleep(5)
            client.waiting.hurry.set()
            client.waiting.end_within(10)
            client.waiting.end_within(seconds)
            with pytest.raises(LostAnswer, match="the run was stopped") as caught:
                await sending
            ended = asyncio.get_running_loop().time()
            with pytest.raises((LostAnswer, NotSent)):
                await client.send(request_)
            return caught.value, ended, client.requests

    assert [5, 6, 15] == [round(run_in_virtual_time(stop(seconds))[0][1]) for seconds in (0, 1, 20)]


@pytest.mark.parametrize("coding", ["gzip", "deflate", "x-gzip", "GZIP"])
def test_an_answer_that_is_compressed_once_is_read(coding: str) -> None:
    content = json.dumps({"id": "ü" * 10_000}, ensure_ascii=False).encode()
    packed = zlib.compress(content) if coding == "deflate" else gzip.compress(content)

    async def ask() -> Response:
        async with client_of(lambda _request: folded(packed, coding)) as client:
            return await client.send(READ)

    assert {"id": "ü" * 10_000} == run_in_virtual_time(ask())[0].body


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip", "br"])
def test_five_kilobytes_never_become_gigabytes(coding: str) -> None:
    """A body of 3 GB is a megabyte of gzip, and that is 5 kB of it."""
    once = gzip.compress(bytes(100_000_000))
    bomb = once if coding == "gzip" else gzip.compress(once)
    tracemalloc.start()
    try:
        error, _ = run_in_virtual_time(fail(READ, lambda _request: folded(bomb, coding)))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert isinstance(error, NotAnAnswer)
    said = "more than 64 MiB to one request" if coding == "gzip" else "in a coding that was not asked for: only gzip,"
    assert said in str(error)
    assert peak < 200_000_000


@pytest.mark.parametrize("content", [FOLDED[:-3], b"{}", FOLDED + b"x"], ids=["cut", "plain", "more"])
def test_a_compressed_answer_that_is_cut_or_damaged_is_no_answer(content: bytes) -> None:
    error, _ = run_in_virtual_time(fail(READ, lambda _request: folded(content, "gzip")))

    assert isinstance(error, NotAnAnswer)
    assert f"{URL} answers a compressed body that is " in str(error)


def test_what_is_asked_for_is_gzip_alone() -> None:
    service = Service(in_turn(httpx.Response(200, content=b"{}")))

    async def ask() -> None:
        async with service.client() as client:
            await client.send(READ)

    asyncio.run(ask())
    assert "gzip" == service.requests[0].headers["accept-encoding"]


class Silent(BaseHTTPRequestHandler):
    """Answers an empty list."""

    def do_GET(self) -> None:  # http.server's name
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_arguments: object) -> None:
        """Prints nothing."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for other.example, with its key in the same file."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate, and is not installed")
    folder = tmp_path_factory.mktemp("tls")
    subject = ["-subj", "/CN=other.example", "-addext", "subjectAltName=DNS:other.example"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*command, "-keyout", folder / "key", "-out", folder / "crt"], check=True, capture_output=True)  # noqa: S603
    (folder / "both").write_bytes((folder / "key").read_bytes() + (folder / "crt").read_bytes())
    return folder / "both"


@pytest.mark.parametrize(
    ("trusted", "said"),
    [
        (True, "its certificate is for another host (Hostname mismatch, certificate is not valid for 'localhost'): co"),
        (False, "its certificate is not trusted (self-signed certificate): if your authority issued it, name the file"),
    ],
)
def test_a_certificate_that_can_not_be_trusted_is_a_sentence_at_once(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, *, trusted: bool, said: str
) -> None:
    """It is not tried again, because the next answer has the same one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Silent)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    monkeypatch.setenv("NO_PROXY", "*")
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()

    async def ask() -> tuple[Unreachable, int]:
        async with Client(f"https://localhost:{server.server_address[1]}", TOKEN, ()) as client:
            with pytest.raises(Unreachable) as caught:
                await client.send(READ)
            return caught.value, client.requests

    try:
        error, requests = asyncio.run(ask())
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

    assert (1, 5) == (requests, error.exit_code)
    assert f"https://localhost:{server.server_address[1]} can't be trusted: {said}" in str(error)


def test_another_error_is_no_fault_of_a_certificate() -> None:
    assert find_certificate_fault(httpx.ConnectError("refused")) is None


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (
            {"ALL_PROXY": "socks5://secret@127.0.0.1:9"},
            "ALL_PROXY names a SOCKS proxy, which needs the package",
        ),
        ({"HTTPS_PROXY": "foo://secret@127.0.0.1:9"}, "HTTPS_PROXY is not the address of a proxy: write it as http://"),
        ({"https_proxy": "http://secret@127.0.0.1:abc"}, "HTTPS_PROXY is not the address of a proxy: write it as http"),
        ({"HTTPS_PROXY": "http://secret@127.0.0.1:99999"}, "HTTPS_PROXY is not the address of a proxy: write it as"),
        ({"HTTPS_PROXY": "http://[::1"}, "HTTPS_PROXY is not the address of a proxy: write it as http://HOST:PORT"),
        (
            {"SSL_CERT_FILE": "/missing"},
            "the certificates of SSL_CERT_FILE=/missing can't be used (No such file or",
        ),
        (
            {"SSL_CERT_FILE": "/"},
            "the certificates of SSL_CERT_FILE=/ can't be used (Is a directory): name",
        ),
        (
            {"SSL_CERT_FILE": __file__},
            f"of SSL_CERT_FILE={__file__} can't be used (no certificate in PEM format)",
        ),
        ({"SSLKEYLOGFILE": "/missing/x"}, "of SSLKEYLOGFILE=/missing/x can't be used (No such file or directory)"),
    ],
)
def test_a_proxy_or_authority_that_is_wrong_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], said: str
) -> None:
    """Without the value of a proxy, which may hold a password."""
    for name in ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(Unreachable) as caught:
        Client("https://acme.example", TOKEN, ())
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_proxy_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where it is used: http to a loopback address has none."""
    for name in ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "https_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert "the url and the network" == name_what_to_check("https://acme.example")

    monkeypatch.setenv("HTTPS_PROXY", "127.0.0.1:9")
    assert "the url, the network and HTTPS_PROXY" == name_what_to_check("https://acme.example")
    assert "the url and the network" == name_what_to_check("http://127.0.0.1:4004")


class Hostile(BaseHTTPRequestHandler):
    """Answers two codings over a real connection."""

    def do_GET(self) -> None:  # http.server's name
        content = gzip.compress(gzip.compress(bytes(50_000_000)))
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip, gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        """Prints nothing."""


def test_two_codings_are_refused_over_a_real_connection() -> None:
    async def ask(url: str) -> None:
        async with Client(url, TOKEN, ()) as client:
            await client.send(READ)

    with listening(Hostile) as url, pytest.raises(NotAnAnswer, match="only gzip, once, is read"):
        asyncio.run(ask(url))
