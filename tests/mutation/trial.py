"""Runs tests repeatedly, each time in a fork that has already imported all unchanged modules.

A run takes a fraction of a second in this way. `python -m tests.mutation.trial MODULE TEST…`, in the folder of a copy,
imports the modules that MODULE needs, but not MODULE. For each number of seconds on its input it prints one result:
`passed`, `failed`, or `hung` if the tests took longer.
"""

from __future__ import annotations

import importlib
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import httpx as _httpx  # noqa: F401  # imported here once, not in each trial
import hypothesis
import pytest

MOST_MEMORY = 4 * 1024**3  # a mutation may build an endless list
LOOK_EVERY = 0.005
LEFT_OUT = [option for name in ("cacheprovider", "xdist", "pytest_cov") for option in ("-p", f"no:{name}")]


def import_what_it_needs(module: str) -> None:
    """Imports the modules that a module needs, and not the module itself."""
    name = module.removesuffix(".py").replace("/", ".")
    package, _, last = name.rpartition(".")
    importlib.import_module(name)
    del sys.modules[name]
    delattr(sys.modules[package], last)


def try_tests(tests: Sequence[str], seconds: float) -> str:
    """Returns the result of the tests, which run in a process group of their own."""
    child = os.fork()
    if not child:
        _run(tests)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return "passed" if status == 0 else "failed"
        time.sleep(LOOK_EVERY)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hung"


def _run(tests: Sequence[str]) -> None:
    """Runs the tests up to the first failure, without shrinking the example."""
    code = 1
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile("mutation", derandomize=True, database=None, phases=phases)
        code = pytest.main(["-x", "-q", "--assert=plain", "--hypothesis-profile=mutation", *LEFT_OUT, *tests])
    finally:
        os._exit(code)


def main(module: str, *tests: str) -> None:
    """Runs the tests once for each line of input; the first run leaves the compiled files of unchanged modules."""
    import_what_it_needs(module)
    for line in sys.stdin:
        sys.stdout.write(try_tests(tests, float(line)) + "\n")
        sys.stdout.flush()
        sys.dont_write_bytecode = True


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    main(*sys.argv[1:])
