"""Drift as edits: git follows the account."""

from __future__ import annotations

from reconciler.core.adoption.edits import SetValues
from tests.core.adopted import FILE, TENANT, applied, edits, told

TEXT = """\
users:
  ann: {userName: ann@example.com, title: Clerk}
  bob: {userName: bob@example.com}
  cid: {userName: cid@example.com, active: false}
groups:
  desk: {displayName: Desk, members: [ann]}
role_assignments:
  - {role: auditor, users: [ann]}
"""
NO_ROLE = "holds no role, and only users with a role are in scope"
ACCOUNT = TEXT.replace(", active: false", "")


def values(kind: str, name: str, **new: object) -> SetValues:
    return SetValues(FILE, (f"{kind}s", name), {(path,): value for path, value in new.items()})


def test_values_of_one_key_are_one_edit() -> None:
    """A person's, and a group's with its members."""
    company = applied(TEXT).user("ann", title="Chief").group("desk", came=["bob"], displayName="Pilots")

    assert [
        values("user", "ann", title="Chief"),
        values("group", "desk", displayName="Pilots", members=["ann", "bob"]),
    ] == edits(company.adopt())


def test_without_drift_there_are_no_edits() -> None:
    """Nothing to do is an adoption too."""
    assert [] == edits(applied(TEXT).adopt())


def test_whoever_was_deactivated_by_hand_is_declared_inactive() -> None:
    """With what else changed; the roles that went with it come back with them."""
    company = applied(TEXT).user("ann", active=False, title="Retired", roles=[])

    assert [values("user", "ann", title="Retired", active=False)] == edits(company.adopt())


def test_whoever_was_reactivated_by_hand_is_declared_active() -> None:
    """And is named, for what they hold is known only then."""
    company = applied(ACCOUNT)
    company.context = applied(TEXT).context
    adoption = company.adopt()

    assert [values("user", "cid", active=True)] == edits(adoption)
    assert {"user/cid"} == adoption.reactivated


def test_whoever_would_stay_out_of_scope_is_told() -> None:
    """By more than a word of their declaration."""
    company = applied(ACCOUNT + "  - {role: user, users: [bob, cid]}\n")
    company.context = applied(TENANT.replace("all", "assigned") + TEXT).context

    assert [
        f"{FILE}:4: user/bob is active in the account, but out of scope in git: {NO_ROLE}",
        f"{FILE}:5: user/cid is active in the account, but out of scope in git: declared inactive: active is false",
    ] == told(company.adopt())


def test_what_was_deleted_by_hand_is_told() -> None:
    """Whether they should go from git is for a person to say."""
    company = applied(TEXT).gone("bob")
    company.simulator.groups.clear()

    assert [
        f"{FILE}:4: user/bob is no longer in the account",
        f"{FILE}:7: group/desk is no longer in the account",
    ] == sorted(told(company.adopt()))


def test_whom_git_does_not_declare_any_more_is_told_when_named() -> None:
    """They have left git: there is nothing to edit."""
    company = applied(TEXT)
    now = TENANT + TEXT.replace("  bob: {userName: bob@example.com}\n", "")

    assert [f"{FILE}:4: user/bob is in the account, and git no longer declares it"] == told(
        company.adopt(now, named=["user/bob"])
    )


def test_roles_and_members_are_told_with_the_rest() -> None:
    """What can be adopted is, and what can't is said."""
    company = applied(TEXT).stranger("zoe").group("desk", came=["zoe", "bob"], went=["ann"])
    company.user("ann", roles=[{"value": "auditor"}, {"value": "problem_manager"}])
    adoption = company.adopt()

    assert (values("group", "desk", members=["bob"]),) == adoption.edits
    assert 2 == len(adoption.problems)


def test_a_group_in_which_nobody_can_be_adopted_is_not_edited() -> None:
    """The list would be the same."""
    assert 1 == len(told(applied(TEXT).stranger("zoe").group("desk", came=["zoe"]).adopt()))


def test_an_attribute_that_can_not_be_adopted_leaves_the_others() -> None:
    """Each is judged on its own."""
    company = applied(TEXT + "attribute_mappings: {users: [{target: nickName, constant: Nick}]}\n")
    adoption = company.user("ann", title="Chief", nickName="Annie").adopt()

    assert (values("user", "ann", title="Chief"),) == adoption.edits
    assert ['user/ann: nickName is "Annie" in the account; the value in git comes from a constant'] == [
        one.message for one in adoption.problems
    ]
