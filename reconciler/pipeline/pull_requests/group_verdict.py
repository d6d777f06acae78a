"""Decides on a merge group: its effects that no approved plan shows, its exceeded limits, and who brought them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.core.approval.atoms import atoms_of
from reconciler.core.approval.attribution import (
    find_bringers,
    find_transition,
    spell_bringer,
    spell_bringers,
)
from reconciler.core.approval.carried import list_open
from reconciler.core.approval.coverage import OR_ANOTHER_KEY, UNSEEN
from reconciler.core.approval.foreseen import foresee
from reconciler.core.approval.gathered import BranchCommit
from reconciler.core.approval.sources import InForce
from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.plan import Change, Plan
from reconciler.core.changes.plan_notes import is_refusal
from reconciler.core.model.amounts import count
from reconciler.core.model.states import DesiredState
from reconciler.core.record.record import OpenAtom
from reconciler.core.safety.limits import effects_of
from reconciler.errors import Problem
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.pull_requests.group_plans import GroupPlans
from reconciler.pipeline.record.history import History
from reconciler.pipeline.record.prior_state import PriorState, find_prior_state, with_front
from reconciler.report.merge_group import GroupCheck, GroupEffect, GroupPull

MOST_TRACED = 100  # refused changes whose parts are looked for commit by commit; of the others the line is known
MOST_PARTS = 20  # of one change
BELONGS_TO_NONE = "it belongs to no pull request of the queue, so nothing approves it"
WAS_PUSHED = "it was pushed without a pull request, so nothing approves it"
CANT_APPLY = "the plan of this group can't be applied"
SINCE = "its plan does not show this, because of what was merged or queued since"
EARLIER = "no commit since the last apply brought it, as far as git shows"


def judge_group(history: History, plan: Plan, plans: GroupPlans) -> GroupCheck:
    """Returns the check of a group's plan, by the plans that count. Decides as an apply right after it would."""
    return _Judgement(history, plan, plans).check()


@dataclass(slots=True)
class _Judgement:
    history: History
    plan: Plan
    plans: GroupPlans
    prior: PriorState = field(init=False)
    bringers: Mapping[str, BranchCommit] = field(init=False)

    def __post_init__(self) -> None:
        """Finds the states that the apply compares with, and the line commit that brought each commit."""
        assert self.history.graph is not None  # noqa: S101  # else ownership is unknown
        self.prior = with_front(self.history, find_prior_state(self.history, None))
        self.bringers = find_bringers(self.plans.line, self.history.graph.parents)

    def check(self) -> GroupCheck:
        current, plan = self.history.current, self.plan
        open_atoms = [*list_open(self.history.record.history), *list_open(self.plans.as_of)]
        force = InForce(
            now_in_utc().date(),
            current.tenant.approvals,
            open=open_atoms,
            applied=self._list_applied(open_atoms),
            earlier=self.prior.earlier,
        )
        approval = foresee(plan, current.desired, tuple(self.plans.plans.values()), force)
        refused = [one for one in approval.not_run if one.status == "refused"]
        brought = {one.change.id: self._trace(one.change, number) for number, one in enumerate(refused)}
        refusals = tuple(one for one in plan.problems if is_refusal(one) and one.severity == "error")
        blocked = () if plan.applyable else refusals or (Problem("not_applyable", CANT_APPLY),)
        return GroupCheck(
            tenant=current.tenant_name,
            pulls=tuple(self._list_pulls(brought.values(), blocked)),
            changes=len(plan.changes),
            refused=tuple(self._describe(one, brought[one.change.id]) for one in refused),
            left=tuple(GroupEffect(one.change) for one in approval.not_run if one.status == "left"),
            refusals=blocked,
            again=tuple(self._list_again(brought.values())),
        )

    def _list_applied(self, open_atoms: Iterable[tuple[str, OpenAtom]]) -> list[tuple[int, DesiredState]]:
        """Returns the states of git that were applied since the oldest approval, with the serials of their applies."""
        found = self.history.record.history
        serials = [plan.record.serial or 0 for plan in self.plans.plans.values() if plan.record is not None]
        oldest = min([*serials, *(atom.serial for _salt, atom in open_atoms)], default=found.next_serial)
        later = (one.record for one in found.entries if one.record.serial > oldest and not one.record.abandoned)
        commits = {record.commit: record.serial for record in later}
        states = ((serial, self.history.states.at(commit).state) for commit, serial in commits.items())
        return [(serial, state) for serial, state in states if state is not None]

    def _trace(self, change: Change, number: int) -> tuple[BranchCommit, ...]:
        """Returns the line commits that brought a change: that of its line, and those with which git asked for it."""
        known = self._find_bringer(change)
        found = {known} if known else set[BranchCommit]()
        if number < MOST_TRACED:
            atoms = atoms_of(change)[:MOST_PARTS]
            found |= {one for atom in atoms if (one := find_transition(atom, self.plans.line, self._state_at))}
        return tuple(one for one in self.plans.line if one in found)

    def _find_bringer(self, change: Change) -> BranchCommit | None:
        commit = change.source.commit if change.source else None
        return self.bringers.get(commit) if commit is not None else None

    def _state_at(self, number: int) -> DesiredState | None:
        commit = self.plans.line[number].commit if number >= 0 else self.plans.before
        return self.history.states.at(commit).state if commit is not None else None

    def _describe(self, outcome: Outcome, brought: tuple[BranchCommit, ...]) -> GroupEffect:
        pulls = dict.fromkeys(one.pull for one in brought)
        special, _comma, _rest = outcome.detail.partition(", so ")
        reasons = [special] if special != UNSEEN.partition(", so ")[0] else []
        if outcome.detail.endswith(OR_ANOTHER_KEY):
            reasons.append(OR_ANOTHER_KEY.removeprefix("; or "))
        if not pulls:
            reasons.append(EARLIER)
        elif len(pulls) == 1 and next(iter(pulls)) in self.plans.plans:
            reasons.append(SINCE)
        return GroupEffect(outcome.change, "; ".join(reasons), spell_bringers(brought))

    def _list_pulls(
        self, brought: Iterable[tuple[BranchCommit, ...]], blocked: Iterable[Problem]
    ) -> Iterator[GroupPull]:
        """Yields the pull requests of the line, and commits of no pull request that are queued or brought an effect."""
        counts = self._count(blocked)
        queued = {spell_bringer(one) for one in self.plans.queued}
        needed = {one for some in brought for one in some}
        names = {spell_bringer(one): one for one in self.plans.line}
        for name, one in names.items():
            if one.pull is not None:
                reason = self.plans.reasons.get(one.pull, "")
                yield GroupPull(name, name in queued, reason, counts.get(name, ""))
            elif name in queued:
                yield GroupPull(name, queued=True, reason=BELONGS_TO_NONE, counts=counts.get(name, ""))
            elif one in needed or name in counts:
                yield GroupPull(name, queued=False, reason=WAS_PUSHED, counts=counts.get(name, ""))

    def _count(self, blocked: Iterable[Problem]) -> Mapping[str, str]:
        """Returns what each pull request brings to the exceeded limits, as `3 deactivations`, by its name."""
        exceeded = {one.message.partition(":")[0] for one in blocked if one.code == "guardrail"}
        if not exceeded or self.history.graph is None:
            return {}
        by_name: dict[str, list[Change]] = defaultdict(list)
        for change in self.plan.changes:
            if known := self._find_bringer(change):
                by_name[spell_bringer(known)].append(change)
        guardrails = self.history.current.guardrails
        counted = {name: effects_of(changes, guardrails) for name, changes in by_name.items()}
        return {
            name: ", ".join(_spell(limit, number) for limit, number in effects.items() if limit in exceeded)
            for name, effects in counted.items()
            if effects.keys() & exceeded
        }

    def _list_again(self, brought: Iterable[tuple[BranchCommit, ...]]) -> Iterator[str]:
        """Yields the queued pull requests that brought refused effects; a new plan of theirs would show them."""
        needed = {one.pull for some in brought for one in some}
        yield from (
            f"#{pull}" for pull in dict.fromkeys(one.pull for one in self.plans.queued) if pull in needed and pull
        )


def _spell(limit: str, number: int) -> str:
    """Returns `3 deactivations` for a guardrail's name."""
    return count(number, limit.removeprefix("max_").replace("_", " ").removesuffix("s"))
