"""Users and groups that a plan names and leaves untouched, grouped by what is known of them. Quotes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.core.changes.plan_notes import NamedResource

VERDICTS = {
    "unaccounted": ("Unaccounted for", "git no longer declares them, and it can't be told whether they left"),
    "elsewhere": ("Applied from another branch", "only a commit of another branch declares them"),
    "unsettled": (
        "Applied from a commit that is gone",
        "no branch of this clone leads to the commit that declares them",
    ),
}
SETTLE = (
    "To settle one, add its line to the desired state (several go under one left:); it takes away their access. "
    "With released: in place of left: "
    "they stay as they are"
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
            yield NamedGroup(f"{title}, and untouched", meaning, resources)


def name_doubt(one: NamedResource) -> str:
    """Returns the name under which a report keeps since when a user or group has been in doubt."""
    return f"named {one.kind} {one.id}"
