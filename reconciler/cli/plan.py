"""`plan`, `show` and `drift`: reports that change nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.pipeline.workspace import Workspace

if TYPE_CHECKING:
    from reconciler.core.changes.notification import RunResult
    from reconciler.core.changes.plan import Plan
    from reconciler.core.targeting.reading import ReadMode
    from reconciler.pipeline.record.tenant_record import RecordMode
    from reconciler.report.render import Format

NOTHING, DIFFERENCES, REFUSED = 0, 3, 4
FORMATS = click.Choice(["text", "markdown", "html", "json"])


class Day(click.ParamType[date]):
    """A date as people write it in YAML: 2027-03-31."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day, or click's usage error."""
        try:
            return datetime.strptime(str(value), "%Y-%m-%d").date()  # noqa: DTZ007  # a day has no zone
        except ValueError:
            self.fail(f"{value!r} is not a date like 2027-03-31", param, ctx)


as_of_option = click.option("--as-of", type=Day(), help="Plan as if it were that day (roles expire by it).")
base_option = click.option("--base", metavar="REF", help="What git said before: where this parted from a revision.")
only_option = click.option(
    "--only", multiple=True, metavar="KEY", help="Plan about user/alice.lee or group/finance alone; may be repeated."
)
dependencies_option = click.option(
    "--with-dependencies", is_flag=True, help="With --only: and about what the keys need."
)
read_option = click.option(
    "--read",
    type=click.Choice(["auto", "full", "incremental", "targeted"]),
    default="auto",
    show_default=True,
    help="How to read the account: whole, who changed since the last time, or only what the plan is about.",
)


record_option = click.option(
    "--record",
    type=click.Choice(["remote", "local"]),
    default="remote",
    show_default=True,
    help="Whether to fetch (and push) the record of applies, or leave that to `ownership fetch` and `push`.",
)


@click.command()
@click.option("-o", "output", type=click.Path(path_type=Path), help="Write the plan file there, and nowhere else.")
@base_option
@as_of_option
@click.option("--format", "form", type=FORMATS, default="text", show_default=True)
@click.option("--exit-code", is_flag=True, help="Exit 3 where there is something to do.")
@click.option("--live", type=click.Path(path_type=Path), help="Plan from a saved live state; no network.")
@click.option("--save-live", type=click.Path(path_type=Path), help="Save the live state that was read.")
@only_option
@dependencies_option
@read_option
@record_option
@click.pass_obj
def plan(
    workspace: Workspace,
    output: Path | None,
    base: str | None,
    as_of: date | None,
    form: Format,
    *,
    read: ReadMode,
    record: RecordMode,
    only: tuple[str, ...],
    with_dependencies: bool,
    exit_code: bool,
    live: Path | None,
    save_live: Path | None,
) -> int:
    """What applying would change in the live account, and why. Changes nothing.

    Without -o the plan is also written to plans/, beside the desired-state folder, as text, Markdown and JSON.
    With --base only what git says otherwise than there is read, unless --read says so or everything is few requests.
    """
    from reconciler.cli.output import print_result
    from reconciler.core.targeting.reading import ReadRequest
    from reconciler.live.snapshot import snapshot_to_json
    from reconciler.pipeline.desired.current_state import load_current_state, log_files
    from reconciler.pipeline.plan.planning import PlanRequest, plan_state
    from reconciler.pipeline.private_files import write_private
    from reconciler.report.render import render_plan

    current = load_current_state(workspace, as_of)
    mode = _whole_to_save(read) if save_live or live else read
    read_request = ReadRequest(mode, only, with_dependencies, base is not None)
    made, account = plan_state(
        current, PlanRequest(read_request, base, record, live, keeps_snapshot=save_live is not None)
    )
    if save_live and account.snapshot:
        write_private(save_live, snapshot_to_json(account.snapshot, account.live.certificate.faults))

    log_files(current)
    print_result(render_plan(made, form))
    _write_plan(workspace, made, output)
    return exit_of(made, exit_code=exit_code)


def _write_plan(workspace: Workspace, made: Plan, output: Path | None) -> None:

    from reconciler.pipeline.private_files import write_private
    from reconciler.report.render import render_plan

    if output:
        write_private(output, render_plan(made, "json"))
    else:
        _write_beside(workspace, made)
        workspace.log(f"Written to {_plans(workspace)}/{made.tenant}.txt, .md and .json")


def _whole_to_save(read: ReadMode) -> ReadMode:
    """A saved live state holds everything: from a part, all the others would look as if they had left."""
    from reconciler.errors import UsageError

    if read in ("targeted", "incremental"):
        raise UsageError(
            f"--read {read} reads a part, and a saved live state holds everything as answered: leave one of them out"
        )
    return "full"


def _plans(workspace: Workspace) -> Path:
    return workspace.folder.resolve().parent / "plans"


def _write_beside(workspace: Workspace, made: Plan) -> None:
    from reconciler.pipeline.private_files import write_private
    from reconciler.report.render import render_plan

    forms: dict[str, Format] = {"txt": "text", "md": "markdown", "json": "json"}
    for ending, form in forms.items():
        write_private(_plans(workspace) / f"{made.tenant}.{ending}", render_plan(made, form))


def exit_of(made: Plan, *, exit_code: bool) -> int:
    """Refused before different before done. A saved live state is not applyable and refuses nothing.

    What is unclear, such as two users who match one declaration, is not done; nor is it known that there is nothing to
    do where a commit that names a user can't be read.
    """
    from reconciler.core.changes.plan import has_errors
    from reconciler.core.changes.plan_notes import is_refusal

    if not made.read.complete or any(map(is_refusal, made.problems)):
        return REFUSED
    unread = any(problem.code == "incomplete_history" for problem in made.problems)
    differs = made.changes or made.named or has_errors(made) or unread
    return DIFFERENCES if exit_code and differs else NOTHING


def exit_of_drift(found: Plan, *, exit_code: bool) -> int:
    """The same of a drift report: changes that git asks for and that wait for an apply are no drift."""
    from reconciler.core.changes.drift import split_drift

    drift, _pending = split_drift(found)
    return exit_of(found.model_copy(update={"changes": drift}), exit_code=exit_code)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "form", type=FORMATS, default="text", show_default=True)
def show(file: Path, form: Format) -> int:
    """Render a saved plan or outcome again. Needs neither the desired state nor the account."""
    from reconciler.cli.output import print_result
    from reconciler.core.changes.plan import Plan
    from reconciler.pipeline.private_files import read_text
    from reconciler.pipeline.saved_plans import read_saved
    from reconciler.report.render import render_plan, render_run

    saved = read_saved(read_text(file), str(file))
    print_result(render_plan(saved, form) if isinstance(saved, Plan) else render_run(saved, form))
    return NOTHING


@click.command()
@base_option
@as_of_option
@click.option("--format", "form", type=FORMATS, default="text", show_default=True)
@click.option("--exit-code", is_flag=True, help="Exit 3 where something drifted.")
@click.option("--only", multiple=True, metavar="KEY", help="Of user/alice.lee or group/finance alone; may be repeated.")
@click.option(
    "--read",
    type=click.Choice(["auto", "full", "incremental"]),
    default="auto",
    show_default=True,
    help="Read everything, or (incremental, and auto) who changed since the last time, where that is certain.",
)
@record_option
@click.pass_obj
def drift(
    workspace: Workspace,
    base: str | None,
    as_of: date | None,
    form: Format,
    *,
    only: tuple[str, ...],
    read: ReadMode,
    record: RecordMode,
    exit_code: bool,
) -> int:
    """The live account against git: what was changed in the account, and what no apply has carried out yet.

    Changes nothing.
    """
    from reconciler.cli.output import print_result
    from reconciler.core.targeting.reading import ReadRequest
    from reconciler.pipeline.desired.current_state import load_current_state, log_files
    from reconciler.pipeline.notifications import ending_of, notify_of
    from reconciler.pipeline.plan.drift import find_drift
    from reconciler.report.render import render_drift

    current = load_current_state(workspace, as_of)

    def look() -> tuple[int, RunResult]:
        made = find_drift(current, base, ReadRequest(read, only), record)
        log_files(current)
        print_result(render_drift(made, form))
        return exit_of_drift(made, exit_code=exit_code), replace(ending_of("drift", current), drifted=made)

    return notify_of(current, "drift", look)
