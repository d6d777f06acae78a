"""`log`: every attempt of every change, or the record of applies in git."""

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
    """A length of time: 12h, 400d, 2w."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The length, or click's usage error."""
        match = re.fullmatch(r"([0-9]{1,5})([hdw])", str(value))
        if match is None:
            self.fail(f"{value!r} is not a length of time like 12h, 400d or 2w", param, ctx)
        return int(match[1]) * SPANS[match[2]]


class Moment(click.ParamType[datetime]):
    """A moment in UTC: a day, a day and a time, or a length of time ago. `after` is added to a day alone."""

    name = "time"

    def __init__(self, after: timedelta) -> None:
        self.after = after

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment, or click's usage error."""
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
@click.option("--key", "keys", multiple=True, metavar="KEY", help="Only of that user or group; again for more.")
@click.option(
    "--action", "actions", multiple=True, type=click.Choice(ACTIONS), metavar="ACTION", help="Only of that kind."
)
@click.option("--status", "statuses", multiple=True, type=click.Choice(STATUSES), help="Only what came to that.")
@click.option("--since", type=Moment(timedelta()), help="Begun then or later: a day, a time in UTC, or 7d (ago).")
@click.option("--until", type=Moment(timedelta(days=1)), help="Begun before then, or on that day.")
@click.option("--run", help="Only of that run.")
@click.option("--limit", type=click.IntRange(min=1), help="So many of the newest; 100 as text, else all.")
@click.option("--prune", is_flag=True, help="With --older-than: remove what is older, for good.")
@click.option("--older-than", type=Span(), help="For --prune: 400d, say.")
@click.option("--applies", is_flag=True, help="The record in git: each apply, beside its commit.")
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
    """The provisioning log: every attempt of every change from this clone, newest first.

    With --applies, the record that git has of each apply, from every clone. JSON is one object a line.
    """
    wanted = AttemptQuery(
        tenant=workspace.tenant,
        run=run,
        keys=tuple(spelled for key in keys for spelled in _keys(key)),
        actions=actions,
        statuses=statuses,
        since=since,
        until=until,
        limit=limit,
    )
    filtered = wanted != AttemptQuery(tenant=workspace.tenant)
    if prune is (older_than is None):
        raise UsageError("--prune and --older-than go together: --prune --older-than 400d")
    if (applies or prune) and (filtered or (applies and prune)):
        raise UsageError("filters are for the provisioning log: --applies and --prune take none, and not each other")
    if applies:
        _show_applies(workspace, form)
    elif older_than is not None:
        _prune(workspace, older_than)
    else:
        _show_attempts(workspace, wanted, form)


def _keys(written: str) -> tuple[str, ...]:
    """`user/alice.lee` is that; a name alone is a user's or a group's."""
    return (written,) if "/" in written else (f"user/{written}", f"group/{written}")


def _show_attempts(workspace: Workspace, wanted: AttemptQuery, form: AttemptFormat) -> None:
    from reconciler.apply.log import ProvisioningLog
    from reconciler.cli.output import print_result
    from reconciler.pipeline.provisioning_log import log_path
    from reconciler.report.attempts import render_attempts

    path = log_path(workspace)
    if not path.is_file():
        workspace.log(
            f"No provisioning log at {path}: nothing was applied from this clone, or RECONCILER_PRIVATE was another",
        )
        return
    most = NEWEST if form == "text" and wanted.limit is None else wanted.limit
    with ProvisioningLog(path) as log:
        found = list(log.find(replace(wanted, limit=most)))
    print_result("".join(render_attempts(found, form)))
    if not found:
        workspace.log("Nothing like that is on record")
    if len(found) == most and wanted.limit is None:
        workspace.log(f"These are the newest {most}: --limit shows more, --since and --key show others")


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
