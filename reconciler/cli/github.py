"""`github`: the pull-request side. Holds GitHub's token and never the account's, because it renders foreign text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from reconciler.cli.output import print_result
from reconciler.errors import Forbidden, NotFound, Refused, UsageError
from reconciler.github.approved_plan import PlanQuery, fetch_approved_plan, refuse_moved_base
from reconciler.github.client import GitHub
from reconciler.github.comment import find_author, keep_comment, look_again
from reconciler.github.drift_issue import find_issue, keep_issue
from reconciler.github.last_outcome import OutcomeQuery, fetch_last_outcome
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.private_files import read_text, write_private
from reconciler.pipeline.pull_requests.comments import summarise, write_outcome, write_plan
from reconciler.pipeline.pull_requests.merged_commit import find_merged_commit, find_pull_of_commit, find_pull_of_event
from reconciler.pipeline.pull_requests.tenant_status import TenantStatus, read_tenant_status
from reconciler.pipeline.saved_plans import read_plan
from reconciler.pipeline.workspace import Workspace

GITHUB_API = "https://api.github.com"

commit_option = click.option("--commit", metavar="SHA", help="The merged commit; else what is checked out.")


@dataclass(frozen=True, slots=True)
class Side:
    """The options of all commands here: the workspace, and GitHub's repository."""

    workspace: Workspace
    repository: str | None
    api_url: str | None
    author: str | None

    def connect(self) -> GitHub:
        """A client of the repository that was named, or that the workflow is of."""
        settings = self.workspace.settings
        job = settings.job()
        named = self.repository or job.repository
        if named is None:
            raise UsageError("which repository? Name it with --repository OWNER/NAME, or set GITHUB_REPOSITORY")
        return GitHub(self.api_url or job.api_url or GITHUB_API, named, settings.github_token())


@click.group()
@click.option("--repository", metavar="OWNER/NAME", help="Which repository of GitHub; in a workflow, its own.")
@click.option("--api-url", metavar="URL", help="Where its API is; for GitHub Enterprise, outside of a workflow.")
@click.option("--as", "author", metavar="LOGIN", help="Whose comments and issues are ours; else the token's own.")
@click.pass_context
def github(ctx: click.Context, repository: str | None, api_url: str | None, author: str | None) -> None:
    """The pull-request side: one comment, one drift issue, the approved plan. Reads GITHUB_TOKEN."""
    ctx.obj = Side(ctx.obj, repository, api_url, author)


@github.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--outcome", type=click.Path(path_type=Path), help="What an apply came to, instead of a plan.")
@click.option(
    "--said", type=click.Path(path_type=Path), help="What the command said on stderr, for where it left no file."
)
@click.option("--pull", type=click.IntRange(min=1), metavar="NUMBER", help="Which pull request; else the event's.")
@commit_option
@click.pass_obj
def comment(
    side: Side, file: Path | None, *, outcome: Path | None, said: Path | None, pull: int | None, commit: str | None
) -> None:
    """Put a plan, or the outcome of an apply, on its pull request: one comment for each tenant, edited in place.

    Also the summary of the job, and annotations on the lines of the YAML.
    """
    job = side.workspace.settings.job()
    known = pull or (None if commit else find_pull_of_event(job))
    match file, outcome:
        case Path() as plan, None:
            text = write_plan(side.workspace, plan, said, job.checks_url(known) if known else job.run_url)
        case None, Path() as run:
            text = write_outcome(side.workspace, run, said, job)
        case _:
            raise UsageError("say which plan file, or which outcome with --outcome FILE: one of the two")
    print_result(text.annotations)
    summarise(job, text.body)

    with side.connect() as client:
        try:
            number = known or find_pull_of_commit(client, side.workspace, commit)
        except Refused as error:
            if file:
                raise
            side.workspace.log(f"No comment, for there is nowhere to put it: {error}")
            return
        told = keep_comment(client, number, find_author(client, side.author), text.mark, text.body)
    side.workspace.log(f"The comment on #{number} for {text.mark.tenant} was {told}")


@github.command("drift-issue")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--said", type=click.Path(path_type=Path), help="What `drift` said on stderr, for where it left no file.")
@click.option(
    "--outcome", type=click.Path(path_type=Path), help="What the last apply came to; else it is looked for at GitHub."
)
@click.option("--workflow", default="apply.yml", show_default=True, help="The workflow file that applies.")
@click.pass_obj
def drift_issue(side: Side, file: Path, *, said: Path | None, outcome: Path | None, workflow: str) -> None:
    """Keep the one issue on a tenant: what drifted since when, from the output of `drift --format json`.

    Also what the last apply did not do, and what expires. Opened, updated in place, closed when nothing is left, opened
    again. Nothing is said twice.
    """
    status = read_tenant_status(side.workspace, file, said)
    if outcome is not None:
        status = status.with_outcome(read_text(outcome), "", str(outcome))
    with side.connect() as client:
        if outcome is None and status.left is not None:
            status = _ask_what_failed(side, client, status, status.left.commit, workflow)
        author = find_author(client, side.author)
        told = look_again(lambda: _keep_issue(client, author, status))
    side.workspace.log(f"The issue on {status.mark.tenant}: {told}")


def _keep_issue(client: GitHub, author: str, status: TenantStatus) -> str:
    """Finds the issue, and brings it up to date."""
    issue = find_issue(client, author, status.mark)
    return keep_issue(client, issue, status.mark, status.report(issue, now_in_utc().date()))


def _ask_what_failed(side: Side, client: GitHub, status: TenantStatus, commit: str, workflow: str) -> TenantStatus:
    """Returns the status with the stored outcome of the unfinished apply; unchanged, where that can't be fetched."""
    try:
        kept = fetch_last_outcome(client, OutcomeQuery(status.mark.tenant, commit, workflow))
        if kept is not None:
            return status.with_outcome(kept.outcome, kept.said, f"the outcome of run {kept.run}")
    except (Forbidden, NotFound, Refused, UsageError) as error:
        side.workspace.log(f"What the last apply did not do is told without names: {error}")
    return status


@github.command("approved-plan")
@commit_option
@click.option("-o", "output", type=click.Path(path_type=Path), required=True, help="Write the plan file there.")
@click.option("--workflow", default="plan.yml", show_default=True, help="The workflow file that makes the plans.")
@click.pass_obj
def approved_plan(side: Side, output: Path, commit: str | None, workflow: str) -> None:
    """Find the plan that was approved by merging a commit: its pull request, its last plan run, the stored plan.

    Exit code 4 where there is none that can be trusted: nothing is applied then.
    """
    merged = find_merged_commit(side.workspace, commit)
    with side.connect() as client:
        stored = fetch_approved_plan(client, PlanQuery(merged.tenant, merged.commit, workflow))
    try:
        plan = read_plan(stored.plan, f"the plan of #{stored.pull}")
    except UsageError as error:
        raise Refused(str(error)) from error
    refuse_moved_base(plan, stored, merged.tenant, merged.url, merged.tree)

    write_private(output, stored.plan)
    side.workspace.log(f"The plan of #{stored.pull} (run {stored.run}, {plan.digest[:19]}) was approved: {output}")
