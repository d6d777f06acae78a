"""The wheel is complete: it has every file of the package, and the program runs from it."""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Builds the wheel with the backend of pyproject.toml, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)  # noqa: S603
    [built] = folder.iterdir()
    return built


def test_every_file_of_the_package_is_in_the_wheel(wheel: Path) -> None:
    """That includes templates, the files that `init` writes, and the marker of types, which are no modules."""
    listed = subprocess.run(["git", "ls-files", "reconciler"], cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S607

    assert set(listed.stdout.splitlines()) <= set(ZipFile(wheel).namelist())
    assert "reconciler/report/templates/page.html.j2" in listed.stdout


def test_the_program_runs_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    """It writes the workflows of `init` and a page, which need the files that are not Python."""
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


def test_the_program_runs_without_its_sources(wheel: Path, tmp_path: Path) -> None:
    """Some images keep only bytecode. The cache of parsed files is for a desired state above 1 MB."""
    installed, company = tmp_path / "installed", tmp_path / "company"
    ZipFile(wheel).extractall(installed)
    compileall.compile_dir(installed, quiet=2, legacy=True)
    for source in installed.rglob("*.py"):
        source.unlink()
    company.mkdir()
    (company / "tenants.yaml").write_text("tenants: {sandbox: {url: sandbox}}\n", encoding="utf-8")
    comment = "# a comment in a large file\n" * 40_000
    (company / "users.yaml").write_text(
        f"users: {{alice: {{userName: alice@example.com}}}}\n{comment}", encoding="utf-8"
    )

    program = [sys.executable, "-P", "-m", "reconciler", "--dir", str(company), "validate"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(installed)}
    done = subprocess.run(program, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True)  # noqa: S603

    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
