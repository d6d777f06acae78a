"""The command `github drift-issue`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.github.side import Side
from reconciler.errors import Forbidden, NotFound, Refused, UsageError
from reconciler.github.client import GitHub
from reconciler.github.comments.comment import OwnAuthor, find_author, retry_conflict
from reconciler.github.drift_issue import close_further, find_issues, keep_issue
from reconciler.github.runs.last_outcome import OutcomeQuery, fetch_last_outcome
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.private_files import read_text
from reconciler.pipeline.pull_requests.tenant_status import TenantStatus, read_tenant_status


@click.command("drift-issue")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--said",
    "stderr",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The stderr of `drift`, shown if `drift` wrote no file.",
)
@click.option(
    "--outcome",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The outcome of the last apply. Default: fetched from GitHub.",
)
@click.option(
    "--workflow", metavar="NAME", default="apply.yml", show_default=True, help="The workflow file that applies."
)
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
        author = find_author(client)
        result = retry_conflict(lambda: _keep_issue(side, client, author, status))
    side.workspace.log(f"The issue on {status.mark.tenant}: {result}")


def _keep_issue(side: Side, client: GitHub, author: OwnAuthor, status: TenantStatus) -> str:
    """Finds the issue, updates it, and closes further ones; returns what was done."""
    found = find_issues(client, author, status.mark)
    result = keep_issue(client, found.kept, status.mark, status.report(found.kept, now_in_utc().date()))
    close_further(client, found)
    for issue in found.further:
        side.workspace.log(f"Closed #{issue.number}, a second issue on {status.mark.tenant}")
    return result


def _ask_what_failed(side: Side, client: GitHub, status: TenantStatus, commit: str, workflow: str) -> TenantStatus:
    """Returns the status with the stored outcome of the unfinished apply, or unchanged if that can't be fetched."""
    try:
        stored = fetch_last_outcome(client, OutcomeQuery(status.mark.tenant, commit, workflow))
        if stored is not None:
            return status.with_outcome(stored.outcome, stored.stderr, f"the outcome of run {stored.run}")
    except (Forbidden, NotFound, Refused, UsageError) as error:
        side.workspace.log(f"The issue does not name the changes that the last apply left undone: {error}")
    return status
