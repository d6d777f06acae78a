"""The command `fmt`: writes the YAML of the desired state in canonical form; no network, no credentials."""

from __future__ import annotations

import click

from reconciler.pipeline.workspace import Workspace

DONE, FAILED, DIFFERENT = 0, 1, 3


@click.command()
@click.option("--check", "checks", is_flag=True, help="Write nothing; exit with 3 if a file would change.")
@click.pass_obj
def fmt(workspace: Workspace, *, checks: bool) -> int:
    """Write every file of the desired state in canonical form, and print the names of the changed files.

    Comments, anchors and empty lines stay, and each file declares the same as before. A file that would lose a part of
    its text is not written: the line is printed, and the exit code is 1.
    """
    from reconciler.core.model.amounts import count
    from reconciler.desired.git.files import find_files, read_folder
    from reconciler.desired.git.repository import find_repository
    from reconciler.desired.writing.atomic_write import replace_files
    from reconciler.desired.writing.formatting import format_files
    from reconciler.report.format.quote import plain_line
    from reconciler.report.problems import render_problems

    repository = find_repository(workspace.folder)
    label = repository.folder if repository else None
    contents = read_folder(workspace.folder, label)
    formatted = format_files(contents)

    if not checks:
        paths = find_files(workspace.folder, label)
        replace_files({paths[file]: (contents[file], content) for file, content in formatted.files.items()})
    click.echo("".join(f"{plain_line(file)}\n" for file in formatted.files), nl=False)
    if formatted.problems:
        click.echo(render_problems(formatted.problems, "text"), nl=False, err=True)
    verb = "would change" if checks else "changed"
    workspace.log(f"{len(formatted.files)} of {count(len(contents), 'file')} {verb}")
    if formatted.problems:
        return FAILED
    return DIFFERENT if checks and formatted.files else DONE
