"""Earlier states of git, and the causes that they give: facet by facet, for each kind of change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.changes.plan import Cause
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.model.states import DesiredState
from reconciler.core.planner.planner import decide_changes
from tests.core.examples import (
    SANDBOX,
    desired_group,
    desired_state,
    desired_user,
    evidence_of,
    group_key,
    live_state,
    live_user,
    user_key,
)

EMPTY = desired_state()
ANN = user_key("ann")
DESK = group_key("desk")


def with_ann(*, in_scope: bool = True, roles: list[str] | None = None, **attributes: str | None) -> DesiredState:
    return desired_state(desired_user("ann", attributes, in_scope=in_scope, roles=roles))


def with_desk(*members: str, authoritative: bool = True) -> DesiredState:
    return desired_state(desired_group("desk", members, authoritative=authoritative))


UNMANAGED_DESK = desired_state(desired_group("desk"))


@pytest.mark.parametrize(
    ("base", "applied", "head", "expected"),
    [
        (None, None, True, "this_change"),
        (EMPTY, None, True, "this_change"),
        (with_ann(), None, True, "drift"),
        (with_ann(in_scope=False), None, True, "this_change"),
        (with_ann(), EMPTY, True, "merged"),
        (with_ann(), with_ann(in_scope=False), True, "merged"),
        (with_ann(), with_ann(), True, "drift"),
        (with_ann(), None, False, "this_change"),
        (with_ann(in_scope=False), None, False, "drift"),
        (with_ann(in_scope=False), with_ann(), False, "merged"),
        (with_ann(), with_ann(), False, "this_change"),
    ],
)
def test_a_person_appears_or_goes_for_a_reason(
    base: DesiredState | None,
    applied: DesiredState | None,
    head: bool,  # noqa: FBT001
    expected: Cause,
) -> None:
    """If an earlier state does not declare a user, the account's value was right."""
    assert expected == Earlier(base, applied).presence(ANN, head=head)


@pytest.mark.parametrize(
    ("base", "applied", "expected"),
    [
        (None, None, "this_change"),
        (EMPTY, None, "this_change"),
        (with_ann(), None, "this_change"),
        (with_ann(title="Analyst"), None, "this_change"),
        (with_ann(title="Senior"), None, "drift"),
        (with_ann(title="Intern"), None, "conflict"),
        (with_ann(title=None), None, "conflict"),
        (with_ann(title="Senior"), with_ann(title="Analyst"), "merged"),
        (with_ann(title="Senior"), with_ann(), "merged"),
        (with_ann(title="Senior"), EMPTY, "merged"),
        (with_ann(title="Senior"), with_ann(title="Senior"), "drift"),
        (with_ann(title="Analyst"), with_ann(title="Senior"), "this_change"),
    ],
)
def test_an_attribute_changes_for_a_reason(
    base: DesiredState | None, applied: DesiredState | None, expected: Cause
) -> None:
    """Git has Senior now, the account Analyst."""
    assert expected == Earlier(base, applied).attributes(ANN, ["title"], {"title": "Senior"}, {"title": "Analyst"})


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ((), "drift"),
        ((with_ann(title="Analyst"),), "merged"),
        ((with_ann(title="Intern"), with_ann(title="Analyst")), "merged"),
        ((with_ann(title="Intern"),), "drift"),
        ((with_ann(), EMPTY), "drift"),
    ],
)
def test_what_an_incomplete_apply_wrote_is_no_drift(written: tuple[DesiredState, ...], expected: Cause) -> None:
    """A killed apply wrote Analyst, and its pull request was reverted."""
    earlier = Earlier(with_ann(title="Senior"), written=written)

    assert expected == earlier.attributes(ANN, ["title"], {"title": "Senior"}, {"title": "Analyst"})


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        (EMPTY, "merged"),
        (with_ann(in_scope=False), "merged"),
        (with_ann(), "drift"),
        (replace(EMPTY, ignores_removed=True), "drift"),
    ],
)
def test_access_that_an_incomplete_apply_took_is_no_drift(front: DesiredState, expected: Cause) -> None:
    """ann left git, an apply that was killed deactivated them, and the pull request was reverted."""
    assert expected == Earlier(with_ann(), written=(front,)).reactivation(ANN, (), {}, {})


def test_members_and_roles_of_an_incomplete_apply_are_no_drift() -> None:
    """Both ways: what it gave and what it took."""
    desks = Earlier(with_desk("ann"), written=(with_desk(),))
    given = Earlier(with_desk(), written=(with_desk("ann"),))
    roles = Earlier(with_ann(roles=[]), written=(with_ann(roles=["auditor"]),))

    assert "merged" == desks.members(DESK, [str(ANN)], head=True)
    assert "merged" == given.members(DESK, [str(ANN)], head=False)
    assert "merged" == roles.roles(ANN, ["auditor"], head=False)
    assert "drift" == Earlier(with_desk("ann")).members(DESK, [str(ANN)], head=True)


def test_attributes_are_compared_as_they_are_when_planned() -> None:
    """A userName in another case is the same one."""
    earlier = Earlier(with_ann(userName="ANN@example.com"))
    head, live = {"userName": "ann@example.com"}, {"userName": "lee@example.com"}

    assert "drift" == earlier.attributes(ANN, ["userName"], head, live)


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        (with_ann(in_scope=False, title="Senior"), "this_change"),
        (with_ann(title="Senior"), "drift"),
        (with_ann(title="Intern"), "conflict"),
    ],
)
def test_whoever_comes_back_does_so_for_a_reason(base: DesiredState, expected: Cause) -> None:
    """That they are active again, or what changes on the way: the graver of the two."""
    found = Earlier(base).reactivation(ANN, ["title"], {"title": "Senior"}, {"title": "Analyst"})

    assert expected == found


def test_a_manager_who_was_not_in_the_account_then_is_drift_by_the_table() -> None:
    """Git is as it was, and the account differs: an edit of another user's scope causes only changes of that user."""
    base = desired_state(desired_user("ann", {"manager": "user/bob"}), desired_user("bob", in_scope=False))

    assert "drift" == Earlier(base).attributes(ANN, ["manager"], {"manager": "user/bob"}, {})


def test_a_manager_who_was_cleared_was_spoken_of() -> None:
    """Null is a word too."""
    assert "drift" == Earlier(with_ann(manager=None)).attributes(ANN, ["manager"], {"manager": None}, {"manager": "x"})


def test_of_several_attributes_the_gravest_counts() -> None:
    """One change, one cause."""
    earlier = Earlier(with_ann(title="Senior", site="London"))
    head, live = {"title": "Senior", "site": "Paris"}, {"title": "Analyst", "site": "London"}

    assert "drift" == earlier.attributes(ANN, ["title"], head, live)
    assert "this_change" == earlier.attributes(ANN, ["title", "site"], head, live)


@pytest.mark.parametrize(
    ("base", "applied", "head", "expected"),
    [
        (None, None, True, "this_change"),
        (EMPTY, None, True, "this_change"),
        (with_desk(), None, True, "this_change"),
        (UNMANAGED_DESK, None, True, "this_change"),
        (with_desk("ann"), None, True, "drift"),
        (with_desk("ann"), with_desk(), True, "merged"),
        (with_desk("ann"), with_desk("ann"), True, "drift"),
        (with_desk("ann"), UNMANAGED_DESK, True, "merged"),
        (with_desk("ann"), None, False, "this_change"),
        (UNMANAGED_DESK, None, False, "this_change"),
        (with_desk(), None, False, "drift"),
        (with_desk(), with_desk("ann"), False, "merged"),
    ],
)
def test_a_member_enters_or_leaves_for_a_reason(
    base: DesiredState | None,
    applied: DesiredState | None,
    head: bool,  # noqa: FBT001
    expected: Cause,
) -> None:
    """A group that an earlier state left unmanaged was right as it was."""
    assert expected == Earlier(base, applied).members(DESK, ["user/ann"], head=head)


def test_a_stranger_in_a_group_is_drift() -> None:
    """A person added the user by hand."""
    assert "drift" == Earlier(with_desk("ann")).members(DESK, ["id/4711"], head=False)


@pytest.mark.parametrize(
    ("base", "applied", "head", "expected"),
    [
        (None, None, True, "this_change"),
        (with_ann(), None, True, "this_change"),
        (with_ann(roles=[]), None, True, "this_change"),
        (with_ann(roles=["auditor"]), None, True, "drift"),
        (with_ann(roles=["auditor"]), with_ann(roles=[]), True, "merged"),
        (with_ann(roles=["auditor"]), None, False, "this_change"),
        (with_ann(roles=[]), None, False, "drift"),
        (with_ann(roles=[]), with_ann(roles=["auditor"]), False, "merged"),
        (with_ann(), None, False, "this_change"),
    ],
)
def test_a_role_comes_or_goes_for_a_reason(
    base: DesiredState | None,
    applied: DesiredState | None,
    head: bool,  # noqa: FBT001
    expected: Cause,
) -> None:
    """Roles that were not managed were right as they were."""
    assert expected == Earlier(base, applied).roles(ANN, ["auditor"], head=head)


def test_what_earlier_states_declare_is_known_with_the_base_before_the_applied() -> None:
    """A user of either state may have left git."""
    base, applied = with_ann(title="Senior"), desired_state(desired_user("ann"), desired_user("bob"))
    earlier = Earlier(base, applied)

    assert {ANN: base.users[ANN], user_key("bob"): applied.users[user_key("bob")]} == earlier.users()
    assert {DESK: with_desk("ann").groups[DESK]} == Earlier(with_desk("ann"), UNMANAGED_DESK).groups()
    assert {} == Earlier().users()
    assert {} == Earlier().groups()


def test_who_left_git_before_the_branch_began_is_merged() -> None:
    """A pull request that edits no YAML has no `this_change`, even if changes are pending."""
    assert "merged" == Earlier(EMPTY, with_ann()).removal(ANN)
    assert "this_change" == Earlier(with_ann()).removal(ANN)


@pytest.mark.parametrize(
    ("base", "applied", "expected"),
    [
        (replace(EMPTY, ignores_removed=True), None, "this_change"),
        (EMPTY, replace(EMPTY, ignores_removed=True), "merged"),
        (EMPTY, EMPTY, "drift"),
    ],
)
def test_a_policy_that_ends_takes_access_away_and_no_hand_gave_it(
    base: DesiredState, applied: DesiredState | None, expected: Cause
) -> None:
    """Under `on_removed: ignore` a leaver's access was right."""
    assert expected == Earlier(base, applied).removal(ANN)
    assert "drift" == Earlier(replace(EMPTY, ignores_removed=True)).removal(DESK)


def test_who_was_out_of_scope_and_ignored_goes_by_this_change() -> None:
    """Under `on_out_of_scope: ignore` the account was right."""
    ignored = replace(with_ann(in_scope=False), ignores_out_of_scope=True)

    assert "this_change" == Earlier(ignored).presence(ANN, head=False)
    assert "merged" == Earlier(with_ann(in_scope=False), ignored).presence(ANN, head=False)


def test_members_of_a_group_that_left_git_before_the_branch_began_are_merged() -> None:
    """The same for what they leave."""
    assert "merged" == Earlier(EMPTY, with_desk("ann")).removal(DESK)


def test_a_group_that_becomes_authoritative_loses_its_strangers_by_this_change() -> None:
    """While the base was additive, undeclared members were right."""
    assert "this_change" == Earlier(with_desk("bob", authoritative=False)).members(DESK, ["user/ann"], head=False)


def test_a_manager_who_is_out_of_scope_and_live_drifts_like_any_other() -> None:
    """Git is the same at the base; the account was changed by hand."""
    state = desired_state(desired_user("ann", {"manager": "user/eve"}), desired_user("eve", in_scope=False))
    live = live_state(live_user("ann"), live_user("eve", active=False))
    decided = decide_changes(state, live, SANDBOX, Earlier(state), evidence_of(Earlier(state)))

    assert [("update_user", "drift")] == [(change.action, change.cause) for change in decided.changes]


def test_what_was_out_of_scope_was_nobodys_business() -> None:
    """What it had then was right; that it is to be otherwise now is by this change."""
    was = desired_state(desired_group("desk", [], in_scope=False), desired_user("ann", {"title": "x"}, in_scope=False))
    earlier = Earlier(base=was)

    assert "this_change" == earlier.members(DESK, ["user/ann"], head=False)
    assert "this_change" == earlier.attributes(ANN, ["title"], {"title": "x"}, {"title": "y"})
