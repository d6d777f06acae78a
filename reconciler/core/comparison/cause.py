"""The cause of a change: git changed now, git changed earlier, the account drifted, or both sides changed.

Each attribute, member and role of a change has its own cause; the gravest is the cause of the change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import eq
from typing import Final

from reconciler.core.changes.plan import Cause

UNKNOWN: Final = object()
NEVER: Final = object()
GRAVEST_FIRST: tuple[Cause, ...] = ("conflict", "this_change", "merged", "drift")


@dataclass(frozen=True, slots=True)
class ThreeWayValue:
    """One value that differs between git (`head`) and the account (`live`), with its values at earlier states of git.

    If an earlier state did not manage the value, the account's value was right: pass the live value. `applied` is
    UNKNOWN if no applied state is known, and NEVER if it is known that nothing was ever applied. `written` are the
    values that later, incomplete applies may have written.
    """

    head: object
    live: object
    base: object
    applied: object = UNKNOWN
    same: Callable[[object, object], bool] = eq
    written: tuple[object, ...] = ()


def find_cause(values: Iterable[ThreeWayValue]) -> Cause:
    """Returns the gravest cause among the values; `this_change` if there are none."""
    found = {_cause_of(value) for value in values}
    return next((cause for cause in GRAVEST_FIRST if cause in found), "this_change")


def _cause_of(value: ThreeWayValue) -> Cause:
    known = value.applied is not UNKNOWN and value.applied is not NEVER
    if not value.same(value.base, value.head):
        untouched = value.same(value.base, value.live) or (known and value.same(value.applied, value.live))
        return "this_change" if untouched else "conflict"
    if value.applied is NEVER or (known and not value.same(value.applied, value.head)):
        return "merged"
    return "merged" if any(value.same(written, value.live) for written in value.written) else "drift"
