"""What was asked for before: read from outcomes, remembered by path, found by key, path and value."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.changes.asked import AskedBefore, NotTaken, RefusedPaths, list_asked, spell_asked
from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.plan import AttributeChange, Change, GrantRoles, RevokeRoles, UpdateGroup, UpdateUser
from reconciler.core.changes.undone import Undone

TITLE = AttributeChange(path="title", before="Clerk", after="Chief")
BADGE = AttributeChange(path="badge", before="1", after="2", redacted=True, redacted_pair=("f:1", "f:2"))
UPDATE = UpdateUser(key="user/ann", target_id="a", attributes=(TITLE, BADGE))
GRANT = GrantRoles(key="user/ann", target_id="a", roles=("auditor",))
REVOKE = RevokeRoles(key="user/ann", target_id="a", roles=("auditor",), held=("auditor",))
REFUSED = Undone(path="title", why="refused", asked="Chief", error="400 no")
NO_ROLE = Undone(path="roles", of="auditor", why="changed", asked=True, got=False)


@pytest.mark.parametrize(
    ("change", "status", "undone", "expected"),
    [
        (UPDATE, "applied", (), [("title", "", "Chief", None), ("badge", "", "f:2", None)]),
        (UPDATE, "failed", (REFUSED,), [("title", "", "Chief", REFUSED), ("badge", "", "f:2", None)]),
        (UPDATE, "failed", (), []),
        (UPDATE, "skipped", (), []),
        (GRANT, "failed", (NO_ROLE,), [("roles", "auditor", True, NO_ROLE)]),
        (REVOKE, "applied", (), [("roles", "auditor", False, None)]),
    ],
)
def test_an_outcome_says_what_was_asked_for_and_whether_it_was_taken(
    change: Change, status: Any, undone: tuple[Undone, ...], expected: list[tuple[Any, ...]]
) -> None:
    """Nothing if the result is not known; fingerprints of redacted values."""
    assert expected == [tuple(one) for one in list_asked(Outcome(change=change, status=status, undone=undone))]


def test_a_refused_path_is_learnt_and_forgotten_when_it_is_taken() -> None:
    """By kind: a group's title is another attribute. What was not answered teaches nothing."""
    known = RefusedPaths({("group", "title"): "400 no"})
    lost = Undone(path="badge", why="failed", error="lost")

    known.learn(Outcome(change=UPDATE, status="failed", undone=(REFUSED, lost)))
    assert {("group", "title"): "400 no", ("user", "title"): "400 no"} == known.errors
    known.learn(Outcome(change=UPDATE, status="applied"))
    assert {("group", "title"): "400 no"} == known.errors
    known.learn(Outcome(change=UpdateGroup(key="group/g", target_id="g", attributes=(TITLE,)), status="applied"))
    assert {} == known.errors


def test_only_the_same_value_was_asked_for_before() -> None:
    """Of the same key and path."""
    row = NotTaken("user/ann", "title", "", spell_asked("Lead "), "Lead", "changed", "", 2)
    before = AskedBefore({("user/ann", "title", ""): row})

    assert row == before.find("user/ann", "title", "", "Lead ")
    assert (None, None) == (before.find("user/ann", "title", "", "Lead"), before.find("user/bob", "title", "", "Lead "))
