"""Clauses that exclude each other or follow from others: what is proved, and what is not."""

from __future__ import annotations

from datetime import date
from typing import Any, TypeAlias

import pytest

from reconciler.core.access.clause_logic import contradict, follows, is_same_attribute, may_be_many, takes_nothing
from reconciler.core.declarations.clause import Clause
from tests.core.examples import clause

Put: TypeAlias = tuple[Any, ...]
DAY = date(2026, 3, 31)


def on(path: str, operator: str, value: object = None, *options: str) -> Clause:
    """Makes a clause; `i` ignores case, `all` tests all values."""
    given = {"case_sensitive": "i" not in options, "quantifier": "all" if "all" in options else "any"}
    return clause(path, operator, value, **given)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("EQUALS", "a"), ("EQUALS", "b")),
        (("EQUALS", "a"), ("NOT EQUALS", "a")),
        (("EQUALS", "A", "i"), ("NOT EQUALS", "a", "i")),
        (("EQUALS", "A", "i"), ("EQUALS", "b", "i")),
        (("EQUALS", "abc"), ("STARTS_WITH", "x")),
        (("EQUALS", "abc"), ("REGEX MATCH", "[0-9]+")),
        (("EQUALS", "abc"), ("NOT REGEX MATCH", "[a-z]+")),
        (("EQUALS", "abc"), ("GREATER_THAN", 1)),
        (("EQUALS", 3), ("GREATER_THAN", 5)),
        (("IN", ["a", "b"]), ("IN", ["c", "d"])),
        (("IN", ["a", "b"], "i"), ("IN", ["C"], "i")),
        (("IN", [1, 2]), ("AFTER", DAY)),
        (("GREATER_THAN", 5), ("LESS_THAN", 3)),
        (("GREATER_THAN", 5), ("LESS_THAN", 6)),
        (("GREATER_THAN_OR_EQUALS", 5), ("LESS_THAN_OR_EQUALS", 4)),
        (("AFTER", DAY), ("BEFORE", DAY)),
        (("AFTER", date(2026, 3, 30)), ("BEFORE", DAY)),
        (("IS TRUE",), ("IS FALSE",)),
        (("IS TRUE",), ("GREATER_THAN", 0)),
        (("IS NULL",), ("IS NOT NULL",)),
        (("IS NULL",), ("NOT EQUALS", "a")),
        (("REGEX MATCH", "a.*"), ("NOT REGEX MATCH", "a.*")),
        (("STARTS_WITH", "a"), ("STARTS_WITH", "b")),
        (("STARTS_WITH", "ab", "i"), ("STARTS_WITH", "AC")),
        (("ENDS_WITH", "a"), ("ENDS_WITH", "ba-")),
    ],
)
def test_what_no_single_value_satisfies_is_a_contradiction(one: Put, other: Put) -> None:
    """In either order."""
    assert contradict(on("title", *one), on("title", *other), many=False)
    assert contradict(on("title", *other), on("title", *one), many=False)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("EQUALS", "a"), ("EQUALS", "A", "i")),
        (("EQUALS", "a", "i"), ("NOT EQUALS", "a")),
        (("EQUALS", "a", "i"), ("REGEX MATCH", "A")),
        (("EQUALS", "3"), ("GREATER_THAN", 2)),
        (("EQUALS", "true"), ("IS TRUE",)),
        (("EQUALS", DAY), ("AFTER", date(2026, 1, 1))),
        (("EQUALS", "1.5"), ("STARTS_WITH", "1")),
        (("GREATER_THAN", 5), ("LESS_THAN", 7)),
        (("GREATER_THAN", 20260000), ("AFTER", DAY)),
        (("REGEX MATCH", "a.*"), ("NOT REGEX MATCH", "a.*", "i")),
        (("STARTS_WITH", "a"), ("STARTS_WITH", "ab")),
        (("ENDS_WITH", "b"), ("ENDS_WITH", "ab")),
        (("STARTS_WITH", "a"), ("ENDS_WITH", "b")),
        (("IS NULL",), ("IS NULL",)),
    ],
)
def test_what_some_value_satisfies_is_none(one: Put, other: Put) -> None:
    """A number may be written as text, and a day as a number."""
    assert not contradict(on("title", *one), on("title", *other), many=False)
    assert not contradict(on("title", *other), on("title", *one), many=False)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("EQUALS", "a"), ("EQUALS", "b"), False),
        (("EQUALS", "a", "all"), ("EQUALS", "b"), True),
        (("EQUALS", "a", "all"), ("EQUALS", "b", "all"), True),
        (("IS NULL",), ("EQUALS", "b"), True),
    ],
)
def test_of_several_values_one_may_satisfy_each(one: Put, other: Put, expected: bool) -> None:  # noqa: FBT001
    """With the quantifier `all`, every value must."""
    assert expected is contradict(on("emails.value", *one), on("emails.value", *other), many=True)


@pytest.mark.parametrize(
    ("clause_", "other"),
    [
        (("EQUALS", "a"), ("EQUALS", "a")),
        (("EQUALS", "A", "i"), ("EQUALS", "a")),
        (("IN", ["a", "b"]), ("EQUALS", "a")),
        (("IN", ["a", "b", "c"]), ("IN", ["c", "a"])),
        (("STARTS_WITH", "a"), ("IN", ["ab", "ac"])),
        (("STARTS_WITH", "a"), ("STARTS_WITH", "ab")),
        (("STARTS_WITH", "A", "i"), ("STARTS_WITH", "ab")),
        (("ENDS_WITH", "b"), ("ENDS_WITH", "ab")),
        (("INCLUDES", "b"), ("STARTS_WITH", "abc")),
        (("INCLUDES", "b"), ("INCLUDES", "ab")),
        (("REGEX MATCH", "a.*"), ("REGEX MATCH", "a.*")),
        (("REGEX MATCH", "a.*"), ("EQUALS", "ab")),
        (("NOT REGEX MATCH", "a"), ("NOT REGEX MATCH", "a")),
        (("NOT EQUALS", "a"), ("NOT EQUALS", "a")),
        (("NOT EQUALS", "a"), ("NOT EQUALS", "A", "i")),
        (("NOT EQUALS", "a"), ("STARTS_WITH", "b")),
        (("NOT EQUALS", 3), ("GREATER_THAN", 3)),
        (("GREATER_THAN", 3), ("GREATER_THAN_OR_EQUALS", 4)),
        (("LESS_THAN", 3), ("LESS_THAN_OR_EQUALS", 2)),
        (("AFTER", date(2026, 1, 1)), ("AFTER", DAY)),
        (("BEFORE", DAY), ("BEFORE", date(2026, 1, 1))),
        (("IS NOT NULL",), ("IS FALSE",)),
        (("IS NULL",), ("IS NULL",)),
        (("NOT EQUALS", "true"), ("IS FALSE",)),
    ],
)
def test_what_every_value_satisfies_that_satisfies_another_follows_from_it(clause_: Put, other: Put) -> None:
    """Every user who passes the narrow clause passes the wide one."""
    assert follows(on("title", *clause_), on("title", *other), many=False)


@pytest.mark.parametrize(
    ("clause_", "other"),
    [
        (("EQUALS", "a"), ("EQUALS", "A", "i")),
        (("EQUALS", "a"), ("IS NOT NULL",)),
        (("IS NULL",), ("EQUALS", "a")),
        (("IS NOT NULL",), ("IS NULL",)),
        (("STARTS_WITH", "ab"), ("STARTS_WITH", "a")),
        (("STARTS_WITH", "a"), ("STARTS_WITH", "ab", "i")),
        (("STARTS_WITH", "b"), ("INCLUDES", "b")),
        (("REGEX MATCH", "a.*"), ("STARTS_WITH", "a")),
        (("NOT EQUALS", "A", "i"), ("NOT EQUALS", "a")),
        (("NOT EQUALS", "a"), ("INCLUDES", "a")),
        (("GREATER_THAN", 3), ("AFTER", DAY)),
        (("GREATER_THAN", 3), ("GREATER_THAN", 2)),
    ],
)
def test_what_does_not_follow_is_not_said_to(clause_: Put, other: Put) -> None:
    """Without proof, the result is False."""
    assert not follows(on("title", *clause_), on("title", *other), many=False)


@pytest.mark.parametrize(
    ("clause_", "other", "expected"),
    [
        (("IN", ["a", "b"]), ("EQUALS", "a"), True),
        (("IN", ["a", "b"], "all"), ("EQUALS", "a", "all"), True),
        (("IN", ["a", "b"]), ("EQUALS", "a", "all"), True),
        (("IN", ["a", "b"], "all"), ("EQUALS", "a"), False),
        (("IS NOT NULL",), ("EQUALS", "a"), True),
    ],
)
def test_of_several_values_all_imply_one_and_not_the_other_way_round(
    clause_: Put,
    other: Put,
    expected: bool,  # noqa: FBT001
) -> None:
    """One value proves nothing about the others."""
    assert expected is follows(on("emails.value", *clause_), on("emails.value", *other), many=True)


@pytest.mark.parametrize(
    ("put", "expected"),
    [
        (("EQUALS", ""), True),
        (("EQUALS", "", "i"), True),
        (("IN", [""]), True),
        (("IN", ["", "a"]), False),
        (("BEFORE", date.min), True),
        (("AFTER", date.max), True),
        (("AFTER", DAY), False),
        (("IS NULL",), False),
        (("NOT EQUALS", ""), False),
    ],
)
def test_a_clause_that_no_value_satisfies_takes_nothing(put: Put, expected: bool) -> None:  # noqa: FBT001
    """Empty text is unassigned, and no date precedes the first day."""
    assert expected is takes_nothing(on("title", *put))


def test_membership_follows_from_itself_and_excludes_nothing() -> None:
    """A user may be in several groups."""
    desk, same, staff = (on("groups", "IS_MEMBER_OF", name) for name in ("desk", "group/desk", "staff"))

    assert (True, False) == (follows(desk, same, many=False), follows(desk, staff, many=False))
    assert not contradict(desk, staff, many=False)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (on("level", "IS NULL"), on("attributes.level", "IS NULL"), True),
        (on("title", "IS NULL"), on("department", "IS NULL"), False),
        (on("name", "IS NULL"), on("name", "IS NULL"), False),
        (on("emails", "IS NULL"), on("emails", "IS NULL"), False),
        (on("emails.value", "IS NULL"), on("emails.value", "IS NULL"), True),
        (on("x", "IS_MEMBER_OF", "a"), on("y", "IS_MEMBER_OF", "a"), True),
        (on("x", "IS_MEMBER_OF", "a"), on("x", "IS NULL"), False),
    ],
)
def test_clauses_are_compared_where_they_look_at_plain_values_of_one_attribute(
    one: Clause,
    other: Clause,
    expected: bool,  # noqa: FBT001
) -> None:
    """The whole path counts, with or without the prefix."""
    assert expected is is_same_attribute(one, other)


@pytest.mark.parametrize(
    ("path", "expected"),
    [("emails.value", True), ("title", False), ("customFields.badge", False), ("level", True), ("grade", False)],
)
def test_what_may_have_several_values_is_known_by_the_schema_or_by_looking(path: str, expected: bool) -> None:  # noqa: FBT001
    """For own attributes, only the declared values show it."""
    assert expected is may_be_many(on(path, "IS NULL"), {"level"}.__contains__)
