"""Renders plans that were made by hand: the section of a pull request that approves them, and the refusal of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.core.changes.plan import Plan
from reconciler.report.format.cut import within
from reconciler.report.format.quote import code, prose_line
from reconciler.report.pull_requests.plan_comment import render_comment

LEAST = 10_000  # characters of a plan in a comment
FOR_NAMES = 3_000  # beyond the limit, for plans that are only named
UNSEEN_PLANS = "There is no room here for their plans. **Do not approve what you can't see:** split the pull request."


@dataclass(frozen=True, slots=True)
class ApprovedPlan:
    """A file of `approvals/` with the plan that it approves, and the plan's run; without a plan, the reason."""

    path: str
    run: int | None = None
    plan: Plan | None = None
    reason: str = ""


def render_approved_plans(approved: Sequence[ApprovedPlan], limit: int) -> str:
    """Renders the plans that a merge would approve as Markdown of at most about `limit` characters.

    Plans for which there is no room are named, with their run; of very many files, the others are counted.
    """
    parts: list[str] = []
    for one in approved:
        parts.append(_render(one, limit - sum(map(len, parts))))
    shown = within(parts, limit + FOR_NAMES)
    more = len(parts) - len(shown)
    rest = f"### Merging this adds {more:,} more such files\n\n{UNSEEN_PLANS}\n" if more else ""
    return "\n".join(filter(None, (*shown, rest)))


def _render(one: ApprovedPlan, room: int) -> str:
    if one.plan is None:
        warning = "**The plan that it approves can't be shown. Do not approve what you can't see:**"
        return f"### Merging this adds {code(one.path)}\n\n{warning} {prose_line(one.reason)}\n"
    heading = f"### Merging this also approves the plan of run {one.run}"
    if room < LEAST:
        return f"{heading}\n\nThere is no room here for the plan: read it in the summary of that run.\n"
    return f"{heading}\n\n{code(one.path)} approves these changes:\n\n{render_comment(one.plan, limit=room)}"


def render_unreviewed(plan: Plan, reasons: Sequence[str], path: str, text: str, *, run: int | None) -> str:
    """Renders why a plan by hand is refused, and the file that would approve it; `run` is the run that made it."""
    listed = "".join(f"- {prose_line(reason)}\n" for reason in reasons)
    start = (
        "The merge then applies the plan of this run. If that plan is out of date by then, run" if run else "Then run"
    )
    merge = f"{start} Apply by hand again: a plan with the same effects has the same digest, and needs no other file."
    return (
        f"### Not applied to {code(plan.tenant)}: no person reviewed the plan\n\n{listed}\n"
        f"To approve the plan {code(plan.digest)}, read it below, add this file in a pull request, and have another "
        f"person approve it and merge it:\n\n{code(path)}\n\n```yaml\n{text}```\n\n{merge}\n\n{render_comment(plan)}"
    )
