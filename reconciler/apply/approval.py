"""The approved plan against the plan of now: what runs, what is true already, what nobody approved. Pure.

Changes are compared by id, which is a hash of their effect.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.outcome import Outcome
from reconciler.core.plan import Change, Plan
from reconciler.errors import Refused

UNAPPROVED = "nobody approved it"
OR_ANOTHER_KEY = ", or the fingerprints in that plan have another key: give both RECONCILER_FINGERPRINT_KEY"


@dataclass(frozen=True, slots=True)
class Approval:
    """`to_run` was approved and is still needed; `dropped` was approved and is true already; `refused` is neither."""

    to_run: tuple[Change, ...]
    dropped: tuple[Outcome, ...] = ()
    refused: tuple[Change, ...] = ()

    @property
    def not_run(self) -> tuple[Outcome, ...]:
        """What becomes of everything else in either plan: together they are how the two differ."""
        refused = (Outcome(change=change, status="refused", detail=_why(change)) for change in self.refused)
        return (*self.dropped, *refused)


def hold_against(now: Plan, approved: Plan | None) -> Approval:
    """Without an approved plan everything runs. Raises Refused where the approved plan is of another account."""
    if approved is None:
        return Approval(now.changes)
    if (approved.tenant, approved.url) != (now.tenant, now.url):
        raise Refused(
            f"the approved plan is for {approved.tenant} at {approved.url}, and this is {now.tenant} at {now.url}"
        )
    if not approved.applyable:
        raise Refused("the approved plan was not applyable when it was made: plan again, and have that reviewed")
    ids = {change.id for change in approved.changes}
    still = {change.id for change in now.changes}
    refused = tuple(change for change in now.changes if change.id not in ids)
    return Approval(
        to_run=tuple(change for change in now.changes if change.id in ids),
        dropped=tuple(_drop(change, refused) for change in approved.changes if change.id not in still),
        refused=refused,
    )


def _why(change: Change) -> str:
    redacted = any(one.redacted for one in change.attributes)
    return f"{UNAPPROVED}{OR_ANOTHER_KEY if redacted else ''}"


def _drop(change: Change, refused: tuple[Change, ...]) -> Outcome:
    """An approved change that is not needed any more; or one that would now be another, which nobody approved."""
    moved = any((other.key, other.action) == (change.key, change.action) for other in refused)
    if moved:
        detail = "the account moved since: what would be done now is not what was approved"
        return Outcome(change=change, status="stale", detail=detail)
    return Outcome(change=change, status="unchanged", detail="true already")
