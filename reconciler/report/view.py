"""A plan as people read it: the verdict, what blocks, the problems, then the changes by cause.

Text, Markdown and HTML are ways to write this down; none decides anything, and this quotes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from reconciler.core.plan import Cause, Change, Plan, Skipped
from reconciler.errors import Problem
from reconciler.report.rows import Row, make_rows
from reconciler.report.words import (
    BLOCKING,
    TITLES,
    Voice,
    make_drift_verdict,
    make_verdict,
    tell_block,
    tell_cost,
    tell_notes,
    tell_unmanaged,
)

Weight: TypeAlias = Literal["blocking", "filters", "error", "warning", "info"]
WEIGHTS: tuple[Weight, ...] = ("blocking", "error", "filters", "warning", "info")
ALIKE_SHOWN = 3  # of so many warnings of one kind, and
ALIKE_FROM = 6  # from this many on, the others are counted


@dataclass(frozen=True, slots=True)
class Section:
    """All changes of one cause, and what they come to: rows that take something away, and the others."""

    cause: Cause
    voice: Voice
    title: str
    verdict: str
    shrinking: tuple[Row, ...]
    other: tuple[Row, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """What shrinks comes first."""
        return (*self.shrinking, *self.other)


@dataclass(frozen=True, slots=True)
class Told:
    """Problems of one weight; `more` counts those that are like the shown ones, by code."""

    weight: Weight
    shown: tuple[Problem, ...]
    more: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Left:
    """Resources that nothing is done about, for one reason."""

    reason: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class View:
    """A plan ready to be written down. `block` is empty where nothing stands in the way."""

    plan: Plan
    voice: Voice
    title: str
    verdict: str
    block: str
    notes: tuple[str, ...]
    problems: tuple[Told, ...]
    sections: tuple[Section, ...]
    left: tuple[Left, ...]
    unmanaged: str
    cost: str

    @property
    def calm(self) -> bool:
        """Whether there is nothing to read but the verdict."""
        return not (self.sections or self.problems or self.notes or self.block or self.left)


def make_view(plan: Plan, voice: Voice = "plan") -> View:
    """The plan in the words of people."""
    return View(
        plan=plan,
        voice=voice,
        title="Plan for" if voice == "plan" else "Drift in",
        verdict=_verdict(plan, voice),
        block=tell_block(plan),
        notes=tuple(tell_notes(plan)),
        problems=tuple(_tell_problems(plan.problems)),
        sections=tuple(_sections(plan, voice)),
        left=tuple(_left(plan.skipped)),
        unmanaged=tell_unmanaged(plan),
        cost=tell_cost(plan),
    )


def _verdict(plan: Plan, voice: Voice) -> str:
    if voice == "plan":
        return make_verdict(plan.changes) if plan.changes else "nothing to do"
    return make_drift_verdict(plan.changes) if plan.changes else "none"


def _sections(plan: Plan, voice: Voice) -> Iterable[Section]:
    """Conflicts first; drift is of one cause, and needs no heading of its own."""
    by_cause: dict[Cause, list[Change]] = {cause: [] for cause in TITLES}
    for change in plan.changes:
        by_cause[change.cause if voice == "plan" else "drift"].append(change)
    for cause, changes in by_cause.items():
        rows = make_rows(changes, plan, voice)
        if rows:
            title = TITLES[cause] if voice == "plan" else "What differs (in the account → in git)"
            shrinking = tuple(row for row in rows if row.sign == "-")
            yield Section(cause, voice, title, _section_verdict(changes, voice), shrinking, rows[len(shrinking) :])


def _section_verdict(changes: Sequence[Change], voice: Voice) -> str:
    return make_verdict(changes) if voice == "plan" else f"to mend it, {make_verdict(changes)}"


def _tell_problems(problems: Sequence[Problem]) -> Iterable[Told]:
    """What blocks, errors, what an edit of the filters does, warnings, notes. Errors and what blocks are all shown."""
    for weight in WEIGHTS:
        chosen = [problem for problem in problems if weigh(problem) == weight]
        counts = Counter(problem.code for problem in chosen)
        many = {code for code in counts if counts[code] >= ALIKE_FROM and weight in {"warning", "info"}}
        if chosen:
            yield Told(
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
    """What a problem means to somebody who reads a plan."""
    if problem.code in BLOCKING:
        return "blocking"
    return "filters" if problem.code == "filter_change" else problem.severity


def _left(skipped: Iterable[Skipped]) -> Iterable[Left]:
    by_reason: dict[str, list[str]] = {}
    for one in skipped:
        by_reason.setdefault(one.reason, []).append(one.key)
    return (Left(reason, tuple(keys)) for reason, keys in by_reason.items())
