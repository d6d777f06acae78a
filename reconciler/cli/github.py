"""`github`: the pull-request side. Holds GitHub's token and never the account's: it renders what foreigners wrote."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from reconciler.errors import Forbidden, NotFound, Refused, UsageError
from reconciler.github.approved_plan import PlanQuery, fetch_approved_plan, refuse_moved_base
from reconciler.github.client import GitHub
from reconciler.github.comment import find_author, keep_comment, look_again
from reconciler.github.drift_issue import find_issue, keep_issue
from reconciler.github.last_outcome import OutcomeQuery, fetch_last_outcome
from reconciler.pipeline.desired.current_state import now_in_utc, say
from reconciler.pipeline.output import read_text, write_private
from reconciler.pipeline.pull_requests.comments import read_job, summarise, write_outcome, write_plan
from reconciler.pipeline.pull_requests.merged_commit import find_merged, number_of_event, number_of_merge
from reconciler.pipeline.pull_requests.tenant_status import Standing, read_standing
from reconciler.pipeline.saved_plans import read_plan
from reconciler.pipeline.workspace import Options
from reconciler.settings import read_settings

GITHUB_API = "https://api.github.com"

commit_option = click.option("--commit", metavar="SHA", help="The merged commit; else what is checked out.")


@dataclass(frozen=True, slots=True)
class Side:
    """What every command here is told: of the desired state, and of GitHub."""

    options: Options
    repository: str | None
    api_url: str | None
    author: str | None

    def connect(self) -> GitHub:
        """A client of the repository that was named, or that the workflow is of."""
        settings = read_settings()
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
    job = read_job()
    known = pull or (None if commit else number_of_event(job))
    match file, outcome:
        case Path() as plan, None:
            text = write_plan(side.options, plan, said, job.checks_url(known) if known else job.run_url)
        case None, Path() as run:
            text = write_outcome(side.options, run, said, job)
        case _:
            raise UsageError("say which plan file, or which outcome with --outcome FILE: one of the two")
    summarise(job, text.body)

    with side.connect() as client:
        try:
            number = known or number_of_merge(client, side.options, commit)
        except Refused as error:
            if file:
                raise
            say(side.options, f"No comment, for there is nowhere to put it: {error}")
            return
        told = keep_comment(client, number, find_author(client, side.author), text.mark, text.body)
    say(side.options, f"The comment on #{number} for {text.mark.tenant} was {told}")


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
    standing = read_standing(side.options, file, said)
    if outcome is not None:
        standing = standing.with_outcome(read_text(outcome), "", str(outcome))
    with side.connect() as client:
        if outcome is None and standing.left is not None:
            standing = _ask_what_failed(side, client, standing, standing.left.commit, workflow)
        author = find_author(client, side.author)
        told = look_again(lambda: _keep_issue(client, author, standing))
    say(side.options, f"The issue on {standing.mark.tenant}: {told}")


def _keep_issue(client: GitHub, author: str, standing: Standing) -> str:
    """Looks for the issue, and makes it say what is the case."""
    issue = find_issue(client, author, standing.mark)
    return keep_issue(client, issue, standing.mark, standing.report(issue, now_in_utc().date()))


def _ask_what_failed(side: Side, client: GitHub, standing: Standing, commit: str, workflow: str) -> Standing:
    """With what the apply stored that git says did not do everything; where that can't be had, git's word is enough."""
    try:
        kept = fetch_last_outcome(client, OutcomeQuery(standing.mark.tenant, commit, workflow))
        if kept is not None:
            return standing.with_outcome(kept.outcome, kept.said, f"the outcome of run {kept.run}")
    except (Forbidden, NotFound, Refused, UsageError) as error:
        say(side.options, f"What the last apply did not do is told without names: {error}")
    return standing


@github.command("approved-plan")
@commit_option
@click.option("-o", "output", type=click.Path(path_type=Path), required=True, help="Write the plan file there.")
@click.option("--workflow", default="plan.yml", show_default=True, help="The workflow file that makes the plans.")
@click.pass_obj
def approved_plan(side: Side, output: Path, commit: str | None, workflow: str) -> None:
    """Find the plan that was approved by merging a commit: its pull request, its last plan run, the stored plan.

    Exit code 4 where there is none that can be trusted: nothing is applied then.
    """
    merged = find_merged(side.options, commit)
    with side.connect() as client:
        stored = fetch_approved_plan(client, PlanQuery(merged.tenant, merged.commit, workflow))
    try:
        plan = read_plan(stored.plan, f"the plan of #{stored.pull}")
    except UsageError as error:
        raise Refused(str(error)) from error
    refuse_moved_base(plan, stored, merged.tenant, merged.url, merged.tree)

    write_private(output, stored.plan)
    say(side.options, f"The plan of #{stored.pull} (run {stored.run}, {plan.digest[:19]}) was approved: {output}")
