"""The effects of a fresh plan, atom by atom, with the approvals that cover each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.core.approval.atoms import RECORD, Atom, Path, atoms_of
from reconciler.core.approval.sources import ApprovedAtoms, CoveringApproval, cause_is_drift
from reconciler.core.changes.plan import Change, Plan


@dataclass(frozen=True, slots=True)
class FreshEffects:
    """The atoms of a fresh plan with the approvals that cover them, and the approved atoms.

    `unknown` are the keys of users and groups whose adoption is not approved.
    """

    approved: ApprovedAtoms
    change_of: Mapping[Atom, Change]
    by_path: Mapping[tuple[str, Path], Atom]
    covered: Mapping[Atom, tuple[CoveringApproval, ...]]
    unknown: frozenset[str]

    def are_approved(self, change: Change, paths: frozenset[str]) -> bool:
        """Decides whether all atoms of a change with these paths are approved."""
        atoms = (atom for atom in atoms_of(change) if atom.path[0] == "attribute" and atom.path[1] in paths)
        return all(self.is_approved(atom) for atom in atoms)

    def is_approved(self, atom: Atom) -> bool:
        """Decides whether the effect is approved, and involves no user or group whose adoption is not approved."""
        keys = {atom.key, *([atom.path[1]] if atom.path[0] == "member" else ())}
        if atom.path == ("attribute", "manager"):
            keys.add(atom.after.strip('"'))
        return bool(self.covered[atom]) and self.unknown.isdisjoint(keys)

    def was_shown(self, atom: Atom) -> bool:
        """Decides whether an approved plan shows the effect on this user or group, from another value before."""
        return atom.key not in self.unknown and self.approved.shows(atom)

    def is_drift(self, atom: Atom) -> bool:
        """Decides whether the account caused the effect, and not git."""
        return cause_is_drift(self.change_of[atom], atom, self.approved.force.earlier)


def find_covered(now: Plan, approved: ApprovedAtoms) -> FreshEffects:
    """Returns the effects of a fresh plan with the approvals that cover each."""
    change_of = {atom: change for change in now.changes for atom in atoms_of(change)}
    covered = {atom: approved.covers(atom) for atom in change_of}
    return FreshEffects(
        approved,
        change_of=change_of,
        by_path={(atom.key, atom.path): atom for atom in change_of},
        covered=covered,
        unknown=frozenset(atom.key for atom in change_of if atom.path == RECORD and not covered[atom]),
    )
