"""The wheel has every file of the package, and the program runs from it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by the backend that pyproject.toml names; no network is asked."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)  # noqa: S603
    [built] = folder.iterdir()
    return built


def test_every_file_of_the_package_is_in_the_wheel(wheel: Path) -> None:
    """Templates, the workflows and files that `init` writes, and the marker of types are no modules, and are there."""
    listed = subprocess.run(["git", "ls-files", "reconciler"], cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S607

    assert set(listed.stdout.splitlines()) <= set(ZipFile(wheel).namelist())
    assert "reconciler/report/templates/page.html.j2" in listed.stdout


def test_the_program_runs_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    """It scaffolds with workflows, and writes a page: which needs all that is not Python."""
    installed, company = tmp_path / "installed", tmp_path / "company"
    ZipFile(wheel).extractall(installed)

    def run(*words: str) -> str:
        program = [sys.executable, "-P", "-m", "reconciler", *words]
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(installed)}
        done = subprocess.run(program, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)  # noqa: S603
        return done.stdout

    run("init", str(company), "--action", "acme/reconciler@" + "a1" * 20)

    assert (company / ".github" / "workflows" / "apply.yml").exists()
    assert "<h1>2 people get access" in run("--dir", str(company / "desired-state"), "plan", "--format", "html")
