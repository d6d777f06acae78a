"""The result of an apply, failures first, with equal outcomes in one line. Quotes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.changes.outcome import NOT_DONE, Outcome, Run, Status, count_statuses
from reconciler.core.changes.plan import Action
from reconciler.core.model.amounts import count
from reconciler.report.format.words import make_verdict
from reconciler.report.view.rows import Names, ResourceName, describe_content

MEANING: dict[Status, str] = {
    "failed": "Failed",
    "stale": "Stale: the account changed since the approval",
    "refused": "Refused: no approved plan shows it",
    "unclear": "Unclear: the match in the account is ambiguous",
    "withdrawn": "Withdrawn: git no longer asks for it",
    "skipped": "Skipped",
    "applied": "Applied, with a remark",
    "left": "Left: drift that no approved plan shows, not changed",
    "already": "Already so in the account",
}
COMPARED: tuple[Status, ...] = (
    "stale",
    "refused",
    "unclear",
    "withdrawn",
    "left",
)  # shown with the change that was not made


@dataclass(frozen=True, slots=True)
class OutcomeLine:
    """The outcome of one change, or the equal outcomes of many.

    `detail` has the content of a change that was not made, and the note on its status; `content` and `note` are these
    two apart.
    """

    status: Status
    action: Action
    detail: str
    resources: tuple[ResourceName, ...]
    content: str = ""
    note: str = ""

    @property
    def done(self) -> bool:
        """Whether the account has what the plan asked for."""
        return self.status not in NOT_DONE


@dataclass(frozen=True, slots=True)
class RunView:
    """A run, ready to render: `applied` is the verdict on the applied changes."""

    run: Run
    verdict: str
    applied: str
    outcomes: tuple[OutcomeLine, ...]
    not_done: str
    next_step: str


def make_run_view(run: Run) -> RunView:
    """Makes the view of a run. Changes that were applied without a remark are counted and not listed."""
    counts = count_statuses(run.outcomes)
    applied = tuple(outcome.change for outcome in run.outcomes if outcome.took_effect)
    undone = len({(one.change.key, one.change.action) for one in run.outcomes if one.not_done or one.undone})
    not_done = _count_undone(undone)
    return RunView(
        run=run,
        verdict=_verdict(counts, run.named),
        applied=make_verdict(applied) if applied else "",
        outcomes=tuple(_group_outcomes(run.outcomes)),
        not_done="" if run.whole else not_done,
        next_step="" if run.whole else f"{not_done}: plan and apply again; nothing is done twice",
    )


def _verdict(counts: Mapping[str, int], named: int) -> str:
    """Returns the counts of outcomes. It is not "nothing to do" if the plan names unresolved users or groups."""
    outcomes = ", ".join(f"{number:,} {status}" for status, number in counts.items())
    if not named:
        return outcomes or "nothing to do"
    unresolved = "1 user or group is" if named == 1 else f"{named:,} users or groups are"
    return f"{outcomes or 'no changes'}; {unresolved} unresolved, named by the plan, not changed"


def _count_undone(undone: int) -> str:
    return f"{count(undone, 'change')} {'is' if undone == 1 else 'are'} not done" if undone else "the apply stopped"


def _group_outcomes(outcomes: Sequence[Outcome]) -> Iterable[OutcomeLine]:
    """Yields the outcomes by status, not done first; outcomes with equal status, action and detail are one line."""
    names = Names({one.change.key: one.change.name for one in outcomes})
    alike: dict[tuple[Status, Action, str], list[tuple[Outcome, str]]] = {}
    for one in outcomes:
        if one.status != "applied" or one.detail:
            why = _why(one, names)
            alike.setdefault((one.status, one.change.action, _of_any_key(one, why)), []).append((one, why))
    order = list(MEANING)
    for (status, action, of_all), some in sorted(alike.items(), key=lambda item: order.index(item[0][0])):
        first, why = some[0]
        resources = tuple(ResourceName(one.change.name, one.change.key) for one, _why in some)
        compared = (_content(first, names), first.detail) if status in COMPARED else ("", "")
        yield OutcomeLine(status, action, why if len(some) == 1 else of_all, resources, *compared)


def _of_any_key(outcome: Outcome, why: str) -> str:
    """Returns the detail with `users.*.title` for the key to leave out, so that a thousand users are one line."""
    kind, _, name = outcome.change.key.partition("/")
    return why.replace(f" {kind}s.{name}.", f" {kind}s.*.") if outcome.undone else why


def _why(outcome: Outcome, names: Names) -> str:
    """Returns the detail; for a change that was not made as approved, with its content."""
    content = _content(outcome, names)
    return f"{content} ({outcome.detail})" if content and outcome.detail else content or outcome.detail


def _content(outcome: Outcome, names: Names) -> str:
    return describe_content(outcome.change, names) if outcome.status in COMPARED else ""
