"""What comes from outside, made harmless: a display name can't ping a team, break a line or run in a page."""

from __future__ import annotations

import json
import re
import unicodedata

LONGEST = 200
LONGEST_FENCE = 80
DELETE = "\x7f"  # the one control character that JSON leaves as it is
_IN_CHATS = str.maketrans({"@": "(at)", **dict(zip("<>[]`*~&", "{}()'+-+", strict=True))})
_COMMAND = re.compile(r"(?:(?<!\S):(?=:)|#(?=#\[))(.)")
_UNSEEN = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}


def plain(text: str, longest: int = LONGEST) -> str:
    """The text on one line; what can't be seen, or turns the direction of writing, is spelled out by its number."""
    shown = plain_line(text[:longest])
    return f"{shown}…" if len(text) > longest else shown


def plain_line(sentence: str) -> str:
    """A sentence of ours, of any length, with whatever it quotes made harmless, to the log of a workflow as well.

    GitHub takes `::word` where a line begins, and `##[word]` anywhere, for commands; where lines are wrapped, any word
    may begin one, and no word is cut.
    """
    return _COMMAND.sub(lambda found: f"{found[0][0]}\\u{ord(found[1]):04x}", visible_line(sentence))


def visible_line(sentence: str) -> str:
    """What can't be seen, or turns the direction of writing, spelled out by its number."""
    if sentence.isprintable():  # nearly all are, and Python tells at once
        return sentence
    return "".join(map(_spelled, sentence))


def _spelled(character: str) -> str:
    if unicodedata.category(character) not in _UNSEEN:
        return character
    return "\\u007f" if character == DELETE else json.dumps(character)[1:-1]


def for_chat(text: str, longest: int = LONGEST) -> str:
    """The text on one line for a chat: what calls people, links or formats there is spelled with other signs."""
    return plain(text, longest).translate(_IN_CHATS)


def code(text: str, longest: int = LONGEST) -> str:
    """The text as a code span of Markdown (GitHub flavour): in one, nothing is a mention, a link, HTML or a table."""
    return _fenced(plain(text, longest))


def code_line(sentence: str) -> str:
    """A sentence of any length as a code span, with whatever it quotes made harmless."""
    return _fenced(plain_line(sentence))


def code_block(line: str) -> str:
    """The line as a fenced block of YAML, to be copied: of any length, on one line, with a fence that it has not."""
    shown = plain_line(line)
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    if longest >= LONGEST_FENCE:
        shown, longest = shown.replace("`", "'"), 0
    fence = "`" * max(3, longest + 1)
    return f"{fence}yaml\n{shown}\n{fence}\n"


def _fenced(shown: str) -> str:
    """The fence is the shortest that the text has not: GitHub's parser knows none of more than 80."""
    shown = shown or " "
    runs = {len(run) for run in re.findall("`+", shown)}
    length = next(number for number in range(1, len(runs) + 2) if number not in runs)
    if length > LONGEST_FENCE:
        shown, length = shown.replace("`", "'"), 1
    fence = "`" * length
    padding = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return f"{fence}{padding}{shown}{padding}{fence}"
