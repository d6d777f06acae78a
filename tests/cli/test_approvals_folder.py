"""A folder of approvals that is missing, damaged or foreign: usage errors and refusals, and nothing is applied."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import reconciler
from reconciler.pipeline.apply.approvals_folder import load_approvals_folder
from reconciler.pipeline.apply.request import ApplyRequest
from reconciler.pipeline.apply.run import apply_state
from tests.cli.merging import PullRequests
from tests.cli.project import SANDBOX, TEAM, Project

AGAIN = "gather the approvals again, with `reconciler github approved-plans -o FOLDER`"


@pytest.fixture
def folder(project: Project) -> Path:
    """A folder with one plan, which counts."""
    pulls = PullRequests(project)
    pulls.open(11, {"desired-state/all.yaml": SANDBOX + TEAM.replace("Ann}", "Ann, title: Chief}")})
    pulls.merge(11)
    return pulls.gather()


def refuse(project: Project, folder: Path, code: int, said: str) -> None:
    """Both commands exit with the code, say what is wrong and what to do, and leave account and record alone."""
    for command in (("apply",), ("ownership", "begin")):
        ran = project.run(*command, "--approvals", folder)
        assert (code, "") == (ran.code, ran.out), ran.said
        assert said in ran.err
        assert "Traceback" not in ran.err
    assert {} == project.users()
    assert [] == project.applies()


def edit(folder: Path, **fields: Any) -> None:
    file = folder / "approvals.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))


def test_it_is_good_as_it_is(project: Project, folder: Path) -> None:
    """So that each refusal below is by its own fault."""
    assert 0 == project.run("apply", "--approvals", folder).code


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '"x"', "\udcff"])
def test_a_damaged_folder_is_a_usage_error(project: Project, folder: Path, text: str) -> None:
    file = folder / "approvals.json"
    file.write_bytes(text.encode(errors="surrogateescape"))

    refuse(project, folder, 2, "approvals.json")
    if text != "\udcff":
        refuse(project, folder, 2, f"{file} is damaged (")
        refuse(project, folder, 2, AGAIN)


def test_another_format_is_a_usage_error(project: Project, folder: Path) -> None:
    edit(folder, format=2)
    refuse(project, folder, 2, "is damaged (format: ")


def test_a_missing_folder_is_a_usage_error(project: Project, folder: Path) -> None:
    missing = folder.with_name("nowhere")
    refuse(project, missing, 2, f"{missing} is not a folder of approvals, because it has no approvals.json: {AGAIN}")


@pytest.mark.parametrize("name", ["plan-12.json", "../one.json", "", ".", "/etc/hostname", "link.json"])
def test_a_plan_that_is_not_a_file_of_the_folder_is_a_usage_error(project: Project, folder: Path, name: str) -> None:
    """Also one outside it that exists, and a link."""
    folder.with_name("one.json").write_text((folder / "plan-11.json").read_text())
    (folder / "link.json").symlink_to(folder / "plan-11.json")
    edit(folder, pulls=[{"number": 11, "plan": name}])
    refuse(project, folder, 2, f"names the plan {name!r}, which is no file beside it: {AGAIN}")


def test_a_plan_that_was_edited_is_a_usage_error(project: Project, folder: Path) -> None:
    file = folder / "plan-11.json"
    file.write_text(file.read_text().replace("Chief", "Queen"))
    refuse(project, folder, 2, f"{file} is not a plan file that can be trusted")


def test_approvals_of_another_tenant_are_refused(project: Project, folder: Path) -> None:
    edit(folder, tenant="production")
    refuse(project, folder, 4, f"were gathered for the tenant 'production', and this run is for sandbox: {AGAIN}")


def test_approvals_of_another_commit_are_refused(project: Project, folder: Path) -> None:
    head = project.commit(SANDBOX + TEAM)
    refuse(project, folder, 4, f"and {head[:12]} is checked out: {AGAIN}, or check that commit out")


def test_approvals_of_a_commit_whose_folder_was_edited_are_refused(project: Project, folder: Path) -> None:
    """The embedded 4me may be applied to without a commit, and approvals may not."""
    project.write(SANDBOX + TEAM.replace("Ann}", "Ann, title: Queen}"))

    ran = project.run("apply", "--approvals", folder)

    assert (4, "", {}) == (ran.code, ran.out, project.users())
    assert "the desired state is not as committed: commit it first" in ran.err


def test_files_and_a_folder_together_are_a_usage_error(project: Project, folder: Path) -> None:
    for command in (("apply",), ("ownership", "begin")):
        ran = project.run(*command, folder / "plan-11.json", "--approvals", folder)
        assert (2, "") == (ran.code, ran.out)
        assert "FILE and --approvals exclude each other" in ran.err


def test_all_or_nothing_holds_for_a_folder(project: Project, folder: Path) -> None:
    edit(folder, pulls=[{"number": 11, "reason": "it comes from a fork"}])

    ran = project.run("apply", "--approvals", folder, "--all-or-nothing")

    assert (4, {}) == (ran.code, project.users())
    assert "--all-or-nothing was given, and no approved plan shows these changes" in ran.err


def test_a_plan_by_hand_that_was_reviewed_counts(project: Project, folder: Path) -> None:
    """And one that was not is named by its review."""
    edit(
        folder,
        pulls=[],
        line=[],
        by_hand=[
            {"review": "approvals/one.yaml", "plan": "plan-11.json"},
            {"review": "the environment production", "reason": "nobody reviewed it"},
        ],
    )

    ran = project.run("apply", "--approvals", folder)

    assert 0 == ran.code, ran.err
    assert "A plan by hand (the environment production) does not count: nobody reviewed it" in ran.err
    assert {"ann", "bob", "cid"} == set(project.users())


def test_a_pull_request_of_the_line_that_was_not_gathered_is_named(project: Project, folder: Path) -> None:
    edit(folder, pulls=[])

    ran = project.run("apply", "--approvals", folder)

    assert (4, {}) == (ran.code, project.users())
    assert "The plan of #11 does not count: no plan of it was gathered" in ran.err


def test_the_python_api_takes_the_same_folder(project: Project, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also with a question to a person, who does not widen what was approved."""
    edit(folder, pulls=[{"number": 11, "reason": "it comes from a fork"}])
    monkeypatch.chdir(project.root)
    state = reconciler.load_desired_state("desired-state", environment={})

    result = apply_state(state, ApplyRequest(approvals=load_approvals_folder(folder), confirm=lambda _plan: True))

    assert {"group/staff", "user/ann", "user/bob", "user/cid"} == {change.key for change in result.refused}
    assert {} == project.users()
