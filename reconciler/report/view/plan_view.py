"""A plan in the order of a report: the verdict, what blocks, the problems, then the changes by cause.

Text, Markdown and HTML are written from it. It decides nothing and quotes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from reconciler.core.changes.drift import split_drift
from reconciler.core.changes.plan import Cause, Change, Plan, Skipped, has_errors
from reconciler.core.changes.plan_notes import is_refusal
from reconciler.core.model.amounts import count
from reconciler.errors import Problem
from reconciler.report.format.words import (
    TITLES,
    Voice,
    count_named,
    describe_block,
    describe_cost,
    describe_named,
    describe_notes,
    describe_unmanaged,
    make_drift_verdict,
    make_losses,
    make_verdict,
)
from reconciler.report.view.named import NamedGroup, group_named
from reconciler.report.view.partial import (
    describe_partial,
    describe_scope,
    knows_ownership,
    list_problems,
    misses_states,
)
from reconciler.report.view.rows import Row, make_rows

Weight: TypeAlias = Literal["blocking", "filters", "error", "warning", "info"]
WEIGHTS: tuple[Weight, ...] = ("blocking", "error", "filters", "warning", "info")
NO_DRIFT = "no drift"
DRIFT = "Drift: changed by hand (account → git)"
PENDING = "Pending: in git, not applied yet"
ALIKE_SHOWN = 3  # problems of one code that are shown
ALIKE_FROM = 6  # from this number of warnings of one code, the rest is counted


@dataclass(frozen=True, slots=True)
class Section:
    """All changes of one cause with their verdict: the rows that remove something, and the others."""

    cause: Cause
    voice: Voice
    title: str
    verdict: str
    shrinking: tuple[Row, ...]
    other: tuple[Row, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """Returns all rows, removals first."""
        return (*self.shrinking, *self.other)


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """Problems of one weight; `more` counts by code the problems that are not shown."""

    weight: Weight
    shown: tuple[Problem, ...]
    more: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Omission:
    """Users and groups that the plan skips for one reason."""

    reason: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class View:
    """A plan, ready to render. `block` is empty if the plan can be applied."""

    plan: Plan
    voice: Voice
    title: str
    verdict: str
    block: str
    notes: tuple[str, ...]
    problems: tuple[ProblemGroup, ...]
    sections: tuple[Section, ...]
    named: tuple[NamedGroup, ...]
    left: tuple[Omission, ...]
    unmanaged: str
    cost: str

    @property
    def is_empty(self) -> bool:
        """Whether the verdict is all that the plan has to show."""
        return not (self.sections or self.problems or self.notes or self.block or self.named or self.left)

    @property
    def held_back(self) -> int:
        """Counts the problems that hold back a part of a plan that can be applied."""
        return sum(len(group.shown) for group in self.problems if group.weight == "error")

    @property
    def standing(self) -> str:
        """Returns the end of the headline of a plan that can be applied: whether a problem holds back a part of it."""
        held_back = self.held_back
        return f"{count(held_back, 'problem')}; nothing blocks the rest" if held_back else "nothing blocks it"

    def headline(self, quote: Callable[[str], str], stress: Callable[[str], str] = str) -> str:
        """Returns `Plan for production: 2 people lose access` or `No drift in production`.

        The tenant is quoted, and the losses at the start of the verdict are stressed.
        """
        tenant = quote(self.plan.tenant)
        if self.verdict.startswith(NO_DRIFT):
            return f"No drift in {tenant}{self.verdict.removeprefix(NO_DRIFT)}"
        losses = make_losses(self.plan.changes) if self.voice == "plan" else ""
        stressed = f"{stress(losses)}{self.verdict.removeprefix(losses)}" if losses else self.verdict
        return f"{self.title} {tenant}: {stressed}"


def make_view(plan: Plan, voice: Voice = "plan") -> View:
    """Makes the view of a plan, as a plan or as drift."""
    return View(
        plan=plan,
        voice=voice,
        title="Plan for" if voice == "plan" else "Drift in",
        verdict=_verdict(plan, voice),
        block=describe_block(plan),
        notes=(*([describe_partial(plan)] if plan.read.mode == "targeted" else []), *describe_notes(plan)),
        problems=tuple(_group_problems(list_problems(plan))),
        sections=tuple(_sections(plan) if voice == "plan" else _drift_sections(plan)),
        named=tuple(group_named(plan.named)),
        left=tuple(_left(plan.skipped)),
        unmanaged=describe_unmanaged(plan),
        cost=describe_cost(plan),
    )


def _verdict(plan: Plan, voice: Voice) -> str:
    """Returns the verdict. "Nothing to do" needs known ownership, no unresolved user or group, and no error."""
    if not plan.changes and plan.named:
        are = "is" if len(plan.named) == 1 else "are"
        return f"no changes; {count_named(plan.named)} {are} named below, not changed"
    if not plan.changes and (not knows_ownership(plan) or has_errors(plan) or misses_states(plan)):
        return "no changes"
    if voice == "drift":
        return make_drift_verdict(plan) or f"{NO_DRIFT}{describe_scope(plan)}"
    if not plan.changes:
        return f"nothing to do{describe_scope(plan)}"
    return "; ".join(filter(None, [make_verdict(plan.changes), describe_named(plan.named)]))


def _sections(plan: Plan) -> Iterable[Section]:
    """Yields a section for each cause, conflicts first."""
    for cause, title in TITLES.items():
        yield from _section(plan, [change for change in plan.changes if change.cause == cause], "plan", title)


def _drift_sections(plan: Plan) -> Iterable[Section]:
    """Yields the drift, then the pending changes."""
    drift, pending = split_drift(plan)
    yield from _section(plan, drift, "drift", DRIFT)
    yield from _section(plan, pending, "plan", PENDING)


def _section(plan: Plan, changes: Sequence[Change], voice: Voice, title: str) -> Iterable[Section]:
    rows = make_rows(changes, plan, voice)
    if rows:
        shrinking = tuple(row for row in rows if row.sign == "-")
        verdict = make_verdict(changes) if voice == "plan" else f"to revert it, {make_verdict(changes)}"
        yield Section(changes[0].cause, voice, title, verdict, shrinking, rows[len(shrinking) :])


def _group_problems(problems: Sequence[Problem]) -> Iterable[ProblemGroup]:
    """Yields refusals, errors, filter changes, warnings and notes. All refusals and errors are shown."""
    for weight in WEIGHTS:
        chosen = [problem for problem in problems if weigh(problem) == weight]
        counts = Counter(problem.code for problem in chosen)
        many = {code for code in counts if counts[code] >= ALIKE_FROM and weight in {"warning", "info"}}
        if chosen:
            yield ProblemGroup(
                weight,
                tuple(_examples(chosen, many)),
                tuple((code, counts[code] - ALIKE_SHOWN) for code in counts if code in many),
            )


def _examples(problems: Iterable[Problem], many: set[str]) -> Iterable[Problem]:
    seen: Counter[str] = Counter()
    for problem in problems:
        seen[problem.code] += 1
        if problem.code not in many or seen[problem.code] <= ALIKE_SHOWN:
            yield problem


def weigh(problem: Problem) -> Weight:
    """Returns the weight of a problem for the reader of a plan."""
    if is_refusal(problem):
        return "blocking"
    return "filters" if problem.code == "filter_change" else problem.severity


def _left(skipped: Iterable[Skipped]) -> Iterable[Omission]:
    by_reason: dict[str, list[str]] = {}
    for one in skipped:
        by_reason.setdefault(one.reason, []).append(one.key)
    return (Omission(reason, tuple(keys)) for reason, keys in by_reason.items())
