"""The project's workflows, played step by step on a repository with pull requests, against a 4me on a port."""

from __future__ import annotations

import re
from pathlib import Path

from tests.github.player import PlayedJob
from tests.github.world import TEAM, Company, company

QUEEN = TEAM.replace("title: Chief", "title: Queen")
KING = TEAM.replace("title: Chief", "title: King")


def results(jobs: dict[str, PlayedJob]) -> dict[str, str]:
    return {name: job.result for name, job in jobs.items()}


def titles(acme: Company) -> tuple[object, object]:
    """Returns the titles of Ann and Bob in the account."""
    users = acme.users()
    return users["ann"].get("title"), users["bob"].get("title")


def test_from_a_pull_request_to_the_account_and_back(acme: Company) -> None:
    """Open a pull request, push again, merge, drift, mend; each job with what it needs and nothing else."""
    number = acme.open_pull(QUEEN)
    planned = acme.plan(number)
    assert {"validate": "success", "plan qa": "success", "comment qa": "success", "reconciler": "success"} == results(
        planned
    )
    [comment] = acme.comments(number)
    assert "Queen" in comment
    assert "Queen" in planned["comment qa"].summary

    acme.push_again(number, KING)
    acme.plan(number)
    [comment] = acme.comments(number)
    assert ("King" in comment, "Queen" in comment) == (True, False)

    written = len(acme.standin.written)
    acme.plan(number)
    assert written == len(acme.standin.written), "run again, with nothing new to say"
    assert ("Chief", "Clerk") == titles(acme), "planning changes nothing"

    merged = acme.squash(number)
    applied = acme.apply(merged)
    assert {"validate": "success", "apply qa": "success", "outcome qa": "success"} == results(applied)
    assert ("King", "Clerk") == titles(acme)
    begun, ended = acme.applies()[-2:]
    assert [(merged, "begun"), (merged, "ended")] == [(one["commit"], one["state"]) for one in (begun, ended)]
    assert (begun["run"], True) == (ended["run"], ended["whole"])
    assert re.fullmatch(r"acme/people/\d+", begun["run"])
    assert [
        "Fetch the record of applies",
        "Gather the approved plans",
        "Fetch the record of applies",
        "Begin the apply",
        "Apply",
        "Push the record of the apply",
    ] == [step for step in applied["apply qa"].steps if step != "Install"]
    assert 2 == len(acme.comments(number))
    assert acme.comments(number)[1].startswith("### Applied to `qa`: 1 applied")

    acme.edit("bob", title="Emperor")
    drifted = acme.look_for_drift()
    assert {"validate": "success", "drift qa": "success", "issue qa": "success"} == results(drifted)
    [issue] = acme.standin.issues
    assert ("open", True) == (issue["state"], "Emperor" in issue["body"])
    written = len(acme.standin.written)
    acme.look_for_drift()
    assert written == len(acme.standin.written), "nothing is said twice"

    mended = acme.apply_by_hand("qa", reviewer="grace")
    assert ["validate", "plan qa", "apply qa", "outcome qa"] == list(mended)
    assert ("King", "Clerk") == titles(acme)
    acme.look_for_drift()
    assert "closed" == issue["state"]

    assert [] == acme.standin.turned_away, "who has no token of git asks nothing of it"
    assert_secrets_are_kept(acme, planned | applied | drifted)


def assert_secrets_are_kept(acme: Company, jobs: dict[str, PlayedJob]) -> None:
    """A job with the account's token writes only the record of an apply to GitHub, and no log has a token."""
    holding = {name: job.permissions for name, job in jobs.items() if job.holds_secrets}
    assert {"plan qa": set(), "apply qa": {"contents"}, "drift qa": set()} == {
        name: {what for what, level in permissions.items() if level == "write"} for name, permissions in holding.items()
    }

    told = [job.printed + job.said + job.summary for job in jobs.values()]
    told += [one["body"] for comments in acme.standin.comments.values() for one in comments]
    told += [issue["body"] for issue in acme.standin.issues]
    stored = b"".join(acme.standin.archives.values())
    secrets = {*acme.standin.tokens, *(one["SCIM_TOKEN"] for one in acme.player.secrets.values())}
    assert [] == [token for token in secrets if token in "".join(told) or token.encode() in stored]


def test_what_changed_live_since_the_plan_is_not_run_over(acme: Company) -> None:
    """What was approved is Chief → Queen; Emperor → Queen is not. The rest runs, and the refusal is told by name."""
    number = acme.open_pull(QUEEN.replace("title: Clerk", "title: Head Clerk"))
    acme.plan(number)
    acme.edit("ann", title="Emperor")

    applied = acme.apply(acme.merge(number))

    assert "failure" == applied["apply qa"].result
    assert ("Emperor", "Head Clerk") == titles(acme)
    ended = acme.applies()[-1]
    assert ("ended", False, {"applied": 1, "refused": 1}) == tuple(ended[name] for name in ("state", "whole", "counts"))
    assert "Refused, because the account changed since it was approved: user/ann" in applied["apply qa"].said
    outcome = acme.comments(number)[1]
    refused = outcome.partition("title: Emperor → Queen (")[2].partition("\n")[0]
    assert "the account changed since this was approved" in refused

    assert "success" == acme.look_for_drift()["issue qa"].result
    [issue] = acme.standin.issues
    assert "did not do everything: 1 applied, 1 refused" in issue["body"]
    drifted = "- **~** `Ann` (`user/ann`) was changed: `title`: `Emperor` → `Queen`<br><sub>since "
    assert "the account changed since this was approved" in issue["body"].partition(drifted)[2].partition("\n")[0]


def test_a_push_without_a_pull_request_is_refused_and_stops_no_merge(acme: Company) -> None:
    """The merge after it carries out its own plan; what was pushed is refused by name until a plan shows it."""
    number = acme.open_pull(QUEEN)
    acme.plan(number)

    pushed = acme.apply(acme.push("groups:\n  club: {displayName: Club}\n", "desired-state/club.yaml"))
    assert ("failure", ("Chief", "Clerk")) == (pushed["apply qa"].result, titles(acme))
    assert "Pushed without a pull request, so approved by none: " in pushed["apply qa"].said
    assert "Refused, because no approved plan shows it: group/club" in pushed["apply qa"].said

    applied = acme.apply(acme.squash(number))
    assert ("failure", ("Queen", "Clerk")) == (applied["apply qa"].result, titles(acme))
    assert "group/club" in acme.comments(number)[1]
    acme.look_for_drift()
    [issue] = acme.standin.issues
    assert "did not do everything" in issue["body"]

    by_hand = acme.apply_by_hand("qa", reviewer="grace")
    assert "success" == by_hand["apply qa"].result
    acme.look_for_drift()
    assert "closed" == issue["state"]


def test_a_plan_by_hand_that_no_person_reviewed_is_not_applied(acme: Company) -> None:
    """On a Team plan an environment has no reviewers: the job names the file that would approve the plan."""
    acme.push(QUEEN, "desired-state/team.yaml")

    played = acme.apply_by_hand("qa")

    assert ("failure", ("Chief", "Clerk")) == (played["apply qa"].result, titles(acme))
    assert "no person reviewed this plan" in played["apply qa"].said
    assert "approvals/" in played["apply qa"].summary


def test_a_fork_gets_validation_and_no_more(acme: Company) -> None:
    """No job of it sees a secret; merged, it is applied by hand."""
    number = acme.open_pull(QUEEN, fork=True)

    planned = acme.plan(number)
    applied = acme.apply(acme.squash(number))

    assert {"validate": "success", "reconciler": "success"} == results(planned)
    assert "comes from a fork" in applied["apply qa"].said
    assert ("Chief", "Clerk") == titles(acme)


def test_a_problem_is_an_annotation_and_stops_there(acme: Company) -> None:
    """Nobody plans what is not valid."""
    planned = acme.plan(acme.open_pull(TEAM.replace("manager: ann", "manager: anne")))

    assert {"validate": "failure", "reconciler": "failure"} == results(planned)
    assert "::error file=desired-state/team.yaml,line=3," in planned["validate"].printed


def test_a_tenant_that_can_not_be_planned_leaves_the_others_alone(tmp_path: Path, program: Path) -> None:
    """Its comment says why, instead of what an earlier push would have changed; the other is planned and applied.

    A rebase is a merge too: what is asked for is where the pull request was merged, however.
    """
    with company(tmp_path, {"qa": "", "production": ""}, program) as acme:
        acme.player.secrets["plan-production"]["SCIM_TOKEN"] = "wrong"
        number = acme.open_pull(QUEEN)
        planned = acme.plan(number)
        applied = acme.apply(acme.rebase(number))

        assert "failure" == planned["plan production"].result
        assert {"plan qa": "success", "comment qa": "success"}.items() <= results(planned).items()
        failed, well = sorted(acme.comments(number)[:2], key=lambda body: "There is no plan" not in body)
        assert failed.startswith("### There is no plan for `production`\n\n- Error: `http://127.0.0.1:")
        assert "Queen" in well
        assert ("success", "failure") == (applied["apply qa"].result, applied["apply production"].result)
        assert 'the job "plan production"' in applied["apply production"].said
        assert ({"ann", "bob"}, set()) == (set(acme.users("qa")), set(acme.users("production")))


def test_a_tenant_that_is_disabled_is_planned_and_never_applied(tmp_path: Path, program: Path) -> None:
    """And where no tenant is left, there is no job to fail."""
    with company(tmp_path, {"qa": ", enabled: false"}, program) as acme:
        number = acme.open_pull(QUEEN)

        assert "success" == acme.plan(number)["plan qa"].result
        assert {"validate": "success"} == results(acme.apply(acme.squash(number)))
        assert {} == acme.users("qa")
