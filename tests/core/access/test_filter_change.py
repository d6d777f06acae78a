"""Warnings of users who gain or lose access by an edit of the scoping filters."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from reconciler.core.access.filter_change import warn_of_filter_change
from reconciler.core.declarations.clause import Clause, Filter, Filters
from reconciler.core.declarations.declared import Declarations
from reconciler.core.declarations.tenant import Tenant
from reconciler.errors import Source
from tests.core.examples import THERE, clause, declarations, declared_group, declared_user

EVERYONE = Tenant(url="sandbox", scope="all")
FINANCE = clause("department", "EQUALS", "Finance")
SALES = clause("department", "EQUALS", "Sales")
PEOPLE = [
    declared_user("ann", department="Finance", displayName="Ann Lee"),
    declared_user("bob", department="Sales", displayName="Bob Roy"),
    declared_user("cid", department="Sales", displayName="Cid Fox", active=False),
]


def filtered(*clauses: Clause, title: str = "One", place: Source = THERE) -> Declarations:
    """All users, with one filter of those clauses, or without filters."""
    filters = (Filter(title, clauses, place),) if clauses else ()
    return replace(declarations(PEOPLE, tenant=EVERYONE), filters=Filters(users=filters))


def told(before: Declarations, now: Declarations) -> list[tuple[str, str]]:
    return [(one.severity, one.message) for one in warn_of_filter_change(before, now, "production", date(2026, 3, 31))]


def test_who_loses_and_who_gains_access_is_told_by_the_filter_and_the_clause_that_moves_them() -> None:
    """A loss is a warning at the clause, with each user's value; users out of scope before are not listed."""
    place = Source("filters.yaml", 3)
    wants_sales = replace(SALES, source=Source("filters.yaml", 5))
    now = filtered(wants_sales, place=place)
    problems = warn_of_filter_change(filtered(FINANCE), now, "production", date(2026, 3, 31))

    assert [("warning", wants_sales.source), ("info", place)] == [(one.severity, one.source) for one in problems]
    assert [
        (
            'the edit of the scoping filters takes access from 1 user: the filter "One" requires '
            "department EQUALS Sales: Ann Lee (user/ann), it is Finance"
        ),
        (
            'the edit of the scoping filters gives access to 1 user: the filter "One" no longer requires '
            "department EQUALS Finance: Bob Roy (user/bob)"
        ),
    ] == [one.message for one in problems]


def test_people_are_told_together_by_what_moves_them() -> None:
    """One warning for each clause, with all users whom it excludes."""
    people = [*PEOPLE, declared_user("dan", department="Finance", title="Head"), declared_user("eve", title="Head")]
    before = replace(declarations(people, tenant=EVERYONE))
    chief = clause("title", "EQUALS", "Chief")
    now = replace(before, filters=filtered(FINANCE, chief).filters)

    assert [
        (
            'takes access from 2 users: the filter "One" requires title EQUALS Chief: '
            "Ann Lee (user/ann), it is unassigned; dan@example.com (user/dan), it is Head"
        ),
        (
            'takes access from 2 users: the filter "One" requires department EQUALS Finance: '
            "Bob Roy (user/bob), it is Sales; eve@example.com (user/eve), it is unassigned"
        ),
    ] == [message.removeprefix("the edit of the scoping filters ") for _severity, message in told(before, now)]


def test_where_there_was_no_filter_the_nearest_is_to_blame() -> None:
    """The nearest filter is the one with the fewest failing clauses, not the first."""
    far = Filter("Far", (clause("title", "EQUALS", "Chief"), clause("level", "EQUALS", 3)), THERE)
    near = Filter("Near", (clause("title", "IS NULL"), clause("department", "EQUALS", "Legal")), THERE)
    now = replace(filtered(), filters=Filters(users=(far, near)))

    [(_severity, message)] = told(filtered(), now)
    assert 'the filter "Near" requires department EQUALS Legal: Ann Lee (user/ann), it is Finance; Bob Roy' in message


def test_a_filter_that_is_gone_or_new_is_told_as_such() -> None:
    """Its users are not reported under a clause of another filter."""
    one, two = Filter("One", (FINANCE,), THERE), Filter("Two", (SALES,), THERE)
    both = replace(filtered(), filters=Filters(users=(one, two)))
    first = replace(filtered(), filters=Filters(users=(one,)))

    assert [
        (
            "warning",
            (
                'the edit of the scoping filters takes access from 1 user: the filter "Two" '
                "was removed: Bob Roy (user/bob)"
            ),
        )
    ] == told(both, first)
    assert [
        (
            "info",
            'the edit of the scoping filters gives access to 1 user: the filter "Two" is new: Bob Roy (user/bob)',
        )
    ] == told(first, both)


def test_groups_that_go_out_of_scope_or_come_into_it_are_told_too() -> None:
    """The warning names the clause that excludes them."""
    team = Filter("Teams", (clause("displayName", "STARTS_WITH", "D"),), THERE)
    before = declarations(PEOPLE, [declared_group("desk"), declared_group("hr")], tenant=EVERYONE)
    now = replace(before, filters=Filters(groups=(team,)))

    assert [
        (
            "warning",
            (
                'the edit of the scoping filters takes 1 group out of scope: the filter "Teams" requires '
                "displayName STARTS_WITH D: Hr (group/hr), it is Hr"
            ),
        )
    ] == told(before, now)
    assert [
        (
            "info",
            (
                "the edit of the scoping filters brings 1 group into scope: all scoping filters were removed: "
                "Hr (group/hr)"
            ),
        )
    ] == told(now, before)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (filtered(), filtered(), []),
        (filtered(FINANCE), filtered(FINANCE, title="Renamed", place=Source("elsewhere.yaml", 9)), []),
        (filtered(), filtered(FINANCE), ["warning"]),
        (filtered(FINANCE), filtered(), ["info"]),
        (filtered(FINANCE), filtered(clause("department", "EQUALS", "finance", case_sensitive=False)), []),
        (filtered(clause("department", "IS NOT NULL")), filtered(), []),
    ],
)
def test_only_an_edit_that_moves_somebody_is_told(before: Declarations, now: Declarations, expected: list[str]) -> None:
    """Another title, line or spelling of the same clause has no effect."""
    assert expected == [severity for severity, _message in told(before, now)]


def test_the_order_of_filters_and_clauses_moves_nobody() -> None:
    """The order of filters and clauses has no effect."""
    one, two = Filter("One", (FINANCE, clause("displayName", "IS NOT NULL")), THERE), Filter("Two", (SALES,), THERE)
    before = replace(filtered(), filters=Filters(users=(one, two)))
    now = replace(filtered(), filters=Filters(users=(two, replace(one, clauses=one.clauses[::-1]))))

    assert [] == told(before, now)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (clause("department", "IN", ["Sales, Spain"]), clause("department", "IN", ["Sales", "Spain"])),
        (clause("department", "EQUALS", "Sales "), clause("department", "EQUALS", "Sales")),
    ],
)
def test_an_edit_that_is_spelled_alike_is_an_edit_all_the_same(before: Clause, now: Clause) -> None:
    """A comma or a space in a value counts like any other letter."""
    assert ["info"] == [severity for severity, _message in told(filtered(before), filtered(now))]


@pytest.mark.parametrize("now", [True, 1.0])
def test_a_number_is_no_flag(now: object) -> None:
    """`1`, `true` and `1.0` are different operands."""
    people = {"ann": declared_user("ann", attributes={"vip": 1}), "bob": declared_user("bob", attributes={"vip": now})}
    before = replace(filtered(clause("vip", "EQUALS", 1)), users=people)

    assert ["warning", "info"] == [
        severity
        for severity, _message in told(before, replace(before, filters=filtered(clause("vip", "EQUALS", now)).filters))
    ]


def test_what_else_changed_does_not_show() -> None:
    """The users of today are judged by both versions of the filters."""
    before = replace(filtered(FINANCE), users={})
    moved = replace(filtered(FINANCE), users={"bob": declared_user("bob", department="Finance")})

    assert [] == told(filtered(FINANCE), moved)
    assert 2 == len(told(before, filtered(SALES)))


def test_where_all_filters_went_there_is_no_line_to_point_to() -> None:
    """The edit removed it."""
    [problem] = warn_of_filter_change(filtered(FINANCE), filtered(), "production", date(2026, 3, 31))

    assert problem.source is None


def test_a_tenant_that_was_not_there_had_no_filters_to_edit() -> None:
    """Without access before, there is no loss."""
    assert [] == told(replace(filtered(FINANCE), tenants={}), filtered(SALES))


def test_a_tenants_own_filters_are_those_that_count() -> None:
    """The common filters do not apply to this tenant."""
    own = Filters(users=(Filter("Own", (FINANCE,), THERE),))

    def with_own(declared: Declarations) -> Declarations:
        return replace(declared, tenants={"production": replace(declared.tenants["production"], filters=own)})

    assert [] == told(with_own(filtered(FINANCE)), with_own(filtered(SALES)))
    assert 2 == len(told(with_own(filtered(FINANCE)), filtered(SALES)))


def test_ten_are_named_and_the_rest_counted() -> None:
    """A mass change is reported as a number."""
    many = [declared_user(f"u{number:02}", department="Finance") for number in range(12)]
    before = replace(filtered(FINANCE), users={one.attributes["userName"].split("@")[0]: one for one in many})
    [(_severity, message)] = told(before, replace(before, filters=filtered(SALES).filters))

    assert "takes access from 12 users: " in message
    assert message.endswith(" and 2 more")
    assert 10 == message.count("@example.com (")
