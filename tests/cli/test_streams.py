"""Standard streams that take nothing: a closed pipe, a full disk, a stream that was never open."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import pytest

from tests.cli.project import OURS, SANDBOX, Project

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="a device that is always full")


def run(project: Project, arguments: Sequence[str], out: IO[str] | int, err: IO[str] | int) -> tuple[int, str]:
    """Runs the command in a process of its own; returns its exit code and what the piped streams took."""
    command = [sys.executable, "-m", "reconciler", *arguments]
    environment = {**os.environ, **OURS}
    done = subprocess.run(command, cwd=project.root, env=environment, stdout=out, stderr=err, text=True, check=False)  # noqa: S603
    return done.returncode, (done.stdout or "") + (done.stderr or "")


def run_in_shell(project: Project, redirected: str) -> int:
    """Runs `reconciler apply --yes` with redirected streams; returns the exit code of the command."""
    script = f'"{sys.executable}" -m reconciler apply --yes {redirected}'
    environment = {**os.environ, **OURS}
    return subprocess.run(["bash", "-c", script], cwd=project.root, env=environment, check=False).returncode  # noqa: S603, S607


def closed_pipe() -> IO[str]:
    """Returns a pipe that nobody reads."""
    reads, writes = os.pipe()
    os.close(reads)
    return open(writes, "w", encoding="utf-8")  # noqa: PTH123


@pytest.mark.parametrize("closed", ["stderr", "stdout", "both"])
def test_an_apply_whose_reader_is_gone_is_complete_and_on_record(project: Project, closed: str) -> None:
    """`reconciler apply --yes 2>&1 | head -3`."""
    with closed_pipe() as pipe, open(os.devnull, "w", encoding="utf-8") as null:  # noqa: PTH123
        streams = {"stderr": (null, pipe), "stdout": (pipe, null), "both": (pipe, pipe)}[closed]
        code, _ = run(project, ["apply", "--yes"], *streams)

    assert (0, ["whole"]) == (code, project.ends())
    assert {"ann", "bob", "cid"} == set(project.users())


@pytest.mark.parametrize("redirected", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_an_apply_without_streams_is_complete_and_on_record(project: Project, redirected: str) -> None:
    """As some schedulers start it."""
    assert 0 == run_in_shell(project, redirected)
    assert ["whole"] == project.ends()
    assert {"ann", "bob", "cid"} == set(project.users())


@needs_full
def test_a_full_disk_below_stderr_stops_nothing(project: Project) -> None:
    with FULL.open("w") as full:
        code, out = run(project, ["apply", "--yes"], subprocess.PIPE, full)

    assert (0, "Applied to sandbox: 4 applied\n4 requests\n") == (code, out)
    assert ["whole"] == project.ends()


@needs_full
@pytest.mark.parametrize("command", [["apply", "--yes"], ["plan"], ["validate"], ["tenants"], ["schema"], ["--help"]])
def test_a_full_disk_below_stdout_is_an_error_in_a_sentence(project: Project, command: Sequence[str]) -> None:
    with FULL.open("w") as full:
        code, err = run(project, command, full, subprocess.PIPE)

    assert 1 == code
    assert err.endswith("Error: the result can't be written to stdout: No space left on device\n")
    assert "Traceback" not in err
    assert (["whole"] if "apply" in command else []) == project.ends()


@needs_full
@pytest.mark.parametrize(
    ("command", "expected"), [(["plam"], 2), (["--tenant", "qa", "plan"], 2), (["apply"], 4), (["validate"], 0)]
)
def test_an_error_that_can_not_be_printed_keeps_its_exit_code(
    project: Project, command: Sequence[str], expected: int
) -> None:
    with FULL.open("w") as full:
        code, _ = run(project, command, subprocess.PIPE, full)

    assert expected == code


def test_a_command_whose_reader_is_gone_ends_without_a_word(project: Project) -> None:
    """`reconciler plan | head -1`."""
    with closed_pipe() as pipe:
        code, err = run(project, ["validate"], pipe, subprocess.PIPE)

    assert (1, "") == (code, err)


def test_a_warning_of_a_notifier_that_can_not_be_printed_changes_nothing(project: Project) -> None:
    chat = "notifications: [{webhook: {url: {env: NOT_SET}}, on: [guardrail]}]\n"
    assert 0 == project.run("apply", "--yes").code
    project.commit(f"{SANDBOX}{chat}users: {{}}\nguardrails: {{max_deactivations: {{count: 0, percent: 0}}}}\n")
    with closed_pipe() as pipe:
        code, out = run(project, ["apply", "--yes"], subprocess.PIPE, pipe)

    assert (4, "", ["whole", "nothing done"]) == (code, out, project.ends())
