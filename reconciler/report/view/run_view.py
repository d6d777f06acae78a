"""What an apply came to, as people read it: what is not done first, alike outcomes told once. Quotes nothing."""

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
    "stale": "Stale: the account moved since it was approved",
    "refused": "Refused: no approved plan shows it",
    "unclear": "Unclear: it can't be told which user or group this is",
    "withdrawn": "Withdrawn: git no longer asks for it",
    "skipped": "Skipped",
    "applied": "Applied, and worth a look",
    "left": "Left: drift that no approved plan shows",
    "already": "Already so in the account",
}
COMPARED: tuple[Status, ...] = ("stale", "refused", "unclear", "withdrawn", "left")  # what would have been done


@dataclass(frozen=True, slots=True)
class OutcomeLine:
    """What became of one change, or of many in the same words."""

    status: Status
    action: Action
    detail: str
    whom: tuple[ResourceName, ...]

    @property
    def done(self) -> bool:
        """Whether the account is as planned."""
        return self.status not in NOT_DONE


@dataclass(frozen=True, slots=True)
class RunView:
    """A run ready to be written down: `came_true` is what the account has now that it had not."""

    run: Run
    verdict: str
    came_true: str
    fates: tuple[OutcomeLine, ...]
    next_step: str


def make_run_view(run: Run) -> RunView:
    """The run in the words of people. What was simply applied is counted, and not listed."""
    counts = count_statuses(run.outcomes)
    done = tuple(outcome.change for outcome in run.outcomes if outcome.status == "applied")
    undone = len({(one.change.key, one.change.action) for one in run.outcomes if one.status in NOT_DONE})
    return RunView(
        run=run,
        verdict=_verdict(counts, run.named),
        came_true=make_verdict(done) if done else "",
        fates=tuple(_fates(run.outcomes)),
        next_step="" if run.whole else _next_step(undone),
    )


def _verdict(counts: Mapping[str, int], named: int) -> str:
    """What the outcomes come to; never that there is nothing to do where the plan names users in doubt."""
    outcomes = ", ".join(f"{number:,} {status}" for status, number in counts.items())
    if not named:
        return outcomes or "nothing to do"
    who = "1 user or group is" if named == 1 else f"{named:,} users or groups are"
    return f"{outcomes or 'no changes'}; {who} in doubt, named by the plan, and untouched"


def _next_step(undone: int) -> str:
    left = f"{count(undone, 'change')} {'is' if undone == 1 else 'are'} not done" if undone else "it was stopped"
    return f"{left}: plan and apply again, and nothing is done twice"


def _fates(outcomes: Sequence[Outcome]) -> Iterable[OutcomeLine]:
    """By status, what is not done first; those alike in status, action and words are one."""
    names = Names({one.change.key: one.change.name for one in outcomes})
    alike: dict[tuple[Status, Action, str], list[ResourceName]] = {}
    for one in outcomes:
        if one.status != "applied" or one.detail:
            key = (one.status, one.change.action, _why(one, names))
            alike.setdefault(key, []).append(ResourceName(one.change.name, one.change.key))
    order = list(MEANING)
    for (status, action, detail), whom in sorted(alike.items(), key=lambda item: order.index(item[0][0])):
        yield OutcomeLine(status, action, detail, tuple(whom))


def _why(outcome: Outcome, names: Names) -> str:
    """The detail; where two plans differ, with what each would do."""
    content = describe_content(outcome.change, names) if outcome.status in COMPARED else ""
    return f"{content} ({outcome.detail})" if content and outcome.detail else content or outcome.detail
