"""`python -m benchmarks.traffic`: six days in the life of an account, in requests and seconds, here and in peers.

Each contender has an account of its own, behind HTTP and 50 ms away. The reconciler runs once without a limit, which
measures the program, and once at 4me's pace. A peer keeps no pace, so the table has the least time at that pace.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic

import click

from benchmarks import company, people, planners, tools
from benchmarks.account import TOKEN, Account, most_in_a_window, serve_account
from benchmarks.measure import Void
from benchmarks.measure import run as run_command
from benchmarks.report import put_between
from benchmarks.traffic_report import BEGIN, BURST, CHANGED, END, SECONDS, Days, Took, render

HERE = Path(__file__).parent
LATENCY = 0.05
UNLIMITED = "{burst: 1000 per 1s, sustained: 1000000 per 1h}"
PACE = "{burst: 20 per 2s, sustained: 3600 per 1h}"
LONGER = 5  # windows; over a single one, the network's delays would weigh too much


@dataclass(frozen=True, slots=True)
class Run:
    """The commands of one contender, with a folder and an account of its own."""

    folder: Path
    account: Account

    def day(self, *commands: Sequence[str]) -> Took:
        """Runs commands in sequence, and returns their requests and seconds."""
        before, start = len(self.account.moments), monotonic()
        for command in commands:
            self.run(command)
        return Took(len(self.account.moments) - before, monotonic() - start)

    def run(self, command: Sequence[str]) -> str:
        """Returns the output of a command; raises Void if it fails."""
        return run_command(command, self.folder, {company.TOKEN_NAME: TOKEN})


@click.command()
@click.option("--people", "count", default=1_000, show_default=True, type=click.IntRange(min=100))
@click.option("--ansible", "tenth", default=10, show_default=True, help="People for Ansible, which takes its time.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(min=1), help="Of those that are quick.")
@click.option("--keep/--print", default=True, help="Write the figures into benchmarks/README.md.")
def main(count: int, tenth: int, rounds: int, *, keep: bool) -> None:
    """Measure six days of an account here and in peers."""
    with TemporaryDirectory(prefix="reconciler-traffic-") as folder:
        try:
            text = render(measure(Path(folder), count, tenth, rounds))
        except Void as void:
            raise click.ClickException(f"The comparison is void. {void}") from void
    click.echo(text)
    if keep:
        readme = HERE / "README.md"
        readme.write_text(put_between(readme.read_text(encoding="utf-8"), text, BEGIN, END), encoding="utf-8")


def measure(folder: Path, count: int, tenth: int, rounds: int) -> Days:
    """Measures all days: the quick contenders in turns, A B C A B C, and at the same time those that mostly wait."""
    terraform = tools.find_terraform()
    ours: list[list[Took]] = []
    engine: list[list[float | None]] = []
    octodns: list[list[float | None]] = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        loop = pool.submit(_with_account, folder / "loop", partial(loop_three_days, count=count))
        paced = pool.submit(_with_account, folder / "paced", partial(live_six_days, count=count, rate=PACE))
        ansible = pool.submit(_with_account, folder / "ansible", partial(play_three_days, count=tenth))
        for turn in map(str, range(rounds)):
            ours.append(_with_account(folder / f"ours{turn}", partial(live_six_days, count=count, rate=UNLIMITED)))
            octodns.append(planners.live_with_octodns(folder / f"octodns{turn}", count, CHANGED))
            if terraform:
                engine.append(planners.live_with_terraform(folder / f"terraform{turn}", terraform, count, CHANGED))
    return Days(
        count=count,
        groups=company.GROUPS,
        tenth=tenth,
        rounds=rounds,
        system=f"{platform.system()} on {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[2]:.1f}",
        versions={"Python": platform.python_version(), **tools.read_versions(folder, terraform), **_peers(folder)},
        ours=[Took(days[0].requests, median(day.seconds for day in days)) for days in zip(*ours, strict=True)],
        paced=paced.result(),
        loop=loop.result(),
        ansible=ansible.result(),
        terraform=_medians(engine),
        octodns=_medians(octodns),
    )


def live_six_days(run: Run, count: int, rate: str) -> list[Took]:
    """Runs the reconciler as workflows do: a plan of a pull request, and an apply of that plan."""
    state = run.folder / "desired-state"
    company.write_repository(state, count, run.account.url, rate)
    ours = (tools.reconciler(), "--tenant", "bench", "-q")
    _commit(run, "first")
    first = run.day((*ours, "apply", "--yes"))
    company_size = len(run.account.store.simulator().users)
    if company_size != count:
        raise Void(f"{company_size} of {count} people arrived")
    nothing = run.day((*ours, "plan", "--exit-code"))
    company.change_titles(state, CHANGED, "Head of Benchmarks")
    _commit(run, "ten")
    ten = run.day((*ours, "plan", "--base", "HEAD~1", "-o", "plan.json"), (*ours, "apply", "plan.json", "--yes"))
    company.change_titles(state, 1, "Chief of Benchmarks")
    _commit(run, "one")
    one = run.day((*ours, "plan", "--base", "HEAD~1"))
    run.run(("git", "reset", "--quiet", "--hard", "HEAD~1"))
    run.account.age()
    drift = [_drift(run, number, (*ours, "drift")) for number in (17, 18)]
    most = most_in_a_window(run.account.moments, LONGER * SECONDS)
    if rate == PACE and most > (LONGER + 1) * BURST:
        raise Void(f"{most} requests came within {LONGER * SECONDS} seconds")
    return [first, nothing, ten, one, *drift]


def _drift(run: Run, number: int, command: Sequence[str]) -> Took:
    """Runs drift after a user was changed by hand."""
    run.account.title_by_hand(f"{people.key_of(number)}@example.com", "Self-appointed")
    took = run.day(command)
    if people.key_of(number) not in run.run(command):
        raise Void(f"drift does not name {people.key_of(number)}")
    return took


def loop_three_days(run: Run, count: int) -> list[Took]:
    """Runs scim2-client in a loop, which always reads all people, so later days cost the same as the first three."""
    file = run.folder / "company.json"
    company.write_for_peers(file, count)
    command = (str(tools.PEERS / "python"), str(HERE / "scim_loop.py"), run.account.url, TOKEN, str(file))
    first, nothing = run.day(command), run.day(command)
    company.change_titles_for_peers(file, CHANGED, "Head of Benchmarks")
    return [first, nothing, run.day(command)]


def play_three_days(run: Run, count: int) -> list[Took]:
    """Runs Ansible's uri module in a loop, for people alone."""
    file = run.folder / "company.json"
    company.write_for_peers(file, count)
    python = f"ansible_python_interpreter={tools.PEERS / 'python'}"
    settings = ("-e", f"url={run.account.url}", "-e", f"token={TOKEN}", "-e", f"file={file}", "-e", python)
    play = (str(tools.PEERS / "ansible-playbook"), "-i", "localhost,", "-c", "local", str(HERE / "playbook.yaml"))
    command = (*play, *settings)
    first, nothing = run.day(command), run.day(command)
    company.change_titles_for_peers(file, CHANGED, "Head of Benchmarks")
    return [first, nothing, run.day(command)]


def _with_account(folder: Path, live: Callable[[Run], list[Took]]) -> list[Took]:
    folder.mkdir(parents=True)
    with serve_account(folder / "account.sqlite", LATENCY) as account:
        took = live(Run(folder, account))
    click.echo(f"{folder.name}: {', '.join(f'{one.requests:,} in {one.seconds:.1f} s' for one in took)}", err=True)
    return took


def _peers(folder: Path) -> dict[str, str]:
    """Returns the versions of the clients in the environment of the peers."""
    ask = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    printed = run_command((str(tools.PEERS / "python"), "-c", ask, "scim2-client", "ansible-core"), folder)
    return dict(zip(("scim2-client", "ansible-core"), printed.split(), strict=True))


def _medians(rounds: Sequence[Sequence[float | None]]) -> list[float | None]:
    """Returns the median of each day; None if the tool lacks that day, or is not installed."""
    days = [[seconds for seconds in day if seconds is not None] for day in zip(*rounds, strict=True)]
    return [median(day) if day else None for day in days]


def _commit(run: Run, message: str) -> None:
    if not (run.folder / ".git").exists():
        run.run(("git", "init", "--quiet"))
    tools.commit(message, run.folder)


if __name__ == "__main__":
    sys.exit(main())
