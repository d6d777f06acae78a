"""Gathers the plans by hand that a merge approves: files of `approvals/` that name the run which made the plan.

The same plans are shown on the pull request that adds such a file, because a digest alone shows a reviewer no effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.core.approval.merge_approvals import ReviewedPlan
from reconciler.core.changes.plan import Plan
from reconciler.core.declarations.approval_file import PlanApproval, is_for_other_tenant
from reconciler.desired.git.repository import find_repository
from reconciler.errors import Forbidden, Refused
from reconciler.github.branches import find_default_branch
from reconciler.github.client import GitHub
from reconciler.github.models import File, parse
from reconciler.github.runs.hand_runs import fetch_plan_by_hand
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.pull_requests.approval_files import (
    ApprovalFile,
    list_approval_files,
    read_approval_file,
    read_content,
)
from reconciler.pipeline.pull_requests.by_hand import check_plan, find_use, read_history, review_file
from reconciler.pipeline.pull_requests.merged_commit import MergedCommit, find_merged_commit
from reconciler.pipeline.workspace import Workspace
from reconciler.report.pull_requests.approval_section import ApprovedPlan, render_approved_plans

WITHOUT_RUN = "it names no `run`, so it approves a plan only when Apply is run by hand"


@dataclass(frozen=True, slots=True)
class ApprovedHandPlan:
    """A plan by hand that a merged file approves: its entry in `approvals.json`, and the text of its file, if any."""

    reviewed: ReviewedPlan
    text: str | None = None


def gather_reviewed(github: GitHub, merged: MergedCommit, added_files: Iterable[str]) -> tuple[ApprovedHandPlan, ...]:
    """Returns the plans that the added files approve for the tenant, or for each file the reason why it approves none.

    `added_files` are paths such as `approvals/<digest>-qa.yaml`. Files for other tenants are left out, and so are those
    that a later commit removed.
    """
    present = list_approval_files(merged.repository, merged.commit)
    own = [path for path in added_files if path in present and not is_for_other_tenant(path, merged.tenant)]
    return tuple(plan for path in own for plan in _gather(github, merged, path))


def _gather(github: GitHub, merged: MergedCommit, path: str) -> Iterator[ApprovedHandPlan]:
    try:
        file = read_approval_file(merged.repository, merged.commit, path, None, now_in_utc().date())
        if file.approval.tenant != merged.tenant:
            return
        review = review_file(github, merged, file)
        _refuse_used(merged, file)
        text, _plan = fetch_plan(github, merged, file.approval)
    except Refused as error:
        yield ApprovedHandPlan(ReviewedPlan(review=path, reason=str(error)))
        return
    run = file.approval.run
    yield ApprovedHandPlan(ReviewedPlan(review=review, run=run, plan=f"plan-by-hand-{run}.json"), text)


def _refuse_used(merged: MergedCommit, file: ApprovalFile) -> None:
    serial = find_use(merged, read_history(merged.branch), file)
    if serial is not None:
        raise Refused(f"the apply #{serial} has used it, and a file approves one apply")


def fetch_plan(github: GitHub, merged: MergedCommit, approval: PlanApproval) -> tuple[str, Plan]:
    """Returns the plan of the run that a file names, as text too; raises Refused if it is another plan."""
    if approval.run is None:
        raise Refused(WITHOUT_RUN)
    text = fetch_plan_by_hand(github, approval.run, merged.tenant, find_default_branch(github))
    plan = check_plan(merged, text, f"the plan of run {approval.run}")
    if plan.digest != approval.plan:
        raise Refused(f"the plan of run {approval.run} has the digest {plan.digest}: correct `run`, or the file")
    return text, plan


def describe_approvals(github: GitHub, workspace: Workspace, pull: int, limit: int) -> str:
    """Renders the plans that a pull request would approve, as Markdown of at most `limit` characters; else "".

    The checked-out commit is the pull request's head, or its trial merge. A file whose plan can't be shown is named
    with the reason, because a reviewer must not approve it unseen.
    """
    repository = find_repository(workspace.folder)
    present = list_approval_files(repository, "HEAD") if repository else ()
    if not present:
        return ""  # without a request
    listed = [parse(File, one) for one in github.get_all(f"/pulls/{pull}/files")]
    changed = [file.filename for file in listed if file.filename in present]
    if not changed:
        return ""
    merged = find_merged_commit(workspace, None)
    own = [path for path in changed if not is_for_other_tenant(path, merged.tenant)]
    shown = [one for path in own for one in _show(github, merged, path)]
    return render_approved_plans(shown, limit) if shown else ""


def _show(github: GitHub, merged: MergedCommit, path: str) -> Iterator[ApprovedPlan]:
    try:
        approval = read_content(merged.repository, merged.commit, path, None, now_in_utc().date())
        if approval.tenant != merged.tenant:
            return
        _text, plan = fetch_plan(github, merged, approval)
    except (Refused, Forbidden) as error:
        yield ApprovedPlan(path, reason=str(error))
        return
    yield ApprovedPlan(path, approval.run, plan)
