"""Why a change is in a plan: git changed now, git changed earlier, the account drifted, or both sides moved.

A change has facets (each attribute, each member, each role); each is judged on its own, and the gravest wins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import eq
from typing import Final

from reconciler.core.changes.plan import Cause

UNKNOWN: Final = object()
GRAVEST_FIRST: tuple[Cause, ...] = ("conflict", "this_change", "merged", "drift")


@dataclass(frozen=True, slots=True)
class ThreeWayValue:
    """One thing that differs between git (`head`) and the account (`live`), as the earlier states of git have it.

    Where an earlier state leaves it unmanaged, whatever the account has was right: pass the live value.
    `applied` is UNKNOWN where nothing but `base` is known.
    """

    head: object
    live: object
    base: object
    applied: object = UNKNOWN
    same: Callable[[object, object], bool] = eq


def find_cause(facets: Iterable[ThreeWayValue]) -> Cause:
    """The gravest cause among the facets."""
    found = {_judge(facet) for facet in facets}
    return next((cause for cause in GRAVEST_FIRST if cause in found), "this_change")


def _judge(facet: ThreeWayValue) -> Cause:
    known = facet.applied is not UNKNOWN
    if not facet.same(facet.base, facet.head):
        untouched = facet.same(facet.base, facet.live) or (known and facet.same(facet.applied, facet.live))
        return "this_change" if untouched else "conflict"
    return "merged" if known and not facet.same(facet.applied, facet.head) else "drift"
