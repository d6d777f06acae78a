"""Roles of users who are new: with the same apply, over HTTP with an embedded 4me that links people when it wants."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from reconciler.core.simulator.permissions import PeopleQuirks
from tests.cli.project import Project, Ran, finish
from tests.cli.remote import PEOPLE, Remote, reaching

NEVER = PeopleQuirks(links="never")
GRANTED = {"ann@example.com": ["problem_manager", "specialist"], "bob@example.com": ["specialist"]}
NOBODY = PEOPLE.partition("users:")[0]
ROLES_OF_CID = "  - {role: specialist, users: [cid]}\n"


@contextmanager
def account(project: Project, quirks: PeopleQuirks, text: str = PEOPLE) -> Iterator[Remote]:
    with reaching(project, quirks) as remote:
        remote.says(text)
        yield remote


def link(remote: Remote, name: str, *roles: str, **more: Any) -> None:
    """4me makes a person of a SCIM user, at last; without a SCIM user, somebody made one before."""
    users = remote.store.simulator().users.values()
    scim_id = next((user["id"] for user in users if user["userName"] == f"{name}@example.com"), None)
    person = {"name": name, "primary_email": f"{name}@example.com", "permissions": {"acme": list(roles)}}
    source = {"source": "SCIM", "sourceID": scim_id} if scim_id else {"source": "HR"}
    remote.store.seed([], records={"People": [{**person, **source, **more}]})


def outcomes(ran: Ran) -> dict[str, tuple[str, str]]:
    """The status and the detail of each grant."""
    return {
        one["change"]["key"]: (one["status"], one["detail"])
        for one in ran.document["outcomes"]
        if one["change"]["action"] == "grant_roles"
    }


def plan(remote: Remote, *arguments: str) -> list[tuple[str, str, str]]:
    changes = remote.project.run("plan", *arguments, "--format", "json").document["changes"]
    return [(one["key"], one["action"], one["cause"]) for one in changes]


@pytest.mark.parametrize(
    ("quirks", "minutes"),
    [
        (PeopleQuirks(), 0),
        (PeopleQuirks(links="later", links_after_requests=7), 0),
        (PeopleQuirks(links="later", links_after=600), 1),
    ],
    ids=["at once", "after some requests", "after some minutes of the account"],
)
def test_a_new_user_holds_the_roles_after_one_apply(project: Project, quirks: PeopleQuirks, minutes: int) -> None:
    """The plan shows them, one apply is whole, and the next plan is empty."""
    with account(project, quirks) as remote:
        remote.clock.minutes = minutes
        planned = remote.project.run("plan", "-o", "approved.json")
        applied = remote.project.run("apply", "approved.json")
        again = remote.project.run("plan", "--exit-code")

        assert "gains roles: problem_manager, specialist" in planned.out
        assert "granted once 4me has linked a person to the new user" in " ".join(planned.out.split())
        assert 0 == applied.code, applied.said
        assert 0 == again.code, again.said
        assert remote.roles() == {**GRANTED, "cid@example.com": []}
        assert ["whole"] == remote.project.ends("remote")


def test_who_is_never_linked_is_pending_and_the_apply_is_partial(project: Project) -> None:
    """It is in the outcome, in every form, in the log and on record; the next plan carries it on, and not as drift."""
    with account(project, NEVER) as remote:
        ran = remote.project.run("apply", "--yes", "--wait-for-people", "0", "--format", "json")
        log = remote.project.run("log", "--status", "skipped")
        drift = remote.project.run("drift", "--exit-code")

        assert 1 == ran.code, ran.said
        assert {"user/ann": "skipped", "user/bob": "skipped"} == {key: one for key, (one, _) in outcomes(ran).items()}
        assert all(detail.startswith("pending: 4me has not linked a person") for _, detail in outcomes(ran).values())
        assert "pending: 4me has not linked a person" in " ".join(log.out.split())
        assert ["partial"] == [word.partition(" ")[0] for word in remote.project.ends("remote")]
        assert [("user/ann", "grant_roles", "this_change"), ("user/bob", "grant_roles", "this_change")] == plan(remote)
        assert "Drift in remote: none; pending: 2 changes from git, not applied yet" in drift.out, drift.out


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_every_report_says_what_is_pending(project: Project, form: str) -> None:
    """In words of its own, and what to do."""
    with account(project, NEVER) as remote:
        ran = remote.project.run("apply", "--yes", "--wait-for-people", "0", "--format", form)

        assert 1 == ran.code
        assert "pending: 4me has not linked a person to this user" in " ".join(ran.out.split())
        again = "re-run the job for what failed or was skipped" if form == "markdown" else "plan and apply again"
        assert again in " ".join(ran.out.split()).lower()


def test_what_was_pending_is_granted_by_the_next_apply_under_the_same_approval(project: Project) -> None:
    """A later commit is planned from a base: the roles are merged, not drift, and nobody approves them twice."""
    with account(project, NEVER) as remote:
        remote.project.run("plan", "-o", "approved.json")
        first = remote.project.run("apply", "approved.json", "--wait-for-people", "0")
        merged = remote.project.git("rev-parse", "HEAD").strip()
        link(remote, "ann")
        link(remote, "bob", "account_owner")
        drift = remote.project.run("drift")
        remote.says(PEOPLE.replace("displayName: Cid", "displayName: Cyd"))
        causes = plan(remote, "--base", merged)
        remote.project.run("plan", "--base", merged, "-o", "second.json")
        second = remote.project.run("apply", "approved.json", "--format", "json")

        assert 1 == first.code, first.said
        assert "Drift in remote: none; pending: 2 changes from git, not applied yet" in drift.out, drift.out
        assert ("user/ann", "grant_roles", "merged") in causes
        assert ("user/bob", "grant_roles", "merged") in causes
        assert {"user/ann": "applied", "user/bob": "applied"} == {
            key: one for key, (one, _) in outcomes(second).items()
        }
        assert ["account_owner", "specialist"] == remote.roles()["bob@example.com"]


def test_an_approval_of_a_user_who_is_not_linked_covers_the_person_that_4me_links(project: Project) -> None:
    """Linked between plan and apply: the approved grant goes to that person; what the person holds is left."""
    with account(project, NEVER, PEOPLE.partition("  - ")[0] + "  - {role: user, users: [ann, bob, cid]}\n") as remote:
        remote.project.run("apply", "--yes")
        remote.says(PEOPLE)
        planned = remote.project.run("plan", "-o", "approved.json", "--format", "json").document
        link(remote, "ann", "auditor")
        ran = remote.project.run("apply", "approved.json", "--wait-for-people", "0", "--format", "json")

        assert [("user/ann", True), ("user/bob", True)] == [
            (one["key"], one["awaits_person"]) for one in planned["changes"]
        ]
        assert {"user/ann": "applied", "user/bob": "skipped"} == {key: one for key, (one, _) in outcomes(ran).items()}
        assert ["auditor", "problem_manager", "specialist"] == remote.roles()["ann@example.com"]


def test_roles_that_a_linked_person_holds_are_kept_named_and_planned_next(project: Project) -> None:
    """The owner of the account stays for ever; what git does not assign is revoked by a plan that shows it."""
    with account(project, PeopleQuirks()) as remote:
        link(remote, "ann", "account_owner", "auditor")
        ran = remote.project.run("apply", "--yes", "--format", "json")
        [revoked] = remote.project.run("plan", "--format", "json").document["changes"]
        remote.project.run("apply", "--yes")

        assert 0 == ran.code, ran.said
        status, detail = outcomes(ran)["user/ann"]
        assert ("applied", True) == (status, detail.startswith("other roles of the person stay: auditor;"))
        assert ("revoke_roles", ["auditor"]) == (revoked["action"], revoked["roles"])
        assert ["account_owner", "problem_manager", "specialist"] == remote.roles()["ann@example.com"]


def test_roles_that_no_approved_plan_shows_are_refused_and_the_user_is_created(project: Project) -> None:
    """Assigned after the plan: the approved create and roles go, the others need a plan of their own."""
    with account(project, PeopleQuirks()) as remote:
        remote.project.run("plan", "-o", "approved.json")
        remote.says(PEOPLE + ROLES_OF_CID)
        ran = remote.project.run("apply", "approved.json", "--format", "json")

        assert 4 == ran.code, ran.said
        assert "refused" == outcomes(ran)["user/cid"][0]
        assert remote.roles() == {**GRANTED, "cid@example.com": []}


def test_the_person_of_the_credentials_is_told_what_to_do_by_hand(project: Project) -> None:
    """It is hired as a user, and 4me links the person that made the application."""
    with account(project, PeopleQuirks()) as remote:
        link(remote, "ann", me=True)
        ran = remote.project.run("apply", "--yes", "--format", "json")

        assert 1 == ran.code, ran.said
        assert "can't change their own roles: grant problem_manager, specialist by hand" in outcomes(ran)["user/ann"][1]
        assert "applied" == outcomes(ran)["user/bob"][0]


def test_a_deadline_ends_the_wait(project: Project) -> None:
    """An hour may be waited for, and the apply may last a second."""
    with account(project, NEVER) as remote:
        ran = remote.project.run(
            *("apply", "--yes", "--wait-for-people", "60m", "--max-duration", "1", "--format", "json")
        )

        assert 1 == ran.code, ran.said
        assert "--max-duration 1 s is over" == ran.document["stopped"]
        assert ("skipped", "the run stopped: --max-duration 1 s is over") == outcomes(ran)["user/ann"]


def test_explain_says_that_roles_wait_for_a_link(project: Project) -> None:
    """In the plan of the user."""
    with account(project, NEVER) as remote:
        remote.project.run("apply", "--yes", "--wait-for-people", "0")
        ran = remote.project.run("explain", "ann", "--account")

        assert "granted once 4me has linked a person to this user, which it has not done yet" in " ".join(
            ran.out.split()
        )


@pytest.mark.parametrize("given", ["soon", "-1", "61m", "3601s", "1h", ""])
def test_a_time_to_wait_that_is_none_is_a_usage_error(project: Project, given: str) -> None:
    """With what to write."""
    ran = project.run("apply", f"--wait-for-people={given}")

    assert (2, True) == (
        ran.code,
        "is not a duration of at most an hour, like 60s, 5m or 0" in " ".join(ran.err.split()),
    )


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_an_apply_that_ends_between_create_and_grant_is_finished_by_the_next(
    project: Project, number: signal.Signals
) -> None:
    """While it waits for 4me: users are there, roles are not; the same approval is enough for what is left."""
    running: list[subprocess.Popen[str]] = []
    looks: list[str] = []

    def hear(path: str) -> None:
        if path == "/v1/people" and running:
            looks.append(path)
            if len(looks) == 3:
                running[0].send_signal(number)

    with reaching(project, NEVER, hear) as remote:
        remote.says(PEOPLE)
        project.run("plan", "-o", "approved.json")
        running.append(project.start("apply", "approved.json", "--wait-for-people", "60m"))
        ended = finish(running[0])
        running.clear()
        between = remote.roles()
        link(remote, "ann")
        link(remote, "bob")
        again = project.run("apply", "approved.json", "--format", "json")

        assert ended.code in {-signal.SIGKILL, 1}, ended.said
        assert ({}, 3) == (between, len(remote.store.simulator().users))
        assert 0 == again.code, again.said
        assert {"user/ann": "applied", "user/bob": "applied"} == {key: one for key, (one, _) in outcomes(again).items()}
        assert GRANTED == remote.roles()
