"""Fuzzes one target for some seconds: guided by coverage if atheris is installed, else at random.

`python -m tests.fuzz.run TARGET SECONDS`; `scripts/fuzz` runs it for each target. It prints a fault as a line for
`tests/fuzz/findings.py`. The program is imported late, because atheris traces only modules that are imported after it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.limit import TookTooLong, limited

CORPUS = Path(__file__).parents[2] / ".hypothesis" / "fuzz"
AT_A_TIME = 200
SECONDS = 10.0  # tracing takes three times as long
LONGEST = 8_192  # bytes of choices, for some kilobytes of text


class Found(Exception):
    """A fault: the target and its input."""


def checking(name: str) -> Callable[[Any], None]:
    """Returns the target's check with a time limit; a failure names the input."""
    target = import_module("tests.fuzz.targets").TARGETS[name]

    def check(given_to_it: Any) -> None:
        try:
            with limited(SECONDS):
                target.holds(given_to_it)
        except (Exception, TookTooLong) as error:
            raise Found(f"({name!r}, {given_to_it!r}),") from error

    return check


def by_chance(name: str, seconds: float) -> int:
    """Tries random examples until the time is over. Returns their number."""
    given_to_it = import_module("tests.fuzz.targets").TARGETS[name].given
    until, batch = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        batch += 1
        check = settings(max_examples=AT_A_TIME, deadline=None, database=None, suppress_health_check=[*HealthCheck])(
            seed(batch)(given(given_to_it)(checking(name)))
        )
        check()
    return batch * AT_A_TIME


def by_coverage(name: str, seconds: float, atheris: Any) -> None:
    """Lets libFuzzer choose inputs that reach new lines; ends the process."""
    with atheris.instrument_imports(include=["reconciler", "jinja2"]):
        given_to_it = import_module("tests.fuzz.targets").TARGETS[name].given
    settled = settings(deadline=None, database=None, phases=[Phase.generate], suppress_health_check=[*HealthCheck])
    check: Any = settled(given(given_to_it)(checking(name)))
    corpus = CORPUS / name
    corpus.mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={int(seconds)}", f"-max_len={LONGEST}", "-timeout=60", "-verbosity=0"]
    options += ["-print_final_stats=1", f"-artifact_prefix={corpus.parent}/"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], check.hypothesis.fuzz_one_input)
    atheris.Fuzz()


def main(name: str, seconds: str) -> None:
    """Fuzzes, and raises Found at the first fault."""
    if find_spec("atheris"):
        by_coverage(name, float(seconds), import_module("atheris"))
    sys.stderr.write(f"{name}: {by_chance(name, float(seconds)):,} tried, by chance\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
