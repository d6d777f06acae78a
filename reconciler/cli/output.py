"""Where results go: stdout, or a private file written whole or not at all; colour on a terminal only."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import click

from reconciler.errors import UsageError
from reconciler.settings import wants_colour

COLOURS = {"+": "green", "-": "red", "~": "yellow", "!": "bold red", "?": "magenta"}


def print_result(text: str) -> None:
    """A rendered result on stdout, coloured by the sign a line starts with where a person is looking."""
    if not (sys.stdout.isatty() and wants_colour()):
        click.echo(text, nl=False)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True, highlight=False)
    for line in text.splitlines():
        sign = line.lstrip()[:1]
        console.print(Text(line, style=COLOURS.get(sign, "") if line.startswith(("  ", "! ", "? ")) else ""))


def write_private(path: Path, text: str) -> None:
    """Writes the file with mode 0600, whole or not at all; raises UsageError where that can't be."""
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
    """Adds to the end of a file that somebody else made; raises UsageError where that can't be."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error.strerror}") from error


def make_private_folder(folder: Path) -> None:
    """The folder, which git is told to leave out, where it is missing; raises UsageError where it can't be made."""
    if folder.is_dir():
        return
    try:
        folder.mkdir(parents=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} can't be made: {error.strerror}") from error


def read_text(path: Path) -> str:
    """The file's text; raises UsageError where it is none."""
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} can't be read: {error}") from error
