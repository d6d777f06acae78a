"""Runs tests again and again, each time in a process that has imported already whatever does not change: seconds a time
become a fraction of one.

`python -m tests.mutation.trial MODULE TEST…`, in the folder of a copy: imports what MODULE needs, but not MODULE. For
each number of seconds on its input it says how the tests went: `passed`, `failed`, or `hung` when they took longer.
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

import httpx as _httpx  # noqa: F401  # so that no trial has to import it
import hypothesis
import pytest

MOST_MEMORY = 4 * 1024**3  # a change may well ask for a list without end
LOOK_EVERY = 0.005
LEFT_OUT = [option for name in ("cacheprovider", "xdist", "pytest_cov") for option in ("-p", f"no:{name}")]


def import_what_it_needs(module: str) -> None:
    """All that the module imports, and not the module itself."""
    name = module.removesuffix(".py").replace("/", ".")
    package, _, last = name.rpartition(".")
    importlib.import_module(name)
    del sys.modules[name]
    delattr(sys.modules[package], last)


def try_tests(tests: Sequence[str], seconds: float) -> str:
    """How they go in a process of its own, with whatever it starts."""
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
    """Up to the first that fails; an example that fails is enough, however long."""
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
    """Once as it is, which leaves compiled what does not change; then as often as is asked."""
    import_what_it_needs(module)
    for line in sys.stdin:
        sys.stdout.write(try_tests(tests, float(line)) + "\n")
        sys.stdout.flush()
        sys.dont_write_bytecode = True


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    main(*sys.argv[1:])
