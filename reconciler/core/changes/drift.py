"""Splits the changes of a plan into drift and pending changes, by their cause."""

from __future__ import annotations

from reconciler.core.changes.plan import Cause, Change, Plan

BY_HAND: frozenset[Cause] = frozenset({"drift", "conflict"})


def split_drift(plan: Plan) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Returns the drift of a plan (changes made by hand), and the pending changes (asked for by git, not applied)."""
    drift = tuple(change for change in plan.changes if change.cause in BY_HAND)
    pending = tuple(change for change in plan.changes if change.cause not in BY_HAND)
    return drift, pending
