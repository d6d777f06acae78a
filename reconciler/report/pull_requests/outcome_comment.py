"""Renders the outcome of an apply as one comment on the merged pull request. Sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from reconciler.core.changes.outcome import Run, Status
from reconciler.core.model.amounts import count, few, more_of
from reconciler.report.format.cut import LIMIT, within
from reconciler.report.format.quote import code, prose
from reconciler.report.markdown import MESSAGE, format_resource, in_alert, in_details
from reconciler.report.view.run_view import MEANING, OutcomeLine, RunView, make_run_view

EXAMPLES = 3  # names in a line of what is done
MOST_NAMED = 100  # names in a line of what is not done
MOST_PULLS = 30
OF_NEXT_PLAN = (
    "The plan of the next pull request shows what was refused or is stale, and its merge applies it. Or run the "
    "workflow Apply by hand, and have its plan reviewed."
)
RUN_AGAIN = "Re-run the job for what failed or was skipped: nothing is done twice."


def render_outcome_comment(run: Run, *, together: str = "", limit: int = LIMIT) -> str:
    """Renders the comment in at most `limit` characters: whether all is done, then what is not, and why.

    `together` is the text of `render_together`.
    """
    view = make_run_view(run)
    by_status = groupby(view.outcomes, lambda outcome: outcome.status)
    parts = [_part(status, list(outcomes), limit // 2) for status, outcomes in by_status]
    digest = f" {code(run.digest)}." if run.digest else ""  # an apply that had nothing to do made no plan
    return _head(view) + together + "".join(parts) + f"<sub>{count(run.requests, 'request')}.{digest}</sub>\n"


def _head(view: RunView) -> str:
    run = view.run
    done = f"Done: {view.applied}.\n\n" if view.applied else ""
    stopped = [f"**Stopped:** {prose(run.stopped, MESSAGE)}"] if run.stopped else []
    warnings = [*stopped, *([] if run.whole else [_next_steps(view)])]
    alert = in_alert("WARNING", "\n\n".join(warnings)) if warnings else ""
    return f"### Applied to {code(run.tenant)}: {view.verdict}\n\n{alert}{done}"


def _next_steps(view: RunView) -> str:
    """Returns what to do about the changes that are not done, by the reasons for which they are not."""
    left = {one.status for one in view.run.outcomes if one.not_done or one.undone}
    steps = [f"{view.not_done[:1].upper()}{view.not_done[1:]}."]
    if left & {"refused", "stale"}:
        steps.append(OF_NEXT_PLAN)
    if left - {"refused", "stale", "unclear", "withdrawn"} or not left:
        steps.append(RUN_AGAIN)
    return " ".join(steps)


@dataclass(frozen=True, slots=True)
class UncountedPlan:
    """A plan that approved nothing in an apply: its pull request, or the review of a plan by hand, and the reason."""

    pull: int | None
    review: str
    reason: str

    def __str__(self) -> str:
        which = f"of #{self.pull}" if self.pull is not None else f"by hand ({prose(self.review)})"
        return f"The plan {which} did not count: {prose(self.reason, MESSAGE)}"


def render_together(pulls: Sequence[int], uncounted: Sequence[UncountedPlan], *, limit: int = LIMIT) -> str:
    """Renders the pull requests that were applied together, and why a plan did not count; empty for one that did."""
    if len(pulls) <= 1 and not uncounted:
        return ""
    listed = f"This apply was for {few(pulls, MOST_PULLS, lambda number: f'#{number}')}.\n\n" if pulls else ""
    items = [f"- {one}\n" for one in uncounted]
    shown = within(items, limit // 8)
    more = "".join(f"- {line}\n" for line in more_of(len(items) - len(shown), " did not count"))
    return listed + (f"{''.join(shown)}{more}\n" if items else "")


def _part(status: Status, outcomes: Sequence[OutcomeLine], budget: int) -> str:
    """Returns the outcomes of one status; outcomes that are done are folded. A note that all share stands once."""
    notes = {outcome.note for outcome in outcomes}
    shared = notes.pop() if len(outcomes) > 1 and len(notes) == 1 else ""
    alone = [replace(outcome, detail=outcome.content) if shared else outcome for outcome in outcomes]
    items = [f"- {describe_result(outcome)}\n" for outcome in alone]
    done = outcomes[0].done
    shown = within(items, budget // 4 if done else budget)
    rest = sum(len(outcome.resources) for outcome in outcomes[len(shown) :])
    more = f"- and {count(rest, 'more change')}, in the outcome file\n" if rest else ""
    number = sum(len(outcome.resources) for outcome in outcomes)
    note = f"{prose(f'{shared[:1].upper()}{shared[1:]}', MESSAGE)}.\n\n" if shared else ""
    return in_details(f"<b>{MEANING[status]}</b> ({number:,})", note + "".join(shown) + more, opened=not done)


def describe_result(outcome: OutcomeLine, most: int = MOST_NAMED) -> str:
    """Describes one outcome or equal ones, and why; names at most `most` users and groups that are not done."""
    who = few(outcome.resources, EXAMPLES if outcome.done else most, format_resource)
    why = f"<br><sub>{prose(outcome.detail, MESSAGE)}</sub>" if outcome.detail else ""
    return f"{outcome.action.replace('_', ' ')}: {who}{why}"
