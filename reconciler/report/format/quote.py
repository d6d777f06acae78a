"""Escapes foreign text for terminals, chats and Markdown.

No display name can ping a team, make a link, break a line or run in a page.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator

LONGEST = 200
LONGEST_FENCE = 80
DELETE = "\x7f"  # the one control character that JSON does not escape
_IN_CHATS = str.maketrans({"@": "(at)", **dict(zip("<>[]`*~&", "{}()'+-+", strict=True))})
_COMMAND = re.compile(r"(?:(?<!\S):(?=:)|#(?=#\[))(.)")
_UNSEEN = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}
_OPENING, _CLOSING = "(\"'", ")\"'.,;:!?…"
_SPAN = re.compile(rf"(?<!\S)([{_OPENING}]*)`([^`]+)`(?=[{_CLOSING}]*(?: |$))")  # a whole word: fences never touch
_WORD = re.compile(
    r"""[^\W_]+(?:['\u2019-][^\W\d_][^\W_]*)*  # words, also with an apostrophe or a hyphen; GitHub may link `ABC-1`
    | \d+(?:[.,]\d+)*%? | \d\d?:\d\d(?::\d\d)? | \d{4}-\d\d-\d\d  # numbers, times, dates
    | [\u2192\u00b7\u2013\u2014&%]?  # a sign that stands alone, or punctuation alone""",
    re.VERBOSE,
)
_NO_WORD = re.compile(r"(?i:[0-9a-f]{7})|(?-i:^[a-z]+[A-Z])")  # GitHub links a hash; `userName` is a key
_LIST_NUMBER = re.compile(r"\d+[.)]")


def plain(text: str, longest: int = LONGEST) -> str:
    """Returns the text on one line, cut to `longest` characters.

    Characters that are invisible or reverse the writing direction are shown as code points.
    """
    shown = plain_line(text[:longest])
    return f"{shown}…" if len(text) > longest else shown


def plain_line(sentence: str) -> str:
    """Returns a sentence of any length that is harmless on a terminal and in the log of a workflow.

    GitHub reads `::word` at the start of a line, and `##[word]` anywhere, as commands. Wrapping can move any word to
    the start of a line, so `::` is escaped at the start of each word.
    """
    return _COMMAND.sub(lambda found: f"{found[0][0]}\\u{ord(found[1]):04x}", visible_line(sentence))


def visible_line(sentence: str) -> str:
    """Shows characters that are invisible or reverse the writing direction as code points."""
    if sentence.isprintable():  # true for nearly every sentence, and fast
        return sentence
    return "".join(map(_show, sentence))


def _show(character: str) -> str:
    if unicodedata.category(character) not in _UNSEEN:
        return character
    return "\\u007f" if character == DELETE else json.dumps(character)[1:-1]


def for_chat(text: str, longest: int = LONGEST) -> str:
    """Returns the text on one line for a chat: signs that mention people, link or format are replaced."""
    return plain(text, longest).translate(_IN_CHATS)


def code(text: str, longest: int = LONGEST) -> str:
    """Returns a key or value as a Markdown code span, in which mentions, links, HTML and tables have no effect."""
    return _fence(plain(text, longest))


def prose(text: str, longest: int = LONGEST) -> str:
    """Returns a sentence as Markdown prose, cut to `longest` characters.

    Ordinary words are text. A word that Markdown or GitHub could interpret (a key, an address, a mention, `#1`, a
    hash, HTML) is a code span, and so is text between backticks. The text begins no list, heading, quote or table.
    """
    return _write_prose(plain(text, longest))


def prose_line(sentence: str) -> str:
    """Returns a sentence of any length as Markdown prose."""
    return _write_prose(plain_line(sentence))


def code_block(line: str) -> str:
    """Returns the line as a fenced block of YAML to copy: of any length, on one line, in a fence longer than its own.

    GitHub's parser accepts no fence of more than 80 backticks: of a line with so many, backticks become apostrophes.
    """
    shown = plain_line(line)
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    if longest >= LONGEST_FENCE:
        shown, longest = shown.replace("`", "'"), 0
    fence = "`" * max(3, longest + 1)
    return f"{fence}yaml\n{shown}\n{fence}\n"


def _fence(shown: str) -> str:
    """Returns a code span with the shortest fence that does not occur in the text; GitHub accepts at most 80."""
    shown = shown or " "
    runs = {len(run) for run in re.findall("`+", shown)}
    length = next(number for number in range(1, len(runs) + 2) if number not in runs)
    if length > LONGEST_FENCE:
        shown, length = shown.replace("`", "'"), 1
    fence = "`" * length
    padding = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return f"{fence}{padding}{shown}{padding}{fence}"


def _write_prose(shown: str) -> str:
    pieces = _SPAN.split(shown)  # in turns: text, the signs before a code span, its content
    write = (_escape_words, str, _fence)
    written = "".join(write[number % 3](piece) for number, piece in enumerate(pieces))
    first, space, rest = written.strip().partition(" ")
    if _LIST_NUMBER.fullmatch(first):
        first = f"{first[:-1]}\\{first[-1]}"
    return first + space + rest or _fence("")


def _escape_words(text: str) -> str:
    """Returns the text with code spans around the words that are not ordinary; spaces at its ends are kept."""
    space_before, space_after = (" " if end == " " else "" for end in (text[:1], text[-1:]))
    words = " ".join(_join_spans(text))
    return f"{space_before}{words}{space_after}" if words else space_before


def _join_spans(text: str) -> Iterator[str]:
    """Yields ordinary words as they are, and neighbouring other words as one code span."""
    before, open_span = "", list[str]()
    for token in text.split(" "):
        word = token.lstrip(_OPENING)
        start = token[: len(token) - len(word)]
        core = word.rstrip(_CLOSING)
        end = word[len(core) :]
        ordinary = _is_ordinary(core)
        if open_span and (ordinary or start):
            yield before + _fence(" ".join(open_span))
            open_span = []
        if ordinary:
            yield from [token] if token else []
            continue
        before = before if open_span else start
        open_span.append(core)
        if end:
            yield before + _fence(" ".join(open_span)) + end
            open_span = []
    if open_span:
        yield before + _fence(" ".join(open_span))


def _is_ordinary(word: str) -> bool:
    """Whether no parser finds more in a word than its letters, in any script."""
    letters = word if word.isascii() else "".join(one for one in word if unicodedata.category(one)[0] != "M")
    return _WORD.fullmatch(letters) is not None and not _NO_WORD.search(letters)
