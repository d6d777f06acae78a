"""The command `log`: lists every attempt of every change, or the record of applies in git."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from reconciler.core.changes.attempt import STATUSES, AttemptQuery
from reconciler.core.changes.plan import ACTIONS
from reconciler.errors import UsageError
from reconciler.pipeline.workspace import Workspace

if TYPE_CHECKING:
    from reconciler.report.applies import ApplyFormat
    from reconciler.report.attempts import AttemptFormat

NEWEST = 100
SPANS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


class Span(click.ParamType[timedelta]):
    """A duration: 12h, 400d, 2w."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Returns the duration; raises click's usage error if the value is none."""
        match = re.fullmatch(r"([0-9]{1,5})([hdw])", str(value))
        if match is None:
            self.fail(f"{value!r} is not a duration like 12h, 400d or 2w", param, ctx)
        return int(match[1]) * SPANS[match[2]]


class Moment(click.ParamType[datetime]):
    """A time in UTC: a day, a day with a time, or a duration before now. `after` is added to a day without a time."""

    name = "time"

    def __init__(self, after: timedelta) -> None:
        self.after = after

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Returns the time; raises click's usage error if the value is none."""
        from reconciler.pipeline.clock import now_in_utc

        text = str(value)
        if re.fullmatch(r"[0-9]{1,5}[hdw]", text):
            return now_in_utc() - Span().convert(text, param, ctx)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{value!r} is not a time like 2027-03-31, 2027-03-31T14:30 or 7d (ago)", param, ctx)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment + self.after if re.fullmatch(r"[0-9-]{10}", text) else moment


@click.command()
@click.option("--key", "keys", multiple=True, metavar="KEY", help="Only this key, such as user/alice.lee. Repeatable.")
@click.option(
    "--action",
    "actions",
    multiple=True,
    type=click.Choice(ACTIONS),
    metavar="ACTION",
    help="Only this action, such as update_user. Repeatable.",
)
@click.option("--status", "statuses", multiple=True, type=click.Choice(STATUSES), help="Only this status. Repeatable.")
@click.option("--since", type=Moment(timedelta()), help="Only from this time on: a day, a time in UTC, or 7d (ago).")
@click.option("--until", type=Moment(timedelta(days=1)), help="Only before this time; a day includes all of that day.")
@click.option("--run", help="Only this run, by its id.")
@click.option(
    "--limit", type=click.IntRange(min=1), help="Only the newest N entries. Default: 100 as text, all as JSON or CSV."
)
@click.option("--prune", is_flag=True, help="With --older-than: delete older entries from the log for good.")
@click.option("--older-than", type=Span(), help="With --prune: the age, such as 400d.")
@click.option("--applies", is_flag=True, help="Show the record in git: each apply with its commit.")
@click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
@click.pass_obj
def log(
    workspace: Workspace,
    form: AttemptFormat,
    *,
    keys: tuple[str, ...],
    actions: tuple[str, ...],
    statuses: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    run: str | None,
    limit: int | None,
    older_than: timedelta | None,
    prune: bool,
    applies: bool,
) -> None:
    """Show the provisioning log: every attempt of every change from this clone, newest first.

    With --applies, show the record of applies in git, from every clone. JSON is one object per line.
    """
    query = AttemptQuery(
        tenant=workspace.tenant,
        run=run,
        keys=tuple(spelled for key in keys for spelled in _keys(key)),
        actions=actions,
        statuses=statuses,
        since=since,
        until=until,
        limit=limit,
    )
    filtered = query != AttemptQuery(tenant=workspace.tenant)
    if prune is (older_than is None):
        raise UsageError("--prune and --older-than go together: --prune --older-than 400d")
    if (applies or prune) and (filtered or (applies and prune)):
        raise UsageError("--applies and --prune take no filters, and can't be combined: leave out all but one of them")
    if applies:
        _show_applies(workspace, form)
    elif older_than is not None:
        _prune(workspace, older_than)
    else:
        _show_attempts(workspace, query, form)


def _keys(written: str) -> tuple[str, ...]:
    """Returns the key as written; for a name without a kind, the keys of a user and of a group."""
    return (written,) if "/" in written else (f"user/{written}", f"group/{written}")


def _show_attempts(workspace: Workspace, query: AttemptQuery, form: AttemptFormat) -> None:
    from reconciler.apply.log import ProvisioningLog
    from reconciler.cli.output import print_result
    from reconciler.pipeline.private_files import refuse_committed
    from reconciler.pipeline.provisioning_log import log_path
    from reconciler.report.attempts import render_attempts

    path = log_path(workspace)
    if not path.is_file():
        workspace.log(
            f"No provisioning log at {path}: nothing was applied from this clone, or RECONCILER_PRIVATE was different",
        )
        return
    refuse_committed(path.parent)
    most = NEWEST if form == "text" and query.limit is None else query.limit
    with ProvisioningLog(path) as log:
        found = list(log.find(replace(query, limit=most)))
    print_result("".join(render_attempts(found, form)))
    if not found:
        workspace.log("No attempt in the provisioning log passes these filters")
    if len(found) == most and query.limit is None:
        workspace.log(f"Only the newest {most} are shown: use --limit for more, or --since and --key for others")


def _prune(workspace: Workspace, older_than: timedelta) -> None:
    from reconciler.apply.log import ProvisioningLog
    from reconciler.pipeline.clock import now_in_utc
    from reconciler.pipeline.provisioning_log import log_path

    path = log_path(workspace)
    if not path.is_file():
        workspace.log(f"No provisioning log at {path}: nothing to remove")
        return
    before = now_in_utc() - older_than
    with ProvisioningLog(path) as log:
        removed = log.prune(before)
    workspace.log(f"Removed {removed} attempts from before {before:%Y-%m-%d %H:%M} UTC")


def _show_applies(workspace: Workspace, form: ApplyFormat) -> None:
    from reconciler.cli.output import print_result
    from reconciler.pipeline.record.applies import list_applies
    from reconciler.report.applies import render_applies

    print_result(render_applies(list_applies(workspace), form))
