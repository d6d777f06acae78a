"""Private files, and SQLite databases in them: folder, permissions, settings, transactions. Knows nothing of content.

The provisioning log, the cache of parsed files and the embedded 4me are kept this way. What an error means, and whether
a damaged file is an error or begun anew, is its owner's to say: errors of the system and of SQLite pass.
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
    """Makes the folder, which git is told to leave out, where it is missing; raises OSError."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")


def make_new_file(path: Path) -> None:
    """Makes an empty file for its owner alone; raises FileExistsError where one is there, whoever put it there."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def make_private_file(path: Path) -> None:
    """Makes the file where it is missing, and shuts it to everybody but its owner; raises OSError."""
    with suppress(FileExistsError):
        make_new_file(path)
    if path.is_file() and path.stat().st_mode & ANYBODY_ELSE:  # restored from a backup, say, or opened up by hand
        path.chmod(0o600)


def is_ours_alone(path: Path) -> bool:
    """Returns whether no other user of this machine can have written the file: a regular one, in a folder of ours."""
    try:
        file, folder = path.lstat(), path.parent.stat()
    except OSError:
        return False
    is_ours = stat.S_ISREG(file.st_mode) and {file.st_uid, folder.st_uid} == {os.geteuid()}
    return is_ours and not file.st_mode & ANYBODY_ELSE and not folder.st_mode & OTHER_WRITERS


def connect(path: Path, wait: float, *, by_threads: bool = False) -> sqlite3.Connection:
    """Opens a database whose transactions are `begin`'s; `wait` is in seconds, for another process's transaction."""
    return sqlite3.connect(path, timeout=wait, isolation_level=None, check_same_thread=not by_threads)


def prepare(connection: sqlite3.Connection, tables: Iterable[str], *, secure_delete: bool = False) -> None:
    """Sets what keeps a commit through the death of this process (WAL and NORMAL), and makes missing tables."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    if secure_delete:
        connection.execute("PRAGMA secure_delete = ON")
    with transaction(connection, "IMMEDIATE"):
        for table in tables:
            connection.execute(table)


@contextmanager
def transaction(connection: sqlite3.Connection, kind: str) -> Iterator[None]:
    """All that the block does, or nothing where it or the commit fails; `kind` is DEFERRED or IMMEDIATE."""
    try:
        connection.execute(f"BEGIN {kind}")
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
