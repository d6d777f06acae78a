"""What is told on a pull request: a plan, or what became of it; and the same in the summary of the job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reconciler.cli.main import Options
from reconciler.cli.output import append_text, print_result, read_text
from reconciler.cli.saved import read_plan, read_saved
from reconciler.core.outcome import Run
from reconciler.errors import UsageError
from reconciler.github.comment import Mark
from reconciler.report.comment import render_comment
from reconciler.report.outcome_comment import render_outcome_comment
from reconciler.report.problems import render_problems
from reconciler.report.refusal import render_refusal
from reconciler.settings import Job, read_settings


@dataclass(frozen=True, slots=True)
class Told:
    """What a comment says, and the mark that it is known by."""

    body: str
    mark: Mark


def read_job() -> Job:
    """What GitHub tells this job of itself."""
    return read_settings().job()


def write_plan(file: Path, job: Job) -> Told:
    """The plan for reviewers; its problems also as annotations, on stdout."""
    plan = read_plan(read_text(file), str(file))
    print_result(render_problems(plan.problems, "github"))
    return Told(render_comment(plan, full_plan=job.run_url), Mark("plan", plan.tenant))


def write_outcome(options: Options, file: Path | None, said: Path | None, job: Job) -> Told:
    """What an apply came to; where it refused to begin there is no outcome, and what it said tells why."""
    text = read_text(file) if file and file.exists() else ""
    if not text.strip():
        if options.tenant is None:
            raise UsageError("there is no outcome, so say of which tenant: --tenant NAME")
        last_words = read_text(said) if said and said.exists() else ""
        return Told(render_refusal(options.tenant, last_words, job.run_url), Mark("outcome", options.tenant))
    run = read_saved(text, str(file))
    if not isinstance(run, Run):
        raise UsageError(f"{file} is a plan, and not what an apply came to: leave --outcome out")
    return Told(render_outcome_comment(run), Mark("outcome", run.tenant))


def summarise(job: Job, text: str) -> None:
    """Adds to the summary of the job; outside of a workflow there is none."""
    if job.summary_file is not None:
        append_text(job.summary_file, f"{text.rstrip()}\n\n")
