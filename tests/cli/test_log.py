"""`log --receipts` and `receipts fetch`, `push`: what git remembers of applies, shown and exchanged."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.cli.project import SANDBOX, TEAM, Project, finish

PROMOTED = TEAM.replace("Clerk", "Head")


def with_origin(project: Project, tmp_path: Path) -> Project:
    """The project with a bare remote that has its commits, as a checkout has one."""
    project.git("clone", "--quiet", "--bare", str(project.root), str(tmp_path / "origin.git"))
    project.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    return project


def clone_of(project: Project, root: Path) -> Project:
    project.git("clone", "--quiet", str(project.root.parent / "origin.git"), str(root))
    return Project(root, project.monkeypatch)


def test_receipts_are_shown_beside_their_commits_newest_first(project: Project) -> None:
    """One whose commit no longer leads to what is checked out is marked."""
    project.run("apply", "--yes")
    project.commit(SANDBOX + PROMOTED)
    project.run("apply", "--yes")
    project.git("reset", "--quiet", "--hard", "HEAD~1")

    shown = project.run("log", "--receipts")

    lines = shown.out.splitlines()
    assert (0, 4) == (shown.code, len(lines))
    assert lines[0].endswith("as it is (Ada) (does not lead to what is checked out)")
    assert lines[1].startswith("    1 applied; 3 active users after it; sha256:")
    assert lines[2].endswith("  as it is (Ada)")
    assert lines[3].startswith("    4 applied; ")


def test_receipts_are_shown_to_machines(project: Project) -> None:
    """As JSON and as CSV, of one tenant or of all."""
    project.run("apply", "--yes")

    shown = project.run("log", "--receipts", "--format=json")
    table = project.run("log", "--receipts", "--format=csv")

    commit = project.git("rev-parse", "HEAD").strip()
    assert [("sandbox", commit, "whole", True)] == [
        (one["tenant"], one["commit"], one["outcome"], one["leads_here"]) for one in shown.document
    ]
    assert [commit] == [row["commit"] for row in csv.DictReader(io.StringIO(table.out))]
    assert [] == project.run("--tenant=qa", "log", "--receipts", "--format=json").document


def test_the_log_says_what_it_shows(project: Project) -> None:
    """Receipts, where they are asked for; where there is none, what to do."""
    assert "reconciler receipts fetch" in project.run("log", "--receipts").out
    assert (2, "Error: say --receipts: what git remembers of each apply\n") == (
        project.run("log").code,
        project.run("log").err,
    )


def test_receipts_travel_between_clones(project: Project, tmp_path: Path) -> None:
    """As between the machines that two workflows run on: who left is known there too."""
    with_origin(project, tmp_path).run("apply", "--yes")
    other = clone_of(project, tmp_path / "other")
    other.git("config", "user.name", "Bob")
    other.git("config", "user.email", "bob@example.com")

    said = [project.run("receipts", "push").out for _ in range(2)]
    said += [other.run("receipts", "fetch").out for _ in range(2)]

    assert [
        "Pushed to origin: the receipts of sandbox\n",
        "Pushed to origin: nothing new\n",
        "Fetched from origin: the receipts of sandbox\n",
        "Fetched from origin: nothing new\n",
    ] == said
    assert "no_history" not in other.run("plan", "--format=json").out


def test_applies_that_race_on_two_machines_lose_no_receipt(project: Project, tmp_path: Path) -> None:
    """Each applies, and pushes at once."""
    with_origin(project, tmp_path)
    others = [clone_of(project, tmp_path / f"other{number}") for number in range(3)]
    for one in others:
        assert 0 == one.run("-q", "apply", "--yes").code

    pushes = [one.start("receipts", "push") for one in others]
    ran = [finish(one) for one in pushes]

    assert [0, 0, 0] == [one.code for one in ran], [one.err for one in ran]
    project.run("receipts", "fetch")
    assert 3 == len(project.run("log", "--receipts", "--format=json").document)


@pytest.mark.parametrize("command", [("receipts", "fetch"), ("receipts", "push")])
def test_a_remote_that_is_none_is_a_usage_error(project: Project, command: tuple[str, str]) -> None:
    """With the name that was given."""
    ran = project.run(*command, "--remote=upstream")

    assert 2 == ran.code
    assert 'Error: "upstream" is no remote of this repository (there are: none): name one with --remote' in ran.err


def test_without_a_repository_there_are_no_receipts(project: Project, tmp_path: Path) -> None:
    """Nor a folder: it says where to run this."""
    ran = project.run("--dir", str(tmp_path / "missing"), "log", "--receipts")

    assert 2 == ran.code
    assert "receipts are kept in git, and the desired state is not in a git repository: run this where" in ran.err
