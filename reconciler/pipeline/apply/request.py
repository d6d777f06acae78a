"""The request and the result of an apply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from reconciler.core.changes.notification import RunResult
from reconciler.core.changes.outcome import Run
from reconciler.core.changes.plan import Change, Plan
from reconciler.core.targeting.reading import ReadRequest
from reconciler.pipeline.desired.current_state import CurrentState
from reconciler.pipeline.notifications import ending_of
from reconciler.pipeline.plan.reading import ReadOptions
from reconciler.pipeline.record.tenant_record import RecordMode


def ignore_run(_run: Run) -> None:
    """Reports no outcome."""


@dataclass(frozen=True, slots=True)
class ApplyRequest:
    """The request for an apply.

    `approved` is what may run; without it, all of the plan. `confirm` asks a person about the plan before anything is
    sent; without it nobody is asked. `report` takes the outcome, as soon as the end is on record.
    """

    approved: tuple[Plan, ...] = ()
    base: str | None = None
    read_request: ReadRequest = field(default_factory=ReadRequest)
    confirm: Callable[[Plan], bool] | None = None
    report: Callable[[Run], None] = ignore_run
    all_or_nothing: bool = False
    max_duration: int | None = None
    record: RecordMode = "remote"

    @property
    def how(self) -> ReadOptions:
        """How the account is read."""
        return ReadOptions(self.read_request.read, keeps_focus=bool(self.read_request.only) or bool(self.approved))


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """The outcome of an apply.

    `settled` is whether the account is now what git says, as far as the plan goes. `refused` are the changes that no
    approved plan shows. `not_pushed` says why the end is on record in this clone alone, where it is.
    """

    run: Run
    settled: bool
    refused: tuple[Change, ...] = ()
    not_pushed: str | None = None

    def ending(self, current: CurrentState) -> RunResult:
        """Returns the same for notifications."""
        quiet = ending_of("apply", current)
        return replace(quiet, run=self.run, settled=self.settled, not_approved=len(self.refused))
