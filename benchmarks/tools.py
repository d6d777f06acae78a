"""The command of each tool, and the parser of its output. The task is the same: which of these people change."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from benchmarks import people
from benchmarks.measure import Contender, Void, run

RECONCILER = "reconciler"
WITH_BASE = "reconciler --base"
OCTODNS = "octoDNS"
TERRAFORM = "Terraform"
IMPORT_CLICK = "import click"

PEERS = Path(__file__).with_name(".venv") / "bin"
TERRAFORM_REPEATS = 3  # a run takes a minute, the others take seconds, and it varies little


@dataclass(frozen=True, slots=True)
class Planned:
    """The numbers of resources that a plan adds, changes and affects in other ways."""

    added: int
    changed: int
    others: int


def reconciler_help(folder: Path, repeats: int) -> Contender:
    """Returns the contender `reconciler --help`."""
    return _start("reconciler --help", folder, (reconciler(), "--help"), repeats)


def reconciler_validate(folder: Path, count: int, repeats: int) -> Contender:
    """Returns the contender `reconciler validate` for that many people."""
    people.write_declared_yaml(folder / "desired-state", count)
    command = (reconciler(), "validate")
    return Contender(f"reconciler validate, {count:,} people", folder, command, command, repeats, lambda _: None)


def import_click(folder: Path, repeats: int) -> Contender:
    """Returns the contender that only imports click, in the same interpreter."""
    return _start(IMPORT_CLICK, folder, (sys.executable, "-c", "import click"), repeats)


def reconciler_plan(folder: Path, count: int, repeats: int, name: str = RECONCILER) -> Contender:
    """Returns the contender that makes a JSON plan from YAML files and a saved live state."""
    people.write_declared_yaml(folder / "desired-state", count)
    people.write_live_json(folder / "live.json", count)
    command = (
        *(reconciler(), "--dir", "desired-state", "--tenant", "bench"),
        *("plan", "--live", "live.json", "--format", "json", "-o", "plan.json"),
    )
    check = _check(name, count, lambda _: read_reconciler((folder / "plan.json").read_text(encoding="utf-8")))
    return Contender(name, folder, command, command, repeats, check)


def reconciler_plan_with_base(folder: Path, count: int, repeats: int) -> Contender:
    """Returns the same plan in a git repository with its first commit as base, so leavers and causes are found too."""
    folder.mkdir(parents=True)
    run(("git", "init", "--quiet"), folder)
    people.write_declared_yaml_before(folder / "desired-state", count)
    commit("before", folder)
    plain = reconciler_plan(folder, count, repeats, WITH_BASE)
    commit("now", folder)
    command = (*plain.command, "--base", "HEAD~1")
    return replace(plain, command=command, prepare=command)


def octodns_plan(folder: Path, count: int, repeats: int) -> Contender:
    """Returns octoDNS's dry run from a zone in YAML to the same zone as it was before."""
    people.write_octodns(folder, count)
    command = (str(PEERS / "octodns-sync"), "--config-file", "config.yaml")
    return Contender(OCTODNS, folder, command, command, repeats, _check(OCTODNS, count, read_octodns))


def terraform_plan(terraform: str, folder: Path, count: int, repeats: int) -> Contender:
    """Returns Terraform's plan of one terraform_data resource a person with a local state; it needs no provider."""
    people.write_terraform(folder, count)
    command = (terraform, "plan", "-input=false", "-no-color")
    prepare = (terraform, "init", "-input=false", "-no-color")
    check = _check(TERRAFORM, count, read_terraform)
    return Contender(TERRAFORM, folder, command, prepare, min(repeats, TERRAFORM_REPEATS), check)


def find_terraform() -> str | None:
    """Returns the path of Terraform, or None."""
    return shutil.which("terraform")


def read_versions(folder: Path, terraform: str | None) -> dict[str, str]:
    """Returns the version of each tool, by its name."""
    found = {RECONCILER: version("reconciler"), OCTODNS: run([str(PEERS / "octodns-sync"), "--version"], folder)}
    if terraform:
        found[TERRAFORM] = json.loads(run([terraform, "version", "-json"], folder))["terraform_version"]
    return {name: text.strip().split()[-1] for name, text in found.items()}


def read_reconciler(plan: str) -> Planned:
    """Reads the summary of a plan file."""
    summary: dict[str, int] = json.loads(plan)["summary"]
    added, changed = summary.get("create_user", 0), summary.get("update_user", 0)
    return Planned(added, changed, sum(summary.values()) - added - changed)


def read_octodns(printed: str) -> Planned:
    """Reads the summary of octoDNS's dry run."""
    return _read(printed, r"Summary: Creates=(\d+), Updates=(\d+), Deletes=(\d+)")


def read_terraform(printed: str) -> Planned:
    """Reads the last line of Terraform's plan."""
    return _read(printed, r"Plan: (\d+) to add, (\d+) to change, (\d+) to destroy")


def _read(printed: str, pattern: str) -> Planned:
    found = re.findall(pattern, printed)
    if len(found) != 1:
        raise Void(f"{len(found)} summaries of a plan where there should be one:\n{printed[-2000:]}")
    return Planned(*map(int, found[0]))


def _check(name: str, count: int, read: Callable[[str], Planned]) -> Callable[[str], None]:
    """Returns a check that the tool found exactly the changed people; else the tools would do different work."""
    expected = Planned(added=0, changed=people.count_changed(count), others=0)

    def check(printed: str) -> None:
        planned = read(printed)
        if planned != expected:
            raise Void(f"{name} planned {planned} for {count:,} people, where {expected} is right")

    return check


def commit(message: str, folder: Path) -> None:
    """Commits the desired state."""
    author = ("-c", "user.name=Bench", "-c", "user.email=bench@example.com", "-c", "commit.gpgSign=false")
    run(("git", "add", "desired-state"), folder)
    run(("git", *author, "commit", "--quiet", "--message", message), folder)


def _start(name: str, folder: Path, command: tuple[str, ...], repeats: int) -> Contender:
    folder.mkdir(parents=True)
    return Contender(name, folder, command, command, repeats, lambda _: None)


def reconciler() -> str:
    """Returns the command that is installed beside this interpreter."""
    return str(Path(sys.executable).with_name("reconciler"))
