"""The commits on record, each with the records of its applies. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.core.model.resources import Key
from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import ApplyRecord


@dataclass(frozen=True, slots=True)
class AppliedCommits:
    """The commits on record with their records; commits and records come newest first."""

    records: Mapping[str, tuple[ApplyRecord, ...]]

    def covers(self, commit: str, key: Key) -> bool:
        """Returns whether an apply of the commit covers the key; the commit must declare the key."""
        return any(record.covers_key(str(key)) for record in self.records.get(commit, ()))

    def front(self) -> tuple[str, ...]:
        """Returns the commits of the newest complete apply and of all later applies, newest first."""
        since = max((record.serial for record, _commit in self._complete()), default=0)
        return tuple(
            commit for commit, found in self.records.items() if any(record.serial >= since for record in found)
        )

    def start_of_front(self) -> str | None:
        """Returns the commit of the newest complete apply, or None."""
        return max(((record.serial, commit) for record, commit in self._complete()), default=(0, None))[1]

    def is_incomplete(self, commit: str) -> bool:
        """Returns whether the commit was applied, and is not that of the newest complete apply."""
        return commit in self.records and commit != self.start_of_front()

    def _complete(self) -> list[tuple[ApplyRecord, str]]:
        return [(record, commit) for commit, found in self.records.items() for record in found if record.moves_front]


def find_applied(history: ApplyHistory) -> AppliedCommits:
    """Returns the commits on record. A begin counts only until its end is on record."""
    found: dict[str, list[ApplyRecord]] = {}
    for entry in reversed(history.steps()):
        found.setdefault(entry.record.commit, []).append(entry.record)
    return AppliedCommits({commit: tuple(records) for commit, records in found.items()})
