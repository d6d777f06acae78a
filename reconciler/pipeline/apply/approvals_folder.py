"""Writes and reads the folder of approvals that `github approved-plans` gathers, and finds out which plans count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from reconciler.core.approval.counted import CountedPlans, count_plans, list_plans_to_count
from reconciler.core.approval.merge_approvals import APPROVALS_FILE, MergeApprovals
from reconciler.core.approval.sources import InForce
from reconciler.core.changes.plan import Plan
from reconciler.core.record.history import ApplyHistory
from reconciler.errors import Refused, UsageError
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.desired.current_state import CurrentState
from reconciler.pipeline.private_files import read_text, write_private
from reconciler.pipeline.saved_plans import read_plan

GATHER = "gather the approvals again, with `reconciler github approved-plans -o FOLDER`"


@dataclass(frozen=True, slots=True)
class ApprovalsFolder:
    """The approvals of a merge, as they were gathered into a folder; `plans` has each plan by the name of its file."""

    merge: MergeApprovals
    plans: Mapping[str, Plan]


def load_approvals_folder(folder: Path) -> ApprovalsFolder:
    """Reads a folder of approvals with its plans; raises UsageError, with what to do, if it is missing or damaged."""
    merge = read_approvals(folder)
    return ApprovalsFolder(merge, {name: _read_plan(folder, name) for name in _list_files(merge)})


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
        where = f"{place}: " if place else ""  # text that is no JSON has no place
        raise UsageError(f"{file} is damaged ({where}{detail['msg']}): {GATHER}") from error


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


def refuse_foreign(folder: ApprovalsFolder, current: CurrentState) -> None:
    """Raises Refused if the approvals were gathered for another tenant, or for another commit than HEAD."""
    merge, tenant = folder.merge, current.tenant_name
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


def count_plans_of(folder: ApprovalsFolder, current: CurrentState, history: ApplyHistory) -> CountedPlans:
    """Returns the plans that count, and the reasons of the others."""
    refuse_foreign(folder, current)
    force = InForce(now_in_utc().date(), current.tenant.approvals)
    plans = list_plans_to_count(folder.merge, folder.plans)
    return count_plans(plans, current.tenant_name, current.tenant.url, history, force)
