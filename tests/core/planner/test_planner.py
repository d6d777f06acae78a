"""Desired state × live state: every key is linked, planned and gathered, independent of the order of the inputs."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from reconciler.core.changes.plan import ACTIONS, Skipped, Unmanaged
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.model.resources import DesiredGroup, DesiredUser, LiveGroup, LiveUser
from reconciler.core.model.states import Selection
from reconciler.core.planner.planner import decide_changes
from tests.core.examples import (
    SANDBOX,
    desired_group,
    desired_state,
    desired_user,
    evidence_of,
    group_key,
    live_group,
    live_state,
    live_user,
    user_key,
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
    decided = decide_changes(desired_state(*DECLARED), live_state(*ACCOUNT), SANDBOX, EARLIER, evidence_of(EARLIER))

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
    """Undeclared users by kind and name, and unchanged users by key."""
    decided = decide_changes(desired_state(*DECLARED), live_state(*ACCOUNT), SANDBOX, EARLIER, evidence_of(EARLIER))

    assert (
        Unmanaged(kind="group", id="id-club", name="Club"),
        Unmanaged(kind="user", id="id-adam", name="Adam"),
        Unmanaged(kind="user", id="id-zoe", name="Zoe"),
    ) == decided.unmanaged
    assert (Skipped(key="user/away", reason="holds no role; not in the account"),) == decided.skipped


def test_apply_is_told_the_id_of_every_key_that_has_one() -> None:
    """Leavers included, undeclared users not."""
    decided = decide_changes(desired_state(*DECLARED), live_state(*ACCOUNT), SANDBOX, EARLIER, evidence_of(EARLIER))

    assert {
        "user/old": "id-old",
        "user/out": "id-out",
        "user/gone": "id-gone",
        "group/hr": "id-hr",
    } == decided.ids


def test_the_order_in_which_things_come_does_not_show() -> None:
    """The order of git and that of the account have no effect."""
    expected = decide_changes(desired_state(*DECLARED), live_state(*ACCOUNT), SANDBOX, EARLIER, evidence_of(EARLIER))

    for seed in range(10):
        random = Random(seed)  # noqa: S311  # any order will do
        desired = desired_state(*random.sample(DECLARED, len(DECLARED)))
        live = live_state(*random.sample(ACCOUNT, len(ACCOUNT)))
        decided = decide_changes(desired, live, SANDBOX, EARLIER, evidence_of(EARLIER))

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
    """If git is as it was, the account drifted; if git did not declare it, the cause is this change."""
    earlier = Earlier(desired_state(*base))
    changes = decide_changes(
        desired_state(*WANTED), live_state(*DRIFTED), SANDBOX, earlier, evidence_of(earlier)
    ).changes

    assert set(ACTIONS) == {change.action for change in changes}
    assert expected == {change.cause for change in changes}


def test_what_is_unclear_is_a_problem_wherever_it_is() -> None:
    """Users and groups that git declares; who left git and could be several is in doubt, by name."""
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
    decided = decide_changes(desired, live_state(*twice, *groups), SANDBOX, before, evidence_of(before))

    assert [] == list(decided.changes)
    assert ["user/ann", "group/desk"] == [problem.message.split(" ")[0] for problem in decided.problems]
    assert ["user/bob", "user/bob"] == [doubt.key for doubt in decided.ownership.doubts]


def test_a_focused_plan_is_about_its_keys_and_their_members_alone() -> None:
    """Other resources are only referred to: they are not changed or created."""
    desired = desired_state(
        desired_user("ann", {"title": "Chief"}),
        desired_user("bob", {"title": "Clerk", "manager": "user/ann"}),
        desired_user("cid"),
        desired_group("dev", ["ann", "bob", "cid"]),
        desired_group("ops", ["ann"]),
    )
    gone = desired_state(desired_user("dee"), desired_group("old", ["ann", "bob"]))
    live = live_state(
        live_user("ann"),
        live_user("bob"),
        live_user("dee"),
        live_group("dev", ["dee"]),
        live_group("ops"),
        live_group("old", ["ann", "bob"]),
    )
    keys = frozenset({user_key("bob"), group_key("dev"), group_key("old")})
    members = {group_key("dev"): frozenset({user_key("bob")}), group_key("old"): frozenset({user_key("ann")})}
    selected = replace(desired, selection=Selection(keys, members))

    decided = decide_changes(selected, live, SANDBOX, Earlier(gone), evidence_of(Earlier(gone)))

    assert [
        ("update_user", "user/bob", ()),
        ("add_members", "group/dev", ("user/bob",)),
        ("remove_members", "group/old", ("user/ann",)),
    ] == [(change.action, change.key, change.members) for change in decided.changes]


def test_a_focused_plan_tells_of_its_keys_what_is_unclear_and_of_no_others() -> None:
    """Problems of other keys belong to other plans."""
    desired = desired_state(desired_user("ann"), desired_user("bob"))
    twice = [replace(live_user(name), id=f"{name}-{number}") for name in ("ann", "bob") for number in (1, 2)]
    selected = replace(desired, selection=Selection(frozenset({user_key("ann")})))

    [problem] = decide_changes(selected, live_state(*twice), SANDBOX, Earlier()).problems

    assert problem.message.startswith("user/ann matches 2 users")
