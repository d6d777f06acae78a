"""Replaces letters with diacritics by plain letters: Łukasz becomes Lukasz."""

from __future__ import annotations

import unicodedata
from typing import Final

NOT_DECOMPOSED: Final = str.maketrans(
    {
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ß": "ss",
        "æ": "ae",
        "Æ": "AE",
        "œ": "oe",
        "Œ": "OE",
        "þ": "th",
        "Þ": "Th",
    }
)


def normalize_diacritics(text: object) -> str:
    """Returns the text without diacritics: Łukasz → Lukasz, Zoë → Zoe."""
    decomposed = unicodedata.normalize("NFKD", str(text).translate(NOT_DECOMPOSED))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
