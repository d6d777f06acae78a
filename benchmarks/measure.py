"""Measures whole processes, in turns: the cost of each run. Knows nothing of what the commands do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

SPAWN = Path(__file__).with_name("spawn.py")


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one run; `peak_bytes` is the largest resident set of any process of the tree."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: float


@dataclass(frozen=True, slots=True)
class Contender:
    """A command to measure in a folder that is its own, as often as `repeats`; `prepare` runs once, unmeasured.

    `check` looks at what a run printed and raises Void where it is not what it should be.
    """

    name: str
    folder: Path
    command: Sequence[str]
    prepare: Sequence[str]
    repeats: int
    check: Callable[[str], None]


class Void(Exception):
    """The comparison is invalid: a command failed, or did other work than its peers."""


def measure_in_turns(contenders: Sequence[Contender], tell: Callable[[str], object]) -> dict[str, list[Cost]]:
    """Measures every contender in turns: A B C A B C. Raises Void at the first wrong result."""
    costs: dict[str, list[Cost]] = {contender.name: [] for contender in contenders}
    for contender in contenders:
        run(contender.prepare, contender.folder)
    for turn in range(max(contender.repeats for contender in contenders)):
        for contender in contenders:
            if turn < contender.repeats:
                cost = _measure(contender)
                tell(f"{contender.name}: {cost.wall_seconds:.2f} s, {cost.peak_bytes / 1e6:.0f} MB")
                costs[contender.name].append(cost)
    return costs


def run(command: Sequence[str], folder: Path, settings: Mapping[str, str] = MappingProxyType({})) -> str:
    """Runs a command unmeasured, and returns its output; raises Void if it fails. `settings` extend its environment."""
    done = subprocess.run(  # noqa: S603 - only commands of this package
        command,
        cwd=folder,
        env={**_environment(folder), **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return _checked(command, done.returncode, done.stdout.decode(errors="replace"))


def _measure(contender: Contender) -> Cost:
    home = contender.folder.parent
    cost_file, output_file = (home / f"{contender.folder.name}.{kind}" for kind in ("cost", "output"))
    spawn = (sys.executable, "-I", "-S", str(SPAWN), str(cost_file), str(output_file))
    run([*spawn, *contender.command], contender.folder)
    cost = json.loads(cost_file.read_bytes())
    printed = output_file.read_text(encoding="utf-8", errors="replace")
    contender.check(_checked(contender.command, cost["exit_code"], printed))
    return Cost(cost["wall_seconds"], cost["cpu_seconds"], cost["peak_bytes"])


def _checked(command: Sequence[str], exit_code: int, printed: str) -> str:
    if exit_code:
        raise Void(f"{' '.join(command)} ended with exit code {exit_code}:\n{printed[-2000:]}")
    return printed


def _environment(folder: Path) -> dict[str, str]:
    """Returns one environment for all commands, without personal settings; Terraform checks for no newer version."""
    path = os.environ.get("PATH", os.defpath)
    return {"PATH": path, "HOME": str(folder), "LC_ALL": "C.UTF-8", "CHECKPOINT_DISABLE": "1"}
