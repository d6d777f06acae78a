"""How far a read or an apply is: a bar on a terminal, and a line every so often elsewhere. On stderr."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import click

from reconciler.core.scim.pace import RunProgress, describe_progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from reconciler.core.changes.outcome import Outcome
    from reconciler.live.client import Client

SECONDS_ON_A_TERMINAL = 0.5
SECONDS_ELSEWHERE = 30.0

Look: TypeAlias = Callable[
    [float], tuple[RunProgress, str]
]  # where something stands after so many seconds, and in words


@asynccontextmanager
async def watched(client: Client, verbosity: int) -> AsyncIterator[None]:
    """Tells how far reading with a client is, for as long as it takes: nothing of a read that is over at once."""

    def look(seconds: float) -> tuple[RunProgress, str]:
        standing = RunProgress(client.requests, client.needed, seconds, client.waits_for)
        return standing, describe_progress(standing, client.windows)

    async with _watching("Reading", look, verbosity):
        yield


@dataclass(slots=True)
class Progress:
    """Hears of each outcome of an apply as it happens."""

    total: int
    done: int = 0
    failed: int = 0

    def tell(self, outcome: Outcome) -> None:
        """One more change has its outcome."""
        self.done += 1
        self.failed += outcome.status == "failed"

    @asynccontextmanager
    async def watched(self, *clients: Client, requests: int, verbosity: int) -> AsyncIterator[None]:
        """Tells how far it is, for as long as it takes: it is known to take so many requests, of these clients."""
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

        async with _watching("Applying", look, verbosity):
            yield


@asynccontextmanager
async def _watching(what: str, look: Look, verbosity: int) -> AsyncIterator[None]:
    if verbosity < 0:
        yield
        return
    on_terminal = sys.stderr.isatty()
    show = _Shown(what) if on_terminal else _Told(what)
    watching = asyncio.create_task(_watch(look, SECONDS_ON_A_TERMINAL if on_terminal else SECONDS_ELSEWHERE, show))
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        show.stop()


async def _watch(look: Look, every: float, show: _Shown | _Told) -> None:
    """Shows where it stands, again and again; what is sent when nothing is left is not its business."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    while True:
        await asyncio.sleep(every)
        standing, told = look(clock() - begun)
        if standing.made < standing.needed:
            show.tell(standing, told)
        else:
            show.stop()


@dataclass(frozen=True, slots=True)
class _Told:
    what: str

    def tell(self, _standing: RunProgress, told: str) -> None:
        click.echo(f"{self.what}: {told}", err=True)

    def stop(self) -> None:
        """There is nothing to take away."""


@dataclass(slots=True)
class _Shown:
    """A bar that is there while there is something left to do."""

    what: str
    bar: Bar | None = field(default=None)

    def tell(self, standing: RunProgress, told: str) -> None:
        said = f"{self.what}: {told}"
        if self.bar is None:
            self.bar = _start_bar(said, standing.needed)
        self.bar.update(self.bar.task_ids[0], total=standing.needed, completed=standing.made, description=said)

    def stop(self) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None


def _start_bar(told: str, total: int) -> Bar:
    """Where a line is too narrow for the words they take two: why nothing moves comes last, and must not be cut off."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar
    from rich.table import Column

    words = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=False))
    bar = Bar(words, BarColumn(bar_width=24), console=Console(stderr=True), transient=True)
    bar.add_task(told, total=total)
    bar.start()
    return bar
