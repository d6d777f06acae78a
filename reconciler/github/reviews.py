"""Finds reviews: of a run by an environment's reviewers, and of the pull request that brought a file.

Decides by GitHub's answers only. A review counts if it is by a person; missing information is no review.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from reconciler.errors import NotFound, Refused
from reconciler.github.client import GitHub
from reconciler.github.merged_pulls import list_merged
from reconciler.github.models import GitHubAccount, GitHubModel, PullRequest, parse

WRITERS = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
MAY_WRITE = frozenset({"admin", "write"})  # GitHub reports `maintain` as write, and `triage` as read
OPINIONS = frozenset({"APPROVED", "CHANGES_REQUESTED", "DISMISSED"})
PERSON = "User"


class EnvironmentName(GitHubModel):
    """An environment, in the review of a run."""

    name: str


class RunReview(GitHubModel):
    """A review of a run that waited for its environments: `approved`, `rejected` or `pending`."""

    environments: list[EnvironmentName]
    state: str
    user: GitHubAccount


class PullReview(GitHubModel):
    """A review of a pull request at one commit; it has no user if the account was deleted."""

    state: str
    user: GitHubAccount | None = None
    commit_id: str | None = None
    author_association: str


class RepositoryPermission(GitHubModel):
    """What a person may do in the repository: `admin`, `write`, `read` or `none`."""

    permission: str


@dataclass(frozen=True, slots=True)
class ReviewedPull:
    """A merged pull request, and the people who approved its head."""

    number: int
    approved_by: tuple[str, ...]


def find_run_reviewers(github: GitHub, run: str, environment: str) -> tuple[str, ...]:
    """Returns the people who approved that a run uses the environment; none if the run does not exist."""
    try:
        listed = github.get_list(f"/actions/runs/{run}/approvals")
    except NotFound:
        return ()
    reviews = [parse(RunReview, one) for one in listed]
    approved = [
        review.user.login
        for review in reviews
        if review.state == "approved" and review.user.type == PERSON and _names(review, environment)
    ]
    return tuple(dict.fromkeys(approved))


def _names(review: RunReview, environment: str) -> bool:
    """Whether a review is about the environment; GitHub ignores case in its name."""
    return any(one.name.casefold() == environment.casefold() for one in review.environments)


def find_reviewed_pull(github: GitHub, commit: str, branch: str) -> ReviewedPull:
    """Returns the pull request that brought a commit to the branch, if its merged head was reviewed.

    Raises Refused, with the reason, if there is none, or no person with write access other than its author approved it.
    """
    pull = _find_pull(github, commit, branch)
    if pull.user is None:
        raise Refused(
            f"the account that opened #{pull.number} was deleted, so its reviewers can't be told from its author"
        )
    if pull.user.type != PERSON:
        raise Refused(
            f"#{pull.number} was opened by {pull.user.login}, which is no person, so its reviewers can't be told from "
            "the person who had it opened"
        )
    reviews = [parse(PullReview, one) for one in github.get_all(f"/pulls/{pull.number}/reviews")]
    standing = _find_standing(reviews, pull.user.login)
    against = [login for login, review in standing.items() if review.state == "CHANGES_REQUESTED"]
    if against:
        raise Refused(f"{', '.join(against)} requested changes on #{pull.number}, and did not approve it since")
    approved = {login: review for login, review in standing.items() if review.state == "APPROVED"}
    at_head = tuple(login for login, review in approved.items() if review.commit_id == pull.head.sha)
    if not at_head:
        raise Refused(f"#{pull.number} was merged without a review: {_explain(pull, reviews, tuple(approved))}")
    writers = tuple(login for login in at_head if _may_write(github, login))
    if not writers:
        raise Refused(
            f"#{pull.number} was merged without a review: {', '.join(at_head)} approved it, and may not write to the "
            "repository"
        )
    return ReviewedPull(pull.number, writers)


def _may_write(github: GitHub, login: str) -> bool:
    """Whether a person may write to the repository now; a member of the organisation need not."""
    try:
        found = github.get(f"/collaborators/{quote(login, safe='')}/permission")
    except NotFound:
        return False
    return parse(RepositoryPermission, found).permission in MAY_WRITE


def _find_pull(github: GitHub, commit: str, branch: str) -> PullRequest:
    merged = [pull for pull in list_merged(github, commit) if pull.base.ref == branch]
    exact = [pull for pull in merged if pull.merge_commit_sha == commit] or merged
    if len(exact) == 1:
        return exact[0]
    if exact:
        numbers = ", ".join(f"#{pull.number}" for pull in exact)
        raise Refused(f"{commit[:12]} belongs to several merged pull requests ({numbers})")
    raise Refused(f"{commit[:12]} came to {branch} without a pull request")


def _find_standing(reviews: list[PullReview], author: str) -> dict[str, PullReview]:
    """Returns the last opinion of each person who may write, apart from the author; GitHub lists the oldest first."""
    return {
        review.user.login: review
        for review in reviews
        if review.user is not None
        and review.user.type == PERSON
        and review.user.login.casefold() != author.casefold()
        and review.author_association in WRITERS
        and review.state in OPINIONS
    }


def _explain(pull: PullRequest, reviews: list[PullReview], approved: tuple[str, ...]) -> str:
    """Returns why no review counts, with the people who gave one."""
    given = [review for review in reviews if review.state == "APPROVED"]
    others = {review.user.login: review for review in given if review.user and review.user.login not in approved}
    reasons = [f"{login} approved an earlier push, not {pull.head.sha[:12]}" for login in approved]
    reasons += [f"{login} approved it, {_disqualify(pull, review)}" for login, review in others.items()]
    return "; ".join(reasons) or "nobody approved it"


def _disqualify(pull: PullRequest, review: PullReview) -> str:
    """Returns why the approval of a reviewer does not count."""
    login, kind = (review.user.login, review.user.type) if review.user else ("", "")
    if pull.user is not None and login.casefold() == pull.user.login.casefold():
        return "who is its author"
    if kind != PERSON:
        return "which is no person"
    if review.author_association not in WRITERS:
        return "who is no owner, member or collaborator of the repository"
    return "and withdrew that later"
