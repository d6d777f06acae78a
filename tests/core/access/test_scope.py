"""Scoping filters: the truth table of the operators, verdicts and their reasons."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from reconciler.core.access.scope import Subject, compile_clause, compile_filter, judge, read_values, spell
from reconciler.core.declarations.clause import NEEDS_DATE, NEEDS_NO_VALUE, Clause, Filter, Operator
from reconciler.core.model.scalar import as_text
from tests.core.examples import THERE, clause

TABLE: dict[str, Any] = YAML(typ="safe", pure=True).load(Path(__file__).with_name("scoping-filters.yaml"))
DANA: dict[str, Any] = TABLE["user"]


def holds(put: Clause, attributes: dict[str, Any], *groups: str) -> bool:
    return compile_clause(put)(Subject(attributes, frozenset(groups)))


def written(row: dict[str, Any]) -> Clause:
    options = {name: row[name] for name in ("case_sensitive", "quantifier") if name in row}
    return clause(row["attribute"], row["operator"], row.get("value"), **options)


def named(title: str, *clauses: Clause) -> Filter:
    return Filter(title, clauses, THERE)


@pytest.mark.parametrize("row", TABLE["clauses"], ids=lambda row: f"{row['attribute']}-{row['operator']}")
def test_every_row_of_the_truth_table_holds(row: dict[str, Any]) -> None:
    """Every row of the truth table."""
    assert row["holds"] is holds(written(row), DANA), row.get("why")


@pytest.mark.parametrize("row", TABLE["filters"])
def test_every_set_of_filters_in_the_table_lets_in_whom_it_says(row: dict[str, Any]) -> None:
    """Clauses are ANDed, filters ORed."""
    filters = [compile_filter(named(one["title"], *map(written, one["clauses"]))) for one in row["filters"]]

    assert row["in_scope"] is judge(filters, Subject(DANA)).passes, row.get("why")


@pytest.mark.parametrize(
    ("put", "expected"),
    [
        (clause("title", "IN", ["SENIOR ANALYST"], case_sensitive=False), True),
        (clause("title", "IN", ["SENIOR ANALYST"]), False),
        (clause("title", "ENDS_WITH", "ANALYST", case_sensitive=False), True),
        (clause("userName", "REGEX MATCH", "DANA.*", case_sensitive=False), True),
        (clause("userName", "NOT REGEX MATCH", "DANA.*", case_sensitive=False), False),
        (clause("level", "EQUALS", "3"), True),
        (clause("level", "IN", [3, 4]), True),
        (clause("level", "LESS_THAN_OR_EQUALS", 3), True),
        (clause("level", "LESS_THAN", 3), False),
        (clause("active", "GREATER_THAN", 0), False),
        (clause("active", "EQUALS", "true"), True),
        (clause("title", "IS TRUE"), False),
        (clause("title", "BEFORE", "2027-01-01"), False),
        (clause("title", "AFTER", "2000-01-01"), False),
        (clause("started", "AFTER", date(2024, 2, 28)), True),
        (clause("started", "EQUALS", "2024-02-29"), True),
        (clause("tags", "IS NOT NULL"), True),
        (clause("tags", "EQUALS", "emea", quantifier="all"), False),
        (clause("tags", "IN", ["emea", "pilot"], quantifier="all"), True),
        (clause("costCenter", "EQUALS", "x", quantifier="all"), False),
        (clause("name", "IS NULL"), False),
        (clause("name.middleName", "IS NULL"), True),
        (clause("title.deeper", "IS NULL"), True),
    ],
)
def test_an_operator_means_the_same_beyond_the_table(put: Clause, expected: bool) -> None:  # noqa: FBT001
    """Further rows: case, booleans, dates, `all` on several values and on no value."""
    assert expected is holds(put, DANA)


@pytest.mark.parametrize("operator", sorted(set(Operator) - {Operator.IS_NULL, Operator.IS_MEMBER_OF}))
@pytest.mark.parametrize("unassigned", [{}, {"tags": None}, {"tags": ""}, {"tags": []}, {"tags": [None, ""]}])
def test_unassigned_makes_every_operator_false_but_one(operator: Operator, unassigned: dict[str, Any]) -> None:
    """Absent, null, empty text and an empty list are unassigned; only IS NULL holds for them."""
    operand = None if operator in NEEDS_NO_VALUE else "2026-01-01" if operator in NEEDS_DATE else "1"
    put = clause("tags", operator, ["1"] if operator is Operator.IN else operand)

    assert holds(put, {"attributes": unassigned}) is False
    assert holds(clause("tags", "IS NULL"), {"attributes": unassigned}) is True


@given(st.text(min_size=1), st.text(min_size=1))
def test_an_assigned_value_is_either_equal_or_not(value: str, operand: str) -> None:
    """NOT EQUALS is the opposite of EQUALS for a single assigned value only."""
    equal = holds(clause("title", "EQUALS", operand), {"title": value})

    assert equal is not holds(clause("title", "NOT EQUALS", operand), {"title": value})
    assert equal is (value == operand)


@pytest.mark.parametrize("name", ["finance", "group/finance"])
def test_membership_is_asked_of_the_groups_a_person_is_in(name: str) -> None:
    """The prefix `group/` is optional."""
    put = clause("groups", "IS_MEMBER_OF", name)

    assert holds(put, {}, "finance", "hr") is True
    assert holds(put, {}, "hr") is False


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("department", ["Finance"]),
        ("level", [3]),
        ("attributes.level", [3]),
        ("tags", ["emea", "pilot"]),
        ("emails.type", ["work", "home"]),
        ("emails.display", []),
        ("userType", []),
        ("blank", []),
        ("nowhere", []),
        ("userName.first", []),
    ],
)
def test_a_path_reads_every_assigned_value(path: str, expected: list[object]) -> None:
    """SCIM's names come first; own attributes may be written without their prefix."""
    assert expected == read_values(DANA, path)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, ""), (True, "true"), (False, "false"), (3, "3"), (date(2024, 2, 29), "2024-02-29"), ("x", "x")],
)
def test_a_scalar_is_compared_as_people_write_it(value: object, expected: str) -> None:
    """Text stays unchanged, and None is the empty text."""
    assert expected == as_text(value)


@pytest.mark.parametrize(
    ("filters", "passes", "reason"),
    [
        ([], True, "no scoping filters"),
        ([named("Finance", clause("department", "EQUALS", "Finance"))], True, 'passes "Finance"'),
        (
            [
                named("Sales", clause("department", "EQUALS", "Sales")),
                named("Costly", clause("department", "EQUALS", "Finance"), clause("costCenter", "IS NOT NULL")),
                named("Chosen", clause("groups", "IS_MEMBER_OF", "chosen")),
                named("Elsewhere", clause("tags", "IN", ["apac", "amer"], quantifier="all")),
            ],
            False,
            (
                'passes no scoping filter: "Sales" requires department EQUALS Sales, but it is Finance; '
                '"Costly" requires costCenter IS NOT NULL, but it is unassigned; '
                '"Chosen" requires groups IS_MEMBER_OF chosen, but it is in other groups; '
                '"Elsewhere" requires tags IN apac, amer, but it is emea, pilot'
            ),
        ),
    ],
)
def test_a_verdict_says_why(filters: list[Filter], passes: bool, reason: str) -> None:  # noqa: FBT001
    """The reason has the first failing clause of each filter, and its value."""
    verdict = judge([compile_filter(one) for one in filters], Subject(DANA, frozenset({"hr"})))

    assert (passes, reason) == (verdict.passes, verdict.reason)


@pytest.mark.parametrize(
    ("put", "expected"),
    [
        (clause("contractType", "equals", "permanent"), "contractType EQUALS permanent"),
        (clause("costCenter", "is null"), "costCenter IS NULL"),
        (clause("level", "in", [1, True, None]), "level IN 1, true, "),
        (clause("started", "before", date(2024, 3, 1)), "started BEFORE 2024-03-01"),
    ],
)
def test_a_clause_is_spelled_as_a_person_would_say_it(put: Clause, expected: str) -> None:
    """The clause is one line, for reasons and problems."""
    assert expected.rstrip() == spell(put)
