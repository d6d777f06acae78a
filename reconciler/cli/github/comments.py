"""The commands `github comment` and `github mark-outdated`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import click

from reconciler.cli.github.side import Side, commit_option
from reconciler.cli.output import print_result
from reconciler.core.approval.merge_approvals import APPROVALS_FILE, MergeApprovals
from reconciler.errors import Forbidden, NotFound, Refused, UsageError
from reconciler.github.client import GitHub
from reconciler.github.comments.comment import MarkedText, find_author, keep_comment, shows_changes
from reconciler.github.comments.outdated import fetch_pull_head, mark_outdated
from reconciler.github.comments.pull_head import PullHead
from reconciler.pipeline.apply.approvals_folder import read_approvals
from reconciler.pipeline.pull_requests.comments import (
    CommentText,
    has_text,
    summarise,
    write_outcome,
    write_plan,
)
from reconciler.pipeline.pull_requests.hand_plans import describe_approvals
from reconciler.pipeline.pull_requests.merged_commit import find_pull_of_commit
from reconciler.pipeline.pull_requests.uncounted import find_uncounted_reason
from reconciler.pipeline.workflow_event import PullEvent, find_pull_event
from reconciler.report.format.cut import LIMIT
from reconciler.report.pull_requests.outdated import render_outdated
from reconciler.report.pull_requests.plan_comment import insert_warning, render_uncounted

MOST_PULLS = 30  # pull requests of one apply that get its outcome, the last ones


@dataclass(frozen=True, slots=True)
class CommentTarget:
    """Where to comment: on the pull request that is named, on that of the event, or on that of a commit."""

    side: Side
    event: PullEvent | None
    commit: str | None

    def find(self, client: GitHub) -> int:
        """Returns the number; raises Refused if the commit is not the merge of one pull request."""
        return self.event.number if self.event else find_pull_of_commit(client, self.side.workspace, self.commit)


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--outcome",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Show the outcome of an apply instead of a plan.",
)
@click.option(
    "--approvals",
    "folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Show the outcome on each pull request of this folder, which `approved-plans` wrote.",
)
@click.option(
    "--said",
    "stderr",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The command's stderr, shown if the command wrote no file.",
)
@click.option(
    "--pull", type=click.IntRange(min=1), metavar="NUMBER", help="The pull request. Default: that of the event."
)
@commit_option
@click.pass_obj
def comment(
    side: Side,
    file: Path | None,
    *,
    outcome: Path | None,
    folder: Path | None,
    stderr: Path | None,
    pull: int | None,
    commit: str | None,
) -> None:
    """Show a plan or an outcome on its pull request. Each tenant has one comment, which is edited in place.

    The same text is added to the summary of the job. Problems are printed as annotations on lines of the YAML. A plan
    is not shown if the pull request has a newer head or another base: the run for these shows its own. A plan that a
    file of the pull request in approvals/ would approve is shown below.
    """
    target = CommentTarget(side, None if commit else _find_event(side, pull), commit)
    if file is not None and outcome is None and folder is None:
        _comment_plan(target, file, stderr)
    elif file is None and outcome is not None:
        _comment_outcome(target, outcome, stderr, folder)
    else:
        raise UsageError(
            "give a plan file, or an outcome with --outcome FILE, and not both; --approvals FOLDER goes with --outcome"
        )


def _find_event(side: Side, pull: int | None) -> PullEvent | None:
    """Returns the named pull request, else that of the event; the event's head is known for its own only."""
    event = find_pull_event(side.workspace.settings.job())
    return event if pull is None or (event and event.number == pull) else PullEvent(pull)


def _comment_plan(target: CommentTarget, file: Path, stderr: Path | None) -> None:
    side, event = target.side, target.event
    job, head = side.workspace.settings.job(), event.head if event else None
    text = write_plan(side.workspace, file, stderr, job.checks_url(event.number) if event else job.run_url, head)
    print_result(text.annotations)
    summarise(job, text.body)

    with side.connect() as client:
        number = target.find(client)
        if text.has_changes and (reason := find_uncounted_reason(client, side.workspace, number)):
            summarise(job, render_uncounted(reason))
            text = replace(text, body=insert_warning(text.body, render_uncounted(reason)))
        if head is not None and (newer := fetch_pull_head(client, number)) != head:
            side.workspace.log(_describe_superseded("No comment was written", number, head, newer))
            return
        workspace = replace(side.workspace, tenant=text.mark.tenant)
        if section := describe_approvals(client, workspace, number, LIMIT - len(text.body)):
            summarise(job, section)
            text = replace(text, body=f"{text.body.rstrip()}\n\n{section}")
        _keep(side, client, number, text, head)


def _describe_superseded(what: str, number: int, head: PullHead, newer: PullHead) -> str:
    return (
        f"{what}: this run is superseded. It is about {head.head[:7]} into {head.base}, and #{number} is now "
        f"{newer.head[:7]} into {newer.base}, which has a run of its own"
    )


def _keep(side: Side, client: GitHub, number: int, text: CommentText, head: PullHead | None = None) -> None:
    author = find_author(client)
    if text.did == "nothing" and shows_changes(client, number, author, text.mark):
        left = f"The comment on #{number} for {text.mark.tenant} stays as it is"
        side.workspace.log(f"{left}: it shows what an earlier run did, and this one had nothing to do")
        return
    kept = keep_comment(client, number, author, MarkedText(text.mark, text.body, head, text.did == "something"))
    side.workspace.log(f"The comment on #{number} for {text.mark.tenant} was {kept.result}")
    for note in kept.notes:
        side.workspace.log(note)


def _comment_outcome(target: CommentTarget, file: Path, stderr: Path | None, folder: Path | None) -> None:
    side = target.side
    approvals = read_approvals(folder) if folder and has_text(folder / APPROVALS_FILE) else None
    if folder and approvals is None:
        side.workspace.log("No approvals were gathered, so the pull request is found by the commit")
    job = side.workspace.settings.job()
    text = write_outcome(side.workspace, file, stderr, job, approvals)
    summarise(job, text.body)

    with side.connect() as client:
        if approvals is not None:
            _keep_on_each(side, client, approvals, text)
            return
        try:
            number = target.find(client)
        except Refused as error:
            side.workspace.log(f"No comment was written: {error}")
            return
        _keep(side, client, number, text)


def _keep_on_each(side: Side, client: GitHub, approvals: MergeApprovals, text: CommentText) -> None:
    """Shows the outcome on each pull request of the apply; one that can't be written does not stop the others."""
    numbers = [pull.number for pull in approvals.pulls]
    if not numbers:
        why = "this apply was by hand" if approvals.by_hand else "no pull request was merged since the last apply"
        side.workspace.log(f"No comment was written: {why}")
    if len(numbers) > MOST_PULLS:
        side.workspace.log(f"{len(numbers)} pull requests were applied: the last {MOST_PULLS} get a comment")

    refused: list[Forbidden | NotFound] = []
    for number in numbers[-MOST_PULLS:]:
        try:
            _keep(side, client, number, text)
        except (Forbidden, NotFound) as error:
            side.workspace.log(f"No comment was written on #{number}: {error}")
            refused.append(error)
    if refused:
        raise refused[0]


@click.command("mark-outdated")
@click.pass_obj
def mark_outdated_plans(side: Side) -> None:
    """Mark the plan comments of a pull request that are not of its current head and base as out of date.

    It is the last job of a workflow on pull requests, and always runs: if the plan of a tenant was not made, no earlier
    plan stands as if it were true. It needs no tenant. A token that only reads is reported, with exit code 0.
    """
    job = side.workspace.settings.job()
    event = find_pull_event(job)
    if event is None or event.head is None:
        side.workspace.log("Nothing was marked: this is not the event of a pull request")
        return
    with side.connect() as client:
        try:
            _mark(side, client, event.number, event.head)
        except Forbidden as error:
            side.workspace.log(f"Nothing was marked as out of date on #{event.number}: {error}")


def _mark(side: Side, client: GitHub, number: int, head: PullHead) -> None:
    current = fetch_pull_head(client, number)
    if current != head:
        side.workspace.log(_describe_superseded("Nothing was marked as out of date", number, head, current))
        return
    page = side.workspace.settings.job().checks_url(number)
    marked = mark_outdated(
        client,
        number,
        current,
        lambda tenant, earlier: render_outdated(
            tenant, earlier.head if earlier else None, current.head, current.base, page
        ),
    )
    named = ", ".join(sorted(set(marked.tenants)))
    side.workspace.log(
        f"Marked as out of date on #{number}: the plan for {named}"
        if named
        else f"No comment on #{number} is out of date"
    )
    for note in marked.notes:
        side.workspace.log(note)
