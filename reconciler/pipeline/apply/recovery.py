"""Prepares and writes a recovery of the record (`ownership recover`), with a list of what it gives up."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.core.explanation.witnesses import list_verdicts
from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import ApplyRecord, Covers, make_sample
from reconciler.core.safety.make_plan import MadePlan
from reconciler.desired.records.branch import RecordBranch
from reconciler.desired.records.exchange import Pushed
from reconciler.desired.records.load import load_readable
from reconciler.desired.records.steps import write_recovery
from reconciler.errors import Refused
from reconciler.pipeline.apply.begun_apply import make_record, name_run, refuse_unrecorded
from reconciler.pipeline.desired.current_state import load_current_state
from reconciler.pipeline.plan.witnesses import plan_whole_account
from reconciler.pipeline.record.history import History, open_history
from reconciler.pipeline.workspace import Workspace
from reconciler.report.format.quote import plain_line


@dataclass(frozen=True, slots=True)
class Recovery:
    """A recovery that can be written: the facts that it gives up, one per line, and the record."""

    given_up: tuple[str, ...]
    record: ApplyRecord
    branch: RecordBranch

    @property
    def text(self) -> str:
        """The text on which a person decides."""
        lines = "".join(f"  - {plain_line(line)}\n" for line in self.given_up)
        return f"A recovery of the record reconciler/{self.branch.name} gives up:\n{lines}"

    @property
    def digest(self) -> str:
        """A digest of the text, by which the person confirms it."""
        return hashlib.sha256("\n".join((self.record.commit, *self.given_up)).encode()).hexdigest()[:12]

    def write(self) -> Pushed:
        """Writes the recovery to the record, and pushes it."""
        return write_recovery(self.branch, self.record).pushed


def prepare_recovery(workspace: Workspace) -> Recovery:
    """Reads the whole account, and returns a recovery of the record; raises Refused if it can't be written."""
    current = load_current_state(workspace)
    refuse_unrecorded(current)
    with open_history(current) as history:
        record, branch = history.record, history.record.branch
        unreadable = record.unknown is not None and record.unknown.code == "not_a_record"
        if branch is None or current.commit is None or current.repository is None:
            raise Refused("nothing is committed here yet, so no record can be recovered: commit the desired state")
        if not unreadable:
            history.raise_unknown()
        known = load_readable(branch) if unreadable else record.history
        _account, made = plan_whole_account(history, None)
        given_up = tuple(_list_losses(history, made))
        recovered = make_record(current, current.repository, known, name_run(workspace), "recovered")
        users = {str(key) for key, user in current.desired.users.items() if user.in_scope}
        linked = ((key, live_id) for key, live_id in made.decided.ids.items() if key in users)
        sample = make_sample(recovered.salt, linked)
        recovered = recovered.model_copy(update={"covers": Covers(kind="only"), "sample": sample})
    return Recovery(given_up, recovered, branch)


def _list_losses(history: History, made: MadePlan) -> Iterator[str]:
    record = history.record.history
    if history.record.unknown is not None:
        yield f"all applies on record, because the record does not parse: {history.record.unknown.message}"
    yield from _list_lost_records(record)
    yield from list_verdicts(made.decided)


def _list_lost_records(record: ApplyHistory) -> Iterator[str]:
    for entry in record.open_begins():
        yield f"apply #{entry.record.serial}, which began at {entry.record.at} and has no end on record"
    atoms = record.open_atoms()
    if atoms:
        yield f"{'all' if atoms == 'all' else len(atoms)} approved effects that are needed and were not carried out"
    last = record.last_applies()
    if last:
        applies = ", ".join(f"#{entry.record.serial} of {entry.record.commit[:12]}" for entry in last)
        yield f"the branch of the last apply ({applies}): the next apply starts from HEAD"
    sample = record.last_sample()
    if sample is not None:
        yield f"the account of apply #{sample.serial}: the account of the present token takes its place"
