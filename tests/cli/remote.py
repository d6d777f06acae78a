"""An account on a port of this machine where roles take effect over REST: an embedded 4me behind HTTP, with tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from reconciler.core.simulator.permissions import PeopleQuirks
from reconciler.core.simulator.quirks import AS_DOCUMENTED, Quirks
from reconciler.core.simulator.tokens import Issuer
from reconciler.sandbox.app import App, Message, Receive, RestSide, Send, make_app
from reconciler.sandbox.serve import serving
from reconciler.sandbox.store import Store
from tests.cli.project import Project

TOKEN, SECRET = "deadbeef" * 8, "c1ient-5ecret"
SECRETS = {"SCIM_TOKEN": TOKEN, "CLIENT_ID": "us", "CLIENT_SECRET": SECRET}
PEOPLE = """\
users:
  ann: {userName: ann@example.com, displayName: Ann Lee}
  bob: {userName: bob@example.com, displayName: Bob Roy}
  cid: {userName: cid@example.com, displayName: Cid}
role_assignments:
  - {role: specialist, users: [ann, bob]}
  - {role: problem_manager, users: [ann]}
  - {role: user, users: [cid]}
"""


@dataclass
class Rushing:
    """A clock by which some minutes pass with every request: an hour's token ends in the middle of a run."""

    minutes: int = 0
    now: datetime = field(default_factory=lambda: datetime(2026, 3, 1, 12, 0, tzinfo=UTC))
    calls: int = 0

    def __call__(self) -> datetime:
        self.calls += 1
        self.now += timedelta(minutes=self.minutes)
        return self.now


@dataclass
class Remote:
    """An account on a port: SCIM, REST and tokens, and the project that is to reach it."""

    project: Project
    clock: Rushing
    store: Store
    url: str

    def says(self, people: str, account: str = "acme", **more: str) -> None:
        """What git says of this account."""
        base = f"http://{urlsplit(self.url).netloc}"
        settings = "".join(f"\n    {name}: {value}" for name, value in more.items())
        self.project.commit(
            f"""\
tenants:
  remote:
    url: {self.url}
    token: {{env: SCIM_TOKEN}}
    roles_via: permissions
    permissions:
      url: {base}/v1
      account: {account}
      oauth: {{token_url: {base}/token, client_id: {{env: CLIENT_ID}}, client_secret: {{env: CLIENT_SECRET}}}}{settings}
{people}"""
        )

    def roles(self) -> dict[str, list[str]]:
        """What everybody holds, by address."""
        people: list[Any] = list(self.store.simulator().kept("People").values())
        return {one["primary_email"]: one["permissions"].get("acme", []) for one in people if one["source"] == "SCIM"}


def heard(app: App, hear: Callable[[str], None]) -> App:
    """The application, which reports each request before it answers."""

    async def listening(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            hear(str(scope["path"]))
        await app(scope, receive, send)

    return listening


@contextmanager
def reaching(
    project: Project, people: PeopleQuirks = AS_DOCUMENTED.people, hear: Callable[[str], None] | None = None
) -> Iterator[Remote]:
    """An empty account on a free port, until the block ends; `hear` is called with the path of each request."""
    clock = Rushing()
    with ExitStack() as stack:
        store = stack.enter_context(Store(project.root / "elsewhere.sqlite"))
        quirks = Quirks(people=people)
        app = make_app(store, quirks=quirks, now=clock, token=TOKEN, rest=RestSide("acme", Issuer(SECRET)))
        url = stack.enter_context(serving(heard(app, hear) if hear else app))
        project.environment |= SECRETS
        yield Remote(project, clock, store, url)
