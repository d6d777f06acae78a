"""Amounts in words: counts with their nouns, the first few of many, seconds. Knows nothing of what is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import ceil, floor
from typing import TypeVar

T = TypeVar("T")

MOST_SECONDS = 120  # up to two minutes seconds say it best
MOST_MINUTES = 120  # and up to two hours minutes


def count(number: int, noun: str) -> str:
    """Returns `1 request`, `2,000 requests`."""
    return f"{number:,} {plural(number, noun)}"


def plural(number: int, noun: str) -> str:
    """Returns the noun for so many: `request`, `requests`."""
    return noun if number == 1 else f"{noun}s"


def count_people(number: int) -> str:
    """Returns `1 person`, `2 people`."""
    return "1 person" if number == 1 else f"{number:,} people"


def count_both(users: int, groups: int) -> str:
    """Returns `2 users and 1 group`, without those of which there are none."""
    return " and ".join([count(users, "user")] * bool(users) + [count(groups, "group")] * bool(groups))


def few(items: Sequence[T], most: int | None, tell: Callable[[T], str] = str, between: str = ", ") -> str:
    """Returns `a, b, c and 211 more`; all of them where `most` is None. Only those that are named are spelled."""
    return between.join(map(tell, items[:most])) + and_more(0 if most is None else len(items) - most)


def and_more(number: int) -> str:
    """Returns ` and 211 more`, after the last that is named; empty for none."""
    return f" and {number:,} more" if number > 0 else ""


def more_of(number: int, about: str = "") -> Iterable[str]:
    """Yields `and 211 more`, the last item of a list that was cut, with what else there is to say of it; or nothing."""
    if number > 0:
        yield f"and {number:,} more{about}"


def spell_seconds(seconds: float) -> str:
    """Returns `12 s`, `4 min`, `2.5 h`: rounded up, for a wait is never shorter than it is said to be."""
    return _spell(seconds, ceil)


def spell_at_least(seconds: float) -> str:
    """Returns `at least 12 s`: rounded down, so that it is true."""
    return f"at least {_spell(seconds, floor)}"


def _spell(seconds: float, round_to: Callable[[float], int]) -> str:
    whole = max(0, round_to(seconds))
    if whole <= MOST_SECONDS:
        return f"{whole} s"
    minutes = round_to(whole / 60)
    return f"{minutes} min" if whole <= MOST_MINUTES * 60 else f"{round_to(whole / 360) / 10:.1f} h"
