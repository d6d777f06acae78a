"""The command `init`: creates a repository with a desired state for the sandbox, and the workflows."""

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
WORKFLOW_GROUP = re.compile(r"^  group: \w+", re.MULTILINE)  # of the workflow; the group of a job is a tenant's
IGNORED = "# files that the program writes: the embedded 4me, logs, plans\n.reconciler/\nplans/\n"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
@click.option("--action", metavar="OWNER/NAME@COMMIT", help="Add workflows that run the program from this commit.")
@click.option(
    "--parts",
    type=click.IntRange(1, 40),
    default=1,
    help="Split the tenants over this many workflows of each kind; each holds 256 tenants.",
)
def init(folder: Path, action: str | None, parts: int) -> None:
    """Create a desired state in FOLDER to start from, and with --action the workflows for GitHub.

    No file is overwritten. If FOLDER has a desired state already, only the workflows are added.
    """
    if action is not None and not ACTION.fullmatch(action):
        raise UsageError(
            f"{action} is not OWNER/NAME@COMMIT: name the repository of this program, and the commit to run by all its "
            "40 digits, because a tag or branch can be moved"
        )
    has_state = (folder / "desired-state").exists()
    texts = {**({} if has_state else _read_starter()), **(_make_workflows(action, parts) if action else {})}
    existing = [name for name in texts if (folder / name).exists()] or (["desired-state"] if not texts else [])
    if existing:
        raise UsageError(f"nothing was written, because these exist already: {', '.join(existing)}")
    ignores = (folder / ".gitignore").exists()

    for name, text in (texts if ignores else {**texts, ".gitignore": IGNORED}).items():
        _write(folder / name, text)
        click.echo(folder / name)
    click.echo(_next_steps(folder, action, ignores=ignores), err=True)


def _read_starter() -> Mapping[str, str]:
    """Reads the desired state to start from, by path."""
    return {f"desired-state/{name}": text for name, text in _read(files("reconciler.cli") / "starter")}


def _make_workflows(action: str, parts: int) -> Mapping[str, str]:
    """Makes the workflows, which run the program from the action and not from their own repository.

    Each part has workflows of its own, because the matrix of a run is limited to 256 jobs.
    """
    templates = _read(files("reconciler.github") / "templates")
    return {
        f".github/workflows/{name if part.number == 1 else name.replace('.yml', f'-{part.number}.yml')}": _set_part(
            part, text
        ).replace("uses: ./\n", f"uses: {action}\n")
        for part in (Part(number, parts) for number in range(1, parts + 1))
        for name, text in templates
    }


def _set_part(part: Part, text: str) -> str:
    """Returns the workflow for a part, with a name and a group of its own: it must not cancel runs of part 1."""
    text = text.replace("part: 1/1\n", f"part: {part}\n")
    if part.number == 1:
        return text
    text = WORKFLOW_NAME.sub(rf"\g<0> {part.number}", text, count=1)
    return WORKFLOW_GROUP.sub(rf"\g<0>-{part.number}", text, count=1)


def _read(folder: Traversable) -> list[tuple[str, str]]:
    """Reads the files of a folder of the program, by name."""
    return sorted((file.name, file.read_text(encoding="utf-8")) for file in folder.iterdir())


def _write(path: Path, text: str) -> None:
    """Writes a new file; raises UsageError if it exists or can't be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error.strerror}") from error


def _next_steps(folder: Path, action: str | None, *, ignores: bool) -> str:
    where = "" if folder == Path() else f"--dir {folder / 'desired-state'} "
    steps = [
        f"Next: read {folder / 'desired-state' / 'README.md'}, commit the files, and run `reconciler {where}plan`."
    ]
    if ignores:
        steps.append("Add these lines to your .gitignore: .reconciler/ and plans/")
    if action is None:
        steps.append("To add the workflows, run `reconciler init` again with --action OWNER/NAME@COMMIT.")
    return "\n".join(steps)
