"""An account on a port, which counts and refuses requests, and clones of one repository that apply to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from reconciler.sandbox.app import App, Message, Receive, Send, make_app
from reconciler.sandbox.serve import serving
from reconciler.sandbox.store import Store
from tests.cli.project import Project
from tests.ownership.estate import NOW, Estate, people, team

SIX = ("ann", "bob", "cid", "dan", "eva", "flo")
RATE = "rate: {burst: 1000 per 1s, sustained: 100000 per 1h}"
WRITES = ("POST", "PATCH", "PUT", "DELETE")


@dataclass
class Served:
    """The accounts behind one address, by token: `right` is ours. It takes no write with one of `refused` in it.

    `requests` are those so far, reads and writes.
    """

    stores: dict[str, Store]
    apps: dict[str, App]
    url: str = ""
    refused: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)

    async def app(self, scope: Message, receive: Receive, send: Send) -> None:
        """Passes a request on to the account that its token opens."""
        if scope["type"] != "http":
            await self.apps["right"](scope, receive, send)
            return
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        token = headers.get("authorization", "").partition(" ")[2]
        self.requests.append(scope["method"])
        body = await _read(receive)
        target = scope["path"] + body.decode(errors="replace")
        if scope["method"] in WRITES and any(name in target for name in self.refused):
            content = json.dumps({"status": "422", "detail": "not this one"}).encode()
            await send({"type": "http.response.start", "status": HTTPStatus.UNPROCESSABLE_ENTITY, "headers": []})
            await send({"type": "http.response.body", "body": content})
            return

        async def again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        await self.apps[token](scope, again, send)

    @property
    def writes(self) -> int:
        """Returns the number of writing requests."""
        return sum(method in WRITES for method in self.requests)

    def active(self, token: str = "right") -> set[str]:  # noqa: S107  # the name of an account
        """Returns the display names of active users."""
        users = self.stores[token].simulator().users.values()
        return {str(one["displayName"]) for one in users if one.get("active")}

    def hires(self, name: str, token: str = "right", **more: object) -> str:  # noqa: S107  # the same
        """Creates a user by hand. Returns the id."""
        body = {"userName": f"{name}@example.com", "displayName": name.capitalize(), "active": True, **more}
        answer: Any = self.stores[token].answer("POST", "/Users", body, NOW).body
        return str(answer["id"])

    def id_of(self, name: str) -> str:
        """Returns the id of a user, by display name."""
        users = self.stores["right"].simulator().users.values()
        return next(str(one["id"]) for one in users if one["displayName"] == name)

    def changes(self, name: str, **values: object) -> None:
        """Changes values of a user by hand."""
        operations = [{"op": "replace", "path": path, "value": value} for path, value in values.items()]
        self.stores["right"].answer("PATCH", f"/Users/{self.id_of(name)}", {"Operations": operations}, NOW)


async def _read(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = bool(message.get("more_body"))
    return body


@contextmanager
def serving_accounts(folder: Path) -> Iterator[Served]:
    """Serves two empty accounts at one address on a free port while the block runs."""
    with ExitStack() as stack:
        stores = {token: stack.enter_context(Store(folder / f"{token}.sqlite")) for token in ("right", "wrong")}
        served = Served(stores, {token: make_app(store, now=lambda: NOW) for token, store in stores.items()})

        async def app(scope: Message, receive: Receive, send: Send) -> None:  # a method is no function to uvicorn
            await served.app(scope, receive, send)

        served.url = stack.enter_context(serving(app))
        yield served


def tenant_at(served: Served, *, secret: str = "SCIM_TOKEN", **more: str) -> str:  # noqa: S107  # the name of one
    """Returns the YAML of a tenant with that account."""
    words = "".join(f", {word}: {value}" for word, value in more.items())
    return f"{{url: '{served.url}', token: {{env: {secret}}}, scope: all, {RATE}{words}}}"


@dataclass
class Site:
    """An account, a shared repository, and its first clone, which applied six users."""

    served: Served
    origin: Path
    first: Estate

    def clone(self, name: str, *options: str) -> Estate:
        """Makes another clone, for another person."""
        project = self.first.project
        root = self.origin.parent / name
        project.git("clone", "--quiet", *options, self.origin.as_uri(), str(root))
        made = Project(root, project.monkeypatch, dict(project.environment))
        made.git("config", "user.name", "Bea")
        made.git("config", "user.email", "bea@example.com")
        first = self.first
        return Estate(made, dict(first.tenants), dict(first.users), dict(first.groups), first.more)


def push(estate: Estate, *options: str) -> None:
    """Pushes the commits to the shared repository."""
    estate.project.git("push", "--quiet", *options, "origin", "HEAD:main")


def pull(estate: Estate) -> None:
    """Pulls the commits of others."""
    estate.project.git("pull", "--quiet", "--no-rebase", "--no-edit", "origin", "main")


@contextmanager
def working(folder: Path, project: Project) -> Iterator[Site]:
    """Makes a site where a clone applied six users to an account on a port."""
    origin = folder / "origin.git"
    project.git("init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    project.git("remote", "add", "origin", str(origin))
    project.environment = {"SCIM_TOKEN": "right"}
    with serving_accounts(folder) as served:
        first = Estate(project, {"production": tenant_at(served)}, people(*SIX), team(*SIX))
        first.says()
        push(first)
        project.git("branch", "--quiet", "--set-upstream-to=origin/main")
        first.applies()
        served.requests.clear()
        yield Site(served, origin, first)
