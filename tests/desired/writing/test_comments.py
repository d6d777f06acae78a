"""A `#` begins a comment, or is part of a text."""

from __future__ import annotations

import pytest

from reconciler.desired.writing.comments import YamlComment, find_comments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\n", []),
        ("# a  \nb: 1 # c\n", [YamlComment("# a", 0, 0, is_alone=True), YamlComment("# c", 1, 5, is_alone=False)]),
        ("a: x#y\nb: '# z'\nc: \"# z\"\n", []),
        ("a: |  # head\n  # text\n  # text\nb: 1\n", [YamlComment("# head", 0, 6, is_alone=False)]),
        ("a: [x, # one\n  y]\n", [YamlComment("# one", 0, 7, is_alone=False)]),
        (
            "a:\n  # two\n  - x\n# end",
            [YamlComment("# two", 1, 2, is_alone=True), YamlComment("# end", 3, 0, is_alone=True)],
        ),
        ("é: 1 # é\n", [YamlComment("# é", 0, 5, is_alone=False)]),
    ],
)
def test_a_comment_is_found_by_what_stands_between_tokens(text: str, expected: list[YamlComment]) -> None:
    """The `#` alone does not make a comment."""
    assert expected == find_comments(text)
