"""A text by its lines, and replacements of its parts."""

from __future__ import annotations

import pytest

from reconciler.desired.writing.layout import Replacement, SourceText, apply_replacements

TEXT = "one\n  two\n\nthree\n\nfour"


def test_replacements_are_made_at_places_of_the_text_as_it_was() -> None:
    """Replacements at one offset keep their order."""
    made = [Replacement(4, 9, "2"), Replacement(0, 0, "a"), Replacement(0, 3, "1"), Replacement(0, 0, "b")]

    assert "ab1\n2\n\nthree\n\nfour" == apply_replacements(TEXT, made)


def test_two_replacements_of_the_same_are_none() -> None:
    """The caller must choose."""
    assert None is apply_replacements(TEXT, [Replacement(0, 3, "1"), Replacement(2, 5, "2")])


@pytest.mark.parametrize(("text", "newline"), [("a\nb\n", "\n"), ("a\r\nb\r\n", "\r\n"), ("", "\n")])
def test_lines_end_as_those_of_the_text(text: str, newline: str) -> None:
    """Inserted lines have the same line ending."""
    assert newline == SourceText(text).newline


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("a\nb\n", 1, "a\nX\nb\n"),
        ("a\nb\n", 2, "a\nX\nb\n"),
        ("a\nb", 3, "a\nb\nX"),
        ("a\r\nb\r\n", 1, "a\r\nX\r\nb\r\n"),
    ],
)
def test_lines_are_put_after_the_line_on_which_something_ends(text: str, after: int, expected: str) -> None:
    """The same holds at the end of a text without a final line end."""
    assert expected == apply_replacements(text, [SourceText(text).insert_lines(after, ["X"])])


def test_lines_are_put_before_the_line_of_a_place() -> None:
    """Whole lines are inserted."""
    assert "one\nX\n  two\n\nthree\n\nfour" == apply_replacements(
        TEXT, [SourceText(TEXT).insert_lines_before(6, ["X"])]
    )


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (6, 9, "one\n\nthree\n\nfour"),
        (11, 16, "one\n  two\n\nfour"),
        (0, 3, "  two\n\nthree\n\nfour"),
        (18, 22, "one\n  two\n\nthree\n\n"),
    ],
)
def test_lines_are_cut_with_one_of_two_empty_lines_around_them(start: int, end: int, expected: str) -> None:
    """The neighbours stay separated by the same number of empty lines."""
    assert expected == apply_replacements(TEXT, [SourceText(TEXT).cut_lines(start, end)])


def test_a_place_knows_its_line() -> None:
    """Columns count from 0; white space before the offset is ignored."""
    page = SourceText(TEXT)

    assert (2, True, False) == (page.column(6), page.is_first(6), page.is_first(7))
    assert (2, 0) == (page.width_after(7), page.width_after(10))
