"""Amounts are spelled in one way everywhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.core.model.amounts import (
    and_more,
    count,
    count_both,
    count_people,
    few,
    more_of,
    spell_at_least,
    spell_seconds,
)

SOURCES = [path for path in (Path(__file__).parents[2] / "reconciler").rglob("*") if path.suffix in {".py", ".j2"}]


def test_a_count_has_its_noun() -> None:
    assert ["0 users", "1 user", "2 users", "2,000 users"] == [count(number, "user") for number in (0, 1, 2, 2000)]
    assert ["0 people", "1 person", "1,204 people"] == [count_people(number) for number in (0, 1, 1204)]


@pytest.mark.parametrize(
    ("users", "groups", "expected"),
    [(0, 0, ""), (1, 0, "1 user"), (0, 2, "2 groups"), (1204, 1, "1,204 users and 1 group")],
)
def test_users_and_groups_are_counted_together(users: int, groups: int, expected: str) -> None:
    assert expected == count_both(users, groups)


def test_of_many_the_first_are_named() -> None:
    assert "a, b, c" == few("abc", None)
    assert "a, b, c" == few("abc", 3)
    assert "A; B and 1 more" == few("abc", 2, str.upper, "; ")
    assert ["", "", " and 2,000 more"] == [and_more(number) for number in (-1, 0, 2000)]
    assert [[], ["and 2,000 more of them"]] == [list(more_of(number, " of them")) for number in (0, 2000)]


def test_time_is_in_seconds_minutes_or_hours_and_never_too_short() -> None:
    assert ["0 s", "0 s", "1 s", "120 s", "3 min", "60 min", "120 min", "2.1 h", "2.5 h", "2.6 h"] == [
        spell_seconds(seconds) for seconds in (-3, 0, 0.2, 120, 120.5, 3600, 7200, 7201, 9000, 9001)
    ]


def test_a_least_time_is_never_too_long() -> None:
    assert ["at least 0 s", "at least 12 s", "at least 2 min", "at least 2.0 h", "at least 2.5 h"] == [
        spell_at_least(seconds) for seconds in (-3, 12.9, 179, 7201, 9359)
    ]


def test_amounts_are_put_into_words_in_one_place() -> None:
    """No other module spells a plural or `and N more`; errors.py can't import core."""
    by_hand = re.compile(
        r"""\} more"|and \{[^}]*\} more|"(\w+)" if [^"]* == 1 else "\1s"|'(\w+)' if [^']* == 1 else '\2s'"""
    )
    allowed = {"amounts.py", "errors.py", "plan.html.j2"}

    found = [path.name for path in SOURCES if path.name not in allowed and by_hand.search(path.read_text("utf-8"))]

    assert [] == found
