"""Every kind of fault at every request of every flow, on every service: counted, for docs/reliability.md.

`python -m tests.faults.sweep` takes a quarter of an hour; `scripts/faults` runs it.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.flows import FLOWS
from tests.faults.kinds import FAULTS, FOR_GOOD
from tests.faults.places import PLACES, Bench, serve_place
from tests.faults.run import Broken, Verdict

DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- begin of the sweep, written by scripts/faults -->", "<!-- end of the sweep -->"


@dataclass
class Count:
    """What became of the faults of one flow on one service."""

    place: str
    flow: str
    requests: int
    verdicts: list[Verdict] = field(default_factory=list)

    def row(self) -> str:
        """A line of the table."""
        wrong = [one.wrong for one in self.verdicts if one.wrong]
        converged = len(self.verdicts) - len(wrong)
        twice = sum("twice" in one for one in wrong)
        deletes = sum("sent" in one for one in wrong)
        again = sum(one.applies > 0 for one in self.verdicts)
        counted = (len(self.verdicts), converged, again, len(wrong) - twice - deletes, twice, deletes)
        return f"| {self.place} | {self.flow} | {self.requests} | " + " | ".join(f"{one:,}" for one in counted) + " |"


async def sweep_flow(bench: Bench, place: str, flow: str) -> Count:
    """Every kind at every request."""
    goal = await bench.goal(flow)
    count = Count(place, flow, goal.requests)
    for kinds, for_good in ((FAULTS, False), (FOR_GOOD, True)):
        for name, fault in kinds.items():
            for index in range(goal.requests):
                verdict = await bench.try_fault(flow, Broken(fault, index, for_good))
                count.verdicts.append(verdict)
                if verdict.wrong:
                    sys.stderr.write(f"{place}, {flow}, request {index}, {name}: {verdict.wrong}\n")
    return count


def render(counts: Iterable[Count]) -> str:
    """The table, and its sum."""
    counts = list(counts)
    head = (
        "| service | flow | requests | faults tried | converged | of these by a second apply | lost | twice | deletes |"
    )
    every = Count("all", "all", sum(one.requests for one in counts), [one for each in counts for one in each.verdicts])
    ruler = "|---|---|" + "--:|" * 7
    return "\n".join([head, ruler, *(one.row() for one in counts), every.row()])


def write_between(begin: str, end: str, table: str) -> None:
    """Writes the table into the document, in place of the one that is there."""
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    DOCUMENT.write_text(f"{before}{begin}\n\n{table}\n\n{end}{after}", encoding="utf-8")


def main() -> int:
    """Sweeps, writes the table into the document, and fails if anything was wrong."""
    counts: list[Count] = []
    for place in PLACES:
        with tempfile.TemporaryDirectory() as folder, serve_place(place, Path(folder)) as bench:
            for flow in FLOWS:
                counts.append(asyncio.run(sweep_flow(bench, place, flow)))
                sys.stderr.write(counts[-1].row() + "\n")
    write_between(BEGIN, END, render(counts))
    return int(any(verdict.wrong for count in counts for verdict in count.verdicts))


if __name__ == "__main__":
    sys.exit(main())
