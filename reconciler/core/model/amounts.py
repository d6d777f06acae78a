"""Spells amounts: counts with their nouns, the first items of a long list, seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import ceil, floor
from typing import TypeVar

T = TypeVar("T")

MOST_SECONDS = 120  # a longer wait is spelled in minutes
MOST_MINUTES = 120  # a longer wait is spelled in hours


def count(number: int, noun: str) -> str:
    """Returns `1 request`, `2,000 requests`."""
    return f"{number:,} {plural(number, noun)}"


def plural(number: int, noun: str) -> str:
    """Returns the noun in the number's form: `request`, `requests`."""
    return noun if number == 1 else f"{noun}s"


def count_people(number: int) -> str:
    """Returns `1 person`, `2 people`."""
    return "1 person" if number == 1 else f"{number:,} people"


def count_both(users: int, groups: int) -> str:
    """Returns `2 users and 1 group`, without a part that is zero."""
    return " and ".join([count(users, "user")] * bool(users) + [count(groups, "group")] * bool(groups))


def few(items: Sequence[T], most: int | None, spell: Callable[[T], str] = str, between: str = ", ") -> str:
    """Returns `a, b, c and 211 more`, or all items if `most` is None. Calls `spell` only for items that it names."""
    return between.join(map(spell, items[:most])) + and_more(0 if most is None else len(items) - most)


def and_more(number: int) -> str:
    """Returns ` and 211 more`, the end of a list of names, or an empty text if no item is left."""
    return f" and {number:,} more" if number > 0 else ""


def more_of(number: int, about: str = "") -> Iterable[str]:
    """Yields `and 211 more` with the text `about` after it, as the last item of a cut list; nothing if none is left."""
    if number > 0:
        yield f"and {number:,} more{about}"


def spell_seconds(seconds: float) -> str:
    """Returns `12 s`, `4 min`, `2.5 h`: rounded up, so that a wait is never longer than its text."""
    return _spell(seconds, ceil)


def spell_at_least(seconds: float) -> str:
    """Returns `at least 12 s`: rounded down, so that the least is true."""
    return f"at least {_spell(seconds, floor)}"


def _spell(seconds: float, round_to: Callable[[float], int]) -> str:
    whole = max(0, round_to(seconds))
    if whole <= MOST_SECONDS:
        return f"{whole} s"
    minutes = round_to(whole / 60)
    return f"{minutes} min" if whole <= MOST_MINUTES * 60 else f"{round_to(whole / 360) / 10:.1f} h"
