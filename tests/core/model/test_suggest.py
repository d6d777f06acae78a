"""Suggestions of the valid word that is nearest to a wrong one."""

from __future__ import annotations

import pytest

from reconciler.core.model.suggest import did_you_mean


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("finence", 'did you mean "Finance"?'),
        ("FINANCE", 'did you mean "Finance"?'),
        ("service-dsk", 'did you mean "service-desk"?'),
        ("warehouse", None),
        ("", None),
    ],
)
def test_the_nearest_word_is_offered_in_its_own_spelling(word: str, expected: str | None) -> None:
    """The comparison ignores case; without a near word there is no suggestion."""
    assert expected == did_you_mean(word, ["Finance", "service-desk", "hr"])


def test_nothing_is_offered_where_there_is_nothing_to_offer() -> None:
    """An empty vocabulary has no nearest word."""
    assert did_you_mean("finance", []) is None
