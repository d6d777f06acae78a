"""The embedded 4me on a port, with a latency, which counts its requests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from reconciler.sandbox.app import App, Message, Receive, Send, make_app
from reconciler.sandbox.serve import serving
from reconciler.sandbox.store import Store

TOKEN = "benchmark"  # noqa: S105  # of a server on loopback that lives for a minute

LONG_AGO = "2026-01-05T08:00:00Z"


@dataclass
class Account:
    """The address of the account, its store, and the time of each request, in seconds."""

    store: Store
    url: str = ""
    moments: list[float] = field(default_factory=list)

    def title_by_hand(self, user_name: str, title: str) -> None:
        """Changes the account by hand, past git; not counted."""
        now = datetime.now(UTC)
        found = next(one for one in self.store.simulator().users.values() if one["userName"] == user_name)
        operation = {"op": "replace", "path": "title", "value": title}
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
        response = self.store.answer("PATCH", f"/Users/{found['id']}", body, now)
        if not response.succeeded:
            raise RuntimeError(f"the account answers {response.status}: {response.body}")

    def age(self) -> None:
        """Makes all users look unchanged for months, because drift asks for recent changes."""
        users = self.store.simulator().users.values()
        self.store.seed([{**one, "meta": {"resourceType": "User", "lastModified": LONG_AGO}} for one in users])


@contextmanager
def serve_account(file: Path, latency: float) -> Iterator[Account]:
    """Serves an empty account while the block runs; each answer takes `latency` seconds more."""
    with Store(file) as store:
        account = Account(store)
        app = make_app(store, now=lambda: datetime.now(UTC), token=TOKEN)
        with serving(_metered(app, account, latency)) as url:
            account.url = url
            yield account


def most_in_a_window(moments: list[float], seconds: float) -> int:
    """Returns the highest number of requests within that many seconds."""
    return max(
        (sum(start <= one < start + seconds for one in moments[at:]) for at, start in enumerate(moments)), default=0
    )


def _metered(app: App, account: Account, latency: float) -> App:
    async def answer(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            account.moments.append(monotonic())
            await asyncio.sleep(latency)
        await app(scope, receive, send)

    return answer
