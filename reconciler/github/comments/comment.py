"""Keeps one comment of each kind and tenant on a pull request: finds it by mark and author, and edits it.

Knows nothing of plans. A comment is never read as an approval. Comments by any bot count, because a team may change
from the bot of workflows to an app of its own; a person's comment with our mark is a forgery, and is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

from reconciler.errors import Conflict, Forbidden, NotFound
from reconciler.github.client import GitHub
from reconciler.github.comments.embedded import hide, read_hidden
from reconciler.github.comments.minimise import show_only
from reconciler.github.comments.pull_head import PullHead
from reconciler.github.models import Comment, GitHubAccount, parse

T = TypeVar("T")
BOT_TYPE = "Bot"
CHANGED = hide("did", {"change": "something"})
CommentResult: TypeAlias = Literal["created", "edited", "unchanged"]


@dataclass(frozen=True, slots=True)
class CommentMark:
    """The hidden last line that identifies a comment or issue: its subject and its tenant."""

    about: Literal["plan", "outcome", "drift"]
    tenant: str

    def __str__(self) -> str:
        return f"<!-- reconciler:{self.about}:{self.tenant} -->"

    def on(self, body: str, made_for: PullHead | None = None) -> str:
        """Returns the body with the mark as its last line, because the first line is for readers.

        The line before it hides the head and base of the pull request, if they are known.
        """
        hidden = hide("of", {"head": made_for.head, "base": made_for.base}) + "\n" if made_for else ""
        return f"{body.rstrip()}\n\n{hidden}{self}"

    def on_changes(self, body: str) -> str:
        """Returns the body with the mark, and before it a hidden line that the apply changed something."""
        return self.on(f"{body.rstrip()}\n\n{CHANGED}")

    def is_on(self, body: str | None) -> bool:
        """Whether the mark is the last line of the text; a mark that the text quotes does not count."""
        return find_last_line(body) == str(self)


def find_last_line(body: str | None) -> str:
    """Returns the last line of a body that is not blank."""
    return (body or "").rstrip().rpartition("\n")[2]


def read_pull_head(body: str | None) -> PullHead | None:
    """Reads the head and base from the line before the mark; None if it is missing, as in older comments."""
    lines = (body or "").rstrip().splitlines()
    hidden = read_hidden("of", lines[-2]) if len(lines) > 1 else {}
    return PullHead(hidden["head"], hidden["base"]) if {"head", "base"} <= hidden.keys() else None


@dataclass(frozen=True, slots=True)
class OwnAuthor:
    """The authors whose comments and issues may be ours: any bot, and the token's own user."""

    login: str | None = None

    def wrote(self, user: GitHubAccount | None) -> bool:
        """Whether that account may have written as this program; a deleted account is unknown."""
        return user is not None and (user.type == BOT_TYPE or user.login == self.login)


def find_author(github: GitHub) -> OwnAuthor:
    """Returns the author, with the login of a personal token; tokens of workflows and apps have no user."""
    try:
        return OwnAuthor(parse(GitHubAccount, github.whoami()).login)
    except Forbidden:
        return OwnAuthor()


def list_comments(github: GitHub, number: int) -> list[Comment]:
    """Returns the comments on a pull request."""
    return [parse(Comment, one) for one in github.get_all(f"/issues/{number}/comments")]


def find_own(comments: Sequence[Comment], author: OwnAuthor, mark: CommentMark) -> list[Comment]:
    """Finds the comments by the author that have the mark, oldest first."""
    own = (comment for comment in comments if author.wrote(comment.user) and mark.is_on(comment.body))
    return sorted(own, key=lambda one: one.id)


def same_text(one: str | None, other: str) -> bool:
    """Checks whether two bodies are equal, apart from line ends, which browsers change."""
    return (one or "").replace("\r\n", "\n").rstrip() == other.replace("\r\n", "\n").rstrip()


def retry_conflict(keep: Callable[[], T]) -> T:
    """Runs `keep`, and once more after a Conflict: another writer was faster."""
    try:
        return keep()
    except Conflict:
        return keep()


@dataclass(frozen=True, slots=True)
class KeptComment:
    """What was done with the comment; `notes` has a sentence for each duplicate that could not be hidden."""

    result: CommentResult
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MarkedText:
    """The text of a comment, the mark that identifies it, and the head and base that it is about, if known.

    `changed` is true for the outcome of an apply that changed something.
    """

    mark: CommentMark
    text: str
    made_for: PullHead | None = None

    changed: bool = False

    @property
    def body(self) -> str:
        """Returns the body to send."""
        return self.mark.on_changes(self.text) if self.changed else self.mark.on(self.text, self.made_for)


def shows_changes(github: GitHub, number: int, author: OwnAuthor, mark: CommentMark) -> bool:
    """Whether a comment with the mark shows an apply that changed something."""
    own = find_own(list_comments(github, number), author, mark)
    return any(CHANGED in (one.body or "").splitlines()[-4:] for one in own)


def keep_comment(github: GitHub, number: int, author: OwnAuthor, marked: MarkedText) -> KeptComment:
    """Creates or edits the comment so that it has the text, and hides its duplicates. Edits by others are overwritten.

    A comment that the token may not edit is another app's: then the next is edited, or a new one is created.
    """
    return retry_conflict(lambda: _keep_comment(github, number, author, marked))


def _keep_comment(github: GitHub, number: int, author: OwnAuthor, marked: MarkedText) -> KeptComment:
    own = find_own(list_comments(github, number), author, marked.mark)
    kept, result = _write_comment(github, number, own, marked.body)

    others = [one for one in own if one.id != kept.id]
    return KeptComment(result, show_only(github, kept, others) if others else ())


def _write_comment(github: GitHub, number: int, own: Sequence[Comment], body: str) -> tuple[Comment, CommentResult]:
    for comment in own:
        if same_text(comment.body, body):
            return comment, "unchanged"
        if edit_comment(github, comment, body):
            return comment, "edited"
    return parse(Comment, github.post(f"/issues/{number}/comments", {"body": body})), "created"


def edit_comment(github: GitHub, comment: Comment, body: str) -> bool:
    """Edits the comment; returns False if it is another app's (403), or was deleted meanwhile (404)."""
    try:
        github.patch(f"/issues/comments/{comment.id}", {"body": body})
    except (Forbidden, NotFound):
        return False
    return True
