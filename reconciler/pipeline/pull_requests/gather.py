"""Gathers the approvals of a merge: the plan of each pull request of its window, or why it does not count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.core.approval.gathered import BranchCommit, MergeApprovals, MergedPull
from reconciler.core.changes.plan import Plan
from reconciler.desired.git.repository import Repository
from reconciler.errors import Refused, UsageError
from reconciler.github.approved_plans import BY_HAND, NoPlan, PlanQuery, StoredPlan, fetch_plan_of
from reconciler.github.client import GitHub
from reconciler.github.merged_pulls import find_default_branch, list_merged_of
from reconciler.github.models import PullRequest
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.pull_requests.merged_commit import MergedCommit
from reconciler.pipeline.pull_requests.window import MergeWindow, find_recent, find_window, runs_own_files
from reconciler.pipeline.record.tenant_record import RecordMode, read_branch
from reconciler.pipeline.saved_plans import read_plan
from reconciler.settings import Job

BRANCHES = "refs/heads/"


@dataclass(frozen=True, slots=True)
class GatheredApprovals:
    """The approvals, the branch, the texts of the counted plans by file name, and the number of older commits."""

    approvals: MergeApprovals
    branch: str
    plans: Mapping[str, str] = field(default_factory=dict)
    older: int = 0


def find_merge_window(merged: MergedCommit, mode: RecordMode, now: datetime) -> MergeWindow:
    """Reads the record, and returns the window of the merged commit. Raises Refused if the record is unknown."""
    record = read_branch(merged.branch, mode)
    if record.unknown is not None:
        raise Refused(str(record.unknown), (record.unknown,))
    return find_window(merged.repository, record.history, merged.commit, now - merged.approvals)


def find_branch_name(github: GitHub, job: Job) -> str:
    """Returns the branch whose pull requests approve: that of the push, else the repository's default branch."""
    if job.event == "push" and job.ref is not None and job.ref.startswith(BRANCHES):
        return job.ref.removeprefix(BRANCHES)
    return find_default_branch(github)


def gather_approvals(
    github: GitHub, merged: MergedCommit, window: MergeWindow, workflow: str, job: Job
) -> GatheredApprovals:
    """Asks GitHub for the pull requests of the window and for their plans. Raises Unreachable if it can't be asked."""
    branch = find_branch_name(github, job)
    own_files = runs_own_files(merged.repository, workflow, (merged.commit, window.before))
    query = PlanQuery(merged.tenant, workflow, branch, merged.repository.folder, own_files)
    listed = list_merged_of(github, window.ids, find_recent(window, job, now_in_utc()))
    into = {
        commit: [one for one in pulls if one.base.ref == branch and _is_of_window(merged.repository, window, one)]
        for commit, pulls in listed.items()
    }

    line = tuple(BranchCommit(commit=commit, pull=_choose(commit, pulls)) for commit, pulls in into.items())
    numbers = dict.fromkeys(pull.number for pulls in into.values() for pull in pulls)
    found = [read_stored_plan(fetch_plan_of(github, number, query), merged.tenant, merged.url) for number in numbers]
    approvals = MergeApprovals(
        tenant=merged.tenant,
        commit=window.commit,
        since=window.since,
        line=line,
        pulls=tuple(_describe(one) for one in found),
    )
    plans = {name_plan(stored.pull): stored.plan for stored, _plan in (one for one in found if isinstance(one, tuple))}
    return GatheredApprovals(approvals, branch, plans, len(window.older))


def _is_of_window(repository: Repository, window: MergeWindow, pull: PullRequest) -> bool:
    """Whether the pull request was merged after the last ended apply; its commits may be pushed once more later."""
    merge = pull.merge_commit_sha
    if merge is None or window.since is None or merge in window.ids:
        return True
    return not repository.is_before(merge, window.since)


def _choose(commit: str, pulls: list[PullRequest]) -> int | None:
    """Returns the pull request that was merged with this commit, else the first of those that contain it."""
    exact = [pull.number for pull in pulls if pull.merge_commit_sha == commit]
    return min(exact or [pull.number for pull in pulls], default=None)


def _describe(found: tuple[StoredPlan, Plan] | NoPlan) -> MergedPull:
    if isinstance(found, NoPlan):
        return MergedPull(number=found.pull, reason=found.reason)
    stored, _plan = found
    return MergedPull(number=stored.pull, run=stored.run, plan=name_plan(stored.pull))


def name_plan(number: int) -> str:
    """Returns the name of the file of a pull request's plan."""
    return f"plan-{number}.json"


def read_stored_plan(stored: StoredPlan | NoPlan, tenant: str, url: str) -> tuple[StoredPlan, Plan] | NoPlan:
    """Reads a stored plan, and returns it with its text; or the reasons, all at once, why it does not count."""
    if isinstance(stored, NoPlan):
        return stored
    try:
        plan = read_plan(stored.plan, f"the plan that run {stored.run} stored")
    except UsageError as error:
        return NoPlan(stored.pull, f"{error}: {BY_HAND}")
    reasons = "; ".join(_find_differences(plan, tenant, url))
    return (
        NoPlan(stored.pull, f"its plan does not match the merge: {reasons}: {BY_HAND}") if reasons else (stored, plan)
    )


def _find_differences(plan: Plan, tenant: str, url: str) -> Iterator[str]:
    if plan.tenant != tenant:
        yield f"it is for the tenant {plan.tenant}, not {tenant}"
    if plan.url != url:
        yield f"the url of {tenant} was {plan.url} and is now {url}"
    if plan.commit is None:
        yield "it was made from files that were not committed"
    if not plan.applyable:
        yield "it could not be applied when it was made"
