"""Reads and writes the files beside the desired state, most of them private (mode 0600)."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from reconciler.desired.git.process import run_git
from reconciler.errors import UsageError
from reconciler.private_store import find_private_fault
from reconciler.private_store import make_private_folder as make_folder
from reconciler.settings import Settings

KEY_FILE, KEY_BYTES = "fingerprint.key", 32
NEW_KEY = "delete this file, and the next run makes a key"


def write_private(path: Path, text: str) -> None:
    """Writes a file atomically, with mode 0600; raises UsageError if it can't be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error.strerror}") from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink()
        raise UsageError(f"{path} can't be written: {error.strerror}") from error


def append_text(path: Path, text: str) -> None:
    """Appends to a file that another program made; raises UsageError if it can't be written."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error.strerror}") from error


def make_private_folder(folder: Path) -> None:
    """Makes the private folder if it is missing; raises UsageError if it can't be made, or came with the repository."""
    try:
        make_folder(folder)
    except OSError as error:
        raise UsageError(f"the private folder {folder} can't be used: {error.strerror}") from error
    refuse_committed(folder)


def refuse_committed(folder: Path) -> None:
    """Raises UsageError if git tracks a file in the private folder: another person may have written it."""
    try:
        listed = run_git(folder.parent, ("--literal-pathspecs", "ls-files", "-z", "--", folder.name), b"")
    except OSError:
        return  # git is not installed, so it tracks nothing here
    tracked = listed.stdout.decode(errors="replace").split("\0")[0]
    if listed.returncode == 0 and tracked:
        raise UsageError(
            f"{tracked!r} is committed, so the private folder is not private: "
            f"run `git rm -r --cached {folder.name}`, delete the folder {folder}, and commit"
        )


def fingerprint_key(desired_state: Path, settings: Settings) -> bytes:
    """Returns the key of fingerprints, from its variable or a file in the private folder, made at its first use.

    Raises UsageError if the key is too short, or the file can't be used.
    """
    if given := settings.fingerprint_key():
        if len(given) < KEY_BYTES:
            raise UsageError(
                f"RECONCILER_FINGERPRINT_KEY is too short for a key: give it {KEY_BYTES} random characters or more"
            )
        return given
    path = settings.private_folder(desired_state) / KEY_FILE
    make_private_folder(path.parent)
    try:
        with suppress(FileExistsError):
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_hex(KEY_BYTES).encode())
        if fault := find_private_fault(path):
            raise UsageError(f"{path} is not believed as the key of fingerprints: {fault}; {NEW_KEY}")
        key = path.read_bytes().strip()
    except OSError as error:
        raise UsageError(f"{path} can't be used: {error.strerror}") from error
    if len(key) < KEY_BYTES:
        raise UsageError(f"{path} holds no key of fingerprints: {NEW_KEY}")
    return key


def read_text(path: Path) -> str:
    """Reads a file as UTF-8; raises UsageError if it can't be read or is not text."""
    try:
        return path.read_bytes().decode()
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} can't be read: it is not UTF-8 text") from error
