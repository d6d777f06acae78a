"""Renders drift as one Markdown issue: what differs, since when, how to revert or adopt it. Sends nothing.

The issue also shows what the last apply left undone and what expires, each fact once: a failure that belongs to a drift
is shown with it.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.core.changes.drift import split_drift
from reconciler.core.changes.outcome import Outcome, Run
from reconciler.core.changes.plan import Change, Plan
from reconciler.core.model.amounts import more_of
from reconciler.report.format.cut import LIMIT, within
from reconciler.report.format.quote import code, plain, prose
from reconciler.report.format.words import make_drift_verdict
from reconciler.report.markdown import MESSAGE, in_details, problem_item
from reconciler.report.pull_requests.outcome_comment import describe_result
from reconciler.report.pull_requests.plan_comment import assemble, describe_doubts, end_of, head_of
from reconciler.report.sections import render_section
from reconciler.report.view.named import name_doubt
from reconciler.report.view.partial import list_problems
from reconciler.report.view.plan_view import Section, make_view
from reconciler.report.view.rows import Row
from reconciler.report.view.run_view import make_run_view

MOST_NAMED = 10  # users and groups with the same failure
DUE = frozenset({"token_expiry", "expires_soon", "expired"})


def name_drift(change: Change) -> str:
    """Returns the name of a drift, which is the same from day to day: the action and the key, not the value."""
    return f"{change.action} {change.key}"


def list_tracked_names(plan: Plan) -> list[str]:
    """Returns the names of all drift and of all unresolved users and groups; the issue keeps their first day."""
    drift, _pending = split_drift(plan)
    return [*map(name_drift, drift), *map(name_doubt, plan.named)]


def title_of(plan: Plan) -> str:
    """Returns the title of the issue: the verdict in one line."""
    tenant, verdict = plain(plan.tenant), make_drift_verdict(plan)
    if plan.changes:
        return f"Drift in {tenant}: {verdict}"
    return f"{tenant}: {verdict}" if verdict else f"{tenant} needs attention"


@dataclass(frozen=True, slots=True)
class UndoneWork:
    """The work that the last apply left undone: its outcomes, or without outcomes the errors from its stderr."""

    run: Run | None = None
    errors: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.errors) or (self.run is not None and not self.run.whole)


NOTHING = UndoneWork()


def needs_attention(plan: Plan, not_done: UndoneWork = NOTHING) -> bool:
    """Decides whether the drift issue must be open.

    Drift, pending changes, unresolved users or groups, undone work, errors and warnings keep it open.
    """
    pressing = any(problem.severity != "info" for problem in list_problems(plan))
    return bool(plan.changes) or bool(plan.named) or pressing or bool(not_done)


def render_drift_issue(
    plan: Plan,
    *,
    since: Mapping[str, str],
    not_done: UndoneWork = NOTHING,
    full_plan: str | None = None,
    limit: int = LIMIT,
) -> str:
    """Renders the issue in at most `limit` characters (10,000 or more). `plan` is the plan that would revert the drift.

    `since` has the first day of each drift and each unresolved user or group, by the names of `list_tracked_names`.
    """
    due = [problem for problem in plan.problems if problem.code in DUE]
    others = tuple(problem for problem in plan.problems if problem.code not in DUE)
    view = make_view(plan.model_copy(update={"problems": others}), "drift")
    outcomes = not_done.run.outcomes if not_done.run else ()
    failures = {one.change.id: one for one in outcomes if one.not_done}

    sections = [_annotate(section, since, failures) for section in view.sections]
    left = _not_done(not_done, {change.id for change in plan.changes})
    after = _list("<b>Not done by the last apply</b>", left, limit)
    after += _list(f"<b>Expiring</b> ({len(due):,})", [problem_item(problem) for problem in due], limit)
    before = head_of(view, limit) + (_commands(plan) if plan.changes else "")
    after += end_of(view, full_plan, limit)
    where = full_plan or "the output of `reconciler drift --format html`"
    named = describe_doubts(view.named, where, limit, used=len(before) + len(after), since=since)
    before = before.rstrip() + "\n\n" if named or after.startswith("<details") else before
    pointer = "> **Cut to fit:** `reconciler drift` prints everything.\n\n"
    return assemble(before, [render_section(one, limit) for one in sections], (pointer, named + after), limit)


def _commands(plan: Plan) -> str:
    """Returns the commands to run, with the key if there is only one. Only drift can be adopted."""
    keys = {change.key for change in split_drift(plan)[0]}
    key = shlex.quote(next(iter(keys))) if len(keys) == 1 else "KEY"
    start = f"reconciler --tenant {shlex.quote(plan.tenant)}"
    apply = f"- To make the account match git: run the workflow Apply by hand, or {code(f'{start} apply')}\n"
    adopt = f"- To write the drift into git: {code(f'{start} import --adopt {key}')}\n"
    return f"{apply}{adopt if keys else ''}\n"


def _annotate(section: Section, since: Mapping[str, str], failures: Mapping[str, Outcome]) -> Section:
    """Adds the first day and the failures to the rows of a section."""
    return replace(
        section,
        shrinking=tuple(_note(row, since, failures) for row in section.shrinking),
        other=tuple(_note(row, since, failures) for row in section.other),
    )


def _note(row: Row, since: Mapping[str, str], failures: Mapping[str, Outcome]) -> Row:
    days = sorted({day for change in row.changes if (day := since.get(name_drift(change)))})
    seen = [f"since {days[0]}" if len(days) == 1 else f"since {days[0]} to {days[-1]}"] if days else []
    details = {failures[change.id].detail for change in row.changes if change.id in failures}
    return replace(row, notes=(*seen, *(f"not done by the last apply: {one}" for one in sorted(details))))


def _not_done(not_done: UndoneWork, shown: Collection[str]) -> list[str]:
    """Returns what the last apply did not do, without the changes that are shown with their drift."""
    items = [f"- it reported: {prose(line, MESSAGE)}\n" for line in not_done.errors]
    if not_done.run is None:
        return items
    alone = tuple(one for one in not_done.run.outcomes if one.not_done and one.change.id not in shown)
    view = make_run_view(not_done.run.model_copy(update={"outcomes": alone}))
    stopped = [f"- it stopped: {prose(view.run.stopped, MESSAGE)}\n"] if view.run.stopped else []
    results = [f"- {outcome.status}: {describe_result(outcome, MOST_NAMED)}\n" for outcome in view.outcomes]
    return [*items, *stopped, *results]


def _list(title: str, items: Sequence[str], limit: int) -> str:
    if not items:
        return ""
    shown = within(items, limit // 8)
    more = "".join(f"- {line}\n" for line in more_of(len(items) - len(shown)))
    return in_details(title, "".join(shown) + more, opened=True)
