"""The plan that reviewers of a merged commit saw; any other plan is refused, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reconciler.errors import Forbidden, Refused
from reconciler.github.approved_plan import PlanQuery, fetch_approved_plan
from reconciler.github.client import GitHub
from tests.github.conftest import TOKEN
from tests.github.standin import StandIn, Token

HEAD, COMMIT, OTHER = "a" * 40, "c" * 40, "d" * 40
WANTED = PlanQuery("qa", COMMIT, "plan.yml")
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


def refusal(github: GitHub) -> str:
    """Returns the reason why there is no approved plan, with what to do."""
    with pytest.raises(Refused) as caught:
        fetch_approved_plan(github, WANTED)
    assert 4 == caught.value.exit_code
    return str(caught.value)


def test_the_plan_that_was_merged_is_found(standin: StandIn, github: GitHub) -> None:
    """As it was stored. That another tenant's plan failed is that tenant's."""
    run, _artifact = reviewed(standin)

    stored = fetch_approved_plan(github, WANTED)

    assert (7, run["id"], '{"the": "plan"}\n', "5ee") == (stored.pull, stored.run, stored.plan, stored.tree)
    assert [] == standin.written


def test_it_takes_read_permissions_only(standin: StandIn, github: GitHub) -> None:
    """Those that the workflow gives the job."""
    reviewed(standin)
    standin.tokens[TOKEN] = Token({"actions": "read", "pull_requests": "read", "contents": "write"})

    assert 7 == fetch_approved_plan(github, WANTED).pull


@pytest.mark.parametrize("missing", ["actions", "pull_requests"])
def test_a_token_without_permission_says_which(missing: str, standin: StandIn, github: GitHub) -> None:
    """Exit code 5: nothing was found out, and nothing may be applied."""
    reviewed(standin)
    permissions = {"actions": "read", "pull_requests": "read"}
    standin.tokens[TOKEN] = Token({name: level for name, level in permissions.items() if name != missing})

    with pytest.raises(Forbidden, match=f"give the job `{missing.replace('_', '-')}: read`"):
        fetch_approved_plan(github, WANTED)


def test_the_last_run_for_that_head_counts(standin: StandIn, github: GitHub) -> None:
    """It was run again, and reviewers saw the newer comment."""
    reviewed(standin)
    again = standin.start_run(HEAD)
    standin.store(again, "plan-qa", {**FILES, "plan.json": "newer"})
    standin.finish_run(again, JOBS)

    assert "newer" == fetch_approved_plan(github, WANTED).plan


def test_of_two_attempts_of_a_run_the_last_one_counts(standin: StandIn, github: GitHub) -> None:
    """Each attempt stores an artifact of that name."""
    run, _artifact = reviewed(standin)
    standin.store(run, "plan-qa", {**FILES, "plan.json": "newer"})

    assert "newer" == fetch_approved_plan(github, WANTED).plan


def test_a_commit_that_was_pushed_is_not_approved(standin: StandIn, github: GitHub) -> None:
    """Nobody reviewed it."""
    reviewed(standin)
    standin.commits.clear()

    assert refusal(github).startswith(
        "cccccccccccc was pushed without a pull request, so no plan was approved for it: start"
    )


def test_a_commit_within_a_pull_request_is_not_where_it_was_merged(standin: StandIn, github: GitHub) -> None:
    """One of several of a rebase: the last of them is."""
    reviewed(standin)
    standin.pulls[0]["merge_commit_sha"] = OTHER

    assert "is not the merge of one pull request (it belongs to #7)" in refusal(github)


def test_a_pull_request_that_is_open_approves_nothing(standin: StandIn, github: GitHub) -> None:
    """A commit may be in the one that was merged and in others that were not."""
    reviewed(standin)
    standin.open_pull(8, OTHER)
    standin.commits[COMMIT].append(8)
    assert 7 == fetch_approved_plan(github, WANTED).pull

    standin.pulls[0] |= {"merged_at": None}

    assert "pushed without a pull request" in refusal(github)


def test_a_pull_request_of_another_repository_is_not_ours(standin: StandIn, github: GitHub) -> None:
    """In a network of forks, a commit has the pull requests of all."""
    reviewed(standin)
    standin.pulls[0]["base"]["repo"] = {"full_name": "mallory/people"}

    assert "pushed without a pull request" in refusal(github)


def test_a_pull_request_from_a_fork_has_no_plan(standin: StandIn, github: GitHub) -> None:
    """There are no secrets for it; what it stored is its own."""
    for origin in ({"full_name": "mallory/people"}, None):
        standin.pulls.clear()
        standin.commits.clear()
        reviewed(standin)
        standin.pulls[0]["head"]["repo"] = origin

        assert "#7 comes from a fork, and forks get no plan" in refusal(github)


@pytest.mark.parametrize("name", ["filename", "previous_filename"])
def test_a_pull_request_that_edits_the_workflow_can_not_vouch_for_itself(
    name: str, standin: StandIn, github: GitHub
) -> None:
    """Its run ran the workflow as it has it, and could have stored anything."""
    reviewed(standin)
    standin.files[7] += [{"filename": f"{number}.yaml"} for number in range(5)]
    standin.files[7].append({"filename": "x", name: ".github/workflows/plan.yml"})

    assert "so its own workflow made its plan" in refusal(github)


def test_a_head_that_was_pushed_just_before_the_merge_has_no_plan(standin: StandIn, github: GitHub) -> None:
    """What was planned is not what was merged."""
    reviewed(standin)
    standin.pulls[0]["head"]["sha"] = OTHER

    assert "#7 was merged at dddddddddddd, and no run of plan.yml planned that commit" in refusal(github)


def test_a_run_that_goes_on_is_waited_for_by_a_person(standin: StandIn, github: GitHub) -> None:
    """And nothing older is taken in its place."""
    reviewed(standin)
    standin.start_run(HEAD)

    assert "the plan run of #7 has not finished" in refusal(github)


def lies_about(name: str, value: object) -> Edit:
    """A run that matches the query though it is another one."""
    return lambda _standin, run, _artifact: run.__setitem__(name, value)


@pytest.mark.parametrize(
    "edit",
    [
        lies_about("path", ".github/workflows/evil.yml"),
        lies_about("event", "workflow_dispatch"),
        lies_about("head_sha", OTHER),
        lies_about("repository", {"full_name": "mallory/people"}),
        lies_about("head_repository", {"full_name": "mallory/people"}),
        lies_about("head_repository", None),
    ],
    ids=["workflow", "event", "head", "repository", "fork", "deleted fork"],
)
def test_a_run_is_checked_in_every_part_of_the_question(edit: Edit, standin: StandIn, github: GitHub) -> None:
    """A service that ignores a filter answers everything; here it is made to."""
    run, artifact = reviewed(standin)
    edit(standin, run, artifact)
    standin.ignores_filters = True

    assert "no run of plan.yml planned that commit" in refusal(github)


def test_there_may_be_no_such_workflow(standin: StandIn, github: GitHub) -> None:
    """Renamed, or never there."""
    run, _artifact = reviewed(standin)
    run["path"] = ".github/workflows/planning.yml"

    assert "this repository has no workflow plan.yml" in refusal(github)


@pytest.mark.parametrize(
    ("job", "conclusion", "said"),
    [
        ("plan qa", "failure", 'the job "plan qa" of the last plan run'),
        ("comment qa", "failure", 'the job "comment qa" of the last plan run'),
        ("comment qa", "cancelled", "ended in cancelled"),
        ("comment qa", None, "did not run"),
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
        ({"plan.json": "{}"}, "does not hold the expected files (plan.json, tree, said.txt)"),
        ({**FILES, "../../evil": "x"}, "does not hold the expected files (plan.json, tree, said.txt)"),
        ({**FILES, "plan.json": b"\xff\xfe"}, "can't be read"),
    ],
)
def test_an_archive_holds_two_texts_and_nothing_else(
    files: dict[str, str | bytes], said: str, standin: StandIn, github: GitHub
) -> None:
    """What else it holds nobody asked for."""
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

    assert 7 == fetch_approved_plan(github, WANTED).pull
