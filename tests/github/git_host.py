"""Git at the stand-in: a bare repository over HTTP, with git's own server, which requires a token as GitHub does.

A fetch needs `contents: read`, and a push `contents: write`; a request without a token gets a challenge.
"""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from tests.github.standin import READ, WRITE, StandIn
from tests.live.service import listening

Reply: TypeAlias = tuple[int, Mapping[str, str], bytes]
PUSH = "git-receive-pack"
ASKS: Reply = (401, {"WWW-Authenticate": 'Basic realm="GitHub"'}, b"")


@contextmanager
def hosting(origin: Path, standin: StandIn) -> Iterator[str]:
    """Serves a bare repository on a port to the tokens of the stand-in. Yields the address before its folder's name."""
    subprocess.run(["git", "config", "http.receivepack", "true"], cwd=origin, check=True)  # noqa: S607

    class Git(BaseHTTPRequestHandler):
        def serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            status, headers, content = self.reply(self.rfile.read(length))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def reply(self, body: bytes) -> Reply:
            token = standin.tokens.get(_token_of(self.headers.get("authorization") or ""))
            if token is None:
                standin.turned_away.append(self.path)
                return ASKS
            if not token.allows(("contents", WRITE if PUSH in self.path else READ)):
                return 403, {}, b"Write access to repository not granted."
            return _ask_git(origin, self.command, self.path, dict(self.headers), body)

        do_GET = do_POST = serve  # http.server's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the same
            """Logs nothing."""

    with listening(Git) as url:
        yield url


def _token_of(authorization: str) -> str:
    """Returns the password of the user `x-access-token`, or an empty text."""
    with suppress(ValueError):
        user, _colon, password = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        return password if user == "x-access-token" else ""
    return ""


def _ask_git(origin: Path, method: str, address: str, headers: Mapping[str, str], body: bytes) -> Reply:
    parts = urlsplit(address)
    lower = {name.lower(): value for name, value in headers.items()}
    asked = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_PROJECT_ROOT": str(origin.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_PROTOCOL": lower.get("git-protocol", ""),
        "REQUEST_METHOD": method,
        "PATH_INFO": parts.path,
        "QUERY_STRING": parts.query,
        "CONTENT_TYPE": lower.get("content-type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": lower.get("content-encoding", ""),
        "REMOTE_USER": "x-access-token",
    }
    done = subprocess.run(["git", "http-backend"], env=asked, input=body, capture_output=True, check=True)  # noqa: S607
    head, _blank, content = done.stdout.partition(b"\r\n\r\n")
    told = dict(line.split(": ", 1) for line in head.decode().splitlines())
    return int(told.pop("Status", "200").split()[0]), told, content
