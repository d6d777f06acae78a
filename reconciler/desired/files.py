"""The `*.yaml` files of a desired-state folder, by name, from the working tree. Reads; judges nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from reconciler.desired.yaml_reader import MAX_FILE_BYTES
from reconciler.errors import UsageError


def read_folder(folder: Path, label: str | None = None) -> Mapping[str, bytes]:
    """The content of every `*.yaml` below the folder, by name: the label (else its own name) and the path below it.

    Raises UsageError where there is no such folder, nothing in it, a link, or a file that looks as if it should be read
    and would not be: what is silently left out looks like people who left.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder: say where the desired state is with --dir")
    misnamed = sorted(
        path for path in folder.rglob("*") if path.suffix.lower() in {".yml", ".yaml"} and not _is_read(path)
    )
    if misnamed:
        raise UsageError(f"{misnamed[0]} would not be read: name it {misnamed[0].stem}.yaml")
    links = sorted(path for path in folder.rglob("*") if path.is_symlink())
    if links:
        raise UsageError(f"{links[0]} is a link: put the file itself there")
    nested = sorted(path for path in folder.rglob(".git") if path.parent != folder)
    if nested:
        raise UsageError(f"{nested[0].parent} is a repository of its own, whose history is not this one's: move it out")
    paths = find_files(folder, label)
    if not paths:
        raise UsageError(f"{folder} holds no *.yaml file")
    return {name: _read(path) for name, path in paths.items()}


def find_files(folder: Path, label: str | None = None) -> Mapping[str, Path]:
    """Every `*.yaml` below the folder, by the name that messages call it."""
    label = folder.resolve().name if label is None else label
    paths = sorted(path for path in folder.rglob("*.yaml") if path.is_file())
    return {name_file(label, path.relative_to(folder).as_posix()): path for path in paths}


def name_file(label: str, below: str) -> str:
    """What messages and changes call a file: its path in the repository, where there is one; any bytes, readably."""
    name = os.fsencode(below).decode("utf-8", "backslashreplace")
    return name if label in {"", "."} else f"{label}/{name}"


def _is_read(path: Path) -> bool:
    return path.suffix == ".yaml" or not path.is_file()


def _read(path: Path) -> bytes:
    """The content; of a file that is too large to be read no more than it takes to tell."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}") from error
