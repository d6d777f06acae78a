"""Which plans of a merge count, and the reason for each that does not."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from reconciler.core.approval.counted import LONGEST_REASON, PlanToCount, count_plans, list_plans_to_count
from reconciler.core.approval.merge_approvals import BranchCommit, MergeApprovals, MergedPull, ReviewedPlan
from reconciler.core.approval.sources import InForce
from reconciler.core.changes.plan import AttributeChange, Cost, Plan, ReadSummary, UpdateUser
from reconciler.core.changes.plan_notes import RecordNote
from reconciler.core.record.history import ApplyHistory
from tests.core.ownership.histories import entry, history

URL = "https://4me.example/scim/v2"
TODAY = date(2026, 11, 29)
OTHER = "its plan is for another account: "
TITLE = AttributeChange(path="title", before="a", after="b")


def plan(*, empty: bool = False, made_on: date = TODAY, serial: int = 3, **fields: object) -> Plan:
    found = Plan(
        tenant="production",
        url=URL,
        commit=None,
        base=None,
        as_of="2026-11-29",
        applyable=True,
        converges=True,
        read=ReadSummary(mode="full", complete=True, users=0, groups=0, requests=1),
        cost=Cost(requests=0, seconds=0),
        changes=() if empty else (UpdateUser(key="user/ann", target_id="1", attributes=(TITLE,)),),
        record=RecordNote(serial=serial, made_on=made_on.isoformat()),
    )
    return found.model_copy(update=fields)


def reasons(one: Plan | None, record: ApplyHistory | None = None, reason: str = "") -> dict[str, str]:
    found = count_plans([PlanToCount("#12", 12, one, reason)], "production", URL, record or history(), InForce(TODAY))
    assert bool(found.plans) is not bool(found.reasons)
    return dict(found.reasons)


@pytest.mark.parametrize("made_on", [TODAY, TODAY - timedelta(14)])
def test_a_plan_of_this_account_counts(made_on: date) -> None:
    one = plan(made_on=made_on)
    found = count_plans([PlanToCount("#12", 12, one)], "production", URL, history(), InForce(TODAY))

    assert ((one,), (12,), {}) == (found.plans, found.pulls, found.reasons)
    assert 12 == found.pull_of(one)


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (
            plan(url="https://else.example"),
            f"{OTHER}it is for https://else.example, and production is at {URL}",
        ),
        (plan(tenant="qa"), f"{OTHER}it is for the tenant qa, not production"),
        (
            plan(tenant="qa", url="x"),
            f"{OTHER}it is for the tenant qa, not production; it is for x, and production is at {URL}",
        ),
        (plan(applyable=False), "its plan was not applyable when it was made"),
        (plan(applyable=False, empty=True), "its plan was not applyable when it was made"),
        (plan(made_on=TODAY - timedelta(15)), "its plan is older than 14 days, after which approvals end"),
    ],
)
def test_a_plan_that_does_not_count_has_its_reason(one: Plan, reason: str) -> None:
    assert {"#12": reason} == reasons(one)


def test_a_plan_that_an_apply_used_does_not_count_again() -> None:
    """An empty one has nothing to use up, and one with the same effects that was made later is another approval."""
    used = history(entry("a", "", 4, plans=(plan().digest, plan(empty=True).digest)))

    why = "apply #4 used its plan already, and only what that apply left open may still run"
    assert {"#12": why} == reasons(plan(), used)
    assert {} == reasons(plan(empty=True), used)
    assert {} == reasons(plan(serial=4), used)


def test_without_a_plan_the_gathered_reason_is_kept_in_one_bounded_line() -> None:
    assert {"#12": "it comes from a fork"} == reasons(None, reason="it comes\nfrom a  fork")
    assert {"#12": "it has no plan"} == reasons(None)
    assert f"{'x' * LONGEST_REASON}…" == reasons(None, reason="x" * 1_000)["#12"]


def test_what_was_gathered_is_listed_with_what_was_not() -> None:
    """Pull requests, those of the line that the folder lacks, and plans by hand."""
    one = plan()
    approvals = MergeApprovals(
        tenant="production",
        commit="c",
        line=tuple(
            BranchCommit(commit=name, pull=pull) for name, pull in (("a", 11), ("b", None), ("c", 12), ("d", 11))
        ),
        pulls=(MergedPull(number=12, plan="plan-12.json"), MergedPull(number=13, reason="closed")),
        by_hand=(ReviewedPlan(review="the\nenvironment", plan="one.json"), ReviewedPlan(review="x", reason="none")),
    )

    found = list(list_plans_to_count(approvals, {"plan-12.json": one, "one.json": one}))

    assert [
        PlanToCount("#12", 12, one),
        PlanToCount("#13", 13, None, "closed"),
        PlanToCount("#11", 11, None, "no plan of it was gathered"),
        PlanToCount("the environment", None, one),
        PlanToCount("x", None, None, "none"),
    ] == found
