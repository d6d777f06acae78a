"""What is told on a pull request: a plan, or what became of it; and the same in the summary of the job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reconciler.core.changes.outcome import Run
from reconciler.errors import UsageError
from reconciler.github.comment import CommentMark
from reconciler.pipeline.output import append_text, print_result, read_text
from reconciler.pipeline.saved_plans import read_plan, read_saved
from reconciler.pipeline.workspace import Options
from reconciler.report.comment import render_comment
from reconciler.report.outcome_comment import render_outcome_comment
from reconciler.report.problems import render_problems
from reconciler.report.refusal import render_refusal
from reconciler.settings import Job, read_settings


@dataclass(frozen=True, slots=True)
class Told:
    """What a comment says, and the mark that it is known by."""

    body: str
    mark: CommentMark


def read_job() -> Job:
    """What GitHub tells this job of itself."""
    return read_settings().job()


def write_plan(options: Options, file: Path, said: Path | None, page: str | None) -> Told:
    """The plan for reviewers, its problems also as annotations on stdout; where none was made, why not.

    So that what an earlier push would have changed does not stand there as if it were still true. `page` is where the
    runs are, and all of the plan.
    """
    if said is not None and not has_text(file):
        tenant = named_tenant(options)
        return Told(render_refusal("There is no plan for", tenant, last_words(said), page), CommentMark("plan", tenant))
    plan = read_plan(read_text(file), str(file))
    print_result(render_problems(plan.problems, "github"))
    return Told(render_comment(plan, full_plan=page), CommentMark("plan", plan.tenant))


def write_outcome(options: Options, file: Path, said: Path | None, job: Job) -> Told:
    """What an apply came to; where it refused to begin there is no outcome, and what it said tells why."""
    if not has_text(file):
        tenant = named_tenant(options)
        text = render_refusal("Nothing was applied to", tenant, last_words(said), job.run_url)
        return Told(text, CommentMark("outcome", tenant))
    run = read_saved(read_text(file), str(file))
    if not isinstance(run, Run):
        raise UsageError(f"{file} is a plan, and not what an apply came to: leave --outcome out")
    return Told(render_outcome_comment(run), CommentMark("outcome", run.tenant))


def has_text(file: Path) -> bool:
    """Whether a command left anything there; where it failed, a redirection leaves an empty file."""
    return file.exists() and bool(read_text(file).strip())


def last_words(said: Path | None) -> str:
    """What a command said on stderr, if that was kept."""
    return read_text(said) if said is not None and said.exists() else ""


def named_tenant(options: Options) -> str:
    """The tenant that was named; nothing else tells it here."""
    if options.tenant is None:
        raise UsageError("the file holds nothing, so say of which tenant: --tenant NAME")
    return options.tenant


def summarise(job: Job, text: str) -> None:
    """Adds to the summary of the job; outside of a workflow there is none."""
    if job.summary_file is not None:
        append_text(job.summary_file, f"{text.rstrip()}\n\n")
