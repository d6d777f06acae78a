"""The part of `github approved-plans` for a plan that was made by hand."""

from __future__ import annotations

from pathlib import Path

from reconciler.cli.github.side import Side
from reconciler.cli.output import print_result
from reconciler.core.declarations.approval_file import name_approval_file, write_approval_file
from reconciler.errors import Refused
from reconciler.pipeline.apply.approvals_folder import write_approvals
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.private_files import read_text
from reconciler.pipeline.pull_requests.by_hand import HandPlan, check_plan, decide_by_hand
from reconciler.pipeline.pull_requests.comments import summarise
from reconciler.pipeline.pull_requests.merged_commit import find_merged_commit
from reconciler.report.pull_requests.approval_section import render_unreviewed

NO_CHANGE = "The plan has no changes, so it needs no review"


def approve_by_hand(side: Side, plan_file: Path, environment: str, output: Path) -> None:
    """Writes the approvals of a plan by hand to the folder, if the plan was reviewed.

    Raises Refused without a review, and prints the file that would approve the plan, also in the summary of the job.
    """
    job, workspace = side.workspace.settings.job(), side.workspace
    merged = find_merged_commit(workspace, None)
    text = read_text(plan_file)
    plan = check_plan(merged, text, str(plan_file))
    with side.connect() as client:
        decision = decide_by_hand(client, merged, plan, HandPlan(text, environment, job.run_id, job.attempt))
    if decision.reasons:
        run = int(job.run_id) if job.run_id and job.run_id.isdecimal() else None
        file = write_approval_file(plan.digest, plan.tenant, run, now_in_utc().date() + merged.approvals)
        page = render_unreviewed(plan, decision.reasons, name_approval_file(plan.digest, plan.tenant), file, run=run)
        print_result(page)
        summarise(job, page)
        reasons = "; ".join(decision.reasons)
        where = "the summary of the job apply" if job.summary_file is not None else "the text above"
        raise Refused(
            f"no person reviewed this plan ({plan.digest}), so it is not applied: {reasons}. What to do: {where} has "
            "the file that approves it"
        )

    write_approvals(output, decision.approvals, decision.files)
    [reviewed] = decision.approvals.by_hand
    workspace.log(f"The plan {plan.digest[:19]} may run: {reviewed.review}" if plan.changes else NO_CHANGE)
    if reviewed.reason:
        workspace.log(f"It does not run again: {reviewed.reason}")
