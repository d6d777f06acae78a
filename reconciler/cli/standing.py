"""How it stands with a tenant, for its issue: what drifted, and what earlier applies left undone. Gathers only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from reconciler.cli.main import Options
from reconciler.cli.output import read_text
from reconciler.cli.reviewed import has_text, last_words, named_tenant
from reconciler.cli.saved import read_plan
from reconciler.core.plan import Plan
from reconciler.core.receipt import Receipt
from reconciler.desired.git import Repository, find_repository
from reconciler.desired.receipts import read_receipts
from reconciler.errors import Problem
from reconciler.github.comment import Mark
from reconciler.github.drift_issue import Report, carry_on, read_since
from reconciler.github.models import Issue
from reconciler.report.drift_issue import name_drift, needs_somebody, render_drift_issue, title_of
from reconciler.report.quote import plain
from reconciler.report.refusal import render_refusal

MOST_SEEN = 30_000  # characters of an issue, which hides as many again
UNTOLD = "It can't be told what drifted in"
CARRY_ON = "run the workflow Apply by hand: it plans again, and asks for a review"


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a tenant today; without `drifted`, `untold` says why that could not be told."""

    mark: Mark
    drifted: Plan | None
    untold: str = ""

    def report(self, issue: Issue | None, today: date) -> Report:
        """What the issue must say, given what it says."""
        if self.drifted is None:
            since = read_since(issue.body or "") if issue else {}
            return Report(f"{UNTOLD} {plain(self.mark.tenant)}", self.untold, since)
        since = carry_on(issue, map(name_drift, self.drifted.changes), today.isoformat())
        needed = needs_somebody(self.drifted)
        text = render_drift_issue(self.drifted, since=since, limit=MOST_SEEN) if needed else ""
        return Report(title_of(self.drifted), text, since)


def read_standing(options: Options, file: Path, said: Path | None) -> Standing:
    """From the output of `drift --format json`; where that is empty, from what `drift` said."""
    if said is not None and not has_text(file):
        tenant = named_tenant(options)
        return Standing(Mark("drift", tenant), None, render_refusal(UNTOLD, tenant, last_words(said), None))
    drifted = read_plan(read_text(file), str(file))
    repository = find_repository(options.folder)
    undone = tuple(_undone(repository, drifted)) if repository else ()
    whole = drifted.model_copy(update={"problems": (*drifted.problems, *undone)})
    return Standing(Mark("drift", drifted.tenant), whole)


def _undone(repository: Repository, drifted: Plan) -> Iterable[Problem]:
    """What the receipts tell of applies that did not do everything, or that never came."""
    receipts = [one for one in read_receipts(repository, drifted.tenant) if one.url == drifted.url]
    if not receipts:
        return
    last = receipts[-1]
    which = f"({last.commit[:12]}, {last.at})"
    if last.outcome == "partial":
        counted = ", ".join(f"{number:,} {status}" for status, number in last.counts.items()) or "nothing was done"
        message = f"the last apply {which} did not do everything: {counted}"
        yield Problem("not_applied", message, hint=CARRY_ON, severity="warning")
    elif _is_behind(repository, last):
        message = f"what was merged since the last apply {which} is not applied"
        yield Problem("not_applied", message, hint=CARRY_ON, severity="warning")


def _is_behind(repository: Repository, last: Receipt) -> bool:
    """Whether the desired state was edited since."""
    return repository.tree_of(last.commit) != repository.tree_of("HEAD")
