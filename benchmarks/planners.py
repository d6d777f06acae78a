"""The same days in Terraform and octoDNS, over the same people: only seconds, because neither uses SCIM.

Terraform has no maintained provider for SCIM, so its engine keeps one `terraform_data` a person in its own state and
sends no request. octoDNS compares zones, here two in YAML. The requests of a provider are not in these seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic

from benchmarks import people, tools
from benchmarks.measure import Void
from benchmarks.measure import run as run_command
from benchmarks.tools import Planned


def live_with_terraform(folder: Path, terraform: str, count: int, changed: int) -> list[float | None]:
    """Times a first apply, an empty plan, a plan and apply of some, and a plan of one; changes by hand are not seen."""
    people.write_terraform(folder, count)
    (folder / "terraform.tfstate").unlink()
    plain = ("-input=false", "-no-color")
    run_command((terraform, "init", *plain), folder)
    plan, apply = (terraform, "plan", *plain), (terraform, "apply", *plain)
    first = _seconds(folder, (*apply, "-auto-approve"))
    nothing = _seconds(folder, plan)
    file = min(folder.glob("*.tf"))
    _edit(file, r'title          = "[^"]*"', 'title          = "Head of Benchmarks"', changed)
    planned = _planning(tools.read_terraform, changed)
    ten = _seconds(folder, (*plan, "-out=ten.plan"), (*apply, "ten.plan"), check=planned)
    _edit(file, r'title          = "[^"]*"', 'title          = "Chief of Benchmarks"', 1)
    one = _seconds(folder, plan, check=_planning(tools.read_terraform, 1))
    return [first, nothing, ten, one, None, None]


def live_with_octodns(folder: Path, count: int, changed: int) -> list[float | None]:
    """Times the same days with a zone; its live side is a zone too, so changes by hand are seen."""
    people.write_octodns(folder, count)
    declared, live = (folder / side / f"{people.ZONE}yaml" for side in ("declared", "before"))
    live.write_text("---\n{}\n", encoding="utf-8")
    plan = (str(tools.PEERS / "octodns-sync"), "--config-file", "config.yaml")
    apply = (*plan, "--doit")
    first = _seconds(folder, apply)
    nothing = _seconds(folder, plan)
    _edit(declared, r"value: 10\.", "value: 12.", changed)
    ten = _seconds(folder, plan, apply, check=_planning(tools.read_octodns, changed))
    _edit(declared, r"value: 12\.", "value: 13.", 1)
    one_changed = _planning(tools.read_octodns, 1)
    one = _seconds(folder, plan, check=one_changed)
    _edit(declared, r"value: 13\.", "value: 12.", 1)
    _edit(live, r"value: 10\.", "value: 14.", 1)
    drift = [_seconds(folder, plan, check=one_changed) for _ in range(2)]
    return [first, nothing, ten, one, *drift]


def _seconds(folder: Path, *commands: Sequence[str], check: Callable[[str], object] = len) -> float:
    """Returns the seconds of commands in sequence; `check` gets the output of the first one."""
    start = monotonic()
    printed = [run_command(command, folder) for command in commands]
    took = monotonic() - start
    check(printed[0])
    return took


def _planning(read: Callable[[str], Planned], changed: int) -> Callable[[str], None]:
    def check(printed: str) -> None:
        if (planned := read(printed)) != Planned(0, changed, 0):
            raise Void(f"{planned} was planned where {changed} people changed")

    return check


def _edit(file: Path, pattern: str, text: str, times: int) -> None:
    """Replaces the first matches by the text, up to a number."""
    edited, found = re.subn(pattern, text, file.read_text(encoding="utf-8"), count=times)
    if found != times:
        raise Void(f"{file.name} has {found} places to edit where there should be {times}")
    file.write_text(edited, encoding="utf-8")
