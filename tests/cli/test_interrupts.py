"""Ctrl-C: once stops a command, twice ends whatever it waits for, and neither ends in a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
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


@dataclass(frozen=True)
class Silence:
    """An answer that does not come; `began` waits until the service was asked for it."""

    pipe: Path

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        self.pipe.write_text("asked")
        handler.rfile.read()  # until the client hangs up

    def began(self) -> None:
        assert "asked" == self.pipe.read_text()


@pytest.fixture
def silence(tmp_path: Path) -> Silence:
    os.mkfifo(tmp_path / "asked")
    return Silence(tmp_path / "asked")


@pytest.mark.parametrize("command", [("plan", "--read", "full"), ("check",), ("import", "--to", "new")])
def test_interrupted_while_a_service_is_silent_it_ends_at_once(
    project: Project, answering: Answering, silence: Silence, command: tuple[str, ...]
) -> None:
    url, _asked = answering(silence)
    remote(project, f"{url}/scim/v2")
    process = project.start(*command)
    silence.began()

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
    silence.began()

    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    ran = finish(process)

    [outcome] = ran.document["outcomes"]
    assert (1, "failed") == (ran.code, outcome["status"])
    assert "(the run was stopped)" in outcome["detail"]
    assert outcome["detail"].endswith("; the next plan shows whether it was done")
    assert {ran.document["stopped"]} <= {"interrupted by SIGINT", "interrupted by SIGTERM"}
    assert ["partial"] == project.ends("remote")


def test_ctrl_c_ends_the_push_of_a_record_that_is_on_disk(project: Project, tmp_path: Path) -> None:
    """The host takes the begin, and is silent when the end comes: the outcome is kept, and says what to push."""
    origin, pipe = tmp_path / "origin.git", tmp_path / "pushed"
    project.git("clone", "--quiet", "--bare", str(project.root), str(origin))
    project.git("remote", "add", "origin", str(origin))
    os.mkfifo(pipe)
    hook = origin / "hooks" / "pre-receive"
    hook.write_text(
        f"#!/bin/sh\nif test -e {origin}/begun; then echo x > {pipe}; exec sleep 600; fi\n: > {origin}/begun\n"
    )
    hook.chmod(0o755)
    process = project.start("apply", "--yes", "--format", "json")
    assert "x\n" == pipe.read_text()

    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    ran = finish(process)

    assert 1 == ran.code
    assert {"applied"} == {one["status"] for one in ran.document["outcomes"]}
    assert "the end of this apply can't be pushed (interrupted by Ctrl-C), and is on record only in this" in ran.err
    assert ["whole"] == project.ends()
