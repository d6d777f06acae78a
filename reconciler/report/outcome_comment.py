"""Renders the outcome of an apply as one comment on the merged pull request. Sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from reconciler.core.changes.outcome import Run, Status
from reconciler.core.model.amounts import count, few
from reconciler.report.format.cut import LIMIT, within
from reconciler.report.format.quote import code, prose
from reconciler.report.markdown import MESSAGE, format_resource, in_alert, in_details
from reconciler.report.view.run_view import MEANING, OutcomeLine, RunView, make_run_view

EXAMPLES = 3  # names in a line of what is done
MOST_NAMED = 100  # names in a line of what is not done


def render_outcome_comment(run: Run, *, limit: int = LIMIT) -> str:
    """Renders the comment in at most `limit` characters: whether all is done, then what is not, and why."""
    view = make_run_view(run)
    parts = [_part(status, list(fates), limit // 2) for status, fates in groupby(view.fates, lambda one: one.status)]
    return _head(view) + "".join(parts) + f"<sub>{count(run.requests, 'request')}. {code(run.digest)}.</sub>\n"


def _head(view: RunView) -> str:
    run = view.run
    done = f"Done: {view.came_true}.\n\n" if view.came_true else ""
    stopped = [f"**Stopped:** {prose(run.stopped, MESSAGE)}"] if run.stopped else []
    warnings = [*stopped, *([f"{view.next_step[:1].upper()}{view.next_step[1:]}."] if view.next_step else [])]
    alert = in_alert("WARNING", "\n\n".join(warnings)) if warnings else ""
    return f"### Applied to {code(run.tenant)}: {view.verdict}\n\n{alert}{done}"


def _part(status: Status, fates: Sequence[OutcomeLine], budget: int) -> str:
    """Returns the outcomes of one status; outcomes that are done are folded."""
    items = [f"- {describe_result(fate)}\n" for fate in fates]
    done = fates[0].done
    kept = within(items, budget // 4 if done else budget)
    rest = sum(len(fate.resources) for fate in fates[len(kept) :])
    more = f"- and {count(rest, 'more change')}, in the outcome file\n" if rest else ""
    number = sum(len(fate.resources) for fate in fates)
    return in_details(f"<b>{MEANING[status]}</b> ({number:,})", "".join(kept) + more, opened=not done)


def describe_result(fate: OutcomeLine, most: int = MOST_NAMED) -> str:
    """Describes the outcome of one change or of equal ones, and why; `most` is how many not done ones are named."""
    who = few(fate.resources, EXAMPLES if fate.done else most, format_resource)
    why = f"<br><sub>{prose(fate.detail, MESSAGE)}</sub>" if fate.detail else ""
    return f"{fate.action.replace('_', ' ')}: {who}{why}"
