"""Fixtures of the tests of the commands."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.project import SANDBOX, TEAM, Project
from tests.cli.remote import Remote, reaching


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a small team for the embedded 4me, committed; to be copied, for git takes its time."""
    root = tmp_path_factory.mktemp("template") / "project"
    with pytest.MonkeyPatch.context() as monkeypatch:
        Project(root, monkeypatch).commit(SANDBOX + TEAM)
    return root


@pytest.fixture
def project(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of the template, for one test."""
    return Project(Path(shutil.copytree(template, tmp_path / "project")), monkeypatch)


@pytest.fixture
def remote(project: Project) -> Iterator[Remote]:
    """An account where roles take effect over REST, for one test."""
    with reaching(project) as one:
        yield one
