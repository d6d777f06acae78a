"""Measures the progress of a read or an apply, as numbers and in words. A `ProgressDisplay` of the caller shows it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

from reconciler.apply.link_wait import LinkWait
from reconciler.core.scim.pace import RunProgress, Silence, describe_progress

if TYPE_CHECKING:
    from reconciler.core.changes.outcome import Outcome
    from reconciler.live.client import Client

MeasureProgress: TypeAlias = Callable[[float], tuple[RunProgress, str]]  # by the seconds since the start


class ProgressDisplay(Protocol):
    """Shows a title and the progress until a block ends."""

    def __call__(self, title: str, measure: MeasureProgress, /) -> AbstractAsyncContextManager[None]:
        """Returns the block; `measure` returns the progress at any time."""


def hide_progress(_title: str, _measure: MeasureProgress, /) -> AbstractAsyncContextManager[None]:
    """Returns a block that shows nothing."""
    return nullcontext()


@asynccontextmanager
async def watch_reading(client: Client, display: ProgressDisplay) -> AsyncIterator[None]:
    """Shows the progress of a client's reads until the block ends."""

    def measure(seconds: float) -> tuple[RunProgress, str]:
        silence = None if client.waiting.applies else client.waiting.silence
        progress = RunProgress(client.requests, client.needed, seconds, client.waiting.longest, silence)
        return progress, describe_progress(progress, client.windows)

    async with display("Reading", measure):
        yield


@dataclass(slots=True)
class ApplyProgress:
    """Counts the outcomes of an apply as they happen; `wait` is the wait for people that 4me links."""

    total: int
    wait: LinkWait = field(default_factory=LinkWait)
    done: int = 0
    failed: int = 0

    def count(self, outcome: Outcome) -> None:
        """Counts the outcome of one change."""
        self.done += 1
        self.failed += outcome.status == "failed"

    @asynccontextmanager
    async def watched(self, *clients: Client, requests: int, display: ProgressDisplay) -> AsyncIterator[None]:
        """Shows the progress of an apply, which sends `requests` requests over the clients, until the block ends."""
        made = sum(client.requests for client in clients)
        needed = sum(client.needed for client in clients) - requests  # a retry adds to what the clients need

        def measure(seconds: float) -> tuple[RunProgress, str]:
            done = sum(client.requests for client in clients) - made
            progress = RunProgress(
                made=done,
                # looks for people are not planned, and each person who is linked still needs two requests
                needed=max(sum(client.needed for client in clients) - needed, done + 2 * self.wait.waiting),
                seconds=seconds,
                waits_for=next((client.waiting.longest for client in clients if client.waiting.longest), None),
                silence=_find_longest(clients),
            )
            failed = f", {self.failed:,} failed" if self.failed else ""
            described = self.wait.describe() or describe_progress(progress, clients[0].windows)
            return progress, f"{self.done:,} of {self.total:,} changes{failed}; {described}"

        for client in clients:
            client.waiting.applies = True
        async with display("Applying", measure):
            yield


def _find_longest(clients: Sequence[Client]) -> Silence | None:
    silences = [silence for client in clients if (silence := client.waiting.silence)]
    return max(silences, key=lambda silence: silence.seconds, default=None)
