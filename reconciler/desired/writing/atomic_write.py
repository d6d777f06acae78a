"""Text → files of a desired-state folder: writes all of them or none. Knows nothing of their content."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from reconciler.errors import UsageError

READABLE_FOLDER = 0o755


def place_new(folder: Path, files: Mapping[str, str]) -> None:
    """Writes new files below the folder, which is made if needed. Raises UsageError if one exists or can't be written.

    Writes them beside the folder first and then moves them, so that a failure leaves none.
    """
    if existing := sorted(name for name in files if (folder / name).exists()):
        raise UsageError(f"{folder / existing[0]} exists and is not overwritten: move it, or name another --dir")
    try:
        folder.resolve().parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=folder.resolve().parent, prefix=f".{folder.resolve().name}."))
    except OSError as error:
        raise UsageError(f"{folder} can't be written: {error.strerror}") from error
    try:
        for name, text in files.items():
            _write(made / name, text)
        _move(made, folder, list(files))
    except OSError as error:
        raise UsageError(f"{folder} can't be written: {error.strerror}; no file was written") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def replace_files(files: Mapping[Path, tuple[bytes, bytes]]) -> None:
    """Replaces the content of each file, given as (content as read, new content): all files, or none.

    Raises UsageError if a file changed since it was read, or can't be written.
    """
    made: dict[Path, Path] = {}
    replaced: list[Path] = []
    try:
        for path, (before, after) in files.items():
            if path.read_bytes() != before:
                raise UsageError(f"{path} was changed since it was read: nothing was written; try again")
            made[path] = _write_beside(path, after)
        for path, new in made.items():
            new.replace(path)
            replaced.append(path)
    except OSError as error:
        for path in replaced:
            _write_beside(path, files[path][0]).replace(path)
        raise UsageError(f"{error.filename} can't be written: {error.strerror}") from error
    finally:
        for new in made.values():
            new.unlink(missing_ok=True)


def _write_beside(path: Path, content: bytes) -> Path:
    """Writes the content to a new file in the same folder, with the same mode; its name does not end in `.yaml`."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    made = Path(name)
    made.chmod(stat.S_IMODE(path.stat().st_mode))
    return made


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _move(made: Path, folder: Path, names: list[str]) -> None:
    """Moves a new folder in one step; into an existing one, file by file, and removes them if one can't be moved."""
    if not folder.exists():
        made.chmod(READABLE_FOLDER)
        made.rename(folder)
        return
    moved: list[Path] = []
    try:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).rename(folder / name)
            moved.append(folder / name)
    except OSError:
        for path in moved:
            path.unlink()
        raise
