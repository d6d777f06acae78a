"""Git, asked by its own command: revisions, the files at one. Touches the repository; decides nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from reconciler.desired.git.process import converse_git, name_command, read_words, run_git, start_git
from reconciler.desired.git.tree import (
    CommittedFiles,
    FolderStatus,
    TreeEntry,
    check_entries,
    check_pointers,
    in_order,
    make_problem,
    parse_flagged,
    parse_status,
    parse_tree,
)
from reconciler.errors import IncompleteInput, Problem, UsageError

FETCH_ALL = "fetch all of it (git fetch --unshallow; fetch-depth: 0 for actions/checkout)"
REFETCH = "fetch it while the remote can be reached (git fetch --refetch)"
AT_ONCE = 200  # paths in one command line


@dataclass(frozen=True, slots=True)
class Repository:
    """The git repository that a desired-state folder is in; `folder` is that folder's path below `root`."""

    root: Path
    folder: str

    def head(self) -> str | None:
        """The commit that is checked out, or None before the first one."""
        return self.resolve("HEAD")

    def resolve(self, revision: str) -> str | None:
        """The commit that a revision names, or None."""
        found = self.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return found.decode().strip() if found is not None else None

    def commit_named(self, revision: str) -> str:
        """The commit that a revision names; raises UsageError where there is none."""
        commit = self.resolve(revision)
        if commit is None and self.is_shallow():
            raise UsageError(f'"{revision}" names no commit here, and this clone is shallow: {FETCH_ALL}')
        if commit is None:
            raise UsageError(f'"{revision}" names no commit here: fetch it, or check the spelling')
        return commit

    def merge_base(self, revision: str) -> str:
        """Where what is checked out parted from a revision; raises UsageError where they have no commit in common."""
        if self.head() is None:
            raise UsageError("nothing is committed here yet, so there is no base: commit first")
        commit = self.commit_named(revision)
        found = self.attempt("merge-base", commit, "HEAD")
        if found is None and self.is_shallow():
            raise UsageError(f'this clone is shallow, and ends before "{revision}" and HEAD meet: {FETCH_ALL}')
        if found is None:
            raise UsageError(f'"{revision}" and what is checked out have no commit in common: name another base')
        return found.decode().strip()

    def is_before(self, commit: str, later: str) -> bool:
        """Whether a commit leads to another, or is that one."""
        return self.attempt("merge-base", "--is-ancestor", commit, later) is not None

    def is_shallow(self) -> bool:
        """Whether the clone was cut off: what came before is not here."""
        return self.ask("rev-parse", "--is-shallow-repository").strip() == b"true"

    def identity(self) -> str | None:
        """Returns git's author identity, as `Ada <ada@example.com>`, or None without one."""
        told = self.attempt("var", "GIT_AUTHOR_IDENT")  # ends in the time and its zone
        return told.decode(errors="replace").rpartition(">")[0] + ">" if told else None

    def is_clean(self) -> bool:
        """Whether the desired-state folder is as the checked-out commit has it, whatever flags git has on its files."""
        status = self.read_status()
        if status.commit is None or not status.clean:
            return False
        return not self.find_unlike(self.find_flagged(), self.list_tree(status.commit))

    def read_status(self) -> FolderStatus:
        """What differs from HEAD in the desired-state folder, untracked and ignored files too."""
        return parse_status(
            self.ask(
                *("--literal-pathspecs", "status", "--porcelain=v2", "--branch", "--no-ahead-behind", "-z"),
                *("--no-renames", "--untracked-files=all", "--ignored", "--ignore-submodules=none", "--", self.folder),
            )
        )

    def find_flagged(self) -> frozenset[bytes]:
        """The paths below the folder that git was told not to look at: sparse, skip-worktree, assume-unchanged."""
        return parse_flagged(self.ask("--literal-pathspecs", "ls-files", "-v", "-z", "--", self.folder))

    def find_unlike(self, paths: Collection[bytes], entries: Sequence[TreeEntry]) -> frozenset[bytes]:
        """Of some paths, the `*.yaml` that are in the working tree with another content than a commit has."""
        there = os.fsencode(self.root)
        blobs = {one.path: one.blob for one in entries if one.is_yaml and one.path in paths}
        asked = [path for path in blobs if os.path.lexists(os.path.join(there, path))]  # noqa: PTH118  # any bytes
        unlike = set[bytes]()
        for first in range(0, len(asked), AT_ONCE):
            some = asked[first : first + AT_ONCE]
            told = self.attempt("hash-object", "--", *map(os.fsdecode, some)) or b""
            names = told.decode().split()
            unlike |= {path for path, name in zip_longest(some, names) if path and blobs[path] != name}
        return frozenset(unlike)

    def list_tree(self, commit: str, folder: str | None = None) -> tuple[TreeEntry, ...]:
        """Every file, link and submodule below the desired-state folder (or another) at a commit."""
        folder = self.folder if folder is None else folder
        below = [] if folder == "." else ["--", f"{folder}/"]
        return parse_tree(self.ask("--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", commit, *below))

    def read_folder(self, commit: str, folder: str | None = None) -> Mapping[str, bytes]:
        """The `*.yaml` files of the desired-state folder (or of another) at a commit, by their path in the repository.

        Raises IncompleteInput, with every problem by name, where not every file there can be read.
        """
        read = self.read_entries(self.list_tree(commit, folder), commit)
        if read.problems:
            raise IncompleteInput(read.problems, len(read.contents), read.known)
        return read.contents

    def read_entries(self, entries: Sequence[TreeEntry], commit: str) -> CommittedFiles:
        """The `*.yaml` among a commit's entries, and a problem for each that can't be read or must not be there."""
        problems = list(check_entries(entries, commit[:12]))
        files = [one for one in entries if one.is_yaml]
        lost: frozenset[str] = frozenset()
        try:
            contents = self.read_blobs([one.blob for one in files])
        except UsageError:
            lost = self._find_lost(commit) & {one.blob for one in files}
            if not lost:
                raise
            files = [one for one in files if one.blob not in lost]
            contents = self.read_blobs([one.blob for one in files])
        named = {one.file: content for one, content in zip(files, contents, strict=True)}
        problems += [self._describe_lost(one) for one in entries if one.is_yaml and one.blob in lost]
        problems += check_pointers(named)
        return CommittedFiles(named, sum(one.is_yaml for one in entries), in_order(problems))

    def _find_lost(self, commit: str) -> frozenset[str]:
        """What a commit's tree names and is not here; asks no remote for it, one by one."""
        told = self.ask("rev-list", "--objects", "--no-object-names", "--missing=print", f"{commit}^{{tree}}")
        return frozenset(line[1:].decode() for line in told.splitlines() if line.startswith(b"?"))

    def _describe_lost(self, entry: TreeEntry) -> Problem:
        partial = (
            self.attempt("config", "--get-regexp", r"^(remote\..*\.promisor|extensions\.partialclone)$") is not None
        )
        hint = REFETCH if partial else "git fsck says more"
        return make_problem(entry.file, f"git does not have the content here ({entry.blob[:12]})", hint)

    def tree_of(self, commit: str, folder: str | None = None) -> str | None:
        """Git's name for all that a folder, else the desired state's, holds at a commit; None where it is not there."""
        folder = self.folder if folder is None else folder
        below = "" if folder == "." else folder
        found = self.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}:{below}")
        return found.decode().strip() if found is not None else None

    def read_blobs(self, names: Sequence[str]) -> list[bytes]:
        """All blobs from one process: `cat-file --batch` answers `<name> blob <size>`, the bytes, and a newline."""
        answer = self.ask("cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode())
        contents: list[bytes] = []
        at = 0
        for name in names:
            end = answer.index(b"\n", at)
            told = answer[at:end].split()
            if told[-1] == b"missing":
                raise UsageError(f"git has lost {name[:12]}, which the history needs: git fsck says more")
            size = int(told[2])
            contents.append(answer[end + 1 : end + 1 + size])
            at = end + 1 + size + 1
        return contents

    def ask(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """What git prints; raises UsageError, with git's own words, where it fails."""
        done = run_git(self.root, arguments, stdin)
        if done.returncode:
            raise UsageError(f"git {name_command(arguments)}: {read_words(done)}")
        return done.stdout

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Starts git beside this process, for questions whose answers decide what is asked next."""
        return start_git(self.root, arguments)

    def converse(self, *arguments: str, seconds: float, stdin: bytes = b"") -> tuple[int, bytes, str]:
        """Exit code, output and words of a git that asks a remote; it is stopped, with all it started, after a time."""
        return converse_git(self.root, arguments, stdin, seconds)

    def attempt(self, *arguments: str, stdin: bytes = b"") -> bytes | None:
        """What git prints, or None where it fails."""
        done = run_git(self.root, arguments, stdin)
        return None if done.returncode else done.stdout


def find_repository(folder: Path) -> Repository | None:
    """The repository that the folder is in, or None where it is in none or there is no git.

    The folder itself need not be checked out. Raises UsageError where there is a repository that git does not open, or
    that a link leaves: it must not look as if there were no history.
    """
    inside = folder.resolve()
    root = _find_root(inside, folder)
    for link in (path for path in (Path.cwd() / folder, *(Path.cwd() / folder).parents) if path.is_symlink()):
        if (left := _find_root(link.parent.resolve(), link)) not in {None, root}:
            raise UsageError(f"{link} is a link that leaves the repository {left}: put the folder itself there")
    return Repository(root, inside.relative_to(root.resolve()).as_posix()) if root else None


def _find_root(inside: Path, called: Path) -> Path | None:
    """The top of the working tree that a folder is in; messages call the folder as its second path."""
    there = next(path for path in (inside, *inside.parents) if path.is_dir())
    try:
        done = run_git(there, ("rev-parse", "--show-toplevel"), b"")
    except FileNotFoundError:
        return None
    if not done.returncode:
        return Path(os.fsdecode(done.stdout.removesuffix(b"\n")))
    if _looks_like_one(inside) or b"not a git repository" not in done.stderr:
        raise UsageError(f"git does not open the repository of {called}: {read_words(done)}")
    return None


def explain_absence() -> str:
    """Why there is no repository, in words."""
    try:
        run_git(Path.cwd(), ("--version",), b"")
    except FileNotFoundError:
        return "git is not installed here"
    return "the desired state is not in a git repository"


def _looks_like_one(inside: Path) -> bool:
    return any((parent / ".git").exists() for parent in (inside, *inside.parents))
