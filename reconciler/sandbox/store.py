"""Stores the embedded 4me in a SQLite file, so that every process sees the same account. Decides no answer.

The account in memory is a copy of the committed one. A write reads, answers and saves inside one exclusive transaction,
so that a server and a command on the same file lose none of each other's writes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from reconciler.core.model.messages import JsonObject, Response
from reconciler.core.simulator.answer import Answer, Call, Kept, Record, Touched
from reconciler.core.simulator.directory import Directory
from reconciler.core.simulator.machine import Simulator
from reconciler.core.simulator.quirks import AS_DOCUMENTED, Quirks
from reconciler.core.simulator.rejection import Rejection
from reconciler.errors import Failed, UsageError
from reconciler.private_store import (
    connect,
    describe_error,
    make_private_file,
    make_private_folder,
    prepare,
    transaction,
)

_TABLE = """
CREATE TABLE IF NOT EXISTS resources (
    kind TEXT NOT NULL CHECK (kind IN ('Users', 'Groups')),
    id   TEXT NOT NULL,
    json TEXT NOT NULL CHECK (json_valid(json)),
    PRIMARY KEY (kind, id)
)
"""
# A table of its own: files from before people were simulated only have the first one, with its constraint.
_PEOPLE_TABLE = """
CREATE TABLE IF NOT EXISTS directory (
    kind TEXT NOT NULL CHECK (kind IN ('People', 'Organizations', 'Sites')),
    id   TEXT NOT NULL,
    json TEXT NOT NULL CHECK (json_valid(json)),
    PRIMARY KEY (kind, id)
)
"""
# Only constant table names are formatted into a statement; values are parameters.
_SAVE = {
    table: f"INSERT INTO {table} (kind, id, json) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET json = excluded.json"  # noqa: S608  # see above
    for table in ("resources", "directory")
}
_KINDS: tuple[Kept, ...] = ("Users", "Groups")
_RECORD_KINDS: tuple[Kept, ...] = ("People", "Organizations", "Sites")
_RESOURCES = "SELECT json FROM resources WHERE kind = ? ORDER BY rowid"
_RECORDS = "SELECT json FROM directory WHERE kind = ? ORDER BY rowid"
_WITH_PEOPLE = 1  # the version of a file whose users have people behind them
_BEFORE_PEOPLE = datetime(2018, 1, 1, tzinfo=UTC)
_SECONDS_TO_WAIT = 30.0  # for another process's transaction, which takes milliseconds


class Store:
    """The account in one file, which is created if missing; close it, or use it in a `with`.

    Threads may share it. `loads` counts how often the whole account was read.
    Raises UsageError if the file can't be opened, Failed if a later read or write fails.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.loads = 0
        self._lock = Lock()
        self._simulator: Simulator | None = None
        self._version = 0
        self._connection = _opened(path)
        try:
            self._add_people()
        except Failed:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; a second call does nothing."""
        with self._lock:
            self._connection.close()

    def answer(
        self, method: str, target: str, body: object, now: datetime, *, quirks: Quirks = AS_DOCUMENTED
    ) -> Response:
        """Answers a SCIM request (see Simulator.answer); all changes are in the file when this returns."""
        return self._answered(method, quirks, lambda simulator: simulator.answer(method, target, body, now))

    def answer_rest(self, call: Call, *, quirks: Quirks = AS_DOCUMENTED) -> Response:
        """Answers a call of the REST API; all changes are in the file when this returns."""
        return self._answered(call.method, quirks, lambda simulator: simulator.answer_rest(call))

    def _answered(self, method: str, quirks: Quirks, send: Callable[[Simulator], Answer]) -> Response:
        reads = method.upper() == "GET"
        with self._transaction("DEFERRED" if reads else "IMMEDIATE"):
            simulator = self._fresh(quirks)
            answer = send(simulator)
            self._save(simulator, answer.touched)
        return answer.response

    def seed(
        self,
        users: Iterable[JsonObject],
        groups: Iterable[JsonObject] = (),
        records: Mapping[Record, Iterable[JsonObject]] | None = None,
    ) -> None:
        """Stores these SCIM resources without changes; replaces those with the same id, and numbers those without.

        `records` are the people, organizations and sites behind them. Without people, the rules create them.
        """
        records = records or {}
        with self._transaction("IMMEDIATE"):
            simulator = self._fresh(AS_DOCUMENTED)
            try:
                touched = (*simulator.adopt("Users", users), *simulator.adopt("Groups", groups))
            except Rejection as rejection:
                raise UsageError(f"The sandbox can't be seeded: {rejection.detail}") from None
            stored = [item for kind, rows in records.items() for item in simulator.directory.adopt(kind, rows)]
            followed = () if "People" in records else simulator.follow(touched, _BEFORE_PEOPLE)
            self._save(simulator, (*touched, *stored, *followed))

    def reset(self) -> None:
        """Empties the account."""
        with self._transaction("IMMEDIATE"):
            self._connection.execute("DELETE FROM resources")
            self._connection.execute("DELETE FROM directory")
            self._simulator = None

    def simulator(self, quirks: Quirks = AS_DOCUMENTED) -> Simulator:
        """Returns a copy of the account for reading: changes to it stay in memory."""
        with self._transaction("DEFERRED"):
            return _loaded(self._connection, quirks)

    def _add_people(self) -> None:
        """Adds the people of its users to a file from before people were simulated."""
        with self._transaction("DEFERRED"):
            [version] = self._connection.execute("PRAGMA user_version").fetchone()
        if version >= _WITH_PEOPLE:
            return
        with self._transaction("IMMEDIATE"):
            simulator = _loaded(self._connection, AS_DOCUMENTED)
            users: Touched = tuple(("Users", key) for key in simulator.users)
            groups: Touched = tuple(("Groups", key) for key in simulator.groups)
            self._save(simulator, simulator.follow((*users, *groups), _BEFORE_PEOPLE))
            self._connection.execute(f"PRAGMA user_version = {_WITH_PEOPLE}")

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[None]:
        """Runs the block in a transaction; if it fails, rolls the file back and drops the copy in memory."""
        with self._lock:
            try:
                with transaction(self._connection, kind):
                    yield
            except BaseException as error:
                self._simulator = None
                if isinstance(error, sqlite3.Error):
                    raise Failed(f"The sandbox file {self.path} can't be used: {error}.") from error
                raise

    def _fresh(self, quirks: Quirks) -> Simulator:
        """Returns the simulator as committed; loads it again after another connection wrote, or for other quirks."""
        # data_version changes when another connection commits; read inside the transaction, it belongs to its state.
        [version] = self._connection.execute("PRAGMA data_version").fetchone()
        if self._simulator is None or version != self._version or self._simulator.quirks != quirks:
            self._simulator = _loaded(self._connection, quirks)
            self._version = version
            self.loads += 1
        return self._simulator

    def _save(self, simulator: Simulator, touched: Touched) -> None:
        for kind, key in dict.fromkeys(touched):
            table = "resources" if kind in ("Users", "Groups") else "directory"
            self._connection.execute(_SAVE[table], (kind, key, _written(simulator.kept(kind)[key])))


def _opened(path: Path) -> sqlite3.Connection:
    try:
        make_private_folder(path.parent)
        make_private_file(path)
        connection = connect(path, _SECONDS_TO_WAIT, by_threads=True)
    except (OSError, sqlite3.Error) as error:
        raise UsageError(f"The sandbox file {path} can't be opened: {describe_error(error)}.") from error
    try:
        prepare(connection, (_TABLE, _PEOPLE_TABLE))
    except sqlite3.Error as error:
        connection.close()
        raise UsageError(f"{path} is not a sandbox file: {error}.") from error
    return connection


def _loaded(connection: sqlite3.Connection, quirks: Quirks) -> Simulator:
    people, organizations, sites = (_rows(connection, _RECORDS, kind) for kind in _RECORD_KINDS)
    users, groups = (_rows(connection, _RESOURCES, kind) for kind in _KINDS)
    return Simulator(quirks, users, groups, Directory(people, organizations, sites))


def _rows(connection: sqlite3.Connection, query: str, kind: Kept) -> Iterator[JsonObject]:
    with closing(connection.execute(query, (kind,))) as rows:
        for (text,) in rows:
            yield json.loads(text)


def _written(resource: JsonObject) -> str:
    return json.dumps(resource, separators=(",", ":"))
