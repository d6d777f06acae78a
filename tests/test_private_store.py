"""Private files and databases are readable for their owner alone, and written atomically."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.private_store import (
    connect,
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
    """A link, a folder that others write to, and what is not there."""
    path, link = tmp_path / "store.db", tmp_path / "link.db"
    make_new_file(path)
    link.symlink_to(path)

    assert [True, False, False] == [is_ours_alone(one) for one in (path, link, tmp_path / "missing.db")]
    tmp_path.chmod(0o777)
    assert not is_ours_alone(path)
    with pytest.raises(FileExistsError):
        make_new_file(link)


def test_a_commit_survives_the_process_and_another_reads_meanwhile(store: sqlite3.Connection) -> None:
    """WAL with NORMAL; what is deleted is gone from the file."""
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
