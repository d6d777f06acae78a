"""The outcome of one change, and the outcomes of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from reconciler.core.changes.plan import Change
from reconciler.core.changes.undone import ACTIVE, Undone, count_parts
from reconciler.core.model.frozen import Frozen

Executed: TypeAlias = Literal["applied", "already", "failed", "stale", "skipped", "withdrawn", "unclear"]
Status: TypeAlias = Literal[Executed, "refused", "left"]
NOT_DONE: tuple[Status, ...] = ("failed", "stale", "refused", "unclear", "withdrawn", "skipped")


class Outcome(Frozen):
    """What happened to one planned change; each has exactly one outcome. `detail` explains the status.

    `already`: the change was found in the account. `stale`: a different change would be made now than was approved.
    `withdrawn`: it was approved, and git no longer asks for it. `unclear`: its user or group is ambiguous. `refused`:
    git causes it and no approved plan shows it; it was not sent. `left`: drift that no approved plan shows. If
    `undone` is not empty, it has every part of the change that was not done, and all other parts were done.
    `taken_back`: it is `withdrawn`, because a later commit took it back before it was applied, so nothing was to do.
    """

    change: Annotated[Change, Field(discriminator="action")]
    status: Status
    detail: str = ""
    undone: tuple[Undone, ...] = Field(default=(), exclude_if=lambda undone: not undone)
    taken_back: bool = Field(default=False, exclude_if=lambda taken_back: not taken_back)

    @property
    def not_done(self) -> bool:
        """Whether something is left to do: the change was not done, and no later commit took it back."""
        return self.status in NOT_DONE and not self.taken_back

    @property
    def done_in_part(self) -> bool:
        """Whether the change was applied, or at least a part of it."""
        return len(self.undone) < count_parts(self.change) if self.undone else self.status == "applied"

    @property
    def took_effect(self) -> bool:
        """Whether at least a part was applied, and the user is as active as planned."""
        return self.done_in_part and all(part.path != ACTIVE for part in self.undone)


class Run(Frozen):
    """All outcomes of one apply, in the plan's order; `stopped` is why it ended early, if it did.

    `named` counts the unresolved users and groups, which the apply did not change.
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
        """Whether every planned and approved change is done or found in the account; `left` drift does not count."""
        return self.stopped is None and not any(outcome.not_done or outcome.undone for outcome in self.outcomes)


def count_statuses(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """Counts the outcomes by status, in a fixed order, without zeros."""
    counts = Counter(outcome.status for outcome in outcomes)
    order: tuple[Status, ...] = ("applied", "already", *NOT_DONE, "left")
    return {status: counts[status] for status in order if counts[status]}


def count_active_after(active: int | None, outcomes: Iterable[Outcome]) -> int | None:
    """Returns the number of active users after an apply that found `active`; None if it did not count them."""
    if active is None:
        return None
    applied = Counter(outcome.change.action for outcome in outcomes if outcome.took_effect)
    return active + applied["create_user"] + applied["reactivate_user"] - applied["deactivate_user"]
