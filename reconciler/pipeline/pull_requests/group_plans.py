"""Gathers the plans that may approve a merge group: of its pull requests, and of those merged and not applied yet.

The group's plan may be older than the record. An apply that ended after it was made may have done what the plan still
shows, so the plans that were in force then count; what the apply left open counts too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.core.approval.carried import find_apply_of
from reconciler.core.approval.gathered import BranchCommit
from reconciler.core.approval.sources import InForce, lasts
from reconciler.core.changes.plan import Plan
from reconciler.core.record.history import ApplyHistory
from reconciler.github.approved_plans import NoPlan, PlanQuery, fetch_plan_of
from reconciler.github.client import GitHub
from reconciler.github.merge_queue import MergeGroup
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.pull_requests.gather import BRANCHES, GatheredApprovals, gather_approvals, read_stored_plan
from reconciler.pipeline.pull_requests.merged_commit import MergedCommit
from reconciler.pipeline.pull_requests.queue_line import QueueLine, find_queue_line
from reconciler.pipeline.pull_requests.window import MergeWindow, find_window, runs_own_files
from reconciler.pipeline.record.history import History
from reconciler.pipeline.saved_plans import read_plan
from reconciler.settings import Job


@dataclass(frozen=True, slots=True)
class GroupPlans:
    """The plans that count by the number of their pull request, and the reasons of the pull requests without one.

    `line` are the commits since the last apply, oldest first, and `before` is the commit before them. `queued` are the
    pull requests of the queue. `as_of` is the record as it was when the group's plan was made.
    """

    plans: Mapping[int, Plan]
    reasons: Mapping[int, str]
    line: tuple[BranchCommit, ...]
    before: str | None
    queued: tuple[BranchCommit, ...]
    as_of: ApplyHistory = field(default_factory=ApplyHistory)


def find_group_plans(github: GitHub, history: History, group: MergeGroup, plan: Plan, workflow: str) -> GroupPlans:
    """Returns the plans for a group's head, whose plan is given. Raises Unreachable if GitHub can't be asked."""
    as_of, now = _cut_after(history.record.history, plan), now_in_utc()
    merged = _name_head(history, group)
    window = find_window(merged.repository, as_of, group.head, now - merged.approvals)
    line = find_queue_line(github, merged.repository, group, window.ids)

    on_branch = _gather_merged(github, merged, window, line, history.current.workspace.settings.job(), group, workflow)
    found: dict[int, Plan | NoPlan] = {
        pull.number: read_plan(on_branch.plans[pull.plan], pull.plan) if pull.plan else NoPlan(pull.number, pull.reason)
        for pull in on_branch.approvals.pulls
    }
    own_files = runs_own_files(merged.repository, workflow, (group.head, window.before))
    query = PlanQuery(merged.tenant, workflow, group.base, merged.repository.folder, own_files)
    for number in (one for one in line.pulls if one not in found):
        stored = read_stored_plan(fetch_plan_of(github, number, query), merged.tenant, merged.url)
        found[number] = stored if isinstance(stored, NoPlan) else stored[1]
    faults = {number: _find_fault(one, as_of, InForce(now.date(), merged.approvals)) for number, one in found.items()}
    return GroupPlans(
        plans={number: one for number, one in found.items() if isinstance(one, Plan) and not faults[number]},
        reasons={number: fault for number, fault in faults.items() if fault},
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


def _gather_merged(  # noqa: PLR0913, PLR0917  # the facts that a plan must belong to
    github: GitHub,
    merged: MergedCommit,
    window: MergeWindow,
    line: QueueLine,
    job: Job,
    group: MergeGroup,
    workflow: str,
) -> GatheredApprovals:
    """Gathers the plans of the pull requests that are merged, as the push that merges the group will."""
    on_branch = frozenset(line.merged)
    part = replace(window, line=tuple(one for one in window.line if one.id in on_branch))
    push = replace(job, event="push", ref=f"{BRANCHES}{group.base}")
    return gather_approvals(github, merged, part, workflow, push)


def _find_fault(found: Plan | NoPlan, history: ApplyHistory, force: InForce) -> str:
    """Returns why a plan approves nothing, or an empty text."""
    if isinstance(found, NoPlan):
        return found.reason
    if found.changes and (serial := find_apply_of(found, history)) is not None:
        return f"apply #{serial} used its plan already"
    if not lasts(found, force):
        return f"its plan is older than {force.lasts.days} days, after which approvals end"
    return ""
