"""Decides whether a plan that was made by hand was reviewed: by the environment's reviewers, or by a merged file.

A plan that no person reviewed is refused, with the file that would approve it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.core.approval.carried import find_last_ends, find_uses
from reconciler.core.approval.merge_approvals import MergeApprovals, ReviewedPlan
from reconciler.core.changes.plan import Plan
from reconciler.core.changes.plan_account import list_account_differences
from reconciler.core.record.history import ApplyHistory
from reconciler.desired.records.branch import RecordBranch
from reconciler.desired.records.exchange import fetch_record
from reconciler.desired.records.load import load_history
from reconciler.errors import Refused, UsageError
from reconciler.github.branches import find_default_branch, is_on_branch
from reconciler.github.client import GitHub
from reconciler.github.environments import has_reviewers
from reconciler.github.reviews import find_reviewed_pull, find_run_reviewers
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.pull_requests.approval_files import ApprovalFile, find_approval_file
from reconciler.pipeline.pull_requests.merged_commit import MergedCommit
from reconciler.pipeline.saved_plans import read_plan

NOTHING_TO_REVIEW = "the plan has no change, so it needs no review"


def read_history(branch: RecordBranch) -> ApplyHistory:
    """Reads the record, and fetches it if it was never fetched; raises Refused if it can't be read."""
    if not branch.is_known():
        fetch_record(branch)
    return load_history(branch)


def find_use(merged: MergedCommit, history: ApplyHistory, file: ApprovalFile) -> int | None:
    """Returns the serial of an apply that used the file's plan after the file was merged, or None.

    An apply of a commit that this clone lacks counts as one: it may have followed the merge.
    """

    def has_file(commit: str) -> bool:
        known = merged.repository.resolve(commit)
        return known is None or merged.repository.is_before(file.commit, known)

    return next((use.serial for use in find_uses(file.approval.plan, history) if has_file(use.commit)), None)


@dataclass(frozen=True, slots=True)
class HandDecision:
    """The decision on a plan by hand: the approvals with their files, or the reasons why it was not reviewed."""

    approvals: MergeApprovals
    files: dict[str, str] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HandPlan:
    """A plan of this run of the workflow: its text, the environment that it is applied in, and the run."""

    text: str
    environment: str
    run: str | None
    attempt: int = 1


def decide_by_hand(github: GitHub, merged: MergedCommit, plan: Plan, made: HandPlan) -> HandDecision:
    """Decides whether a plan was reviewed. Without a review, the decision has the reasons, and approves nothing."""
    approvals = MergeApprovals(tenant=merged.tenant, commit=merged.commit)
    found = _find_review(github, merged, plan, made)
    if not isinstance(found, ReviewedPlan):
        return HandDecision(approvals, reasons=found)
    run = int(made.run) if made.run and made.run.isdecimal() else None
    name = f"plan-by-hand-{run}.json" if run else "plan-by-hand.json"
    reviewed = found.model_copy(update={"run": run, "plan": None if found.reason else name})
    files = {} if found.reason else {name: made.text}
    return HandDecision(approvals.model_copy(update={"by_hand": (reviewed,)}), files)


def _find_review(github: GitHub, merged: MergedCommit, plan: Plan, made: HandPlan) -> ReviewedPlan | tuple[str, ...]:
    """Returns the review of the plan, or the reasons why there is none."""
    if not plan.changes:
        return ReviewedPlan(review=NOTHING_TO_REVIEW)
    by_environment = find_environment_review(github, made)
    if isinstance(by_environment, ReviewedPlan):
        return by_environment
    try:
        file = find_approval_file(merged.repository, merged.commit, plan.digest, merged.tenant, now_in_utc().date())
        review = review_file(github, merged, file)
    except Refused as error:
        return (by_environment, *(map(str, error.problems) if error.problems else (str(error),)))
    history = read_history(merged.branch)
    serial = find_use(merged, history, file)
    if serial is None:
        return ReviewedPlan(review=review)
    used = f"the apply #{serial} has used {file.path}, and a file approves one apply"
    if any(entry.record.serial == serial and entry.record.open for entry in find_last_ends(history)):
        return ReviewedPlan(review=review, reason=f"{used}: only the effects that it left open may run")
    return (by_environment, f"{used}: to approve the plan again, change its reason in a new pull request")


def find_environment_review(github: GitHub, made: HandPlan) -> ReviewedPlan | str:
    """Returns the review of this run by the reviewers of its environment, or the reason why there is none.

    GitHub does not report which attempt of a run a review belongs to. So at a re-run it counts only if the environment
    still requires reviewers, because then GitHub has held this attempt too.
    """
    if made.run is None:
        return "this is no run of a workflow, so no reviewers of an environment were asked"
    people = find_run_reviewers(github, made.run, made.environment)
    if not people:
        return f"no reviewer of the environment {made.environment} approved this run ({made.run})"
    if made.attempt > 1 and not has_reviewers(github, made.environment):
        return f"{', '.join(people)} approved an earlier attempt of this run, and {made.environment} asks for none now"
    return ReviewedPlan(review=f"{', '.join(people)} approved this run for the environment {made.environment}")


def review_file(github: GitHub, merged: MergedCommit, file: ApprovalFile) -> str:
    """Returns who reviewed the pull request that brought the file; raises Refused if no person did."""
    branch = find_default_branch(github)
    if not is_on_branch(github, merged.commit, branch):
        raise Refused(
            f"{merged.commit[:12]} is not on the default branch {branch}, so its {file.path} approves nothing"
        )
    try:
        pull = find_reviewed_pull(github, file.commit, branch)
    except Refused as error:
        raise Refused(f"{file.path} was not reviewed: {error}") from error
    return f"{file.path}, merged with #{pull.number}, which {', '.join(pull.approved_by)} approved"


def check_plan(merged: MergedCommit, text: str, name: str) -> Plan:
    """Reads a plan of the tenant; raises Refused for a plan of another tenant or address."""
    try:
        plan = read_plan(text, name)
    except UsageError as error:
        raise Refused(str(error)) from error
    if differences := "; ".join(list_account_differences(plan, merged.tenant, merged.url)):
        raise Refused(f"{name} is for another account: {differences}")
    return plan
