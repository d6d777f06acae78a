"""Which facets of a plan are drift: what git is about to change is not."""

from __future__ import annotations

from reconciler.core.changes.drift import split_drift
from reconciler.core.changes.plan import UpdateUser
from tests.core.adopted import applied
from tests.core.changes.test_notification import drifted

BEFORE = """\
users:
  ann: {userName: ann@example.com, title: Clerk, department: IT}
  bob: {userName: bob@example.com}
groups:
  desk: {displayName: Desk, members: [ann]}
role_assignments:
  - {role: specialist, users: [ann, bob]}
"""
SPECIALISTS = [{"value": "specialist"}]


def test_what_git_asks_for_and_is_not_applied_is_pending() -> None:
    """And what both sides changed is drift: somebody changed it by hand."""
    changes = tuple(
        UpdateUser(key=f"user/{cause}", cause=cause) for cause in ("drift", "conflict", "this_change", "merged")
    )
    drift, pending = split_drift(drifted().model_copy(update={"changes": changes}))

    assert ["drift", "conflict"] == [change.cause for change in drift]
    assert ["this_change", "merged"] == [change.cause for change in pending]


def test_an_attribute_that_was_changed_by_hand_is_drift() -> None:
    """And one that git changes is not, though both stand in one update."""
    company = applied(BEFORE).user("ann", title="Chief")
    now = company.drift(
        "tenants: {sandbox: {url: sandbox, scope: all}}\n" + BEFORE.replace("department: IT", "department: HR")
    )

    [one] = now[1]
    assert ["title"] == [attribute.path for attribute in one.attributes]


def test_what_both_sides_changed_is_not_drift() -> None:
    """Nobody knows which of the two should win; named, the account does."""
    company = applied(BEFORE).user("ann", title="Chief")
    now = "tenants: {sandbox: {url: sandbox, scope: all}}\n" + BEFORE.replace("Clerk", "Head")

    assert [] == company.drift(now)[1]
    [one] = company.drift(now, named=["user/ann"])[1]
    assert ["title"] == [attribute.path for attribute in one.attributes]


def test_members_and_roles_drift_one_by_one() -> None:
    """Those who came and those who went; what was granted and what was revoked."""
    company = applied(BEFORE).group("desk", came=["bob"], went=["ann"])
    company.user("ann", roles=[*SPECIALISTS, {"value": "auditor"}]).user("bob", roles=[])

    found = {(one.change.action, str(one.key), one.members, one.roles) for one in company.drift()[1]}
    assert {
        ("add_members", "group/desk", ("user/ann",), ()),
        ("remove_members", "group/desk", ("user/bob",), ()),
        ("revoke_roles", "user/ann", (), ("auditor",)),
        ("grant_roles", "user/bob", (), ("specialist",)),
    } == found


def test_whoever_was_deactivated_or_deleted_by_hand_drifted() -> None:
    """That they are there is a facet too."""
    company = applied(BEFORE).user("ann", active=False).gone("bob")

    found = {(one.change.action, one.presence) for one in company.drift()[1]}
    assert {("reactivate_user", True), ("create_user", True)} == found


def test_whom_git_adds_or_takes_out_did_not_drift() -> None:
    """That is what the next apply is for."""
    now = "tenants: {sandbox: {url: sandbox, scope: all}}\n" + BEFORE.replace(
        "  bob:", "  cid: {userName: cid@example.com}\n  bob:"
    )

    assert [] == applied(BEFORE).drift(now)[1]
