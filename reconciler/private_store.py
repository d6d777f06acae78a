"""Private files, and SQLite databases in them: folder, permissions, settings, transactions. Knows no content.

The provisioning log, the cache of parsed files and the embedded 4me use it. Errors of the system and of SQLite pass:
the caller decides whether a damaged file is an error, or is replaced.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ANYBODY_ELSE = 0o077
OTHER_WRITERS = 0o022


def make_private_folder(folder: Path) -> None:
    """Makes the folder if missing, with a `.gitignore` that excludes it; raises OSError."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")


def make_new_file(path: Path) -> None:
    """Makes an empty file that only its owner can read; raises FileExistsError if the path exists."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def make_private_file(path: Path) -> None:
    """Makes the file if missing, and restricts it to its owner; raises OSError."""
    with suppress(FileExistsError):
        make_new_file(path)
    if path.is_file() and path.stat().st_mode & ANYBODY_ELSE:  # such as after a restore from a backup
        path.chmod(0o600)


def is_ours_alone(path: Path) -> bool:
    """Checks that only this user of the machine can have written the file: regular, in a folder of the same owner."""
    try:
        file, folder = path.lstat(), path.parent.stat()
    except OSError:
        return False
    is_ours = stat.S_ISREG(file.st_mode) and {file.st_uid, folder.st_uid} == {os.geteuid()}
    return is_ours and not file.st_mode & ANYBODY_ELSE and not folder.st_mode & OTHER_WRITERS


def connect(path: Path, wait: float, *, by_threads: bool = False) -> sqlite3.Connection:
    """Opens a database for use with `transaction`; waits up to `wait` seconds for other transactions."""
    return sqlite3.connect(path, timeout=wait, isolation_level=None, check_same_thread=not by_threads)


def prepare(connection: sqlite3.Connection, tables: Iterable[str], *, secure_delete: bool = False) -> None:
    """Sets WAL and NORMAL, which keep a commit even if this process is killed, and makes missing tables."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    if secure_delete:
        connection.execute("PRAGMA secure_delete = ON")
    with transaction(connection, "IMMEDIATE"):
        for table in tables:
            connection.execute(table)


@contextmanager
def transaction(connection: sqlite3.Connection, kind: str) -> Iterator[None]:
    """Commits the statements of the block, or rolls all of them back on an error; `kind` is DEFERRED or IMMEDIATE."""
    try:
        connection.execute(f"BEGIN {kind}")
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
