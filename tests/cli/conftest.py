"""What the tests of the commands start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.project import SANDBOX, TEAM, Project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A repository with a small team for the embedded 4me, committed."""
    made = Project(tmp_path / "project", monkeypatch)
    made.commit(SANDBOX + TEAM)
    return made
