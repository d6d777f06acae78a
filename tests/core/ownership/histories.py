"""Records and histories of them for tests, with made-up commits."""

from __future__ import annotations

from hashlib import sha1
from typing import Any

from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import ApplyRecord, Covers, RecordEntry

SALT = "5a17" * 8


def name_of(word: str) -> str:
    """A made-up name of a git object."""
    return sha1(word.encode(), usedforsecurity=False).hexdigest()


def make_record(serial: int = 1, state: str = "ended", **fields: Any) -> ApplyRecord:
    """A record of commit `c<serial>`, written in minute `serial` of an hour; of a begin that may send for an hour."""
    at = f"2026-11-29T10:{serial % 60:02}:00+00:00"
    usual = {
        "serial": serial,
        "state": state,
        "commit": name_of(f"c{serial}"),
        "tree": name_of(f"t{serial}"),
        "folder": "desired-state",
        "run": "run-1",
        "at": at,
        "until": f"2026-11-29T11:{serial % 60:02}:00+00:00" if state == "begun" else None,
        "as_of": "2026-11-29",
        "mode": "full" if state == "ended" else None,
        "salt": SALT,
        "covers": Covers(kind="only" if state == "recovered" else "all"),
    }
    if isinstance(fields.get("commit"), str):
        fields["commit"] = name_of(fields["commit"])
    if isinstance(fields.get("tree"), str):
        fields["tree"] = name_of(fields["tree"])
    return ApplyRecord(**{**usual, **fields})


def entry(id_: str, parents: str = "", serial: int = 1, state: str = "ended", **fields: Any) -> RecordEntry:
    """An entry whose parents are single words, apart by spaces."""
    return RecordEntry(id_, tuple(parents.split()), make_record(serial, state, **fields))


def history(*entries: RecordEntry) -> ApplyHistory:
    """A history of some entries."""
    return ApplyHistory(entries)


def ids(entries: tuple[RecordEntry, ...]) -> list[str]:
    """Their ids in order."""
    return [one.id for one in entries]
