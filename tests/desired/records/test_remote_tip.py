"""The tip of the default branch, as the remote has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.desired.git.repository import Repository
from reconciler.desired.records.remote_tip import BranchTip, ask_for_tip
from tests.cli.project import Project


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A clone whose remote's HEAD is the branch trunk; main is another branch there."""
    there = Project(tmp_path / "there", monkeypatch)
    there.commit("one: 1\n")
    there.git("branch", "trunk")
    there.commit("two: 2\n")
    there.git("clone", "--quiet", "--bare", str(there.root), str(tmp_path / "origin.git"))
    origin = Project(tmp_path / "clone", monkeypatch)
    origin.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    origin.git("--git-dir", str(tmp_path / "origin.git"), "symbolic-ref", "HEAD", "refs/heads/trunk")
    return Repository(origin.root, ".")


def commit_of(clone: Repository, branch: str) -> str:
    origin = clone.root.parent / "origin.git"
    return clone.ask("--git-dir", str(origin), "rev-parse", branch).decode().strip()


def test_the_named_branch_or_the_remote_s_head(clone: Repository) -> None:
    assert BranchTip("main", commit_of(clone, "main")) == ask_for_tip(clone, "origin", "main")
    assert BranchTip("trunk", commit_of(clone, "trunk")) == ask_for_tip(clone, "origin", None)
    assert commit_of(clone, "main") != commit_of(clone, "trunk")


def test_a_head_that_names_no_branch_has_its_commit(clone: Repository) -> None:
    tip = commit_of(clone, "main")
    (clone.root.parent / "origin.git" / "HEAD").write_text(f"{tip}\n")

    assert BranchTip("HEAD", tip) == ask_for_tip(clone, "origin", None)


def test_what_the_remote_lacks_is_a_fault(clone: Repository) -> None:
    assert "origin has no refs/heads/gone" == ask_for_tip(clone, "origin", "gone").fault
    assert "this clone has no remote" == ask_for_tip(clone, None, "main").fault
    origin = clone.root.parent / "origin.git"
    origin.rename(origin.with_name("moved.git"))
    assert "does not appear to be a git repository" in ask_for_tip(clone, "origin", "main").fault
