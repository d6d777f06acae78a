"""Shows the progress of a read or an apply on stderr: a bar on a terminal, a line every 30 seconds elsewhere.

While a service is silent, a line comes after 2, 6, 14, 30 and 60 seconds, and then every 30.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from reconciler.core.scim.pace import RunProgress
from reconciler.pipeline.progress import MeasureProgress

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

SECONDS_ON_A_TERMINAL = 0.5
SECONDS_ELSEWHERE = 1.0
SECONDS_OF_SILENCE = 2.0
SECONDS_BETWEEN_LINES = 30.0


@asynccontextmanager
async def show_progress(title: str, measure: MeasureProgress, /) -> AsyncIterator[None]:
    """Shows the progress until the block ends."""
    on_terminal = sys.stderr.isatty()
    display = _BarDisplay(title) if on_terminal else _LineDisplay(title)
    interval = SECONDS_ON_A_TERMINAL if on_terminal else SECONDS_ELSEWHERE
    watching = asyncio.create_task(_watch(measure, interval, display))
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        display.stop()


async def _watch(measure: MeasureProgress, interval: float, display: _BarDisplay | _LineDisplay) -> None:
    """Shows the progress at an interval in seconds; hides it while no request is left to send or to be answered."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    while True:
        await asyncio.sleep(interval)
        progress, sentence = measure(clock() - begun)
        if progress.made < progress.needed or progress.silence:
            display.show(progress, sentence)
        else:
            display.stop()


@dataclass(slots=True)
class _LineDisplay:
    """Lines, of which `patience` limits those about a silent service: it doubles with each, in seconds."""

    title: str
    patience: float = SECONDS_OF_SILENCE
    last: float = 0.0

    def show(self, progress: RunProgress, sentence: str) -> None:
        between = self.patience if progress.silence else SECONDS_BETWEEN_LINES
        if progress.seconds - self.last < between or (progress.silence and progress.silence.seconds < between):
            return
        self.last = progress.seconds
        if progress.silence:
            self.patience = min(2 * self.patience, SECONDS_BETWEEN_LINES)
        click.echo(f"{self.title}: {sentence}", err=True)

    def stop(self) -> None:
        """Does nothing: a printed line stays."""


@dataclass(slots=True)
class _BarDisplay:
    """A bar, visible while requests are left to send."""

    title: str
    bar: Bar | None = field(default=None)

    def show(self, progress: RunProgress, sentence: str) -> None:
        text = f"{self.title}: {sentence}"
        if self.bar is None:
            self.bar = _start_bar(text, progress.needed)
        self.bar.update(self.bar.task_ids[0], total=progress.needed, completed=progress.made, description=text)

    def stop(self) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None


def _start_bar(text: str, total: int) -> Bar:
    """Starts a bar, whose text may wrap: the reason for a wait comes last, and must not be cut off."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar
    from rich.table import Column

    text_column = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=False))
    bar = Bar(text_column, BarColumn(bar_width=24), console=Console(stderr=True), transient=True)
    bar.add_task(text, total=total)
    bar.start()
    return bar
