"""Changes that no test can notice, for they change nothing: a piece of each, as it then reads, and why."""

from __future__ import annotations

from collections.abc import Mapping

EQUIVALENT: Mapping[str, str] = {
    "+@dataclass(frozen=False, slots=True)": "nobody assigns to it, which mypy holds",
    "+@dataclass(frozen=True, slots=False)": "nobody assigns to it, and it takes more memory",
    "+        if change.action is action": "there is one of each action: pydantic keeps the literal",
    "if role in one.before | one.after]": "who holds it afterwards has been asked for: there is nobody",
    "if size else range( -1)": "as empty",
    "if len(twice) != 1 else": "where nobody came twice it is not shown",
    "_id(pages[last].resources[: 2])": "the first of two is the first of one",
    "_id(pages[start].resources[: 2])": "the first of two is the first of one",
    "joined = len(starts) <= 1": "there is a page",
}
