"""Somebody whom git does not declare: what that means, what a plan does, and which edit would declare them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import pytest

from reconciler.core.access.compile import compile_state
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.clause import Filter, Filters
from reconciler.core.declarations.declared import Declarations, DeclaredAssignment
from reconciler.core.declarations.rule import LocatedRule, MappingRule, Mappings
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.explanation.account_view import AccountView, view_account
from reconciler.core.explanation.undeclared_user import (
    GitStates,
    Managing,
    UndeclaredUser,
    explain_leaver,
    explain_unmanaged,
)
from reconciler.core.model.resources import LiveUser, Value
from tests.core.examples import (
    THERE,
    assignment,
    clause,
    declarations,
    declared_group,
    declared_user,
    evidence_of,
    live_group,
    live_state,
    live_user,
    user_key,
)

TODAY = date(2026, 3, 31)
ANN, CID = declared_user("ann"), declared_user("cid", department="Finance")
EVERYONE = Tenant(url="sandbox", scope="all")
FINANCE = Filters(users=(Filter("Money", (clause("department", "EQUALS", "Finance"),), THERE),))


@dataclass(frozen=True)
class World:
    """What git says now and said before, and the account; `ask` explains."""

    now: Declarations
    then: Declarations | None = None

    @property
    def git(self) -> GitStates:
        before = compile_state(self.then, "production", TODAY) if self.then else None
        known = self.then.users if self.then else {}
        return GitStates(
            self.now,
            "production",
            TODAY,
            Earlier(base=before),
            known,
            "abc123" if before else None,
            evidence_of(Earlier(base=before)),
        )

    def leaver(self, *live: LiveUser, name: str = "cid") -> UndeclaredUser:
        git = self.git
        return explain_leaver(git, git.earlier.users()[user_key(name)], self._beside(*live))

    def leaver_alone(self) -> UndeclaredUser:
        git = self.git
        return explain_leaver(git, git.earlier.users()[user_key("cid")], None)

    def unmanaged(self, live: LiveUser, *others: LiveUser) -> UndeclaredUser:
        beside = self._beside(live, *others)
        return explain_unmanaged(self.git, live, beside)

    def _beside(self, *live: LiveUser) -> AccountView:
        git = self.git
        account = live_state(*live, live_group("staff", [one.id.removeprefix("id-") for one in live]))
        return view_account(git.state(), account, git.tenant, git.earlier, git.evidence)


def world(
    *roles: DeclaredAssignment, tenant: Tenant = EVERYONE, filters: Filters | None = None, left: bool = True
) -> World:
    """Ann is declared; Cid was, with the role of auditor, where he `left`."""
    now = replace(declarations([ANN], [], roles, tenant), filters=filters or Filters())
    then = replace(declarations([ANN, CID], [], [assignment("auditor", "cid")], tenant))
    return World(now, then if left else None)


def with_user(name: str, **attributes: str) -> Declarations:
    """Ann, and somebody whose key does not follow from their userName."""
    one = declared_user(name, **attributes)
    return replace(declarations([ANN], tenant=EVERYONE), users={"ann": ANN, name: one})


def told(managing: Managing | None) -> tuple[tuple[str, ...], str, list[str] | None]:
    assert managing is not None
    plan = managing.plan
    return managing.edits, managing.verdict, None if plan is None else [one.action for one in plan]


def test_a_leaver_is_told_with_what_becomes_of_them_and_how_to_declare_them_again() -> None:
    """As they were, with the role that they had."""
    leaver = world().leaver(live_user("cid", {"department": "Finance"}, roles=["auditor"]))

    assert (
        "left git: declared at desired-state/people.yaml:3 when abc123 was applied. "
        "They are active, and deactivated by the next apply. Nothing is deleted."
    ) == leaver.verdict
    assert leaver.account is not None
    assert ["deactivate_user"] == [one.action for one in leaver.account.plan]
    edits = ("declare cid again, as at desired-state/people.yaml:3 of abc123", "assign the role auditor to cid")
    assert (edits, "holds auditor; no scoping filters", []) == told(leaver.manage)
    assert leaver == UndeclaredUser.model_validate_json(leaver.model_dump_json())


def test_a_leaver_is_told_of_without_the_account_too() -> None:
    """What becomes of them depends on whether they are active."""
    leaver = world().leaver_alone()

    assert leaver.verdict.endswith("If active, they are deactivated by the next apply.")
    assert (None, None) == (leaver.account, told(leaver.manage)[2])


@pytest.mark.parametrize(
    ("tenant", "live", "fate"),
    [
        (EVERYONE, [], "No user of the account clearly matches them, and nothing is changed."),
        (EVERYONE, [live_user("cid", active=False)], "They are inactive already."),
        (
            Tenant(url="sandbox", scope="all", on_removed="ignore"),
            [live_user("cid")],
            "They are active, and not changed: on_removed is ignore. Nothing is deleted.",
        ),
    ],
)
def test_what_becomes_of_a_leaver_depends_on_the_account_and_the_tenant(
    tenant: Tenant, live: list[LiveUser], fate: str
) -> None:
    """In a sentence."""
    assert fate in world(tenant=tenant).leaver(*live).verdict


def test_who_is_declared_under_another_key_by_now_has_not_left() -> None:
    """And needs no other edit: userName and employeeNumber are the same."""
    then = declarations([ANN, declared_user("cid", employeeNumber="7")], tenant=EVERYONE)
    now = with_user("bob", userName="cid@example.com", employeeNumber="7")
    leaver = World(now, then).leaver(live_user("cid"))

    assert "They are now declared as user/bob, and that declaration counts." in leaver.verdict
    assert (None, "they are under management as user/bob") == (leaver.manage, leaver.obstacle)


def test_a_leaver_who_would_be_out_of_scope_is_told_what_else_it_takes() -> None:
    """A role where one is needed, for they had none of their own."""
    tenant = Tenant(url="sandbox")
    then = declarations([ANN, CID], [declared_group("all", ["cid"])], [assignment("user", groups=["all"])], tenant)
    leaver = World(declarations([ANN], tenant=tenant), then).leaver(live_user("cid"))

    assert ("assign the role user to cid",) == told(leaver.manage)[0][1:]


def test_a_leaver_whom_no_edit_brings_back_into_scope_is_managed_out_of_it() -> None:
    """The verdict says so, and the plan that they lose access."""
    impossible = (clause("title", "EQUALS", "a"), clause("title", "EQUALS", "b"))
    leaver = world(filters=Filters(users=(Filter("None", impossible, THERE),))).leaver(live_user("cid"))

    edits, verdict, plan = told(leaver.manage)
    assert (1, ["deactivate_user"]) == (len(edits) - 1, plan)
    assert verdict.startswith("passes no scoping filter")


def test_somebody_unmanaged_is_told_so_and_how_git_would_declare_them() -> None:
    """As they are: with what filters ask for and the roles that they hold, so that nothing changes but the key."""
    zoe = live_user("zoe", {"department": "Finance", "title": "Clerk"}, roles=["auditor"])
    one = world(assignment("user", "ann"), tenant=Tenant(url="sandbox"), filters=FINANCE).unmanaged(zoe)

    assert one.verdict == (
        "is unmanaged: in the account, and git does not declare them, and did not when abc123 was applied. "
        "A plan lists them and does not change them; nothing is ever deleted."
    )
    assert ("unmanaged", None, ()) == (one.standing, one.key, one.account and one.account.plan)
    edits = (
        "declare zoe under users, with userName: zoe@example.com, department: Finance",
        "assign the role auditor to zoe",
    )
    assert (edits, 'holds auditor; passes "Money"', []) == told(one.manage)


def test_somebody_unmanaged_whom_a_group_loses_is_told_that() -> None:
    """They are never changed, but git alone may decide who is in a group."""
    declared = declarations([ANN], [declared_group("staff", ["ann"])], tenant=EVERYONE)
    one = World(declared).unmanaged(live_user("zoe"))

    assert "does not change them, except that authoritative groups remove them;" in one.verdict
    assert one.account is not None
    assert ["remove_members"] == [planned.action for planned in one.account.plan]


@pytest.mark.parametrize(
    ("attributes", "active", "declared", "then"),
    [
        ({}, True, "declare zoe under users, with userName: zoe@example.com", []),
        ({"externalId": "17"}, True, 'declare zoe under users, with userName: zoe@example.com, externalId: "17"', []),
        ({"externalId": None}, True, "declare zoe under users, with userName: zoe@example.com", ["update_user"]),
        ({}, False, "declare zoe under users, with userName: zoe@example.com, active: false", []),
        (
            {"externalId": "ann", "userName": "ann@example.org"},
            True,
            "declare ann-2 under users, with userName: ann@example.org, externalId: ann",
            None,
        ),
    ],
)
def test_the_declaration_is_the_least_that_keeps_who_they_are(
    attributes: dict[str, Value],
    active: bool,  # noqa: FBT001  # a row of a table
    declared: str,
    then: list[str] | None,
) -> None:
    """Whoever is inactive stays so; and a plan then does no more than give them their key."""
    now = declarations([declared_user("ann", externalId="x")], tenant=EVERYONE)
    edits, _verdict, plan = told(World(now).unmanaged(live_user("zoe", attributes, active=active)).manage)

    assert (declared,) == edits
    assert then in (None, plan)


def test_filters_on_values_of_many_are_met_with_what_the_account_has() -> None:
    """Spelled so that it can be pasted."""
    by_mail = Filters(users=(Filter("Mail", (clause("emails.value", "ENDS_WITH", "@example.com"),), THERE),))
    emails: list[dict[str, str | bool | int | float]] = [{"value": "z@example.com"}]
    one = world(filters=by_mail, left=False).unmanaged(live_user("zoe", {"emails": emails}))

    assert told(one.manage)[0][0].endswith('emails: [{"value": "z@example.com"}]')


def test_somebody_who_could_be_one_of_git_is_unclear() -> None:
    """Nothing is told to declare: they may be declared."""
    one = World(with_user("bob", externalId="zoe", userName="yan@example.com")).unmanaged(
        live_user("zoe"), live_user("yan", {"externalId": "zoe"})
    )

    assert ("unclear", None) == (one.standing, one.manage)
    assert one.verdict.startswith("is unclear: user/bob could be this user")
    assert "give user/bob an externalId or userName that only one user of the account has" == one.obstacle


def test_who_has_no_name_that_git_could_find_them_by_can_not_be_declared() -> None:
    """Until that is corrected where it is wrong."""
    one = World(declarations([ANN], tenant=EVERYONE)).unmanaged(live_user("zoe", {"userName": None}))

    assert (None, True) == (one.manage, "correct their userName" in (one.obstacle or ""))


def test_an_edit_that_would_be_a_problem_is_not_told() -> None:
    """Two of git with one userName are none."""
    leaver = World(with_user("bob", userName="cid@example.com"), world().then).leaver_alone()

    assert leaver.manage is None
    assert "have the same userName" in (leaver.obstacle or "")


def test_an_edit_by_which_they_would_not_be_found_is_not_told() -> None:
    """Where users match by what the account does not have of them."""
    rule = MappingRule(target="employeeNumber", source="employeeNumber", matching=1)
    now = replace(declarations([ANN], tenant=EVERYONE), mappings=Mappings(users=(LocatedRule(rule, THERE),)))
    one = World(now).unmanaged(live_user("zoe"))

    assert (None, "this declaration would not match them: users match by employeeNumber") == (one.manage, one.obstacle)
