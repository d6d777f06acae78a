"""Renders the comment on a pull request, with a plan or an outcome, and adds it to the summary of the job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reconciler.core.approval.merge_approvals import MergeApprovals
from reconciler.core.changes.outcome import Run
from reconciler.errors import UsageError
from reconciler.github.comments.comment import CommentMark
from reconciler.github.comments.pull_head import PullHead
from reconciler.pipeline.private_files import append_text, read_text
from reconciler.pipeline.saved_plans import read_plan, read_saved
from reconciler.pipeline.workspace import Workspace
from reconciler.report.problems import render_problems
from reconciler.report.pull_requests.outcome_comment import UncountedPlan, render_outcome_comment, render_together
from reconciler.report.pull_requests.plan_comment import render_comment
from reconciler.report.refusal import Absence, render_refusal
from reconciler.settings import Job


@dataclass(frozen=True, slots=True)
class CommentText:
    """The text of a comment, the mark that identifies it, and annotations on lines of the YAML for the job's log.

    `did` is about an outcome: whether the apply changed something, or had nothing to do. `has_changes` is about a plan.
    """

    body: str
    mark: CommentMark
    annotations: str = ""
    did: Literal["something", "nothing"] | None = None
    has_changes: bool = False


def write_plan(
    workspace: Workspace, file: Path, stderr: Path | None, page: str | None, head: PullHead | None = None
) -> CommentText:
    """Renders the plan for reviewers, and its problems as annotations; without a plan, the reason from its stderr.

    The reason replaces the plan of an earlier push, which is out of date. `page` is the address of the runs, which have
    the full plan; `head` is the pull request's.
    """
    if stderr is not None and not has_text(file):
        absent = Absence("There is no plan for", require_tenant(workspace), page, head.head if head else "")
        return CommentText(render_refusal(absent, read_stderr(stderr)), CommentMark("plan", absent.tenant))
    plan = read_plan(read_text(file), str(file))
    annotations = render_problems(plan.problems, "github")
    body = render_comment(plan, full_plan=page)
    return CommentText(body, CommentMark("plan", plan.tenant), annotations, has_changes=bool(plan.changes))


def write_outcome(
    workspace: Workspace, file: Path, stderr: Path | None, job: Job, approvals: MergeApprovals | None = None
) -> CommentText:
    """Renders the outcome of an apply; if the apply refused to begin, the reason from its stderr.

    `approvals` adds the pull requests that were applied together, and the plans that did not count.
    """
    together = _describe_approvals(approvals) if approvals else ""
    if not has_text(file):
        absent = Absence("Nothing was applied to", require_tenant(workspace), job.run_url)
        text = render_refusal(absent, read_stderr(stderr))
        return CommentText(f"{text}\n{together}" if together else text, CommentMark("outcome", absent.tenant))
    run = read_saved(read_text(file), str(file))
    if not isinstance(run, Run):
        raise UsageError(f"{file} is a plan, not the outcome of an apply: leave out --outcome")
    did: Literal["something", "nothing"] | None = "nothing" if run.whole and not run.outcomes else None
    did = "something" if any(one.took_effect for one in run.outcomes) else did
    body = render_outcome_comment(run, together=together)
    return CommentText(body, CommentMark("outcome", run.tenant), did=did)


def _describe_approvals(approvals: MergeApprovals) -> str:
    """Describes the pull requests of an apply; a plan that counts has no reason."""
    pulls = [UncountedPlan(pull.number, "", pull.reason) for pull in approvals.pulls if pull.reason]
    by_hand = [UncountedPlan(None, one.review, one.reason) for one in approvals.by_hand if one.reason]
    return render_together([pull.number for pull in approvals.pulls], [*pulls, *by_hand])


def has_text(file: Path) -> bool:
    """Checks whether a command wrote the file; a command that failed leaves a redirected file empty."""
    return file.exists() and bool(read_text(file).strip())


def read_stderr(file: Path | None) -> str | None:
    """Reads the stderr of a command; None if it was not kept."""
    return read_text(file) if file is not None and file.exists() else None


def require_tenant(workspace: Workspace) -> str:
    """Returns the named tenant; raises UsageError if none is named."""
    if workspace.tenant is None:
        raise UsageError("the file is empty, so name the tenant that it is about: --tenant NAME")
    return workspace.tenant


def summarise(job: Job, text: str) -> None:
    """Adds a text to the summary of the job, if this is a job of a workflow."""
    if job.summary_file is not None:
        append_text(job.summary_file, f"{text.rstrip()}\n\n")
