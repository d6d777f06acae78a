"""Tries every kind of fault at every request of every flow, on every service, and counts for docs/reliability.md.

`python -m tests.faults.sweep` tries all of them. With the name of a service, or of a service and a flow, it tries only
these and rewrites only their rows. `scripts/faults` runs it.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.kinds import FAULTS, FOR_GOOD
from tests.faults.places import PLACES, PLAYED, Bench, serve_place
from tests.faults.run import NAMED, Broken, Verdict

DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- begin of the sweep, written by scripts/faults -->", "<!-- end of the sweep -->"
COLUMNS = ("requests", "faults tried", "converged", "by a second apply", "lost", "twice", "deletes")


@dataclass
class Count:
    """The verdicts on the faults of one flow on one service."""

    place: str
    flow: str
    requests: int
    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Returns the counts in the order of the columns."""
        wrong = [one.wrong for one in self.verdicts if one.wrong]
        twice = sum("twice" in one for one in wrong)
        deletes = sum("sent" in one for one in wrong)
        lost = len(wrong) - twice - deletes
        again = sum(one.applies > 0 for one in self.verdicts)
        tried = len(self.verdicts)
        return self.requests, tried, tried - len(wrong), again, lost, twice, deletes


async def sweep_flow(bench: Bench, place: str, flow: str) -> Count:
    """Tries every kind of fault at every request."""
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


def read_rows() -> Iterator[tuple[tuple[str, str], tuple[int, ...]]]:
    """Yields the rows of the document's table."""
    _, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    for line in rest.partition(END)[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) > len(COLUMNS) and cells[1] in PLAYED.get(cells[0], ()):
            yield (cells[0], cells[1]), tuple(int(cell.replace(",", "")) for cell in cells[2:])


def render(rows: Mapping[tuple[str, str], Sequence[int]]) -> str:
    """Returns the table, in the order of services and flows, with a sum."""
    in_order = [(place, flow) for place in PLACES for flow in PLAYED[place] if (place, flow) in rows]
    every = [sum(column) for column in zip(*rows.values(), strict=True)]
    head = f"| service | flow | {' | '.join(COLUMNS)} |"
    lines = [*((*names, *rows[names]) for names in in_order), ("all", "", *every)]
    written = [f"| {' | '.join(f'{one:,}' if isinstance(one, int) else one for one in line)} |" for line in lines]
    return "\n".join([head, "|---|---|" + "--:|" * len(COLUMNS), *written])


def write_between(begin: str, end: str, table: str) -> None:
    """Replaces the table in the document."""
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    DOCUMENT.write_text(f"{before}{begin}\n\n{table}\n\n{end}{after}", encoding="utf-8")


def main(place: str | None = None, flow: str | None = None) -> int:
    """Tries the faults, writes each flow's row into the document, and returns 1 if anything was wrong."""
    wrong = False
    for name in [place] if place else PLACES:
        with tempfile.TemporaryDirectory() as folder, serve_place(name, Path(folder)) as bench:
            for each in [flow] if flow else PLAYED[name]:
                count = asyncio.run(sweep_flow(bench, name, each))
                write_between(BEGIN, END, render({**dict(read_rows()), (name, each): count.numbers}))
                sys.stderr.write(f"{name}, {each}: {dict(zip(COLUMNS, count.numbers, strict=True))}\n")
                wrong = wrong or any(one.wrong not in ("", NAMED) for one in count.verdicts)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
