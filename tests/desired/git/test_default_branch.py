"""The default branch is the remote's; without a remote, it is the branch of the main worktree."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.desired.git.default_branch import DefaultBranch, find_default_branch
from reconciler.errors import UsageError

COMMIT = ("commit", "--quiet", "--allow-empty", "--message", "first")


@dataclass(frozen=True)
class Git:
    """A folder in which git runs."""

    root: Path

    def run(self, *arguments: str | Path) -> None:
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
        done = subprocess.run(["git", *who, *arguments], cwd=self.root, capture_output=True, text=True, check=False)  # noqa: S603, S607
        assert 0 == done.returncode, done.stderr

    def found(self, folder: str = "") -> DefaultBranch:
        return find_default_branch(self.root / folder)


@pytest.fixture(autouse=True)
def _no_settings_of_a_person(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


@pytest.fixture
def clone(tmp_path: Path) -> Git:
    """A clone of a repository whose default branch is `trunk`, on a branch for a change."""
    seed = make(tmp_path / "seed", "trunk")
    seed.run(*COMMIT)
    seed.run("branch", "main")
    Git(tmp_path).run("clone", "--quiet", "--bare", "seed", "origin.git")
    Git(tmp_path).run("clone", "--quiet", "origin.git", "clone")
    cloned = Git(tmp_path / "clone")
    cloned.run("switch", "--quiet", "--create", "change")
    return cloned


def make(folder: Path, branch: str) -> Git:
    folder.mkdir()
    git = Git(folder)
    git.run("init", "--quiet", f"--initial-branch={branch}")
    return git


def test_the_remote_is_asked(clone: Git) -> None:
    """Also after its default branch was changed, which a clone does not notice; also for a folder that is to come."""
    assert DefaultBranch("trunk", "the default branch of origin") == clone.found()
    Git(clone.root.parent / "origin.git").run("symbolic-ref", "HEAD", "refs/heads/main")

    assert DefaultBranch("main", "the default branch of origin") == clone.found("new/folder")


def test_a_linked_worktree_has_the_same_remote(clone: Git) -> None:
    """And is on a branch of its own."""
    clone.run("worktree", "add", "--quiet", "-b", "other", "../linked")

    assert DefaultBranch("trunk", "the default branch of origin") == Git(clone.root.parent / "linked").found()


def test_a_remote_that_does_not_answer_is_known_from_the_clone(clone: Git) -> None:
    """The reason says that it may be old."""
    clone.run("remote", "set-url", "origin", "../gone.git")

    assert "trunk" == clone.found().name
    assert "the default branch of origin when it was cloned; it can't be asked now" == clone.found().reason


def test_a_remote_that_was_never_asked_leaves_the_branch_that_is_checked_out(tmp_path: Path) -> None:
    """The reason names the fault, without a password in an address."""
    git = make(tmp_path / "new", "trunk")
    git.run("remote", "add", "origin", "http://ada:secret@127.0.0.1:9/x.git")

    found = git.found()

    assert "trunk" == found.name
    assert found.reason.startswith("the branch that is checked out; origin can't be asked for its default branch (")
    assert "secret" not in found.reason


def test_an_empty_remote_takes_the_first_branch_that_is_pushed(tmp_path: Path) -> None:
    """As on the first day."""
    Git(tmp_path).run("init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
    git = make(tmp_path / "new", "trunk")
    git.run("remote", "add", "origin", "../origin.git")

    assert "trunk" == git.found().name
    assert git.found().reason == (
        "the branch that is checked out; origin is empty, and the first branch pushed to it becomes its default"
    )


def test_a_remote_whose_head_is_no_branch_is_not_called_empty(clone: Git) -> None:
    """Its HEAD names a branch that it does not have, or none."""
    clone.run("remote", "set-head", "origin", "--delete")
    origin = Git(clone.root.parent / "origin.git")
    origin.run("symbolic-ref", "HEAD", "refs/heads/nowhere")

    assert "change" == clone.found().name
    assert clone.found().reason.endswith("origin can't be asked for its default branch (its HEAD names no branch)")


def test_the_only_remote_counts_and_of_several_origin(clone: Git) -> None:
    """Of two without that name, neither does."""
    clone.run("remote", "rename", "origin", "upstream")
    assert "the default branch of upstream" == clone.found().reason

    clone.run("remote", "add", "fork", "../origin.git")
    assert DefaultBranch("change", "the branch that is checked out; there is no remote") == clone.found()

    clone.run("remote", "add", "origin", "../origin.git")
    assert DefaultBranch("trunk", "the default branch of origin") == clone.found()


def test_without_a_remote_it_is_the_branch_of_the_main_worktree(tmp_path: Path) -> None:
    """In an empty repository, the one to come; in a linked worktree, not the branch there."""
    git = make(tmp_path / "own", "trunk")
    expected = DefaultBranch("trunk", "the branch that is checked out; there is no remote")
    assert expected == git.found()

    git.run(*COMMIT)
    git.run("worktree", "add", "--quiet", "-b", "change", "../linked")
    assert expected == Git(tmp_path / "linked").found()


def test_with_a_detached_head_one_branch_must_stand_out(tmp_path: Path) -> None:
    """The only one, else that of git's settings; else it has to be named."""
    git = make(tmp_path / "own", "trunk")
    git.run(*COMMIT)
    git.run("switch", "--quiet", "--detach")
    assert DefaultBranch("trunk", "the only branch; HEAD is detached, and there is no remote") == git.found()

    git.run("branch", "other")
    with pytest.raises(UsageError, match="HEAD is detached, and there is no remote: name the branch"):
        git.found()

    git.run("config", "init.defaultBranch", "other")
    assert DefaultBranch("other", "init.defaultBranch of git; HEAD is detached, and there is no remote") == git.found()

    git.run("config", "init.defaultBranch", "absent")
    with pytest.raises(UsageError, match="--branch NAME"):
        git.found()


def test_a_folder_in_no_repository_gets_the_branch_that_git_would_make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason says whether a setting names it."""
    unset = find_default_branch(tmp_path / "new")
    assert "the branch that `git init` makes here; this folder is in no repository yet" == unset.reason
    make_one = tmp_path / "made"
    make_one.mkdir()
    Git(make_one).run("init", "--quiet")
    assert unset.name == Git(make_one).found().name

    settings = tmp_path / "settings"
    settings.write_text("[init]\n\tdefaultBranch = trunk\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    expected = DefaultBranch("trunk", "init.defaultBranch of git; this folder is in no repository yet")
    assert expected == find_default_branch(tmp_path / "new")


def test_without_git_the_branch_has_to_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is taken for granted."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(UsageError, match="because git is not installed here: name the branch"):
        find_default_branch(tmp_path / "new")
