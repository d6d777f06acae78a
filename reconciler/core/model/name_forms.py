"""The forms of a name: as a service compares it, without invisible differences, and without confusable ones.

Two names are one name if `lower_name` returns the same for both. Unicode has wider comparisons (case folding, RFC 8264
section 5.2.2), by which `straße` is `strasse`; a service that does not use them has two users there.
"""

from __future__ import annotations

from typing import Final
from unicodedata import category, normalize

from reconciler.core.model.transliterate import normalize_diacritics

DOTLESS: Final = "\u0131"  # the Turkish letter; no form of Unicode makes an i of it
UNSEEN: Final = frozenset(
    map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x3164, *range(0xFE00, 0xFE10), 0xFFA0))
)  # invisible, though not of the category Cf (Unicode: Default_Ignorable_Code_Point)


def lower_name(text: str) -> str:
    """Returns a name in lower case, letter by letter: nothing is folded, trimmed or normalised.

    A letter outside ASCII never becomes an ASCII one: the Kelvin sign and the dotted capital I stay as they are.
    """
    return text.lower() if text.isascii() else "".join(map(_lower_letter, text))


def _lower_letter(letter: str) -> str:
    lower = letter.lower()
    turns_ascii = not letter.isascii() and any(part.isascii() for part in lower)
    return letter if turns_ascii else lower


def plain_form(text: str) -> str:
    """Returns a name without invisible differences: outer spaces, decomposed letters (NFC), invisible characters."""
    if text.isascii():
        return text.strip()
    return normalize("NFC", "".join(letter for letter in text if not is_unseen(letter))).strip()


def wide_form(text: str) -> str:
    """Returns a name without accents, widths and ligatures, in folded case: for names that look or sound the same."""
    if text.isascii():
        return text.strip().lower()
    return normalize_diacritics(plain_form(text).casefold().replace(DOTLESS, "i")).casefold()


def is_unseen(letter: str) -> bool:
    """Decides whether a character is invisible."""
    return category(letter) == "Cf" or letter in UNSEEN
