"""Keeps one comment of each kind and tenant on a pull request: finds it by mark and author, and edits it.

Knows nothing of plans. A comment is never read as an approval.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

from reconciler.errors import Conflict, Forbidden
from reconciler.github.client import GitHub
from reconciler.github.models import Comment, GitHubAccount, parse

T = TypeVar("T")
ACTIONS_BOT = "github-actions[bot]"
CommentResult: TypeAlias = Literal["created", "edited", "unchanged"]


@dataclass(frozen=True, slots=True)
class CommentMark:
    """The hidden last line that identifies a comment or issue: its subject and its tenant."""

    about: Literal["plan", "outcome", "drift"]
    tenant: str

    def __str__(self) -> str:
        return f"<!-- reconciler:{self.about}:{self.tenant} -->"

    def on(self, body: str) -> str:
        """Returns the body with the mark as its last line, because the first line is for readers."""
        return f"{body.rstrip()}\n\n{self}"

    def is_on(self, body: str | None) -> bool:
        """Whether the mark is the last line of the text; a mark that the text quotes does not count."""
        return (body or "").rstrip().rpartition("\n")[2] == str(self)


def find_author(github: GitHub, named: str | None) -> str:
    """Returns the author of this program's comments: `named`, else the token's account, else the bot of workflows."""
    if named is not None:
        return named
    try:
        return parse(GitHubAccount, github.whoami()).login
    except Forbidden:
        return ACTIONS_BOT


def find_own(comments: Sequence[Comment], author: str, mark: CommentMark) -> list[Comment]:
    """Finds the comments by the author that have the mark, oldest first."""
    own = (comment for comment in comments if comment.user is not None and comment.user.login == author)
    return sorted((comment for comment in own if mark.is_on(comment.body)), key=lambda one: one.id)


def same_text(one: str | None, other: str) -> bool:
    """Checks whether two bodies are equal, apart from line ends, which browsers change."""
    return (one or "").replace("\r\n", "\n").rstrip() == other.replace("\r\n", "\n").rstrip()


def retry_conflict(keep: Callable[[], T]) -> T:
    """Runs `keep`, and once more after a Conflict: another writer was faster."""
    try:
        return keep()
    except Conflict:
        return keep()


def keep_comment(github: GitHub, number: int, author: str, mark: CommentMark, text: str) -> CommentResult:
    """Creates or edits the comment so that it has the text. Edits by others are overwritten."""
    return retry_conflict(lambda: _keep_comment(github, number, author, mark, text))


def _keep_comment(github: GitHub, number: int, author: str, mark: CommentMark, text: str) -> CommentResult:
    listed = github.get_all(f"/issues/{number}/comments")
    own = find_own([parse(Comment, one) for one in listed], author, mark)
    body = mark.on(text)

    if not own:
        github.post(f"/issues/{number}/comments", {"body": body})
        return "created"
    if same_text(own[0].body, body):
        return "unchanged"
    github.patch(f"/issues/comments/{own[0].id}", {"body": body})
    return "edited"
