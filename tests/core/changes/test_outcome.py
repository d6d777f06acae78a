"""The outcomes of a run: complete or not, counted by status."""

from __future__ import annotations

import pytest

from reconciler.core.changes.outcome import Outcome, Run, Status, count_active_after, count_statuses
from reconciler.core.changes.plan import CreateUser, DeactivateUser, ReactivateUser

CHANGE = DeactivateUser(key="user/ann", target_id="id-ann")


def outcomes(*statuses: Status) -> tuple[Outcome, ...]:
    return tuple(Outcome(change=CHANGE, status=status) for status in statuses)


@pytest.mark.parametrize(
    ("statuses", "stopped", "expected"),
    [
        ((), None, True),
        (("applied", "already"), None, True),
        (("applied", "failed"), None, False),
        (("applied", "stale"), None, False),
        (("applied", "skipped"), None, False),
        (("applied", "refused"), None, False),
        (("applied", "withdrawn"), None, False),
        (("applied", "unclear"), None, False),
        (("applied", "left"), None, True),
        (("applied",), "interrupted", False),
    ],
)
def test_a_run_is_whole_when_every_change_is_as_planned_now(
    statuses: tuple[Status, ...],
    stopped: str | None,
    expected: bool,  # noqa: FBT001
) -> None:
    """What is seen to be so already counts; what failed, moved, was skipped or was never reached does not."""
    run = Run(tenant="qa", commit=None, digest="sha256:0", outcomes=outcomes(*statuses), requests=1, stopped=stopped)

    assert expected is run.whole


def test_statuses_are_counted_in_one_order_without_zeros() -> None:
    """The good news first, from any order."""
    counted = count_statuses(outcomes("skipped", "failed", "applied", "failed", "already"))

    assert [("applied", 1), ("already", 1), ("failed", 2), ("skipped", 1)] == list(counted.items())


def test_a_run_survives_its_own_json() -> None:
    """Outcomes keep their changes, each as the kind of change that it is."""
    run = Run(tenant="qa", commit="c0ffee", digest="sha256:0", outcomes=outcomes("applied"), requests=1)

    assert run == Run.model_validate_json(run.model_dump_json())


def test_the_people_of_an_account_are_counted_with_what_was_applied() -> None:
    """Creates, reactivations and deactivations count; failed changes, and those found in the account, do not."""
    moved: list[Outcome] = [
        Outcome(change=CreateUser(key="user/ann"), status="applied"),
        Outcome(change=ReactivateUser(key="user/bob", target_id="b"), status="applied"),
        Outcome(change=DeactivateUser(key="user/cid", target_id="c"), status="applied"),
        Outcome(change=CreateUser(key="user/dan"), status="failed"),
        Outcome(change=DeactivateUser(key="user/eve", target_id="e"), status="already"),
    ]

    assert (11, None) == (count_active_after(10, moved), count_active_after(None, moved))
