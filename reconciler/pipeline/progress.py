"""How far a read or an apply is, as numbers and in words. How that is shown is the caller's: see `ProgressDisplay`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from reconciler.core.scim.pace import RunProgress, describe_progress

if TYPE_CHECKING:
    from reconciler.core.changes.outcome import Outcome
    from reconciler.live.client import Client

Look: TypeAlias = Callable[[float], tuple[RunProgress, str]]  # the progress after so many seconds, and in words


class ProgressDisplay(Protocol):
    """Shows how far something is, for as long as the block takes: `what` is the title, `look` the progress by now."""

    def __call__(self, what: str, look: Look, /) -> AbstractAsyncContextManager[None]:
        """Returns the block."""


def hide_progress(_what: str, _look: Look, /) -> AbstractAsyncContextManager[None]:
    """Shows nothing."""
    return nullcontext()


@asynccontextmanager
async def watch_reading(client: Client, display: ProgressDisplay) -> AsyncIterator[None]:
    """Shows how far reading with a client is; nothing of a read that is over at once."""

    def look(seconds: float) -> tuple[RunProgress, str]:
        standing = RunProgress(client.requests, client.needed, seconds, client.waits_for)
        return standing, describe_progress(standing, client.windows)

    async with display("Reading", look):
        yield


@dataclass(slots=True)
class ApplyProgress:
    """Counts the outcomes of an apply as they happen."""

    total: int
    done: int = 0
    failed: int = 0

    def count(self, outcome: Outcome) -> None:
        """Counts one more change that has its outcome."""
        self.done += 1
        self.failed += outcome.status == "failed"

    @asynccontextmanager
    async def watched(self, *clients: Client, requests: int, display: ProgressDisplay) -> AsyncIterator[None]:
        """Shows how far an apply is that is known to take so many requests of these clients."""
        made = sum(client.requests for client in clients)
        needed = sum(client.needed for client in clients) - requests  # which grows where one is sent again

        def look(seconds: float) -> tuple[RunProgress, str]:
            standing = RunProgress(
                made=sum(client.requests for client in clients) - made,
                needed=sum(client.needed for client in clients) - needed,
                seconds=seconds,
                waits_for=next((client.waits_for for client in clients if client.waits_for), None),
            )
            failed = f", {self.failed:,} failed" if self.failed else ""
            told = describe_progress(standing, clients[0].windows)
            return standing, f"{self.done:,} of {self.total:,} changes{failed}; {told}"

        async with display("Applying", look):
            yield
