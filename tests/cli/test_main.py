"""The entry point: help, versions, and errors as messages with exit codes."""

from __future__ import annotations

import os
import subprocess
import sys

import click
import pytest

from reconciler.cli.main import COMMANDS, cli
from reconciler.version import __version__
from tests.cli.project import OURS, Project, finish


def every_command() -> list[tuple[str, ...]]:
    """`()`, `("plan",)`, `("sandbox", "serve")`."""
    found: list[tuple[str, ...]] = [()]
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        found.append((name,))
        if isinstance(command, click.Group):
            found.extend((name, inner) for inner in command.commands)
    return found


@pytest.mark.parametrize("command", every_command(), ids=" ".join)
@pytest.mark.parametrize("asked", ["--help", "-h"])
def test_everything_has_help(project: Project, command: tuple[str, ...], asked: str) -> None:
    """A sentence, and every option with its meaning."""
    ran = project.run(*command, asked)

    assert (0, "") == (ran.code, ran.err)
    assert ran.out.startswith(f"Usage: {' '.join(('reconciler', *command))} [OPTIONS]")
    assert "-h, --help" in ran.out


def test_every_command_of_the_contract_is_there() -> None:
    """DESIGN 7, as far as this version goes."""
    assert {"validate", "check", "plan", "show", "apply", "drift", "tenants", "sandbox"} <= set(COMMANDS)


def test_the_version_is_said(project: Project) -> None:
    """As the package has it."""
    assert f"reconciler, version {__version__}\n" == project.run("--version").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plam"], "No such command 'plam'"),
        (["plan", "--fast"], "No such option"),
        (["plan", "extra"], "unexpected extra argument"),
        (["show"], "Missing argument 'FILE'"),
        (["show", "missing.json"], "missing.json can't be read"),
        (["apply", "missing.json"], "missing.json can't be read"),
        (["plan", "--format", "pdf"], "'pdf' is not one of"),
        (["apply", "--max-duration", "0"], "0 is not in the range"),
        (["sandbox", "serve", "--port", "70000"], "70000 is not in the range"),
        (["sandbox", "fill"], "No such command 'fill'"),
        (["--tenant", "qa", "plan"], 'no tenant "qa" is declared'),
        (["--dir", "nowhere", "plan"], "nowhere is not a folder"),
        (["--dir", "desired-state/all.yaml", "plan"], "is not a folder"),
    ],
)
def test_a_command_line_that_can_not_be_used_says_why(project: Project, arguments: list[str], said: str) -> None:
    """Exit 2, nothing on stdout, nothing written."""
    before = project.written()

    ran = project.run(*arguments)

    assert (2, "", before) == (ran.code, ran.out, project.written())
    assert said in ran.err


def test_it_runs_as_a_module_of_its_own(project: Project) -> None:
    """`python -m reconciler`, from the folder that holds desired-state."""
    ran = finish(project.start("validate"))

    assert (0, "") == (ran.code, ran.err)
    assert ran.out.startswith("Valid: ")


def test_whoever_stops_reading_ends_it_without_a_word(project: Project) -> None:
    """`reconciler plan | head -1`."""
    process = project.start("plan")
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    ran = process.communicate(timeout=60)

    assert "Traceback" not in str(ran[1])
    assert process.returncode in {0, 1}


def test_start_up_loads_nothing_heavy(project: Project) -> None:
    """`--help` must be quick: click, and no more."""
    code = "import sys, reconciler.cli.main; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", code], cwd=project.root, env={**os.environ, **OURS}, stdout=subprocess.PIPE, text=True
    )
    loaded, _nothing = process.communicate(timeout=60)

    assert not {"httpx", "pydantic", "jinja2", "deepdiff", "rich", "yaml", "uvicorn"} & set(loaded.split())


def test_the_group_of_commands_knows_only_its_own() -> None:
    """An unknown name is no module to import."""
    assert None is cli.get_command(click.Context(cli), "os")
