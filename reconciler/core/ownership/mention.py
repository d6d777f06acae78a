"""Finds the users and groups that a text mentions, by words of each. Pure.

A hit proves nothing; a miss proves absence. Text is unescaped, and compared without case and without diacritics.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from reconciler.core.model.transliterate import normalize_diacritics

RUN = re.compile(r"\w+")
ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))")
LAST_LETTER = 0x10FFFF


def fold_text(text: str) -> str:
    """Returns the text in the form in which words are searched."""
    return text.lower() if text.isascii() else normalize_diacritics(text).casefold()


def unescape(text: str) -> str:
    """Returns the text with YAML's escapes resolved, for both kinds of quotes."""
    if "\\" in text:
        text = ESCAPE.sub(_letter, text).replace('\\"', '"').replace("\\/", "/").replace("\\\n", "\n")
    return text.replace("''", "'")


def _letter(found: re.Match[str]) -> str:
    code = int(next(group for group in found.groups() if group), 16)
    return chr(code) if code <= LAST_LETTER else found[0]


class MentionIndex:
    """Finds the numbered users and groups that a text mentions; each has any number of words."""

    def __init__(self, words: Iterable[tuple[str, int]]) -> None:
        self._by_run: dict[str, dict[str, set[int]]] = {}
        for word, number in words:
            folded = " ".join(fold_text(word).split())
            run = RUN.search(folded)
            if run is not None:
                self._by_run.setdefault(run[0], {}).setdefault(folded, set()).add(number)

    def find(self, text: str) -> frozenset[int]:
        """Returns the numbers of the users and groups that the text mentions by a whole word."""
        folded = fold_text(unescape(text))
        found: set[int] = set()
        spaced: str | None = None
        for run in self._by_run.keys() & set(RUN.findall(folded)):
            for word, numbers in self._by_run[run].items():
                if " " in word:
                    spaced = spaced or " ".join(folded.split())
                if _contains_word(spaced if " " in word and spaced else folded, word):
                    found |= numbers
        return frozenset(found)


def _contains_word(text: str, word: str) -> bool:
    at = text.find(word)
    while at >= 0:
        if not _is_part(text[at - 1 : at]) and not _is_part(text[at + len(word) : at + len(word) + 1]):
            return True
        at = text.find(word, at + 1)
    return False


def _is_part(letter: str) -> bool:
    """Decides whether a letter next to a word belongs to it; YAML's separators and `@` do not."""
    return letter.isalnum() or letter in {"_", ".", "-", "+"}
