"""The roles that a user gains and loses over REST, and the roles that wait for 4me to link a person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.resources import DesiredUser, LiveUser
from reconciler.core.planner.planner import Decisions, decide_changes, list_role_lookups
from tests.core.examples import SANDBOX, desired_state, desired_user, evidence_of, live_state, live_user

REST = Tenant(url="sandbox", roles_via="permissions")
LENIENT = Tenant(url="sandbox", roles_via="permissions", on_out_of_scope="ignore", on_removed="ignore")
AUDITOR = frozenset({"auditor"})
BEFORE = Earlier(desired_state(desired_user("ann", roles=["auditor"])))


def person(name: str, *roles: str, active: bool = True, number: str | None = "31", looked_up: bool = True) -> LiveUser:
    """A user with a linked person who holds those roles."""
    return replace(live_user(name, active=active, roles=roles), person=number, roles_looked_up=looked_up)


def decide(
    users: list[DesiredUser], *live: LiveUser, tenant: Tenant = REST, earlier: Earlier | None = None, me: str = "90"
) -> Decisions:
    earlier = earlier or Earlier()
    account = replace(live_state(*live), me=me)
    return decide_changes(desired_state(*users), account, tenant, earlier, evidence_of(earlier))


def told(decided: Decisions) -> list[tuple[str, str | None, tuple[str, ...], tuple[str, ...]]]:
    return [(one.action, one.target_id, one.roles, one.held) for one in decided.changes]


def test_roles_are_granted_and_revoked_on_the_person() -> None:
    """With all that is held, for the whole set is written."""
    decided = decide([desired_user("ann", roles=["specialist"])], person("ann", "auditor"))

    assert [
        ("grant_roles", "31", ("specialist",), ("auditor",)),
        ("revoke_roles", "31", ("auditor",), ("auditor",)),
    ] == told(decided)


def test_what_git_can_not_assign_is_kept() -> None:
    """The owner, and what is newer than this program: held, and never revoked."""
    decided = decide([desired_user("ann", roles=[])], person("ann", "account_owner", "brand_new", "auditor"))

    assert [("revoke_roles", "31", ("auditor",), ("account_owner", "auditor", "brand_new"))] == told(decided)


def test_without_roles_in_git_nobodys_are_touched() -> None:
    """Unless there were some: then what they gave goes."""
    assert [] == told(decide([desired_user("ann")], person("ann", "auditor")))
    assert [("revoke_roles", "31", ("auditor",), ("auditor",))] == told(
        decide([desired_user("ann")], person("ann", "auditor"), earlier=BEFORE)
    )


def test_a_new_user_is_created_without_roles_and_the_person_gets_them_in_the_same_plan() -> None:
    """Over REST the person does not exist before the user; who has no role needs no person."""
    decided = decide([desired_user("ann", roles=["specialist", "auditor"]), desired_user("bob", roles=[])])

    assert [
        ("create_user", None, (), ()),
        ("create_user", None, (), ()),
        ("grant_roles", None, ("auditor", "specialist"), ()),
    ] == told(decided)
    assert [False, False, True] == [change.awaits_person for change in decided.changes]
    assert decided.changes[2].reason.endswith("; granted once 4me has linked a person to the new user")
    assert () == decided.skipped


def test_a_new_user_gets_roles_for_the_cause_of_the_create() -> None:
    """This change, merged and not applied yet, or drift, if somebody removed the user by hand."""
    ann = desired_user("ann", roles=["auditor"])
    with_ann, without = desired_state(ann), desired_state()
    pasts = [Earlier(without), Earlier(with_ann, without), Earlier(with_ann, with_ann)]

    causes = [[change.cause for change in decide([ann], earlier=past).changes] for past in pasts]

    assert [["this_change"] * 2, ["merged"] * 2, ["drift"] * 2] == causes


def test_who_has_no_person_yet_is_granted_roles_that_wait_for_one() -> None:
    """The grant names the SCIM user, because no person is known; a user without assigned roles has none."""
    decided = decide(
        [desired_user("ann", roles=["auditor"]), desired_user("bob", roles=[])],
        person("ann", number=None),
        person("bob", number=None),
    )

    assert [("grant_roles", "id-ann", ("auditor",), ())] == told(decided)
    [grant] = decided.changes
    assert grant.awaits_person
    assert grant.reason.endswith("; granted once 4me has linked a person to this user, which it has not done yet")
    assert () == decided.skipped


def test_who_was_not_sought_is_not_said_to_have_no_person() -> None:
    """A saved live state may have been read for another plan."""
    decided = decide([desired_user("ann", roles=["auditor"])], person("ann", number=None, looked_up=False))
    [skipped] = decided.skipped

    assert () == decided.changes
    assert "can't be granted auditor: the person's roles were not read; plan from a new read" == skipped.reason


def test_ones_own_are_left_alone_and_told_for_doing_by_hand() -> None:
    """4me refuses revocations of a person's own roles."""
    decided = decide([desired_user("ann", roles=["specialist"])], person("ann", "auditor"), me="31")

    assert () == decided.changes
    [skipped] = decided.skipped
    assert skipped.reason.endswith("grant specialist; revoke auditor by hand, or use another person's credentials")
    assert () == decide([desired_user("ann", roles=["auditor"])], person("ann", "auditor"), me="31").skipped


@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("left_git", [True, False])
def test_a_leaver_holds_nothing_whoever_made_them_inactive(*, left_git: bool, active: bool) -> None:
    """In one plan with the deactivation; also when that was done before, and this was not."""
    users = [] if left_git else [desired_user("ann", in_scope=False)]
    decided = decide(users, person("ann", "auditor", "account_owner", active=active), earlier=BEFORE)

    revoked = ("revoke_roles", "31", ("auditor",), ("account_owner", "auditor"))
    assert [revoked, *([("deactivate_user", "id-ann", (), ())] if active else [])] == told(decided)
    assert () == decided.skipped


@pytest.mark.parametrize("number", ["31", None])
def test_a_leaver_who_holds_nothing_is_only_deactivated(number: str | None) -> None:
    """Linked or not; inactive already, they are left alone as ever."""
    out = [desired_user("ann", in_scope=False)]

    assert ["deactivate_user"] == [one.action for one in decide(out, person("ann", number=number)).changes]
    [skipped] = decide(out, person("ann", active=False, number=number)).skipped
    assert "holds no role; inactive already" == skipped.reason


@pytest.mark.parametrize("users", [[], [desired_user("ann", in_scope=False)]], ids=["left git", "out of scope"])
@pytest.mark.parametrize("active", [True, False])
def test_who_is_to_be_left_as_they_are_keeps_their_roles(users: list[DesiredUser], *, active: bool) -> None:
    """`ignore` is about everything."""
    decided = decide(users, person("ann", "auditor", active=active), tenant=LENIENT, earlier=BEFORE)

    assert () == decided.changes


def test_a_leaver_who_is_oneself_is_deactivated_and_the_rest_is_told() -> None:
    """The deactivation is planned; the revocations that 4me forbids are not."""
    decided = decide([], person("ann", "auditor"), earlier=BEFORE, me="31")

    assert ["deactivate_user"] == [one.action for one in decided.changes]
    assert "revoke auditor by hand" in decided.skipped[0].reason


def test_over_scim_a_leaver_is_deactivated_and_that_is_all() -> None:
    """Over SCIM, an inactive user keeps the roles as attributes."""
    decided = decide([], live_user("ann", roles=["auditor"]), tenant=SANDBOX, earlier=BEFORE)

    assert ["deactivate_user"] == [one.action for one in decided.changes]


def test_those_are_sought_whose_roles_decide_something() -> None:
    """Managed, or leaving; not those git has no say about, or is to leave as they are."""
    ann, bob, cid = person("ann"), person("bob"), person("cid")
    users = [desired_user("ann", roles=["auditor"]), desired_user("bob"), desired_user("cid", in_scope=False)]
    gone = Earlier(desired_state(desired_user("dan"), desired_user("eve")))
    live = live_state(ann, bob, cid, person("dan"), person("zoe"))

    def lookups(tenant: Tenant) -> list[tuple[str, frozenset[str] | None]]:
        return [
            (one.user.id, one.roles)
            for one in list_role_lookups(desired_state(*users), live, tenant, gone, evidence_of(gone))
        ]

    assert [("id-ann", AUDITOR), ("id-cid", frozenset()), ("id-dan", frozenset())] == lookups(REST)
    assert [("id-ann", AUDITOR)] == lookups(LENIENT)
    assert [] == lookups(SANDBOX)
