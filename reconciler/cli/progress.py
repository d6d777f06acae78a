"""Shows how far a read or an apply is: a bar on a terminal, and a line every so often elsewhere. On stderr."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from reconciler.core.scim.pace import RunProgress
from reconciler.pipeline.progress import Look

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

SECONDS_ON_A_TERMINAL = 0.5
SECONDS_ELSEWHERE = 30.0


@asynccontextmanager
async def show_progress(what: str, look: Look, /) -> AsyncIterator[None]:
    """Shows it while the block takes."""
    on_terminal = sys.stderr.isatty()
    show = _Shown(what) if on_terminal else _Printed(what)
    watching = asyncio.create_task(_watch(look, SECONDS_ON_A_TERMINAL if on_terminal else SECONDS_ELSEWHERE, show))
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        show.stop()


async def _watch(look: Look, every: float, show: _Shown | _Printed) -> None:
    """Shows the progress again and again; requests that are sent when nothing is left do not count."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    while True:
        await asyncio.sleep(every)
        standing, words = look(clock() - begun)
        if standing.made < standing.needed:
            show.show(standing, words)
        else:
            show.stop()


@dataclass(frozen=True, slots=True)
class _Printed:
    what: str

    def show(self, _standing: RunProgress, words: str) -> None:
        click.echo(f"{self.what}: {words}", err=True)

    def stop(self) -> None:
        """There is nothing to take away."""


@dataclass(slots=True)
class _Shown:
    """A bar that is there while there is something left to do."""

    what: str
    bar: Bar | None = field(default=None)

    def show(self, standing: RunProgress, words: str) -> None:
        text = f"{self.what}: {words}"
        if self.bar is None:
            self.bar = _start_bar(text, standing.needed)
        self.bar.update(self.bar.task_ids[0], total=standing.needed, completed=standing.made, description=text)

    def stop(self) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None


def _start_bar(text: str, total: int) -> Bar:
    """Starts a bar. In a narrow line the words take two: the reason for a wait comes last, and must not be cut off."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar
    from rich.table import Column

    words = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=False))
    bar = Bar(words, BarColumn(bar_width=24), console=Console(stderr=True), transient=True)
    bar.add_task(text, total=total)
    bar.start()
    return bar
