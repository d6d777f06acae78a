"""Figures → Markdown: medians, ratios, and whether each target is met. Measures nothing and reads no file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from statistics import median
from typing import TypeAlias

from benchmarks import tools
from benchmarks.measure import Cost

BEGIN = "<!-- begin of figures, written by benchmarks/run -->"
END = "<!-- end of figures -->"

TARGET_USERS = 10_000

Costs: TypeAlias = Mapping[str, Sequence[Cost]]
Measure: TypeAlias = Callable[[Cost], float]


@dataclass(frozen=True, slots=True)
class Figures:
    """All measured costs, by the name of each contender, and the machine.

    The reconciler comes first in `start` and `plan`; a peer that is not installed has no costs. `growth` has its costs
    by number of people, smallest first; the largest two show how planning grows.
    """

    users: int
    changed: int
    system: str
    versions: Mapping[str, str]
    start: Costs
    plan: Costs
    growth: Mapping[int, Sequence[Cost]]


def render(figures: Figures) -> str:
    """Returns all figures as Markdown, without a heading."""
    versions = ", ".join(f"{name} {version}" for name, version in figures.versions.items())
    lines = [
        f"{figures.system}. {versions}.",
        "",
        *_caveat(figures),
        "| target | at most | measured | |",
        "| --- | --: | --: | --- |",
        *map(_target_row, _targets(figures)),
        "",
        "### Starting",
        "",
        *peer_rows(figures.start),
        "",
        f"### Planning {figures.users:,} people, {figures.changed:,} of them changed",
        "",
        *peer_rows(figures.plan),
        "",
        "### Growing",
        "",
        *_growth_rows(figures.growth),
    ]
    return "\n".join(lines)


def put_between(document: str, text: str, opening: str = BEGIN, closing: str = END) -> str:
    """Returns the document with the text between its markers replaced."""
    before, begin, rest = document.partition(opening)
    _, end, after = rest.partition(closing)
    if not begin or not end:
        raise ValueError(f"the document has no place for figures, between {opening} and {closing}")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def _caveat(figures: Figures) -> Sequence[str]:
    fewer = f"The targets are for {TARGET_USERS:,} people; with {figures.users:,} most of the time is start-up."
    return [] if figures.users >= TARGET_USERS else [fewer, ""]


@dataclass(frozen=True, slots=True)
class _Target:
    """A figure that must not exceed `limit`; `measured` is None if a peer is not installed."""

    says: str
    measured: float | None
    limit: float


def _targets(figures: Figures) -> Iterator[_Target]:
    start, plan = figures.start, figures.plan
    yield _Target("start: wall against `import click`", _ours_over(start, tools.IMPORT_CLICK, _wall), 2.5)
    yield _Target("plan: wall against Terraform", _ours_over(plan, tools.TERRAFORM, _wall), 1 / 15)
    yield _Target("plan: peak memory against Terraform", _ours_over(plan, tools.TERRAFORM, _peak), 1 / 6)
    yield _Target("plan: wall against octoDNS", _ours_over(plan, tools.OCTODNS, _wall), 1)
    yield _Target("growth: exponent of wall in the number of people", _exponent(figures.growth, _wall), 1.1)
    yield _Target("growth: exponent of peak memory", _exponent(figures.growth, _peak), 1.1)


def _target_row(target: _Target) -> str:
    if target.measured is None:
        return f"| {target.says} | {_fraction(target.limit)} | not installed | |"
    verdict = "met" if target.measured <= target.limit else "**missed**"
    write = _fraction if target.limit < 1 else _decimal
    return f"| {target.says} | {write(target.limit)} | {write(target.measured)} | {verdict} |"


def _ours_over(costs: Costs, peer: str, measure: Measure) -> float | None:
    """Returns the first cost as a multiple of the peer's; None if the peer is not installed."""
    ours = next(iter(costs.values()))
    return _median(ours, measure) / _median(costs[peer], measure) if costs[peer] else None


def _exponent(growth: Mapping[int, Sequence[Cost]], measure: Measure) -> float:
    """Returns the exponent of growth between the two largest sizes: 1 is linear, 2 quadratic."""
    smaller, larger = sorted(growth)[-2:]
    return log(_median(growth[larger], measure) / _median(growth[smaller], measure)) / log(larger / smaller)


def _wall(cost: Cost) -> float:
    return cost.wall_seconds


def _cpu(cost: Cost) -> float:
    return cost.cpu_seconds


def _peak(cost: Cost) -> float:
    return cost.peak_bytes


def _median(costs: Sequence[Cost], measure: Measure) -> float:
    return median(measure(cost) for cost in costs)


def peer_rows(costs: Costs) -> Iterator[str]:
    """Yields the rows of medians, with the ratio of each to the first."""
    ours = next(iter(costs.values()))
    yield "| | wall | CPU | peak memory | wall against ours | memory against ours |"
    yield "| --- | --: | --: | --: | --: | --: |"
    for name, each in costs.items():
        if each:
            wall, memory = (_median(each, measure) / _median(ours, measure) for measure in (_wall, _peak))
            yield f"| {name} | {_medians(each)} | × {wall:.2f} | × {memory:.2f} |"
        else:
            yield f"| {name} | not installed | | | | |"


def _growth_rows(growth: Mapping[int, Sequence[Cost]]) -> Iterator[str]:
    yield "| people | wall | CPU | peak memory | wall a person | memory a person |"
    yield "| --: | --: | --: | --: | --: | --: |"
    for count, each in growth.items():
        wall, peak = _median(each, _wall) / count * 1e6, _median(each, _peak) / count / 1e3
        yield f"| {count:,} | {_medians(each)} | {wall:,.0f} µs | {peak:,.1f} kB |"


def _medians(costs: Sequence[Cost]) -> str:
    wall, cpu, peak = (_median(costs, measure) for measure in (_wall, _cpu, _peak))
    return f"{wall:.2f} s | {cpu:.2f} s | {peak / 1e6:,.0f} MB"


def _decimal(value: float) -> str:
    return f"{value:.2f}"


def _fraction(value: float) -> str:
    """Returns a small ratio as a fraction: 1/15."""
    return f"1/{1 / value:.1f}".removesuffix(".0")
