"""The `*.yaml` files of a desired-state folder, by name, from the working tree. Reads; judges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.errors import UsageError


def read_folder(folder: Path) -> Mapping[str, bytes]:
    """The content of every `*.yaml` below the folder, by its path from the folder's parent.

    Raises UsageError where there is no such folder, nothing in it, or a file that is a way out of it.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder: say where the desired state is with --dir")
    root = folder.resolve()
    paths = sorted(path for path in folder.rglob("*.yaml") if path.is_file())
    if not paths:
        raise UsageError(f"{folder} holds no *.yaml file")
    return {f"{folder.name or root.name}/{path.relative_to(folder).as_posix()}": _read(path, root) for path in paths}


def _read(path: Path, root: Path) -> bytes:
    if not path.resolve().is_relative_to(root):
        raise UsageError(f"{path} is a link that leaves the folder: put the file itself there")
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}") from error
