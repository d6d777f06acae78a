"""Text → files of a desired-state folder, all of them or none. Knows nothing of what they say."""

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
    """Writes the files below the folder, which is made if it is not there; raises UsageError where one is in the way.

    They are written beside it first and then moved, so that half of them are never there.
    """
    if in_the_way := sorted(name for name in files if (folder / name).exists()):
        raise UsageError(
            f"{folder / in_the_way[0]} is there already, and is not overwritten: move it, or name another --dir"
        )
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
        raise UsageError(f"{folder} can't be written: {error.strerror}; nothing was") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def replace_files(files: Mapping[Path, tuple[bytes, bytes]]) -> None:
    """Each file's content as it was read, and as it should be: all are replaced, or none.

    Raises UsageError where one is not any more as it was read, or can't be written.
    """
    made: dict[Path, Path] = {}
    try:
        for path, (before, after) in files.items():
            if path.read_bytes() != before:
                raise UsageError(f"{path} was changed meanwhile: nothing was written; try again")
            made[path] = _write_beside(path, after)
        for path, new in made.items():
            new.replace(path)
    except OSError as error:
        raise UsageError(f"{error.filename} can't be written: {error.strerror}") from error
    finally:
        for new in made.values():
            new.unlink(missing_ok=True)


def _write_beside(path: Path, content: bytes) -> Path:
    """A file with the mode of the other, in its folder, ready to take its place; not named like one that is read."""
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
    """The whole folder in one step where it is new; else file by file, taken back if one can't be moved."""
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
