"""Private files and databases: readable for their owner alone, and written whole or not at all."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.private_store import (
    connect,
    find_private_fault,
    is_ours_alone,
    make_new_file,
    make_private_file,
    make_private_folder,
    prepare,
    transaction,
)

TABLE = "CREATE TABLE IF NOT EXISTS kept (value TEXT NOT NULL)"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    make_private_file(tmp_path / "store.db")
    with closing(connect(tmp_path / "store.db", 1.0)) as connection:
        prepare(connection, [TABLE], secure_delete=True)
        yield connection


def test_a_folder_is_left_out_of_git_and_one_that_is_there_is_left_alone(tmp_path: Path) -> None:
    make_private_folder(tmp_path / "a" / "b")
    make_private_folder(tmp_path)

    assert "*\n" == (tmp_path / "a" / "b" / ".gitignore").read_text(encoding="utf-8")
    assert not (tmp_path / ".gitignore").exists()


def test_a_file_is_its_owners_alone_whatever_it_was(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    make_private_file(path)
    assert (0o600, True) == (path.stat().st_mode & 0o777, is_ours_alone(path))

    path.chmod(0o644)
    assert not is_ours_alone(path)
    make_private_file(path)
    assert is_ours_alone(path)


def test_what_another_could_have_written_is_not_ours_alone(tmp_path: Path) -> None:
    """Covers a link, a folder that others can write to, and a missing file."""
    path, link = tmp_path / "store.db", tmp_path / "link.db"
    make_new_file(path)
    link.symlink_to(path)

    assert [True, False, False] == [is_ours_alone(one) for one in (path, link, tmp_path / "missing.db")]
    tmp_path.chmod(0o777)
    assert not is_ours_alone(path)
    with pytest.raises(FileExistsError):
        make_new_file(link)


def test_a_commit_survives_the_process_and_another_reads_meanwhile(store: sqlite3.Connection) -> None:
    """The database uses WAL with NORMAL, and overwrites deleted rows."""
    settings = [store.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]

    assert ["wal", 1] == settings
    assert (1,) == store.execute("PRAGMA secure_delete").fetchone()


def write_and_fail(store: sqlite3.Connection, error: type[BaseException]) -> None:
    with transaction(store, "IMMEDIATE"):
        store.execute("INSERT INTO kept VALUES ('b')")
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, sqlite3.IntegrityError])
def test_a_transaction_is_all_or_nothing(store: sqlite3.Connection, error: type[BaseException]) -> None:
    with transaction(store, "IMMEDIATE"):
        store.execute("INSERT INTO kept VALUES ('a')")
    with pytest.raises(error):
        write_and_fail(store, error)

    assert [("a",)] == store.execute("SELECT value FROM kept").fetchall()
    assert not store.in_transaction


def test_a_file_that_is_no_database_is_an_error_of_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_text("not a database " * 100, encoding="utf-8")

    with closing(connect(path, 1.0)) as connection, pytest.raises(sqlite3.DatabaseError):
        prepare(connection, [TABLE])


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o777])
def test_a_folder_is_its_owners_alone_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    """Also one that an earlier version made with the umask."""
    before = os.umask(mask)
    try:
        make_private_folder(tmp_path / ".reconciler")
    finally:
        os.umask(before)
    assert 0o700 == (tmp_path / ".reconciler").stat().st_mode & 0o777

    (tmp_path / ".reconciler").chmod(0o755)
    make_private_folder(tmp_path / ".reconciler")
    assert 0o700 == (tmp_path / ".reconciler").stat().st_mode & 0o777


def test_a_folder_of_somebody_else_s_choice_is_restricted_or_refused(tmp_path: Path) -> None:
    """A folder that RECONCILER_PRIVATE names may serve others too; one that this program made serves it alone."""
    ours, shared, link = tmp_path / "ours", tmp_path / "shared", tmp_path / "link"
    make_private_folder(ours)
    ours.chmod(0o755)
    shared.mkdir(0o755)
    link.symlink_to(ours)

    for folder in (ours, shared):
        make_private_folder(folder)
    assert [0o700, 0o755] == [one.stat().st_mode & 0o777 for one in (ours, shared)]
    shared.chmod(0o777)
    with pytest.raises(OSError, match="other users can write to it: restrict it with `chmod go-w"):
        make_private_folder(shared)
    with pytest.raises(OSError, match="it is a link, and a repository may contain one"):
        make_private_folder(link)


def test_a_file_that_a_repository_may_have_put_there_is_not_private(tmp_path: Path) -> None:
    path, other = tmp_path / "key", tmp_path / "other"
    assert find_private_fault(path) is None
    make_new_file(path)
    assert find_private_fault(path) is None

    path.chmod(0o644)
    assert "other users can read or write it" == find_private_fault(path)
    path.chmod(0o600)
    other.hardlink_to(path)
    assert "it has a second name (a hard link)" == find_private_fault(path)
    assert not is_ours_alone(path)
    with pytest.raises(OSError, match="it is a link to another file: remove it"):
        make_private_file(path)
    other.unlink()
    other.symlink_to(path)
    assert "it is a link" == find_private_fault(other)
    with pytest.raises(OSError, match="it is a link to another file: remove it"):
        make_private_file(other)
    assert "it is not a file" == find_private_fault(tmp_path)
