"""The services on which flows run: the embedded 4me and real servers, with a fresh account for each run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TypeAlias

from reconciler.core.scim.wire import DIALECTS
from reconciler.sandbox.app import make_app
from reconciler.sandbox.serve import serving
from reconciler.sandbox.store import Store
from tests.faults.flows import FLOWS, OVER_REST
from tests.faults.run import Account, Broken, Place, Verdict, measure, try_fault
from tests.servers.server import TOKEN, running

EMBEDDED = "the embedded 4me"
PLACES = (EMBEDDED, "scim2-server", "scimmy")
PLAYED: Mapping[str, Sequence[str]] = {
    name: [flow for flow in FLOWS if name == EMBEDDED or flow not in OVER_REST]  # only 4me has permissions
    for name in PLACES
}
Fresh: TypeAlias = Callable[[], Place]


@dataclass(frozen=True)
class Goal:
    """The account after a run without faults, and the number of requests."""

    account: Account
    requests: int


@dataclass
class Bench:
    """A service for faults; `fresh` makes an empty account."""

    fresh: Fresh
    goals: dict[str, Goal] = field(default_factory=dict)

    async def goal(self, flow: str) -> Goal:
        """Returns the goal of a flow; runs the flow at the first call only."""
        if flow not in self.goals:
            self.goals[flow] = Goal(*await measure(FLOWS[flow], self.fresh()))
        return self.goals[flow]

    async def try_fault(self, flow: str, broken: Broken) -> Verdict:
        """Runs the flow with a fault, on an account of its own."""
        goal = await self.goal(flow)
        return await try_fault(FLOWS[flow], self.fresh(), broken, goal.account)


@contextmanager
def serve_place(name: str, folder: Path) -> Iterator[Bench]:
    """Serves the service of that name while the block runs."""
    if name == EMBEDDED:
        with _embedded(folder) as fresh:
            yield Bench(fresh)
        return
    with running(name, folder / "server.log") as server:
        numbers = count()
        yield Bench(lambda: Place(server.tenant(f"account{next(numbers)}").url, TOKEN, DIALECTS["rfc7644"]))


@contextmanager
def _embedded(folder: Path) -> Iterator[Fresh]:
    store = Store(folder / "account.sqlite")
    with store, serving(make_app(store, now=lambda: datetime.now(UTC), token=TOKEN)) as url:

        def fresh() -> Place:
            store.reset()
            return Place(url, TOKEN, DIALECTS["4me"])

        yield fresh
