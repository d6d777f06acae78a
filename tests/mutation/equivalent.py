"""Changes that no test can notice, for they change nothing: by module, what then reads otherwise, and why."""

from __future__ import annotations

from collections.abc import Mapping

GUARDRAILS: Mapping[str, str] = {
    "@dataclass(frozen=False, slots=True)": "nobody assigns to it, which mypy holds",
    "@dataclass(frozen=True, slots=False)": "nobody assigns to it, and it takes more memory",
    "if change.action is action": "there is one of each action: pydantic keeps the literal",
    "losing = [one.key for one in everyone if role in one.before | one.after]": (
        "who holds it afterwards has been asked for next: there is nobody"
    ),
    "losing = [one.key for one in everyone if role in one.before ^ one.after]": "the same",
    'if live.certificate.mode >= "targeted":': "of the modes it is the last in the alphabet",
    "def _pairs(changes: Iterable[Change], action: str, /, without: frozenset[str]) -> list[tuple[str, str]]:": (
        "it is given by name"
    ),
}
ROWS_A_PAGE = "(dialect.page_size if dialect.pages_are_known else size)"
LISTS: Mapping[str, str] = {
    f"if not listing.faults and size and first.total % {ROWS_A_PAGE} <= 0:": (
        "what is left of a division is never less than nothing"
    ),
    "while looks[-1].wants_another_look and len(looks) != MOST_LOOKS:": "it grows by one",
    "while looks[-1].wants_another_look and len(looks) is not MOST_LOOKS:": "small numbers are one object",
    "pages |= {start: page for start, page in zip(starts, answers, strict=False) if isinstance(page, Page)}": (
        "there are as many answers as starts"
    ),
    "MOST_PAGES_MORE = 21  # that a list may grow by while it is read": "any bound will do",
    "MOST_PAGES_MORE = 19  # that a list may grow by while it is read": "any bound will do",
}
READS: Mapping[str, str] = {
    "without: grouping.cancel()": "of users nothing raises after the first page: what does not come is a fault",
    "if len(strangers) > 1 + len(users.resources) / dialect.page_size:": "strangers are a whole number",
    "@dataclass(frozen=False, slots=True)": "nobody assigns to it, which mypy holds",
    "@dataclass(frozen=True, slots=False)": "nobody assigns to it, and it takes more memory",
}
EQUIVALENT: Mapping[str, Mapping[str, str]] = {
    "reconciler/core/guardrails.py": GUARDRAILS,
    "reconciler/live/lists.py": LISTS,
    "reconciler/live/read.py": READS,
}
