"""Finds out what git's history shows of the effects of a merge: who asked for them, and who brought others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.core.approval.atoms import Atom
from reconciler.core.approval.attribution import find_bringers
from reconciler.core.approval.counted import CountedPlans
from reconciler.core.approval.coverage import Approval, Asked
from reconciler.core.approval.explain_refused import explain_refused
from reconciler.core.approval.merge_approvals import BranchCommit
from reconciler.core.approval.unplanned import AccountNow, is_asked_at
from reconciler.core.changes.plan import Change, Plan
from reconciler.pipeline.desired.current_state import CurrentState
from reconciler.pipeline.plan.origins import find_commits
from reconciler.pipeline.record.history import History
from reconciler.pipeline.record.prior_state import PriorState


def describe_uncounted(counted: CountedPlans) -> Iterator[str]:
    """Yields a sentence about each plan that does not count, with the reason."""
    for name, reason in counted.reasons.items():
        which = f"The plan of {name}" if name.startswith("#") else f"A plan by hand ({name})"
        yield f"{which} does not count: {reason}"


@dataclass(frozen=True, slots=True)
class MergedUnion:
    """The plans of a merge that count, with the line of the branch on which their pull requests were merged."""

    counted: CountedPlans
    line: tuple[BranchCommit, ...]
    history: History

    def asked(self, account: AccountNow) -> Asked:
        """Returns the test whether git asked for an effect at the commit where its plan was merged."""
        merged = {one.pull: one.commit for one in self.line if one.pull is not None}  # the last commit of a rebase

        def was_asked(plan: Plan, atom: Atom) -> bool:
            pull = self.counted.pull_of(plan)
            commit = merged.get(pull) if pull is not None else None
            state = self.history.states.at(commit).state if commit is not None else None
            return state is not None and is_asked_at(atom, state, account)

        return was_asked

    def explain(self, approval: Approval, current: CurrentState, prior: PriorState) -> Approval:
        """Returns the approval with the reasons why its refused changes came without a plan."""
        if not approval.refused or self.history.graph is None:
            return approval
        unseen = {part.id: part for parts in approval.unseen.values() for part in parts}
        brought = self._find_bringers(current, prior, list(unseen.values()))
        return explain_refused(approval, brought, self.counted.reasons)

    def _find_bringers(
        self, current: CurrentState, prior: PriorState, unseen: list[Change]
    ) -> Mapping[str, tuple[BranchCommit, ...]]:
        """Returns the commits of the line that wrote, or removed, the statements behind each change, oldest first."""
        assert self.history.graph is not None  # noqa: S101  # `explain` has looked
        bringers = find_bringers(self.line, self.history.graph.parents)
        order = {one: number for number, one in enumerate(self.line)}
        return {
            change: tuple(sorted({bringers[one] for one in commits if one in bringers}, key=order.__getitem__))
            for change, commits in find_commits(current, prior, unseen).items()
        }
