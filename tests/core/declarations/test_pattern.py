"""Patterns match the whole value, in time linear in its length."""

from __future__ import annotations

import re
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.declarations.pattern import compile_pattern


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("abc", "abc", True),
        ("abc", "xabc", False),
        ("abc", "abcx", False),
        ("a|bc", "abc", False),
        ("^a$", "a", True),
        ("a", "a\n", False),
        ("a.c", "a\nc", False),
        ("", "", True),
        ("", "a", False),
        (r"\w+@example\.com", "ann@example.com", True),
        ("ABC", "abc", False),
    ],
)
def test_a_pattern_is_held_against_the_whole_text(pattern: str, text: str, expected: bool) -> None:  # noqa: FBT001
    """An alternative or a line end makes no difference."""
    assert expected is compile_pattern(pattern, case_sensitive=True)(text)


@given(st.from_regex(r"\A[ab|]{0,6}[*+]?\Z"), st.text("ab", max_size=6))
def test_a_simple_pattern_means_what_python_says_it_means(pattern: str, text: str) -> None:
    """Both engines agree on every pattern that both compile."""
    try:
        expected = re.fullmatch(pattern, text) is not None
    except re.error:
        return
    assert expected is compile_pattern(pattern, case_sensitive=True)(text)


def test_case_can_be_left_out_of_it() -> None:
    """This includes letters beyond ASCII."""
    matches = compile_pattern("straße|ÉCOLE", case_sensitive=False)

    assert (True, True, False) == (matches("STRAßE"), matches("école"), matches("ecole"))


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(a", "unclosed group"),
        ("a)(?:b", "unopened group"),
        ("[z-a]", "invalid character class range"),
        (r"(a)\1", "backreferences are not supported"),
        ("(?=a)", "look-around"),
        (r"\w{10000}", "size limit"),
    ],
)
def test_a_pattern_that_does_not_compile_says_why(pattern: str, reason: str) -> None:
    """Constructs that need backtracking are refused too."""
    with pytest.raises(ValueError, match=f"is not a pattern: .*{reason}"):
        compile_pattern(pattern, case_sensitive=True)


def test_no_pattern_makes_a_run_hang() -> None:
    """Python's own engine would not finish this match in any useful time."""
    matches = compile_pattern("(a+)+b", case_sensitive=True)
    started = perf_counter()

    assert matches("a" * 20_000) is False
    assert perf_counter() - started < 5
