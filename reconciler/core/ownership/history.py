"""The history of applies to one tenant: its records in order, and what follows from them. Pure.

Records merge by union: a branch with two tips is the union of both, and every fact here is the same whichever came
first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.ownership.record import OpenAtom, RecordEntry, SampleEntry


@dataclass(frozen=True, slots=True)
class ApplyHistory:
    """The records of a tenant, oldest first (by serial, then time, then id)."""

    entries: tuple[RecordEntry, ...] = ()

    @property
    def next_serial(self) -> int:
        """The serial of the next apply."""
        return 1 + max((entry.record.serial for entry in self.entries), default=0)

    def tips(self) -> tuple[RecordEntry, ...]:
        """Returns the records that no other one follows."""
        followed = {parent for entry in self.entries for parent in entry.parents}
        return tuple(entry for entry in self.entries if entry.id not in followed)
