"""Letters without their marks."""

from __future__ import annotations

import pytest

from reconciler.core.model.transliterate import normalize_diacritics


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Łukasz", "Lukasz"), ("Zoë", "Zoe"), ("Straße", "Strasse"), ("Ærø", "AEro"), ("日本", "日本"), ("", "")],
)
def test_a_letter_loses_its_marks(text: str, expected: str) -> None:
    """Those that decompose, and those that don't and are known; the others stay."""
    assert expected == normalize_diacritics(text)
