"""Git, asked by its own command: revisions, the files at one, notes. Touches the repository; decides nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import UsageError

LINK = b"120000"


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
        found = self._try("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return found.decode().strip() if found is not None else None

    def commit_named(self, revision: str) -> str:
        """The commit that a revision names; raises UsageError where there is none."""
        commit = self.resolve(revision)
        if commit is None:
            raise UsageError(f'"{revision}" names no commit here: fetch it, or check the spelling')
        return commit

    def is_clean(self) -> bool:
        """Whether the desired-state folder is as the checked-out commit has it."""
        below = "" if self.folder == "." else f"{self.folder}/"
        read = f":(top,glob){below}**/*.yaml"
        return not self._git("status", "--porcelain", "--untracked-files=all", "--ignored", "--", read).strip()

    def read_folder(self, commit: str) -> Mapping[str, bytes]:
        """The `*.yaml` files of the desired-state folder at a commit, by their path in the repository."""
        below = [] if self.folder == "." else ["--", f"{self.folder}/"]
        listed = self._git("ls-tree", "-r", "-z", "--full-tree", commit, *below)
        entries = [entry.split(b"\t", 1) for entry in listed.split(b"\0") if entry]
        if any(meta.startswith(LINK) for meta, _path in entries):
            raise UsageError(f"{commit[:12]} has links below {self.folder}: put the files themselves there")
        blobs = {
            path.decode("utf-8", "backslashreplace"): meta.split()[2].decode()
            for meta, path in entries
            if path.endswith(b".yaml")
        }
        contents = self._read_blobs(list(blobs.values()))
        return dict(zip(blobs, contents, strict=True))

    def _read_blobs(self, names: Sequence[str]) -> list[bytes]:
        """All blobs from one process: `cat-file --batch` answers `<name> blob <size>`, the bytes, and a newline."""
        answer = self._git("cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode())
        contents: list[bytes] = []
        at = 0
        for _ in names:
            end = answer.index(b"\n", at)
            size = int(answer[at:end].split()[2])
            contents.append(answer[end + 1 : end + 1 + size])
            at = end + 1 + size + 1
        return contents

    def ancestors(self) -> list[str]:
        """The checked-out commit and those before it, newest first."""
        return self._git("rev-list", "HEAD").decode().split()

    def notes(self, ref: str) -> dict[str, str]:
        """The note of each commit that has one under that ref."""
        listed = self._try("notes", f"--ref={ref}", "list")
        pairs = [line.split() for line in (listed or b"").decode().splitlines()]
        contents = self._read_blobs([note for note, _commit in pairs])
        return {commit: text.decode(errors="replace") for (_note, commit), text in zip(pairs, contents, strict=True)}

    def append_note(self, ref: str, commit: str, line: str) -> None:
        """Adds a line to a commit's note, made if there is none; signed by whoever git says is here, if it says."""
        known = self._try("var", "GIT_COMMITTER_IDENT") is not None
        signed = () if known else ("-c", "user.name=reconciler", "-c", "user.email=reconciler@localhost")
        self._git(*signed, "notes", f"--ref={ref}", "append", "-m", line, commit)

    def _git(self, *arguments: str, stdin: bytes = b"") -> bytes:
        done = _run(self.root, arguments, stdin)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            raise UsageError(f"git {arguments[0]}: {said or f'exit {done.returncode}'}")
        return done.stdout

    def _try(self, *arguments: str) -> bytes | None:
        done = _run(self.root, arguments, b"")
        return None if done.returncode else done.stdout


def find_repository(folder: Path) -> Repository | None:
    """The repository that the folder is in, or None where it is in none or there is no git."""
    try:
        done = _run(folder, ("rev-parse", "--show-toplevel"), b"")
    except (FileNotFoundError, NotADirectoryError):
        return None
    if done.returncode:
        return None
    root = Path(done.stdout.decode().strip())
    return Repository(root, folder.resolve().relative_to(root.resolve()).as_posix())


def _run(where: Path, arguments: Sequence[str], stdin: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *arguments], cwd=where, input=stdin, capture_output=True, check=False)  # noqa: S603, S607
