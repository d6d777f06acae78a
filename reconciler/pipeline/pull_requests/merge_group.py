"""Checks a merge group: compares the plan of its head with the plans of its pull requests, as the next apply would.

Needs git, GitHub and the record of applies, and not the account.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reconciler.core.changes.plan import Plan
from reconciler.core.changes.plan_account import list_account_differences
from reconciler.desired.git.repository import Repository
from reconciler.errors import UsageError
from reconciler.github.client import GitHub
from reconciler.github.merge_queue import MergeGroup, read_group
from reconciler.pipeline.desired.current_state import CurrentState, load_current_state
from reconciler.pipeline.private_files import read_text
from reconciler.pipeline.pull_requests.comments import has_text, read_stderr
from reconciler.pipeline.pull_requests.group_plans import find_group_plans
from reconciler.pipeline.pull_requests.group_verdict import judge_group
from reconciler.pipeline.pull_requests.queue_line import ORIGIN
from reconciler.pipeline.record.history import History, open_history
from reconciler.pipeline.saved_plans import read_plan
from reconciler.pipeline.workflow_event import read_event
from reconciler.pipeline.workspace import Workspace
from reconciler.report.pull_requests.merge_group import GroupCheck, GroupWithoutEffect, GroupWithoutPlan

UNCHANGED = "It changes nothing in the desired state of the base branch, so merging it applies nothing of its own"
DISABLED = "Provisioning to this tenant is disabled in git, so merging it applies nothing"
OLD_RECORD = "the record of applies here lacks the last apply that the plan knows: fetch it (`ownership fetch`)"
NO_PLAN = "the job that plans the group stored no plan: read its log"


@dataclass(frozen=True, slots=True)
class GroupFiles:
    """The plan of a group's head, the stderr of the command that made it, and the workflow file that makes plans."""

    plan: Path
    stderr: Path | None
    workflow: str


def check_merge_group(workspace: Workspace, github: GitHub, files: GroupFiles) -> GroupCheck:
    """Returns the check of the group in the workflow's event, whose head is checked out.

    Raises UsageError for another event or another commit, and Unreachable if GitHub can't be asked.
    """
    group = read_group(read_event(workspace.settings.job()))
    current = load_current_state(workspace)
    repository, tenant = _require_head(current, group), current.tenant_name
    if _changes_nothing(repository, group):
        return GroupWithoutEffect(tenant, UNCHANGED)
    if not current.tenant.enabled:
        return GroupWithoutEffect(tenant, DISABLED)
    try:
        plan = _read_group_plan(files, current)
    except UsageError as error:
        return GroupWithoutPlan(tenant, str(error))
    with open_history(current, "local") as history:
        if history.unknown is not None:
            return GroupWithoutPlan(tenant, str(history.unknown))
        if _is_older(history, plan):
            return GroupWithoutPlan(tenant, OLD_RECORD)
        plans = find_group_plans(github, history, group, plan, files.workflow)
        return judge_group(history, plan, plans)


def _require_head(current: CurrentState, group: MergeGroup) -> Repository:
    if current.repository is None or current.commit != group.head:
        found = current.commit[:12] if current.commit else "no commit"
        raise UsageError(
            f"the head of the merge group is {group.head[:12]}, and {found} is checked out: check out the head, "
            "with its whole history (fetch-depth: 0), and change nothing"
        )
    return current.repository


def _changes_nothing(repository: Repository, group: MergeGroup) -> bool:
    """Whether the base branch has the group's desired state; a queue may merge this group with all ahead of it."""
    tip = repository.resolve(f"{ORIGIN}{group.base}")
    return tip is not None and repository.tree_of(group.head) == repository.tree_of(tip)


def _read_group_plan(files: GroupFiles, current: CurrentState) -> Plan:
    """Reads the plan of the group. Raises UsageError if there is none, or if it is of another commit or account."""
    if not has_text(files.plan):
        raise UsageError((read_stderr(files.stderr) or "").strip() or NO_PLAN)
    plan = read_plan(read_text(files.plan), str(files.plan))
    reasons = "; ".join(_find_differences(plan, current))
    if reasons:
        raise UsageError(f"the stored plan is not that of this group: {reasons}")
    return plan


def _is_older(history: History, plan: Plan) -> bool:
    """Whether the record in this clone ends before the apply that the plan was made after."""
    known = history.record.history.last_ended()
    last = plan.record.serial if plan.record else None
    return last is not None and (known is None or known.record.serial < last)


def _find_differences(plan: Plan, current: CurrentState) -> Iterator[str]:
    yield from list_account_differences(plan, current.tenant_name, current.tenant.url)
    if plan.commit != current.commit:
        yield f"it was made from {plan.commit[:12] if plan.commit else 'files that were not committed'}"
