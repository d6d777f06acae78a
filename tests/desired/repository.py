"""A real git repository to try things in."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.desired.git.repository import Repository, find_repository


@dataclass(frozen=True)
class Clone:
    """A repository in a temporary folder, whose desired state is in `folder`."""

    root: Path
    folder: str = "desired-state"

    def git(self, *arguments: str, stdin: bytes = b"") -> str:
        """What git says; it must succeed."""
        who = ("-c", "user.name=Ann Lee", "-c", "user.email=ann@example.com", "-c", "commit.gpgsign=false")
        done = subprocess.run(["git", *who, *arguments], cwd=self.root, input=stdin, capture_output=True, check=True)  # noqa: S603, S607
        return done.stdout.decode().strip()

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Files by their path in the repository."""
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: Mapping[str, str | bytes] | None = None) -> str:
        """Everything that is there is committed; an empty commit where nothing changed."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "any")
        return self.git("rev-parse", "HEAD")

    def found(self) -> Repository:
        """As the program finds it, from the desired-state folder."""
        repository = find_repository(self.root / self.folder)
        assert repository is not None
        return repository


def make_clone(root: Path, folder: str = "desired-state") -> Clone:
    """A new repository with an empty desired-state folder."""
    (root / folder).mkdir(parents=True, exist_ok=True)
    clone = Clone(root, folder)
    clone.git("init", "--quiet", "--initial-branch=main")
    return clone
