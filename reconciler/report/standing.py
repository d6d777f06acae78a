"""What an issue on a tenant says: what drifted and since when, what else needs somebody, and which command does what.

Knows nothing of issues. Says no time of its own, so that the same state of affairs is the same text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.core.plan import Change, Plan
from reconciler.report.quote import code, plain
from reconciler.report.render import render_drift
from reconciler.report.view import VERBS, make_verdict

MOST_DAYS = 200


def name_drift(change: Change) -> str:
    """What is the same drift from one day to the next, whatever value it has: what is done about which resource."""
    return f"{change.action} {change.key}"


def title_of(plan: Plan) -> str:
    """The verdict in one line, for the list of issues."""
    tenant = plain(plan.tenant)
    if plan.changes:
        return f"Drift in {tenant}: {make_verdict(plan)}"
    return f"{tenant} needs attention"


def render_standing(plan: Plan, since: Mapping[str, str]) -> str:
    """The text of the issue; empty where nothing needs anybody."""
    pressing = [problem for problem in plan.problems if problem.severity != "info"]
    if not (plan.changes or pressing):
        return ""
    parts = [render_drift(plan, "markdown").rstrip()]
    if plan.changes:
        parts += [_list_days(plan.changes, since), _what_to_do(plan.tenant)]
    return "\n\n".join(parts) + "\n"


def _list_days(changes: Sequence[Change], since: Mapping[str, str]) -> str:
    """The longest standing first."""
    days = sorted((since[name_drift(change)], change.key, change.action) for change in changes)
    rows = [f"- since {code(day)}: {code(key)} {VERBS[action]}" for day, key, action in days[:MOST_DAYS]]
    more = [f"- and {len(days) - MOST_DAYS:,} more"] if len(days) > MOST_DAYS else []
    return "\n".join(("<details>", "<summary>Since when</summary>", "", *rows, *more, "", "</details>"))


def _what_to_do(tenant: str) -> str:
    adopt = code(f"reconciler --tenant {tenant} import --adopt")
    mend = code(f"reconciler --tenant {tenant} apply")
    return (
        f"- To keep what the account says: {adopt} writes it into git, for a pull request.\n"
        f"- To have what git says: run the workflow *Apply* by hand, or {mend}."
    )
