"""What happened to one change, and what a run adds up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from reconciler.core.plan import Change, Frozen

Executed: TypeAlias = Literal["applied", "unchanged", "failed", "stale", "skipped"]
Status: TypeAlias = Literal[Executed, "refused"]
NOT_DONE: tuple[Status, ...] = ("failed", "stale", "refused", "skipped")


class Outcome(Frozen):
    """Exactly one for each planned change; `detail` says why it was not applied, or what to know though it was.

    `refused` is what nobody approved, and was not tried.
    """

    change: Annotated[Change, Field(discriminator="action")]
    status: Status
    detail: str = ""


class Run(Frozen):
    """All outcomes of one apply, in the plan's order, and why it stopped early if it did."""

    format: Literal[1] = 1
    tenant: str
    commit: str | None
    digest: str
    outcomes: tuple[Outcome, ...]
    requests: int
    stopped: str | None = None

    @property
    def whole(self) -> bool:
        """Whether every change is as planned now."""
        return self.stopped is None and not any(outcome.status in NOT_DONE for outcome in self.outcomes)


def count_statuses(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """How many outcomes of each status, in a fixed order, zeros left out."""
    counts = Counter(outcome.status for outcome in outcomes)
    order: tuple[Status, ...] = ("applied", "unchanged", *NOT_DONE)
    return {status: counts[status] for status in order if counts[status]}


def count_active_after(active: int | None, outcomes: Iterable[Outcome]) -> int | None:
    """How many active users an account has after an apply that found so many; None where it did not count them."""
    if active is None:
        return None
    applied = Counter(outcome.change.action for outcome in outcomes if outcome.status == "applied")
    return active + applied["create_user"] + applied["reactivate_user"] - applied["deactivate_user"]
