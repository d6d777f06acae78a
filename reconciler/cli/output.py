"""Prints results on stdout, coloured on a terminal only, and notes on stderr."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from reconciler.cli.progress import show_progress
from reconciler.pipeline.progress import hide_progress
from reconciler.pipeline.workspace import Workspace, drop
from reconciler.settings import read_settings, wants_colour

COLOURS = {"+": "green", "-": "red", "~": "yellow", "!": "bold red", "?": "magenta"}


def make_workspace(folder: Path, tenant: str | None, *, quiet: bool) -> Workspace:
    """Returns the workspace of a command, which reports on stderr; a quiet workspace reports only warnings."""
    if quiet:
        return Workspace(folder, tenant, read_settings(), log=drop, warn=print_note, progress=hide_progress)
    return Workspace(folder, tenant, read_settings(), log=print_note, warn=print_note, progress=show_progress)


def print_note(text: str) -> None:
    """Prints a note on stderr, line by line; no value from a service in it commands a terminal or a workflow."""
    from reconciler.report.format.quote import plain_line

    click.echo("\n".join(map(plain_line, text.split("\n"))), err=True)


def print_result(text: str) -> None:
    """Prints a rendered result on stdout; on a terminal, colours each line by its first sign.

    On a terminal, control characters are escaped in every format; in JSON the escaped text means the same.
    """
    from reconciler.report.format.quote import visible_line

    if sys.stdout.isatty():
        text = "\n".join(map(visible_line, text.split("\n")))
    if not (sys.stdout.isatty() and wants_colour()):
        click.echo(text, nl=False)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True, highlight=False)
    for line in text.splitlines():
        sign = line.lstrip()[:1]
        console.print(Text(line, style=COLOURS.get(sign, "") if line.startswith(("  ", "! ", "? ")) else ""))
