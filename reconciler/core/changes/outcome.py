"""What happened to one change, and what a run adds up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from reconciler.core.changes.plan import Change
from reconciler.core.model.frozen import Frozen

Executed: TypeAlias = Literal["applied", "already", "failed", "stale", "skipped", "withdrawn", "unclear"]
Status: TypeAlias = Literal[Executed, "refused", "left"]
NOT_DONE: tuple[Status, ...] = ("failed", "stale", "refused", "unclear", "withdrawn", "skipped")


class Outcome(Frozen):
    """Exactly one for each planned change; `detail` says why it was not applied, or what to know though it was.

    `already`: the live value was compared and is so. `stale`: what would be done now is not what was approved.
    `withdrawn`: it was approved and git no longer asks for it. `unclear`: it can't be told whom it is about. `refused`:
    git causes it, no approved plan shows it, and it was not tried. `left`: the same, where the account alone moved.
    """

    change: Annotated[Change, Field(discriminator="action")]
    status: Status
    detail: str = ""


class Run(Frozen):
    """All outcomes of one apply, in the plan's order, and why it stopped early if it did.

    `named` counts the users and groups in doubt, whom the plan names and the apply left untouched.
    """

    format: Literal[1] = 1
    tenant: str
    commit: str | None
    digest: str
    outcomes: tuple[Outcome, ...]
    requests: int
    stopped: str | None = None
    named: int = Field(default=0, exclude_if=lambda named: not named)

    @property
    def whole(self) -> bool:
        """Whether everything that was planned and approved is so now; drift that was left does not hinder that."""
        return self.stopped is None and not any(outcome.status in NOT_DONE for outcome in self.outcomes)


def count_statuses(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """How many outcomes of each status, in a fixed order, zeros left out."""
    counts = Counter(outcome.status for outcome in outcomes)
    order: tuple[Status, ...] = ("applied", "already", *NOT_DONE, "left")
    return {status: counts[status] for status in order if counts[status]}


def count_active_after(active: int | None, outcomes: Iterable[Outcome]) -> int | None:
    """How many active users an account has after an apply that found so many; None where it did not count them."""
    if active is None:
        return None
    applied = Counter(outcome.change.action for outcome in outcomes if outcome.status == "applied")
    return active + applied["create_user"] + applied["reactivate_user"] - applied["deactivate_user"]
