"""Renders the comment on a pull request, with a plan or an outcome, and adds it to the summary of the job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reconciler.core.changes.outcome import Run
from reconciler.errors import UsageError
from reconciler.github.comment import CommentMark
from reconciler.pipeline.private_files import append_text, read_text
from reconciler.pipeline.saved_plans import read_plan, read_saved
from reconciler.pipeline.workspace import Workspace
from reconciler.report.comment import render_comment
from reconciler.report.outcome_comment import render_outcome_comment
from reconciler.report.problems import render_problems
from reconciler.report.refusal import render_refusal
from reconciler.settings import Job


@dataclass(frozen=True, slots=True)
class CommentText:
    """The text of a comment, the mark that identifies it, and annotations on lines of the YAML for the job's log."""

    body: str
    mark: CommentMark
    annotations: str = ""


def write_plan(workspace: Workspace, file: Path, stderr: Path | None, page: str | None) -> CommentText:
    """Renders the plan for reviewers, and its problems as annotations; without a plan, the reason from its stderr.

    The reason replaces the plan of an earlier push, which is out of date. `page` is the address of the runs, which have
    the full plan.
    """
    if stderr is not None and not has_text(file):
        tenant = require_tenant(workspace)
        return CommentText(
            render_refusal("There is no plan for", tenant, read_stderr(stderr), page), CommentMark("plan", tenant)
        )
    plan = read_plan(read_text(file), str(file))
    annotations = render_problems(plan.problems, "github")
    return CommentText(render_comment(plan, full_plan=page), CommentMark("plan", plan.tenant), annotations)


def write_outcome(workspace: Workspace, file: Path, stderr: Path | None, job: Job) -> CommentText:
    """Renders the outcome of an apply; if the apply refused to begin, the reason from its stderr."""
    if not has_text(file):
        tenant = require_tenant(workspace)
        text = render_refusal("Nothing was applied to", tenant, read_stderr(stderr), job.run_url)
        return CommentText(text, CommentMark("outcome", tenant))
    run = read_saved(read_text(file), str(file))
    if not isinstance(run, Run):
        raise UsageError(f"{file} is a plan, not the outcome of an apply: leave out --outcome")
    return CommentText(render_outcome_comment(run), CommentMark("outcome", run.tenant))


def has_text(file: Path) -> bool:
    """Checks whether a command wrote the file; a command that failed leaves a redirected file empty."""
    return file.exists() and bool(read_text(file).strip())


def read_stderr(file: Path | None) -> str:
    """Reads the stderr of a command, if it was kept."""
    return read_text(file) if file is not None and file.exists() else ""


def require_tenant(workspace: Workspace) -> str:
    """Returns the named tenant; raises UsageError if none is named."""
    if workspace.tenant is None:
        raise UsageError("the file is empty, so name the tenant that it is about: --tenant NAME")
    return workspace.tenant


def summarise(job: Job, text: str) -> None:
    """Adds a text to the summary of the job, if this is a job of a workflow."""
    if job.summary_file is not None:
        append_text(job.summary_file, f"{text.rstrip()}\n\n")
