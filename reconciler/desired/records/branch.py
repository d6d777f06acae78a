"""The branch of a record: its refs here and of a remote, which remote it is exchanged with, and how it is moved."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.desired.git.repository import Repository
from reconciler.errors import Refused

NAMESPACE = "reconciler"
SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class RecordBranch:
    """The branch of a record: `remote` is None where it is this clone's own, as that of the embedded 4me is.

    `seconds` is how long a remote may take to answer.
    """

    repository: Repository
    name: str
    remote: str | None = None
    seconds: float = SECONDS

    @property
    def local(self) -> str:
        """The ref of the branch here."""
        return local_ref(self.name)

    @property
    def tracking(self) -> str | None:
        """The ref here that has what the remote's branch was when it was asked last."""
        return tracking_ref(self.remote, self.name) if self.remote else None

    @property
    def absence(self) -> str:
        """The ref here that says that the remote was asked and had no such branch."""
        return f"refs/{NAMESPACE}/absent/{self.remote}/{self.name}"

    def is_known(self) -> bool:
        """Returns whether the remote was ever asked, or there is none: else an empty record means nothing."""
        known = self.remote is None or self.theirs() or self.ours() or self.repository.resolve(self.absence)
        return bool(known)

    def ours(self) -> str | None:
        """Returns the commit that the branch here points to."""
        return self.repository.resolve(self.local)

    def theirs(self) -> str | None:
        """Returns the commit that the remote's branch pointed to when it was asked last."""
        return self.repository.resolve(self.tracking) if self.tracking else None

    def find_tips(self) -> tuple[str, ...]:
        """Returns the commits that the branch points to, here and as the remote had it when it was asked last."""
        refs = [ref for ref in (self.local, self.tracking) if ref]
        listed = self.repository.ask("for-each-ref", "--format=%(objectname) %(refname)", *refs).decode()
        pairs = [line.split(" ", 1) for line in listed.splitlines()]
        return tuple(dict.fromkeys(commit for commit, ref in pairs if ref in refs))

    def move(self, commit: str, before: str | None) -> bool:
        """Moves the branch here if it still is where it was (None: not there); whether it was moved."""
        return self.repository.attempt("update-ref", self.local, commit, before or "") is not None


def local_ref(name: str) -> str:
    """Returns the ref of the branch here."""
    return f"refs/heads/{NAMESPACE}/{name}"


def tracking_ref(remote: str, name: str) -> str:
    """Returns the ref here that has what the remote's branch was when it was asked last."""
    return f"refs/remotes/{remote}/{NAMESPACE}/{name}"


def choose_remote(repository: Repository) -> str | None:
    """Returns the remote of the record: the only one, else that of the checked-out branch, else `origin`.

    None where there is no remote: the local branch serves. Raises Refused where several remotes leave it open.
    """
    remotes = repository.ask("remote").decode().split()
    if len(remotes) < 2:  # noqa: PLR2004  # one or none: nothing to choose
        return remotes[0] if remotes else None
    branch = repository.attempt("symbolic-ref", "--quiet", "--short", "HEAD")
    tracked = branch and repository.attempt("config", "--get", f"branch.{branch.decode().strip()}.remote")
    chosen = tracked.decode().strip() if tracked else "origin"
    if chosen in remotes:
        return chosen
    if "origin" in remotes:
        return "origin"
    raise Refused(
        f"there are several remotes ({', '.join(remotes)}), and none is known to have the record of applies: "
        "check out a branch that tracks one of them, or name one origin"
    )


def list_record_names(repository: Repository, remote: str | None) -> frozenset[str]:
    """Returns the names of the records that are known here, of this clone's branches and the remote's."""
    prefixes = [local_ref("")] + ([tracking_ref(remote, "")] if remote else [])
    listed = repository.ask("for-each-ref", "--format=%(refname)", *prefixes).decode().splitlines()
    return frozenset(ref.removeprefix(prefix) for ref in listed for prefix in prefixes if ref.startswith(prefix))
