"""Records the steps of an apply: its begin, before the first request, and its end; and recoveries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
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
    """An apply that has begun: its record, and the history before it."""

    entry: RecordEntry
    history: ApplyHistory


@dataclass(frozen=True, slots=True)
class WrittenRecord:
    """A record on the local branch, and the result of its push."""

    entry: RecordEntry
    pushed: Pushed


def begin(
    branch: RecordBranch,
    run: str,
    now: Callable[[], datetime],
    draft: Callable[[ApplyHistory], ApplyRecord],
) -> Begun:
    """Records the begin of an apply, at the remote and on the local branch, or leaves both unchanged.

    `draft` makes the record from the history before it, or raises Refused; it is called again if another run was
    faster. Raises ApplyIsOpen while another run may send requests, and Refused with the host's message if the remote
    refuses the push.
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


def end(
    branch: RecordBranch, record: ApplyRecord, pushing: Callable[[], AbstractContextManager[None]] = nullcontext
) -> WrittenRecord:
    """Records the end of an apply, on the local branch and then at the remote.

    If the push fails, or Ctrl-C ends it, the end stays on the local branch, and the next run or `push_record` pushes
    it. `pushing` is the context of the push, in which Ctrl-C may raise KeyboardInterrupt.
    """
    entry = _write(branch, record, lambda: [tip.id for tip in load_history(branch).tips()])
    try:
        with pushing():
            pushed = push_record(branch)
    except KeyboardInterrupt:
        pushed = Pushed("unreachable", "interrupted by Ctrl-C")
    return WrittenRecord(entry, pushed)


def write_recovery(branch: RecordBranch, record: ApplyRecord) -> WrittenRecord:
    """Records a recovery, from which the current account and HEAD's history count; `record` has the state `recovered`.

    Its parents include unreadable commits, because commits before a recovery no longer block a read.
    """
    return WrittenRecord(_write(branch, record, branch.find_tips), push_record(branch))


def _raise_held(history: ApplyHistory, now: datetime, run: str) -> None:
    refusal = check_lock(history.lock(now, run))
    if refusal is not None:
        raise refusal.as_error()


def _publish(branch: RecordBranch, entry: RecordEntry, before: str | None) -> Pushed:
    """Pushes before it moves the local branch: a killed process must not leave a begin that only this clone has."""
    pushed = push_commit(branch, entry.id)
    if pushed.state != "done":
        return pushed
    if branch.move(entry.id, before) or branch.remote is not None:
        return Pushed("done")  # if another process moved the local branch, the remote still has the begin
    return Pushed("lost", f"{branch.local} was moved meanwhile, or another git process holds its lock")


def _write(branch: RecordBranch, record: ApplyRecord, find_parents: Callable[[], Sequence[str]]) -> RecordEntry:
    """Writes a record to the local branch; retries if another process moves the branch meanwhile."""
    for _ in range(TRIES - 1):
        before = branch.ours()
        with suppress(Failed):
            return write_record(branch, record, find_parents(), before)
    before = branch.ours()
    return write_record(branch, record, find_parents(), before)
