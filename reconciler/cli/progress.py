"""How far a read or an apply is: a bar on a terminal, and a line every so often elsewhere. On stderr."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from reconciler.core.pace import Standing, tell_standing

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from reconciler.core.outcome import Outcome
    from reconciler.live.client import Client

EVERY = 100
SECONDS_ON_A_TERMINAL = 0.5
SECONDS_ELSEWHERE = 30.0


class Progress:
    """Hears of each outcome as it happens."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self.failed = 0
        self._bar: Bar | None = None

    def __enter__(self) -> Self:
        if self.total and sys.stderr.isatty():
            self._bar = _start_bar("Applying", self.total)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def tell(self, outcome: Outcome) -> None:
        """One more change has its outcome."""
        self.done += 1
        self.failed += outcome.status == "failed"
        if self._bar:
            self._bar.advance(self._bar.task_ids[0])
        elif self.done % EVERY == 0:
            click.echo(f"{self.done} of {self.total} changes done, {self.failed} failed", err=True)


@asynccontextmanager
async def watched(client: Client, verbosity: int) -> AsyncIterator[None]:
    """Tells how far reading with a client is, for as long as it takes: nothing of a read that is over at once."""
    if verbosity < 0:
        yield
        return
    on_terminal = sys.stderr.isatty()
    show = _BarOfRead() if on_terminal else _line
    watching = asyncio.create_task(_watch(client, SECONDS_ON_A_TERMINAL if on_terminal else SECONDS_ELSEWHERE, show))
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        if isinstance(show, _BarOfRead):
            show.stop()


async def _watch(client: Client, every: float, show: Callable[[Standing, str], None]) -> None:
    """Shows where the read stands, again and again; what is sent after it is not its business."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    while True:
        await asyncio.sleep(every)
        standing = Standing(client.requests, client.needed, clock() - begun, client.waits_for)
        show(standing, tell_standing(standing, client.windows))


def _line(standing: Standing, told: str) -> None:
    if standing.made < standing.needed:
        click.echo(f"Reading: {told}", err=True)


@dataclass(slots=True)
class _BarOfRead:
    """A bar that is there while there is something left to read."""

    bar: Bar | None = field(default=None)

    def __call__(self, standing: Standing, told: str) -> None:
        if standing.made >= standing.needed:
            self.stop()
            return
        if self.bar is None:
            self.bar = _start_bar("Reading", standing.needed)
        self.bar.update(
            self.bar.task_ids[0], total=standing.needed, completed=standing.made, description=f"Reading: {told}"
        )

    def stop(self) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None


def _start_bar(what: str, total: int) -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=24))
    bar = Bar(*columns, console=Console(stderr=True), transient=True)
    bar.start()
    bar.add_task(what, total=total)
    return bar
