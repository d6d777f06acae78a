"""The `*.yaml` files of a desired-state folder in the working tree, by name. Reads files, not what they declare."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.desired.git.tree import in_order, is_misnamed, make_problem, misnamed, readable
from reconciler.desired.yaml.syntax_problems import MAX_FILE_BYTES
from reconciler.errors import IncompleteInput, Problem, UsageError


@dataclass(slots=True)
class FoundFiles:
    """The files below a folder, by name; `problems` has what must not be there, `hidden` what can't be listed."""

    paths: dict[str, Path] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    hidden: list[Problem] = field(default_factory=list)


def read_folder(folder: Path, label: str | None = None) -> Mapping[str, bytes]:
    """Reads every `*.yaml` below the folder, by name: the label (else the folder's name) and the path below it.

    Raises UsageError if the folder does not exist or has no `*.yaml`, and IncompleteInput with all problems: links,
    repositories, unreadable files, and files with the wrong ending.
    """
    check_folder(folder)
    found = list_folder(folder, label)
    contents, unread = read_files(found.paths)
    problems = in_order((*found.problems, *found.hidden, *unread))
    if problems:
        raise IncompleteInput(problems, len(contents), len(found.paths))
    if not contents:
        raise UsageError(f"{folder} holds no *.yaml file: name the folder of the desired state with --dir")
    return contents


def check_folder(folder: Path) -> None:
    """Raises UsageError if the folder does not exist."""
    if not folder.is_dir():
        raise UsageError(
            f"{folder} is not a folder: name the folder of the desired state with --dir, "
            "or make one with `reconciler init`"
        )


def find_files(folder: Path, label: str | None = None) -> Mapping[str, Path]:
    """Returns every `*.yaml` below the folder, by the name that messages have."""
    return list_folder(folder, label).paths


def list_folder(folder: Path, label: str | None = None) -> FoundFiles:
    """Lists everything below the folder, at any depth; follows no link."""
    label = folder.resolve().name if label is None else label
    found = FoundFiles()
    for path, entry in sorted(_walk(folder, label, found), key=lambda one: os.fsencode(one[0])):
        _sort_in(found, name_file(label, path), entry)
    return found


def read_files(paths: Mapping[str, Path]) -> tuple[dict[str, bytes], list[Problem]]:
    """Returns the contents of the files that can be read, and a problem for each that can't."""
    contents: dict[str, bytes] = {}
    problems: list[Problem] = []
    for name, path in paths.items():
        try:
            contents[name] = _read(path)
        except OSError as error:
            problems.append(_unreadable(name, error))
    return contents, problems


def name_file(label: str, below: str) -> str:
    """Returns the name of a file in messages and changes: the label and the path below it, as readable text."""
    name = readable(os.fsencode(below))
    return name if label in {"", "."} else f"{label}/{name}"


def _walk(folder: Path, label: str, found: FoundFiles) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yields every entry but folders, with its path below `folder`, whose own `.git` is left out."""
    waiting = [""]
    while waiting:
        below = waiting.pop()
        try:
            with os.scandir(folder / below) as listing:
                entries = list(listing)
        except OSError as error:
            found.hidden.append(_unreadable(name_file(label, below.removesuffix("/")), error))
            continue
        for entry in entries:
            path = below + entry.name
            if entry.name != ".git" and entry.is_dir(follow_symlinks=False):
                waiting.append(path + "/")
            elif path != ".git":
                yield path, entry


def _sort_in(found: FoundFiles, name: str, entry: os.DirEntry[str]) -> None:
    if entry.name == ".git":
        message = "this is another git repository, with its own history"
        found.problems.append(make_problem(name.removesuffix("/.git"), message, "move it out of the folder"))
    elif entry.is_symlink():
        found.problems.append(make_problem(name, "this is a link", "put the file itself there"))
    elif is_misnamed(name):
        found.problems.append(misnamed(name))
    elif entry.name.endswith(".yaml") and not entry.is_file(follow_symlinks=False):
        found.problems.append(make_problem(name, "this is neither a file nor a folder", "put a file there"))
    elif entry.name.endswith(".yaml") and name in found.paths:
        found.problems.append(make_problem(name, "two files have names that look the same", "rename one of them"))
    elif entry.name.endswith(".yaml"):
        found.paths[name] = Path(entry.path)


def _unreadable(name: str, error: OSError) -> Problem:
    hint = "make it readable: users in a skipped file would look like leavers"
    return make_problem(name, f"this can't be read: {error.strerror}", hint)


def _read(path: Path) -> bytes:
    """Returns the content; of a file that is too large, one byte more than the limit.

    Follows no link and waits for no pipe that replaced the file since it was listed.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no longer a file")
        return file.read(MAX_FILE_BYTES + 1)
