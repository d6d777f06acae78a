"""Writes and reads the folder of approvals that `github approved-plans` gathers, and finds out which plans count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from reconciler.core.approval.atoms import Atom
from reconciler.core.approval.attribution import find_bringers
from reconciler.core.approval.counted import CountedPlans, count_plans, list_gathered
from reconciler.core.approval.coverage import Approval, Asked
from reconciler.core.approval.explain_refused import explain_refused
from reconciler.core.approval.merge_approvals import APPROVALS_FILE, BranchCommit, MergeApprovals
from reconciler.core.approval.sources import InForce
from reconciler.core.approval.unplanned import AccountNow, is_asked_at
from reconciler.core.changes.plan import Change, Plan
from reconciler.core.record.history import ApplyHistory
from reconciler.errors import Refused, UsageError
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.desired.current_state import CurrentState
from reconciler.pipeline.plan.origins import find_commits
from reconciler.pipeline.private_files import read_text, write_private
from reconciler.pipeline.record.history import History
from reconciler.pipeline.record.prior_state import PriorState
from reconciler.pipeline.saved_plans import read_plan

GATHER = "gather the approvals again, with `reconciler github approved-plans -o FOLDER`"


@dataclass(frozen=True, slots=True)
class GatheredApprovals:
    """The approvals of a merge, as they were gathered into a folder; `plans` has each plan by the name of its file."""

    merge: MergeApprovals
    plans: Mapping[str, Plan]


def load_gathered(folder: Path) -> GatheredApprovals:
    """Reads a folder of approvals with its plans; raises UsageError, with what to do, if it is missing or damaged."""
    merge = read_approvals(folder)
    return GatheredApprovals(merge, {name: _read_plan(folder, name) for name in _list_files(merge)})


def read_approvals(folder: Path) -> MergeApprovals:
    """Reads the approvals of a folder; raises UsageError, with what to do, if they are missing or damaged."""
    file = folder / APPROVALS_FILE
    if not file.is_file():
        raise UsageError(f"{folder} is not a folder of approvals, because it has no {APPROVALS_FILE}: {GATHER}")
    try:
        return MergeApprovals.model_validate_json(read_text(file))
    except ValidationError as error:
        detail = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, detail["loc"]))
        raise UsageError(f"{file} is damaged ({place}: {detail['msg']}): {GATHER}") from error


def write_approvals(folder: Path, approvals: MergeApprovals, plans: Mapping[str, str]) -> None:
    """Writes a folder of approvals: the texts of the plans by the names of their files, and `approvals.json` last."""
    for name, text in plans.items():
        write_private(folder / name, text)
    write_private(folder / APPROVALS_FILE, approvals.model_dump_json(indent=2) + "\n")


def _list_files(merge: MergeApprovals) -> Iterator[str]:
    yield from (pull.plan for pull in merge.pulls if pull.plan is not None)
    yield from (reviewed.plan for reviewed in merge.by_hand if reviewed.plan is not None)


def _read_plan(folder: Path, name: str) -> Plan:
    file = folder / name
    if file.parent != folder or name in {"", ".", ".."} or file.is_symlink() or not file.is_file():
        raise UsageError(f"{folder / APPROVALS_FILE} names the plan {name!r}, which is no file beside it: {GATHER}")
    return read_plan(read_text(file), str(file))


def refuse_foreign(gathered: GatheredApprovals, current: CurrentState) -> None:
    """Raises Refused if the approvals were gathered for another tenant, or for another commit than HEAD."""
    merge, tenant = gathered.merge, current.tenant_name
    if merge.tenant != tenant:
        raise Refused(
            f"the approvals were gathered for the tenant {merge.tenant!r}, and this run is for {tenant}: {GATHER}"
        )
    if current.commit is None:
        raise Refused("the approvals are those of a commit, and the desired state is not as committed: commit it first")
    if merge.commit != current.commit:
        raise Refused(
            f"the approvals were gathered for the commit {merge.commit[:12]!r}, and {current.commit[:12]} is checked "
            f"out: {GATHER}, or check that commit out"
        )


def count_gathered(gathered: GatheredApprovals, current: CurrentState, history: ApplyHistory) -> CountedPlans:
    """Returns the plans that count, and the reasons of the others."""
    refuse_foreign(gathered, current)
    force = InForce(now_in_utc().date(), current.tenant.approvals)
    plans = list_gathered(gathered.merge, gathered.plans)
    return count_plans(plans, current.tenant_name, current.tenant.url, history, force)


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
