"""Gathers the status of a tenant for its issue: drift, and changes that earlier applies left undone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from reconciler.core.changes.outcome import Run
from reconciler.core.changes.plan import Plan
from reconciler.core.record.record import ApplyRecord
from reconciler.desired.git.repository import Repository, find_repository
from reconciler.desired.records.load import load_history
from reconciler.errors import Problem, UsageError
from reconciler.github.comments.comment import CommentMark
from reconciler.github.drift_issue import Report, carry_on, read_since
from reconciler.github.models import Issue
from reconciler.pipeline.desired.current_state import load_folder
from reconciler.pipeline.private_files import read_text
from reconciler.pipeline.pull_requests.comments import has_text, read_stderr, require_tenant
from reconciler.pipeline.record.tenant_record import find_branch
from reconciler.pipeline.saved_plans import read_plan, read_saved
from reconciler.pipeline.workspace import Workspace
from reconciler.report.drift_issue import (
    NOTHING,
    UndoneWork,
    list_tracked_names,
    needs_attention,
    render_drift_issue,
    title_of,
)
from reconciler.report.format.quote import plain
from reconciler.report.refusal import Absence, find_error_lines, render_refusal

MOST_SEEN = 30_000  # visible characters of an issue; its hidden part may have as many again
NO_DRIFT_REPORT = "There is no drift report for"
APPLY_AGAIN = (
    "the next merge also applies what was approved and is still needed; for the rest, open a pull request, or run the "
    "workflow Apply by hand and have its plan reviewed"
)


@dataclass(frozen=True, slots=True)
class UnfinishedApply:
    """An apply on record that left changes undone: its commit, and the digest of the plan that it carried out.

    The digest is None if it carried out nothing.
    """

    problem: Problem
    commit: str
    digest: str | None


@dataclass(frozen=True, slots=True)
class TenantStatus:
    """The status of a tenant today; without `drifted`, `failure` has the reason.

    `settled` is true if the record shows that the last apply did everything; `not_done` names the changes left undone.
    """

    mark: CommentMark
    drifted: Plan | None
    failure: str = ""
    left: UnfinishedApply | None = None
    settled: bool = False
    not_done: UndoneWork = NOTHING

    def with_outcome(self, outcome: str, stderr: str, name: str) -> TenantStatus:
        """Returns the status with the outcome of the last apply, or with its stderr if it refused to begin.

        An outcome is ignored if the record has a later apply. Raises UsageError if the text is not an outcome.
        """
        if not outcome.strip():
            return replace(self, not_done=UndoneWork(errors=tuple(find_error_lines(stderr))))
        run = read_saved(outcome, name)
        if not isinstance(run, Run):
            raise UsageError(f"{name} is a plan, not the outcome of an apply")
        return replace(self, not_done=UndoneWork(run)) if self._is_of_last_apply(run) else self

    def _is_of_last_apply(self, run: Run) -> bool:
        if self.left is None or run.tenant != self.mark.tenant:
            return not self.settled and run.tenant == self.mark.tenant
        return run.commit == self.left.commit and self.left.digest in {None, run.digest}

    def report(self, issue: Issue | None, today: date) -> Report:
        """Returns the new content of the issue, given its present content."""
        if self.drifted is None:
            since = read_since(issue.body or "") if issue else {}
            return Report(f"{NO_DRIFT_REPORT} {plain(self.mark.tenant)}", self.failure, since)
        since = carry_on(issue, list_tracked_names(self.drifted), today.isoformat())
        needed = needs_attention(self.drifted, self.not_done)
        text = render_drift_issue(self.drifted, since=since, not_done=self.not_done, limit=MOST_SEEN) if needed else ""
        return Report(title_of(self.drifted), text, since)


def read_tenant_status(workspace: Workspace, file: Path, stderr: Path | None) -> TenantStatus:
    """Reads the output of `drift --format json`, or the stderr of `drift` if that output is empty."""
    if stderr is not None and not has_text(file):
        tenant = require_tenant(workspace)
        failure = render_refusal(Absence(NO_DRIFT_REPORT, tenant), read_stderr(stderr))
        return TenantStatus(CommentMark("drift", tenant), None, failure)
    drifted = read_plan(read_text(file), str(file))
    repository = find_repository(workspace.folder)
    last = _find_last(workspace, repository, drifted.tenant) if repository else None
    left = _find_unfinished(repository, last) if repository and last else None
    if left is not None:
        drifted = drifted.model_copy(update={"problems": (*drifted.problems, left.problem)})
    return TenantStatus(
        CommentMark("drift", drifted.tenant), drifted, left=left, settled=last is not None and left is None
    )


def _find_last(workspace: Workspace, repository: Repository, tenant: str) -> ApplyRecord | None:
    """Returns the last apply on record in this clone; raises Refused if the record can't be read."""
    declared = load_folder(workspace, repository).declarations.tenants
    if tenant not in declared:
        return None
    last = load_history(find_branch(repository, tenant, declared)).last_applies()
    return last[-1].record if last else None


def _find_unfinished(repository: Repository, last: ApplyRecord) -> UnfinishedApply | None:
    """Returns the last apply if it left changes undone or has no end, or the apply that HEAD still needs."""
    details = f"(#{last.serial}, of {last.commit[:12]}, {last.at[:16].replace('T', ' ')} UTC)"
    if last.state == "begun":
        message = f"the last apply {details} has no end on record: it is still running, or it was killed"
        return UnfinishedApply(_not_applied(message), last.commit, None)
    if last.state == "ended" and not last.moves_front:
        counted = ", ".join(f"{number:,} {status}" for status, number in last.counts.items()) or "nothing was done"
        message = f"the last apply {details} did not do everything: {counted}"
        return UnfinishedApply(_not_applied(message), last.commit, last.digest)
    current = repository.resolve("HEAD")
    if current is not None and repository.tree_of(last.commit) != repository.tree_of("HEAD"):
        message = f"the changes merged since the last apply {details} are not applied"
        return UnfinishedApply(_not_applied(message), current, None)
    return None


def _not_applied(message: str) -> Problem:
    return Problem("not_applied", message, hint=APPLY_AGAIN, severity="warning")
