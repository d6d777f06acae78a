"""The comment on a pull request, with a plan or its outcome; the summary of the job has the same text."""

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
    """The text of a comment, the mark that identifies it, and annotations on lines of YAML for the job's log."""

    body: str
    mark: CommentMark
    annotations: str = ""


def write_plan(workspace: Workspace, file: Path, said: Path | None, page: str | None) -> CommentText:
    """Renders the plan for reviewers, and its problems as annotations; without a plan, the reason.

    So that what an earlier push would have changed does not stand there as if it were still true. `page` is where the
    runs are, and all of the plan.
    """
    if said is not None and not has_text(file):
        tenant = require_tenant(workspace)
        return CommentText(
            render_refusal("There is no plan for", tenant, read_stderr(said), page), CommentMark("plan", tenant)
        )
    plan = read_plan(read_text(file), str(file))
    annotations = render_problems(plan.problems, "github")
    return CommentText(render_comment(plan, full_plan=page), CommentMark("plan", plan.tenant), annotations)


def write_outcome(workspace: Workspace, file: Path, said: Path | None, job: Job) -> CommentText:
    """Renders the outcome of an apply; where it refused to begin, the reason from its stderr."""
    if not has_text(file):
        tenant = require_tenant(workspace)
        text = render_refusal("Nothing was applied to", tenant, read_stderr(said), job.run_url)
        return CommentText(text, CommentMark("outcome", tenant))
    run = read_saved(read_text(file), str(file))
    if not isinstance(run, Run):
        raise UsageError(f"{file} is a plan, and not what an apply came to: leave --outcome out")
    return CommentText(render_outcome_comment(run), CommentMark("outcome", run.tenant))


def has_text(file: Path) -> bool:
    """Checks whether a command wrote the file; where it failed, a redirection leaves an empty one."""
    return file.exists() and bool(read_text(file).strip())


def read_stderr(said: Path | None) -> str:
    """Reads the stderr of a command, if it was kept."""
    return read_text(said) if said is not None and said.exists() else ""


def require_tenant(workspace: Workspace) -> str:
    """Returns the tenant that was named; raises UsageError without one."""
    if workspace.tenant is None:
        raise UsageError("the file holds nothing, so say of which tenant: --tenant NAME")
    return workspace.tenant


def summarise(job: Job, text: str) -> None:
    """Adds a text to the summary of the job, which exists only in a workflow."""
    if job.summary_file is not None:
        append_text(job.summary_file, f"{text.rstrip()}\n\n")
