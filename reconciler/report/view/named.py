"""Unresolved users and groups, which a plan names and does not change, grouped by verdict. Quotes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.core.changes.plan_notes import NamedResource

VERDICTS = {
    "unaccounted": ("Unaccounted for", "git no longer declares them, and the evidence does not show whether they left"),
    "elsewhere": ("Applied from another branch", "the commit that declares them is on another branch"),
    "unsettled": (
        "Applied from a commit that is gone",
        "the commit that declares them is on no branch of this clone",
    ),
}
SETTLE = (
    "To resolve one, add its line to the desired state (several go under one `left:`); it takes away access. "
    "With `released:` instead, access stays and git no longer manages it"
)


@dataclass(frozen=True, slots=True)
class NamedGroup:
    """All users and groups with one verdict: its title, its meaning, and the resources in the order of the plan."""

    title: str
    meaning: str
    resources: tuple[NamedResource, ...]


def group_named(named: Sequence[NamedResource]) -> Iterable[NamedGroup]:
    """Groups the named users and groups by verdict."""
    for verdict, (title, meaning) in VERDICTS.items():
        resources = tuple(one for one in named if one.verdict == verdict)
        if resources:
            yield NamedGroup(f"{title}, not changed", meaning, resources)


def name_doubt(one: NamedResource) -> str:
    """Returns the name under which the drift issue keeps the first day of an unresolved user or group."""
    return f"named {one.kind} {one.id}"
