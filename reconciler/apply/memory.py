"""The memory of what a service was asked for and did not do, in tables of the provisioning log.

A row is replaced when the same is asked for again, and removed when the service takes it. Redacted values are
fingerprints.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from reconciler.core.changes.asked import OF_ONE_KEY, AskedBefore, NotTaken, list_asked, resource_kind, spell_asked
from reconciler.core.changes.outcome import Outcome

Statements: TypeAlias = Iterable[tuple[str, Sequence[Sequence[object]]]]

TABLES: Final = (
    """
CREATE TABLE IF NOT EXISTS not_taken (
    service TEXT NOT NULL,
    key     TEXT NOT NULL,
    path    TEXT NOT NULL,
    item    TEXT NOT NULL,
    asked   TEXT NOT NULL CHECK (json_valid(asked)),
    got     TEXT NOT NULL CHECK (json_valid(got)),
    why     TEXT NOT NULL,
    error   TEXT NOT NULL,
    times   INTEGER NOT NULL,
    at      TEXT NOT NULL,
    PRIMARY KEY (service, key, path, item)
)""",
    """
CREATE TABLE IF NOT EXISTS refused_paths (
    service TEXT NOT NULL,
    kind    TEXT NOT NULL,
    path    TEXT NOT NULL,
    error   TEXT NOT NULL,
    at      TEXT NOT NULL,
    PRIMARY KEY (service, kind, path)
)""",
)
KEEP: Final = """
INSERT INTO not_taken (service, key, path, item, asked, got, why, error, at, times)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1)
ON CONFLICT DO UPDATE SET
    times = CASE WHEN asked = excluded.asked THEN times + 1 ELSE 1 END,
    asked = excluded.asked, got = excluded.got, why = excluded.why, error = excluded.error, at = excluded.at
"""
FORGET: Final = "DELETE FROM not_taken WHERE service = ? AND key = ? AND path = ? AND item = ?"
KEEP_PATH: Final = """
INSERT INTO refused_paths (service, kind, path, error, at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET error = excluded.error, at = excluded.at
"""
FORGET_PATH: Final = "DELETE FROM refused_paths WHERE service = ? AND kind = ? AND path = ?"
FIND: Final = "SELECT key, path, item, asked, got, why, error, times FROM not_taken WHERE service = ?"
FIND_PATHS: Final = "SELECT kind, path, error FROM refused_paths WHERE service = ?"
PRUNE: Final = ("DELETE FROM not_taken WHERE at < ?", "DELETE FROM refused_paths WHERE at < ?")


def name_service(tenant: str, url: str, dialect: str) -> str:
    """Returns the name of a tenant's service: with another address or dialect, it may take other attributes."""
    return json.dumps([tenant, url, dialect])


def keep_results(service: str, outcomes: Iterable[Outcome], at: str) -> Statements:
    """Returns the statements that keep the results of changes: of attributes, roles and members that were asked for."""
    rows: dict[str, list[tuple[object, ...]]] = {sql: [] for sql in (FORGET_PATH, KEEP_PATH, FORGET, KEEP)}
    for outcome in outcomes:
        key, kind = outcome.change.key, resource_kind(outcome.change.key)
        for asked in list_asked(outcome):
            undone = asked.undone
            if undone is None:
                rows[FORGET].append((service, key, asked.path, asked.of))
                rows[FORGET_PATH] += [(service, kind, asked.path)] * (asked.path not in OF_ONE_KEY)
            elif undone.why in {"changed", "refused"}:
                values = spell_asked(asked.asked), spell_asked(undone.got), undone.why, undone.error
                rows[KEEP].append((service, key, asked.path, asked.of, *values, at))
                if undone.why == "refused" and asked.path not in OF_ONE_KEY:
                    rows[KEEP_PATH].append((service, kind, asked.path, undone.error, at))
    return [(sql, some) for sql, some in rows.items() if some]


def find_results(connection: sqlite3.Connection, service: str) -> AskedBefore:
    """Returns what the service did not do; raises sqlite3.Error, or ValueError for a damaged row."""
    return AskedBefore(
        {(row.key, row.path, row.of): row for row in _find_rows(connection, service)},
        {(kind, path): error for kind, path, error in connection.execute(FIND_PATHS, (service,))},
    )


def _find_rows(connection: sqlite3.Connection, service: str) -> Iterator[NotTaken]:
    for key, path, item, asked, got, why, error, times in connection.execute(FIND, (service,)):
        yield NotTaken(key, path, item, asked, json.loads(got), why, error, times)
