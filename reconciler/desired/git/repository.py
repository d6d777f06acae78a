"""A git repository, read with the git command: revisions, and the files at a revision. Decides nothing."""

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

FETCH_ALL = "fetch the whole history (git fetch --unshallow; fetch-depth: 0 for actions/checkout)"
REFETCH = "fetch it while the remote can be reached (git fetch --refetch)"
AT_ONCE = 200  # paths in one command line


@dataclass(frozen=True, slots=True)
class Repository:
    """The git repository of a desired-state folder; `folder` is the path of the folder below `root`."""

    root: Path
    folder: str

    def head(self) -> str | None:
        """Returns the commit that is checked out, or None before the first commit."""
        return self.resolve("HEAD")

    def resolve(self, revision: str) -> str | None:
        """Returns the commit that a revision names, or None."""
        found = self.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return found.decode().strip() if found is not None else None

    def commit_named(self, revision: str) -> str:
        """Returns the commit that a revision names; raises UsageError if this clone has none."""
        commit = self.resolve(revision)
        if commit is None and self.is_shallow():
            raise UsageError(f'"{revision}" names no commit in this clone, which is shallow: {FETCH_ALL}')
        if commit is None:
            raise UsageError(f'"{revision}" names no commit in this clone: fetch it, or check the spelling')
        return commit

    def merge_base(self, revision: str) -> str:
        """Returns the merge base of HEAD and a revision; raises UsageError if they have no commit in common."""
        if self.head() is None:
            raise UsageError("this repository has no commit yet, so it has no base: commit first")
        commit = self.commit_named(revision)
        found = self.attempt("merge-base", commit, "HEAD")
        if found is None and self.is_shallow():
            raise UsageError(f'this clone is shallow, and ends before "{revision}" and HEAD meet: {FETCH_ALL}')
        if found is None:
            raise UsageError(f'"{revision}" and HEAD have no commit in common: name another base')
        return found.decode().strip()

    def is_before(self, commit: str, later: str) -> bool:
        """Whether a commit is another commit, or its ancestor."""
        return self.attempt("merge-base", "--is-ancestor", commit, later) is not None

    def is_shallow(self) -> bool:
        """Whether the clone lacks the older part of the history."""
        return self.ask("rev-parse", "--is-shallow-repository").strip() == b"true"

    def identity(self) -> str | None:
        """Returns git's author identity, as `Ada <ada@example.com>`, or None without one."""
        output = self.attempt("var", "GIT_AUTHOR_IDENT")  # ends in the time and its zone
        return output.decode(errors="replace").rpartition(">")[0] + ">" if output else None

    def is_clean(self) -> bool:
        """Whether the desired-state folder equals HEAD's, even for files that git is set to ignore changes of."""
        status = self.read_status()
        if status.commit is None or not status.clean:
            return False
        return not self.find_unlike(self.find_flagged(), self.list_tree(status.commit))

    def read_status(self) -> FolderStatus:
        """Returns what differs from HEAD in the desired-state folder, with untracked and ignored files."""
        return parse_status(
            self.ask(
                *("--literal-pathspecs", "status", "--porcelain=v2", "--branch", "--no-ahead-behind", "-z"),
                *("--no-renames", "--untracked-files=all", "--ignored", "--ignore-submodules=none", "--", self.folder),
            )
        )

    def find_flagged(self) -> frozenset[bytes]:
        """Returns the paths below the folder that git does not check: sparse, skip-worktree, assume-unchanged."""
        return parse_flagged(self.ask("--literal-pathspecs", "ls-files", "-v", "-z", "--", self.folder))

    def find_unlike(self, paths: Collection[bytes], entries: Sequence[TreeEntry]) -> frozenset[bytes]:
        """Returns the `*.yaml` among some paths whose content in the working tree differs from a commit's entries."""
        root = os.fsencode(self.root)
        blobs = {one.path: one.blob for one in entries if one.is_yaml and one.path in paths}
        present = [path for path in blobs if os.path.lexists(os.path.join(root, path))]  # noqa: PTH118  # any bytes
        unlike = set[bytes]()
        for first in range(0, len(present), AT_ONCE):
            batch = present[first : first + AT_ONCE]
            output = self.attempt("hash-object", "--", *map(os.fsdecode, batch)) or b""
            names = output.decode().split()
            unlike |= {path for path, name in zip_longest(batch, names) if path and blobs[path] != name}
        return frozenset(unlike)

    def list_tree(self, commit: str, folder: str | None = None) -> tuple[TreeEntry, ...]:
        """Returns every file, link and submodule below the desired-state folder (or another) at a commit."""
        folder = self.folder if folder is None else folder
        below = [] if folder == "." else ["--", f"{folder}/"]
        return parse_tree(self.ask("--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", commit, *below))

    def read_folder(self, commit: str, folder: str | None = None) -> Mapping[str, bytes]:
        """Reads the `*.yaml` of the desired-state folder (or another) at a commit, by their path in the repository.

        Raises IncompleteInput, with a problem for each unreadable file, unless all are read.
        """
        read = self.read_entries(self.list_tree(commit, folder), commit)
        if read.problems:
            raise IncompleteInput(read.problems, len(read.contents), read.known)
        return read.contents

    def read_entries(self, entries: Sequence[TreeEntry], commit: str) -> CommittedFiles:
        """Reads the `*.yaml` of a commit's entries, and makes a problem for each that can't be read or is no file."""
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
        """Returns the objects of a commit's tree that this clone lacks, without fetching each from the remote."""
        output = self.ask("rev-list", "--objects", "--no-object-names", "--missing=print", f"{commit}^{{tree}}")
        return frozenset(line[1:].decode() for line in output.splitlines() if line.startswith(b"?"))

    def _describe_lost(self, entry: TreeEntry) -> Problem:
        partial = (
            self.attempt("config", "--get-regexp", r"^(remote\..*\.promisor|extensions\.partialclone)$") is not None
        )
        hint = REFETCH if partial else "run git fsck for details"
        return make_problem(entry.file, f"this clone lacks the content ({entry.blob[:12]})", hint)

    def tree_of(self, commit: str, folder: str | None = None) -> str | None:
        """Returns the tree hash of the desired-state folder (or another) at a commit; None if it does not exist."""
        folder = self.folder if folder is None else folder
        below = "" if folder == "." else folder
        found = self.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}:{below}")
        return found.decode().strip() if found is not None else None

    def read_blobs(self, names: Sequence[str]) -> list[bytes]:
        """Reads all blobs with one process: `cat-file --batch` prints `<name> blob <size>`, the bytes, and a newline.

        Raises UsageError if this clone lacks one.
        """
        answer = self.ask("cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode())
        contents: list[bytes] = []
        at = 0
        for name in names:
            end = answer.index(b"\n", at)
            header = answer[at:end].split()
            if header[-1] == b"missing":
                raise UsageError(f"git lacks the object {name[:12]} of its history: run git fsck for details")
            size = int(header[2])
            contents.append(answer[end + 1 : end + 1 + size])
            at = end + 1 + size + 1
        return contents

    def ask(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Returns git's output; raises UsageError, with git's error text, if it fails."""
        done = run_git(self.root, arguments, stdin)
        if done.returncode:
            raise UsageError(f"git {name_command(arguments)}: {read_words(done)}")
        return done.stdout

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Starts git beside this process, for a dialogue in which each answer decides the next question."""
        return start_git(self.root, arguments)

    def converse(self, *arguments: str, seconds: float, stdin: bytes = b"") -> tuple[int, bytes, str]:
        """Runs a git command that contacts a remote, at most for `seconds`; returns exit code, output, error text."""
        return converse_git(self.root, arguments, stdin, seconds)

    def attempt(self, *arguments: str, stdin: bytes = b"") -> bytes | None:
        """Returns git's output, or None if it fails."""
        done = run_git(self.root, arguments, stdin)
        return None if done.returncode else done.stdout


def find_repository(folder: Path) -> Repository | None:
    """Returns the repository that contains the folder, or None without a repository or without git.

    The folder itself need not be checked out. Raises UsageError if git can't open the repository, or a link leads out
    of it: otherwise the history would seem empty.
    """
    inside = folder.resolve()
    root = _find_root(inside, folder)
    for link in (path for path in (Path.cwd() / folder, *(Path.cwd() / folder).parents) if path.is_symlink()):
        if (left := _find_root(link.parent.resolve(), link)) not in {None, root}:
            raise UsageError(f"{link} is a link out of the repository {left}: put the folder itself there")
    return Repository(root, inside.relative_to(root.resolve()).as_posix()) if root else None


def _find_root(inside: Path, called: Path) -> Path | None:
    """Returns the top folder of the working tree that contains `inside`; messages name the folder as `called`."""
    existing = next(path for path in (inside, *inside.parents) if path.is_dir())
    try:
        done = run_git(existing, ("rev-parse", "--show-toplevel"), b"")
    except FileNotFoundError:
        return None
    if not done.returncode:
        return Path(os.fsdecode(done.stdout.removesuffix(b"\n")))
    has_git_folder = any((parent / ".git").exists() for parent in (inside, *inside.parents))
    if has_git_folder or b"not a git repository" not in done.stderr:
        raise UsageError(f"git can't open the repository of {called}: {read_words(done)}")
    return None


def explain_absence() -> str:
    """Returns the reason why `find_repository` found none, as a clause."""
    try:
        run_git(Path.cwd(), ("--version",), b"")
    except FileNotFoundError:
        return "git is not installed here"
    return "the desired state is not in a git repository"
