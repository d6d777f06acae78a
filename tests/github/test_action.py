"""The workflows and the action as texts: pinned, with least permissions, without foreign values in scripts."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.github.player import ACTIONS, ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
WORKFLOW_FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = sorted(WORKFLOW_FOLDER.glob("*.yml"))
TEMPLATES = sorted((ROOT / "reconciler" / "github" / "templates").glob("*.yml"))


def jobs_of(path: Path) -> Mapping[str, Any]:
    jobs: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    return jobs


def steps() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields every step of the action and of every workflow."""
    yield from ((f"action: {step['name']}", step) for step in ACTION["runs"]["steps"])
    for path in WORKFLOWS:
        for name, job in jobs_of(path).items():
            yield from ((f"{path.name}: {name}", step) for step in job["steps"])


ACTION_STEPS = [(step["name"], step) for step in ACTION["runs"]["steps"]]


def test_what_init_copies_are_our_own_workflows() -> None:
    """One text, in two places: GitHub wants it in one, the installed program in the other."""
    assert ["apply.yml", "drift.yml", "plan.yml"] == [path.name for path in TEMPLATES]
    for template in TEMPLATES:
        assert template.read_text() == (ROOT / ".github" / "workflows" / template.name).read_text()


def test_every_action_is_pinned_and_known() -> None:
    """By its commit; the comment beside it says which version that is."""
    used = {step["uses"] for _where, step in steps() if "uses" in step}

    assert {"./"} | {f"{name}@{commit}" for name, commit in ACTIONS.items()} == used
    for path in [ROOT / "action.yml", *WORKFLOWS]:
        for line in path.read_text().splitlines():
            assert "uses:" not in line or re.search(r"uses: (\./|\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$", line), line


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_no_permissions_and_its_jobs_the_least(path: Path) -> None:
    """Each names its own; a job has an end; a clone keeps no credentials."""
    document = yaml.safe_load(path.read_text())
    assert {} == document["permissions"]
    for job in document["jobs"].values():
        assert job["permissions"]
        assert job["timeout-minutes"]
        [checkout] = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
        assert checkout["with"]["persist-credentials"] is False


def test_nothing_is_inserted_into_a_script() -> None:
    """What comes from outside comes through `env`, which no shell reads as commands."""
    assert [] == [where for where, step in steps() if "${{" in step.get("run", "")]


def test_no_module_of_the_pull_request_is_run() -> None:
    """`python -m pip` runs a `pip.py` of the current folder, unless it is isolated; the checkout is that folder."""
    calls = [
        line
        for _where, step in ACTION_STEPS
        for line in step.get("run", "").splitlines()
        if re.search(r"\bpython\b", line)
    ]

    assert 2 == len(calls)
    assert all(re.search(r'\bpython"? -I -m ', line) for line in calls), calls


def test_a_step_sees_one_credential_at_most() -> None:
    """The account's token or GitHub's, and never both."""
    for where, step in steps():
        told = " ".join(map(str, step.get("env", {}).values()))
        assert ("scim-token }" in told) + ("github-token }" in told) <= 1, where


def test_only_the_steps_of_the_record_have_the_token_of_git() -> None:
    """They fetch, begin and push; whatever reads or writes the account works with the record that is here."""
    with_git = {step["name"]: step["run"] for _where, step in steps() if "extraHeader" in step.get("run", "")}
    assert ["fetch", "begin", "push"] == [re.findall(r"ownership (\w+)", script)[0] for script in with_git.values()]

    reached = [step["run"] for _where, step in steps() if "=$SCIM_TOKEN" in step.get("run", "")]
    command = re.compile(r"^ +(plan|apply|drift) ", re.MULTILINE)
    assert ["plan", "apply", "drift"] == [command.findall(script)[0] for script in reached]
    assert all("--record local" in script for script in reached)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("GIT_CONFIG_", ["Fetch the record of applies", "Begin the apply", "Push the record of the apply"]),
        (r"_VARIABLE \]\]", ["Plan", "Apply", "Look for drift"]),
    ],
)
def test_steps_that_hand_on_a_credential_have_the_same_lines(pattern: str, names: list[str]) -> None:
    """No file is sourced for them: action.yml alone shows which step does what with which credential."""
    scripts = {name: step.get("run", "").splitlines() for name, step in ACTION_STEPS}
    found = {name: [line for line in script if re.search(pattern, line)] for name, script in scripts.items()}
    blocks = {name: lines for name, lines in found.items() if lines}

    assert names == list(blocks)
    assert all(lines == blocks[names[0]] for lines in blocks.values()), blocks


def test_no_step_can_be_commented_into_existence() -> None:
    """`pull_request_target`, `issue_comment` and `workflow_run` run with secrets on what strangers send."""
    for path in WORKFLOWS:
        events = set(yaml.safe_load(path.read_text())[True])  # YAML 1.1 reads `on` as true
        assert events <= {"pull_request", "merge_group", "push", "schedule", "workflow_dispatch"}


def test_the_required_check_always_reports_on_all_jobs() -> None:
    """A job that is skipped counts as passed, and so would a result that the check does not know."""
    document = yaml.safe_load((WORKFLOW_FOLDER / "plan.yml").read_text())
    *others, check = document["jobs"]
    assert {"types": ["opened", "synchronize", "reopened", "edited"]} == document[True]["pull_request"]
    assert "merge_group" in document[True]
    assert ("reconciler", "reconciler", "always()", others) == (
        check,
        *(document["jobs"][check][name] for name in ("name", "if", "needs")),
    )


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_matrix_is_expanded_without_tenants(path: Path) -> None:
    """An empty matrix fails a run: a job asks for a first tenant, or needs one that did and was not skipped."""
    jobs = jobs_of(path)
    for job in jobs.values():
        if "fromJSON" not in str(job.get("strategy", {}).get("matrix")):
            continue
        asked = job["if"]
        after = re.findall(r"needs\.(\w+)\.result != 'skipped'", asked)
        assert ".include[0]" in asked or [True] == [".include[0]" in jobs[name]["if"] for name in after], asked


def test_what_a_job_that_died_did_not_store_stops_no_report() -> None:
    """Each command that reads an artifact reports that it is missing."""
    downloads = [step for _where, step in steps() if "download-artifact" in step.get("uses", "")]
    assert 3 == len(downloads)
    assert all(step["continue-on-error"] is True for step in downloads)


@pytest.mark.parametrize(("where", "script"), [(where, step["run"]) for where, step in steps() if "run" in step])
def test_a_script_is_sound(where: str, script: str) -> None:
    """As shellcheck sees it."""
    checker = Path(sys.executable).parent / "shellcheck"
    done = subprocess.run([checker, "--shell=bash", "-"], input=script, capture_output=True, text=True, check=False)  # noqa: S603

    assert (0, "") == (done.returncode, done.stdout), where
