"""Checks whether `reconciler/<name>` can be a branch, by git's rules (git check-ref-format), without running git."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator

LONGEST = 200  # bytes: git stores a branch as a file, and adds `.lock` to its name
FORBIDDEN = frozenset(" ~^:?*[\\\x7f") | frozenset(map(chr, range(32)))


def find_branch_fault(name: str) -> str | None:
    """Returns why `reconciler/<name>` can't be a branch, as the end of a sentence; None if it can."""
    found = sorted(FORBIDDEN & {*name})
    if found:
        return f"has {found[0]!r}, which git does not allow"
    if ".." in name or "@{" in name:
        return "has `..` or `@{`, which git does not allow"
    if not name or name.endswith(".") or len(name.encode(errors="replace")) > LONGEST:
        return f"is empty, ends with a dot, or is longer than {LONGEST} bytes"
    parts = name.split("/")
    if any(not part or part.startswith(".") or part.casefold().endswith(".lock") for part in parts):
        return "has a part between slashes that is empty, begins with a dot, or ends with .lock"
    return None


def _check_branch_name(name: str) -> str:
    fault = find_branch_fault(name)
    if fault is not None:
        raise ValueError(f"can't be a branch name, because it {fault}: choose another name")
    return name


BranchName: TypeAlias = Annotated[str, AfterValidator(_check_branch_name)]
