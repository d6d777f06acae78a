"""Words in text: a miss must prove that nobody is named."""

from __future__ import annotations

import pytest

from reconciler.core.ownership.mention import MentionIndex


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("kai", "  kai:\n"),
        ("Kai", "KAI"),
        ("kai", "user/kai"),
        ("kai", '{"kai":{}}'),
        ("kai", "[ann,kai]"),
        ("kai.brand", "userName: kai.brand@example.com"),
        ("kai@example.com", "userName: 'kai@example.com'"),
        ("kai", '"k\\u0061i"'),
        ("kai", '"k\\x61i"'),
        ("kai", '"\\U0000006bai"'),
        ("O'Brien", "displayName: 'O''Brien'"),
        ("Zo\u00eb", "zoe\u0308"),
        ("Łukasz", "lukasz"),
        ("Our  Staff", "displayName: our staff"),
        ("Our Staff", "displayName: Our\n    Staff"),
        ("kai", "xkai kai-1 kai"),
        ("4711", 'id: "4711"'),
        ('a "b"', 'x: "a \\"b\\""'),
    ],
)
def test_a_word_that_stands_by_itself_is_found(word: str, text: str) -> None:
    """Whatever YAML makes of it."""
    assert {7} == MentionIndex([(word, 7)]).find(text)


@pytest.mark.parametrize(
    "text", ["", "kais", "xkai", "kai.brand", "kai-1", "akai, kai_b", "kai+1", "ka i", "\\U00110000"]
)
def test_a_part_of_another_word_is_none(text: str) -> None:
    """A key that is the beginning of another is not that one."""
    assert frozenset() == MentionIndex([("kai", 1)]).find(text)


def test_everybody_with_the_word_is_found() -> None:
    """Two of one name, and one of another; a word without a letter finds nobody."""
    index = MentionIndex([("kai", 1), ("kai", 2), ("k@example.com", 3), ("k@example.org", 4), ("--", 5)])

    assert {1, 2, 3} == index.find("kai: {userName: k@example.com}")


def test_two_names_with_spaces_are_found_apart() -> None:
    """Both begin with the same word."""
    index = MentionIndex([("our staff", 1), ("our people", 2), ("our", 3)])

    assert {2, 3} == index.find("- our   people\n")
