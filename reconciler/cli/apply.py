"""The command `apply`: reads the options, asks for confirmation, and prints the outcome."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from reconciler.cli.output import print_result
from reconciler.cli.plan import (
    FORMATS,
    as_of_option,
    base_option,
    dependencies_option,
    only_option,
    read_option,
    record_option,
)
from reconciler.cli.streams import Unprintable, silence_stdout
from reconciler.core.changes.notification import RunResult
from reconciler.core.changes.outcome import Run
from reconciler.core.changes.plan import Plan
from reconciler.core.targeting.reading import ReadMode, ReadRequest
from reconciler.errors import UsageError
from reconciler.pipeline.apply.approvals import load_approved
from reconciler.pipeline.apply.approvals_folder import load_approvals_folder
from reconciler.pipeline.apply.begun_apply import refuse_disabled
from reconciler.pipeline.apply.request import ApplyRequest, ApplyResult
from reconciler.pipeline.apply.run import apply_state
from reconciler.pipeline.desired.current_state import load_current_state
from reconciler.pipeline.notifications import run_and_notify
from reconciler.pipeline.record.tenant_record import RecordMode
from reconciler.pipeline.workspace import Workspace
from reconciler.report.render import Format, render_run

DONE, FAILED, REFUSED = 0, 1, 4
LONGEST_WAIT = 3_600


approvals_option = click.option(
    "--approvals",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="The approvals of a merge, which `github approved-plans` gathered into FOLDER.",
)


def refuse_both(files: Sequence[Path], approvals: Path | None) -> None:
    """Raises UsageError if plan files and approvals of a merge are given together."""
    if files and approvals is not None:
        raise UsageError("FILE and --approvals exclude each other: give the plan files, or the folder of a merge")


class Seconds(click.ParamType[int]):
    """A duration of at most an hour: 60s, 5m, or 0."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Returns the seconds; raises click's usage error if the value is no such duration."""
        match = re.fullmatch(r"0|([0-9]{1,5})([sm])", str(value))
        seconds = int(match[1] or 0) * (60 if match[2] == "m" else 1) if match else None
        if seconds is None or seconds > LONGEST_WAIT:
            self.fail(f"{value!r} is not a duration of at most an hour, like 60s, 5m or 0", param, ctx)
        return seconds


@click.command()
@click.argument("files", metavar="[FILE]...", type=click.Path(path_type=Path), nargs=-1)
@approvals_option
@base_option
@as_of_option
@click.option(
    "--yes", is_flag=True, help="Apply without asking. Without it, FILE or FOLDER, the plan must be confirmed."
)
@click.option(
    "--all-or-nothing", is_flag=True, help="With FILE or FOLDER: refuse everything if a change is not approved."
)
@click.option(
    "--max-duration",
    type=click.IntRange(min=1),
    metavar="SECONDS",
    help="Read the account within SECONDS, and start no new change afterwards.",
)
@click.option(
    "--wait-for-people",
    type=Seconds(),
    default="60s",
    show_default=True,
    metavar="TIME",
    help="With roles over REST: how long to wait for 4me to link people to new users (60s, 5m; 0: don't wait).",
)
@click.option("--format", "form", type=FORMATS, default="text", show_default=True)
@only_option
@dependencies_option
@read_option
@record_option
@click.pass_obj
def apply(
    workspace: Workspace,
    files: tuple[Path, ...],
    approvals: Path | None,
    base: str | None,
    as_of: date | None,
    *,
    read: ReadMode,
    only: tuple[str, ...],
    with_dependencies: bool,
    yes: bool,
    all_or_nothing: bool,
    max_duration: int | None,
    wait_for_people: int,
    record: RecordMode,
    form: Format,
) -> int:
    """Plan again, and send the changes. With FILE, send only the effects that one of these plan files shows.

    With --approvals, send only the effects that the plans of merged pull requests show, and those that earlier applies
    left open.
    """
    refuse_both(files, approvals)
    current = load_current_state(workspace, as_of)
    unprinted: list[Unprintable] = []
    request = ApplyRequest(
        base=base,
        read_request=ReadRequest(read, only, with_dependencies, base is not None),
        confirm=None if yes or files or approvals else _confirm,
        report=lambda done: _print(done, form, unprinted),
        all_or_nothing=all_or_nothing,
        max_duration=max_duration,
        wait_for_people=wait_for_people,
        record=record,
    )

    def run() -> tuple[ApplyResult, RunResult]:
        refuse_disabled(current)
        folder = load_approvals_folder(approvals) if approvals else None
        result = apply_state(current, replace(request, approved=load_approved(files), approvals=folder))
        return result, result.as_run_result(current)

    code = apply_exit_code(run_and_notify(current, "apply", run))
    if unprinted:
        raise unprinted[0]
    return code


def _print(done: Run, form: Format, unprinted: list[Unprintable]) -> None:
    """Prints the outcome; an output that fails is kept in `unprinted`, because the notifications come first."""
    try:
        print_result(render_run(done, form))
    except BrokenPipeError:
        silence_stdout()  # the reader has closed the pipe, and the apply is complete without it
    except Unprintable as error:
        unprinted.append(error)


def apply_exit_code(result: ApplyResult) -> int:
    """Returns 4 if a change was refused; else 1 if something was left undone or not pushed; else 0."""
    if result.refused:
        return REFUSED
    return DONE if result.settled and result.not_pushed is None else FAILED


def _confirm(plan: Plan) -> bool:
    """Asks for confirmation; an end of input counts as no."""
    try:
        return click.confirm(f"Apply this to {plan.tenant}?", err=True)
    except click.Abort:
        return False
