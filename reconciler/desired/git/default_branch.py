"""Finds the default branch of a repository, whose pushes the workflows apply, and the reason for taking it.

GitHub's default branch is the HEAD of the remote, so the remote is asked first. The clone's copy of that HEAD is as old
as the clone. Decides by git alone: no name is taken for granted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.core.model.branches import HEADS
from reconciler.desired.git.process import converse_git, run_git
from reconciler.desired.git.repository import find_repository
from reconciler.errors import UsageError

SECONDS = 15.0
ORIGIN = "origin"
NAME_IT = "name the branch whose pushes are applied with --branch NAME"


@dataclass(frozen=True, slots=True)
class DefaultBranch:
    """The name of a branch, and why it is taken, as the end of a sentence."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Remote:
    """A remote's answer: `name` of its HEAD, whether it is empty, or the `error`."""

    name: str | None = None
    empty: bool = False
    error: str = ""


def find_default_branch(folder: Path) -> DefaultBranch:
    """Returns the default branch for a folder that may not exist yet; raises UsageError if git does not show one."""
    repository = find_repository(folder)
    if repository is None:
        return _find_first_branch(next(path for path in (folder.resolve(), *folder.resolve().parents) if path.is_dir()))
    where = repository.root
    remote = _choose_remote((_ask(where, "remote") or "").splitlines())
    if remote is None:
        return _find_local_branch(where, "there is no remote")
    answer = _ask_remote(where, remote)
    if answer.name is not None:
        return DefaultBranch(answer.name, f"the default branch of {remote}")
    if answer.empty:
        return _find_local_branch(where, f"{remote} is empty, and the first branch pushed to it becomes its default")
    known = _ask(where, "symbolic-ref", "--quiet", f"refs/remotes/{remote}/HEAD")
    if known is not None:
        name = known.removeprefix(f"refs/remotes/{remote}/")
        return DefaultBranch(name, f"the default branch of {remote} when it was cloned; it can't be asked now")
    return _find_local_branch(where, f"{remote} can't be asked for its default branch ({answer.error})")


def _choose_remote(remotes: Sequence[str]) -> str | None:
    """Returns origin, else the only remote, else None."""
    if ORIGIN in remotes:
        return ORIGIN
    return remotes[0] if len(remotes) == 1 else None


def _ask_remote(where: Path, remote: str) -> _Remote:
    """Asks the remote for the branch that its HEAD names, `ref: refs/heads/trunk<tab>HEAD`, and for its branches."""
    question = ("ls-remote", "--symref", remote, "HEAD", f"{HEADS}*")
    code, output, error = converse_git(where, question, b"", SECONDS)
    if code:
        return _Remote(error=error)
    lines = output.decode(errors="replace").splitlines()
    named = next((line for line in lines if line.startswith(f"ref: {HEADS}") and line.endswith("\tHEAD")), None)
    if named is not None:
        return _Remote(named.removeprefix(f"ref: {HEADS}").removesuffix("\tHEAD"))
    return _Remote(empty=not lines, error="its HEAD names no branch")


def _find_local_branch(where: Path, why: str) -> DefaultBranch:
    """Returns the branch of the main worktree: a linked worktree is usually for a change."""
    common = _ask(where, "rev-parse", "--git-common-dir")
    head = _ask(where, "--git-dir", common or ".git", "symbolic-ref", "--quiet", "HEAD")
    if head is not None:
        return DefaultBranch(head.removeprefix(HEADS), f"the branch that is checked out; {why}")
    branches = (_ask(where, "for-each-ref", "--format=%(refname)", HEADS) or "").splitlines()
    configured = _ask(where, "config", "--get", "init.defaultBranch")
    if len(branches) == 1:
        return DefaultBranch(branches[0].removeprefix(HEADS), f"the only branch; HEAD is detached, and {why}")
    if configured is not None and f"{HEADS}{configured}" in branches:
        return DefaultBranch(configured, f"init.defaultBranch of git; HEAD is detached, and {why}")
    raise UsageError(f"the default branch is unknown, because HEAD is detached, and {why}: {NAME_IT}")


def _find_first_branch(where: Path) -> DefaultBranch:
    """Returns the branch that `git init` would make, in a folder without a repository."""
    try:
        configured = _ask(where, "config", "--get", "init.defaultBranch")
        name = _ask(where, "var", "GIT_DEFAULT_BRANCH")
    except FileNotFoundError:
        raise UsageError(f"the default branch is unknown, because git is not installed here: {NAME_IT}") from None
    if configured is not None:
        return DefaultBranch(configured, "init.defaultBranch of git; this folder is in no repository yet")
    if name is None:  # git before 2.35
        raise UsageError(f"the default branch is unknown, because this folder is in no repository yet: {NAME_IT}")
    return DefaultBranch(name, "the branch that `git init` makes here; this folder is in no repository yet")


def _ask(where: Path, *arguments: str) -> str | None:
    """Returns git's answer without its line break, or None if it has none."""
    done = run_git(where, arguments, b"")
    return None if done.returncode else done.stdout.decode(errors="replace").removesuffix("\n")
