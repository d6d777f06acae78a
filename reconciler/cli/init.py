"""`init`: a repository to begin with: a desired state that plans in the sandbox, and the workflows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from reconciler.errors import UsageError

ACTION = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", re.ASCII)
IGNORED = "# what the program leaves behind: the embedded 4me, logs, plans\n.reconciler/\nplans/\n"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
@click.option("--action", metavar="OWNER/NAME@COMMIT", help="Add the workflows, which run this program from there.")
def init(folder: Path, action: str | None) -> None:
    """Put a desired state to begin with into a FOLDER, and the workflows for GitHub.

    Overwrites nothing; where there is a desired state already, only the workflows are added.
    """
    if action is not None and not ACTION.fullmatch(action):
        raise UsageError(
            f"{action} is not OWNER/NAME@COMMIT: name the repository that this program comes from, and the commit to "
            "run, all 40 digits of it, so that nobody can move it"
        )
    begun = (folder / "desired-state").exists()
    texts = {**({} if begun else _starter()), **(_workflows(action) if action else {})}
    there = [name for name in texts if (folder / name).exists()] or (["desired-state"] if not texts else [])
    if there:
        raise UsageError(f"nothing was written, for there is already: {', '.join(there)}")
    ignores = (folder / ".gitignore").exists()

    for name, text in (texts if ignores else {**texts, ".gitignore": IGNORED}).items():
        _write(folder / name, text)
        click.echo(folder / name)
    click.echo(_next_steps(folder, action, ignores=ignores), err=True)


def _starter() -> Mapping[str, str]:
    """The desired state, by path."""
    return {f"desired-state/{name}": text for name, text in _read(files("reconciler.cli") / "starter")}


def _workflows(action: str) -> Mapping[str, str]:
    """Our own workflows, running the program from the action and not from the repository that they are in."""
    return {
        f".github/workflows/{name}": text.replace("uses: ./\n", f"uses: {action}\n")
        for name, text in _read(files("reconciler.github") / "templates")
    }


def _read(folder: Traversable) -> list[tuple[str, str]]:
    """The files that come with the program, by name."""
    return sorted((one.name, one.read_text(encoding="utf-8")) for one in folder.iterdir())


def _write(path: Path, text: str) -> None:
    """A new file; raises UsageError where there can't be one, or is one by now."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error.strerror}") from error


def _next_steps(folder: Path, action: str | None, *, ignores: bool) -> str:
    where = "" if folder == Path() else f"--dir {folder / 'desired-state'} "
    steps = [f"Next: reconciler {where}plan. Then read {folder / 'desired-state' / 'README.md'}."]
    if ignores:
        steps.append("Your .gitignore should have: .reconciler/ and plans/")
    if action is None:
        steps.append("For the workflows, run it again with --action OWNER/NAME@COMMIT.")
    return "\n".join(steps)
