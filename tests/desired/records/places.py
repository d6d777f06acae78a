"""A remote, clones of it, and records in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import ApplyRecord, Covers
from reconciler.desired.records.branch import RecordBranch
from reconciler.desired.records.steps import Begun, WrittenRecord, begin, end
from tests.desired.repository import Clone, make_clone

SALT = "5a17" * 8
NAME = "production"
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def noon() -> datetime:
    return NOON


@dataclass(frozen=True)
class Site:
    """A clone, and the run that applies from it."""

    clone: Clone
    run: str = "run-1"
    remote: str | None = "origin"
    name: str = NAME

    @property
    def branch(self) -> RecordBranch:
        """The record's branch, as the program has it."""
        return RecordBranch(self.clone.found(), self.name, self.remote, seconds=20)

    def record(self, history: ApplyHistory, **fields: Any) -> ApplyRecord:
        """The begin of the next apply of HEAD."""
        usual = {
            "serial": history.next_serial,
            "state": "begun",
            "commit": self.clone.git("rev-parse", "HEAD"),
            "tree": self.clone.git("rev-parse", "HEAD^{tree}"),
            "folder": self.clone.folder,
            "run": self.run,
            "at": "2026-11-29T12:00:00+00:00",
            "until": "2026-11-29T13:00:00+00:00",
            "as_of": "2026-11-29",
            "salt": history.salt or SALT,
            "covers": Covers(kind="all"),
        }
        return ApplyRecord(**{**usual, **fields})

    def begin(self, now: Callable[[], datetime] = noon, **fields: Any) -> Begun:
        """Begins an apply."""
        return begin(self.branch, self.run, now, lambda history: self.record(history, **fields))

    def end(self, begun: Begun, **fields: Any) -> WrittenRecord:
        """Ends it, whole."""
        return end(self.branch, ended_of(begun, **fields))

    def apply(self, **fields: Any) -> WrittenRecord:
        """Begins and ends an apply."""
        return self.end(self.begin(), **fields)

    def as_run(self, run: str) -> Site:
        """The same clone in another run."""
        return replace(self, run=run)


def ended_of(begun: Begun, **fields: Any) -> ApplyRecord:
    """The end of what has begun."""
    done = {"state": "ended", "until": None, "mode": "full", "whole": True, "at": "2026-11-29T12:10:00+00:00"}
    return begun.entry.record.model_copy(update={**done, **fields})


def make_site(root: Path, *options: str) -> Site:
    """A bare remote with one commit on main, and a clone of it."""
    seed = make_clone(root / "seed")
    if options:
        seed = Clone(root / "seed2")
        (root / "seed2" / "desired-state").mkdir(parents=True)
        seed.git("init", "--quiet", "--initial-branch=main", *options)
    seed.commit({"desired-state/users.yaml": "users: {alice.lee: {userName: alice@example.com}}\n"})
    seed.git("clone", "--quiet", "--bare", ".", str(root / "remote.git"))
    return make_site_of(root, "first")


def make_site_of(root: Path, where: str, *options: str, run: str = "run-1") -> Site:
    """Another clone of the remote."""
    at = Clone(root / "seed") if (root / "seed").exists() else Clone(root / "seed2")
    address = f"file://{root / 'remote.git'}"
    at.git("clone", "--quiet", *options, address, str(root / where))
    return Site(Clone(root / where), run)
