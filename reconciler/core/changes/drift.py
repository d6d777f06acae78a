"""Splits the changes of a plan into drift and pending changes, by their cause."""

from __future__ import annotations

from reconciler.core.changes.plan import Cause, Change, Plan

BY_HAND: frozenset[Cause] = frozenset({"drift", "conflict"})


def split_drift(plan: Plan) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Splits the changes of a drift report: what was changed by hand, and what git asks for and is not applied yet."""
    drift = tuple(change for change in plan.changes if change.cause in BY_HAND)
    pending = tuple(change for change in plan.changes if change.cause not in BY_HAND)
    return drift, pending
