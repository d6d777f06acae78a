"""An account on a port of this machine whose quirks may change between two commands, and a repository for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from reconciler.core.simulator.quirks import AS_DOCUMENTED, Quirks
from reconciler.sandbox.app import App, Message, Receive, Send, make_app
from reconciler.sandbox.serve import serving
from reconciler.sandbox.store import Store
from tests.cli.project import Project

TOKEN = "a-token-of-no-worth-but-of-32-letters-and-more"
READS = {"GET"}
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@dataclass
class Office:
    """A project, and its account; `asked` lists the writes that arrived, as `PATCH /Users/…`."""

    project: Project
    store: Store
    url: str = ""
    asked: list[str] = field(default_factory=list)
    app: App | None = None

    async def answer(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers a request by the quirks of the moment."""
        if scope["type"] == "http" and scope["method"] not in READS:
            self.asked.append(f"{scope['method']} {str(scope['path']).removeprefix('/scim/v2')}")
        assert self.app is not None
        await self.app(scope, receive, send)

    def behaves(self, quirks: Quirks = AS_DOCUMENTED) -> None:
        """Gives the account other quirks from now on."""
        self.app = make_app(self.store, quirks=quirks, now=lambda: datetime.now(UTC), token=TOKEN)

    def commit(self, text: str, **settings: str) -> None:
        """Commits the tenant, and users and groups."""
        more = "".join(f", {name}: {value}" for name, value in settings.items())
        tenant = f"{{url: '{self.url}', token: {{env: SCIM_TOKEN}}, scope: all{more}}}"
        self.project.commit(f"tenants: {{office: {tenant}}}\n{text}")

    def outcomes(self, *arguments: str) -> dict[str, tuple[str, str]]:
        """Applies, and returns status and detail of each change."""
        ran = self.project.run("apply", *(arguments or ("--yes",)), "--format", "json")
        assert "Traceback" not in ran.said
        return {
            f"{one['change']['key']} {one['change']['action']}": (one["status"], one["detail"])
            for one in ran.document["outcomes"]
        }

    @property
    def users(self) -> dict[str, Any]:
        """The users by externalId."""
        return {str(user.get("externalId")): user for user in self.store.simulator().users.values()}

    def members_of(self, name: str) -> list[str]:
        """The externalIds of a group's members."""
        names = {user["id"]: key for key, user in self.users.items()}
        [group] = [one for one in self.store.simulator().groups.values() if one.get("externalId") == name]
        members: Any = group.get("members", [])
        return sorted(names[member["value"]] for member in members)


@contextmanager
def opening(project: Project) -> Iterator[Office]:
    """Serves an empty account until the block ends."""
    with ExitStack() as stack:
        office = Office(project, stack.enter_context(Store(project.root / "elsewhere.sqlite")))
        office.behaves()

        async def app(scope: Message, receive: Receive, send: Send) -> None:
            await office.answer(scope, receive, send)

        office.url = stack.enter_context(serving(app))
        project.environment |= {"SCIM_TOKEN": TOKEN}
        yield office
