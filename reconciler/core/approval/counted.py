"""The plans of a merge that count, and the reason for each that does not. Pure.

A pull request whose plan does not count approves nothing. It does not stop the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.core.approval.carried import find_apply_of
from reconciler.core.approval.merge_approvals import MergeApprovals
from reconciler.core.approval.sources import InForce, lasts
from reconciler.core.changes.plan import Plan
from reconciler.core.changes.plan_account import list_account_differences
from reconciler.core.record.history import ApplyHistory

NOT_APPLYABLE = "its plan was not applyable when it was made"
NOT_GATHERED = "no plan of it was gathered"
LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class PlanToCount:
    """A plan of a merge, or the reason why there is none; `pull` is the number of its pull request.

    `name` is `#12`, or the review of a plan that was made by hand.
    """

    name: str
    pull: int | None
    plan: Plan | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CountedPlans:
    """The plans that count, each with the number of its pull request, and the reasons of the others by name."""

    plans: tuple[Plan, ...] = ()
    pulls: tuple[int | None, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)

    def pull_of(self, plan: Plan) -> int | None:
        """Returns the pull request of a plan that counts; None if it was made by hand."""
        return next(pull for counted, pull in zip(self.plans, self.pulls, strict=True) if counted is plan)


def list_plans_to_count(approvals: MergeApprovals, plans: Mapping[str, Plan]) -> Iterator[PlanToCount]:
    """Yields the plans of the pull requests, then those made by hand; `plans` has each by the name of its file.

    A pull request on the branch's line that was not gathered has no plan.
    """
    for pull in approvals.pulls:
        plan = plans[pull.plan] if pull.plan is not None else None
        yield PlanToCount(f"#{pull.number}", pull.number, plan, pull.reason)
    gathered = {pull.number for pull in approvals.pulls}
    missing = dict.fromkeys(one.pull for one in approvals.line if one.pull not in gathered)
    yield from (PlanToCount(f"#{pull}", pull, None, NOT_GATHERED) for pull in missing if pull is not None)
    for reviewed in approvals.by_hand:
        plan = plans[reviewed.plan] if reviewed.plan is not None else None
        yield PlanToCount(_one_line(reviewed.review), None, plan, reviewed.reason)


def count_plans(
    listed: Iterable[PlanToCount], tenant: str, url: str, history: ApplyHistory, force: InForce
) -> CountedPlans:
    """Sorts the plans into those that count for an apply to a tenant, and the reasons of all others.

    A plan does not count if it is of another account, was not applyable, was used by an earlier apply, or has expired.
    An empty plan counts, unless it was not applyable: it approves nothing.
    """
    plans: list[Plan] = []
    pulls: list[int | None] = []
    reasons: dict[str, str] = {}
    for one in listed:
        if one.plan is None:
            reasons[one.name] = _one_line(one.reason) or "it has no plan"
        elif fault := _find_fault(one.plan, tenant, url, history, force):
            reasons[one.name] = fault
        else:
            plans.append(one.plan)
            pulls.append(one.pull)
    return CountedPlans(tuple(plans), tuple(pulls), reasons)


def _find_fault(plan: Plan, tenant: str, url: str, history: ApplyHistory, force: InForce) -> str | None:
    if differences := "; ".join(list_account_differences(plan, tenant, url)):
        return _one_line(f"its plan is for another account: {differences}")
    if not plan.applyable:
        return NOT_APPLYABLE
    if not plan.changes:
        return None
    if (serial := find_apply_of(plan, history)) is not None:
        return f"apply #{serial} used its plan already, and only what that apply left open may still run"
    if not lasts(plan, force):
        return f"its plan is older than {force.lasts.days} days, after which approvals end"
    return None


def _one_line(text: str) -> str:
    """Returns a text from a file in one line of bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_REASON else f"{line[:LONGEST_REASON]}…"
