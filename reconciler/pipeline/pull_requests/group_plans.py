"""Gathers the plans that may approve a merge group: of its pull requests, and of those merged and not applied yet.

The group's plan may be older than the record. An apply that ended after it was made may have done what the plan still
shows, so the plans that were in force then count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from reconciler.core.approval.counted import CountedPlans, PlanToCount, count_plans
from reconciler.core.approval.merge_approvals import BranchCommit
from reconciler.core.approval.sources import InForce
from reconciler.core.changes.plan import Plan
from reconciler.core.record.history import ApplyHistory
from reconciler.github.client import GitHub
from reconciler.github.merge_queue import MergeGroup
from reconciler.github.runs.approved_plans import NoPlan, PlanQuery, fetch_plan_of
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.pull_requests.gather_approvals import (
    GatheredWindow,
    gather_approvals,
    make_plan_query,
    read_stored_plan,
)
from reconciler.pipeline.pull_requests.merged_commit import MergedCommit
from reconciler.pipeline.pull_requests.queue_line import find_queue_line
from reconciler.pipeline.pull_requests.window import MergeWindow, find_recent, find_window
from reconciler.pipeline.record.history import History
from reconciler.pipeline.saved_plans import read_plan


@dataclass(frozen=True, slots=True)
class GroupPlans:
    """The plans that count, and why those of the other pull requests don't.

    `line` are the commits since the last apply, oldest first, and `before` is the commit before them. `queued` are the
    last of them, in the queue. `as_of` is the record as it was when the group's plan was made.
    """

    counted: CountedPlans
    line: tuple[BranchCommit, ...]
    before: str | None
    queued: tuple[BranchCommit, ...]
    as_of: ApplyHistory


def find_group_plans(github: GitHub, history: History, group: MergeGroup, plan: Plan, workflow: str) -> GroupPlans:
    """Returns the plans for a group's head, whose plan is given. Raises Unreachable if GitHub can't be asked."""
    as_of, now, merged = _cut_after(history.record.history, plan), now_in_utc(), _name_head(history, group)
    window = find_window(merged.repository, as_of, group.head, now - merged.approvals)
    line = find_queue_line(github, merged.repository, group, window.ids)

    part = _take(window, line.merged)
    job = history.current.workspace.settings.job()
    part = replace(part, recent=find_recent(part, job, now))
    on_branch = gather_approvals(github, merged, part, workflow, group.base)
    query = make_plan_query(merged, workflow, group.base, window.before)
    known = {pull.number for pull in on_branch.approvals.pulls}
    waiting = [_fetch(github, number, query, merged) for number in line.pulls if number not in known]
    force = InForce(now.date(), merged.approvals)
    return GroupPlans(
        counted=count_plans([*_list_merged(on_branch), *waiting], merged.tenant, merged.url, as_of, force),
        line=(*on_branch.approvals.line, *line.queued),
        before=window.before,
        queued=line.queued,
        as_of=as_of,
    )


def _cut_after(history: ApplyHistory, plan: Plan) -> ApplyHistory:
    """Returns the record as it was when the plan was made; a recovery since then gives up earlier approvals too."""
    last = plan.record.serial if plan.record and plan.record.serial is not None else 0
    later = [one.id for one in history.entries if one.record.serial > last and one.record.state != "recovered"]
    return history.without(later)


def _name_head(history: History, group: MergeGroup) -> MergedCommit:
    current, branch = history.current, history.record.branch
    assert current.repository is not None  # noqa: S101  # the head of the group is checked out
    assert branch is not None  # noqa: S101  # the same
    tenant = current.tenant
    return MergedCommit(current.repository, group.head, current.tenant_name, tenant.url, tenant.approvals, branch)


def _take(window: MergeWindow, commits: tuple[str, ...]) -> MergeWindow:
    """Returns the window with some of its commits."""
    taken = frozenset(commits)
    return replace(window, line=tuple(one for one in window.line if one.id in taken))


def _list_merged(gathered: GatheredWindow) -> Iterator[PlanToCount]:
    for pull in gathered.approvals.pulls:
        plan = read_plan(gathered.plans[pull.plan], pull.plan) if pull.plan else None
        yield PlanToCount(f"#{pull.number}", pull.number, plan, pull.reason)


def _fetch(github: GitHub, number: int, query: PlanQuery, merged: MergedCommit) -> PlanToCount:
    """Returns the plan of a pull request of the queue, or the reason why it has none."""
    stored = read_stored_plan(fetch_plan_of(github, number, query), merged.tenant, merged.url)
    if isinstance(stored, NoPlan):
        return PlanToCount(f"#{number}", number, None, stored.reason)
    return PlanToCount(f"#{number}", number, stored[1])
