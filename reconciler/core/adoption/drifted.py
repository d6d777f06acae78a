"""Finds the drift in a plan, part by part: each attribute, member and role, and whether the user is active.

A change has one cause, the gravest of its parts. Adoption must leave out the parts that git is about to change.
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
    """The parts of a change that drifted in the account; `presence`: that the resource exists or the user is active."""

    change: Change
    key: Key
    attributes: tuple[AttributeChange, ...] = ()
    members: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    presence: bool = False


def find_drift(changes: Iterable[Change], earlier: Earlier, named: Collection[str]) -> list[Drifted]:
    """Returns the parts that drifted since the state in `earlier`, and all parts of keys in `named`."""
    found = (_drifted(change, earlier, everything=change.key in named) for change in changes)
    return [drifted for drifted in found if drifted.attributes or drifted.members or drifted.roles or drifted.presence]


def _drifted(change: Change, earlier: Earlier, *, everything: bool) -> Drifted:
    key = parse_key(change.key)
    assert key is not None  # noqa: S101  # every change has a key
    comes = change.action in COMES

    def is_attribute(attribute: AttributeChange) -> bool:
        path, after, before = attribute.path, attribute.after, attribute.before
        return everything or earlier.attributes(key, [path], {path: after}, {path: before}) == "drift"

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
        roles=tuple(filter(is_role, change.roles)) if change.target_id and not change.awaits_person else (),
        presence=is_presence and (everything or earlier.presence(key, head=comes) == "drift"),
    )
