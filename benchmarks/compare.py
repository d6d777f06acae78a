"""`benchmarks/run planning`: makes people, measures the contenders in turns, and keeps the figures."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from benchmarks import tools
from benchmarks.measure import Contender, Cost, Void, measure_in_turns
from benchmarks.people import count_changed
from benchmarks.report import Figures, put_between, render
from benchmarks.stages import time_stages

HERE = Path(__file__).parent
QUICK_USERS = 1_000
STARTS_IN_A_TURN = 4  # a start is short, so more of them cost little and steady the median


@click.command()
@click.option("--users", default=10_000, show_default=True, type=click.IntRange(min=1_000), help="People to plan.")
@click.option("--repeats", default=5, show_default=True, type=click.IntRange(min=1), help="Turns for each command.")
@click.option("--quick", is_flag=True, help="1,000 people and one turn; print the figures and keep none.")
@click.option("--profile", is_flag=True, help="Only print the seconds of one plan, stage by stage.")
def main(users: int, repeats: int, *, quick: bool, profile: bool) -> None:
    """Measure what planning costs, here and in peers, and write it into benchmarks/README.md."""
    users, repeats = (QUICK_USERS, 1) if quick else (users, repeats)
    with TemporaryDirectory(prefix="reconciler-benchmarks-") as folder:
        try:
            if profile:
                _print_stages(Path(folder), users)
                return
            figures = measure(Path(folder), users, repeats)
        except Void as void:
            raise click.ClickException(f"The comparison is void. {void}") from void

    click.echo(render(figures))
    if not quick:
        _keep(figures)


def measure(folder: Path, users: int, repeats: int) -> Figures:
    """Measures every comparison, in an empty folder. Raises Void if one of them is invalid."""
    terraform = tools.find_terraform()
    return Figures(
        users=users,
        changed=count_changed(users),
        system=f"{platform.system()} on {platform.machine()}, {os.cpu_count()} cores",
        versions={"Python": platform.python_version(), **tools.read_versions(folder, terraform)},
        start=_measure_starts(folder / "start", repeats * STARTS_IN_A_TURN),
        plan=_measure_plans(folder / "plan", users, repeats, terraform),
        growth=_measure_growth(folder / "growth", (users // 10, users, users * 5), repeats),
    )


def _measure_starts(folder: Path, repeats: int) -> Mapping[str, Sequence[Cost]]:
    return _measure(
        [
            tools.reconciler_help(folder / "reconciler", repeats),
            tools.import_click(folder / "click", repeats),
        ]
    )


def _measure_plans(folder: Path, users: int, repeats: int, terraform: str | None) -> Mapping[str, Sequence[Cost]]:
    contenders = [
        tools.reconciler_plan(folder / "reconciler", users, repeats),
        tools.reconciler_plan_with_base(folder / "base", users, repeats),
        tools.octodns_plan(folder / "octodns", users, repeats),
    ]
    if terraform is None:
        return {**_measure(contenders), tools.TERRAFORM: []}
    return _measure([*contenders, tools.terraform_plan(terraform, folder / "terraform", users, repeats)])


def _measure_growth(folder: Path, sizes: Sequence[int], repeats: int) -> Mapping[int, Sequence[Cost]]:
    contenders = [tools.reconciler_plan(folder / str(size), size, repeats, f"{size:,} people") for size in sizes]
    return dict(zip(sizes, _measure(contenders).values(), strict=True))


def _measure(contenders: Sequence[Contender]) -> dict[str, list[Cost]]:
    return measure_in_turns(contenders, tell=lambda line: click.echo(line, err=True))


def _print_stages(folder: Path, users: int) -> None:
    for stage, seconds in time_stages(folder, users).items():
        click.echo(f"{seconds:8.3f} s  {stage}")


def _keep(figures: Figures) -> None:
    """Writes every run as JSON, and the medians into README.md."""
    raw = HERE / "results" / "latest.json"
    raw.parent.mkdir(exist_ok=True)
    raw.write_text(json.dumps(asdict(figures), indent=2) + "\n", encoding="utf-8")
    readme = HERE / "README.md"
    readme.write_text(put_between(readme.read_text(encoding="utf-8"), render(figures)), encoding="utf-8")


if __name__ == "__main__":
    main()
