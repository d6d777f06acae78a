"""Private files, and SQLite databases in them: folder, permissions, settings, transactions. Knows no content.

The provisioning log, the cache of parsed files and the embedded 4me use it. Errors of the system and of SQLite pass:
the caller decides whether a damaged file is an error, or is replaced. `describe_error` has their reason.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ANYBODY_ELSE = 0o077
OTHER_WRITERS = 0o022
PRIVATE_NAME = ".reconciler"
IGNORE_FILE, IGNORE_ALL = ".gitignore", "*\n"


def make_private_folder(folder: Path) -> None:
    """Makes the folder if missing, for its owner only, with a `.gitignore` that excludes it.

    Restricts one that this program made before. Raises OSError, whose `strerror` has the reason, for a link, because
    it may come with a repository, and for a folder that other users can write to.
    """
    if folder.is_symlink():
        raise OSError(errno.ELOOP, "it is a link, and a repository may contain one: remove it")
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(0o700, exist_ok=True)
        folder.chmod(0o700)  # a umask can take the owner's rights too
        (folder / IGNORE_FILE).write_text(IGNORE_ALL, encoding="utf-8")
    mode = folder.stat().st_mode
    if mode & ANYBODY_ELSE and _is_made_here(folder):
        folder.chmod(0o700)
    elif mode & OTHER_WRITERS:
        raise OSError(errno.EPERM, f"other users can write to it: restrict it with `chmod go-w {folder}`")


def _is_made_here(folder: Path) -> bool:
    with suppress(OSError, ValueError):
        return folder.name == PRIVATE_NAME or (folder / IGNORE_FILE).read_text(encoding="utf-8") == IGNORE_ALL
    return False


def find_private_fault(path: Path) -> str | None:
    """Describes why a file may be of another user, or of a repository; None if it is private, or missing."""
    try:
        file = path.lstat()
    except OSError:
        return None  # who uses the file gets the error
    if not stat.S_ISREG(file.st_mode):
        return "it is a link" if stat.S_ISLNK(file.st_mode) else "it is not a file"
    if file.st_nlink > 1:
        return "it has a second name (a hard link)"
    if file.st_uid != os.geteuid() and os.geteuid() != 0:
        return "it belongs to another user"
    return "other users can read or write it" if file.st_mode & ANYBODY_ELSE else None


def make_new_file(path: Path) -> None:
    """Makes an empty file that only its owner can read; raises FileExistsError if the path exists."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def make_private_file(path: Path) -> None:
    """Makes the file if missing, and restricts it to its owner; raises OSError, also for a link to another file."""
    with suppress(FileExistsError):
        make_new_file(path)
    file = path.lstat()
    if stat.S_ISLNK(file.st_mode) or (stat.S_ISREG(file.st_mode) and file.st_nlink > 1):
        raise OSError(errno.ELOOP, "it is a link to another file: remove it")
    if stat.S_ISREG(file.st_mode) and file.st_mode & ANYBODY_ELSE:  # such as after a restore from a backup
        path.chmod(0o600)


def is_ours_alone(path: Path) -> bool:
    """Checks that only this user of the machine can have written the file: regular, in a folder of the same owner."""
    try:
        file, folder = path.lstat(), path.parent.stat()
    except OSError:
        return False
    is_ours = stat.S_ISREG(file.st_mode) and file.st_nlink == 1 and {file.st_uid, folder.st_uid} == {os.geteuid()}
    return is_ours and not file.st_mode & ANYBODY_ELSE and not folder.st_mode & OTHER_WRITERS


def describe_error(error: OSError | sqlite3.Error) -> str:
    """Returns the reason alone: an OSError's own text repeats the path and has a number."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


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
