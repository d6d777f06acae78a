"""SCIM servers of other projects: how each is started and stopped, and its content, by plain GETs."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.node import find_node

ROOT = Path(__file__).parents[2]
NODE = Path(__file__).parent / "node"
TOKEN = "a-token-of-no-worth-but-of-32-letters-and-more"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SECONDS_TO_START = 30
SECONDS_TO_ANSWER = 30
NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loading them takes longer than asking
SERVERS = ("scim2-server", "scimmy", "better-auth")


@dataclass(frozen=True)
class Server:
    """One tenant of a running server, and its content."""

    url: str

    def ask(self, path: str, method: str = "GET", body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}
        with httpx.Client(trust_env=False, headers=headers, timeout=SECONDS_TO_ANSWER, verify=NO_AUTHORITIES) as client:
            answer = client.request(method, self.url + path, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def all(self, kind: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while True:  # one of them gives at most 200
            found = self.ask(f"/{kind}?startIndex={len(rows) + 1}&count=200")
            rows += found.get("Resources", [])
            if len(rows) >= found["totalResults"] or not found.get("Resources"):
                break
        assert found["totalResults"] == len(rows)
        return rows

    @property
    def users(self) -> dict[str, dict[str, Any]]:
        """Returns every user by externalId; checks that none exists twice."""
        listed = self.all("Users")
        by_key = {str(user.get("externalId")): user for user in listed}
        assert len(listed) == len(by_key)
        return by_key

    def manager_of(self, key: str) -> str | None:
        """Returns the externalId of a user's manager."""
        names = {user["id"]: name for name, user in self.users.items()}
        manager = self.users[key].get(ENTERPRISE, {}).get("manager")
        return names[manager["value"]] if manager else None

    def members_of(self, name: str) -> list[str]:
        """Returns the externalIds of the group's members."""
        names = {user["id"]: key for key, user in self.users.items()}
        [group] = [one for one in self.all("Groups") if one.get("externalId") == name]
        return sorted(names[member["value"]] for member in group.get("members", []))

    def edit(self, key: str, path: str, value: object) -> None:
        """Changes a user on the server by hand."""
        operations = [{"op": "replace", "path": path, "value": value}]
        body = {"schemas": [PATCH_OP], "Operations": operations}
        self.ask(f"/Users/{self.users[key]['id']}", "PATCH", body)


@dataclass(frozen=True)
class Running:
    """A running server; each of its tenants is empty at first."""

    name: str
    port: int

    def tenant(self, name: str) -> Server:
        """Returns the tenant of that name."""
        below = "scim/v2" if self.name == "better-auth" else "v2"
        return Server(f"http://127.0.0.1:{self.port}/{name}/{below}")


@contextmanager
def running(name: str, log: Path) -> Iterator[Running]:
    """Runs the server of that name on a free port while the block runs; its output goes to the log."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = int(probe.getsockname()[1])
    with log.open("wb") as output:
        process = subprocess.Popen(_command(name, port), stdout=output, stderr=output)  # noqa: S603
    try:
        started = Running(name, port)
        _wait_until_it_answers(started.tenant("nobody"), process, log)
        yield started
    finally:
        process.terminate()
        process.wait(timeout=10)


def _command(name: str, port: int) -> Sequence[str]:
    if name == "scim2-server":
        options = ["--hostname", "127.0.0.1", "--bearer-token", TOKEN, "--dynamic-tenants"]
        return [_installed(), "--port", str(port), *options]
    return [find_node(NODE, f"{name} needs"), str(NODE / f"{name}.mjs"), str(port), TOKEN]


def _installed() -> str:
    """Returns the path of a server that scripts/setup installs. Without it these tests fail, not skip."""
    installed = ROOT / ".venv-servers" / "bin" / "scim2-server"
    found = str(installed) if installed.exists() else shutil.which("scim2-server")
    if found is None:
        pytest.fail("scim2-server is not installed, and these tests need it: run scripts/setup dev")
    return found


def _wait_until_it_answers(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    """Asks until the server answers, because the start of another process can't use the test's clock."""
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and process.poll() is None:
        try:
            server.ask("/ServiceProviderConfig")
        except httpx.TransportError:
            os.sched_yield()
        else:
            return
    pytest.fail(f"the server did not start: {log.read_text(errors='replace')}")
