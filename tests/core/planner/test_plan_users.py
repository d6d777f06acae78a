"""The changes to a user: the decision table, row by row."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from reconciler.core.changes.plan import Change, CreateUser, DeactivateUser, GrantRoles, RevokeRoles, UpdateUser
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.resources import DesiredGroup, DesiredUser, LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState
from reconciler.core.planner.planner import Decisions, decide_changes
from tests.core.examples import HERE, SANDBOX, desired_state, desired_user, evidence_of, live_state, live_user

IGNORE = Tenant(url="sandbox", on_out_of_scope="ignore", on_removed="ignore")
IGNORED = "left git, covered by apply #1 at commit aaaaaaaaaaaa; on_removed is ignore"
BEFORE = Earlier(desired_state(desired_user("ann")))


def decide(
    desired: DesiredState | DesiredUser | DesiredGroup,
    *live: LiveUser | LiveGroup,
    tenant: Tenant = SANDBOX,
    earlier: Earlier | None = None,
) -> Decisions:
    state = desired if isinstance(desired, DesiredState) else desired_state(desired)
    earlier = earlier or Earlier()
    return decide_changes(state, live_state(*live), tenant, earlier, evidence_of(earlier))


def actions(changes: Sequence[Change]) -> list[tuple[str, str]]:
    return [(change.action, change.key) for change in changes]


@pytest.mark.parametrize(
    ("user", "live", "tenant", "expected", "skipped"),
    [
        (desired_user("ann"), None, SANDBOX, ["create_user"], None),
        (desired_user("ann"), live_user("ann"), SANDBOX, [], None),
        (desired_user("ann", {"title": "Senior"}), live_user("ann"), SANDBOX, ["update_user"], None),
        (desired_user("ann"), live_user("ann", active=False), SANDBOX, ["reactivate_user"], None),
        (desired_user("ann", in_scope=False), live_user("ann"), SANDBOX, ["deactivate_user"], None),
        (
            desired_user("ann", in_scope=False),
            live_user("ann"),
            IGNORE,
            [],
            "holds no role; on_out_of_scope is ignore",
        ),
        (desired_user("ann", in_scope=False), None, SANDBOX, [], "holds no role; not in the account"),
        (
            desired_user("ann", in_scope=False),
            live_user("ann", active=False),
            SANDBOX,
            [],
            "holds no role; inactive already",
        ),
    ],
)
def test_what_becomes_of_a_user_in_git_follows_the_table(
    user: DesiredUser, live: LiveUser | None, tenant: Tenant, expected: list[str], skipped: str | None
) -> None:
    """In scope or not, live or not, active or not."""
    decided = decide(user, *([live] if live else []), tenant=tenant)

    assert [(action, "user/ann") for action in expected] == actions(decided.changes)
    assert ([skipped] if skipped else []) == [one.reason for one in decided.skipped]
    assert () == decided.unmanaged


@pytest.mark.parametrize(
    ("live", "tenant", "earlier", "expected", "skipped", "unmanaged"),
    [
        (live_user("ann"), SANDBOX, BEFORE, ["deactivate_user"], [], []),
        (live_user("ann"), SANDBOX, Earlier(applied=BEFORE.base), ["deactivate_user"], [], []),
        (
            live_user("ann"),
            IGNORE,
            BEFORE,
            [],
            [IGNORED],
            [],
        ),
        (live_user("ann", active=False), SANDBOX, BEFORE, [], [], []),
        (None, SANDBOX, BEFORE, [], [], []),
        (live_user("ann"), SANDBOX, Earlier(), [], [], ["id-ann"]),
        (live_user("ann", active=False), SANDBOX, Earlier(), [], [], ["id-ann"]),
    ],
)
def test_what_becomes_of_a_user_who_is_not_in_git_follows_the_table(  # noqa: PLR0913, PLR0917  # its columns
    live: LiveUser | None,
    tenant: Tenant,
    earlier: Earlier,
    expected: list[str],
    skipped: list[str],
    unmanaged: list[str],
) -> None:
    """A user that an apply covered has left; an undeclared user without that is listed and never changed."""
    decided = decide(desired_state(), *([live] if live else []), tenant=tenant, earlier=earlier)

    assert expected == [change.action for change in decided.changes]
    assert skipped == [one.reason for one in decided.skipped]
    assert unmanaged == [one.id for one in decided.unmanaged]


def test_a_create_has_everything_that_is_assigned() -> None:
    """Cleared and unmanaged attributes are not in it."""
    user = desired_user("ann", {"title": "Analyst", "site": None}, roles=["specialist", "auditor"])
    [change] = decide(user).changes

    assert isinstance(change, CreateUser)
    assert {"externalId": "ann", "userName": "ann@example.com", "title": "Analyst"} == {
        one.path: one.after for one in change.attributes
    }
    assert [None, None, None] == [one.before for one in change.attributes]
    assert (("auditor", "specialist"), None, HERE) == (change.roles, change.target_id, change.source)


def test_an_update_has_what_differs_and_nothing_else() -> None:
    """Null clears, absent is left alone, and what is equal is not written again."""
    user = desired_user("ann", {"title": None, "site": "London", "department": "Finance"})
    live = live_user("ann", {"title": "Analyst", "site": "Paris", "department": "Finance", "nickName": "Annie"})
    [change] = decide(user, live).changes

    assert isinstance(change, UpdateUser)
    expected = [("site", "Paris", "London"), ("title", "Analyst", None)]
    assert expected == [(one.path, one.before, one.after) for one in change.attributes]
    assert "id-ann" == change.target_id


def test_whoever_comes_back_gets_what_differs_in_the_same_change() -> None:
    """One request, one change."""
    [change] = decide(desired_user("ann", {"title": "Senior"}), live_user("ann", active=False)).changes

    assert ("reactivate_user", ["title"]) == (change.action, [one.path for one in change.attributes])


def test_a_user_found_by_another_attribute_is_adopted() -> None:
    """The reason names the attribute that found the user."""
    [change] = decide(desired_user("ann"), live_user("ann", {"externalId": "from-entra"})).changes

    assert [("externalId", "from-entra", "ann")] == [(one.path, one.before, one.after) for one in change.attributes]
    assert "adopt: found by userName; holds user" == change.reason


def test_a_changed_user_name_is_an_update_and_not_a_leaver_and_a_joiner() -> None:
    """The key is for life."""
    user = desired_user("ann", {"userName": "ann.roy@example.com"})

    assert [("update_user", "user/ann")] == actions(decide(user, live_user("ann"), earlier=BEFORE).changes)


def test_a_key_that_was_renamed_keeps_its_person() -> None:
    """A user with the same userName and employeeNumber has not left under the old key."""
    before = Earlier(desired_state(desired_user("ann", {"employeeNumber": "7"})))
    user = desired_user("anne", {"userName": "ann@example.com", "employeeNumber": "7"})
    decided = decide(user, live_user("ann", {"employeeNumber": "7"}), earlier=before)

    assert [("update_user", "user/anne")] == actions(decided.changes)
    assert ["renamed_key"] == [problem.code for problem in decided.problems]


def test_nothing_is_done_about_somebody_unclear() -> None:
    """The user is skipped, and the problem names all candidates."""
    decided = decide(
        desired_user("ann", {"title": "x"}), live_user("one", {"externalId": "ann"}), live_user("ann", {"title": "y"})
    )

    assert ((), ["no clear match in the account"]) == (
        decided.changes,
        [one.reason for one in decided.skipped],
    )
    assert ["ambiguous"] == [problem.code for problem in decided.problems]
    assert () == decided.unmanaged


@pytest.mark.parametrize(
    ("held", "wanted", "expected"),
    [
        ([], None, []),
        (["auditor"], None, []),
        (["auditor"], ["auditor"], []),
        ([], ["auditor"], [("grant_roles", ("auditor",))]),
        (["auditor"], [], [("revoke_roles", ("auditor",))]),
        (["b", "a"], ["c", "d"], [("grant_roles", ("c", "d")), ("revoke_roles", ("a", "b"))]),
        (["account_owner"], [], []),
        (
            ["account_owner", "auditor"],
            ["specialist"],
            [("grant_roles", ("specialist",)), ("revoke_roles", ("auditor",))],
        ),
    ],
)
def test_roles_are_granted_and_revoked_as_whole_sets_and_the_owner_is_never_touched(
    held: list[str], wanted: list[str] | None, expected: list[tuple[str, tuple[str, ...]]]
) -> None:
    """Where git assigns no roles at all they are not managed."""
    changes = decide(desired_user("ann", roles=wanted), live_user("ann", roles=held)).changes

    assert expected == [(change.action, change.roles) for change in changes]
    assert all(change.held == tuple(sorted(held)) for change in changes)
    assert all(isinstance(change, GrantRoles | RevokeRoles) for change in changes)


def test_a_deactivated_user_keeps_their_attributes_and_roles() -> None:
    """One change, and no revocations beside it."""
    [change] = decide(
        desired_user("ann", {"title": None}, in_scope=False), live_user("ann", {"title": "x"}, roles=["auditor"])
    ).changes

    assert isinstance(change, DeactivateUser)
    assert ((), (), "holds no role") == (change.attributes, change.roles, change.reason)


def test_a_manager_is_a_key_on_both_sides() -> None:
    """Whether they are there already or come with this plan."""
    ann, bob = desired_user("ann", {"manager": "user/bob"}), desired_user("bob")
    there = decide(desired_state(ann, bob), live_user("ann", {"manager": "id-bob"}), live_user("bob"))
    moved = decide(desired_state(ann, bob), live_user("ann", {"manager": "id-zoe"}), live_user("bob"))
    new = decide(desired_state(ann, bob), live_user("ann"))

    assert () == there.changes
    assert [("manager", "id/id-zoe", "user/bob")] == [
        (one.path, one.before, one.after) for one in moved.changes[0].attributes
    ]
    assert [("create_user", "user/bob"), ("update_user", "user/ann")] == actions(new.changes)


def test_a_manager_who_is_not_there_and_will_not_be_is_left_out_with_a_warning() -> None:
    """The plan in which they appear picks it up."""
    ann, bob = desired_user("ann", {"manager": "user/bob"}), desired_user("bob", in_scope=False)
    decided = decide(desired_state(ann, bob))
    later = decide(desired_state(ann, bob), live_user("ann"), live_user("bob", active=False))

    assert ["externalId", "userName"] == [one.path for one in decided.changes[0].attributes]
    assert [("manager_not_live", "warning", HERE)] == [(one.code, one.severity, one.source) for one in decided.problems]
    assert [("manager", None, "user/bob")] == [(one.path, one.before, one.after) for one in later.changes[0].attributes]


def test_a_cleared_manager_is_cleared() -> None:
    """Null is clear, for references too."""
    [change] = decide(desired_user("ann", {"manager": None}), live_user("ann", {"manager": "id-zoe"})).changes

    assert [("manager", "id/id-zoe", None)] == [(one.path, one.before, one.after) for one in change.attributes]


def test_new_people_who_manage_each_other_are_created_first_and_linked_after() -> None:
    """The second change of the first of them has no target yet."""
    ann, bob = desired_user("ann", {"manager": "user/bob"}), desired_user("bob", {"manager": "user/ann"})
    first, second, later = decide(desired_state(ann, bob)).changes

    assert [("create_user", "user/ann"), ("create_user", "user/bob"), ("update_user", "user/ann")] == actions(
        [first, second, later]
    )
    assert ["externalId", "userName"] == [one.path for one in first.attributes]
    assert [("manager", None, "user/bob")] == [(one.path, one.before, one.after) for one in later.attributes]
    assert later.target_id is None


def test_roles_whose_last_assignment_left_git_before_the_branch_began_are_merged() -> None:
    """A pull request that edits no YAML has no `this_change`."""
    now = desired_state(desired_user("ann"))
    earlier = Earlier(base=now, applied=desired_state(desired_user("ann", roles=["auditor"])))
    [change] = decide(now, live_user("ann", roles=["auditor"]), earlier=earlier).changes

    assert ("revoke_roles", "merged") == (change.action, change.cause)


def test_what_the_last_assignment_gave_does_not_stay_behind() -> None:
    """Git assigned roles before and assigns none now: that they are unmanaged from here on must not keep the access."""
    before = Earlier(desired_state(desired_user("ann", roles=["auditor"])))
    live = live_user("ann", roles=["account_owner", "auditor"])

    [change] = decide(desired_user("ann"), live, earlier=before).changes

    assert ("revoke_roles", ("auditor",), "this_change") == (change.action, change.roles, change.cause)
    assert () == decide(desired_user("ann"), live).changes
