"""Marks the plan comments on a pull request that are not of its current head and base, so that none stands as true.

It needs no tenant: comments about tenants that are no longer declared are found too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from reconciler.github.client import GitHub
from reconciler.github.comments.comment import (
    CommentMark,
    MarkedText,
    edit_comment,
    find_author,
    find_last_line,
    list_comments,
    read_pull_head,
    same_text,
)
from reconciler.github.comments.minimise import hide_comments
from reconciler.github.comments.pull_head import PullHead
from reconciler.github.models import Comment, PullRequest, parse

# The name of a tenant and no other text of another bot, because the mark stands in our comment again.
_PLAN = re.compile(r"<!-- reconciler:plan:([A-Za-z0-9][A-Za-z0-9_-]{0,63}) -->")
RenderOutdated: TypeAlias = Callable[[str, PullHead | None], str]


@dataclass(frozen=True, slots=True)
class MarkedComments:
    """The tenants whose plan comments were marked now, and a sentence for each that could not be."""

    tenants: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def fetch_pull_head(github: GitHub, number: int) -> PullHead:
    """Fetches the current head and base of a pull request."""
    pull = parse(PullRequest, github.get(f"/pulls/{number}"))
    return PullHead(pull.head.sha, pull.base.ref)


def mark_outdated(github: GitHub, number: int, current: PullHead, render: RenderOutdated) -> MarkedComments:
    """Edits every plan comment of ours that is not of the current head and base; `render` makes its new text.

    A comment that the token may not edit is hidden instead. Raises Forbidden if the comments can't be read.
    """
    author = find_author(github)
    plans = [one for one in list_comments(github, number) if author.wrote(one.user) and _tenant_of(one)]
    outdated = [one for one in plans if read_pull_head(one.body) != current]

    marked, notes = list[str](), list[str]()
    for comment in outdated:
        tenant, made_for = _tenant_of(comment), read_pull_head(comment.body)
        body = MarkedText(CommentMark("plan", tenant), render(tenant, made_for), made_for).body
        if same_text(comment.body, body):
            continue
        if edit_comment(github, comment, body):
            marked.append(tenant)
        else:
            notes += _hide(github, comment)
    return MarkedComments(tuple(marked), tuple(notes))


def _hide(github: GitHub, comment: Comment) -> tuple[str, ...]:
    why = f"The comment {comment.id} is out of date, and this token may not edit it"
    return tuple(f"{why}. {refused}" for refused in hide_comments(github, [comment]))


def _tenant_of(comment: Comment) -> str:
    """Returns the tenant of a plan comment, or an empty text."""
    found = _PLAN.fullmatch(find_last_line(comment.body))
    return found[1] if found else ""
