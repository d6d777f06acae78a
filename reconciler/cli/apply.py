"""`apply`: reads the command line, refuses what may not be applied, and hands the rest to `apply_run`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from reconciler.cli.plan import (
    FORMATS,
    as_of_option,
    base_option,
    dependencies_option,
    only_option,
    read_option,
    record_option,
)
from reconciler.core.changes.notification import RunResult
from reconciler.core.changes.outcome import Run
from reconciler.core.record.refusals import RecordRefusal
from reconciler.core.targeting.reading import ReadMode, ReadRequest
from reconciler.desired.evidence.apply_line import check_line
from reconciler.errors import Refused
from reconciler.pipeline.apply.approvals import load_approved
from reconciler.pipeline.apply.begun_apply import hold_clone, refuse_unrecorded
from reconciler.pipeline.apply.run import DONE, ApplyOptions, ApplyRun
from reconciler.pipeline.desired.current_state import Head, load_head, say
from reconciler.pipeline.notifications import ending_of, tell_of
from reconciler.pipeline.output import print_result
from reconciler.pipeline.record.history import open_history
from reconciler.pipeline.record.tenant_record import RecordMode
from reconciler.pipeline.workspace import Options
from reconciler.report.render import Format, render_run
from reconciler.settings import read_settings


@click.command()
@click.argument("files", metavar="[FILE]...", type=click.Path(path_type=Path), nargs=-1)
@base_option
@as_of_option
@click.option("--yes", is_flag=True, help="Don't ask; without FILE and without this, the plan is confirmed.")
@click.option("--all-or-nothing", is_flag=True, help="With FILE: do nothing if anything was not approved.")
@click.option("--max-duration", type=click.IntRange(min=1), metavar="SECONDS", help="Begin no new change after that.")
@click.option("--format", "form", type=FORMATS, default="text", show_default=True)
@only_option
@dependencies_option
@read_option
@record_option
@click.pass_obj
def apply(
    options: Options,
    files: tuple[Path, ...],
    base: str | None,
    as_of: date | None,
    *,
    read: ReadMode,
    only: tuple[str, ...],
    with_dependencies: bool,
    yes: bool,
    all_or_nothing: bool,
    max_duration: int | None,
    record: RecordMode,
    form: Format,
) -> int:
    """Plan again and carry it out. With FILE, only the effects that one of these plans shows."""
    head = load_head(options, as_of)
    read_request = ReadRequest(read, only, with_dependencies, base is not None)
    asked = ApplyOptions(files, base, read_request, form, not yes and not files, all_or_nothing, max_duration, record)
    return tell_of(options, head, "apply", lambda: _apply_head(options, head, asked))


def _apply_head(options: Options, head: Head, asked: ApplyOptions) -> tuple[int, RunResult]:
    """Returns the exit code, and how the apply ended, for notifications."""
    if not head.tenant.enabled:
        raise Refused(
            f"provisioning to {head.tenant_name} is disabled: set `enabled: true` in git, and have it reviewed"
        )
    approved = load_approved(asked.files)
    refuse_unrecorded(head)
    settings = read_settings()
    with hold_clone(options, head.tenant_name), open_history(head, asked.record) as history:
        history.raise_unknown()
        refusal = check_line(history.graph, history.record.history) if history.graph else None
        if refusal is not None:
            return _end_refused(options, head, asked, refusal)
        return ApplyRun(options, head, asked, settings, history, list(approved)).run()


def _end_refused(options: Options, head: Head, asked: ApplyOptions, refusal: RecordRefusal) -> tuple[int, RunResult]:
    """An apply of a commit that a later whole apply has is done already; any other refusal is raised."""
    if refusal.exit_code:
        raise refusal.as_error()
    say(options, f"Nothing to do: {refusal.sentence}")
    run = Run(tenant=head.tenant_name, commit=head.commit, digest="", outcomes=(), requests=0)
    print_result(render_run(run, asked.form))
    return DONE, replace(ending_of("apply", head), run=run, settled=True)
