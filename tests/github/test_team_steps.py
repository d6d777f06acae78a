"""The team whose workflows run in this process runs the commands of action.yml, in their order, with their options."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import yaml

from tests.github.player import ROOT
from tests.github.team import make_team
from tests.github.team_files import START
from tests.github.team_jobs import PushRun, apply_merge, check_group, look_for_drift, plan_pull

Command: TypeAlias = tuple[tuple[str, ...], frozenset[str]]
EVERYWHERE = {"--dir", "--tenant", "--workflow"}  # the machine has one tenant, and the files of the usual names
PROGRAM = re.compile(r'bin/reconciler" ((?:[^\n]*\\\n)*[^\n]*)')
ARRAYS = {"${from[@]}": "--base HEAD^1"}


def commands_of(*names: str) -> list[Command]:
    """Returns the commands of the action, run with each of these inputs in turn."""
    steps = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    scripts = [one["run"] for name in names for one in steps if _runs_for(name, one)]
    return [shorten(words) for script in scripts for words in _read_script(script)]


def _runs_for(name: str, step: dict[str, str]) -> bool:
    condition = step.get("if", "")
    return "run" in step and (f"== '{name}'" in condition or f'"{name}"' in condition)


def _read_script(script: str) -> Iterator[Sequence[str]]:
    for line in PROGRAM.findall(script):
        written = line.replace("\\\n", " ")
        for array, words in ARRAYS.items():
            written = written.replace(f'"{array}"', words)
        parts = shlex.split(re.split(r"\s(?:\d?>|\|\|)", written)[0])
        if parts[0] != "--version" and "tenants" not in parts:
            yield parts


def shorten(words: Sequence[str]) -> Command:
    """Returns the names of a command, and its options without their values."""
    names = [word for word in words if re.fullmatch(r"[a-z][a-z-]+", word)]
    known = {"ownership", "github", "plan", "apply", "drift", "validate"}
    begin = next(number for number, word in enumerate(names) if word in known)
    name = names[begin : begin + (2 if names[begin] in {"ownership", "github"} else 1)]
    return tuple(name), frozenset(word for word in words if re.fullmatch(r"--?[a-z-]+", word)) - EVERYWHERE


def test_the_commands_are_those_of_the_action(tmp_path: Path) -> None:
    """For a pull request, a group of a queue, a push and a schedule."""
    with make_team(tmp_path, START) as team:
        team.open_pull(7, {**START, "README.md": "Us\n"})
        plan_pull(team, 7, "whole")
        of_pull = list(map(shorten, team.steps))
        team.steps.clear()
        commit = team.merge(7, "squash")
        assert commit is not None
        assert 0 == check_group(team, [(7, commit)], team.main)
        of_group = list(map(shorten, team.steps))
        team.land((7, commit))
        team.steps.clear()
        assert 0 == apply_merge(team, PushRun(commit, 5_000), "whole", 0).code
        of_push = list(map(shorten, team.steps))
        team.steps.clear()
        look_for_drift(team)

    validate = commands_of("tenants")
    assert [*validate, *commands_of("plan", "comment", "verdict", "mark-outdated")] == of_pull
    assert [*validate, *commands_of("plan", "merge-group")] == of_group
    assert commands_of("approve", "apply", "outcome") == of_push
    assert commands_of("drift", "drift-issue") == list(map(shorten, team.steps))
