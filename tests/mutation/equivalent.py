"""Mutations that change no behaviour, so no test can notice them: the mutated line by module, and the reason."""

from __future__ import annotations

from collections.abc import Mapping

GUARDRAILS: Mapping[str, str] = {
    "/,": "it is given by name",
    'if not (first_apply and name <= "max_adoptions")': "of the limits it is the first in the alphabet",
    "@dataclass(frozen=False, slots=True)": "no code assigns to it, which mypy checks",
    "@dataclass(frozen=True, slots=False)": "no code assigns to it; it only takes more memory",
    "losing = [user.key for user in users if role in user.before | user.after]": (
        "the next condition requires that no user holds the role afterwards"
    ),
    "losing = [user.key for user in users if role in user.before ^ user.after]": "the same",
    'if live.certificate.mode >= "targeted":': "of the modes it is the last in the alphabet",
}
LIMITS: Mapping[str, str] = {
    "changes: Sequence[Change], guardrails: Guardrails | None = None, /, first_apply: bool = False": (
        "it is given by name"
    ),
    "found = marked or (listed if len(listed) <= 1 else [])": "a list of none is empty too",
    "if change.action is action": "there is one of each action: pydantic keeps the literal",
    "def _pairs(changes: Iterable[Change], action: str, /, without: frozenset[str]) -> list[tuple[str, str]]:": (
        "it is given by name"
    ),
}
ROW_OF_PAGE = "row for start in starts for row in"
PAGES: Mapping[str, str] = {
    "@dataclass(frozen=False, slots=True)": "nobody assigns to it, which mypy holds",
    "@dataclass(frozen=True, slots=False)": "nobody assigns to it, and it takes more memory",
    "return range(1 + step, total + 1 - (size - step), step) if size else range( -1)": "as empty",
    "if _id(pages[before].resources[-1:]) != _id(pages[start].resources[: 2])": "of two, only the first counts",
    "joined = len(starts) == 1 or _id(pages[starts[-2]].resources[-1:]) == _id(pages[last].resources[: 2])": (
        "the first of two is the first of one"
    ),
    'return rows[ -1].get("id") if rows else object()': "there is one row at most",
    f"rows = [{ROW_OF_PAGE} (pages[start].resources if start <= 1 else pages[start].resources[1:])]": (
        "the first page starts at 1"
    ),
    "joined = len(starts) <= 1 or _id(pages[starts[-2]].resources[-1:]) == _id(pages[last].resources[:1])": (
        "there is a page"
    ),
}
ROWS_A_PAGE = "(dialect.page_size if dialect.pages_are_known else size)"
LISTS: Mapping[str, str] = {
    f"if not listing.faults and size and first.total % {ROWS_A_PAGE} <= 0:": ("a remainder is never negative"),
    "while looks[-1].wants_another_look and len(looks) != MOST_LOOKS:": "it grows by one",
    "while looks[-1].wants_another_look and len(looks) is not MOST_LOOKS:": "small numbers are one object",
    "pages |= {start: page for start, page in zip(starts, answers, strict=False) if isinstance(page, Page)}": (
        "there are as many answers as starts"
    ),
    "MOST_PAGES_MORE = 21  # that a list may grow by while it is read": "any bound will do",
    "MOST_PAGES_MORE = 19  # that a list may grow by while it is read": "any bound will do",
}
READS: Mapping[str, str] = {
    "without: grouping.cancel()": "after the first page of users nothing raises: a missing page is a fault",
    "await asyncio.gather(listing, grouping, return_exceptions=False)": (
        "both forms raise the failure before the cancellation that it causes"
    ),
    "if len(unread) > 1 + len(users.resources) / dialect.page_size:": "the count of unread members is a whole number",
    "@dataclass(frozen=False, slots=True)": "nobody assigns to it, which mypy holds",
    "@dataclass(frozen=True, slots=False)": "nobody assigns to it, and it takes more memory",
}
INCREMENT: Mapping[str, str] = {
    "@dataclass(frozen=False, slots=True)": "nobody assigns to it, which mypy holds",
    "@dataclass(frozen=True, slots=False)": "nobody assigns to it, and it takes more memory",
}
INCREMENTAL: Mapping[str, str] = {
    "@dataclass(frozen=False, slots=True)": "nobody assigns to it, which mypy holds",
    "@dataclass(frozen=True, slots=False)": "nobody assigns to it, and it takes more memory",
    'raise NotCertain(f"the list of changed users is inconsistent: {changed.faults[ -1]}")': (
        "the message may name any of the faults"
    ),
}
EQUIVALENT: Mapping[str, Mapping[str, str]] = {
    "reconciler/core/scim/increment.py": INCREMENT,
    "reconciler/live/incremental.py": INCREMENTAL,
    "reconciler/core/safety/guardrails.py": GUARDRAILS,
    "reconciler/core/safety/limits.py": LIMITS,
    "reconciler/core/scim/pages.py": PAGES,
    "reconciler/live/lists.py": LISTS,
    "reconciler/live/read.py": READS,
}
