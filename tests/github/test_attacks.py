"""A person who can push, and may neither approve nor push to the protected branch, tries to have their plan count."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from reconciler.github.client import GitHub
from reconciler.github.comments.outdated import mark_outdated
from reconciler.github.comments.pull_head import PullHead
from reconciler.github.merge_queue import list_queue
from tests.github.calls_pulls import MERGED, PLANNED
from tests.github.standin import StandIn
from tests.github.test_approved_plans import AFTER, FILES, HEAD, JOBS, OTHER, fetch, refusal, reviewed

JUST_BEFORE, LATER = "2026-11-25T08:59:01Z", "2026-11-25T09:20:00Z"


@pytest.mark.parametrize("base", ["evil", "main"], ids=["another base", "retargeted since"])
@pytest.mark.parametrize("closed_at", [None, LATER, PLANNED, JUST_BEFORE])
def test_a_run_of_another_pull_request_from_the_branch_is_not_taken(
    base: str, closed_at: str | None, standin: StandIn, github: GitHub
) -> None:
    """The branch was pushed away and back, so that the other keeps another head; then the right run was deleted.

    A run of an event just before the close may begin just after it.
    """
    reviewed(standin)
    other = standin.open_pull(8, OTHER)
    other["base"]["ref"] = base
    other["closed_at"] = closed_at
    standin.change_base(8, LATER)

    assert "#8 from the same branch was open when its last plan run" in refusal(github)


@pytest.mark.parametrize("at", [PLANNED, JUST_BEFORE])
def test_a_run_that_began_in_the_minute_of_a_new_base_is_of_neither(at: str, standin: StandIn, github: GitHub) -> None:
    """It may be of a push before, with the workflow of the earlier base; the run of the change was deleted."""
    reviewed(standin)
    standin.change_base(7, at)

    assert "or less than a minute before, so that run may have planned for another base" in refusal(github)


def test_a_run_that_was_started_again_after_the_merge_approves_nothing(standin: StandIn, github: GitHub) -> None:
    """It has the id and the time of the first attempt, and a plan of an account that changed since."""
    run, _artifact = reviewed(standin)
    run |= {"run_attempt": 2, "run_started_at": AFTER}
    standin.store(run, "plan-qa", {**FILES, "plan.json": "another"})

    assert f"its plan run {run['id']} was started again after the merge" in refusal(github)


def test_a_run_that_was_started_again_before_the_merge_counts(standin: StandIn, github: GitHub) -> None:
    """Its comment was seen."""
    run, _artifact = reviewed(standin)
    run |= {"run_attempt": 2, "run_started_at": MERGED}

    assert 7 == fetch(github).pull


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("name", ["plan qa", "comment qa"])
def test_of_two_jobs_with_one_name_both_must_succeed(
    name: str, *, first: bool, standin: StandIn, github: GitHub
) -> None:
    """A matrix may produce the name of another job."""
    run, _artifact = reviewed(standin)
    jobs = standin.jobs[run["id"]]
    jobs.insert(0 if first else len(jobs), {"name": name, "conclusion": "failure"})

    assert f'the job "{name}" of its last plan run {run["id"]} ended in failure' in refusal(github)


@pytest.mark.parametrize("name", ["Plan qa", "plan qa ", "plan QA", "x / plan qa", "plan qa (1)", "plan .*"])
def test_a_job_with_a_similar_name_is_another(name: str, standin: StandIn, github: GitHub) -> None:
    """The names are compared as they are."""
    run, _artifact = reviewed(standin)
    standin.finish_run(run, {**{one: became for one, became in JOBS.items() if one != "plan qa"}, name: "success"})

    assert f'the job "plan qa" of its last plan run {run["id"]} did not run' in refusal(github)


def test_of_several_artifacts_with_one_name_the_last_counts(standin: StandIn, github: GitHub) -> None:
    """In whatever order GitHub lists them, and though the earlier one is larger."""
    run, _artifact = reviewed(standin)
    standin.store(run, "plan-qa", {**FILES, "plan.json": "the last"})
    standin.artifacts.reverse()

    assert "the last" == fetch(github).plan


def broken_archives() -> dict[str, bytes]:
    """Returns archives that zipfile can't read, each for another reason."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("plan.json", "{}" * 500)
    sound = packed.getvalue()
    start = len("plan.json") + 30
    flags, method = sound.index(b"PK\x01\x02") + 8, sound.index(b"PK\x01\x02") + 10

    def with_bytes(at: int, content: bytes) -> bytes:
        return sound[:at] + content + sound[at + len(content) :]

    encrypted = with_bytes(flags, b"\x01\x00")
    return {
        "encrypted": encrypted[:6] + b"\x01\x00" + encrypted[8:],
        "unknown method": with_bytes(method, b"\x63\x00"),
        "damaged": with_bytes(start, b"\xff\xff\xff\xff"),
        "lzma": with_bytes(method, b"\x0e\x00"),
        "cut": sound[:start],
    }


@pytest.mark.parametrize("kind", broken_archives())
def test_an_archive_that_can_not_be_unpacked_stops_no_other_pull_request(
    kind: str, standin: StandIn, github: GitHub
) -> None:
    """It is one plan that does not count, with the reason."""
    _run, artifact = reviewed(standin)
    artifact["digest"] = None
    standin.archives[artifact["id"]] = broken_archives()[kind]

    assert "the artifact plan-qa can't be read" in refusal(github)


@pytest.mark.parametrize("tenant", ["qa --> @acme/all <!-- x", "qa<b>", "", "-qa", "q" * 65, "qa`", "q a"])
def test_a_mark_with_more_than_a_tenant_is_none(tenant: str, standin: StandIn, github: GitHub) -> None:
    """Another bot's text would stand in our comment again, as the mark."""
    body = f"x\n\n<!-- reconciler:plan:{tenant} -->"
    standin.open_pull(7, HEAD)
    standin.comments[7] = [{"id": 1, "body": body, "user": {"login": "other[bot]", "type": "Bot"}}]

    marked = mark_outdated(github, 7, PullHead(HEAD, "main"), lambda *_: "out of date")

    assert ((), []) == (marked.tenants, standin.written)


def queue_ref(number: int) -> str:
    return f"refs/heads/gh-readonly-queue/main/pr-{number}-{OTHER}"


def test_a_commit_with_the_refs_of_two_pull_requests_is_in_no_queue(standin: StandIn, github: GitHub) -> None:
    """A person can push a ref beside the queue's own, and so name a pull request whose plan nobody approved."""
    standin.refs = {queue_ref(8): HEAD, queue_ref(9): HEAD, queue_ref(10): OTHER, f"{queue_ref(11)}x": OTHER}

    assert {OTHER: 10} == list_queue(github, "main")


def test_what_a_person_adds_to_a_branch_name_is_no_other_question(standin: StandIn, github: GitHub) -> None:
    """Branch names may contain `&`, `#`, `%` and more."""
    reviewed(standin)
    names = ["a&state=closed", "a#b", "a%26b", "a+b", "a b'\"", "ä/ö", "x::error::y"]
    for name in names:
        standin.pulls[0]["head"]["ref"] = standin.runs[0]["head_branch"] = name
        assert 7 == fetch(github).pull


def test_a_sibling_whose_branch_has_an_odd_name_is_found(standin: StandIn, github: GitHub) -> None:
    """The query is the name, whatever is in it."""
    reviewed(standin)
    siblings: list[dict[str, Any]] = [standin.pulls[0], standin.open_pull(8, HEAD)]
    standin.pulls[1]["base"]["ref"] = "evil"
    for name in ("a&state=closed", "a#b", "a+b", "a%2Bb"):
        standin.runs[0]["head_branch"] = name
        for pull in siblings:
            pull["head"]["ref"] = name
        assert "#8 has the same head and goes into evil" in refusal(github)
