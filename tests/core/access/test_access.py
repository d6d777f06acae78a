"""Access and its reason: active, entitled by a role, admitted by a filter, in that order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from reconciler.core.access.access import filters_of, make_access
from reconciler.core.declarations.clause import Filter, Filters
from reconciler.core.declarations.tenant import Tenant
from tests.core.examples import THERE, assignment, clause, declarations, declared_group, declared_user

TODAY = date(2026, 3, 31)
SALES = Filters(
    users=(Filter("Sales", (clause("department", "EQUALS", "Sales"),), THERE),),
    groups=(Filter("Teams", (clause("externalId", "EQUALS", "desk"),), THERE),),
)
PEOPLE = [
    declared_user("ann", department="Sales"),
    declared_user("bob", department="Finance"),
    declared_user("cid", department="Sales", active=False),
    declared_user("dan", department="Sales"),
]


@pytest.mark.parametrize(
    ("name", "passes", "reason"),
    [
        ("ann", True, 'holds auditor; passes "Sales"'),
        ("bob", False, 'passes no scoping filter: "Sales" requires department EQUALS Sales, but it is Finance'),
        ("cid", False, "declared inactive: active is false"),
        ("dan", False, "holds no role, and only users with a role are in scope"),
    ],
)
def test_a_verdict_has_one_reason(name: str, passes: bool, reason: str) -> None:  # noqa: FBT001
    """The reason is the first check that decides."""
    declared = replace(declarations(PEOPLE, (), [assignment("auditor", "ann", "bob", "cid")]), filters=SALES)
    verdict = make_access(declared, "production", TODAY).of_user(name, declared.users[name])

    assert (passes, reason) == (verdict.passes, verdict.reason)


def test_where_everyone_is_in_scope_no_role_is_needed() -> None:
    """Filters still apply."""
    declared = replace(declarations(PEOPLE, tenant=Tenant(url="sandbox", scope="all")), filters=SALES)
    access = make_access(declared, "production", TODAY)

    assert 'everyone is in scope; passes "Sales"' == access.of_user("dan", declared.users["dan"]).reason
    assert (None, "declared inactive: active is false") == (
        access.shut_out("bob", declared.users["bob"]),
        access.shut_out("cid", declared.users["cid"]),
    )


def test_a_group_is_put_to_the_filters_of_groups_by_its_key_too() -> None:
    """It needs no role."""
    declared = replace(declarations(PEOPLE, [declared_group("desk"), declared_group("hr")]), filters=SALES)
    access = make_access(declared, "production", TODAY)

    assert [True, False] == [access.of_group(name, {"displayName": name}).passes for name in ("desk", "hr")]


def test_a_tenants_own_filters_take_the_place_of_everyones() -> None:
    """An empty list replaces the common filters too."""
    declared = replace(declarations(PEOPLE), filters=SALES)
    own = replace(declared.tenants["production"], filters=Filters())

    assert SALES == filters_of(declared, "production")
    assert Filters() == filters_of(replace(declared, tenants={"production": own}), "production")
