"""What of a plan is drift, facet by facet: each attribute, member and role, and whether somebody is active.

A change has one cause, the gravest of its facets; whoever adopts must not take up what git is about to change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from reconciler.core.changes.plan import AttributeChange, Change
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.model.resources import Key, parse_key

PRESENCE = frozenset({"create_user", "create_group", "reactivate_user", "deactivate_user"})
COMES = frozenset({"create_user", "create_group", "reactivate_user", "add_members", "grant_roles"})


@dataclass(frozen=True, slots=True)
class Drifted:
    """What of a change the account decided by itself; `presence`: that they are active, or not, or there at all."""

    change: Change
    key: Key
    attributes: tuple[AttributeChange, ...] = ()
    members: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    presence: bool = False


def find_drift(changes: Iterable[Change], earlier: Earlier, named: Collection[str]) -> list[Drifted]:
    """The facets that drifted since what `earlier` says was applied; all those of keys that are named, whatever why."""
    found = (_drifted(change, earlier, everything=change.key in named) for change in changes)
    return [one for one in found if one.attributes or one.members or one.roles or one.presence]


def _drifted(change: Change, earlier: Earlier, *, everything: bool) -> Drifted:
    key = parse_key(change.key)
    assert key is not None  # noqa: S101  # a change is of a key
    comes = change.action in COMES

    def is_attribute(one: AttributeChange) -> bool:
        return (
            everything or earlier.attributes(key, [one.path], {one.path: one.after}, {one.path: one.before}) == "drift"
        )

    def is_member(member: str) -> bool:
        return everything or earlier.members(key, [member], head=comes) == "drift"

    def is_role(role: str) -> bool:
        return everything or earlier.roles(key, [role], head=comes) == "drift"

    is_presence = change.action in PRESENCE
    return Drifted(
        change=change,
        key=key,
        attributes=tuple(filter(is_attribute, change.attributes)) if change.target_id else (),
        members=tuple(filter(is_member, change.members)) if change.target_id else (),
        roles=tuple(filter(is_role, change.roles)) if change.target_id else (),
        presence=is_presence and (everything or earlier.presence(key, head=comes) == "drift"),
    )
