"""Decides on a merge group: its effects that no approved plan shows, its exceeded limits, and who brought them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.core.approval.atoms import atoms_of
from reconciler.core.approval.attribution import find_bringers, find_transition
from reconciler.core.approval.carried import list_open
from reconciler.core.approval.coverage import Approval
from reconciler.core.approval.explain_refused import explain_bringers, name_commit
from reconciler.core.approval.foreseen import foresee
from reconciler.core.approval.merge_approvals import BranchCommit
from reconciler.core.approval.reasons import CHANGED, OR_ANOTHER_KEY, UNSEEN
from reconciler.core.approval.sources import InForce
from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.plan import Change, Plan
from reconciler.core.changes.plan_notes import is_refusal
from reconciler.core.model.amounts import count
from reconciler.core.model.states import DesiredState
from reconciler.core.safety.limits import effects_of
from reconciler.errors import Problem
from reconciler.pipeline.apply.approvals import find_applied_since
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.plan.origins import find_commits
from reconciler.pipeline.pull_requests.group_plans import GroupPlans
from reconciler.pipeline.record.history import History
from reconciler.pipeline.record.prior_state import PriorState, find_prior_state, with_front
from reconciler.report.pull_requests.merge_group import ComparedGroup, GroupEffect, GroupPull

MOST_TRACED = 100  # refused changes whose parts are looked for commit by commit; of the others the lines are known
MOST_PARTS = 20  # of one change
BELONGS_TO_NONE = "it belongs to no pull request of the queue, so nothing approves it"
WAS_PUSHED = "it was pushed without a pull request, so nothing approves it"
CANT_APPLY = "the plan of this group can't be applied"
EARLIER = "git shows no commit since the last apply that brought it"
Bringers = Mapping[str, Sequence[BranchCommit]]


def judge_group(history: History, plan: Plan, plans: GroupPlans) -> ComparedGroup:
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

    def check(self) -> ComparedGroup:
        plan, approval = self.plan, self._foresee()
        refused = [one for one in approval.not_run if one.status == "refused"]
        brought = self._trace(refused, approval)
        refusals = tuple(one for one in plan.problems if is_refusal(one) and one.severity == "error")
        blocked = () if plan.applyable else refusals or (Problem("not_applyable", CANT_APPLY),)
        return ComparedGroup(
            tenant=plan.tenant,
            pulls=tuple(self._list_pulls(brought, blocked)),
            changes=len(plan.changes),
            refused=tuple(self._describe(one, brought[one.change.id]) for one in refused),
            left=tuple(GroupEffect(one.change) for one in approval.not_run if one.status == "left"),
            refusals=blocked,
            again=tuple(self._list_again(brought)),
        )

    def _foresee(self) -> Approval:
        """Compares the plan with the plans that count, and with the effects that applies left open, then and now."""
        current, counted = self.history.current, self.plans.counted.plans
        open_atoms = [*list_open(self.history.record.history), *list_open(self.plans.as_of)]
        force = InForce(
            now_in_utc().date(),
            current.tenant.approvals,
            open=open_atoms,
            applied=find_applied_since(self.history, counted, open_atoms),
            earlier=self.prior.earlier.in_keys_of(current.desired),
        )
        return foresee(self.plan, current.desired, counted, force)

    def _trace(self, refused: Sequence[Outcome], approval: Approval) -> Bringers:
        """Returns the line commits that brought each refused change, oldest first, by the id of the change.

        They wrote or removed its lines, or git asks for the effect since then, as with a changed mapping.
        """
        parts = {one.change.id: approval.unseen.get(one.change.id) or (one.change,) for one in refused}
        every = {part.id: part for some in parts.values() for part in some}
        commits = find_commits(self.history.current, self.prior, list(every.values()))
        found: dict[str, set[BranchCommit]] = {}
        for number, (name, part) in enumerate(every.items()):
            found[name] = {self.bringers[one] for one in commits[name] if one in self.bringers}
            atoms = atoms_of(part)[:MOST_PARTS] if number < MOST_TRACED else ()
            found[name] |= {one for atom in atoms if (one := find_transition(atom, self.plans.line, self._state_at))}
        return {
            name: tuple(one for one in self.plans.line if any(one in found[part.id] for part in some))
            for name, some in parts.items()
        }

    def _state_at(self, number: int) -> DesiredState | None:
        commit = self.plans.line[number].commit if number >= 0 else self.plans.before
        return self.history.states.at(commit).state if commit is not None else None

    def _describe(self, outcome: Outcome, brought: Sequence[BranchCommit]) -> GroupEffect:
        """Describes a refused change: who brought it, and why it is not approved, unless no plan shows it at all."""
        special, usual = (text.partition(", so ")[0] for text in (outcome.detail, UNSEEN))
        key = OR_ANOTHER_KEY.removeprefix("; or ") if outcome.detail.endswith(OR_ANOTHER_KEY) else ""
        shown = outcome.detail.startswith(CHANGED)
        who = explain_bringers(brought, self.plans.counted.reasons, shown=shown) or EARLIER
        return GroupEffect(outcome.change, who, "; ".join(filter(None, ("" if special == usual else special, key))))

    def _list_pulls(self, brought: Bringers, blocked: Iterable[Problem]) -> Iterator[GroupPull]:
        """Yields the pull requests of the line, and commits of no pull request that are queued or brought an effect."""
        counts, reasons = self._count(blocked), self.plans.counted.reasons
        queued = {name_commit(one) for one in self.plans.queued}
        needed = {one for some in brought.values() for one in some}
        for name, one in {name_commit(one): one for one in self.plans.line}.items():
            if one.pull is not None:
                yield GroupPull(name, name in queued, reasons.get(name, ""), counts.get(name, ""))
            elif name in queued:
                yield GroupPull(name, queued=True, reason=BELONGS_TO_NONE, counts=counts.get(name, ""))
            elif one in needed or name in counts:
                yield GroupPull(name, queued=False, reason=WAS_PUSHED, counts=counts.get(name, ""))

    def _count(self, blocked: Iterable[Problem]) -> Mapping[str, str]:
        """Returns what each pull request brings to the exceeded limits, as `3 deactivations`, by its name."""
        exceeded = {one.message.partition(":")[0] for one in blocked if one.code == "guardrail"}
        by_name: dict[str, list[Change]] = defaultdict(list)
        for change in self.plan.changes if exceeded else ():
            commit = change.source.commit if change.source else None
            if commit is not None and commit in self.bringers:
                by_name[name_commit(self.bringers[commit])].append(change)
        guardrails = self.history.current.guardrails
        counted = {name: effects_of(changes, guardrails) for name, changes in by_name.items()}
        return {
            name: ", ".join(_spell(limit, number) for limit, number in effects.items() if limit in exceeded)
            for name, effects in counted.items()
            if effects.keys() & exceeded
        }

    def _list_again(self, brought: Bringers) -> Iterator[str]:
        """Yields the pull requests that need a new plan: of each refused effect the last one in the queue.

        Where none of the queue brought it, the last one will do: its new plan shows what was merged earlier.
        """
        queued = list(dict.fromkeys(one.pull for one in self.plans.queued if one.pull is not None))
        needed = {_find_last(queued, [one.pull for one in some]) for some in brought.values()}
        yield from (f"#{pull}" for pull in queued if pull in needed)


def _find_last(queued: Sequence[int], pulls: Collection[int | None]) -> int | None:
    return next((pull for pull in reversed(queued) if pull in pulls), queued[-1] if queued else None)


def _spell(limit: str, number: int) -> str:
    """Returns `3 deactivations` for a guardrail's name."""
    return count(number, limit.removeprefix("max_").replace("_", " ").removesuffix("s"))
