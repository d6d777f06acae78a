"""Desired × live: everything is linked, asked about and gathered, in an order that does not depend on theirs."""

from __future__ import annotations

from random import Random

import pytest

from reconciler.core.earlier import Earlier
from reconciler.core.model import DesiredGroup, DesiredUser, LiveGroup, LiveUser
from reconciler.core.plan import ACTIONS, Skipped, Unmanaged
from reconciler.core.planner import decide_changes
from tests.core.examples import (
    SANDBOX,
    desired_group,
    desired_state,
    desired_user,
    live_group,
    live_state,
    live_user,
)

DECLARED: list[DesiredUser | DesiredGroup] = [
    desired_user("new", {"manager": "user/old"}, roles=["auditor"]),
    desired_user("old", {"title": "Head"}, roles=[]),
    desired_user("out", in_scope=False),
    desired_user("away", in_scope=False),
    desired_group("desk", ["new", "old"]),
    desired_group("hr", ["old"]),
]
ACCOUNT: list[LiveUser | LiveGroup] = [
    live_user("old", roles=["specialist"]),
    live_user("out"),
    live_user("gone"),
    live_user("zoe", {"displayName": "Zoe"}),
    live_user("adam", {"displayName": "Adam"}),
    live_group("hr", ["old", "zoe"]),
    live_group("club", ["zoe"]),
]
EARLIER = Earlier(desired_state(*DECLARED, desired_user("gone")))


def test_everything_that_differs_becomes_a_change_in_the_plans_order() -> None:
    """Users and groups, growing before shrinking."""
    decided = decide_changes(desired_state(*DECLARED), live_state(*ACCOUNT), SANDBOX, EARLIER)

    assert [
        ("create_user", "user/new"),
        ("update_user", "user/old"),
        ("create_group", "group/desk"),
        ("revoke_roles", "user/old"),
        ("remove_members", "group/hr"),
        ("deactivate_user", "user/gone"),
        ("deactivate_user", "user/out"),
    ] == [(change.action, change.key) for change in decided.changes]


def test_what_is_left_alone_is_told() -> None:
    """Strangers by kind and name, and whoever needs nothing by key."""
    decided = decide_changes(desired_state(*DECLARED), live_state(*ACCOUNT), SANDBOX, EARLIER)

    assert (
        Unmanaged(kind="group", id="id-club", name="Club"),
        Unmanaged(kind="user", id="id-adam", name="Adam"),
        Unmanaged(kind="user", id="id-zoe", name="Zoe"),
    ) == decided.unmanaged
    assert (Skipped(key="user/away", reason="holds no role; not in the account"),) == decided.skipped


def test_apply_is_told_the_id_of_every_key_that_has_one() -> None:
    """Who left git among them, and nobody whom git never knew."""
    decided = decide_changes(desired_state(*DECLARED), live_state(*ACCOUNT), SANDBOX, EARLIER)

    assert {
        "user/old": "id-old",
        "user/out": "id-out",
        "user/gone": "id-gone",
        "group/hr": "id-hr",
    } == decided.ids


def test_the_order_in_which_things_come_does_not_show() -> None:
    """Neither git's nor the account's."""
    expected = decide_changes(desired_state(*DECLARED), live_state(*ACCOUNT), SANDBOX, EARLIER)

    for seed in range(10):
        random = Random(seed)  # noqa: S311  # any order will do
        desired = desired_state(*random.sample(DECLARED, len(DECLARED)))
        live = live_state(*random.sample(ACCOUNT, len(ACCOUNT)))
        decided = decide_changes(desired, live, SANDBOX, EARLIER)

        assert (expected.changes, expected.unmanaged, expected.skipped) == (
            decided.changes,
            decided.unmanaged,
            decided.skipped,
        )


WANTED = [*DECLARED, desired_user("fresh")]
DRIFTED: list[LiveUser | LiveGroup] = [
    live_user("new", roles=["specialist"]),
    live_user("old", active=False),
    live_user("out"),
    live_group("desk", ["zoe"], {"displayName": "Night Desk"}),
    live_user("zoe"),
]


@pytest.mark.parametrize(
    ("base", "expected"),
    [(WANTED, {"drift"}), ([], {"this_change"})],
)
def test_every_kind_of_change_is_told_with_its_cause(
    base: list[DesiredUser | DesiredGroup], expected: set[str]
) -> None:
    """Where git says what it said, the account drifted; where it said nothing, this is what it says now."""
    earlier = Earlier(desired_state(*base))
    changes = decide_changes(desired_state(*WANTED), live_state(*DRIFTED), SANDBOX, earlier).changes

    assert set(ACTIONS) == {change.action for change in changes}
    assert expected == {change.cause for change in changes}


def test_what_is_unclear_is_a_problem_wherever_it_is() -> None:
    """Users and groups, in git now and in git before."""
    desired = desired_state(desired_user("ann"), desired_group("desk"))
    before = Earlier(desired_state(desired_user("bob"), desired_group("club")))
    twice = [
        one
        for name in ("ann", "bob")
        for one in (live_user(f"{name}-1", {"externalId": name}), live_user(f"{name}-2", {"externalId": name}))
    ]
    groups = [
        one
        for name in ("desk", "club")
        for one in (
            live_group(f"{name}-1", (), {"externalId": name}),
            live_group(f"{name}-2", (), {"externalId": name}),
        )
    ]
    decided = decide_changes(desired, live_state(*twice, *groups), SANDBOX, before)

    assert [] == list(decided.changes)
    assert ["user/ann", "group/desk", "user/bob", "group/club"] == [
        problem.message.split(" ")[0] for problem in decided.problems
    ]
