"""`python -m benchmarks.sizes`: CPU and memory of load, compile, diff and render by size, how each grows; starting.

There is a group for each fifty people, and five memberships for each person. Whole plans are measured too: the first,
one with all files cached, and one with one file edited since.

Each size is measured in processes of its own, smallest first, in turns; the figures are medians. They are CPU seconds,
because a busy machine changes those least.
"""

from __future__ import annotations

import cProfile
import json
import pstats
import resource
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import log
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any, TypeAlias, TypeVar

import click

from benchmarks import company, large, tools
from benchmarks.measure import SPAWN, Void, measure_in_turns, run
from benchmarks.report import peer_rows, put_between
from reconciler.collector import collector_off
from reconciler.core.access.compile import compile_state, guardrails_of
from reconciler.core.changes.plan import plan_to_json
from reconciler.core.safety.make_plan import PlanInput, make_plan
from reconciler.desired.git.files import read_folder
from reconciler.desired.yaml.load import load_declarations
from reconciler.live.snapshot import load_snapshot

T = TypeVar("T")
ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- begin of sizes, written by benchmarks.sizes -->", "<!-- end of sizes -->"
TODAY = date(2026, 1, 5)
SIZES = (1_000, 10_000, 100_000)
STAGES = ("read the live state", "load", "compile", "diff", "render")
PLANS = ("first plan", "plan again", "plan with one file edited")
MOST = 1.05
NAMED = 3
STARTS_IN_A_TURN = 4
STARTED_WITH = 100  # people that are validated
EDITED = 2  # people in the file that is edited
UNITS = {"cpu": "s", "peak": "MB"}
NAMES = {"cpu": "CPU", "peak": "peak memory"}

Measured: TypeAlias = Mapping[str, Mapping[str, float]]


@dataclass
class Meter:
    """The CPU seconds of each stage, and the peak memory of the process when it ended, in MB."""

    stages: dict[str, dict[str, float]] = field(default_factory=dict)

    def time(self, stage: str, work: Callable[[], T]) -> T:
        """Measures `work`, and returns its result."""
        start = process_time()
        result = work()
        unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2) of each
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
        self.stages[stage] = {"cpu": process_time() - start, "peak": peak}
        return result


@click.command()
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(min=1), help="Turns; the largest has one.")
@click.option("--child", type=click.Path(path_type=Path), hidden=True)
@click.option("--profile", is_flag=True, hidden=True)
@click.option("--keep/--print", default=True, help="Write the figures into benchmarks/README.md.")
def main(repeats: int, child: Path | None, *, profile: bool, keep: bool) -> None:
    """Measure the stages of a plan at 1,000, 10,000 and 100,000 people."""
    if child:
        with collector_off():  # as the commands do
            click.echo(json.dumps(name_costs(child) if profile else measure_stages(child)))
        return
    with TemporaryDirectory(prefix="reconciler-sizes-") as folder:
        text = "\n".join(compare(Path(folder), repeats))
    click.echo(text)
    if keep:
        readme = Path(__file__).with_name("README.md")
        readme.write_text(put_between(readme.read_text(encoding="utf-8"), text, BEGIN, END), encoding="utf-8")


def compare(folder: Path, repeats: int) -> Iterator[str]:
    """Yields the tables, line by line."""
    runs: dict[int, list[Measured]] = {size: [] for size in SIZES}
    for size in SIZES:
        large.write_company(folder / str(size), size)
    for turn in range(repeats):
        for size in SIZES if turn == 0 else SIZES[:-1]:
            stages = _in_a_process(folder / str(size))
            runs[size].append({**stages, **measure_plans(folder / str(size), size, turn)})
            click.echo(f"{size:,}: {runs[size][-1]}", err=True)
    costs = _in_a_process(folder / str(SIZES[1]), "--profile")
    yield from _rows(runs)
    yield ""
    yield f"The {NAMED} largest costs of that, of {SIZES[1]:,} people, by the time in each function itself (cProfile):"
    yield ""
    yield "| function | of all |"
    yield "| --- | --: |"
    for name, share in costs.items():
        yield f"| `{name}` | {share:.0%} |"
    yield ""
    yield from start_rows(folder / "start", repeats * STARTS_IN_A_TURN)


def start_rows(folder: Path, repeats: int) -> Iterator[str]:
    """Yields the cost of a start, beside the least that a command line with click takes."""
    contenders = [
        tools.reconciler_help(folder / "help", repeats),
        tools.reconciler_validate(folder / "validate", STARTED_WITH, repeats),
        tools.import_click(folder / "click", repeats),
    ]
    yield from peer_rows(measure_in_turns(contenders, tell=len))


def measure_plans(folder: Path, size: int, turn: int) -> Measured:
    """Measures the whole command: with an empty cache, with all files cached, and with one file edited since."""
    shutil.rmtree(folder / ".reconciler", ignore_errors=True)
    title = f"Head of Turn {turn}"
    costs: dict[str, Mapping[str, float]] = {}
    for name in PLANS:
        if name == PLANS[-1]:
            company.change_titles(folder / "desired-state", EDITED, title)
        command = (sys.executable, "-m", "reconciler", "plan", "--live", "live.json", "-o", "plan.json")
        spawn = (sys.executable, "-I", "-S", str(SPAWN), "cost", "output")
        run((*spawn, *command), folder)
        cost = json.loads((folder / "cost").read_bytes())
        if cost["exit_code"]:
            raise Void((folder / "output").read_text(encoding="utf-8")[-2_000:])
        planned = len(json.loads((folder / "plan.json").read_bytes())["changes"])
        edited = EDITED if turn or name == PLANS[-1] else 0
        if planned != large.count_changes(size) + edited:
            raise Void(f"{name}: {planned} changes of {size} people")
        costs[name] = {"cpu": cost["cpu_seconds"], "peak": cost["peak_bytes"] / 1e6}
    return costs


def measure_stages(folder: Path) -> Measured:
    """Measures the stages of a plan between the files and its text, in this process."""
    meter = Meter()
    live = meter.time("read the live state", lambda: load_snapshot(folder / "live.json"))
    declarations = meter.time("load", lambda: load_declarations(read_folder(folder / "desired-state"))).declarations
    desired = meter.time("compile", lambda: compile_state(declarations, "bench", TODAY))
    tenant = declarations.tenants["bench"].tenant
    gathered = PlanInput(
        desired=desired, live=live, tenant=tenant, guardrails=guardrails_of(declarations, "bench"), as_of=TODAY
    )
    made = meter.time("diff", lambda: make_plan(gathered))
    if len(made.plan.changes) < large.count_changes(len(live.users)):
        raise Void(f"{len(made.plan.changes)} changes of {len(live.users)} people")
    meter.time("render", lambda: plan_to_json(made.plan))
    return meter.stages


def name_costs(folder: Path) -> Mapping[str, float]:
    """Returns the most expensive functions of all stages, and their shares."""
    profile = cProfile.Profile()
    profile.runcall(measure_stages, folder)
    return largest(pstats.Stats(profile).get_stats_profile())


def largest(profile: pstats.StatsProfile) -> Mapping[str, float]:
    """Returns the functions with the most time of their own, and their shares."""
    costs = sorted(profile.func_profiles.items(), key=lambda one: one[1].tottime, reverse=True)[:NAMED]
    return {f"{Path(cost.file_name).stem}.{name}": cost.tottime / profile.total_tt for name, cost in costs}


def exponent(runs: Mapping[int, Sequence[Measured]], stage: str, what: str) -> float:
    """Returns the exponent of growth between the two largest sizes: 1 is linear, 2 quadratic."""
    smaller, larger = sorted(runs)[-2:]
    return log(_median(runs[larger], stage, what) / _median(runs[smaller], stage, what)) / log(larger / smaller)


def _rows(runs: Mapping[int, Sequence[Measured]]) -> Iterator[str]:
    sizes = " | ".join(f"{size:,} people, {large.count_groups(size):,} groups" for size in runs)
    yield f"| | {sizes} | exponent, at most {MOST} | |"
    yield f"| --- |{' --: |' * len(runs)} --: | --- |"
    for stage in STAGES:
        cells = " | ".join(f"{_median(each, stage, 'cpu'):.2f} s" for each in runs.values())
        yield f"| {stage}: CPU | {cells} | {_verdict(exponent(runs, stage, 'cpu'))} |"
    cells = " | ".join(f"{_median(each, STAGES[-1], 'peak'):,.0f} MB" for each in runs.values())
    yield f"| all: peak memory | {cells} | {_verdict(exponent(runs, STAGES[-1], 'peak'))} |"
    for plan in PLANS:
        for what, unit in (("cpu", ".2f"), ("peak", ",.0f")):
            cells = " | ".join(f"{_median(each, plan, what):{unit}} {UNITS[what]}" for each in runs.values())
            yield f"| {plan}: {NAMES[what]} | {cells} | {_verdict(exponent(runs, plan, what))} |"


def _verdict(measured: float) -> str:
    return f"{measured:.2f} | {'met' if measured <= MOST else '**missed**'}"


def _median(runs: Sequence[Measured], stage: str, what: str) -> float:
    return median(one[stage][what] for one in runs)


def _in_a_process(folder: Path, *options: str) -> Any:  # noqa: ANN401  # the child's JSON
    """Returns the output of a child. A small process starts it, because a child inherits its parent's peak memory."""
    output = folder / "output"
    child = (sys.executable, "-m", "benchmarks.sizes", "--child", str(folder), *options)
    run((sys.executable, "-I", "-S", str(SPAWN), str(folder / "cost"), str(output), *child), ROOT)
    printed = output.read_text(encoding="utf-8")
    if json.loads((folder / "cost").read_bytes())["exit_code"]:
        raise Void(printed[-2_000:])
    return json.loads(printed)


if __name__ == "__main__":
    main()
