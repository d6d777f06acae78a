"""Splits a change into valid changes that have only some of its atoms, each with an id of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.core.approval.atoms import ACTIVE, CREATING, EXISTS, RECORD, Atom, atoms_of
from reconciler.core.changes.plan import AddMembers, AttributeChange, Change, GrantRoles, UpdateGroup, UpdateUser
from reconciler.core.model.logins import NAMING


def parts_of(change: Change, atoms: Iterable[Atom]) -> tuple[Change, ...]:
    """Returns changes that together have exactly these atoms of the change, or the change itself if it has no others.

    A creation without `exists` becomes an update, added members and granted roles. A reactivation without `active`
    becomes an update.
    """
    kept = {atom.path for atom in atoms}
    if kept == {atom.path for atom in atoms_of(change)}:
        return (change,)
    if not kept:
        return ()
    fields = {
        "attributes": tuple(attribute for attribute in change.attributes if ("attribute", attribute.path) in kept),
        "members": tuple(member for member in change.members if ("member", member) in kept),
        "roles": tuple(role for role in change.roles if ("role", role) in kept),
    }
    adopted = change.adopted if RECORD in kept else ""
    return tuple(_with(change, kind, adopted, some) for kind, some in _kinds(change, kept, fields))


def _kinds(
    change: Change, kept: set[tuple[str, ...]], fields: dict[str, tuple[object, ...]]
) -> Iterator[tuple[type[Change], dict[str, tuple[object, ...]]]]:
    """Yields the kinds of change that have the kept atoms, with the fields of each."""
    falls_apart = change.action in CREATING and EXISTS not in kept
    if not falls_apart and (change.action != "reactivate_user" or ACTIVE in kept):
        yield type(change), fields
        return
    update: type[Change] = UpdateUser if change.key.startswith("user/") else UpdateGroup
    kinds: tuple[tuple[str, type[Change]], ...] = (
        ("attributes", update),
        ("members", AddMembers),
        ("roles", GrantRoles),
    )
    yield from ((kind, {name: fields[name]}) for name, kind in kinds if fields[name])


def _with(change: Change, kind: type[Change], adopted: str, fields: dict[str, tuple[object, ...]]) -> Change:
    written = {attribute.path for attribute in fields.get("attributes", ()) if isinstance(attribute, AttributeChange)}
    return kind.model_validate(
        {
            "key": change.key,
            "name": change.name,
            "target_id": change.target_id,
            "cause": change.cause,
            "reason": change.reason,
            "adopted": adopted,
            "held": change.held,
            "awaits_person": change.awaits_person,
            "over": change.over if NAMING["user" if change.key.startswith("user/") else "group"] in written else "",
            "source": change.source,
            **fields,
        }
    )
