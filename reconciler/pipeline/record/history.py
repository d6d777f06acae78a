"""Opens the past of a tenant: its record of applies, and git's history.

Gaps are named here; `core` decides what follows from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date

from reconciler.desired.evidence.gather import start_pass
from reconciler.desired.evidence.graph import CommitGraph
from reconciler.desired.evidence.line_pass import LinePass
from reconciler.errors import Problem, Refused
from reconciler.pipeline.desired.commit_states import CommitStates
from reconciler.pipeline.desired.current_state import CurrentState
from reconciler.pipeline.record.tenant_record import RecordMode, TenantRecord, describe_refusal, read_record


@dataclass(frozen=True, slots=True)
class History:
    """The past: the record, the states of commits, and the pass over the lines of git's history.

    `work` is None if no commit can be evidence. `cut` is the reason if git's history can't be read.
    """

    current: CurrentState
    record: TenantRecord
    states: CommitStates
    work: LinePass | None = None
    graph: CommitGraph | None = None
    cut: Problem | None = None

    @property
    def unknown(self) -> Problem | None:
        """The reason if ownership is unknown, else None."""
        return self.record.unknown or self.cut

    def raise_unknown(self) -> None:
        """Raises Refused if ownership is unknown."""
        if self.unknown is not None:
            raise Refused(str(self.unknown), (self.unknown,))


@contextmanager
def open_history(current: CurrentState, mode: RecordMode = "remote") -> Iterator[History]:
    """Reads the record and starts the pass over git's history, which works until the block ends."""
    record = read_record(current, mode)
    days = {entry.record.commit: date.fromisoformat(entry.record.as_of) for entry in record.history.entries}
    history = History(current, record, CommitStates(current, days))
    if current.repository is None or record.branch is None:
        yield history
        return
    with start_pass(current.repository, record.history) as work:
        try:
            history = replace(history, work=work, graph=work.graph())
        except Refused as error:
            history = replace(history, cut=describe_refusal(error))
        yield history
