"""The path of the desired-state folder before it was moved."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.desired.git.folder_renames import find_folder_at
from tests.desired.repository import Clone, make_clone

PEOPLE = {"users/finance.yaml": "users: {ann: {userName: ann@example.com}}\n", "groups.yaml": "groups: {}\n" * 9}


def move(clone: Clone, before: str) -> str:
    """Commits the desired state in one folder, moves it to its own, and returns the first commit."""
    prefix = "" if before == "." else f"{before}/"
    commit = clone.commit({**{f"{prefix}{name}": text for name, text in PEOPLE.items()}, "README.md": "x"})
    for name in PEOPLE:
        (clone.root / f"{prefix}{name}").unlink()
    clone.commit({f"{clone.folder}/{name}": text for name, text in PEOPLE.items()})
    return commit


@pytest.mark.parametrize(
    ("before", "now"),
    [("config/people", "desired-state"), (".", "desired-state"), ("ümläut [x]", "infra/desired-state")],
)
def test_a_folder_that_was_moved_is_found_where_it_was(tmp_path: Path, before: str, now: str) -> None:
    """The folder can move up, down, or get another name."""
    clone = make_clone(tmp_path, now)
    commit = move(clone, before)

    assert before == find_folder_at(clone.found(), commit)
    assert now == find_folder_at(clone.found(), "HEAD")


def test_a_folder_that_moved_to_the_root_is_read_from_there(tmp_path: Path) -> None:
    """The paths below the folder are the same before and after."""
    clone = make_clone(tmp_path, ".")

    assert "." == find_folder_at(clone.found(), move(clone, "people"))


def test_a_folder_that_is_new_was_nowhere_else(tmp_path: Path) -> None:
    """A file that was moved elsewhere is no evidence."""
    clone = make_clone(tmp_path)
    commit = clone.commit({"a.yaml": "a: 1\n" * 9, "b.txt": "b\n" * 9})
    (tmp_path / "a.yaml").rename(tmp_path / "c.yaml")
    (tmp_path / "b.txt").rename(tmp_path / "desired-state/b.txt")
    clone.commit({"desired-state/all.yaml": "users: {}\n"})

    assert "desired-state" == find_folder_at(clone.found(), commit)
