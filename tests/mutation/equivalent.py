"""Changes that no test can notice, for they change nothing: a piece of each, as it then reads, and why."""

from __future__ import annotations

from collections.abc import Mapping

EQUIVALENT: Mapping[str, str] = {
    "+@dataclass(frozen=False, slots=True)": "nobody assigns to it, which mypy holds",
    "+@dataclass(frozen=True, slots=False)": "nobody assigns to it, and it takes more memory",
    "+        if change.action is action": "there is one of each action: pydantic keeps the literal",
    "if role in one.before | one.after]": "who holds it afterwards has been asked for: there is nobody",
    "if role in one.before ^ one.after]": "the same",
    '+    if live.certificate.mode >= "targeted":': "of the modes it is the last in the alphabet",
    "action: str, /, without": "it is given by name",
    "if size else range( -1)": "as empty",
    "if len(twice) != 1 else": "where nobody came twice it is not shown",
    "_id(pages[last].resources[: 2])": "the first of two is the first of one",
    "_id(pages[start].resources[: 2])": "the first of two is the first of one",
    '+    return rows[ -1].get("id")': "there is one row at most",
    "if start <= 1 else": "the first page starts at 1",
    "joined = len(starts) <= 1": "there is a page",
}
