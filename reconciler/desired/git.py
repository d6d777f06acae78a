"""Git, asked by its own command: revisions, the files at one. Touches the repository; decides nothing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import UsageError

LINK, SUBMODULE = b"120000", b"160000"
FETCH_ALL = "fetch all of it (git fetch --unshallow; fetch-depth: 0 for actions/checkout)"


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

    def leads_here(self, commit: str) -> bool:
        """Whether a commit is what is checked out, or came before it."""
        return self.attempt("merge-base", "--is-ancestor", commit, "HEAD") is not None

    def nearest(self, commits: Collection[str]) -> str | None:
        """The newest of some commits among those that lead to the checked-out one; git looks no further than that."""
        if not commits or self.head() is None:
            return None
        with subprocess.Popen(["git", "rev-list", "HEAD"], cwd=self.root, stdout=subprocess.PIPE, text=True) as listing:  # noqa: S607
            assert listing.stdout is not None  # noqa: S101  # it was piped
            found = next((line.strip() for line in listing.stdout if line.strip() in commits), None)
            listing.kill()
        return found

    def is_shallow(self) -> bool:
        """Whether the clone was cut off: what came before is not here."""
        return self.ask("rev-parse", "--is-shallow-repository").strip() == b"true"

    def identity(self) -> str | None:
        """Who git says is at work here, as `Ada <ada@example.com>`, or None where it does not know."""
        told = self.attempt("var", "GIT_AUTHOR_IDENT")  # ends in the time and its zone
        return told.decode(errors="replace").rpartition(">")[0] + ">" if told else None

    def is_clean(self) -> bool:
        """Whether the desired-state folder is as the checked-out commit has it."""
        told = self.ask(
            *("--literal-pathspecs", "status", "--porcelain", "-z", "--no-renames"),
            *("--untracked-files=all", "--ignored", "--", self.folder),
        )
        return not any(entry.endswith(b".yaml") for entry in told.split(b"\0"))

    def read_folder(self, commit: str, folder: str | None = None) -> Mapping[str, bytes]:
        """The `*.yaml` files of the desired-state folder (or of another) at a commit, by their path in the repository.

        Raises UsageError where there is a link or a submodule: what it leads to is not in this history.
        """
        folder = self.folder if folder is None else folder
        below = [] if folder == "." else ["--", f"{folder}/"]
        listed = self.ask("--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", commit, *below)
        entries = [entry.split(b"\t", 1) for entry in listed.split(b"\0") if entry]
        if any(meta.startswith(LINK) for meta, _path in entries):
            raise UsageError(f"{commit[:12]} has links below {folder}: put the files themselves there")
        if any(meta.startswith(SUBMODULE) for meta, _path in entries):
            raise UsageError(f"{commit[:12]} has a submodule below {folder}: put the files themselves there")
        blobs = {
            path.decode("utf-8", "backslashreplace"): meta.split()[2].decode()
            for meta, path in entries
            if path.endswith(b".yaml")
        }
        contents = self.read_blobs(list(blobs.values()))
        return dict(zip(blobs, contents, strict=True))

    def tree_of(self, commit: str) -> str | None:
        """Git's name for all that the desired-state folder holds at a commit; None where there is no such folder."""
        below = "" if self.folder == "." else self.folder
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
        done = _run(self.root, arguments, stdin)
        if done.returncode:
            raise UsageError(f"git {_command(arguments)}: {_words(done)}")
        return done.stdout

    def complaint(self, *arguments: str) -> str | None:
        """What git has to say against it, or None where it was done."""
        done = _run(self.root, arguments, b"")
        return _words(done) if done.returncode else None

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Starts git beside this process, for questions whose answers decide what is asked next."""
        command = ["git", *arguments]
        return subprocess.Popen(  # noqa: S603
            command, cwd=self.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def converse(self, *arguments: str, seconds: float, stdin: bytes = b"") -> tuple[int, bytes, str]:
        """Exit code, output and words of a git that asks a remote; it is stopped, with all it started, after a time.

        In a session of its own, so that it asks nobody for a password, for who would answer is not there.
        """
        command, pipe = ["git", *arguments], subprocess.PIPE
        with subprocess.Popen(  # noqa: S603
            command, cwd=self.root, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
        ) as git:
            try:
                out, said = git.communicate(stdin, timeout=seconds)
            except subprocess.TimeoutExpired:
                _stop(git)
                return 1, b"", f"no answer within {seconds:g} seconds"
            except BaseException:
                _stop(git)
                raise
        return git.returncode, out, _words(subprocess.CompletedProcess((), git.returncode, out, said))

    def attempt(self, *arguments: str, stdin: bytes = b"") -> bytes | None:
        """What git prints, or None where it fails."""
        done = _run(self.root, arguments, stdin)
        return None if done.returncode else done.stdout


def find_repository(folder: Path) -> Repository | None:
    """The repository that the folder is in, or None where it is in none or there is no git.

    Raises UsageError where there is one that git will not open: it must not look as if there were no history.
    """
    try:
        done = _run(folder, ("rev-parse", "--show-toplevel"), b"")
    except (FileNotFoundError, NotADirectoryError):
        return None
    if done.returncode and _looks_like_one(folder):
        raise UsageError(f"git does not open the repository of {folder}: {_words(done)}")
    if done.returncode:
        return None
    root = Path(os.fsdecode(done.stdout.removesuffix(b"\n")))
    return Repository(root, folder.resolve().relative_to(root.resolve()).as_posix())


def explain_absence() -> str:
    """Why there is no repository, in words."""
    try:
        _run(Path.cwd(), ("--version",), b"")
    except FileNotFoundError:
        return "git is not installed here"
    return "the desired state is not in a git repository"


def _stop(git: subprocess.Popen[bytes]) -> None:
    """Ends a git that leads a session, and what it started: first so that it can clear its locks away."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(git.pid, kind)
        with suppress(subprocess.TimeoutExpired):
            git.communicate(timeout=5)
            return


def _looks_like_one(folder: Path) -> bool:
    inside = folder.resolve()
    return any((parent / ".git").exists() for parent in (inside, *inside.parents))


def _command(arguments: Sequence[str]) -> str:
    """`notes`, of `-c user.name=… --literal-pathspecs notes append`."""
    after_settings = arguments[2 * arguments.count("-c") :]
    return next(argument for argument in after_settings if not argument.startswith("-"))


def _words(done: subprocess.CompletedProcess[bytes]) -> str:
    """What git said, on one line and without credentials that stand in an address."""
    said = " ".join(done.stderr.decode(errors="replace").split())
    return re.sub(r"://[^/@\s]*@", "://", said) or f"exit {done.returncode}"


def _run(where: Path, arguments: Sequence[str], stdin: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *arguments], cwd=where, input=stdin, capture_output=True, check=False)  # noqa: S603, S607
