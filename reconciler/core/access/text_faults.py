"""Finds letters in a text that services change or that can't be seen, and braces that compute nothing."""

from __future__ import annotations

import json
from typing import Final, NamedTuple
from unicodedata import category, normalize

BRACES: Final = "{{"
JOINERS: Final = "\u200c\u200d"  # needed between letters of many scripts, from Arabic on
FIRST_JOINED: Final = "\u0600"


class TextFault(NamedTuple):
    """A fault of a text, as the end of a sentence, with what to write; `plain_hint` does not repeat the text."""

    code: str
    message: str
    hint: str
    plain_hint: str


def find_text_fault(text: str, *, is_name: bool = False, is_computed: bool = False) -> TextFault | None:
    """Returns the first fault of a text, or None.

    With `is_name`, invisible characters are none, because names are checked for them elsewhere; with `is_computed`,
    braces are none, because they are not written in YAML.
    """
    if text.isascii() and text == text.strip() and BRACES not in text:
        return None
    if text != text.strip():
        write = f"write {_spell(text.strip())}" if text.strip() else "write null to clear it"
        return TextFault("edge_space", "begins or ends with a space, which services cut", write, "remove the space")
    if text != normalize("NFC", text):
        message = "has a letter and its accent as two characters (NFD), which services join"
        write = "type each letter with its accent as one character (NFC)"
        return TextFault("decomposed", message, f"write {_spell(normalize('NFC', text))}", write)
    visible = "".join(letter for at, letter in enumerate(text) if not _is_invisible(text, at))
    if visible != text and not is_name:
        hint = "remove them, unless the language needs them"
        return TextFault("invisible", "has invisible characters", f"write {_spell(visible)}", hint)
    if BRACES in text and not is_computed:
        hint = "to compute a value, write an `expression:` under attribute_mappings"
        return TextFault("literal_braces", "is written as it is, braces included", hint, hint)
    return None


def show_text(text: str, longest: int = 60) -> str:
    """Returns a text in quotes, cut, with escapes if it has characters that can't be seen or distinguished."""
    cut = text[:longest]
    return f"{_spell(cut)}{'…' * (len(text) > longest)}"


def _spell(text: str) -> str:
    """Returns the text in double quotes, as YAML reads it; with escapes where letters could be confused."""
    plain = text.isprintable() and text == normalize("NFC", text)
    return json.dumps(text, ensure_ascii=not plain)


def _is_invisible(text: str, at: int) -> bool:
    """Decides whether a character has no width of its own; a joiner between letters of some scripts changes them."""
    letter = text[at]
    joins = letter in JOINERS and at > 0 and text[at - 1] >= FIRST_JOINED
    return category(letter) == "Cf" and not joins
