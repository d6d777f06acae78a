"""Each refused change names who brought it, and why no plan shows it."""

from __future__ import annotations

import pytest

from reconciler.core.approval.coverage import Approval
from reconciler.core.approval.explain_refused import NOT_SHOWN, explain_bringers, explain_refused
from reconciler.core.approval.merge_approvals import BranchCommit
from reconciler.core.approval.reasons import CHANGED
from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.plan import AttributeChange, UpdateUser

FORK = "it comes from a fork"


def commit(pull: int | None, name: str = "a") -> BranchCommit:
    return BranchCommit(commit=name * 40, pull=pull)


@pytest.mark.parametrize(
    ("brought", "why"),
    [
        ((), ""),
        ((commit(12),), f"#12 brought it{NOT_SHOWN}"),
        ((commit(11),), f"#11 brought it, and its plan does not count ({FORK})"),
        ((commit(11), commit(11, "b")), f"#11 brought it, and its plan does not count ({FORK})"),
        ((commit(None),), "commit aaaaaaaaaaaa was pushed without a pull request"),
        ((commit(12), commit(13)), "it comes from #12 and #13 together"),
        ((commit(12), commit(13), commit(14)), "it comes from #12, #13 and #14 together"),
        ((commit(11), commit(12)), f"it comes from #11 and #12 together, and the plan of #11 does not count ({FORK})"),
        (
            (commit(11), commit(12), commit(None)),
            (
                f"it comes from #11, #12 and commit aaaaaaaaaaaa together, and the plan of #11 does not count ({FORK}) "
                "and commit aaaaaaaaaaaa was pushed without a pull request"
            ),
        ),
        (
            tuple(commit(number) for number in range(12, 20)),
            "it comes from #12, #13, #14, #15, #16 and 3 more together",
        ),
    ],
)
def test_the_reason_is_of_the_commits_that_brought_it(brought: tuple[BranchCommit, ...], why: str) -> None:
    assert why == explain_bringers(brought, {"#11": FORK})


def test_only_refused_changes_that_can_be_attributed_are_explained() -> None:
    """What came of other reasons keeps its detail."""
    titles = [AttributeChange(path="title", before=None, after=value) for value in "abc"]
    changes = [UpdateUser(key=f"user/{one.after}", target_id="1", attributes=(one,)) for one in titles]
    outcomes = tuple(
        Outcome(change=change, status=status, detail="as it was")  # type: ignore[arg-type]  # one of both
        for change, status in zip(changes, ("refused", "left", "refused"), strict=True)
    )
    unseen = {change.id: (change,) for change in changes[:2]}
    bringers = {change.id: (commit(11),) for change in changes}

    found = explain_refused(Approval((), outcomes, unseen=unseen), bringers, {"#11": FORK})

    assert [f"#11 brought it, and its plan does not count ({FORK}): as it was", "as it was", "as it was"] == [
        one.detail for one in found.not_run
    ]
    assert found.unseen == unseen


def test_what_a_plan_shows_from_another_value_is_only_attributed() -> None:
    """The account changed since: neither a merge nor the pull request is at fault."""
    change = UpdateUser(key="user/a", target_id="1", attributes=(AttributeChange(path="title", before="x", after="y"),))
    refused = Outcome(change=change, status="refused", detail=CHANGED)
    bringers = {change.id: (commit(12),)}

    found = explain_refused(Approval((), (refused,), unseen={change.id: (change,)}), bringers, {})

    assert [f"#12 brought it: {CHANGED}"] == [one.detail for one in found.not_run]
