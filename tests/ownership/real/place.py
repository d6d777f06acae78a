"""Two accounts behind one address, told apart by their tokens: embedded 4mes, or tenants of a server of others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from reconciler.sandbox.app import make_app
from reconciler.sandbox.serve import serving
from reconciler.sandbox.store import Store
from tests.ownership.account import MemoryAccount, Record
from tests.ownership.real.gateway import Gateway, PassedOn
from tests.servers.server import NO_AUTHORITIES, PATCH_OP, TOKEN, USER, running

OURS, OTHER = "ours-" + "0" * 32, "other-" + "1" * 32
DOMAIN = "@example.com"
NOT_KEPT = {"id", "meta", "groups"}


@dataclass
class Served:
    """One account, as the player sees and edits it; `store` is that of an embedded 4me."""

    url: str
    token: str
    store: Store | None
    client: httpx.Client

    def ask(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "X-Player": "1", "Content-Type": "application/scim+json"}
        answer = self.client.request(method, self.url + path, json=body, headers=headers)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return answer.json() if answer.content else None

    def list(self, kind: str) -> list[dict[str, Any]]:
        """Every resource of a kind."""
        found = self.ask("GET", f"/{kind}?count=100").get("Resources", [])
        return [self.ask("GET", f"/{kind}/{one['id']}") for one in found] if kind == "Groups" else list(found)

    def read(self) -> MemoryAccount:
        """What it holds, as the account in memory has it."""
        account = MemoryAccount()
        for user in self.list("Users"):
            roles = {one["value"] for one in user.get("roles") or []}
            login = str(user["userName"]).removesuffix(DOMAIN)
            account.users[user["id"]] = Record(
                user.get("externalId"), login, user.get("active", True), "auditor" in roles
            )
        for group in self.list("Groups"):
            if group["displayName"] == "Team":
                account.members = {one["value"] for one in group.get("members") or []}
        return account

    def add(self, record: Record) -> str:
        """Somebody adds a user by hand; the id."""
        marked = {"externalId": record.mark} if record.mark else {}
        user = {"schemas": [USER], "userName": record.login + DOMAIN, "active": record.active, **marked}
        return str(self.ask("POST", "/Users", user)["id"])

    def edit(self, kind: str, live_id: str, operation: str, path: str, *, value: object) -> None:
        """Somebody edits a resource by hand."""
        operations = [{"op": operation, "path": path, "value": value}]
        self.ask("PATCH", f"/{kind}/{live_id}", {"schemas": [PATCH_OP], "Operations": operations})

    def restore(self) -> dict[str, str]:
        """Comes back from a backup: the same users with new ids; returns the new id of each old one."""
        users, groups = self.list("Users"), self.list("Groups")
        moved = {user["id"]: self._again(user) for user in users}
        for group in groups:
            members = [{"value": moved[one["value"]]} for one in group.get("members") or [] if one["value"] in moved]
            again = {**_kept(group), "members": members}
            if self.store is not None:
                self.store.seed([], [{**again, "id": group["id"]}])
            else:
                self.ask("DELETE", f"/Groups/{group['id']}")
                self.ask("POST", "/Groups", again)
        return moved

    def _again(self, user: dict[str, Any]) -> str:
        if self.store is None:
            self.ask("DELETE", f"/Users/{user['id']}")
            return str(self.ask("POST", "/Users", _kept(user))["id"])
        new = f"back-{next(numbers)}"
        with self.store._transaction("IMMEDIATE"):  # noqa: SLF001  # no request of 4me's deletes anybody
            self.store._connection.execute("DELETE FROM resources WHERE id = ?", (user["id"],))  # noqa: SLF001
            self.store._simulator = None  # noqa: SLF001
        self.store.seed([{**_kept(user), "id": new}])
        return new


numbers = count(1)


def _kept(resource: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name not in NOT_KEPT}


@dataclass
class Place:
    """The gateway on its port, and fresh accounts behind it for each history."""

    kind: str
    url: str
    gateway: Gateway
    stack: ExitStack
    folder: Path
    client: httpx.Client
    server: Any = None
    count: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def dialect(self) -> str:
        """How the accounts are written to."""
        return "4me" if self.server is None else "rfc7644"

    def fresh(self) -> tuple[Served, Served]:
        """Two empty accounts."""
        return self._fresh(OURS), self._fresh(OTHER)

    def _fresh(self, token: str) -> Served:
        number, store = next(self.count), None
        if self.server is None:
            store = self.stack.enter_context(Store(self.folder / f"account{number}.sqlite"))
            self.gateway.apps[token] = make_app(store, now=lambda: datetime.now(UTC))
        else:
            self.gateway.apps[token] = PassedOn(self.server.tenant(f"account{number}").url, TOKEN)
        return Served(self.url, token, store, self.client)


@contextmanager
def serve_place(kind: str, folder: Path) -> Iterator[Place]:
    """The accounts of a kind (`embedded` or `scim2-server`) behind a port, until the block ends."""
    with ExitStack() as stack:
        server = None if kind == "embedded" else stack.enter_context(running(kind, folder / "server.log"))
        first = stack.enter_context(Store(folder / "nobody.sqlite"))
        gateway = Gateway({"": make_app(first, now=lambda: datetime.now(UTC))})
        url = stack.enter_context(serving(gateway))
        client = stack.enter_context(httpx.Client(trust_env=False, timeout=30, verify=NO_AUTHORITIES))
        yield Place(kind, url, gateway, stack, folder, client, server)
