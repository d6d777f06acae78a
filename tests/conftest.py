"""The options of pytest for all tests: `--sample`, which runs a part of large sets, and `--update-cases`.

`--sample` tries a third of the examples of each property. It runs one in five of the tests that are marked
`sweep(one_in=5)`, always the same ones, chosen by their names. Without the option, everything runs.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from zlib import crc32

import pytest
from hypothesis import HealthCheck, settings

ONE_EXAMPLE_IN = 3
LEAST_EXAMPLES = 5

# A slow example may be the fault of a busy machine, so time fails no property.
settings.register_profile("patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--sample` and `--update-cases`."""
    parser.addoption("--sample", action="store_true", help="Run a third of the examples, and a part of each sweep.")
    parser.addoption(
        "--update-cases", action="store_true", help="Write the plans of tests/cases anew; read their diff."
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    """Restores the signals that an apply in this process set: a server that a later test starts inherits ignored ones.

    A server that ignores SIGTERM never ends, and its test waits for ever.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)}
    done = yield
    for number, handler in before.items():
        signal.signal(number, handler)
    return done


@pytest.fixture
def update_cases(request: pytest.FixtureRequest) -> bool:
    """Returns whether tests rewrite the plans of the cases."""
    return bool(request.config.getoption("--update-cases"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselects the tests that `--sample` leaves out."""
    if not config.getoption("--sample"):
        return
    left_out = set(list_left_out(items))
    lower_examples(items)
    config.hook.pytest_deselected(items=sorted(left_out, key=lambda item: item.nodeid))
    items[:] = [item for item in items if item not in left_out]


def list_left_out(items: Sequence[pytest.Item]) -> Iterator[pytest.Item]:
    """Yields the tests of sweeps that are not in the sample. The first test of each sweep is always in it."""
    begun: set[str] = set()
    for item in items:
        sweep = item.get_closest_marker("sweep")
        if sweep is None:
            continue
        name = item.nodeid.split("[", 1)[0]
        if name in begun and crc32(item.nodeid.encode()) % int(sweep.kwargs["one_in"]):
            yield item
        begun.add(name)


def lower_examples(items: Sequence[pytest.Item]) -> None:
    """Gives each property a third of its examples.

    Hypothesis has no public function that changes the settings of one test; it keeps them in this attribute.
    """
    functions = {item.function for item in items if isinstance(item, pytest.Function)}
    for function in functions:
        if hasattr(function, "hypothesis"):
            function._hypothesis_internal_use_settings = _lower(function._hypothesis_internal_use_settings)  # noqa: SLF001
    machines = {item.cls for item in items if isinstance(item, pytest.Function) and hasattr(item.cls, "settings")}
    for machine in machines:
        machine.settings = _lower(machine.settings)


def _lower(usual: settings) -> settings:
    return settings(usual, max_examples=max(LEAST_EXAMPLES, usual.max_examples // ONE_EXAMPLE_IN))
