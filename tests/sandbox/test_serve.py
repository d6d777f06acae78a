"""`sandbox serve` without uvicorn, which is an extra: it says so, and everything else runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WITHOUT_UVICORN = """
import sys
sys.modules["uvicorn"] = None  # as where it is not installed: every import of it fails
from reconciler.cli.main import main
main()
"""


def run_without_uvicorn(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own, over a desired state of one embedded account."""
    desired = folder / "desired-state"
    desired.mkdir(exist_ok=True)
    (desired / "company.yaml").write_text(
        "tenants: {qa: {url: sandbox}}\nusers: {ann: {userName: ann@example.com}}\n", encoding="utf-8"
    )
    command = [sys.executable, "-c", WITHOUT_UVICORN, "--dir", str(desired), *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603


def test_a_port_needs_an_extra_and_the_error_names_it(tmp_path: Path) -> None:
    ran = run_without_uvicorn(tmp_path, "sandbox", "serve", "--port", "0")

    assert 2 == ran.returncode
    assert "" == ran.stdout
    assert "Error: `sandbox serve` needs uvicorn, which is not installed: install the extra `serve`.\n" == ran.stderr


def test_the_embedded_account_in_process_needs_no_port(tmp_path: Path) -> None:
    ran = run_without_uvicorn(tmp_path, "plan")

    assert 0 == ran.returncode
    assert "2 requests made to read 0 users and 0 groups" in ran.stdout
