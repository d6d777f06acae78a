"""`init` creates a repository that validates, plans and passes the checkers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.project import Project

ACTION = "acme/reconciler@" + "a1" * 20
STARTER = ["README.md", "groups.yaml", "guardrails.yaml", "roles.yaml", "tenants.yaml", "users.yaml"]
WORKFLOWS = [".github/workflows/apply.yml", ".github/workflows/drift.yml", ".github/workflows/plan.yml"]


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return Project(tmp_path / "new", monkeypatch)


def test_what_it_writes_can_be_planned_and_applied(empty: Project) -> None:
    """In the sandbox, with nothing else."""
    ran = empty.run("init")

    assert 0 == ran.code
    assert [".gitignore", *(f"desired-state/{name}" for name in STARTER)] == empty.written()
    assert "Next: read desired-state/README.md, commit the files, and run `reconciler plan`." in ran.err
    assert [0, 0, 0] == [empty.run(*words).code for words in (("validate",), ("plan",), ("apply", "--yes"))]
    assert {"ada.byron", "alan.mathison"} == set(empty.users())


def test_the_workflows_run_the_program_from_the_action(empty: Project) -> None:
    """By its commit, in every job."""
    assert 0 == empty.run("init", "--action", ACTION).code

    assert WORKFLOWS == [name for name in empty.written() if name.startswith(".github/")]
    for name in WORKFLOWS:
        text = (empty.root / name).read_text()
        assert f"uses: {ACTION}\n" in text
        assert "uses: ./" not in text


def test_the_checkers_find_nothing_in_what_it_writes(empty: Project) -> None:
    """As they find nothing in our own."""
    empty.run("init", "--action", ACTION, "--parts", "2")
    tools = Path(sys.executable).parent
    schema = ("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)

    for command in (("zizmor", "--offline", "--persona", "auditor", "."), ("actionlint", *WORKFLOWS), schema):
        done = subprocess.run(  # noqa: S603
            [tools / command[0], *command[1:]], cwd=empty.root, capture_output=True, text=True, check=False
        )
        assert 0 == done.returncode, done.stdout + done.stderr


def test_tenants_in_two_parts_have_workflows_of_their_own(empty: Project) -> None:
    """The first are named as ever; the second have another name and another group, and are told which part they are."""
    assert 0 == empty.run("init", "--action", ACTION, "--parts", "2").code

    seconds = [name.replace(".yml", "-2.yml") for name in WORKFLOWS]
    assert sorted([*WORKFLOWS, *seconds]) == [name for name in empty.written() if name.startswith(".github/")]
    for first, second in zip(WORKFLOWS, seconds, strict=True):
        texts = (empty.root / first).read_text().splitlines(), (empty.root / second).read_text().splitlines()
        apart = [pair for pair in zip(*texts, strict=True) if pair[0] != pair[1]]
        assert f"{apart[0][0]} 2" == apart[0][1]
        assert apart[1][0].replace("group: ", "") in apart[1][1].replace("group: ", "").replace("-2", "", 1)
        assert {("part: 1/2", "part: 2/2")} == {(one.strip(), other.strip()) for one, other in apart[2:]}


def test_workflows_can_be_added_to_a_desired_state_that_is_there(empty: Project) -> None:
    """It is left as it is; what it should ignore is said."""
    empty.run("init")
    before = {name: (empty.root / name).read_text() for name in empty.written()}

    ran = empty.run("init", "--action", ACTION)

    assert 0 == ran.code
    assert sorted([*before, *WORKFLOWS]) == empty.written()
    assert before == {name: (empty.root / name).read_text() for name in before}
    assert "Add these lines to your .gitignore: .reconciler/ and plans/" in ran.err


@pytest.mark.parametrize("arguments", [(), ("--action", ACTION)])
def test_nothing_is_overwritten(arguments: tuple[str, ...], empty: Project) -> None:
    """All or nothing; what is there is named."""
    empty.run("init", *arguments)
    before = empty.written()

    ran = empty.run("init", *arguments)

    assert 2 == ran.code
    assert "nothing was written, because these exist already: " in ran.err
    assert (".github/workflows/plan.yml" in ran.err) is bool(arguments)
    assert before == empty.written()


@pytest.mark.parametrize("action", ["acme/reconciler", "acme/reconciler@v1", "acme/reconciler@main", "x@" + "a" * 40])
def test_an_action_that_can_be_moved_is_refused(action: str, empty: Project) -> None:
    """A tag or a branch is whatever its owner says tomorrow."""
    ran = empty.run("init", "--action", action)

    assert 2 == ran.code
    assert "is not OWNER/NAME@COMMIT" in ran.err
    assert [] == empty.written()


def test_a_folder_that_can_not_be_written_is_said(empty: Project) -> None:
    """A file where a folder should be."""
    empty.write("in the way", "taken")

    ran = empty.run("init", "taken")

    assert (2, True) == (ran.code, "can't be written" in ran.err)
