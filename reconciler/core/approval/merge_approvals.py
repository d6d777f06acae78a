"""The approvals of a merge: the pull requests that were merged since the last apply, each with its plan or the reason.

A step that holds GitHub's token gathers them into a folder, as `approvals.json` and one file for each plan; a step that
holds the account's token applies what they approve together. A pull request without a plan approves nothing, and does
not stop the others.
"""

from __future__ import annotations

from typing import Final, Literal

from reconciler.core.model.frozen import Frozen

APPROVALS_FILE: Final = "approvals.json"


class MergedPull(Frozen):
    """A merged pull request: the file of its stored plan in the same folder, or the reason why no plan of it counts."""

    number: int
    run: int | None = None
    plan: str | None = None
    reason: str = ""


class ReviewedPlan(Frozen):
    """A plan that was made by hand: its file in the same folder, or the reason why it does not count.

    `review` names the review, for messages: reviewers of the environment, or a merged file.
    """

    review: str
    run: int | None = None
    plan: str | None = None
    reason: str = ""


class BranchCommit(Frozen):
    """A commit of the branch's first-parent line, and the pull request that was merged there; None for a push."""

    commit: str
    pull: int | None = None


class MergeApprovals(Frozen):
    """What a merge approves: the plans of all pull requests merged after `since`, up to `commit`.

    `since` is the commit of the last ended apply; None without one. `line` is the branch's first-parent line between
    the two, oldest first. `by_hand` are plans that were made by hand and then reviewed.
    """

    format: Literal[1] = 1
    tenant: str
    commit: str
    since: str | None = None
    line: tuple[BranchCommit, ...] = ()
    pulls: tuple[MergedPull, ...] = ()
    by_hand: tuple[ReviewedPlan, ...] = ()
