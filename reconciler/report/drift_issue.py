"""Drift as one issue of Markdown: what differs, since when, what git says, what adopts it and what mends it.

What failed and what expires is told in the same issue, and each thing once: an apply that failed at what differs is
told with it. Makes text, and sends nothing.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.core.outcome import NOT_DONE, Outcome, Run
from reconciler.core.plan import Change, Plan
from reconciler.report.comment import assemble, end_of, head_of
from reconciler.report.cut import LIMIT, within
from reconciler.report.markdown import MESSAGE, in_details, problem_item, tell_whom
from reconciler.report.quote import code, plain
from reconciler.report.rows import Row, Whom
from reconciler.report.sections import write
from reconciler.report.view import Section, make_view
from reconciler.report.words import make_drift_verdict

DUE = frozenset({"token_expiry", "expires_soon", "expired"})


def name_drift(change: Change) -> str:
    """What is the same drift from one day to the next, whatever value it has: what is done about which resource."""
    return f"{change.action} {change.key}"


def title_of(plan: Plan) -> str:
    """The verdict in one line, for the list of issues."""
    tenant = plain(plan.tenant)
    return f"Drift in {tenant}: {make_drift_verdict(plan.changes)}" if plan.changes else f"{tenant} needs attention"


def needs_somebody(plan: Plan, failed: Run | None = None) -> bool:
    """Whether there is anything to open an issue for: what differs, what failed, or a problem that is no mere note."""
    pressing = any(problem.severity != "info" for problem in plan.problems)
    return bool(plan.changes) or pressing or (failed is not None and not failed.whole)


def render_drift_issue(
    plan: Plan,
    *,
    since: Mapping[str, str],
    failed: Run | None = None,
    full_plan: str | None = None,
    limit: int = LIMIT,
) -> str:
    """The issue, in no more characters than `limit` (10,000 or more). `plan` is the one that would mend the drift.

    `since` has the day on which each drift was first seen, by `name_drift`; `failed` is the last apply, if not whole.
    """
    due = [problem for problem in plan.problems if problem.code in DUE]
    others = tuple(problem for problem in plan.problems if problem.code not in DUE)
    view = make_view(plan.model_copy(update={"problems": others}), "drift")
    failures = {one.change.id: one for one in failed.outcomes if one.status in NOT_DONE} if failed else {}
    told = {change.id for change in plan.changes}

    sections = [_annotate(section, since, failures) for section in view.sections]
    alone = [_failure(one) for change_id, one in failures.items() if change_id not in told]
    after = _list("Failed when git was last applied", alone, limit)
    after += _list("What expires", [problem_item(problem) for problem in due], limit)
    before = head_of(view, limit) + (_commands(plan) if plan.changes else "")
    before = before.rstrip() + "\n\n" if after else before
    pointer = "> **Cut to fit:** `reconciler drift` tells all of it.\n\n"
    return assemble(before, [write(one) for one in sections], (pointer, after + end_of(view, full_plan, limit)), limit)


def _commands(plan: Plan) -> str:
    """What to type; the key is spelled out where there is only one."""
    keys = {change.key for change in plan.changes}
    key = shlex.quote(next(iter(keys))) if len(keys) == 1 else "KEY"
    start = f"reconciler --tenant {shlex.quote(plan.tenant)}"
    return (
        f"- To make the account what git says: {code(f'{start} apply')}\n"
        f"- To make git what the account says: {code(f'{start} import --adopt {key}')}\n\n"
    )


def _annotate(section: Section, since: Mapping[str, str], failures: Mapping[str, Outcome]) -> Section:
    """The section with what is known beside each row."""
    return replace(
        section,
        shrinking=tuple(_note(row, since, failures) for row in section.shrinking),
        other=tuple(_note(row, since, failures) for row in section.other),
    )


def _note(row: Row, since: Mapping[str, str], failures: Mapping[str, Outcome]) -> Row:
    days = sorted({day for change in row.changes if (day := since.get(name_drift(change)))})
    seen = [f"since {days[0]}" if len(days) == 1 else f"since {days[0]} to {days[-1]}"] if days else []
    details = {failures[change.id].detail for change in row.changes if change.id in failures}
    return replace(row, notes=(*seen, *(f"the last apply failed at it: {one}" for one in sorted(details))))


def _failure(outcome: Outcome) -> str:
    change = outcome.change
    who = tell_whom(Whom(change.name, change.key))
    return f"- {change.action.replace('_', ' ')}: {who}: {code(outcome.detail or outcome.status, MESSAGE)}\n"


def _list(title: str, items: Sequence[str], limit: int) -> str:
    if not items:
        return ""
    kept = within(items, limit // 8)
    more = f"- and {len(items) - len(kept):,} more\n" if len(kept) < len(items) else ""
    return in_details(f"<b>{title}</b> ({len(items):,})", "".join(kept) + more, opened=True)
