"""The plan that reviewers of a pull request saw; a plan that can't be trusted does not count, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.declarations.approval_file import APPROVALS_FOLDER
from reconciler.errors import Forbidden
from reconciler.github.client import GitHub
from reconciler.github.runs.approved_plans import BY_HAND, NoPlan, PlanQuery, StoredPlan, fetch_plan_of, has_changes
from reconciler.github.runs.own_programs import is_program
from tests.github.calls_pulls import MERGED, OPENED
from tests.github.conftest import TOKEN
from tests.github.standin import StandIn, Token

HEAD, COMMIT, OTHER = "a" * 40, "c" * 40, "d" * 40
WANTED = PlanQuery("qa", "plan.yml", "main", "desired-state")
OWN = replace(WANTED, runs_own_files=True)
BEFORE, AFTER = "2026-11-25T07:00:00Z", "2026-11-25T11:00:00Z"
JOBS = {"tenants": "success", "plan qa": "success", "comment qa": "success", "plan production": "failure"}
FILES: dict[str, str | bytes] = {"plan.json": '{"the": "plan"}\n', "tree": "5ee\n"}

Edit = Callable[[StandIn, dict[str, Any], dict[str, Any]], object]


def reviewed(standin: StandIn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Makes pull request 7, planned and merged, with its run and its artifact."""
    standin.open_pull(7, HEAD)
    run = standin.start_run(HEAD)
    artifact = standin.store(run, "plan-qa", FILES)
    standin.finish_run(run, JOBS)
    standin.merge(7, COMMIT)
    return run, artifact


def fetch(github: GitHub, query: PlanQuery = WANTED) -> StoredPlan:
    """Returns the plan that counts."""
    found = fetch_plan_of(github, 7, query)
    assert isinstance(found, StoredPlan), found
    return found


def refusal(github: GitHub, query: PlanQuery = WANTED) -> str:
    """Returns the reason why no plan counts; what to do is the same for all, but for one that is still running."""
    found = fetch_plan_of(github, 7, query)
    assert isinstance(found, NoPlan), found
    assert 7 == found.pull
    assert ("had not finished" in found.reason) == found.reason.endswith(": re-run this job when it is done")
    assert BY_HAND not in found.reason
    return found.reason


def test_the_plan_that_was_merged_is_found(standin: StandIn, github: GitHub) -> None:
    """As it was stored. Another tenant's failed plan does not matter. Nothing is asked for twice."""
    run, _artifact = reviewed(standin)

    assert StoredPlan(7, run["id"], '{"the": "plan"}\n') == fetch(github)
    standin.page_size = 100
    standin.calls.clear()
    fetch(github)
    assert [
        "/pulls/7",
        "/actions/workflows/plan.yml/runs",
        f"/actions/runs/{run['id']}/artifacts",
        f"/actions/artifacts/{standin.artifacts[0]['id']}/zip",
        "/pulls/7/files",
        "/pulls",
        "/issues/7/events",
        f"/actions/runs/{run['id']}/jobs",
    ] == [call.path.removeprefix("/repos/acme/people") for call in standin.calls]
    assert [] == standin.written


def test_nothing_more_is_asked_about_a_plan_without_changes(standin: StandIn, github: GitHub) -> None:
    """It approves nothing, wherever it comes from; READMEs bring many of them before an apply ends."""
    run, _artifact = reviewed(standin)
    standin.store(run, "plan-qa", {**FILES, "plan.json": '{"changes": []}'})
    standin.files[7] = [{"filename": ".github/workflows/plan.yml"}]
    standin.page_size = 100

    assert '{"changes": []}' == fetch(github).plan
    assert 4 == len(standin.calls)


@pytest.mark.parametrize(
    ("plan", "may"),
    [
        ('{"changes": []}', False),
        ('{"changes": [{}]}', True),
        ('{"changes": null}', True),
        ("{}", True),
        ("[]", True),
        ("{", True),
        ("[" * 100_000, True),
    ],
)
def test_only_a_plan_with_an_empty_list_of_changes_has_none(plan: str, *, may: bool) -> None:
    """A text that is no plan is refused later, with its reason."""
    assert may == has_changes(plan)


def test_the_plan_of_an_open_pull_request_is_found(standin: StandIn, github: GitHub) -> None:
    """Those of a merge queue are open while their group is planned."""
    run, _artifact = reviewed(standin)
    standin.pulls[0] |= {"merged_at": None, "merge_commit_sha": None}

    assert run["id"] == fetch(github).run


def test_it_takes_read_permissions_only(standin: StandIn, github: GitHub) -> None:
    """Those that the workflow gives the job."""
    reviewed(standin)
    standin.tokens[TOKEN] = Token({"actions": "read", "pull_requests": "read", "contents": "write"})

    assert 7 == fetch(github).pull


@pytest.mark.parametrize("missing", ["actions", "pull_requests"])
def test_a_token_without_permission_names_it(missing: str, standin: StandIn, github: GitHub) -> None:
    """Exit code 5: it is unknown what was approved."""
    reviewed(standin)
    permissions = {"actions": "read", "pull_requests": "read"}
    standin.tokens[TOKEN] = Token({name: level for name, level in permissions.items() if name != missing})

    with pytest.raises(Forbidden, match=f"give the job `{missing.replace('_', '-')}: read`"):
        fetch_plan_of(github, 7, WANTED)


def test_the_last_run_for_that_head_counts(standin: StandIn, github: GitHub) -> None:
    """It was run again, and reviewers saw the newer comment."""
    reviewed(standin)
    again = standin.start_run(HEAD)
    standin.store(again, "plan-qa", {**FILES, "plan.json": "newer"})
    standin.finish_run(again, JOBS)

    assert "newer" == fetch(github).plan


def test_of_two_attempts_of_a_run_the_last_one_counts(standin: StandIn, github: GitHub) -> None:
    """Each attempt stores an artifact of that name."""
    run, _artifact = reviewed(standin)
    standin.store(run, "plan-qa", {**FILES, "plan.json": "newer"})

    assert "newer" == fetch(github).plan


def test_a_run_that_began_after_the_merge_approves_nothing(standin: StandIn, github: GitHub) -> None:
    """An edited title of a merged pull request starts one, and so does a later pull request of the same branch."""
    run, _artifact = reviewed(standin)
    later = standin.start_run(HEAD)
    later["created_at"] = AFTER
    standin.store(later, "plan-qa", {**FILES, "plan.json": "newer"})
    standin.finish_run(later, JOBS)
    standin.open_pull(12, HEAD)

    assert run["id"] == fetch(github).run


def test_a_run_that_began_before_the_pull_request_is_of_another(standin: StandIn, github: GitHub) -> None:
    """The branch had a pull request before, which was closed."""
    run, _artifact = reviewed(standin)
    run["created_at"] = BEFORE

    assert "no run of plan.yml planned its head aaaaaaaaaaaa before the merge" in refusal(github)


def test_an_open_pull_request_that_its_run_does_not_list_has_no_plan(standin: StandIn, github: GitHub) -> None:
    """GitHub lists the open pull requests of a head in each of its runs."""
    run, _artifact = reviewed(standin)
    standin.pulls[0] |= {"merged_at": None, "merge_commit_sha": None}
    run["pull_requests"] = [{"number": 8}]

    assert "no run of plan.yml planned its head aaaaaaaaaaaa (was it pushed" in refusal(github)


def test_a_pull_request_into_another_branch_approves_nothing(standin: StandIn, github: GitHub) -> None:
    """Less may protect that branch."""
    reviewed(standin)
    standin.pulls[0]["base"]["ref"] = "feature"

    assert "it goes into feature, and only pull requests into main approve" in refusal(github)


def test_one_head_with_two_bases_has_no_plan_that_counts(standin: StandIn, github: GitHub) -> None:
    """The other base may have another workflow file, and both runs have the same head."""
    reviewed(standin)
    other = standin.open_pull(8, HEAD)
    other["base"]["ref"] = "release"

    reason = refusal(github)

    assert "#8 has the same head and goes into release, so their plan runs can't be told apart" in reason
    assert "push another commit to one of them before the merge" in reason


@pytest.mark.parametrize(
    "other",
    [
        {"head": {"sha": OTHER, "ref": "change"}, "base": "release", "closed_at": "2026-11-25T08:58:00Z"},
        {"head": {"sha": OTHER, "ref": "change"}, "base": "release", "created_at": MERGED},
        {"head": {"sha": HEAD, "ref": "other"}, "base": "release"},
        {"head": {"sha": HEAD, "ref": "change"}, "base": "main"},
    ],
    ids=["closed before", "opened after", "of another branch", "closed and opened again"],
)
def test_a_sibling_with_another_run_does_not_matter(other: dict[str, Any], standin: StandIn, github: GitHub) -> None:
    """Their runs differ in head or branch, or plan for the same base."""
    reviewed(standin)
    sibling = standin.open_pull(8, HEAD)
    sibling["head"] |= other["head"]
    sibling["base"]["ref"] = other["base"]
    sibling |= {name: other[name] for name in ("closed_at", "created_at") if name in other}

    assert 7 == fetch(github).pull


@pytest.mark.parametrize("event", ["base_ref_changed", "automatic_base_change_succeeded"])
def test_a_base_that_changed_after_the_run_leaves_no_plan(event: str, standin: StandIn, github: GitHub) -> None:
    """GitHub changes the base by itself when the branch below is merged and deleted, and starts no run then."""
    reviewed(standin)
    standin.change_base(7, "2026-11-25T09:30:00Z", event)

    assert "its base branch was changed after its last plan run" in refusal(github)


def test_a_base_that_changed_before_the_run_does_not_matter(standin: StandIn, github: GitHub) -> None:
    """The run planned for the new base. Other events are no change of the base."""
    reviewed(standin)
    for at in (OPENED, "2026-11-25T08:59:00Z"):
        standin.change_base(7, at)
    standin.change_base(7, MERGED, "labeled")

    assert 7 == fetch(github).pull


def test_a_pull_request_from_a_fork_has_no_plan(standin: StandIn, github: GitHub) -> None:
    """There are no secrets for it; what it stored is its own."""
    reviewed(standin)
    for origin in ({"full_name": "mallory/people"}, None):
        standin.pulls[0]["head"]["repo"] = origin

        assert "it comes from a fork, and forks get no plan" in refusal(github)


@pytest.mark.parametrize("name", ["filename", "previous_filename"])
@pytest.mark.parametrize(
    "path", [".github/workflows/plan.yml", ".github/workflows/lib.yml", ".github/actions/setup/action.yml"]
)
def test_a_pull_request_that_edits_the_workflow_can_not_vouch_for_itself(
    name: str, path: str, standin: StandIn, github: GitHub
) -> None:
    """Its run ran the workflow as it has it, and could have stored anything. Renamed files count by both names."""
    reviewed(standin)
    standin.files[7] += [{"filename": f"{number}.yaml"} for number in range(5)]
    standin.files[7].append({"filename": "x", name: path})

    assert f"it changes {path}, so its own program made its plan" in refusal(github)


def test_a_workflow_that_runs_files_of_the_repository_is_all_of_them(standin: StandIn, github: GitHub) -> None:
    """`uses: ./` runs the program that the pull request has."""
    reviewed(standin)
    standin.files[7] += [{"filename": name} for name in ("README.md", "reconciler/cli/plan.py", "action.yml")]

    assert 7 == fetch(github).pull
    assert "it changes action.yml and 1 more such files, so its own" in refusal(github, OWN)


@pytest.mark.parametrize(
    ("name", "folder", "always", "own"),
    [
        (".github/workflows/plan.yml", "desired-state", True, True),
        (".github/actions/a/run.sh", ".", True, True),
        (".github/CODEOWNERS", "desired-state", False, True),
        ("desired-state/team.yaml", "desired-state", False, False),
        ("desired-state/plan.py", "desired-state", False, True),
        ("desired-state/tool/action.yaml", "desired-state", False, True),
        ("desired-stately/team.yaml", "desired-state", False, True),
        (f"{APPROVALS_FOLDER}/5ee.yaml", "desired-state", False, False),
        (f"{APPROVALS_FOLDER}/5ee.py", "desired-state", False, True),
        ("team.yaml", ".", False, False),
        ("action.yaml", ".", False, True),
        ("team.yaml", "desired-state", False, True),
        ("README.md", "desired-state", False, False),
        ("docs/conf.py", "desired-state", False, False),
        ("src/docs/conf.py", "desired-state", False, True),
    ],
)
def test_what_a_plan_run_may_run(name: str, folder: str, *, always: bool, own: bool) -> None:
    """Workflows and actions always; every other program, if the workflow runs files of the repository."""
    assert always == is_program(name, folder, runs_own_files=False)
    assert own == is_program(name, folder, runs_own_files=True)


def test_more_files_than_github_lists_can_not_be_checked(standin: StandIn, github: GitHub) -> None:
    """Its list ends at 3,000."""
    reviewed(standin)
    standin.pulls[0]["changed_files"] = 3_201

    assert "it changes 3,201 files, and GitHub lists 1 of them: whether the other 3,200 changed" in refusal(github)


def test_the_name_of_a_file_breaks_no_line(standin: StandIn, github: GitHub) -> None:
    """A reason is one line of bounded length."""
    reviewed(standin)
    standin.files[7] = [{"filename": ".github/workflows/\n::error::" + "x" * 400}]

    reason = refusal(github)

    assert r".github/workflows/\n::error::xxx" in reason
    assert (1, True) == (len(reason.splitlines()), len(reason) < 300)


def test_a_head_that_was_pushed_just_before_the_merge_has_no_plan(standin: StandIn, github: GitHub) -> None:
    """What was planned is not what was merged."""
    reviewed(standin)
    standin.pulls[0]["head"]["sha"] = OTHER

    assert "no run of plan.yml planned its head dddddddddddd before the merge" in refusal(github)


def test_a_run_that_goes_on_is_waited_for_by_a_person(standin: StandIn, github: GitHub) -> None:
    """And nothing older is taken in its place."""
    reviewed(standin)
    run = standin.start_run(HEAD)

    assert f"its plan run {run['id']} had not finished: re-run this job when it is done" == refusal(github)


def lies_about(name: str, value: object) -> Edit:
    """A run that matches the query though it is another one."""
    return lambda _standin, run, _artifact: run.__setitem__(name, value)


@pytest.mark.parametrize(
    "edit",
    [
        lies_about("path", ".github/workflows/evil.yml"),
        lies_about("event", "workflow_dispatch"),
        lies_about("head_sha", OTHER),
        lies_about("head_branch", "other"),
        lies_about("head_branch", None),
        lies_about("repository", {"full_name": "mallory/people"}),
        lies_about("head_repository", {"full_name": "mallory/people"}),
        lies_about("head_repository", None),
    ],
    ids=["workflow", "event", "head", "branch", "deleted branch", "repository", "fork", "deleted fork"],
)
def test_a_run_is_checked_in_every_part_of_the_question(edit: Edit, standin: StandIn, github: GitHub) -> None:
    """A service that ignores a filter answers everything; here it is made to."""
    run, artifact = reviewed(standin)
    edit(standin, run, artifact)
    standin.ignores_filters = True

    assert "no run of plan.yml planned its head" in refusal(github)


def test_there_may_be_no_such_workflow(standin: StandIn, github: GitHub) -> None:
    """Renamed, or never there."""
    run, _artifact = reviewed(standin)
    run["path"] = ".github/workflows/planning.yml"

    assert "this repository has no workflow plan.yml" in refusal(github)


@pytest.mark.parametrize(
    ("job", "conclusion", "said"),
    [
        ("plan qa", "failure", 'the job "plan qa" of its last plan run'),
        ("comment qa", "failure", 'the job "comment qa" of its last plan run'),
        ("comment qa", "cancelled", "ended in cancelled"),
        ("comment qa", None, "did not run"),
        ("comment qa", "skipped", "did not run"),
    ],
)
def test_a_plan_that_was_not_shown_is_not_approved(
    job: str, conclusion: str | None, said: str, standin: StandIn, github: GitHub
) -> None:
    """Refused by a guardrail, or never told to anybody."""
    run, _artifact = reviewed(standin)
    standin.finish_run(run, {name: became for name, became in (JOBS | {job: conclusion}).items() if became})

    assert said in refusal(github)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda standin, _run, _artifact: standin.artifacts.clear(), "has no artifact plan-qa (was it deleted?)"),
        (lambda _standin, _run, artifact: artifact.update(name="plan-production"), "has no artifact plan-qa"),
        (lambda _standin, _run, artifact: artifact.update(expired=True), "has expired"),
        (lambda standin, _run, _artifact: standin.archives.clear(), "no longer exists"),
        (lambda _standin, _run, artifact: artifact.update(digest="sha256:00"), "its digest differs"),
        (lambda standin, _run, artifact: standin.archives.update({artifact["id"]: b"PK"}), "its digest differs"),
    ],
    ids=["deleted", "another tenant's", "expired", "gone at its host", "another digest", "damaged"],
)
def test_an_artifact_that_is_not_there_or_not_it_is_refused(
    edit: Edit, said: str, standin: StandIn, github: GitHub
) -> None:
    """Whatever became of it since."""
    edit(standin, *reviewed(standin))

    assert said in refusal(github)


def test_an_artifact_that_expires_between_two_calls_is_refused(standin: StandIn, github: GitHub) -> None:
    """GitHub answers 410."""
    _run, artifact = reviewed(standin)
    standin.fail_next(f"GET /repos/acme/people/actions/artifacts/{artifact['id']}", 410)

    assert "the artifact plan-qa no longer exists" in refusal(github)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"tree": "5ee"}, "does not hold the expected files (plan.json, tree, said.txt)"),
        ({**FILES, "../../evil": "x"}, "does not hold the expected files (plan.json, tree, said.txt)"),
        ({**FILES, "plan.json": b"\xff\xfe"}, "can't be read"),
    ],
)
def test_an_archive_holds_the_plan_and_no_unknown_file(
    files: dict[str, str | bytes], said: str, standin: StandIn, github: GitHub
) -> None:
    """The tree and the stderr of the command may be there."""
    run, _artifact = reviewed(standin)
    standin.store(run, "plan-qa", files)

    assert said in refusal(github)


def test_an_archive_that_is_none_is_refused(standin: StandIn, github: GitHub) -> None:
    """Without a digest to tell it by, too."""
    _run, artifact = reviewed(standin)
    artifact["digest"] = None
    standin.archives[artifact["id"]] = b"<html>"

    assert "can't be read" in refusal(github)


def test_the_artifact_of_another_run_is_refused(standin: StandIn, github: GitHub) -> None:
    """Listed there or not."""
    _run, artifact = reviewed(standin)
    artifact["workflow_run"]["head_sha"] = OTHER

    assert "belongs to another run" in refusal(github)


def test_a_secondary_limit_in_the_middle_is_waited_for(standin: StandIn, github: GitHub) -> None:
    """And the plan is found all the same."""
    reviewed(standin)
    standin.fail_next("GET /repos/acme/people/actions/runs", 403, {"Retry-After": "3"}, "secondary rate limit")

    assert 7 == fetch(github).pull
