"""The command `github approved-plans`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click

from reconciler.cli.github.by_hand import approve_by_hand
from reconciler.cli.github.side import Side, commit_option
from reconciler.cli.plan import record_option
from reconciler.core.approval.merge_approvals import APPROVALS_FILE
from reconciler.core.model.amounts import count
from reconciler.errors import UsageError
from reconciler.github.runs.approved_plans import BY_HAND
from reconciler.pipeline.apply.approvals_folder import write_approvals
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.pull_requests.approval_files import find_added_files
from reconciler.pipeline.pull_requests.gather_approvals import (
    GatheredWindow,
    find_branch_name,
    find_merge_window,
    gather_approvals,
)
from reconciler.pipeline.pull_requests.hand_plans import ApprovedHandPlan, gather_reviewed
from reconciler.pipeline.pull_requests.merged_commit import find_merged_commit
from reconciler.pipeline.pull_requests.window import MOST_COMMITS
from reconciler.pipeline.record.tenant_record import RecordMode
from reconciler.report.format.quote import plain_line

MOST_REASONS = 20
MOST_PUSHED = 5


@click.command("approved-plans")
@commit_option
@click.option(
    "-o",
    "output",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    required=True,
    help="Write the approvals to this folder.",
)
@click.option(
    "--workflow", metavar="NAME", default="plan.yml", show_default=True, help="The workflow file that makes the plans."
)
@click.option(
    "--by-hand",
    "plan",
    metavar="PLANFILE",
    type=click.Path(path_type=Path),
    help="The plan that this run of Apply made.",
)
@click.option("--environment", metavar="NAME", help="With --by-hand: the environment of the apply.")
@record_option
@click.pass_obj
def approved_plans(  # the options
    side: Side,
    *,
    output: Path,
    commit: str | None,
    workflow: str,
    plan: Path | None,
    environment: str | None,
    record: RecordMode,
) -> None:
    """Gather the plans that a merge approved: those of all pull requests merged since the last apply.

    Each pull request has a plan in the folder, or a reason in approvals.json why none of it counts. The exit code is 5
    if GitHub can't be asked.

    With --by-hand, the plan of this run is approved if a person reviewed it: the reviewers of the environment, or a
    merged file in approvals/. Without a review, the exit code is 4, and the file that would approve it is printed.
    """
    if (plan is None) != (environment is None):
        raise UsageError("--by-hand PLANFILE and --environment NAME go together: give both, or neither")
    if plan is not None and environment is not None:
        approve_by_hand(side, plan, environment, output)
        return
    merged = find_merged_commit(side.workspace, commit)
    job = side.workspace.settings.job()
    window = find_merge_window(merged, record, job, now_in_utc())
    with side.connect() as client:
        gathered = gather_approvals(client, merged, window, workflow, find_branch_name(client, job))
        by_hand = gather_reviewed(client, merged, find_added_files(merged.repository, window.ids))
    gathered = with_reviewed(gathered, by_hand)

    write_approvals(output, gathered.approvals, gathered.plans)
    for line in describe_window(gathered):
        side.workspace.log(line)


def with_reviewed(gathered: GatheredWindow, by_hand: Sequence[ApprovedHandPlan]) -> GatheredWindow:
    """Adds the plans by hand that files of the window approve."""
    texts = {one.reviewed.plan: one.text for one in by_hand if one.reviewed.plan and one.text}
    approvals = gathered.approvals.model_copy(update={"by_hand": tuple(one.reviewed for one in by_hand)})
    return replace(gathered, approvals=approvals, plans={**gathered.plans, **texts})


def describe_window(gathered: GatheredWindow) -> Iterator[str]:
    """Yields lines about the pull requests that were gathered; however many there are, the lines are few."""
    approvals = gathered.approvals
    since = (
        f" since the last apply ({approvals.since[:12]})" if approvals.since else ", without an earlier apply on record"
    )
    counted = [f"#{pull.number}" for pull in approvals.pulls if pull.plan]
    others = [pull for pull in approvals.pulls if not pull.plan]
    pushed = [one.commit[:12] for one in approvals.line if one.pull is None]
    yield (
        f"Pull requests merged into {gathered.branch}{since}: {len(approvals.pulls):,}; "
        f"with a plan: {', '.join(counted) or 'none'}"
    )
    for reviewed in approvals.by_hand[:MOST_REASONS]:
        counts = f"does not count: {reviewed.reason}" if reviewed.reason else "is approved"
        yield plain_line(f"A plan by hand ({reviewed.review}) {counts}")
    for pull in others[:MOST_REASONS]:
        yield plain_line(f"#{pull.number} does not count: {pull.reason}")
    if others[MOST_REASONS:]:
        rest = ", ".join(f"#{pull.number}" for pull in others[MOST_REASONS:])
        yield f"{len(others) - MOST_REASONS:,} more do not count, with their reasons in {APPROVALS_FILE}: {rest}"
    if others:
        yield f"If the apply refuses a change because of that: {BY_HAND}"
    if pushed:
        more = f" and {len(pushed) - MOST_PUSHED:,} more" if pushed[MOST_PUSHED:] else ""
        yield f"Pushed without a pull request, so approved by none: {', '.join(pushed[-MOST_PUSHED:])}{more}"
    if gathered.passed:
        yield (
            f"Not gathered, because they change no desired state: {count(len(gathered.passed), 'older commit')}, "
            f"{gathered.passed[0][:12]} to {gathered.passed[-1][:12]}"
        )
    if gathered.older:
        yield (
            f"Not gathered, because approvals expire, or there are more than {MOST_COMMITS} commits: "
            f"{len(gathered.older):,} older ones, {gathered.older[0][:12]} to {gathered.older[-1][:12]}; "
            "their plans do not count: apply by hand what is left of them"
        )
