"""The fixtures for the stories of ownership."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.project import Project
from tests.ownership.estate import Estate
from tests.ownership.served import Site, working


@pytest.fixture(scope="session")
def estate_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Makes a team of three in one group, applied once; tests copy it, because an apply takes time."""
    root = tmp_path_factory.mktemp("estate") / "project"
    with pytest.MonkeyPatch.context() as monkeypatch:
        estate = Estate(Project(root, monkeypatch))
        estate.says()
        estate.applies()
    return root


@pytest.fixture
def estate(estate_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Estate:
    """Copies the template for one test."""
    return Estate(Project(Path(shutil.copytree(estate_template, tmp_path / "project")), monkeypatch))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Serves an account on a port, with a clone that applied six users to it."""
    with working(tmp_path, Project(tmp_path / "first", monkeypatch)) as one:
        yield one
