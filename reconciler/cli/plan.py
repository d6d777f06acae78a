"""`plan`, `show` and `drift`: the line as far as the report."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.main import Options

if TYPE_CHECKING:
    from reconciler.cli.line import Base, Head
    from reconciler.cli.reading import Account
    from reconciler.core.notification import Ending
    from reconciler.core.plan import Plan
    from reconciler.core.reading import ReadMode, Wish
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
@click.pass_obj
def plan(
    options: Options,
    output: Path | None,
    base: str | None,
    as_of: date | None,
    form: Format,
    *,
    read: ReadMode,
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
    from reconciler.cli.history import find_base
    from reconciler.cli.line import gather, load_head, say, say_files
    from reconciler.cli.output import print_result, write_private
    from reconciler.cli.reading import How, focus_head, read_account_asked
    from reconciler.cli.trace import trace
    from reconciler.collector import collector_off
    from reconciler.core.make_plan import make_plan
    from reconciler.core.reading import Wish
    from reconciler.live.snapshot import snapshot_to_json
    from reconciler.report.render import render_plan

    head = load_head(options, as_of)
    earlier = find_base(head, base)
    mode = _whole_to_save(read) if save_live or live else read
    head = focus_head(head, earlier, Wish(mode, only, with_dependencies, base is not None))
    account = (
        _load_account(head, earlier, live, keeps_snapshot=save_live is not None)
        if live
        else read_account_asked(options, head, earlier, How(mode, bool(only)))
    )
    if save_live and account.snapshot:
        write_private(save_live, snapshot_to_json(account.snapshot, account.live.certificate.faults))

    with collector_off():
        made = trace(account.head, earlier, make_plan(gather(account.head, earlier, account.live)).plan)

    say_files(options, head)
    print_result(render_plan(made, form))
    if output:
        write_private(output, render_plan(made, "json"))
    else:
        _write_beside(options, made)
        say(options, f"Written to {_plans(options)}/{made.tenant}.txt, .md and .json")
    return exit_of(made, exit_code=exit_code)


def _whole_to_save(read: ReadMode) -> ReadMode:
    """A saved live state holds everything: from a part, all the others would look as if they had left."""
    from reconciler.errors import UsageError

    if read in ("targeted", "incremental"):
        raise UsageError(
            f"--read {read} reads a part, and a saved live state holds everything as answered: leave one of them out"
        )
    return "full"


def _load_account(head: Head, base: Base, path: Path, *, keeps_snapshot: bool) -> Account:
    """The account as saved; the snapshot, which is as large again, only where it is to be saved once more."""
    from reconciler.cli.reading import Account, grown
    from reconciler.collector import collector_off
    from reconciler.live.snapshot import load_snapshot, read_snapshot_file

    with collector_off():
        state = load_snapshot(path)
    return Account(state, read_snapshot_file(path) if keeps_snapshot else None, grown(head, base, state))


def _plans(options: Options) -> Path:
    return options.folder.resolve().parent / "plans"


def _write_beside(options: Options, made: Plan) -> None:
    from reconciler.cli.output import write_private
    from reconciler.report.render import render_plan

    forms: dict[str, Format] = {"txt": "text", "md": "markdown", "json": "json"}
    for ending, form in forms.items():
        write_private(_plans(options) / f"{made.tenant}.{ending}", render_plan(made, form))


def exit_of(made: Plan, *, exit_code: bool) -> int:
    """Refused before different before done. A saved live state is not applyable and refuses nothing."""
    refused = not made.read.complete or any(problem.code == "guardrail" for problem in made.problems)
    if refused:
        return REFUSED
    return DIFFERENCES if exit_code and (made.changes or made.named) else NOTHING


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "form", type=FORMATS, default="text", show_default=True)
def show(file: Path, form: Format) -> int:
    """Render a saved plan or outcome again. Needs neither the desired state nor the account."""
    from reconciler.cli.output import print_result, read_text
    from reconciler.cli.saved import read_saved
    from reconciler.core.plan import Plan
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
@click.pass_obj
def drift(
    options: Options,
    base: str | None,
    as_of: date | None,
    form: Format,
    *,
    only: tuple[str, ...],
    read: ReadMode,
    exit_code: bool,
) -> int:
    """The live account against what was last applied: what changed on the other side. Changes nothing."""
    from reconciler.cli.line import load_head, say_files
    from reconciler.cli.notify import ending_of, tell_of
    from reconciler.cli.output import print_result
    from reconciler.core.reading import Wish
    from reconciler.report.render import render_drift

    head = load_head(options, as_of)

    def look() -> tuple[int, Ending]:
        made = _find_drift(options, head, base, Wish(read, only))
        say_files(options, head)
        print_result(render_drift(made, form))
        return exit_of(made, exit_code=exit_code), replace(ending_of("drift", head), drifted=made)

    return tell_of(options, head, "drift", look)


def _find_drift(options: Options, head: Head, base: str | None, wish: Wish) -> Plan:
    """The plan that would put the account back to what was applied last."""
    from reconciler.cli.history import compile_at, find_applied
    from reconciler.cli.line import Base, gather
    from reconciler.cli.reading import How, focus_head, read_account_asked
    from reconciler.cli.trace import trace
    from reconciler.collector import collector_off
    from reconciler.core.earlier import Earlier
    from reconciler.core.make_plan import make_plan
    from reconciler.errors import Failed

    earlier = find_applied(head, base)
    if earlier.commit is None:
        raise Failed(
            f"no apply to {head.tenant_name} is on record, so nothing can have drifted: apply first, "
            "or name what was applied with --base"
        )
    applied = compile_at(head, earlier.commit)
    if applied.state is None or applied.loaded is None:
        why = "; ".join(map(str, applied.problems)) or f"{head.tenant_name} is not declared there"
        raise Failed(f"what was applied last ({earlier.commit[:12]}) can't be compiled: {why}")
    then = replace(head, desired=applied.state, loaded=applied.loaded, commit=earlier.commit)
    since = Base(Earlier(base=applied.state))
    mode: ReadMode = wish.read if wish.only or wish.read == "full" else "incremental"
    focused = focus_head(then, since, replace(wish, read=mode)) if wish.only else then
    how = How(mode, keeps_focus=bool(wish.only), keeps_snapshot=True)
    account = read_account_asked(options, focused, since, how)

    gathered = replace(gather(account.head, earlier, account.live), earlier=since.earlier)
    with collector_off():
        return trace(account.head, Base(), make_plan(gathered).plan)
