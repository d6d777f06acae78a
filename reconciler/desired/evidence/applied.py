"""The commits on record: which records each has, and whom those cover. Reads entries; asks nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.core.model import Key
from reconciler.core.ownership.history import ApplyHistory
from reconciler.core.ownership.record import ApplyRecord


@dataclass(frozen=True, slots=True)
class AppliedCommits:
    """The commits on record, those of the newest applies first, each with the records that count."""

    records: Mapping[str, tuple[ApplyRecord, ...]]

    def covers(self, commit: str, key: Key) -> bool:
        """Whether an apply of the commit covers a key, if the commit declares it."""
        return any(record.covers_key(str(key)) for record in self.records.get(commit, ()))

    def last(self, *, full: bool) -> tuple[str, ...]:
        """Returns the commits from the newest whole apply on (with `full`: that looked at everybody), newest first."""
        wholes = [record.serial for one in self.records.values() for record in one if _is_whole(record, full=full)]
        since = max(wholes, default=0)
        return tuple(
            commit for commit, found in self.records.items() if any(record.serial >= since for record in found)
        )

    def start_of_front(self) -> str | None:
        """Returns the commit of the newest whole apply, or None."""
        wholes = (
            (record.serial, commit)
            for commit, found in self.records.items()
            for record in found
            if _is_whole(record, full=False)
        )
        newest = max(wholes, default=None)
        return newest[1] if newest is not None else None


def _is_whole(record: ApplyRecord, *, full: bool) -> bool:
    return record.full if full else record.state == "ended" and record.whole


def find_applied(history: ApplyHistory) -> AppliedCommits:
    """Returns the commits on record. A begin counts until its own end says whom the apply covered."""
    records = [entry.record for entry in history.entries]
    ended = {_apply_of(record) for record in records if record.state != "begun"}
    found: dict[str, list[ApplyRecord]] = {}
    for record in _newest_first(records):
        if record.state != "begun" or _apply_of(record) not in ended:
            found.setdefault(record.commit, []).append(record)
    return AppliedCommits({commit: tuple(one) for commit, one in found.items()})


def _newest_first(records: Iterable[ApplyRecord]) -> list[ApplyRecord]:
    return sorted(records, key=lambda record: (record.serial, record.at), reverse=True)


def _apply_of(record: ApplyRecord) -> tuple[int, str, str]:
    return record.serial, record.commit, record.run
