"""The command `init`: creates a repository with a desired state for the sandbox, and the workflows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.errors import ReconcilerError, UsageError

if TYPE_CHECKING:
    from reconciler.desired.git.default_branch import DefaultBranch
    from reconciler.pipeline.workspace import Workspace

ACTION = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", re.ASCII)
IGNORED = (".reconciler/", "plans/")
GITIGNORE = "\n".join(("# files that the program writes: the embedded 4me, logs, plans", *IGNORED, ""))


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
@click.option("--action", metavar="OWNER/NAME@COMMIT", help="Add workflows that run the program from this commit.")
@click.option(
    "--branch",
    metavar="NAME",
    help="The branch whose pushes the workflows apply. By default it is the default branch of the remote, else the "
    "branch that is checked out.",
)
@click.option(
    "--parts",
    type=click.IntRange(1, 40),
    default=1,
    help="Split the tenants over this many workflows of each kind; each holds 256 tenants.",
)
@click.pass_obj
def init(workspace: Workspace, folder: Path, action: str | None, branch: str | None, parts: int) -> None:
    """Create a desired state in FOLDER to start from, and with --action the workflows for GitHub.

    No file is overwritten. If FOLDER has a desired state already, only the workflows are added.
    """
    if action is not None and not ACTION.fullmatch(action):
        raise UsageError(
            f"{action} is not OWNER/NAME@COMMIT: name the repository of this program, and the commit to run by all its "
            "40 digits, because a tag or branch can be moved"
        )
    has_state = (folder / "desired-state").exists()
    if has_state and action is None:
        raise UsageError("nothing was written, because these exist already: desired-state")
    chosen = _choose_branch(folder, branch)
    texts = {} if has_state else _read_starter(chosen.name)
    texts |= _make_workflows(action, chosen.name, parts) if action else {}
    if existing := [name for name in texts if (folder / name).exists()]:
        raise UsageError(f"nothing was written, because these exist already: {', '.join(existing)}")
    unignored = _find_unignored(folder / ".gitignore")

    for name, text in ({**texts, ".gitignore": GITIGNORE} if unignored is None else texts).items():
        _write(folder / name, text)
        click.echo(folder / name)
    click.echo(_next_steps(folder, has_state=has_state, unignored=unignored or []), err=True)
    if action is None:
        click.echo("To add the workflows, run `reconciler init` again with --action OWNER/NAME@COMMIT.", err=True)
    else:
        click.echo(_describe_setup(replace(workspace, folder=folder / "desired-state"), chosen, parts), err=True)


def _choose_branch(folder: Path, named: str | None) -> DefaultBranch:
    """Returns the named branch, else the repository's default branch; raises UsageError if it can't be a branch."""
    from reconciler.core.declarations.branch_name import find_branch_fault
    from reconciler.desired.git.default_branch import NAME_IT, DefaultBranch, find_default_branch

    chosen = find_default_branch(folder) if named is None else DefaultBranch(named, "named by --branch")
    fault = find_branch_fault(chosen.name)
    if fault is None and not chosen.name.isprintable():
        fault = "has a character that can't be shown"
    if fault is None and (chosen.name.startswith("-") or chosen.name in {"HEAD", "@"}):
        fault = "has a meaning of its own for git"
    if fault is not None:
        raise UsageError(f'"{chosen.name}" ({chosen.reason}) can\'t be the branch, because it {fault}: {NAME_IT}')
    return chosen


def _read_starter(branch: str) -> dict[str, str]:
    """Reads the desired state to start from, by path, with the name of the branch to protect."""
    from reconciler.report.format.quote import code

    starter = (files("reconciler.cli") / "starter").iterdir()
    texts = {file.name: file.read_text(encoding="utf-8") for file in sorted(starter, key=lambda file: file.name)}
    return {f"desired-state/{name}": text.replace("`main`", code(branch)) for name, text in texts.items()}


def _make_workflows(action: str, branch: str, parts: int) -> Mapping[str, str]:
    from reconciler.github.workflow_files import make_workflows

    return make_workflows(action, branch, parts)


def _find_unignored(file: Path) -> list[str] | None:
    """Returns the patterns that a .gitignore lacks; None if there is no such file."""
    try:
        lines = {line.strip().strip("/") for line in file.read_text(encoding="utf-8", errors="replace").splitlines()}
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UsageError(f"{file} can't be read: {error.strerror}") from error
    return [pattern for pattern in IGNORED if pattern.strip("/") not in lines]


def _write(path: Path, text: str) -> None:
    """Writes a new file; raises UsageError if it exists or can't be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error.strerror}") from error


def _next_steps(folder: Path, *, has_state: bool, unignored: list[str]) -> str:
    where = "" if folder == Path() else f"--dir {folder / 'desired-state'} "
    read = "" if has_state else f"read {folder / 'desired-state' / 'README.md'}, "
    steps = [f"Next: {read}commit the files, and run `reconciler {where}plan`."]
    if unignored:
        steps.append(f"Add these lines to your .gitignore: {' and '.join(unignored)}")
    return "\n".join(steps)


def _describe_setup(workspace: Workspace, chosen: DefaultBranch, parts: int) -> str:
    """Returns the branch with its reason, and what to set up at GitHub for the tenants that are declared."""
    from reconciler.core.model.amounts import count
    from reconciler.desired.git.repository import find_repository
    from reconciler.pipeline.desired.current_state import load_folder
    from reconciler.report.format.quote import plain, plain_line
    from reconciler.report.setup_guide import render_setup

    taken = f"The workflows apply what is pushed to `{plain(chosen.name)}`: {plain_line(chosen.reason)}."
    branch = f"{taken} For another one, remove the workflows, and run `init` again with --branch NAME."
    try:
        loaded = load_folder(workspace, find_repository(workspace.folder))
    except ReconcilerError as error:
        reason = plain_line(str(error))
        return f"{branch}\nThe environments can't be listed, because the desired state can't be read: {reason}"
    errors = sum(problem.severity == "error" for problem in loaded.problems)
    found = count(errors, "problem")
    lacks = f"The desired state has {found}, so tenants may be missing below: `reconciler validate` lists them.\n"
    return f"{branch}\n{lacks * bool(errors)}{render_setup(loaded.declarations, chosen.name, parts)}"
