"""The outcomes of a run: complete or not, counted by status."""

from __future__ import annotations

import pytest

from reconciler.core.changes.outcome import Outcome, Run, Status, count_active_after, count_statuses
from reconciler.core.changes.plan import (
    AttributeChange,
    Change,
    CreateGroup,
    CreateUser,
    DeactivateUser,
    ReactivateUser,
    UpdateUser,
)
from reconciler.core.changes.undone import Undone

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


TITLE = AttributeChange(path="title", before=None, after="Chief")
NO_TITLE = Undone(path="title", why="refused", error="400 no")
INACTIVE = Undone(path="active", why="changed", asked=True, got=False)
BACK = ReactivateUser(key="user/ann", target_id="a", attributes=(TITLE,))


@pytest.mark.parametrize(
    ("change", "status", "undone", "expected"),
    [
        (BACK, "applied", (), (True, True, True)),
        (BACK, "failed", (), (False, False, False)),
        (BACK, "failed", (NO_TITLE,), (False, True, True)),
        (BACK, "failed", (INACTIVE,), (False, True, False)),
        (BACK, "failed", (NO_TITLE, INACTIVE), (False, False, False)),
        (UpdateUser(key="user/ann", target_id="a", attributes=(TITLE,)), "failed", (NO_TITLE,), (False, False, False)),
        (CreateUser(key="user/ann"), "applied", (), (True, True, True)),
        (
            CreateGroup(key="group/a", members=("user/b",)),
            "applied",
            (Undone(path="members", of="user/b", why="waits"),),
            (False, True, True),
        ),
        (BACK, "already", (), (True, False, False)),
    ],
)
def test_a_change_may_be_done_in_part(
    change: Change, status: Status, undone: tuple[Undone, ...], expected: tuple[bool, bool, bool]
) -> None:
    """Then the run is not whole; a user who is not active was not reactivated."""
    one = Outcome(change=change, status=status, undone=undone)
    run = Run(tenant="qa", commit=None, digest="sha256:0", outcomes=(one,), requests=1)

    assert expected == (run.whole, one.done_in_part, one.took_effect)
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


def test_what_a_later_commit_took_back_leaves_nothing_to_do() -> None:
    """It is withdrawn, and the apply is whole; JSON has the field only where it holds."""
    change = UpdateUser(key="user/ann", target_id="1")
    withdrawn = Outcome(change=change, status="withdrawn")
    back = withdrawn.model_copy(update={"taken_back": True})

    assert (True, False) == (withdrawn.not_done, back.not_done)
    runs = [Run(tenant="", commit=None, digest="", outcomes=(one,), requests=0) for one in (withdrawn, back)]
    assert [False, True] == [run.whole for run in runs]
    assert [False, True] == ["taken_back" in run.model_dump_json() for run in runs]
