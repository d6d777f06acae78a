"""The request and the result of an apply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from reconciler.core.changes.notification import RunResult
from reconciler.core.changes.outcome import Run
from reconciler.core.changes.plan import Change, Plan
from reconciler.core.planner.late_grant import SECONDS_TO_WAIT
from reconciler.core.targeting.reading import ReadRequest
from reconciler.pipeline.apply.approvals_folder import ApprovalsFolder
from reconciler.pipeline.desired.current_state import CurrentState
from reconciler.pipeline.notifications import make_run_result
from reconciler.pipeline.plan.reading import ReadOptions
from reconciler.pipeline.record.tenant_record import RecordMode


def ignore_run(_run: Run) -> None:
    """Ignores an outcome."""


@dataclass(frozen=True, slots=True)
class ApplyRequest:
    """The request for an apply.

    Only effects of the `approved` plans may run, or of those that count in the `approvals` of a merge; without either,
    the whole plan. `confirm`, if given, asks a person about the plan before any request. `report` takes the outcome, as
    soon as the end is on record. With roles over REST, the apply waits `wait_for_people` seconds for 4me to link people
    to the users who get roles.
    """

    approved: tuple[Plan, ...] = ()
    approvals: ApprovalsFolder | None = None
    base: str | None = None
    read_request: ReadRequest = field(default_factory=ReadRequest)
    confirm: Callable[[Plan], bool] | None = None
    report: Callable[[Run], None] = ignore_run
    all_or_nothing: bool = False
    max_duration: int | None = None
    wait_for_people: int = SECONDS_TO_WAIT
    record: RecordMode = "remote"

    @property
    def limited(self) -> bool:
        """Whether plans decide which effects may run."""
        return bool(self.approved) or self.approvals is not None

    @property
    def read_options(self) -> ReadOptions:
        """The options by which the account is read."""
        return ReadOptions(self.read_request.read, keeps_selection=bool(self.read_request.only) or self.limited)


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """The outcome of an apply.

    `settled` is true if the account is now as git declares it, as far as the plan goes. `refused` are the changes that
    no approved plan shows. `not_pushed` is the reason if the end is on record only in this clone.
    """

    run: Run
    settled: bool
    refused: tuple[Change, ...] = ()
    not_pushed: str | None = None

    def as_run_result(self, current: CurrentState) -> RunResult:
        """Returns the result for notifications."""
        result = make_run_result("apply", current)
        return replace(result, run=self.run, settled=self.settled, not_approved=len(self.refused))
