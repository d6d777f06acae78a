"""Ctrl-C: once stops a command, twice ends whatever it waits for, and neither ends in a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from threading import Event
from typing import TypeAlias

import pytest

from reconciler.interrupts import was_interrupted
from tests.cli.project import OURS, Project, finish
from tests.cli.test_bad_input import Answer, answering, listed, remote, reply

__all__ = ["answering"]  # the fixture

Answering: TypeAlias = Callable[[Answer], tuple[str, list[str]]]
INTERRUPTED = "Interrupted: nothing was done.\n"


def interrupt_while_loading(project: Project, module: str) -> tuple[int, str]:
    """Starts the command, which gets Ctrl-C as soon as it imports a module; returns its exit code and stderr."""
    script = f"""
import os, runpy, signal, sys
from importlib.abc import MetaPathFinder
class Finder(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = ["reconciler", "plan"]
runpy.run_module("reconciler", run_name="__main__", alter_sys=True)
"""
    command, environment = [sys.executable, "-c", script], {**os.environ, **OURS}
    done = subprocess.run(command, cwd=project.root, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "module", ["reconciler.cli.main", "click", "reconciler.errors", "reconciler.cli.plan", "pydantic"]
)
def test_interrupted_while_it_loads_it_ends_in_a_sentence(project: Project, module: str) -> None:
    """In the first fifty milliseconds; a class of pydantic's would wrap the interrupt, and an import may drop it."""
    code, err = interrupt_while_loading(project, module)

    assert (1, INTERRUPTED) == (code, err)


def test_an_error_by_an_interrupt_is_one() -> None:
    """Python wraps what a descriptor raises while a class is made."""
    wrapped = RuntimeError("Error calling __set_name__")
    wrapped.__cause__ = KeyboardInterrupt()

    assert [True, True, False, False] == [
        was_interrupted(one) for one in (wrapped, KeyboardInterrupt(), ValueError(), None)
    ]


@dataclass
class Silence:
    """An answer that does not come; `asked` is set when the service was asked for it."""

    asked: Event = field(default_factory=Event)

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        self.asked.set()
        handler.rfile.read()  # until the client hangs up


@pytest.fixture
def silence() -> Silence:
    return Silence()


@pytest.mark.parametrize("command", [("plan", "--read", "full"), ("check",)])
def test_interrupted_while_a_service_is_silent_it_ends_at_once(
    project: Project, answering: Answering, silence: Silence, command: tuple[str, ...]
) -> None:
    url, _asked = answering(silence)
    remote(project, f"{url}/scim/v2")
    process = project.start(*command)
    assert silence.asked.wait(60)

    process.send_signal(signal.SIGINT)
    ran = finish(process)

    assert (1, "") == (ran.code, ran.out)
    assert ran.err.endswith(INTERRUPTED)
    assert "Traceback" not in ran.err


def test_a_second_signal_ends_the_wait_for_an_answer(project: Project, answering: Answering, silence: Silence) -> None:
    """As a build service sends them. One would let the answer come for ten seconds; the apply is on record."""
    url, _asked = answering(lambda handler: (reply(listed(0, 0)) if handler.command == "GET" else silence)(handler))
    remote(project, f"{url}/scim/v2")
    process = project.start("apply", "--yes", "--format", "json", "--only", "user/ann")
    assert silence.asked.wait(60)

    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    ran = finish(process)

    [outcome] = ran.document["outcomes"]
    assert (1, "failed") == (ran.code, outcome["status"])
    assert "(the run was stopped)" in outcome["detail"]
    assert outcome["detail"].endswith("; the next plan shows whether it was done")
    assert {ran.document["stopped"]} <= {"interrupted by SIGINT", "interrupted by SIGTERM"}
    assert ["partial"] == project.ends("remote")
