"""Splits a plan into atoms: the single effects that reviewers approve, each on one user or group of the account.

A path is one attribute, `exists`, `active`, one member, one role, or `record` for an adoption. A deactivation includes
the removals of that user's memberships and roles in the same plan.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from reconciler.core.changes.plan import AttributeChange, Change
from reconciler.core.comparison.references import ID_PREFIX
from reconciler.core.model.logins import is_third_name, primary_address
from reconciler.core.model.resources import Kind, Value
from reconciler.core.record.record import salted

Path: TypeAlias = tuple[str, ...]

NEW: Final = "new"
NOTHING, FALSE, TRUE = "null", "false", "true"
EXISTS: Path = ("exists",)
ACTIVE: Path = ("active",)
RECORD: Path = ("record",)
CREATING: Final = frozenset({"create_user", "create_group"})
LOSING: Final = frozenset({"remove_members", "revoke_roles"})


@dataclass(frozen=True, slots=True)
class Atom:
    """One effect: the change of `path` from `before` to `after`, for a key and a live id (`record`, or `new`).

    `before` and `after` are canonical JSON, with fingerprints of redacted values. `value` is the change's value before.
    """

    key: str
    record: str
    path: Path
    before: str
    after: str
    value: Value = field(default=None, compare=False, repr=False)

    @property
    def removes(self) -> bool:
        """Whether the atom removes access: a deactivation, or the removal of a member or role."""
        return self.path[0] in {"active", "member", "role"} and self.after == FALSE

    @property
    def is_left_over(self) -> bool:
        """Whether the value before is a third name of this user or group, because an exchange was not ended."""
        kind: Kind = "user" if self.key.startswith("user/") else "group"
        name = primary_address(self.value) if self.path == ("attribute", "emails") else self.value
        return self.path[0] == "attribute" and is_third_name(kind, self.record, name)


def spell(value: object) -> str:
    """Returns the canonical JSON of a value; the order of a list does not count."""
    if isinstance(value, list):
        return "[" + ",".join(sorted(map(spell, value))) + "]"
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def atoms_of(change: Change) -> tuple[Atom, ...]:
    """Returns the atoms of a change, in the change's order."""
    record = change.target_id or NEW
    return tuple(replace(atom, key=change.key, record=record) for atom in _atoms(change))


def _atoms(change: Change) -> Iterator[Atom]:
    gained = (TRUE, FALSE) if change.action in LOSING else (FALSE, TRUE)
    if change.adopted:
        yield Atom("", "", RECORD, NOTHING, spell(change.target_id))
    match change.action:
        case "create_user" | "create_group":
            yield Atom("", "", EXISTS, FALSE, TRUE)
        case "reactivate_user":
            yield Atom("", "", ACTIVE, FALSE, TRUE)
        case "deactivate_user":
            yield Atom("", "", ACTIVE, TRUE, FALSE)
        case _:
            pass
    yield from map(_attribute, change.attributes)
    yield from (Atom("", "", ("member", member), *gained) for member in change.members)
    yield from (Atom("", "", ("role", role), *gained) for role in change.roles)


def _attribute(attribute: AttributeChange) -> Atom:
    before, after = attribute.redacted_pair or (attribute.before, attribute.after)
    return Atom("", "", ("attribute", attribute.path), spell(before), spell(after), attribute.before)


def find_deactivated(changes: Iterable[Change]) -> Mapping[str, Atom]:
    """Returns the deactivations of a plan, each by the user's key and by `id/…`, because a plan may refer to both."""
    found: dict[str, Atom] = {}
    for change in changes:
        if change.action == "deactivate_user":
            [atom] = atoms_of(change)
            found |= {change.key: atom, f"{ID_PREFIX}{change.target_id}": atom}
    return found


def followed_by(atom: Atom, deactivated: Mapping[str, Atom]) -> Atom | None:
    """Returns the deactivation that includes this atom, or None if the atom needs its own approval."""
    if not atom.removes or atom.path == ACTIVE:
        return None
    return deactivated.get(atom.path[1] if atom.path[0] == "member" else atom.key)


def hash_atom(salt: str, atom: Atom) -> tuple[str, str]:
    """Returns two salted hashes: of the whole atom, and of the atom without the value before."""
    path = spell(list(atom.path[:1])) + spell(list(atom.path[1:]))
    effect = salted(salt, atom.key, atom.record, path, atom.before, atom.after)
    return effect, salted(salt, atom.key, atom.record, path, atom.after)
