"""The name of a record is a branch name: all names that git refuses are refused, without running git."""

from __future__ import annotations

import subprocess

import pytest

from reconciler.core.declarations.branch_name import LONGEST, find_branch_fault

GOOD = ["production", "prod-eu", "eu/x", "a.b", "Ünïcode", "@", "x" * LONGEST, "a@b", "-", "lock"]
BAD = [
    *("", ".", "a.", ".a", "a/.b", "a..b", "a//b", "/a", "a/", "a.lock", "a.lock/b", "a@{b"),
    *("a b", "a~", "a^", "a:b", "a?", "a*", "a[b", "a\\b", "a\tb", "a\x7f"),
]


@pytest.mark.parametrize("name", GOOD)
def test_what_git_takes_is_taken(name: str) -> None:
    """Below `reconciler/`."""
    assert find_branch_fault(name) is None
    assert 0 == _asked_of_git(name)


@pytest.mark.parametrize("name", BAD)
def test_what_git_refuses_is_refused(name: str) -> None:
    """Each fault is named."""
    assert find_branch_fault(name)
    assert 0 != _asked_of_git(name)


@pytest.mark.parametrize("name", ["x" * (LONGEST + 1), "a.LOCK", "\ud800" * LONGEST + "x"])
def test_what_only_some_file_systems_take_is_refused_too(name: str) -> None:
    """Git stores a branch as a file."""
    assert find_branch_fault(name)


def _asked_of_git(name: str) -> int:
    return subprocess.run(  # noqa: S603  # names of this file
        ["git", "check-ref-format", f"refs/heads/reconciler/{name}"],  # noqa: S607  # git as it is on the path
        check=False,
    ).returncode
