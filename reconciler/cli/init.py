"""`init`: a repository to begin with: a desired state that plans in the sandbox, and the workflows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from reconciler.core.model.shards import Part
from reconciler.errors import UsageError

ACTION = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", re.ASCII)
WORKFLOW_NAME = re.compile(r"^name: \w+", re.MULTILINE)
WORKFLOW_GROUP = re.compile(r"^  group: \w+", re.MULTILINE)  # of the whole workflow; that of a job is a tenant's
IGNORED = "# what the program leaves behind: the embedded 4me, logs, plans\n.reconciler/\nplans/\n"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
@click.option("--action", metavar="OWNER/NAME@COMMIT", help="Add the workflows, which run this program from there.")
@click.option(
    "--parts",
    type=click.IntRange(1, 40),
    default=1,
    help="Into how many workflows of a kind tenants are parted; one holds 256 of them.",
)
def init(folder: Path, action: str | None, parts: int) -> None:
    """Put a desired state to begin with into a FOLDER, and the workflows for GitHub.

    Overwrites nothing; where there is a desired state already, only the workflows are added.
    """
    if action is not None and not ACTION.fullmatch(action):
        raise UsageError(
            f"{action} is not OWNER/NAME@COMMIT: name the repository that this program comes from, and the commit to "
            "run, all 40 digits of it, so that nobody can move it"
        )
    begun = (folder / "desired-state").exists()
    texts = {**({} if begun else _starter()), **(_workflows(action, parts) if action else {})}
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


def _workflows(action: str, parts: int) -> Mapping[str, str]:
    """Our own workflows, running the program from the action and not from the repository that they are in.

    Of several parts, each has workflows of its own, for it is a run whose matrix has at most so many jobs.
    """
    templates = _read(files("reconciler.github") / "templates")
    return {
        f".github/workflows/{name if part.number == 1 else name.replace('.yml', f'-{part.number}.yml')}": _write_for(
            part, text
        ).replace("uses: ./\n", f"uses: {action}\n")
        for part in (Part(number, parts) for number in range(1, parts + 1))
        for name, text in templates
    }


def _write_for(part: Part, text: str) -> str:
    """A workflow for one part. One of another name has other runs, and must not cancel those of the first."""
    text = text.replace("part: 1/1\n", f"part: {part}\n")
    if part.number == 1:
        return text
    text = WORKFLOW_NAME.sub(rf"\g<0> {part.number}", text, count=1)
    return WORKFLOW_GROUP.sub(rf"\g<0>-{part.number}", text, count=1)


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
