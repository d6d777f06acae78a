"""The provisioning log: every attempt of every change, written before its request and after, in a SQLite file.

An attempt is on disk before its request is sent: a process that is killed in between leaves it as `started`. Stores and
finds attempts, and does not interpret them. The file has mode 0600.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from reconciler.apply import memory
from reconciler.core.changes.asked import AskedBefore
from reconciler.core.changes.attempt import Attempt, AttemptQuery, RunInfo
from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.plan import Change
from reconciler.core.changes.redact import readable
from reconciler.errors import Failed, UsageError
from reconciler.private_store import connect, make_private_file, prepare, transaction

VERSION = 1
SECONDS_TO_WAIT = 10.0  # for another run's transaction, which takes milliseconds
TABLES = (
    """
CREATE TABLE IF NOT EXISTS runs (
    run       TEXT PRIMARY KEY,
    at        TEXT NOT NULL,
    tenant    TEXT NOT NULL,
    url       TEXT NOT NULL,
    commit_id TEXT,
    digest    TEXT NOT NULL,
    who       TEXT NOT NULL
)""",
    """
CREATE TABLE IF NOT EXISTS attempts (
    number    INTEGER PRIMARY KEY,
    run       TEXT NOT NULL REFERENCES runs,
    at        TEXT NOT NULL,
    change    TEXT NOT NULL,
    action    TEXT NOT NULL,
    key       TEXT NOT NULL,
    target_id TEXT,
    told      TEXT NOT NULL CHECK (json_valid(told)),
    status    TEXT NOT NULL,
    detail    TEXT NOT NULL DEFAULT '',
    seconds   REAL,
    requests  INTEGER,
    UNIQUE (run, change)
)""",
    "CREATE INDEX IF NOT EXISTS attempts_by_key ON attempts (key)",
    "CREATE INDEX IF NOT EXISTS attempts_by_time ON attempts (at)",
)
RUN = "INSERT INTO runs (run, at, tenant, url, commit_id, digest, who) VALUES (?, ?, ?, ?, ?, ?, ?)"
BEGIN = """
INSERT INTO attempts (run, at, change, action, key, target_id, told, status) VALUES (?, ?, ?, ?, ?, ?, ?, 'started')
"""
END = """
UPDATE attempts SET status = ?, detail = ?, target_id = coalesce(target_id, ?), seconds = ?, requests = ?
WHERE run = ? AND change = ?
"""
FIND = """
SELECT attempts.at, run, tenant, url, commit_id AS "commit", digest, who, change, action, key, target_id, told, status,
       detail, seconds, requests
FROM attempts JOIN runs USING (run)
WHERE {} ORDER BY number DESC LIMIT ?
"""
PRUNE = "DELETE FROM attempts WHERE at < ?"
PRUNE_RUNS = "DELETE FROM runs WHERE at < ? AND run NOT IN (SELECT run FROM attempts)"
TOLD = ("name", "cause", "reason", "attributes", "members", "roles")


@dataclass(frozen=True, slots=True)
class LogClock:
    """The current time in UTC, and monotonic seconds."""

    now: Callable[[], datetime]
    seconds: Callable[[], float]


class ProvisioningLog:
    """The log in one file, created if missing, readable for its owner only; close it, or use it in a `with`.

    Raises UsageError if the file can't be opened, Failed if a later read or write fails.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = _opened(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._connection.close()

    def record(self, occasion: RunInfo, clock: LogClock) -> Recorder:
        """Logs the run at once, and returns the recorder of its attempts."""
        row = (occasion.run, _spell(clock.now()), occasion.tenant, occasion.url)
        self.write([(RUN, [(*row, occasion.commit, occasion.digest, occasion.who)])])
        service = memory.name_service(occasion.tenant, occasion.url, occasion.dialect)
        return Recorder(self, occasion.run, clock, service)

    def write(self, statements: Iterable[tuple[str, Sequence[Sequence[object]]]]) -> None:
        """Executes the statements with their rows in one transaction; raises Failed if it fails."""
        try:
            with transaction(self._connection, "IMMEDIATE"):
                for statement, rows in statements:
                    self._connection.executemany(statement, rows)
        except sqlite3.Error as error:
            raise Failed(f"the provisioning log {self.path} can't be written: {error}") from error

    def find(self, wanted: AttemptQuery) -> Iterator[Attempt]:
        """Yields the attempts that the query asks for, newest first."""
        condition, values = _condition(wanted)
        limit = -1 if wanted.limit is None else wanted.limit
        query = FIND.format(condition)
        with self._reading(), closing(self._connection.execute(query, (*values, limit))) as rows:
            for row in rows:
                yield _attempt(row)

    def find_asked(self, tenant: str, url: str, dialect: str) -> AskedBefore:
        """Returns what a tenant's service was asked for and did not do."""
        with self._reading():
            return memory.find_results(self._connection, memory.name_service(tenant, url, dialect))

    def prune(self, before: datetime) -> int:
        """Removes older attempts, also from the bytes of the file; returns their number."""
        moment = _spell(before)
        with self._reading():
            [(count,)] = self._connection.execute("SELECT count(*) FROM attempts WHERE at < ?", (moment,))
        self.write([(statement, [(moment,)]) for statement in (PRUNE, PRUNE_RUNS, *memory.PRUNE)])
        with self._reading():
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(count)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise Failed(f"the provisioning log {self.path} can't be read: {error}") from error
        except ValueError as error:
            raise Failed(f"the provisioning log {self.path} can't be read: a row is damaged") from error


@dataclass(frozen=True, slots=True)
class Recorder:
    """Logs the attempts of one run; implements the executor's `Log`."""

    log: ProvisioningLog
    run: str
    clock: LogClock
    service: str = ""
    begun: dict[str, float] = field(default_factory=dict)

    def begin(self, changes: Sequence[Change]) -> None:
        """Writes the changes as `started`; they are on disk when this returns."""
        self.log.write([(BEGIN, self._beginnings(changes))])
        self.begun.update(dict.fromkeys((change.id for change in changes), self.clock.seconds()))

    def end(self, outcomes: Sequence[Outcome], live_id: str | None, requests: int) -> None:
        """Writes the outcomes, also those of changes that never began."""
        not_begun = [outcome.change for outcome in outcomes if outcome.change.id not in self.begun]
        ends = [self._end(outcome, live_id, requests) for outcome in outcomes]
        kept = memory.keep_results(self.service, outcomes, _spell(self.clock.now()))
        self.log.write([(BEGIN, self._beginnings(not_begun)), (END, ends), *kept])

    def _beginnings(self, changes: Sequence[Change]) -> list[tuple[object, ...]]:
        at = _spell(self.clock.now())
        return [
            (self.run, at, change.id, change.action, change.key, change.target_id, _describe(change))
            for change in changes
        ]

    def _end(self, outcome: Outcome, live_id: str | None, requests: int) -> tuple[object, ...]:
        began = self.begun.pop(outcome.change.id, None)
        seconds = None if began is None else round(self.clock.seconds() - began, 3)
        return (outcome.status, outcome.detail, live_id, seconds, requests, self.run, outcome.change.id)


def _describe(change: Change) -> str:
    return readable(change).model_dump_json(include={*TOLD})


def _opened(path: Path) -> sqlite3.Connection:
    try:
        make_private_file(path)
        connection = connect(path, SECONDS_TO_WAIT)
    except (OSError, sqlite3.Error) as error:
        raise UsageError(f"the provisioning log {path} can't be opened: {error}") from error
    try:
        connection.row_factory = sqlite3.Row
        _check_version(connection)
        prepare(connection, (*TABLES, *memory.TABLES, f"PRAGMA user_version = {VERSION}"), secure_delete=True)
    except (sqlite3.Error, UsageError) as error:
        connection.close()
        raise UsageError(f"the provisioning log {path} can't be used: {error}") from error
    return connection


def _check_version(connection: sqlite3.Connection) -> None:
    [(version,)] = connection.execute("PRAGMA user_version").fetchall()
    if version > VERSION:
        raise UsageError(f"it has version {version}, and this program writes {VERSION}: use the newer program")


def _condition(wanted: AttemptQuery) -> tuple[str, list[str]]:
    """Returns the condition in SQL, and its bound values."""
    parts: list[tuple[str, Sequence[str]]] = [
        ("tenant = ?", [wanted.tenant] if wanted.tenant else []),
        ("run = ?", [wanted.run] if wanted.run else []),
        ("attempts.at >= ?", [_spell(wanted.since)] if wanted.since else []),
        ("attempts.at < ?", [_spell(wanted.until)] if wanted.until else []),
        *((f"{name} IN ({', '.join('?' * len(values))})", values) for name, values in _choices(wanted)),
    ]
    used = [(condition, values) for condition, values in parts if values]
    condition = " AND ".join(condition for condition, _values in used) or "TRUE"
    return condition, [value for _condition, values in used for value in values]


def _choices(wanted: AttemptQuery) -> tuple[tuple[str, Sequence[str]], ...]:
    return (("key", wanted.keys), ("action", wanted.actions), ("status", wanted.statuses))


def _attempt(row: sqlite3.Row) -> Attempt:
    kept = dict(row)
    return Attempt.model_validate_json(json.dumps({**json.loads(kept.pop("told")), **kept}))


def _spell(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
