"""The command `validate`: reports every problem in the YAML, for every tenant; no network, no credentials."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from reconciler.cli.plan import as_of_option
from reconciler.core.model.amounts import count
from reconciler.pipeline.workspace import Workspace

if TYPE_CHECKING:
    from reconciler.report.problems import ProblemFormat

FORMATS = click.Choice(["text", "json", "github", "sarif"])
VALID, INVALID, INCOMPLETE = 0, 1, 2


@click.command()
@as_of_option
@click.option("--format", "form", type=FORMATS, default="text", show_default=True)
@click.pass_obj
def validate(workspace: Workspace, as_of: date | None, form: ProblemFormat) -> int:
    """Report all problems in the YAML at once, each with its file, its line and what to do. Needs no network."""
    from reconciler.cli.output import print_result
    from reconciler.desired.git.checkout import read_desired_files
    from reconciler.desired.git.repository import find_repository
    from reconciler.errors import IncompleteInput
    from reconciler.pipeline.desired.check import check_files
    from reconciler.report.problems import render_collapsed

    files = read_desired_files(workspace.folder, find_repository(workspace.folder))
    try:
        problems, summary, code = *check_files(workspace, as_of, files), INVALID
    except IncompleteInput as error:
        problems, summary, code = list(error.problems), "the desired state; some of its files can't be read", INCOMPLETE
    print_result(render_collapsed(problems, form))
    errors = sum(problem.severity == "error" for problem in problems)
    verdict = f"{count(errors, 'problem')} in {summary}" if errors else f"Valid: {summary}"
    conclusion = f"{verdict}\n{files.sentence}"
    if form == "text":
        click.echo(conclusion)
    else:
        workspace.log(conclusion)
    return code if errors else VALID
