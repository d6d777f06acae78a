"""Clauses are checked against the declared users and groups: missing attributes, and values that don't compare."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.access.clause_check import check_clauses
from reconciler.core.access.population import Population
from reconciler.core.declarations.clause import Clause
from tests.core.access.test_scope import DANA
from tests.core.examples import THERE, clause


@pytest.mark.parametrize(
    ("put", "nested", "expected"),
    [
        (clause("department", "EQUALS", "Finance"), False, []),
        (clause("level", "GREATER_THAN", 1), False, []),
        (
            clause("contractTyp", "EQUALS", "x"),
            False,
            [
                (
                    "unknown_attribute",
                    "error",
                    "no declaration has the attribute \"contractTyp\", which 'contractTyp EQUALS x' tests",
                )
            ],
        ),
        (
            clause("nowhere", "IS NULL"),
            False,
            [("unknown_attribute", "error", 'no declaration has the attribute "nowhere"')],
        ),
        (clause("blank", "IS NULL"), False, []),  # declared, and empty for everyone
        (clause("blank", "EQUALS", "x"), False, []),
        (clause("attributes.blank", "EQUALS", "x"), False, []),
        (clause("name.middleName", "IS NULL"), False, [("unused_attribute", "warning", "no declaration has")]),
        (clause("emails.primary", "IS NOT NULL"), False, []),
        (clause("emails.display", "IS NULL"), False, [("unused_attribute", "warning", "no declaration has")]),
        (clause("name.givenNam", "IS NULL"), False, [("unknown_attribute", "error", "no declaration has")]),
        (clause("title.short", "IS NULL"), False, [("unknown_attribute", "error", "no declaration has")]),
        (clause("customFields.none", "IS NULL"), False, [("unused_attribute", "warning", "no declaration has")]),
        (
            clause("contractType", "IS TRUE"),
            False,
            [("not_comparable", "warning", "1 value of contractType is not a boolean (for example 'permanent')")],
        ),
        (
            clause("department", "EQUALS", "{{ site }}"),
            False,
            [("literal_braces", "error", "compares with the braces themselves")],
        ),
        (clause("department", "IN", ["x", "{{ site }}"]), False, [("literal_braces", "error", "the braces")]),
        (
            clause("department", "EQUALS", "Finance", quantifier="all"),
            False,
            [("ignored_option", "warning", "`quantifier: all` changes nothing in 'department EQUALS Finance'")],
        ),
        (clause("tags", "EQUALS", "emea", quantifier="all"), False, []),
        (clause("tags", "IS NULL", quantifier="all"), False, [("ignored_option", "warning", "`quantifier: all`")]),
        (
            clause("level", "GREATER_THAN", 1, case_sensitive=False),
            False,
            [("ignored_option", "warning", "`case_sensitive: false` changes nothing in 'level GREATER_THAN 1'")],
        ),
        (clause("department", "REGEX MATCH", "f.*", case_sensitive=False), False, []),
        (clause("costCenter", "IS NULL"), False, [("unused_attribute", "warning", "no declaration has the attribute")]),
        (
            clause("notInteger", "GREATER_THAN", 1),
            False,
            [("not_comparable", "warning", "1 value of notInteger is not a whole number (for example '3.5')")],
        ),
        (
            clause("tags", "BEFORE", "2026-01-01"),
            False,
            [("not_comparable", "warning", "not a date (for example 'emea')")],
        ),
        (clause("x", "IS_MEMBER_OF", "finance"), False, []),
        (
            clause("x", "IS_MEMBER_OF", "group/finence"),
            False,
            [("unknown_group", "error", 'names the group "finence"')],
        ),
        (
            clause("x", "IS_MEMBER_OF", "finance"),
            True,
            [("nested_is_member_of", "error", "can't be used in members_where")],
        ),
    ],
)
def test_a_clause_is_checked_beside_the_people_it_is_put_to(
    put: Clause,
    nested: bool,  # noqa: FBT001
    expected: list[tuple[str, str, str]],
) -> None:
    """Missing attributes, unfit values and undeclared groups are reported at the clause's line."""
    problems = check_clauses([put], Population({"dana": DANA}), ["finance", "hr"], nested=nested)

    assert [(code, severity) for code, severity, _ in expected] == [(one.code, one.severity) for one in problems]
    for (_, _, said), problem in zip(expected, problems, strict=True):
        assert said in problem.message
        assert THERE == problem.source


@pytest.mark.parametrize(
    ("put", "hint"),
    [
        (clause("contractTyp", "EQUALS", "x"), 'did you mean "contractType"?'),
        (clause("departmnt.name", "EQUALS", "x"), 'did you mean "department"?'),
        (clause("name.givenNam", "EQUALS", "x"), 'did you mean "name.givenName"?'),
        (clause("zzz.zzz", "EQUALS", "x"), "declare the attribute, or remove the clause"),
        (clause("customFields.x", "EQUALS", "x"), "declare the attribute, or remove the clause"),
        (clause("x", "IS_MEMBER_OF", "finence"), 'did you mean "finance"?'),
    ],
)
def test_a_name_that_is_wrong_gets_the_nearest_that_is_right(put: Clause, hint: str) -> None:
    """The suggestion is an attribute of a user, or a declared group."""
    [problem] = check_clauses([put], Population({"dana": DANA}), ["finance", "hr"])

    assert hint == problem.hint


def test_where_there_is_nobody_no_attribute_is_missed() -> None:
    """Without users, a filter causes no problem."""
    assert [] == check_clauses([clause("anything", "EQUALS", "x")], Population({}), [])


def test_a_value_that_must_not_be_read_is_no_example() -> None:
    """The value is counted, but not shown."""
    hidden = replace(clause("attributes.level", "GREATER_THAN", "3"), redacted=True)

    [problem] = check_clauses([hidden], Population({"dana": {"attributes": {"level": "high"}}}), ())

    assert "1 value of attributes.level is not a whole number: the clause is false" == problem.message
