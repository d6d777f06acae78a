"""The history of applies to one tenant: its records in order, and the facts that follow from them. Pure.

Records merge by union: a branch with two tips has the records of both, and no fact depends on which tip came first.
After a recovery, the records before it no longer count for the front, the sample, the lock, or the check that HEAD's
history has the last apply. They stay as evidence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from reconciler.core.record.ancestors import find_ancestors
from reconciler.core.record.record import HIGHEST_SERIAL, ApplyRecord, OpenAtom, RecordEntry, SampleEntry
from reconciler.errors import NotARecord

GRACE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Lock:
    """Whether an apply may begin: `mine` if the open begin belongs to the same run.

    For `held` and `mine`, `run` is the run that holds the lock, `serial` is its apply, and `until` is when the lock is
    free for the next run.
    """

    state: Literal["free", "held", "mine"] = "free"
    run: str | None = None
    serial: int | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """Up to 25 users who were linked at the last complete read, hashed with `salt`, and the serial of that apply."""

    salt: str
    entries: tuple[SampleEntry, ...]
    serial: int


@dataclass(frozen=True, slots=True)
class ApplyHistory:
    """The records of a tenant, each once, oldest first (by serial, then time, then id)."""

    entries: tuple[RecordEntry, ...] = ()

    def __post_init__(self) -> None:
        """Sorts the entries and drops duplicates, so that histories of the same records are equal."""
        entry_by_id = {entry.id: entry for entry in self.entries}
        object.__setattr__(self, "entries", tuple(sorted(entry_by_id.values(), key=_order)))

    def union(self, other: ApplyHistory) -> ApplyHistory:
        """Returns the history with the records of both."""
        return ApplyHistory(self.entries + other.entries)

    def without(self, ids: Iterable[str]) -> ApplyHistory:
        """Returns the history without the records of these ids, such as the begin of the current run."""
        excluded = frozenset(ids)
        return ApplyHistory(tuple(entry for entry in self.entries if entry.id not in excluded))

    @property
    def next_serial(self) -> int:
        """The serial of the next apply. Raises NotARecord if the last record has the highest possible serial."""
        last = max(self.entries, key=lambda entry: entry.record.serial, default=None)
        if last is None:
            return 1
        if last.record.serial >= HIGHEST_SERIAL:  # no apply counts that far: the record was written by hand
            before = f" ({last.parents[0]})" if last.parents else ""
            raise NotARecord(
                f"the record {last.id[:12]} has the serial {last.record.serial}, the highest possible, so no apply can "
                f"follow it: set the branch to the commit before it{before}"
            )
        return last.record.serial + 1

    @property
    def salt(self) -> str | None:
        """The salt for the next record, which passes the sample on; None before the first record."""
        sample = self.last_sample()
        if sample is not None:
            return sample.salt
        return self.entries[-1].record.salt if self.entries else None

    @property
    def identity(self) -> str:
        """The id of this record since its first apply or its last recovery; empty before the first apply."""
        recovery = _last(entry for entry in self.entries if _is_recovery(entry))
        return f"{self.salt or ''}{recovery.id if recovery else ''}"

    def tips(self) -> tuple[RecordEntry, ...]:
        """Returns the records that no other record has as a parent."""
        followed = {parent for entry in self.entries for parent in entry.parents}
        return tuple(entry for entry in self.entries if entry.id not in followed)

    def before(self, entries: Iterable[RecordEntry]) -> set[str]:
        """Returns the ids of all ancestors of these entries."""
        parents = {entry.id: entry.parents for entry in self.entries}
        return find_ancestors(
            (parent for entry in entries for parent in entry.parents), lambda entry_id: parents.get(entry_id, ())
        )

    def last_of(self, entries: Sequence[RecordEntry]) -> tuple[RecordEntry, ...]:
        """Returns the given records that are no ancestor of another given record: one for each line of a union."""
        ancestors = self.before(entries)
        return tuple(entry for entry in entries if entry.id not in ancestors)

    def last_ended(self) -> RecordEntry | None:
        """Returns the last apply that ended, complete or partial."""
        return _last(entry for entry in self.entries if entry.record.state == "ended")

    def last_full(self) -> RecordEntry | None:
        """Returns the last complete apply that read the whole account."""
        return _last(entry for entry in self.entries if entry.record.full)

    @property
    def recovered(self) -> bool:
        """Whether no complete apply with a full read has followed a recovery: then the next read is full."""
        superseded = self.before(entry for entry in self.entries if entry.record.full)
        return any(entry.record.state == "recovered" and entry.id not in superseded for entry in self.entries)

    def counted(self) -> tuple[RecordEntry, ...]:
        """Returns the records that no later recovery supersedes, oldest first."""
        superseded = self.before(entry for entry in self.entries if entry.record.state == "recovered")
        return tuple(entry for entry in self.entries if entry.id not in superseded)

    def front(self) -> tuple[RecordEntry, ...]:
        """Returns the last complete apply (of each line of a union) and all later begins and ends, oldest first.

        A recovery counts as a complete apply. An end replaces its begin. An apply that ended without any effect is
        excluded.
        """
        applies = self._applies()
        superseded = self.before(entry for entry in applies if entry.record.moves_front or _is_recovery(entry))
        return tuple(entry for entry in applies if entry.id not in superseded)

    def last_applies(self) -> tuple[RecordEntry, ...]:
        """Returns the last apply or recovery of each line of a union; HEAD's history must have each of them."""
        return self.last_of(self._applies())

    def is_settled(self, tree: str | None) -> bool:
        """Returns whether the last apply was complete and of that tree: then an empty plan needs no record."""
        last = self.last_applies()
        complete = all(entry.record.moves_front and entry.record.tree == tree for entry in last)
        return bool(last) and tree is not None and complete and not self.recovered

    def open_begins(self) -> tuple[RecordEntry, ...]:
        """Returns the begins without an end, except those that a later begin or a recovery has superseded."""
        counted = self.counted()
        ended = {_apply_of(entry.record) for entry in counted if entry.record.state == "ended"}
        begins = self.last_of([entry for entry in counted if entry.record.state == "begun"])
        return tuple(begin for begin in begins if _apply_of(begin.record) not in ended)

    def lock(self, now: datetime, run: str) -> Lock:
        """Returns whether a run may begin an apply now.

        A begin holds the lock until five minutes after its last possible request. The same run may continue at once.
        """
        holding = [begin for begin in self.open_begins() if now < _freed_at(begin)]
        others = [begin for begin in holding if begin.record.run != run]
        if others:
            last = max(others, key=lambda begin: (_freed_at(begin), *_order(begin)))
            return Lock("held", last.record.run, last.record.serial, _freed_at(last))
        if holding:
            return Lock("mine", run, holding[-1].record.serial, max(map(_freed_at, holding)))
        return Lock()

    def last_sample(self) -> Sample | None:
        """Returns the sample of the last complete read, or None if no read since the last recovery was complete."""
        last = _last(entry for entry in self.counted() if entry.record.sample)
        return Sample(last.record.salt, last.record.sample, last.record.serial) if last else None

    def open_atoms(self) -> tuple[OpenAtom, ...] | Literal["all"]:
        """Returns the approved effects that are needed and not done, from the last end of each line of a union.

        Returns `all` if the last end does not list them.
        """
        atoms: set[OpenAtom] = set()
        for entry in self.last_of([entry for entry in self.entries if entry.record.state == "ended"]):
            if entry.record.open == "all":
                return "all"
            atoms.update(entry.record.open)
        return tuple(sorted(atoms, key=lambda atom: (atom.serial, atom.date, atom.effect, atom.outcome)))

    def effects_since(self, moment: datetime) -> Counter[str]:
        """Returns the number of effects of each kind, summed over the applies that ended at that moment or later."""
        total: Counter[str] = Counter()
        for entry in self.entries:
            if entry.record.state == "ended" and entry.record.effects and entry.record.written_at >= moment:
                total.update(entry.record.effects)
        return total

    @property
    def unsettled(self) -> int:
        """The number of unresolved users, the maximum of the last complete apply with a full read and later applies."""
        return max((entry.record.unsettled for entry in self._since_full()), default=0)

    @property
    def ignored(self) -> int:
        """The number of leavers that `on_removed: ignore` left active, the maximum over the same applies."""
        return max((entry.record.ignored for entry in self._since_full()), default=0)

    def _since_full(self) -> list[RecordEntry]:
        superseded = self.before(entry for entry in self.entries if entry.record.full)
        return [entry for entry in self.entries if entry.record.state == "ended" and entry.id not in superseded]

    def steps(self) -> list[RecordEntry]:
        """Returns all records except the begins whose end is on record, oldest first."""
        ended = {_apply_of(entry.record) for entry in self.entries if entry.record.state == "ended"}
        return [
            entry for entry in self.entries if entry.record.state != "begun" or _apply_of(entry.record) not in ended
        ]

    def _applies(self) -> list[RecordEntry]:
        counted = {entry.id for entry in self.counted()}
        return [entry for entry in self.steps() if entry.id in counted and not entry.record.abandoned]


def _order(entry: RecordEntry) -> tuple[int, datetime, str]:
    return entry.record.serial, entry.record.written_at, entry.id


def _last(entries: Iterable[RecordEntry]) -> RecordEntry | None:
    return max(entries, key=_order, default=None)


def _apply_of(record: ApplyRecord) -> tuple[int, str, str]:
    """Returns the values that a begin shares with its end alone; two lines of a union may use the same serial."""
    return record.serial, record.run, record.commit


def _is_recovery(entry: RecordEntry) -> bool:
    return entry.record.state == "recovered"


def _freed_at(entry: RecordEntry) -> datetime:
    return entry.record.sends_until + GRACE
