"""Gathers the plans by hand that a merge approves: files of `approvals/` that name the run which made the plan.

The same plans are shown on the pull request that adds such a file, because a digest alone shows a reviewer no effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.core.approval.merge_approvals import ReviewedPlan
from reconciler.core.changes.plan import Plan
from reconciler.core.declarations.approval_file import APPROVALS_FOLDER, PlanApproval
from reconciler.errors import Forbidden, Refused
from reconciler.github.client import GitHub
from reconciler.github.merged_pulls import find_default_branch
from reconciler.github.models import File, parse
from reconciler.github.runs.hand_runs import fetch_plan_by_hand
from reconciler.pipeline.pull_requests.approval_files import (
    ApprovalFile,
    find_added_files,
    list_approval_files,
    read_approval_file,
    read_content,
)
from reconciler.pipeline.pull_requests.by_hand import Checkout, check_plan, open_checkout, review_file
from reconciler.pipeline.record.applies import open_repository
from reconciler.pipeline.workspace import Workspace
from reconciler.report.pull_requests.approval_section import ApprovedPlan, render_approved_plans

WITHOUT_RUN = "it names no `run`, so it approves a plan only when Apply is run by hand"


@dataclass(frozen=True, slots=True)
class ApprovedHandPlan:
    """A plan by hand that a merged file approves: its entry in `approvals.json`, and the text of its file, if any."""

    reviewed: ReviewedPlan
    text: str | None = None


def gather_reviewed(github: GitHub, workspace: Workspace, added_files: Iterable[str]) -> tuple[ApprovedHandPlan, ...]:
    """Returns the plans that the added files approve for the tenant, or for each file the reason why it approves none.

    `added_files` are paths such as `approvals/<digest>.yaml`. Files for other tenants are left out, and so are those
    that a later commit removed.
    """
    files = tuple(added_files)
    if not files:
        return ()
    checkout = open_checkout(workspace)
    present = list_approval_files(checkout.repository, checkout.commit)
    return tuple(plan for path in files if path in present for plan in _gather(github, checkout, path))


def find_approvals_of(workspace: Workspace, commits: Iterable[str]) -> tuple[str, ...]:
    """Returns the files of `approvals/` that these commits of a first-parent line added or changed."""
    return find_added_files(open_repository(workspace), tuple(commits))


def _gather(github: GitHub, checkout: Checkout, path: str) -> Iterator[ApprovedHandPlan]:
    try:
        file = read_approval_file(checkout.repository, checkout.commit, path, None, checkout.today)
        if file.approval.tenant != checkout.tenant:
            return
        review = review_file(github, checkout, file)
        _refuse_used(checkout, file)
        text, _plan = fetch_plan(github, checkout, file.approval)
    except Refused as error:
        yield ApprovedHandPlan(ReviewedPlan(review=path, reason=str(error)))
        return
    run = file.approval.run
    yield ApprovedHandPlan(ReviewedPlan(review=review, run=run, plan=f"plan-by-hand-{run}.json"), text)


def _refuse_used(checkout: Checkout, file: ApprovalFile) -> None:
    serial = checkout.find_use(checkout.load_history(), file)
    if serial is not None:
        raise Refused(f"the apply #{serial} has used it, and a file approves one apply")


def fetch_plan(github: GitHub, checkout: Checkout, approval: PlanApproval) -> tuple[str, Plan]:
    """Returns the plan of the run that a file names, as text too; raises Refused if it is another plan."""
    if approval.run is None:
        raise Refused(WITHOUT_RUN)
    text = fetch_plan_by_hand(github, approval.run, checkout.tenant, find_default_branch(github))
    plan = check_plan(checkout, text, f"the plan of run {approval.run}")
    if plan.digest != approval.plan:
        raise Refused(f"the plan of run {approval.run} has the digest {plan.digest}: correct `run`, or the file")
    return text, plan


def describe_approvals(github: GitHub, workspace: Workspace, pull: int, limit: int) -> str:
    """Renders the plans that a pull request would approve, as Markdown of at most `limit` characters; else "".

    The checked-out commit is the pull request's head, or its trial merge. A file whose plan can't be shown is named
    with the reason, because a reviewer must not approve it unseen.
    """
    listed = [parse(File, one) for one in github.get_all(f"/pulls/{pull}/files")]
    changed = [file.filename for file in listed if file.filename.startswith(f"{APPROVALS_FOLDER}/")]
    if not changed:
        return ""
    checkout = open_checkout(workspace)
    present = list_approval_files(checkout.repository, checkout.commit)
    shown = [one for path in changed if path in present for one in _show(github, checkout, path)]
    return render_approved_plans(shown, limit) if shown else ""


def _show(github: GitHub, checkout: Checkout, path: str) -> Iterator[ApprovedPlan]:
    try:
        approval = read_content(checkout.repository, checkout.commit, path, None, checkout.today)
        if approval.tenant != checkout.tenant:
            return
        _text, plan = fetch_plan(github, checkout, approval)
    except (Refused, Forbidden) as error:
        yield ApprovedPlan(path, reason=str(error))
        return
    yield ApprovedPlan(path, approval.run, plan)
