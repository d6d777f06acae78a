"""`python -m benchmarks.names`: CPU of linking, and of a whole plan, by the number of people and by how names move.

Each plan is made in memory from ready states. Nobody moves; each takes the name of the next (one chain); all are one
ring; all are new. The last column is the growth of the whole plan beside that of the company: 1.0 is linear.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable, Mapping
from datetime import date
from time import process_time

from reconciler.collector import collector_off
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.comparison.link import link_account
from reconciler.core.declarations.tenant import Guardrails, Tenant
from reconciler.core.model.resources import DesiredUser, Key, LiveUser
from reconciler.core.model.states import Certificate, DesiredState, LiveState
from reconciler.core.safety.make_plan import PlanInput, make_plan
from reconciler.errors import Source

TODAY = date(2026, 1, 5)
TENANT = Tenant(url="sandbox", scope="all")
Moves = Callable[[int, int], int | None]
MOVES: Mapping[str, Moves] = {
    "no name moves": lambda number, _count: number,
    "one chain of names": lambda number, _count: number + 1,
    "one ring of names": lambda number, count: (number + 1) % count,
    "all are new": lambda _number, _count: None,
}


def make_states(count: int, moves: Moves) -> tuple[DesiredState, LiveState]:
    """Returns a company, and its account: person `n` has the name `moves(n, count)` there, or is not there."""
    desired, live = {}, []
    for number in range(count):
        key = Key("user", f"u{number}")
        name, source = f"n{number}@example.com", Source("users.yaml", number + 1)
        attributes = {"externalId": key.name, "userName": name}
        desired[key] = DesiredUser(key, source, attributes, in_scope=True, reason="everyone is in scope")
        if (has := moves(number, count)) is not None:
            live.append(
                LiveUser(f"id{number}", {"externalId": key.name, "userName": f"n{has}@example.com"}, active=True)
            )
    state = DesiredState(tenant="bench", users=desired, groups={}, matching=("externalId", "userName"))
    return state, LiveState(tuple(live), (), Certificate("full", len(live), 0, 0))


def measure(work: Callable[[], object]) -> float:
    """Returns the CPU seconds of one run, as commands do it: without the cyclic collector."""
    gc.collect()
    with collector_off():
        start = process_time()
        work()
        return process_time() - start


def main() -> None:
    """Prints a row for each way in which names move, and each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=int, default=[1_000, 10_000, 100_000])
    chosen = parser.parse_args()
    sys.stdout.write("| names | people | linking | whole plan | growth |\n| --- | --: | --: | --: | --: |\n")
    for name, moves in MOVES.items():
        before: tuple[int, float] | None = None
        for size in chosen.sizes:
            desired, live = make_states(size, moves)
            linking = measure(lambda: link_account(desired, Earlier(), live))  # noqa: B023  # run at once
            plan = measure(lambda: make_plan(PlanInput(desired, live, TENANT, Guardrails(), TODAY)))  # noqa: B023
            growth = f"{plan / before[1] / (size / before[0]):.1f}" if before else ""
            sys.stdout.write(f"| {name} | {size:,} | {linking:.2f} s | {plan:.2f} s | {growth} |\n")
            sys.stdout.flush()
            before = size, plan


if __name__ == "__main__":
    main()
