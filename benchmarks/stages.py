"""Measures the stages of one plan in this process; the rest of the whole command is start-up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from benchmarks import tools
from benchmarks.measure import run
from reconciler.core.access.compile import compile_state, guardrails_of
from reconciler.core.changes.plan import plan_to_json
from reconciler.core.planner.planner import decide_changes
from reconciler.core.safety.make_plan import PlanInput, make_plan
from reconciler.desired.git.files import read_folder
from reconciler.desired.yaml.load import load_declarations
from reconciler.live.snapshot import load_snapshot

T = TypeVar("T")
TODAY = date(2026, 1, 5)


class _Clock:
    """A stopwatch, which keeps seconds by the name of the stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def time(self, stage: str, work: Callable[[], T]) -> T:
        """Measures `work`, and returns its result."""
        start = perf_counter()
        result = work()
        self.seconds[stage] = perf_counter() - start
        return result


def time_stages(folder: Path, count: int) -> Mapping[str, float]:
    """Returns the seconds of each stage of a plan for that many people; `whole command` is a run of its own."""
    contender = tools.reconciler_plan(folder / "people", count, repeats=1)
    clock = _Clock()
    clock.time("whole command, first time", lambda: run(contender.command, contender.folder))
    clock.time("whole command", lambda: run(contender.command, contender.folder))

    contents = clock.time("read files", lambda: read_folder(contender.folder / "desired-state"))
    declarations = clock.time("load YAML", lambda: load_declarations(contents)).declarations
    desired = clock.time("compile", lambda: compile_state(declarations, "bench", TODAY))
    live = clock.time("read live", lambda: load_snapshot(contender.folder / "live.json"))
    gathered = PlanInput(
        desired=desired,
        live=live,
        tenant=declarations.tenants["bench"].tenant,
        guardrails=guardrails_of(declarations, "bench"),
        as_of=TODAY,
    )
    clock.time("decide", lambda: decide_changes(desired, live, gathered.tenant, gathered.earlier, gathered.evidence))
    made = clock.time("make the plan: decide again, guardrails, convergence", lambda: make_plan(gathered))
    clock.time("render", lambda: plan_to_json(made.plan))
    return clock.seconds
