"""Compares a fresh plan with the approved plans, effect by effect, and decides which changes run.

A change runs if approved atoms cover it. Without approval, a change that git causes is refused, and drift is left. An
approved effect that the fresh plan lacks gets an outcome: already, withdrawn, unclear, stale or skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from reconciler.core.approval.atoms import (
    CREATING,
    EXISTS,
    Atom,
    Path,
    atoms_of,
    find_deactivated,
    followed_by,
)
from reconciler.core.approval.fresh_effects import FreshEffects, find_covered
from reconciler.core.approval.handovers import Handovers, find_handovers
from reconciler.core.approval.parts import parts_of
from reconciler.core.approval.reasons import (
    CHANGED,
    DRIFTED,
    DRIFTED_OR_ENDED,
    IN_PART,
    MOVED,
    OR_ANOTHER_KEY,
    UNKNOWN_RECORD,
    UNSEEN,
)
from reconciler.core.approval.sources import (
    ApprovedAtoms,
    CoveringApproval,
    InForce,
    gather_approved,
    lasts,
    origin_of,
)
from reconciler.core.approval.unplanned import (
    STAYS,
    TAKEN_BACK,
    WITHDRAWN,
    AccountNow,
    is_held,
    judge_unplanned,
)
from reconciler.core.changes.outcome import Outcome, Status
from reconciler.core.changes.plan import Change, Plan
from reconciler.core.changes.plan_account import list_account_differences
from reconciler.errors import Refused

Asked: TypeAlias = Callable[[Plan, Atom], bool]


@dataclass(frozen=True, slots=True)
class Pending:
    """An approved effect that is still needed, its approvals, and the id of the change that carries it out, if any."""

    atom: Atom
    covers: tuple[CoveringApproval, ...]
    change: str | None


@dataclass(frozen=True, slots=True)
class Approval:
    """The changes of a fresh plan that may run, the outcomes of all others, and the approved effects still needed.

    `unseen` has, for each refused change, its parts that no approved plan shows: of a creation, which runs whole or not
    at all, they may be a few attributes.
    """

    to_run: tuple[Change, ...]
    not_run: tuple[Outcome, ...] = ()
    pending: tuple[Pending, ...] = ()
    unseen: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)

    @property
    def refused(self) -> tuple[Change, ...]:
        """The changes that git causes and no approved plan shows."""
        return tuple(outcome.change for outcome in self.not_run if outcome.status == "refused")

    @property
    def dropped(self) -> tuple[Outcome, ...]:
        """The outcomes of approved effects that the fresh plan lacks, or has with other values."""
        return tuple(outcome for outcome in self.not_run if outcome.status not in {"refused", "left"})


def approve_all(now: Plan) -> Approval:
    """Returns the approval of a whole plan by the person who applies it; failed effects stay open."""
    origin = origin_of(now)
    atoms = ((change.id, atom) for change in now.changes for atom in atoms_of(change))
    return Approval(
        now.changes, pending=tuple(Pending(atom, (CoveringApproval(atom, origin),), done) for done, atom in atoms)
    )


def compare_with_approved(
    now: Plan, approved: Sequence[Plan], force: InForce, account: AccountNow, asked: Asked = lambda _plan, _atom: False
) -> Approval:
    """Compares a fresh plan with the approved plans and open atoms, and returns the changes that may run.

    `asked` decides whether git asked for an effect at the commit where the plan was merged: if HEAD no longer does, a
    later commit took it back. Raises Refused if an approved plan is for another account, or was not applyable when it
    was made.
    """
    for plan in approved:
        _refuse_unless_of(now, plan)
    users = {user.person: user.id for user in account.live.users if user.person is not None}
    coverage = _sort_changes(now, gather_approved(approved, force, users))
    for plan in approved:
        if lasts(plan, force):
            coverage.sort_unplanned(plan, account, asked)
    running = {change.id for change in coverage.to_run}
    outcomes = {
        outcome.change.id: outcome for outcome in reversed(coverage.not_run) if outcome.change.id not in running
    }
    not_run = tuple(reversed(outcomes.values()))
    return Approval(tuple(coverage.to_run), not_run, tuple(coverage.pending), coverage.unseen)


def foresee_approval(
    now: Plan, approved: Sequence[Plan], force: InForce, users: Mapping[str, str] = MappingProxyType({})
) -> Approval:
    """Returns which changes of a plan would run, and which would be refused or left, without the account.

    It decides as `compare_with_approved` does; approved effects that the plan lacks get no outcome. `users` are the ids
    of SCIM users by the id of their person.
    """
    coverage = _sort_changes(now, gather_approved(approved, force, users))
    return Approval(tuple(coverage.to_run), tuple(coverage.not_run), tuple(coverage.pending), coverage.unseen)


def _refuse_unless_of(now: Plan, approved: Plan) -> None:
    if differences := "; ".join(list_account_differences(approved, now.tenant, now.url)):
        raise Refused(f"the approved plan is for another account: {differences}")
    if not approved.applyable:
        raise Refused("the approved plan was not applyable when it was made: plan again, and have the plan reviewed")


def _sort_changes(now: Plan, approved: ApprovedAtoms) -> _Coverage:
    """Sorts the changes of the fresh plan into those that run and those that do not."""
    effects = find_covered(now, approved)
    coverage = _Coverage(effects, find_handovers(now.changes, effects.are_approved))
    deactivated = find_deactivated(now.changes)
    for change in now.changes:
        coverage.sort_change(change, [(atom, followed_by(atom, deactivated)) for atom in atoms_of(change)])
    return coverage


@dataclass(slots=True)
class _Coverage:
    """The changes of a fresh plan, sorted so far into those that run and those that do not."""

    effects: FreshEffects
    handovers: Handovers
    to_run: list[Change] = field(default_factory=list)
    not_run: list[Outcome] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    unseen: dict[str, tuple[Change, ...]] = field(default_factory=dict)
    running: set[Atom] = field(default_factory=set)
    changed: set[Atom] = field(default_factory=set)
    reported: set[tuple[str, Path, str]] = field(default_factory=set)

    def sort_change(self, change: Change, atoms: Sequence[tuple[Atom, Atom | None]]) -> None:
        """Sorts the atoms of a change, each with the one that takes it along, if any."""
        covered, change_of = self.effects.covered, self.effects.change_of
        run = [
            atom
            for atom, leader in atoms
            if self._may_run(atom, change) or (leader is not None and self._may_run(leader, change_of[leader]))
        ]
        bound = [atom for atom, _leader in atoms if atom.path == EXISTS or atom.path[0] == "attribute"]
        whole = change.action not in CREATING or set(bound) <= set(run)
        run = run if whole else []
        self.running.update(run)
        parts = parts_of(change, run)
        self.to_run.extend(parts)
        for atom, leader in atoms:
            taken_along = tuple(CoveringApproval(atom, covering.origin) for covering in covered[leader or atom])
            if covers := covered[atom] or taken_along:
                self.pending.append(Pending(atom, covers, parts[0].id if atom in self.running else None))
        self._leave(change, [(atom, leader) for atom, leader in atoms if atom not in self.running], whole=whole)

    def _may_run(self, atom: Atom, change: Change) -> bool:
        """Decides whether the effect is approved, and belongs to no name that does not move."""
        return self.effects.is_approved(atom) and not self.handovers.stops(atom, change)

    def _leave(self, change: Change, atoms: Iterable[tuple[Atom, Atom | None]], *, whole: bool) -> None:
        """Adds an outcome for each reason for which atoms of a change do not run."""
        listed, effects = list(atoms), self.effects
        reasons: dict[tuple[Status, str], list[Atom]] = {}
        missing = [atom for atom, _leader in listed if not effects.covered[atom]]
        lost = not whole and not all(map(effects.is_drift, missing))  # with a value that git gave it since
        for atom, leader in listed:
            decisive = leader or atom
            drift = not lost and effects.is_drift(decisive)
            if self.handovers.stops(atom, change) and effects.covered[decisive]:
                why = self.handovers.blocked[change.id]
            elif not whole:
                why = DRIFTED if drift else IN_PART
            elif effects.covered[decisive]:
                why = UNKNOWN_RECORD
            elif drift:
                why = DRIFTED_OR_ENDED if decisive.removes else DRIFTED
            else:
                why = CHANGED if effects.was_shown(decisive) else f"{UNSEEN}{self._or_another_key(change)}"
            reasons.setdefault(("left" if drift else "refused", why), []).append(atom)
        self._add_not_run(change, reasons)

    def _add_not_run(self, change: Change, reasons: Mapping[tuple[Status, str], Sequence[Atom]]) -> None:
        """Adds an outcome for each part of a change; a refused part is noted with what of it no approved plan shows."""
        for (status, why), atoms in reasons.items():
            parts, taken_back = parts_of(change, atoms), why in {TAKEN_BACK, STAYS}
            self.changed.update(atoms if why == CHANGED else ())
            self.not_run += [Outcome(change=part, status=status, detail=why, taken_back=taken_back) for part in parts]
            if status == "refused":
                unseen = parts_of(change, [atom for atom in atoms if not self.effects.covered[atom]])
                self.unseen |= dict.fromkeys([part.id for part in parts], unseen)

    def _or_another_key(self, change: Change) -> str:
        return OR_ANOTHER_KEY if any(attribute.redacted for attribute in change.attributes) else ""

    def sort_unplanned(self, plan: Plan, account: AccountNow, asked: Asked) -> None:
        """Adds outcomes for the effects of an approved plan that the fresh plan lacks or has with other values."""
        deactivated, origin = find_deactivated(plan.changes), origin_of(plan)
        for change in plan.changes:
            reasons: dict[tuple[Status, str], list[Atom]] = {}
            for atom in atoms_of(change):
                judged = self._status_of(atom, followed_by(atom, deactivated), account)
                if judged is None:
                    continue
                if judged[0] in {"skipped", "unclear"}:
                    self.pending.append(Pending(atom, (CoveringApproval(atom, origin),), None))
                effect = (atom.key, atom.path, atom.after)
                if effect not in self.reported:
                    if judged[0] == "withdrawn" and asked(plan, atom):
                        judged = "withdrawn", STAYS if self._is_unmanaged(atom, account) else TAKEN_BACK
                    reasons.setdefault(judged, []).append(atom)
                self.reported.add(effect)
            self._add_not_run(change, reasons)

    def _is_unmanaged(self, atom: Atom, account: AccountNow) -> bool:
        """Decides whether the account has the result already, and the fresh plan leaves it."""
        return (atom.key, atom.path) not in self.effects.by_path and is_held(atom, account)

    def _status_of(self, atom: Atom, leader: Atom | None, account: AccountNow) -> tuple[Status, str] | None:
        """Returns the status and reason of an approved atom; None if the fresh plan or a later approval has it."""
        fresh = self.effects.by_path.get((atom.key, atom.path))
        if fresh is None and atom.key in self.effects.unknown:
            return "stale", MOVED
        if fresh is None:
            status, why = judge_unplanned(atom, account)
            later = status == "withdrawn" and not atom.removes and self._is_replaced(atom, account)
            return None if later else (status, why)
        if fresh.after == atom.after:
            taken_along = leader is not None and self.effects.by_path.get((leader.key, leader.path)) is not None
            reported = fresh in self.changed or fresh in self.running
            return None if self.effects.covered[fresh] or reported or taken_along else ("stale", MOVED)
        return ("withdrawn", WITHDRAWN) if atom.removes or not self.effects.covered[fresh] else None

    def _is_replaced(self, atom: Atom, account: AccountNow) -> bool:
        """Decides whether the account has the result of another approved atom of the same path, as git asks now."""
        others = (
            cover.atom
            for cover in self.effects.approved.records[atom.key]
            if cover.atom.path == atom.path and cover.atom.after != atom.after
        )
        return any(judge_unplanned(other, account)[0] == "already" for other in others)
