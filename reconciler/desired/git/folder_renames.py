"""The path of the desired-state folder at an earlier commit, if it was moved since. Runs git; reads no YAML."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable

from reconciler.desired.git.repository import Repository


def find_folder_at(repository: Repository, commit: str) -> str:
    """Returns the folder's path at a commit: the current path, unless it was empty then and its files were moved."""
    below = () if repository.folder == "." else ("--", f"{repository.folder}/")
    listing = ("ls-tree", "-r", "-z", "--full-tree", "--name-only")
    if b".yaml\0" in repository.ask("--literal-pathspecs", *listing, commit, *below):
        return repository.folder
    compared = ("diff", "--no-ext-diff", "--no-textconv", "--name-status", "-z", "--find-renames", "--diff-filter=R")
    listed = repository.ask(*compared, commit, "HEAD")
    names = listed.split(b"\0")[:-1]
    renames = zip(names[1::3], names[2::3], strict=True)
    previous = Counter(_list_previous_folders(renames, os.fsencode(repository.folder)))
    return os.fsdecode(previous.most_common(1)[0][0]) if previous else repository.folder


def _list_previous_folders(renames: Iterable[tuple[bytes, bytes]], folder: bytes) -> Iterable[bytes]:
    """Yields the previous folder of each moved file that kept its path below the folder."""
    prefix = b"" if folder == b"." else folder + b"/"
    for before, after in renames:
        below = after.removeprefix(prefix)
        if not (after.startswith(prefix) and after.endswith(b".yaml")):
            continue
        if before == below:
            yield b"."
        elif before.endswith(b"/" + below):
            yield before.removesuffix(b"/" + below)
