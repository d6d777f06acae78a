"""The one check of a plan run, for every way in which its jobs can end."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from reconciler.core.approval.plan_check import JOB_ENDS, PlanRunKind, check_plan_run

KINDS: tuple[PlanRunKind, ...] = get_args(PlanRunKind)
RESULTS = ("success", *JOB_ENDS)


def run(text: str) -> dict[str, str]:
    """Reads `tenants plan comment group` from four letters; a dot leaves a job out."""
    ends = {"s": "success", "f": "failure", "c": "cancelled", "-": "skipped"}
    jobs = zip(("tenants", "plan", "comment", "group"), text, strict=True)
    return {job: ends[letter] for job, letter in jobs if letter != "."}


@pytest.mark.parametrize(
    ("kind", "results", "tenants", "headline"),
    [
        ("pull_request", "sss-", 2, "Every tenant has a plan, and it is shown"),
        ("pull_request", "s---", 0, "Valid, and no account to plan for"),
        ("fork", "s---", 2, "Valid, but not planned, because it comes from a fork"),
        ("fork", "sss-", 2, "Every tenant has a plan, and it is shown"),
        ("fork", "s---", 0, "Valid, and no account to plan for"),
        ("dependabot", "s---", 2, "Valid, but not planned, because it comes from Dependabot"),
        ("merge_group", "ss-s", 2, "The group changes what its pull requests show, and nothing else"),
        ("merge_group", "s---", 0, "Valid, and no account to plan for"),
        ("merged", "----", None, "Merged already, so nothing was planned"),
        ("merged", "sss-", 2, "Merged already, so nothing was planned"),
    ],
)
def test_it_passes(kind: PlanRunKind, results: str, tenants: int, headline: str) -> None:
    """Without any other job, and with one that was skipped or succeeded."""
    for more in ({}, {"lint": "success"}, {"lint": "skipped"}):
        check = check_plan_run(kind, {**run(results), **more}, tenants)
        assert (True, headline) == (check.passes, check.headline)


@pytest.mark.parametrize(
    ("kind", "results", "tenants", "sentences"),
    [
        ("pull_request", "f---", None, ["The job `validate` failed: "]),
        ("fork", "f---", None, ["The job `validate` failed: "]),
        ("dependabot", "c---", None, ["The job `validate` was cancelled, or ran out of time: "]),
        ("merge_group", "f---", None, ["The job `validate` failed: "]),
        ("pull_request", "s---", None, ["The job `validate` gave no list of tenants"]),
        ("fork", "s---", None, ["The job `validate` gave no list of tenants"]),
        ("pull_request", "s---", 2, ["A job `plan TENANT` did not run: ", "A job `comment TENANT` did not run: "]),
        ("pull_request", "sfs-", 2, ["A job `plan TENANT` failed: "]),
        ("pull_request", "scs-", 2, ["A job `plan TENANT` was cancelled, or ran out of time: "]),
        ("pull_request", "sc--", 2, ["A job `plan TENANT` was cancelled", "A job `comment TENANT` did not run: "]),
        ("pull_request", "ssf-", 2, ["A job `comment TENANT` failed: that plan was not shown"]),
        ("fork", "sf--", 2, ["A job `plan TENANT` failed: ", "A job `comment TENANT` did not run: "]),
        ("merge_group", "ss-f", 2, ["A job `group TENANT` failed: "]),
        ("merge_group", "sf-f", 2, ["A job `plan TENANT` failed: ", "A job `group TENANT` failed: "]),
        ("merge_group", "s---", 2, ["A job `plan TENANT` did not run: ", "A job `group TENANT` did not run: "]),
        ("pull_request", "....", None, ["The check has no result of the job `tenants`: "]),
        ("pull_request", "ss..", 2, ["The check has no result of the job `comment`: "]),
        ("merged", "-f--", None, ["A job `plan TENANT` failed: "]),
        ("closed", "----", None, ["This pull request is closed, so nothing was planned: reopen it"]),
        ("closed", "sss-", 2, ["This pull request is closed, so nothing was planned: reopen it"]),
        ("fork", "s...", 2, ["no result of the job `plan`: ", "no result of the job `comment`: "]),
    ],
)
def test_it_fails(kind: PlanRunKind, results: str, tenants: int | None, sentences: list[str]) -> None:
    """With one sentence for each job that is to blame, in order."""
    check = check_plan_run(kind, run(results), tenants)

    what = "group" if kind == "merge_group" else "pull request"
    assert (False, f"Don't merge this {what}") == (check.passes, check.headline)
    assert len(sentences) == len(check.sentences), check.sentences
    assert all(expected in found for expected, found in zip(sentences, check.sentences, strict=True))


def test_a_job_that_a_team_adds_counts() -> None:
    """By its name, and by a result that GitHub may add one day."""
    check = check_plan_run("pull_request", {**run("sss-"), "lint": "failure", "docs": "odd"}, 1)

    assert not check.passes
    assert (
        "The job `lint` failed: the check includes this job, because its `needs` name it.",
        "The job `docs` ended in `odd`: the check includes this job, because its `needs` name it.",
    ) == check.sentences


def test_nothing_that_failed_was_cancelled_or_is_missing_passes() -> None:
    """Over every combination: a plan that is not shown passes only if GitHub gave no secrets or no account is there."""
    for kind, tenants in product(KINDS, (None, 0, 1)):
        for ends in product((*RESULTS, None), repeat=4):
            jobs = dict(zip(("tenants", "plan", "comment", "group"), ends, strict=True))
            results = {job: end for job, end in jobs.items() if end is not None}
            check = check_plan_run(kind, results, tenants)
            assert check.headline
            assert check.sentences
            if not check.passes:
                continue
            assert {"failure", "cancelled"}.isdisjoint(results.values())
            if kind == "merged":
                continue
            assert kind != "closed"
            assert "success" == results["tenants"]
            assert tenants is not None
            shown = (results.get("plan"), results.get("group" if kind == "merge_group" else "comment"))
            assert ("success", "success") == shown or tenants == 0 or kind in {"fork", "dependabot"}
