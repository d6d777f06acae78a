"""Letters with diacritics become plain letters."""

from __future__ import annotations

import pytest

from reconciler.core.model.transliterate import normalize_diacritics


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Łukasz", "Lukasz"), ("Zoë", "Zoe"), ("Straße", "Strasse"), ("Ærø", "AEro"), ("日本", "日本"), ("", "")],
)
def test_a_letter_loses_its_marks(text: str, expected: str) -> None:
    """Letters that decompose, and those of the table; all others stay."""
    assert expected == normalize_diacritics(text)
