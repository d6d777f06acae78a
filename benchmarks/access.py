"""The cost of deciding compared with reading: 10,000 people, 20 filters, 200 groups nested five deep; CPU medians.

    python -m benchmarks.access [--users N] [--repeats N]

Prints a table and writes nothing. The target: compiling and explaining take no longer than loading the YAML.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable
from datetime import date
from statistics import median
from time import process_time

from reconciler.core.access.compile import compile_state
from reconciler.core.explanation.explain import explain_user
from reconciler.desired.yaml.load import load_declarations

TODAY = date(2026, 1, 5)
FILTERS, CHAINS, DEPTH = 20, 40, 5


def write_company(users: int) -> dict[str, bytes]:
    """Returns the files of a company: a hundred people each, groups in chains of five, a role for each chain."""
    files = {
        f"users/{first // 100:04}.yaml": "users:\n" + "".join(map(_user, range(first, min(first + 100, users))))
        for first in range(0, users, 100)
    }
    chains = [(chain, depth) for chain in range(CHAINS) for depth in range(DEPTH)]
    files["groups.yaml"] = "groups:\n" + "".join(_group(chain, depth, users) for chain, depth in chains)
    heads = ", ".join(f"g{chain}x0" for chain in range(CHAINS))
    files["roles.yaml"] = f"role_assignments:\n  - {{role: user, groups: [{heads}]}}\n"
    files["filters.yaml"] = "scoping_filters:\n  users:\n" + "".join(map(_filter, range(FILTERS)))
    files["tenants.yaml"] = "tenants: {bench: {url: sandbox}}\n"
    return {name: text.encode() for name, text in files.items()}


def _user(number: int) -> str:
    return (
        f"  u{number:06}:\n    userName: u{number:06}@example.com\n"
        f"    name: {{givenName: Given{number}, familyName: Family}}\n    displayName: Given{number} Family\n"
        f"    title: Title {number % 97}\n    department: Department {number % 53}\n    site: Site {number % 11}\n"
        f"    emails: [{{value: u{number:06}@example.com, type: work, primary: true}}]\n"
        f"    attributes: {{contractType: type{number % 7}, level: {number % 9}}}\n"
    )


def _group(chain: int, depth: int, users: int) -> str:
    own = range(chain * DEPTH + depth, users, CHAINS * DEPTH)
    nested = [f"group/g{chain}x{depth + 1}"] if depth + 1 < DEPTH else []
    members = ", ".join([*nested, *(f"u{number:06}" for number in own)])
    return f"  g{chain}x{depth}:\n    displayName: Group {chain} {depth}\n    members: [{members}]\n"


def _filter(number: int) -> str:
    return (
        f"    - title: Filter {number}\n      clauses:\n"
        f"        - {{attribute: department, operator: EQUALS, value: Department {number}}}\n"
        f"        - {{attribute: level, operator: GREATER_THAN, value: {number % 5}}}\n"
        "        - {attribute: userName, operator: REGEX MATCH, value: '.*@example\\.com'}\n"
    )


def measure(work: Callable[[], object], repeats: int) -> float:
    """Returns the median CPU seconds of some runs."""
    seconds = []
    for _ in range(repeats):
        gc.collect()
        start = process_time()
        work()
        seconds.append(process_time() - start)
    return median(seconds)


def main() -> None:
    """Measures each task, and prints its cost as a multiple of loading."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=5)
    told = parser.parse_args()
    files = write_company(told.users)
    loaded = load_declarations(files)
    assert not loaded.problems, loaded.problems[:3]  # noqa: S101  # the figures would be wrong
    declarations = loaded.declarations
    tasks: dict[str, Callable[[], object]] = {
        "load the YAML": lambda: load_declarations(files),
        "compile, as validate and plan do": lambda: compile_state(declarations, "bench", TODAY),
        "explain one person": lambda: explain_user(declarations, "bench", "u000001", TODAY),
    }
    seconds = {name: measure(work, told.repeats) for name, work in tasks.items()}
    whole = seconds["load the YAML"]
    rows = [f"| {name} | {one:.2f} s | {one / whole:.2f} |\n" for name, one in seconds.items()]
    head = f"| {told.users:,} people, {FILTERS} filters, {CHAINS * DEPTH} groups | CPU | of loading |\n"
    sys.stdout.write(head + "| --- | --: | --: |\n" + "".join(rows))


if __name__ == "__main__":
    main()
