"""Gathers the approvals of a merge: the plan of each pull request of its window, or why it does not count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.core.approval.merge_approvals import BranchCommit, MergeApprovals, MergedPull
from reconciler.core.changes.plan import Plan
from reconciler.core.changes.plan_account import list_account_differences
from reconciler.core.model.branches import HEADS
from reconciler.desired.git.repository import Repository
from reconciler.errors import Refused, UsageError
from reconciler.github.branches import find_default_branch
from reconciler.github.client import GitHub
from reconciler.github.merged_pulls import list_merged_of
from reconciler.github.models import PullRequest
from reconciler.github.runs.approved_plans import NoPlan, PlanQuery, StoredPlan, fetch_plan_of, make_no_plan
from reconciler.pipeline.pull_requests.merged_commit import MergedCommit
from reconciler.pipeline.pull_requests.window import MergeWindow, find_recent, find_window, runs_own_files
from reconciler.pipeline.record.tenant_record import RecordMode, read_branch
from reconciler.pipeline.saved_plans import read_plan
from reconciler.settings import Job


@dataclass(frozen=True, slots=True)
class GatheredWindow:
    """The approvals of a window, its branch, and the texts of the plans that count, by file name.

    `older` and `passed` are the commits of the window that were not asked about.
    """

    approvals: MergeApprovals
    branch: str
    plans: Mapping[str, str] = field(default_factory=dict)
    older: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()


def find_merge_window(merged: MergedCommit, mode: RecordMode, job: Job, now: datetime) -> MergeWindow:
    """Reads the record, and returns the window of the merged commit. Raises Refused if the record is unknown."""
    record = read_branch(merged.branch, mode)
    if record.unknown is not None:
        raise Refused(str(record.unknown), (record.unknown,))
    window = find_window(merged.repository, record.history, merged.commit, now - merged.approvals)
    return replace(window, recent=find_recent(window, job, now))


def find_branch_name(github: GitHub, job: Job) -> str:
    """Returns the branch whose pull requests approve: that of the push, else the repository's default branch."""
    if job.event == "push" and job.ref is not None and job.ref.startswith(HEADS):
        return job.ref.removeprefix(HEADS)
    return find_default_branch(github)


def gather_approvals(
    github: GitHub, merged: MergedCommit, window: MergeWindow, workflow: str, branch: str
) -> GatheredWindow:
    """Asks GitHub for the pull requests of the window and for their plans. Raises Unreachable if it can't be asked."""
    pulls = _find_pulls(github, merged.repository, window, branch)
    query = make_plan_query(merged, workflow, branch, window.before)
    numbers = dict.fromkeys(pull.number for into in pulls.values() for pull in into)
    found = [read_stored_plan(fetch_plan_of(github, number, query), merged.tenant, merged.url) for number in numbers]

    approvals = MergeApprovals(
        tenant=merged.tenant,
        commit=window.commit,
        since=window.since,
        line=tuple(_draw_line(pulls)),
        pulls=tuple(_describe(one) for one in found),
    )
    plans = {name_plan(one[0].pull): one[0].plan for one in found if not isinstance(one, NoPlan)}
    return GatheredWindow(approvals, branch, plans, window.older, window.passed)


def make_plan_query(merged: MergedCommit, workflow: str, branch: str, before: str | None = None) -> PlanQuery:
    """Returns the query for the plans of pull requests into a branch.

    Their runs ran the workflow as it is at the merged commit, or as it was at the commit `before` the window.
    """
    own_files = runs_own_files(merged.repository, workflow, (merged.commit, before))
    return PlanQuery(merged.tenant, workflow, branch, merged.repository.folder, own_files)


def _find_pulls(
    github: GitHub, repository: Repository, window: MergeWindow, branch: str
) -> Mapping[str, Sequence[PullRequest]]:
    """Returns the pull requests that were merged into the branch, by the commits of the window, oldest first."""
    listed = list_merged_of(github, window.ids, window.recent)
    return {
        commit: [one for one in pulls if one.base.ref == branch and _is_of_window(repository, window, one)]
        for commit, pulls in listed.items()
    }


def _is_of_window(repository: Repository, window: MergeWindow, pull: PullRequest) -> bool:
    """Whether the pull request was merged after the last ended apply; its commits may be pushed once more later."""
    merge = pull.merge_commit_sha
    if merge is None or window.since is None or merge in window.ids:
        return True
    return not repository.is_before(merge, window.since)


def _draw_line(pulls: Mapping[str, Sequence[PullRequest]]) -> Iterator[BranchCommit]:
    """Yields the commits with the pull request that was merged there, else the one with the fewest of these commits.

    A push may merge a pull request together with another one that contains its commits.
    """
    commits = Counter(pull.number for into in pulls.values() for pull in into)
    for commit, into in pulls.items():
        exact = [pull for pull in into if pull.merge_commit_sha == commit]
        numbers = sorted((pull.number for pull in exact or into), key=lambda number: (commits[number], number))
        yield BranchCommit(commit=commit, pull=numbers[0] if numbers else None)


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
        return make_no_plan(stored.pull, str(error))
    reasons = "; ".join(_find_differences(plan, tenant, url))
    return make_no_plan(stored.pull, f"its plan does not match the merge: {reasons}") if reasons else (stored, plan)


def _find_differences(plan: Plan, tenant: str, url: str) -> Iterator[str]:
    yield from list_account_differences(plan, tenant, url)
    if plan.commit is None:
        yield "it was made from files that were not committed"
    if not plan.applyable:
        yield "it could not be applied when it was made"
