"""Reads the files of `approvals/` from a commit, with the commit that brought each of them to the branch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from reconciler.core.declarations.approval_file import (
    APPROVALS_FOLDER,
    SHOWN,
    PlanApproval,
    find_like_named,
    name_approval_file,
    name_short_file,
)
from reconciler.desired.git.repository import FETCH_ALL, Repository
from reconciler.desired.git.tree import readable
from reconciler.desired.yaml.approval_file import read_approval
from reconciler.errors import Refused


@dataclass(frozen=True, slots=True)
class ApprovalFile:
    """A file of `approvals/`: its path, its content, and the commit of the first-parent line that changed it last."""

    path: str
    approval: PlanApproval
    commit: str


def list_approval_files(repository: Repository, commit: str) -> tuple[str, ...]:
    """Returns the paths of the files in `approvals/` at a commit."""
    return tuple(entry.file for entry in repository.list_tree(commit, APPROVALS_FOLDER))


def find_approval_file(repository: Repository, commit: str, digest: str, tenant: str, today: date) -> ApprovalFile:
    """Returns the file that approves the plan with that digest. Raises Refused, with each reason, without one."""
    path = name_approval_file(digest, tenant)
    files = list_approval_files(repository, commit)
    present = next((one for one in (path, name_short_file(digest)) if one in files), None)
    if present is not None:
        return read_approval_file(repository, commit, present, tenant, today)
    similar = find_like_named(path, files, tenant)
    missing = f"{APPROVALS_FOLDER}/{digest.removeprefix('sha256:')[:SHOWN]}…-{tenant}.yaml is not in {commit[:12]}"
    raise Refused(f"{missing}; {similar} is: rename it to {path}" if similar else missing)


def read_approval_file(repository: Repository, commit: str, path: str, tenant: str | None, today: date) -> ApprovalFile:
    """Reads a file of `approvals/` at a commit, and finds the commit that changed it last.

    `tenant` may be None, for any. Raises Refused, with all problems, if the file approves nothing.
    """
    approval = read_content(repository, commit, path, tenant, today)
    if repository.is_shallow():  # its first commit seems to have brought every file
        raise Refused(f"this clone is shallow, so the pull request that brought {path} is not known: {FETCH_ALL}")
    log = ("--literal-pathspecs", "log", "--first-parent", "--max-count=1", "--format=%H", commit, "--", path)
    return ApprovalFile(path, approval, repository.ask(*log).decode().strip())


def read_content(repository: Repository, commit: str, path: str, tenant: str | None, today: date) -> PlanApproval:
    """Reads a file of `approvals/` at a commit; raises Refused, with all problems, if it approves nothing."""
    entries = [entry for entry in repository.list_tree(commit, APPROVALS_FOLDER) if entry.file == path]
    read = repository.read_entries(entries, commit)
    found = read.problems or read_approval(path, read.contents[path], tenant, today)
    if not isinstance(found, PlanApproval):
        raise Refused("; ".join(map(str, found)), found)
    return found


def find_added_files(repository: Repository, commits: Sequence[str]) -> tuple[str, ...]:
    """Returns the files of `approvals/` that these commits of a first-parent line added or changed, sorted."""
    arguments = ("--stdin", "-r", "--root", "-m", "--first-parent", "--no-commit-id", "--name-only", "--no-renames")
    listed = repository.ask(
        *("--literal-pathspecs", "diff-tree", *arguments, "--diff-filter=AM", "-z", "--", f"{APPROVALS_FOLDER}/"),
        stdin="".join(f"{commit}\n" for commit in commits).encode(),
    )
    return tuple(sorted({readable(path) for path in listed.split(b"\0") if path.endswith(b".yaml")}))
