"""The commands `github comment` and `github drift-issue`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.github.side import Side, commit_option
from reconciler.cli.output import print_result
from reconciler.errors import Forbidden, NotFound, Refused, UsageError
from reconciler.github.client import GitHub
from reconciler.github.comment import find_author, keep_comment, retry_conflict
from reconciler.github.drift_issue import find_issue, keep_issue
from reconciler.github.last_outcome import OutcomeQuery, fetch_last_outcome
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.private_files import read_text
from reconciler.pipeline.pull_requests.comments import summarise, write_outcome, write_plan
from reconciler.pipeline.pull_requests.merged_commit import find_pull_of_commit, find_pull_of_event
from reconciler.pipeline.pull_requests.tenant_status import TenantStatus, read_tenant_status


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--outcome", type=click.Path(path_type=Path), help="Show the outcome of an apply instead of a plan.")
@click.option(
    "--said",
    "stderr",
    type=click.Path(path_type=Path),
    help="The command's stderr, shown if the command wrote no file.",
)
@click.option(
    "--pull", type=click.IntRange(min=1), metavar="NUMBER", help="The pull request. Default: that of the event."
)
@commit_option
@click.pass_obj
def comment(
    side: Side, file: Path | None, *, outcome: Path | None, stderr: Path | None, pull: int | None, commit: str | None
) -> None:
    """Show a plan or an outcome on its pull request. Each tenant has one comment, which is edited in place.

    The same text is added to the summary of the job. Problems are printed as annotations on lines of the YAML.
    """
    job = side.workspace.settings.job()
    known = pull or (None if commit else find_pull_of_event(job))
    match file, outcome:
        case Path() as plan, None:
            text = write_plan(side.workspace, plan, stderr, job.checks_url(known) if known else job.run_url)
        case None, Path() as run:
            text = write_outcome(side.workspace, run, stderr, job)
        case _:
            raise UsageError("give a plan file, or an outcome with --outcome FILE, and not both")
    print_result(text.annotations)
    summarise(job, text.body)

    with side.connect() as client:
        try:
            number = known or find_pull_of_commit(client, side.workspace, commit)
        except Refused as error:
            if file:
                raise
            side.workspace.log(f"No comment was written, because no pull request was found: {error}")
            return
        result = keep_comment(client, number, find_author(client, side.author), text.mark, text.body)
    side.workspace.log(f"The comment on #{number} for {text.mark.tenant} was {result}")


@click.command("drift-issue")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--said", "stderr", type=click.Path(path_type=Path), help="The stderr of `drift`, shown if `drift` wrote no file."
)
@click.option(
    "--outcome", type=click.Path(path_type=Path), help="The outcome of the last apply. Default: fetched from GitHub."
)
@click.option("--workflow", default="apply.yml", show_default=True, help="The workflow file that applies.")
@click.pass_obj
def drift_issue(side: Side, file: Path, *, stderr: Path | None, outcome: Path | None, workflow: str) -> None:
    """Keep one issue per tenant about its drift. FILE has the output of `drift --format json`.

    The issue lists the drift with its first day, the changes that the last apply left undone, and what expires. It is
    updated in place, closed when its list is empty, and reopened when needed.
    """
    status = read_tenant_status(side.workspace, file, stderr)
    if outcome is not None:
        status = status.with_outcome(read_text(outcome), "", str(outcome))
    with side.connect() as client:
        if outcome is None and status.left is not None:
            status = _ask_what_failed(side, client, status, status.left.commit, workflow)
        author = find_author(client, side.author)
        result = retry_conflict(lambda: _keep_issue(client, author, status))
    side.workspace.log(f"The issue on {status.mark.tenant}: {result}")


def _keep_issue(client: GitHub, author: str, status: TenantStatus) -> str:
    """Finds the issue and updates it; returns what was done."""
    issue = find_issue(client, author, status.mark)
    return keep_issue(client, issue, status.mark, status.report(issue, now_in_utc().date()))


def _ask_what_failed(side: Side, client: GitHub, status: TenantStatus, commit: str, workflow: str) -> TenantStatus:
    """Returns the status with the stored outcome of the unfinished apply, or unchanged if that can't be fetched."""
    try:
        stored = fetch_last_outcome(client, OutcomeQuery(status.mark.tenant, commit, workflow))
        if stored is not None:
            return status.with_outcome(stored.outcome, stored.stderr, f"the outcome of run {stored.run}")
    except (Forbidden, NotFound, Refused, UsageError) as error:
        side.workspace.log(f"The issue does not name the changes that the last apply left undone: {error}")
    return status
