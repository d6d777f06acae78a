"""Asks the remote of a record for its default branch and the commit at the tip of it; fetches nothing."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.model.branches import HEADS
from reconciler.desired.git.repository import Repository
from reconciler.desired.records.branch import SECONDS


@dataclass(frozen=True, slots=True)
class BranchTip:
    """A branch of the remote, and its commit; `fault` says why it could not be read."""

    branch: str
    commit: str
    fault: str = ""


def ask_for_tip(repository: Repository, remote: str | None, name: str | None) -> BranchTip:
    """Returns the tip of the named branch at the remote, or of the remote's HEAD without a name."""
    if remote is None:
        return BranchTip(name or "", "", "this clone has no remote")
    pattern = f"{HEADS}{name}" if name is not None else "HEAD"
    code, out, words = repository.converse("ls-remote", "--symref", "--", remote, pattern, seconds=SECONDS)
    if code:
        return BranchTip(name or "", "", words)
    rows = [line.partition("\t") for line in out.decode(errors="replace").splitlines()]
    commits = {ref: commit for commit, _tab, ref in rows if not commit.startswith("ref: ")}
    refs = [target.removeprefix("ref: ") for target, _tab, ref in rows if target.startswith("ref: ") and ref == "HEAD"]
    found = name if name is not None else next((ref.removeprefix(HEADS) for ref in refs), "HEAD")
    if pattern not in commits:
        return BranchTip(found, "", f"{remote} has no {pattern}")
    return BranchTip(found, commits[pattern])
