"""Whether a plan converges: it runs in simulation, and the changes of a second plan are reported."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.resources import DesiredGroup, DesiredUser, LiveGroup, LiveUser, Value
from reconciler.core.model.states import DesiredState
from reconciler.core.planner.planner import decide_changes
from reconciler.core.safety.converge import check_convergence
from reconciler.errors import Problem
from tests.core.examples import (
    HERE,
    SANDBOX,
    desired_group,
    desired_state,
    desired_user,
    evidence_of,
    live_group,
    live_state,
    live_user,
)

RFC = Tenant(url="sandbox", dialect="rfc7644")


def check(
    resources: list[DesiredUser | DesiredGroup],
    live: list[LiveUser | LiveGroup],
    tenant: Tenant = SANDBOX,
    before: DesiredState | None = None,
    matching: tuple[str, ...] = ("externalId", "userName"),
) -> list[Problem]:
    desired = replace(desired_state(*resources), matching=matching)
    account, earlier = live_state(*live), Earlier(before)
    decided = decide_changes(desired, account, tenant, earlier, evidence_of(earlier))
    return check_convergence(desired, account, tenant, earlier, decided)


@pytest.mark.parametrize("tenant", [SANDBOX, RFC], ids=lambda tenant: tenant.dialect)
@pytest.mark.parametrize(
    ("resources", "live"),
    [
        ([], []),
        ([desired_user("ann")], [live_user("ann")]),
        ([desired_user("ann", {"title": "x", "site": None}, roles=["auditor"])], []),
        (
            [desired_user("ann", {"title": None, "customFields.badge": 3, "name.givenName": "Ann"}, roles=[])],
            [live_user("ann", {"title": "x", "manager": "id-zoe"}, active=False, roles=["auditor", "account_owner"])],
        ),
        ([desired_user("ann", {"manager": "user/bob"}), desired_user("bob", {"manager": "user/ann"})], []),
        (
            [desired_user("ann", {"manager": "user/bob"}), desired_user("bob"), desired_group("desk", ["bob"])],
            [live_user("ann"), live_user("bob"), live_group("desk")],
        ),
        (
            [desired_user("ann"), desired_user("out", in_scope=False), desired_group("desk", ["ann"])],
            [live_user("out"), live_user("zoe"), live_group("desk", ["out", "zoe"])],
        ),
    ],
)
def test_a_plan_that_4me_takes_leaves_nothing(
    resources: list[DesiredUser | DesiredGroup], live: list[LiveUser | LiveGroup], tenant: Tenant
) -> None:
    """Creates, updates, clears, references to new users, circles, undeclared users: in both dialects."""
    assert [] == check(resources, live, tenant)


def test_who_left_git_stays_gone() -> None:
    """The second plan knows the earlier states too."""
    before = desired_state(desired_user("ann"), desired_group("desk", ["ann"]))

    assert [] == check([desired_user("bob")], [live_user("ann"), live_group("desk", ["ann"])], SANDBOX, before)


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"emails": [{"type": "work"}]}, "the next plan would change it again for user/ann (nothing → type: work)"),
        ({"madeUp": "x"}, "the next plan would change it again for user/ann (nothing → x)"),
        ({"userName": None}, "user/ann (userName is required)"),
        ({"title": True}, "user/ann (title must be a string)"),
    ],
)
def test_what_would_come_back_is_named(attributes: dict[str, Value], told: str) -> None:
    """What 4me drops without a word, and what it refuses: by attribute, with its line."""
    [problem] = check([desired_user("ann", attributes)], [])

    assert ("does_not_converge", "warning", HERE) == (problem.code, problem.severity, problem.source)
    assert problem.message.startswith(f"the attribute {next(iter(attributes))} ")
    assert problem.message.endswith(told)


@pytest.mark.parametrize("live", [[], [live_user("ann")]], ids=["created", "updated"])
def test_one_refused_attribute_keeps_nothing_else_from_the_account(live: list[LiveUser | LiveGroup]) -> None:
    """As in an apply: the user exists, and a group and a report can refer to it; only the title is named."""
    ann = desired_user("ann", {"title": True, "department": "IT"})
    bob = desired_user("bob", {"manager": "user/ann"})

    [problem] = check([ann, bob, desired_group("desk", ["ann"])], live)

    assert problem.message.endswith(": user/ann (title must be a string)")


def test_what_is_written_on_create_only_comes_back_in_no_plan_and_is_named() -> None:
    """The answer to the create shows that the value was not taken."""
    ann = replace(desired_user("ann"), on_create={"madeUp": "x"})
    [problem] = check([ann], [])

    assert problem.message.endswith("for user/ann (nothing → x)")


def test_a_group_that_does_not_keep_what_it_is_given_is_named() -> None:
    """Groups as users."""
    [problem] = check([desired_group("desk", [], {"madeUp": "x"})], [live_group("desk")])

    assert problem.message.endswith("for group/desk (nothing → x)")


def test_a_name_that_somebody_else_has_is_not_asked_for() -> None:
    """In 4me a user name is unique, without case: the plan leaves it out, and so the simulation refuses nothing."""
    wanted = desired_user("ann", {"userName": "Shared@example.com"})

    assert [] == check([wanted], [live_user("zoe", {"userName": "shared@example.com"})], matching=("externalId",))


def test_who_waits_for_a_name_that_is_not_freed_is_not_told_again() -> None:
    """The account refuses the request that would free it, and that is what the plan names."""
    ann, bob = (
        desired_user("ann", {"userName": "bob@example.com"}),
        desired_user("bob", {"userName": "new", "no[": "path"}),
    )
    [problem] = check([ann, bob], [live_user("ann"), live_user("bob")], RFC)

    assert "user/bob" in problem.message
    assert "user/ann" not in problem.message


def test_who_has_the_name_and_is_in_git_is_not_taken_for_gone() -> None:
    """They are linked by their key, and nothing becomes of them."""
    ann, bob = desired_user("ann", {"userName": "Bob@example.com", "title": "Chief"}), desired_user("bob")
    live: list[LiveUser | LiveGroup] = [live_user("ann"), live_user("bob")]

    assert [] == check([ann, bob], live, before=desired_state(ann, bob), matching=("externalId",))


def test_what_needs_somebody_refused_is_not_told_again() -> None:
    """The trial goes on: each user waits for the other as a manager, and a group for both."""
    ann = desired_user("ann", {"userName": None, "manager": "user/bob"})
    bob = desired_user("bob", {"manager": "user/ann"})
    [problem] = check([ann, bob, desired_group("desk", ["ann"])], [live_group("desk")])

    assert problem.message.endswith(": user/ann (userName is required)")


def test_who_is_found_by_nothing_would_be_created_again() -> None:
    """The attribute that people are matched by is one that they lack."""
    [problem] = check([desired_user("ann")], [], matching=("employeeNumber",))

    assert problem.message.endswith("the next plan would create user/ann again")
    assert "give it a value of employeeNumber" in str(problem.hint)


@pytest.mark.parametrize(
    "writing", [desired_group("desk", ["bob"]), desired_user("ann", {"manager": "user/bob"})], ids=["member", "manager"]
)
def test_somebody_unclear_does_not_come_back_through_a_reference(writing: DesiredUser | DesiredGroup) -> None:
    """Planning again over the whole account leaves nothing to do, so the plan converges."""
    unclear = [live_user("one", {"externalId": "bob"}), live_user("two", {"externalId": "bob"})]

    assert [] == check([desired_user("bob"), writing], [*unclear])


REST = Tenant(url="sandbox", roles_via="permissions")


def linked(name: str, *roles: str, number: str | None = "31", **rest: Any) -> LiveUser:
    """A user with a linked person who holds those roles."""
    return replace(live_user(name, roles=roles, **rest), person=number, roles_looked_up=True)


@pytest.mark.parametrize(
    ("resources", "live"),
    [
        ([desired_user("ann", roles=["specialist"])], [linked("ann", "auditor", "account_owner")]),
        ([desired_user("ann", roles=["specialist"])], [linked("ann", active=False)]),
        ([desired_user("ann", in_scope=False)], [linked("ann", "specialist", "brand_new")]),
        ([desired_user("ann", {"displayName": "Ann"}, roles=["auditor"])], []),
        ([desired_user("ann", {"displayName": "Ann"}, roles=["auditor"])], [linked("ann", number=None)]),
        ([desired_user("ann", roles=["auditor"])], [linked("ann", number=None)]),
        ([desired_user("ann", {"title": "x"}, roles=["auditor"])], [linked("ann", "auditor")]),
        (
            [desired_user("ann", roles=["auditor"]), desired_user("bob", {"userName": "b@x"}, roles=["auditor"])],
            [linked("ann"), linked("bob", number="32")],
        ),
    ],
    ids=["changed", "back", "leaver", "new", "linked by it", "never linked", "linked", "renamed"],
)
def test_roles_over_rest_converge_too(
    resources: list[DesiredUser | DesiredGroup], live: list[LiveUser | LiveGroup]
) -> None:
    """Users whom the plan itself links get their roles with it; who is never linked keeps the grant, by its reason."""
    assert [] == check(resources, live, REST)


def test_roles_that_the_account_refuses_are_named() -> None:
    """The role needs another role, which git does not assign."""
    [problem] = check([desired_user("ann", roles=["problem_manager"])], [linked("ann")], REST)

    assert problem.message.endswith(": user/ann (roles problem_manager needs specialist)")


def test_roles_that_the_account_refuses_a_new_user_are_named_before_the_user_exists() -> None:
    """The simulation links the person, and grants the roles, as the apply does."""
    [problem] = check([desired_user("ann", {"displayName": "Ann"}, roles=["problem_manager"])], [], REST)

    assert problem.message.endswith(": user/ann (roles problem_manager needs specialist)")


@pytest.mark.parametrize(
    ("attributes", "waits"),
    [
        ({"displayName": "Ann"}, False),
        ({}, True),
        ({"displayName": "Ann", "userName": "ann"}, True),
        ({"userName": "ann", "displayName": "Ann", "emails": [{"value": "a@b.example", "primary": True}]}, False),
    ],
)
def test_a_new_user_whom_the_default_rules_do_not_link_is_named(
    attributes: dict[str, Any],
    waits: bool,  # noqa: FBT001
) -> None:
    """They need an address and a name; without roles nobody has to be linked."""
    problems = check([desired_user("ann", attributes, roles=["auditor"]), desired_user("bob", {})], [], REST)

    message = "roles will stay pending: 4me's default rules link no person to user/ann (auditor)"
    assert ([message] if waits else []) == [problem.message for problem in problems]


def test_a_user_whom_the_rules_did_not_link_before_is_named_if_this_plan_writes_the_user() -> None:
    """Only then they run again; what else links a user is not known here."""
    [problem] = check([desired_user("ann", {"title": "x"}, roles=["auditor"])], [linked("ann", number=None)], REST)

    assert problem.message.endswith("link no person to user/ann (auditor)")
