"""The branch of a record: its refs in this clone, the choice of its remote, and the move of the local branch."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.model.branches import HEADS
from reconciler.desired.git.repository import Repository
from reconciler.errors import Refused

NAMESPACE = "reconciler"
SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class RecordBranch:
    """The branch of a record. `remote` is None if the record stays in this clone, as with the embedded 4me.

    `seconds` is the time limit for an answer of the remote.
    """

    repository: Repository
    name: str
    remote: str | None = None
    seconds: float = SECONDS

    @property
    def local(self) -> str:
        """The ref of the local branch."""
        return local_ref(self.name)

    @property
    def tracking(self) -> str | None:
        """The ref of the remote's branch as last fetched or pushed."""
        return tracking_ref(self.remote, self.name) if self.remote else None

    @property
    def absence(self) -> str:
        """The ref that notes that the last fetch found no such branch at the remote."""
        return f"refs/{NAMESPACE}/absent/{self.remote}/{self.name}"

    def is_known(self) -> bool:
        """Returns whether the remote was ever read, or none is needed; otherwise an empty record proves nothing."""
        known = self.remote is None or self.theirs() or self.ours() or self.repository.resolve(self.absence)
        return bool(known)

    def ours(self) -> str | None:
        """Returns the commit of the local branch."""
        return self.repository.resolve(self.local)

    def theirs(self) -> str | None:
        """Returns the commit of the remote's branch as last fetched or pushed."""
        return self.repository.resolve(self.tracking) if self.tracking else None

    def find_tips(self) -> tuple[str, ...]:
        """Returns the commits of the local branch and of the remote's branch as last fetched or pushed."""
        refs = [ref for ref in (self.local, self.tracking) if ref]
        listed = self.repository.ask("for-each-ref", "--format=%(objectname) %(refname)", *refs).decode()
        pairs = [line.split(" ", 1) for line in listed.splitlines()]
        return tuple(dict.fromkeys(commit for commit, ref in pairs if ref in refs))

    def move(self, commit: str, before: str | None) -> bool:
        """Moves the local branch if it still points to `before` (None: does not exist); returns whether it moved."""
        return self.repository.attempt("update-ref", self.local, commit, before or "") is not None


def local_ref(name: str) -> str:
    """Returns the ref of the local branch."""
    return f"{HEADS}{NAMESPACE}/{name}"


def tracking_ref(remote: str, name: str) -> str:
    """Returns the ref of the remote's branch as last fetched or pushed."""
    return f"refs/remotes/{remote}/{NAMESPACE}/{name}"


def choose_remote(repository: Repository) -> str | None:
    """Returns the remote of the record: the only remote, else the checked-out branch's remote, else `origin`.

    Returns None without remotes; then the record stays in this clone. Raises Refused if several remotes remain.
    """
    remotes = repository.ask("remote").decode().split()
    if len(remotes) < 2:  # noqa: PLR2004  # at most one remote: no choice
        return remotes[0] if remotes else None
    branch = repository.attempt("symbolic-ref", "--quiet", "--short", "HEAD")
    tracked = branch and repository.attempt("config", "--get", f"branch.{branch.decode().strip()}.remote")
    chosen = tracked.decode().strip() if tracked else "origin"
    if chosen in remotes:
        return chosen
    if "origin" in remotes:
        return "origin"
    raise Refused(
        f"several remotes could have the record of applies ({', '.join(remotes)}): check out a branch that tracks the "
        "right one, or name it origin"
    )


def list_record_names(repository: Repository, remote: str | None) -> frozenset[str]:
    """Returns the names of the records in this clone, from local branches and the remote's branches as last fetched."""
    prefixes = [local_ref("")] + ([tracking_ref(remote, "")] if remote else [])
    listed = repository.ask("for-each-ref", "--format=%(refname)", *prefixes).decode().splitlines()
    return frozenset(ref.removeprefix(prefix) for ref in listed for prefix in prefixes if ref.startswith(prefix))
