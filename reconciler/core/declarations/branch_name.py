"""Whether a name can be that of a branch `reconciler/<name>`: git's own rules (git check-ref-format), without git."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator

LONGEST = 200  # a branch is a file in git's folder, with a lock beside it
FORBIDDEN = frozenset(" ~^:?*[\\\x7f") | frozenset(map(chr, range(32)))


def find_branch_fault(name: str) -> str | None:
    """Returns why `reconciler/<name>` is no name of a branch, or None where it is one."""
    found = sorted(FORBIDDEN & {*name})
    if found:
        return f"has {found[0]!r}, which no branch may have"
    if ".." in name or "@{" in name:
        return "has `..` or `@{`, which no branch may have"
    if not name or name.endswith(".") or len(name.encode(errors="replace")) > LONGEST:
        return f"is empty, ends with a dot, or is longer than {LONGEST} bytes"
    parts = name.split("/")
    if any(not part or part.startswith(".") or part.casefold().endswith(".lock") for part in parts):
        return "has a part between slashes that is empty, begins with a dot or ends with .lock"
    return None


def _is_a_branch(name: str) -> str:
    fault = find_branch_fault(name)
    if fault is not None:
        raise ValueError(f"can't be the name of a branch: it {fault}")
    return name


BranchName: TypeAlias = Annotated[str, AfterValidator(_is_a_branch)]
