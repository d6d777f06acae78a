"""Whether a plan converges: it is tried on a 4me, and what would come back is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.converge import check_convergence
from reconciler.core.earlier import Earlier
from reconciler.core.model import DesiredGroup, DesiredState, DesiredUser, LiveGroup, LiveUser, Value
from reconciler.core.planner import decide_changes
from reconciler.core.tenant import Tenant
from reconciler.errors import Problem
from tests.core.examples import (
    SANDBOX,
    desired_group,
    desired_state,
    desired_user,
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
) -> list[Problem]:
    desired, account, earlier = desired_state(*resources), live_state(*live), Earlier(before)
    return check_convergence(desired, account, tenant, earlier, decide_changes(desired, account, tenant, earlier))


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
    """Creates, updates, clears, references to the new, circles, strangers: in both dialects."""
    assert [] == check(resources, live, tenant)


def test_who_left_git_stays_gone() -> None:
    """What git said before is known the second time too."""
    before = desired_state(desired_user("ann"), desired_group("desk", ["ann"]))

    assert [] == check([desired_user("bob")], [live_user("ann"), live_group("desk", ["ann"])], SANDBOX, before)


@pytest.mark.parametrize(
    ("attributes", "named"),
    [
        ({"emails": [{"type": "work"}]}, "user/ann (emails), user/ann (update_user)"),
        ({"madeUp": "x"}, "user/ann (madeUp), user/ann (update_user)"),
        ({"userName": None}, "user/ann (create_user), user/ann (refused with 400)"),
    ],
)
def test_what_would_come_back_is_named(attributes: dict[str, Value], named: str) -> None:
    """What 4me drops without a word, and what it refuses."""
    [problem] = check([desired_user("ann", attributes)], [])

    assert ("does_not_converge", "warning") == (problem.code, problem.severity)
    assert problem.message.endswith(f"this plan leaves something to do: {named}")


def test_no_more_than_ten_are_named() -> None:
    """The rest is counted."""
    users: list[DesiredUser | DesiredGroup] = [
        desired_user(f"u{number:02}", {"madeUp": "x"}, roles=None) for number in range(6)
    ]
    [problem] = check(users, [])

    assert problem.message.endswith("user/u04 (madeUp), user/u04 (update_user) and 2 more")


@pytest.mark.parametrize(
    "writing", [desired_group("desk", ["bob"]), desired_user("ann", {"manager": "user/bob"})], ids=["member", "manager"]
)
def test_somebody_unclear_does_not_come_back_through_a_reference(writing: DesiredUser | DesiredGroup) -> None:
    """Planning again over the whole account leaves nothing to do, so the plan converges."""
    unclear = [live_user("one", {"externalId": "bob"}), live_user("two", {"externalId": "bob"})]

    assert [] == check([desired_user("bob"), writing], [*unclear])


REST = Tenant(url="sandbox", roles_via="permissions")


def linked(name: str, *roles: str, number: str | None = "31", **rest: Any) -> LiveUser:
    """A user with somebody behind them who holds those roles."""
    return replace(live_user(name, roles=roles, **rest), person=number, sought=True)


@pytest.mark.parametrize(
    ("resources", "live"),
    [
        ([desired_user("ann", roles=["specialist"])], [linked("ann", "auditor", "account_owner")]),
        ([desired_user("ann", roles=["specialist"])], [linked("ann", active=False)]),
        ([desired_user("ann", in_scope=False)], [linked("ann", "specialist", "brand_new")]),
        ([desired_user("ann", {"displayName": "Ann"}, roles=["auditor"])], []),
        ([desired_user("ann", {"displayName": "Ann"}, roles=["auditor"])], [linked("ann", number=None)]),
        ([desired_user("ann", {"title": "x"}, roles=["auditor"])], [linked("ann", "auditor")]),
        (
            [desired_user("ann", roles=["auditor"]), desired_user("bob", {"userName": "b@x"}, roles=["auditor"])],
            [linked("ann"), linked("bob", number="32")],
        ),
    ],
    ids=["changed", "back", "leaver", "new", "linked by it", "linked", "renamed"],
)
def test_roles_over_rest_converge_too(
    resources: list[DesiredUser | DesiredGroup], live: list[LiveUser | LiveGroup]
) -> None:
    """Roles of whom the plan itself links are told in it, and no surprise."""
    assert [] == check(resources, live, REST)


def test_roles_that_the_account_refuses_are_named() -> None:
    """A prerequisite that git does not give, and nobody else will."""
    [problem] = check([desired_user("ann", roles=["problem_manager"])], [linked("ann")], REST)

    assert "user/ann (grant_roles), user/ann (roles refused with 422)" in problem.message
