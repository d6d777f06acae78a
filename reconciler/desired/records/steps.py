"""The steps of an apply on record: it begins before a request is sent, where the next run will find it, and it ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import ApplyRecord, RecordEntry
from reconciler.core.record.refusals import check_lock, refuse_begin
from reconciler.desired.records.branch import RecordBranch
from reconciler.desired.records.exchange import Pushed, fetch_record, push_commit, push_record
from reconciler.desired.records.load import load_history
from reconciler.desired.records.write import make_commit, write_record
from reconciler.errors import Failed

TRIES = 20


@dataclass(frozen=True, slots=True)
class Begun:
    """An apply that has begun: its record, and the history that it began from, which is without it."""

    entry: RecordEntry
    history: ApplyHistory


@dataclass(frozen=True, slots=True)
class WrittenRecord:
    """A record that is on the branch here, and whether the remote has it."""

    entry: RecordEntry
    pushed: Pushed


def begin(
    branch: RecordBranch,
    run: str,
    now: Callable[[], datetime],
    draft: Callable[[ApplyHistory], ApplyRecord],
) -> Begun:
    """Puts the begin of an apply on record, here and at the remote; nothing of it is left where that fails.

    `draft` makes the record from the history that it will follow, or raises Refused; it runs again where another run
    was faster. Raises ApplyIsOpen while another run may send, and Refused with the host's words
    where the remote does not take it.
    """
    pushed = Pushed("lost")
    for _ in range(TRIES):
        fetch_record(branch)
        before = branch.ours()
        history = load_history(branch)
        _raise_held(history, now(), run)
        entry = make_commit(branch.repository, draft(history), [tip.id for tip in history.tips()])
        pushed = _publish(branch, entry, before)
        if pushed.state == "done":
            return Begun(entry, history)
        if pushed.state != "lost":
            break
    raise refuse_begin(pushed.words).as_error()


def end(branch: RecordBranch, record: ApplyRecord) -> WrittenRecord:
    """Puts the end of an apply on record, here and then at the remote.

    Where the push fails, it stays on the branch here: the next run pushes it, or `push_record`.
    """
    return _add(branch, record, lambda: [tip.id for tip in load_history(branch).tips()])


def write_recovery(branch: RecordBranch, record: ApplyRecord) -> WrittenRecord:
    """Puts on record that this account and HEAD's line count from here on; `record` has the state `recovered`.

    It follows commits that do not read too: behind a recovery they no longer block a read.
    """
    return _add(branch, record, branch.find_tips)


def _raise_held(history: ApplyHistory, now: datetime, run: str) -> None:
    refusal = check_lock(history.lock(now, run))
    if refusal is not None:
        raise refusal.as_error()


def _publish(branch: RecordBranch, entry: RecordEntry, before: str | None) -> Pushed:
    """The remote has it first: a process that is killed between leaves no begin that only this clone knows."""
    pushed = push_commit(branch, entry.id)
    if pushed.state != "done":
        return pushed
    if branch.move(entry.id, before) or branch.remote is not None:
        return Pushed("done")  # where another process moved the branch here, the remote's has the begin
    return Pushed("lost", f"{branch.local} was moved meanwhile, or another git holds its lock")


def _add(branch: RecordBranch, record: ApplyRecord, find_parents: Callable[[], Sequence[str]]) -> WrittenRecord:
    for attempt in range(1, TRIES + 1):
        before = branch.ours()
        try:
            entry = write_record(branch, record, find_parents(), before)
            break
        except Failed:
            if attempt == TRIES:
                raise
    return WrittenRecord(entry, push_record(branch))
