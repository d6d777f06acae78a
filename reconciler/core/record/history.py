"""The history of applies to one tenant: its records in order, and what follows from them. Pure.

Records merge by union: a branch with two tips is the union of both, and every fact here is the same whichever came
first. A recovery starts anew: records before it no longer count for the front, the sample, the lock, or whether HEAD is
beside the last apply; they stay as evidence.
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
    """Whether an apply may begin: `mine` where the begin that is open is of the same run.

    Where it is `held`: the run that holds it, the serial of its apply, and when the next run may take over.
    """

    state: Literal["free", "held", "mine"] = "free"
    run: str | None = None
    serial: int | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """Some users who were linked at the last complete read, hashed with `salt`; `serial` is of the apply that read."""

    salt: str
    entries: tuple[SampleEntry, ...]
    serial: int


@dataclass(frozen=True, slots=True)
class ApplyHistory:
    """The records of a tenant, oldest first (by serial, then time, then id), each once."""

    entries: tuple[RecordEntry, ...] = ()

    def __post_init__(self) -> None:
        """Sorts the entries, so that histories of the same records are equal."""
        once = {entry.id: entry for entry in self.entries}
        object.__setattr__(self, "entries", tuple(sorted(once.values(), key=_order)))

    def union(self, other: ApplyHistory) -> ApplyHistory:
        """Returns the history that has the records of both."""
        return ApplyHistory(self.entries + other.entries)

    def without(self, ids: Iterable[str]) -> ApplyHistory:
        """Returns the history without some records, such as the begin of the run that asks."""
        left_out = frozenset(ids)
        return ApplyHistory(tuple(entry for entry in self.entries if entry.id not in left_out))

    @property
    def next_serial(self) -> int:
        """The serial of the next apply; raises NotARecord where the last one on record is the highest there can be."""
        last = max(self.entries, key=lambda entry: entry.record.serial, default=None)
        if last is None:
            return 1
        if last.record.serial >= HIGHEST_SERIAL:  # no apply gets there: somebody wrote it by hand
            before = f" ({last.parents[0]})" if last.parents else ""
            raise NotARecord(
                f"the record {last.id[:12]} has the serial {last.record.serial}, and none can follow: "
                f"set the branch to the commit before it{before}"
            )
        return last.record.serial + 1

    @property
    def salt(self) -> str | None:
        """The salt that the next record goes on with, so that it can pass the sample on; None before the first."""
        sample = self.last_sample()
        if sample is not None:
            return sample.salt
        return self.entries[-1].record.salt if self.entries else None

    @property
    def identity(self) -> str:
        """What stands for this record from its first apply, or its last recovery, on; empty before."""
        recovery = _last(entry for entry in self.entries if _is_recovery(entry))
        return f"{self.salt or ''}{recovery.id if recovery else ''}"

    def tips(self) -> tuple[RecordEntry, ...]:
        """Returns the records that no other one follows."""
        followed = {parent for entry in self.entries for parent in entry.parents}
        return tuple(entry for entry in self.entries if entry.id not in followed)

    def before(self, entries: Iterable[RecordEntry]) -> set[str]:
        """Returns the ids of the records that some others follow, at whatever distance."""
        parents = {entry.id: entry.parents for entry in self.entries}
        return find_ancestors(
            (parent for entry in entries for parent in entry.parents), lambda one: parents.get(one, ())
        )

    def last_of(self, entries: Sequence[RecordEntry]) -> tuple[RecordEntry, ...]:
        """Returns those of some records that no other of them follows: one for each line of a union."""
        behind = self.before(entries)
        return tuple(entry for entry in entries if entry.id not in behind)

    def last_ended(self) -> RecordEntry | None:
        """Returns the last apply that ended, whole or not."""
        return _last(entry for entry in self.entries if entry.record.state == "ended")

    def last_full(self) -> RecordEntry | None:
        """Returns the last apply that was whole and read the whole account."""
        return _last(entry for entry in self.entries if entry.record.full)

    @property
    def recovered(self) -> bool:
        """Whether there was a recovery that no whole full apply has followed: the next read is full."""
        settled = self.before(entry for entry in self.entries if entry.record.full)
        return any(entry.record.state == "recovered" and entry.id not in settled for entry in self.entries)

    def counted(self) -> tuple[RecordEntry, ...]:
        """Returns the records that no recovery follows, and the recoveries that none follows, oldest first."""
        given_up = self.before(entry for entry in self.entries if entry.record.state == "recovered")
        return tuple(entry for entry in self.entries if entry.id not in given_up)

    def front(self) -> tuple[RecordEntry, ...]:
        """Returns the last whole apply (of each line of a union) and what was begun or applied since, oldest first.

        A recovery counts as a whole apply. An end replaces its begin, and an apply that ended before it did anything
        is left out.
        """
        counted = self._applies()
        behind = self.before(entry for entry in counted if entry.record.moves_front or _is_recovery(entry))
        return tuple(entry for entry in counted if entry.id not in behind)

    def last_applies(self) -> tuple[RecordEntry, ...]:
        """Returns the last apply or recovery, of each line of a union: HEAD must not be behind or beside them."""
        return self.last_of(self._applies())

    def is_settled(self, tree: str | None) -> bool:
        """Returns whether the last apply was whole and of that tree: with nothing to do, there is nothing to record."""
        last = self.last_applies()
        whole = all(entry.record.moves_front and entry.record.tree == tree for entry in last)
        return bool(last) and tree is not None and whole and not self.recovered

    def open_begins(self) -> tuple[RecordEntry, ...]:
        """Returns the begins that have no end, and that no later begin took over or recovery gave up."""
        counted = self.counted()
        ended = {_apply_of(entry.record) for entry in counted if entry.record.state == "ended"}
        begins = self.last_of([entry for entry in counted if entry.record.state == "begun"])
        return tuple(one for one in begins if _apply_of(one.record) not in ended)

    def lock(self, now: datetime, run: str) -> Lock:
        """Returns whether that run may begin an apply now.

        A begin holds the lock until five minutes after it may no longer send; the same run goes on at once.
        """
        holding = [one for one in self.open_begins() if now < _freed_at(one)]
        others = [one for one in holding if one.record.run != run]
        if others:
            last = max(others, key=lambda one: (_freed_at(one), *_order(one)))
            return Lock("held", last.record.run, last.record.serial, _freed_at(last))
        if holding:
            return Lock("mine", run, holding[-1].record.serial, max(map(_freed_at, holding)))
        return Lock()

    def last_sample(self) -> Sample | None:
        """Returns the sample of the last complete read, or None where there is none since the last recovery."""
        last = _last(entry for entry in self.counted() if entry.record.sample)
        return Sample(last.record.salt, last.record.sample, last.record.serial) if last else None

    def open_atoms(self) -> tuple[OpenAtom, ...] | Literal["all"]:
        """Returns what was approved, is needed and was not done, by the last end of each line of a union."""
        atoms: set[OpenAtom] = set()
        for entry in self.last_of([entry for entry in self.entries if entry.record.state == "ended"]):
            if entry.record.open == "all":
                return "all"
            atoms.update(entry.record.open)
        return tuple(sorted(atoms, key=lambda atom: (atom.serial, atom.date, atom.effect, atom.outcome)))

    def effects_since(self, moment: datetime) -> Counter[str]:
        """Returns how many effects of each kind the applies did that ended at that moment or later."""
        total: Counter[str] = Counter()
        for entry in self.entries:
            if entry.record.state == "ended" and entry.record.effects and entry.record.written_at >= moment:
                total.update(entry.record.effects)
        return total

    @property
    def unsettled(self) -> int:
        """How many users in doubt the last whole full apply left untouched, or a later one if those were more."""
        return max((entry.record.unsettled for entry in self._since_full()), default=0)

    @property
    def ignored(self) -> int:
        """How many leavers `on_removed: ignore` left active at the last whole full apply, or a later one if more."""
        return max((entry.record.ignored for entry in self._since_full()), default=0)

    def _since_full(self) -> list[RecordEntry]:
        behind = self.before(entry for entry in self.entries if entry.record.full)
        return [one for one in self.entries if one.record.state == "ended" and one.id not in behind]

    def steps(self) -> list[RecordEntry]:
        """Returns every record but the begins whose end is there, oldest first."""
        ended = {_apply_of(entry.record) for entry in self.entries if entry.record.state == "ended"}
        return [one for one in self.entries if one.record.state != "begun" or _apply_of(one.record) not in ended]

    def _applies(self) -> list[RecordEntry]:
        counted = {entry.id for entry in self.counted()}
        return [entry for entry in self.steps() if entry.id in counted and not entry.record.abandoned]


def _order(entry: RecordEntry) -> tuple[int, datetime, str]:
    return entry.record.serial, entry.record.written_at, entry.id


def _last(entries: Iterable[RecordEntry]) -> RecordEntry | None:
    return max(entries, key=_order, default=None)


def _apply_of(record: ApplyRecord) -> tuple[int, str, str]:
    """Returns what a begin and its end share; the serial alone is not enough, as two lines of a union may share it."""
    return record.serial, record.run, record.commit


def _is_recovery(entry: RecordEntry) -> bool:
    return entry.record.state == "recovered"


def _freed_at(entry: RecordEntry) -> datetime:
    return entry.record.sends_until + GRACE
