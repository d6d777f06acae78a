"""The command `github merge-group`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.github.side import Side
from reconciler.cli.output import print_result
from reconciler.pipeline.pull_requests.comments import summarise
from reconciler.pipeline.pull_requests.merge_group import GroupFiles, check_merge_group
from reconciler.report.pull_requests.merge_group import render_merge_group

APPROVED, REFUSED = 0, 4


@click.command("merge-group")
@click.argument("file", metavar="PLANFILE", type=click.Path(path_type=Path))
@click.option(
    "--workflow", metavar="NAME", default="plan.yml", show_default=True, help="The workflow file that makes the plans."
)
@click.option(
    "--said",
    "stderr",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The stderr of `plan`, shown if `plan` wrote no file.",
)
@click.pass_obj
def merge_group(side: Side, file: Path, *, workflow: str, stderr: Path | None) -> int:
    """Check that approved plans show all that merging a group of a merge queue would change.

    PLANFILE is the plan of the group's head, which must be checked out. The check names each effect that no plan of a
    pull request shows, and whose pull request brought it. The exit code is then 4, and also if the plan can't be
    applied. The record of applies must have been fetched.
    """
    with side.connect() as client:
        check = check_merge_group(side.workspace, client, GroupFiles(file, stderr, workflow))
    text = render_merge_group(check)
    print_result(text)
    summarise(side.workspace.settings.job(), text)
    return APPROVED if check.approved else REFUSED
