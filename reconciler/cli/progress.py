"""How far an apply is: a bar on a terminal, and a line every hundred changes elsewhere. On stderr."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from reconciler.core.outcome import Outcome

EVERY = 100


class Progress:
    """Hears of each outcome as it happens."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self.failed = 0
        self._bar: Bar | None = None

    def __enter__(self) -> Self:
        if self.total and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress as Bar

            self._bar = Bar(console=Console(stderr=True), transient=True)
            self._bar.start()
            self._bar.add_task("Applying", total=self.total)
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
