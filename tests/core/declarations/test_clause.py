"""Clauses as written in YAML: the operators, and the values that each takes."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from reconciler.core.declarations.clause import (
    ClauseDeclaration,
    FilterDeclaration,
    Operator,
    ScopingFilters,
    parse_day,
    parse_integer,
)


def declare(operator: str, **written: object) -> ClauseDeclaration:
    return ClauseDeclaration.model_validate({"attribute": "title", "operator": operator, **written})


@pytest.mark.parametrize("operator", list(Operator))
def test_an_operator_is_read_in_any_case_with_underscores_or_spaces(operator: Operator) -> None:
    """`not_equals`, `Not Equals` and `NOT  EQUALS` are the same operator."""
    value: object = {Operator.IN: ["1"], Operator.BEFORE: "2026-01-01", Operator.AFTER: "2026-01-01"}.get(operator, "1")
    written = {} if operator.value.startswith("IS ") else {"value": value}
    spelled = operator.value

    for spelling in (spelled, spelled.lower(), spelled.replace("_", " "), f" {spelled.replace(' ', '_').title()} "):
        assert operator is declare(spelling, **written).operator


@pytest.mark.parametrize(
    ("operator", "said"),
    [
        ("EQUAL", 'did you mean "EQUALS"?'),
        ("greater then", 'did you mean "GREATER THAN"?'),
        ("~=", "the operators are EQUALS, NOT EQUALS"),
        ("", "the operators are EQUALS, NOT EQUALS"),
    ],
)
def test_an_operator_that_is_none_gets_the_nearest_or_all(operator: str, said: str) -> None:
    """The message suggests the operator that was meant."""
    with pytest.raises(ValidationError, match=f"is not an operator: {said}".replace("?", r"\?")):
        declare(operator, value="x")


@pytest.mark.parametrize(
    ("operator", "value", "said"),
    [
        ("EQUALS", None, "EQUALS needs one value"),
        ("EQUALS", ["a"], "EQUALS needs one value"),
        ("IS_MEMBER_OF", None, "IS_MEMBER_OF needs one value"),
        ("IS NULL", "a", "IS NULL takes no value"),
        ("IS TRUE", True, "IS TRUE takes no value"),
        ("IN", "a", "IN needs a list of values"),
        ("IN", [], "IN needs a list of values"),
        ("GREATER_THAN", "3.5", "GREATER_THAN needs a whole number, not '3.5'"),
        ("LESS_THAN", 3.5, "LESS_THAN needs a whole number, not 3.5"),
        ("LESS_THAN", True, "LESS_THAN needs a whole number, not True"),
        ("BEFORE", "tomorrow", "BEFORE needs a date like 2027-03-31, not 'tomorrow'"),
        ("AFTER", 20270331, "AFTER needs a date like 2027-03-31, not 20270331"),
        ("REGEX MATCH", "(a", "REGEX MATCH '(a' is not a pattern: "),
        ("NOT REGEX MATCH", "a(?=b)", "NOT REGEX MATCH 'a(?=b)' is not a pattern: "),
    ],
)
def test_a_value_must_fit_its_operator(operator: str, value: object, said: str) -> None:
    """The fault is reported at its line, not noticed when a user falls out of scope."""
    with pytest.raises(ValidationError) as error:
        declare(operator, value=value)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("EQUALS", 3),
        ("EQUALS", True),
        ("EQUALS", date(2026, 3, 1)),
        ("IN", [1, "a", None]),
        ("GREATER_THAN", "+12"),
        ("BEFORE", date(2026, 3, 1)),
        ("AFTER", "2026-03-01"),
        ("REGEX MATCH", "[0-9]+"),
        ("NOT REGEX MATCH", 104),
    ],
)
def test_a_value_that_fits_is_taken_as_it_is(operator: str, value: object) -> None:
    """No value is converted to another type."""
    assert value == declare(operator, value=value).value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3),
        (-3, -3),
        ("1042", 1042),
        ("-7", -7),
        ("+7", 7),
        ("007", 7),
        ("3.0", None),
        ("1e3", None),
        (" 3", None),
        ("٣", None),
        ("", None),
        ("9" * 101, None),
        (3.0, None),
        (True, None),
        (None, None),
    ],
)
def test_an_integer_is_one_or_spells_one(value: object, expected: int | None) -> None:
    """A boolean is not a number, although it is in Python."""
    assert expected == parse_integer(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (date(2024, 2, 29), date(2024, 2, 29)),
        ("2024-02-29", date(2024, 2, 29)),
        ("2023-02-29", None),
        ("29.2.2024", None),
        ("2024-02-29T08:00:00", None),
        ("", None),
        (20240229, None),
        (None, None),
    ],
)
def test_a_day_is_one_or_spells_one(value: object, expected: date | None) -> None:
    """ISO 8601, and a day that exists."""
    assert expected == parse_day(value)


def test_a_filter_needs_a_clause() -> None:
    """A filter without clauses would admit every user."""
    with pytest.raises(ValidationError):
        FilterDeclaration.model_validate({"title": "all", "clauses": []})


def test_one_clause_is_a_filter() -> None:
    """This is the most common filter."""
    clause = {"attribute": "title", "operator": "IS NULL"}

    assert 1 == len(FilterDeclaration.model_validate({"title": "one", "clauses": [clause]}).clauses)


def test_no_filters_need_be_declared() -> None:
    """Without filters, every user passes; other tests check that."""
    assert ScopingFilters(users=[], groups=[]) == ScopingFilters.model_validate({})


def test_a_pattern_that_only_compiles_with_case_is_found_out_where_it_is_written() -> None:
    """Otherwise the compilation raises an error without file and line."""
    with pytest.raises(ValidationError, match="is not a pattern"):
        declare("REGEX MATCH", value="k" * 60_000, case_sensitive=False)
