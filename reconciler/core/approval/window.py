"""The window of a merge's approvals: it opens after the last apply that ended, and closes at HEAD. Pure."""

from __future__ import annotations

from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import ApplyRecord, RecordEntry


def find_window_starts(history: ApplyHistory) -> tuple[RecordEntry, ...]:
    """Returns the records whose commits open the window: the last one of each line of a union; empty before an apply.

    What was merged up to one of these commits has had its apply. A recovery opens the window too, because it gives up
    what was approved before it.
    """
    return history.last_of([entry for entry in history.entries if _opens_window(entry.record)])


def _opens_window(record: ApplyRecord) -> bool:
    """Returns whether approvals before this record are used up: done, on its list of open effects, or not needed.

    An apply without effect, of some keys (`--only`), or with more open effects than it lists leaves them in force.
    """
    ended = record.state == "ended" and not record.abandoned and not record.only and record.open != "all"
    return ended or record.state == "recovered"
