"""Filters that can never hold, and clauses and filters that change nothing, are reported at their line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.access.filter_sense import check_sense
from reconciler.core.declarations.clause import Clause, Filter, Filters
from reconciler.core.declarations.declared import Declarations
from reconciler.errors import Source
from tests.core.examples import clause, declarations, declared_group, declared_user

PEOPLE = [
    declared_user("ann", department="Finance", attributes={"level": 3, "sites": ["Oslo", "Bergen"]}),
    declared_user("bob", department="Sales", attributes={"level": 4, "sites": "Oslo"}),
]


def rule(title: str, line: int, *clauses: tuple[Any, ...]) -> Filter:
    """Makes a filter at a line, with its clauses on the next lines."""
    located = (replace(clause(*one), source=Source("filters.yaml", line + n)) for n, one in enumerate(clauses, 1))
    return Filter(title, tuple(located), Source("filters.yaml", line))


def told(*filters: Filter, declared: Declarations | None = None) -> list[tuple[str, int, str]]:
    found = check_sense(declared or declarations(PEOPLE), Filters(users=filters))
    assert {"warning"} >= {problem.severity for problem in found}
    return [(one.code, one.source.line if one.source else 0, one.message) for one in found]


@pytest.mark.parametrize(
    ("clauses", "line", "why"),
    [
        (
            [("department", "EQUALS", "Sales"), ("title", "IS NULL"), ("department", "EQUALS", "Finance")],
            13,
            "department EQUALS Sales and department EQUALS Finance exclude each other",
        ),
        (
            [("level", "GREATER_THAN", 5), ("attributes.level", "IS TRUE")],
            12,
            (
                "level GREATER_THAN 5 and attributes.level IS TRUE exclude each other "
                "(no user has several values of level)"
            ),
        ),
        (
            [("level", "IS NULL"), ("level", "EQUALS", 3)],
            12,
            "level IS NULL and level EQUALS 3 exclude each other",
        ),
        ([("title", "EQUALS", "")], 11, "no value satisfies title EQUALS"),
        ([("active", "IS FALSE")], 11, "it requires active IS FALSE, but filters test only active users"),
        ([("userName", "IS NULL")], 11, "it requires userName IS NULL, but every user has a userName"),
    ],
)
def test_a_filter_that_can_never_hold_is_told_with_the_clauses_that_keep_it_from(
    clauses: list[tuple[Any, ...]], line: int, why: str
) -> None:
    """The warning is at the second clause, and it is the only one for this filter."""
    assert [("contradictory_filter", line, f'the filter "One" can never hold: {why}')] == told(
        rule("One", 10, *clauses), rule("Two", 20, *clauses[:1])
    )[:1]


def test_an_attribute_of_which_somebody_has_several_values_contradicts_nothing() -> None:
    """Ann has two sites, and satisfies both."""
    assert [] == told(rule("One", 10, ("sites", "EQUALS", "Oslo"), ("sites", "EQUALS", "Bergen")))
    assert [] == told(rule("One", 10, ("emails.value", "EQUALS", "a"), ("emails.value", "EQUALS", "b")))


def test_a_clause_that_another_implies_changes_nothing() -> None:
    """Of two equal clauses, the later is reported, with the condition of the claim."""
    one = rule("One", 10, ("level", "IS NOT NULL"), ("level", "IN", [3, 4]), ("level", "IN", [4, 3]))

    assert [
        (
            "redundant_clause",
            11,
            'the filter "One": level IS NOT NULL changes nothing beside level IN 3, 4 [filters.yaml:12]',
        ),
        (
            "redundant_clause",
            13,
            'the filter "One": level IN 4, 3 changes nothing beside level IN 3, 4 [filters.yaml:12]',
        ),
    ] == told(one)
    strict: list[Clause] = [
        clause("level", "IN", [3, 4], quantifier="all"),
        clause("level", "EQUALS", 3),
    ]
    [(_, _, message)] = told(Filter("One", tuple(strict), Source("filters.yaml", 1)))
    assert message.endswith("[desired-state/groups.yaml:9] (no user has several values of level)")


def test_a_filter_that_lets_in_nobody_whom_another_does_not_changes_nothing() -> None:
    """Of two equal filters, the later is reported; more clauses make a filter narrower."""
    narrow = rule("Narrow", 10, ("department", "EQUALS", "Sales"), ("level", "GREATER_THAN", 3))
    wide = rule("Wide", 20, ("department", "IN", ["Sales", "Finance"]))
    again = rule("Again", 30, ("department", "IN", ["Finance", "Sales"]))
    other = rule("Other", 40, ("title", "IS NOT NULL"))

    assert [
        (
            "shadowed_filter",
            10,
            'the filter "Narrow" changes nothing: all that passes it passes the filter "Wide" [filters.yaml:20] too',
        ),
        (
            "shadowed_filter",
            30,
            'the filter "Again" changes nothing: all that passes it passes the filter "Wide" [filters.yaml:20] too',
        ),
    ] == told(narrow, wide, again, other)


def test_the_clauses_of_members_where_are_looked_at_in_the_same_way() -> None:
    """An inactive user can be in a group, so a test of `active` is useful there."""
    groups = [
        declared_group("desk", None, [clause("department", "EQUALS", "A"), clause("department", "EQUALS", "B")]),
        declared_group("gone", None, [clause("active", "IS FALSE")]),
        declared_group("named", ["ann"]),
    ]

    [(code, _, message)] = told(declared=declarations(PEOPLE, groups))
    assert "contradictory_filter" == code
    assert message.startswith("members_where of desk can never hold: department EQUALS A and department EQUALS B")


def test_filters_of_groups_are_looked_at_too() -> None:
    """Every group has a displayName."""
    filters = Filters(groups=(rule("Named", 10, ("displayName", "IS NULL")),))

    assert [
        'the filter "Named" can never hold: it requires displayName IS NULL, but every group has a displayName'
    ] == [problem.message for problem in check_sense(declarations(PEOPLE), filters)]


def test_filters_that_make_sense_are_not_remarked_upon() -> None:
    """This holds for all attributes."""
    one = rule("One", 10, ("department", "EQUALS", "Sales"), ("level", "GREATER_THAN", 3), ("x", "IS_MEMBER_OF", "a"))
    two = rule("Two", 20, ("department", "EQUALS", "Finance"), ("level", "LESS_THAN", 9), ("x", "IS_MEMBER_OF", "b"))

    assert [] == told(one, two)
