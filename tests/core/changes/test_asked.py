"""What was asked for before: read from outcomes, remembered by path, found by key, path and value."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.changes.asked import AskedBefore, NotTaken, RefusedParts, list_asked, spell_asked
from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.plan import (
    AddMembers,
    AttributeChange,
    Change,
    DeactivateUser,
    GrantRoles,
    RevokeRoles,
    UpdateGroup,
    UpdateUser,
)
from reconciler.core.changes.undone import Undone

TITLE = AttributeChange(path="title", before="Clerk", after="Chief")
BADGE = AttributeChange(path="badge", before="1", after="2", redacted=True, redacted_pair=("f:1", "f:2"))
UPDATE = UpdateUser(key="user/ann", target_id="a", attributes=(TITLE, BADGE))
GRANT = GrantRoles(key="user/ann", target_id="a", roles=("auditor",))
REVOKE = RevokeRoles(key="user/ann", target_id="a", roles=("auditor",), held=("auditor",))
REFUSED = Undone(path="title", why="refused", asked="Chief", error="400 no")
ADD = AddMembers(key="group/g", target_id="g", members=("user/ann", "user/bob"))
NO_MEMBER = Undone(path="members", of="user/ann", why="refused", asked=True, error="400 no")
LEAVES = DeactivateUser(key="user/ann", target_id="1")
STAYS = Undone(path="active", why="refused", asked=False, error="400 no")
NO_ROLE = Undone(path="roles", of="auditor", why="changed", asked=True, got=False)


@pytest.mark.parametrize(
    ("change", "status", "undone", "expected"),
    [
        (UPDATE, "applied", (), [("title", "", "Chief", None), ("badge", "", "f:2", None)]),
        (UPDATE, "failed", (REFUSED,), [("title", "", "Chief", REFUSED), ("badge", "", "f:2", None)]),
        (UPDATE, "failed", (), []),
        (UPDATE, "skipped", (), []),
        (LEAVES, "applied", (), [("active", "", False, None)]),
        (LEAVES, "failed", (STAYS,), [("active", "", False, STAYS)]),
        (GRANT, "failed", (NO_ROLE,), [("roles", "auditor", True, NO_ROLE)]),
        (REVOKE, "applied", (), [("roles", "auditor", False, None)]),
        (
            ADD,
            "failed",
            (NO_MEMBER,),
            [("members", "user/ann", True, NO_MEMBER), ("members", "user/bob", True, None)],
        ),
    ],
)
def test_an_outcome_says_what_was_asked_for_and_whether_it_was_taken(
    change: Change, status: Any, undone: tuple[Undone, ...], expected: list[tuple[Any, ...]]
) -> None:
    """Nothing if the result is not known; fingerprints of redacted values."""
    assert expected == [tuple(one) for one in list_asked(Outcome(change=change, status=status, undone=undone))]


def test_a_refused_part_is_learnt_and_forgotten_when_it_is_taken() -> None:
    """An attribute by kind: a group's title is another one. A member by group. No answer teaches nothing."""
    known = RefusedParts({("group", "title")})
    lost = Undone(path="badge", why="failed", error="lost")

    known.learn(Outcome(change=UPDATE, status="failed", undone=(REFUSED, lost)))
    assert {("group", "title"), ("user", "title")} == known.paths
    assert known.has("user/bob", "title", "")
    known.learn(Outcome(change=UPDATE, status="applied"))
    assert {("group", "title")} == known.paths
    known.learn(Outcome(change=UpdateGroup(key="group/g", target_id="g", attributes=(TITLE,)), status="applied"))
    assert set() == known.paths

    known.learn(Outcome(change=ADD, status="failed", undone=(NO_MEMBER,)))
    assert ([True, False], set()) == (
        [known.has(key, "members", "user/ann") for key in ("group/g", "group/h")],
        known.paths,
    )
    known.learn(Outcome(change=ADD, status="applied"))
    assert set() == known.members


def test_the_refused_access_of_one_user_says_nothing_about_others() -> None:
    """An administrator may be refused, who is no reason to ask for each leaver twice."""
    known = RefusedParts()

    known.learn(Outcome(change=LEAVES, status="failed", undone=(STAYS,)))

    assert (set(), set()) == (known.paths, known.members)


def test_the_memory_of_earlier_applies_is_where_a_run_begins() -> None:
    """A member that another value was found for is no refusal."""
    rows = [
        NotTaken("group/g", "members", "user/ann", "true", None, "refused", "400 no", 1),
        NotTaken("group/g", "members", "user/bob", "true", None, "changed", "", 1),
        NotTaken("user/ann", "title", "", '"x"', None, "refused", "400 no", 1),
    ]
    before = AskedBefore({(one.key, one.path, one.of): one for one in rows}, {("user", "title"): "400 no"})

    assert RefusedParts({("user", "title")}, {("group/g", "user/ann")}) == RefusedParts.known(before)


def test_only_the_same_value_was_asked_for_before() -> None:
    """Of the same key and path."""
    row = NotTaken("user/ann", "title", "", spell_asked("Lead "), "Lead", "changed", "", 2)
    before = AskedBefore({("user/ann", "title", ""): row})

    assert row == before.find("user/ann", "title", "", "Lead ")
    assert (None, None) == (before.find("user/ann", "title", "", "Lead"), before.find("user/bob", "title", "", "Lead "))
