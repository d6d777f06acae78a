"""The commands `plan`, `show` and `drift`, which change nothing in the account."""

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
    """A date as in YAML: 2027-03-31."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Returns the date; raises click's usage error if the value is not a date."""
        try:
            return datetime.strptime(str(value), "%Y-%m-%d").date()  # noqa: DTZ007  # a day has no zone
        except ValueError:
            self.fail(f"{value!r} is not a date like 2027-03-31", param, ctx)


as_of_option = click.option("--as-of", type=Day(), help="Use this date instead of today (role assignments expire).")
base_option = click.option(
    "--base",
    metavar="REF",
    help="Compare with the commit where HEAD branched off from REF. Default: the last apply.",
)
only_option = click.option(
    "--only", multiple=True, metavar="KEY", help="Plan only this key, such as user/alice.lee. Repeatable."
)
dependencies_option = click.option(
    "--with-dependencies", is_flag=True, help="With --only: also plan the users and groups that the keys need."
)
read_option = click.option(
    "--read",
    type=click.Choice(["auto", "full", "incremental", "targeted"]),
    default="auto",
    show_default=True,
    help="full: read the whole account. incremental: read the users that changed since the last drift, and all groups. "
    "targeted: read only what the plan needs. auto: choose one.",
)

record_option = click.option(
    "--record",
    type=click.Choice(["remote", "local"]),
    default="remote",
    show_default=True,
    help="remote: fetch the record of applies; an apply also pushes it. local: use only the record in this clone.",
)


@click.command()
@click.option(
    "-o", "output", type=click.Path(path_type=Path), help="Write the plan to this file (JSON) instead of plans/."
)
@base_option
@as_of_option
@click.option("--format", "form", type=FORMATS, default="text", show_default=True)
@click.option("--exit-code", is_flag=True, help="Exit with 3 if the plan has something to do.")
@click.option("--live", type=click.Path(path_type=Path), help="Plan from a saved live state; no network.")
@click.option("--save-live", type=click.Path(path_type=Path), help="Save the live state to this file.")
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
    """Show what an apply would change in the account, and why. The account is not changed.

    Without -o, the plan is also written to plans/, beside the desired-state folder, as text, Markdown and JSON.
    With --base, only the users and groups that git changed are read, unless a full read costs few requests or --read
    asks for one.
    """
    from reconciler.cli.output import print_result
    from reconciler.core.targeting.reading import ReadRequest
    from reconciler.live.snapshot import snapshot_to_json
    from reconciler.pipeline.desired.current_state import load_current_state, log_files
    from reconciler.pipeline.plan.planning import PlanRequest, plan_state
    from reconciler.pipeline.private_files import write_private
    from reconciler.report.render import render_plan

    current = load_current_state(workspace, as_of)
    mode = _require_full_read(read) if save_live or live else read
    read_request = ReadRequest(mode, only, with_dependencies, base is not None)
    made, account = plan_state(
        current, PlanRequest(read_request, base, record, live, keeps_snapshot=save_live is not None)
    )
    if save_live and account.snapshot:
        write_private(save_live, snapshot_to_json(account.snapshot, account.live.certificate.faults))

    log_files(current)
    print_result(render_plan(made, form))
    _write_plan(workspace, made, output)
    return plan_exit_code(made, exit_code=exit_code)


def _require_full_read(read: ReadMode) -> ReadMode:
    """Returns `full`, because in a saved part of an account all other users would look like leavers.

    Raises UsageError if the command line asks for a part.
    """
    from reconciler.errors import UsageError

    if read in ("targeted", "incremental"):
        raise UsageError(
            f"--read {read} reads only a part of the account, and a saved live state holds all of it: "
            f"leave out --read {read}, or --live and --save-live"
        )
    return "full"


def _write_plan(workspace: Workspace, made: Plan, output: Path | None) -> None:
    """Writes the plan file, or without one the plan in all formats to plans/."""
    from reconciler.errors import UsageError
    from reconciler.pipeline.private_files import write_private
    from reconciler.report.render import render_plan

    if output:
        write_private(output, render_plan(made, "json"))
        return
    folder = workspace.folder.resolve().parent / "plans"
    if folder.is_symlink():
        raise UsageError(f"{folder} is a link, and a repository may contain one: remove it, or name a file with -o")
    forms: dict[str, Format] = {"txt": "text", "md": "markdown", "json": "json"}
    for suffix, form in forms.items():
        write_private(folder / f"{made.tenant}.{suffix}", render_plan(made, form))
    workspace.log(f"Written to {folder}/{made.tenant}.txt, .md and .json")


def plan_exit_code(made: Plan, *, exit_code: bool) -> int:
    """Returns 4 for a refused plan; else, with `exit_code`, 3 for a plan that differs; else 0.

    An ambiguous match or an unresolved user differs too, and so does a plan for which a commit can't be read. A plan
    from a saved live state can't be applied, but is not refused.
    """
    from reconciler.core.changes.plan import has_errors
    from reconciler.core.changes.plan_notes import is_refusal

    if not made.read.complete or any(map(is_refusal, made.problems)):
        return REFUSED
    unread = any(problem.code == "incomplete_history" for problem in made.problems)
    differs = made.changes or made.named or has_errors(made) or unread
    return DIFFERENCES if exit_code and differs else NOTHING


def drift_exit_code(found: Plan, *, exit_code: bool) -> int:
    """Returns the exit code of a drift report, where pending changes of git don't count."""
    from reconciler.core.changes.drift import split_drift

    drift, _pending = split_drift(found)
    return plan_exit_code(found.model_copy(update={"changes": drift}), exit_code=exit_code)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "form", type=FORMATS, default="text", show_default=True)
def show(file: Path, form: Format) -> int:
    """Render a saved plan or outcome again. Needs no desired state and no account."""
    from reconciler.cli.output import print_result
    from reconciler.core.changes.plan import Plan
    from reconciler.pipeline.private_files import read_text
    from reconciler.pipeline.saved_plans import read_saved
    from reconciler.report.render import render_plan, render_run

    saved = read_saved(read_text(file), str(file))
    print_result(render_plan(saved, form) if isinstance(saved, Plan) else render_run(saved, form))
    return NOTHING


@click.command()
@click.option("--base", metavar="REF", help="The revision that was applied. Default: the last apply.")
@as_of_option
@click.option("--format", "form", type=FORMATS, default="text", show_default=True)
@click.option("--exit-code", is_flag=True, help="Exit with 3 if there is drift.")
@click.option("--only", multiple=True, metavar="KEY", help="Check only this key, such as user/alice.lee. Repeatable.")
@click.option(
    "--read",
    type=click.Choice(["auto", "full", "incremental"]),
    default="auto",
    show_default=True,
    help="full: read the whole account. auto, incremental: read the users that changed since the last drift and all "
    "groups, or everything if that is not safe.",
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
    """Show what was changed in the account since the last apply, and which changes of git are not applied yet.

    The account is not changed.
    """
    from reconciler.cli.output import print_result
    from reconciler.core.targeting.reading import ReadRequest
    from reconciler.pipeline.desired.current_state import load_current_state, log_files
    from reconciler.pipeline.notifications import make_run_result, run_and_notify
    from reconciler.pipeline.plan.drift import find_drift
    from reconciler.report.render import render_drift

    current = load_current_state(workspace, as_of)

    def run() -> tuple[int, RunResult]:
        found = find_drift(current, base, ReadRequest(read, only), record)
        log_files(current)
        print_result(render_drift(found, form))
        return drift_exit_code(found, exit_code=exit_code), replace(make_run_result("drift", current), drifted=found)

    return run_and_notify(current, "drift", run)
