"""Where the desired-state folder stood at an earlier commit, if it was moved since. Asks git; reads no YAML."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable

from reconciler.desired.git.repository import Repository


def find_folder_at(repository: Repository, commit: str) -> str:
    """The folder's path at a commit: its own, unless nothing was there yet and its files came from another."""
    there = () if repository.folder == "." else ("--", f"{repository.folder}/")
    listing = ("ls-tree", "-r", "-z", "--full-tree", "--name-only")
    if b".yaml\0" in repository.ask("--literal-pathspecs", *listing, commit, *there):
        return repository.folder
    compared = ("diff", "--no-ext-diff", "--no-textconv", "--name-status", "-z", "--find-renames", "--diff-filter=R")
    listed = repository.ask(*compared, commit, "HEAD")
    names = listed.split(b"\0")[:-1]
    renames = zip(names[1::3], names[2::3], strict=True)
    came_from = Counter(_folders(renames, os.fsencode(repository.folder)))
    return os.fsdecode(came_from.most_common(1)[0][0]) if came_from else repository.folder


def _folders(renames: Iterable[tuple[bytes, bytes]], folder: bytes) -> Iterable[bytes]:
    """The folder that each file below the folder came from, where it kept its path below it."""
    prefix = b"" if folder == b"." else folder + b"/"
    for before, after in renames:
        below = after.removeprefix(prefix)
        if not (after.startswith(prefix) and after.endswith(b".yaml")):
            continue
        if before == below:
            yield b"."
        elif before.endswith(b"/" + below):
            yield before.removesuffix(b"/" + below)
