"""`apply` and `drift` send notifications once, and a failed delivery changes no result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.core.model.messages import JsonObject
from tests.cli.project import TEAM, Project
from tests.notify.world import PASSWORD, Authority, Endpoint, PostOffice, endpoint, post_office

SANDBOX = "tenants: {sandbox: {url: sandbox, scope: all%s}}\n"
BOTH = """\
notifications:
  - {on: [failure, guardrail, drift, token_expiry], webhook: {url: {env: CHAT_WEBHOOK}}}
  - {on: [failure, drift], email: {to: [iam@example.com], smtp: {env: SMTP_URL}}}
"""
NOBODY_LEFT = "users: {}\ngroups: {staff: {displayName: Staff, members: []}}\n"
STRICT = "guardrails: {max_deactivations: {count: 0, percent: 0}}\n"


@pytest.fixture
def told(project: Project) -> Any:
    """The project with somewhere to post to and somebody who takes mail."""
    project.commit(SANDBOX % "" + TEAM + BOTH)
    with endpoint() as chat, post_office() as office:
        project.environment["CHAT_WEBHOOK"] = chat.url
        project.environment["SMTP_URL"] = f"smtp://127.0.0.1:{office.port}"
        yield project, chat, office


Told = tuple[Project, Endpoint, PostOffice]


def edit(project: Project, key: str, **attributes: Any) -> None:
    """Somebody changes a user in 4me itself."""
    user = project.users()[key]
    with project.account() as store:
        store.seed([{**user, **attributes}])


def test_nobody_is_told_of_what_goes_well_nor_of_a_plan(told: Told) -> None:
    """Nor of drift where there is none; a plan is read by whoever asked for it."""
    project, chat, office = told

    codes = [project.run(*command).code for command in (("plan",), ("apply", "--yes"), ("drift",))]
    project.commit(SANDBOX % "" + NOBODY_LEFT + BOTH + STRICT)
    refused = project.run("plan")

    assert ([0, 0, 0], 4) == (codes, refused.code)
    assert ([], []) == (chat.posts, office.mails)


def test_drift_is_told_once_to_each_without_names(told: Told) -> None:
    """How much and what to do; who it is stands in the run."""
    project, chat, office = told
    project.run("apply", "--yes")
    edit(project, "ann", displayName="Somebody Else")
    edit(project, "bob", title="Chief")

    ran = project.run("drift", "--exit-code")

    assert 3 == ran.code
    [post], [mail] = chat.posts, office.mails
    assert post["text"].startswith("[reconciler] sandbox: drift\n\nsandbox: 2 people changed by hand.\n")
    assert "What to do: apply to revert it, or adopt it into git: reconciler import --adopt." in post["text"]
    assert ("[reconciler] sandbox: drift", True) == (mail["Subject"], "References" in mail)
    assert [] == [name for name in ("ann", "Ann", "Somebody", "Chief") if name in post["text"] + str(mail)]
    assert "Notified: a webhook (CHAT_WEBHOOK); e-mail to iam@example.com (SMTP_URL)\n" in ran.err


def test_a_guardrail_is_told_to_whoever_asked(told: Told) -> None:
    """Each has one message for all of it; the exit code stays."""
    project, chat, office = told
    project.run("apply", "--yes")
    project.commit(SANDBOX % "" + NOBODY_LEFT + BOTH + STRICT)

    ran = project.run("apply", "--yes")

    assert 4 == ran.code
    [post], [mail] = chat.posts, office.mails
    assert "the plan is refused by a guardrail; nothing was done: max_deactivations." in post["text"]
    assert ("[reconciler] sandbox: not done; a guardrail refuses", "[reconciler] sandbox: not done") == (
        post["text"].splitlines()[0],
        mail["Subject"],
    )


def test_a_notifier_that_fails_changes_nothing_and_is_said(told: Told) -> None:
    """One refuses, the other has no address; neither's secret is said, and there is no second try."""
    project, chat, _office = told
    project.run("apply", "--yes")
    edit(project, "bob", title="Chief")
    chat.status = 500
    project.environment["SMTP_URL"] = ""

    ran = project.run("drift")

    assert (0, 1) == (ran.code, len(chat.posts))
    webhook, email = "a webhook (CHAT_WEBHOOK)", "e-mail to iam@example.com (SMTP_URL)"
    assert f"Failed delivery: {webhook}: it answers 500. The result of the command is not affected.\n" in ran.err
    assert f"Failed delivery: {email}: the environment variable SMTP_URL is not set" in ran.err
    assert PASSWORD not in ran.said


def test_an_apply_whose_notifiers_fail_is_on_record_as_it_went(told: Told) -> None:
    """Somebody could be two people and is left alone; that nobody heard of it is said, and is no error of its own."""
    project, chat, _office = told
    seeded: list[JsonObject] = [
        {"id": "x1", "userName": "ann@example.com"},
        {"id": "x2", "userName": "a@example.com", "externalId": "ann"},
    ]
    with project.account() as store:
        store.seed(seeded)
    chat.status = 500
    project.environment["SMTP_URL"] = "smtp://127.0.0.1:1"

    ran = project.run("apply", "--yes")

    assert (1, 1, ["partial"]) == (ran.code, len(chat.posts), project.ends())
    assert "Applied to sandbox: " in ran.out
    assert 2 == ran.err.count("Failed delivery: ")
    assert "Error: " not in ran.err


def test_a_token_that_ends_is_told_by_an_apply_that_could_not_begin(told: Told) -> None:
    """With how to renew it, and that nothing was done."""
    project, chat, _office = told
    project.commit(
        "tenants: {qa: {url: https://qa.example/scim, scope: all, token: {env: TOKEN, expires: 2026-01-01}}}\n" + BOTH
    )

    ran = project.run("apply", "--yes")

    assert 5 == ran.code
    [post] = chat.posts
    assert "qa: not done; the token expires" in post["text"]
    assert "the apply stopped: the token of qa expired on 2026-01-01: renew it in 4me" in post["text"]


def test_who_says_no_was_there(told: Told) -> None:
    """Nobody else has to know."""
    project, chat, office = told

    ran = project.run("apply", stdin="n\n")

    assert (4, [], []) == (ran.code, chat.posts, office.mails)


def test_a_tenant_that_notifies_nobody_is_quiet(told: Told) -> None:
    """Its own list stands for that of all, an empty one too."""
    project, chat, office = told
    project.run("apply", "--yes")
    project.commit(SANDBOX % ", notifications: []" + TEAM + BOTH)
    edit(project, "bob", title="Chief")

    assert 3 == project.run("drift", "--exit-code").code
    assert ([], []) == (chat.posts, office.mails)


def test_check_names_who_is_told_and_what_is_missing(told: Told) -> None:
    """It sends nothing, and says no address."""
    project, chat, _office = told
    del project.environment["SMTP_URL"]

    ran = project.run("check")

    assert "  notifies      a webhook (CHAT_WEBHOOK) on failure, guardrail, drift, token_expiry\n" in ran.out
    assert "e-mail to iam@example.com (SMTP_URL) on failure, drift: the environment variable SMTP_URL is not" in ran.out
    assert ([], False) == (chat.posts, PASSWORD in ran.said)


def test_an_authority_of_ones_own_is_believed(project: Project, tmp_path: Path) -> None:
    """By SSL_CERT_FILE, as everywhere."""
    authority = Authority()
    authority.made.cert_pem.write_to_path(tmp_path / "ca.pem")
    project.commit(SANDBOX % ", enabled: false" + TEAM + BOTH)
    with endpoint(tls=authority.server) as chat, post_office(tls=authority.server) as office:
        project.environment["CHAT_WEBHOOK"] = chat.url
        project.environment["SMTP_URL"] = f"smtps://127.0.0.1:{office.port}"
        distrusted = project.run("apply", "--yes")
        project.environment["SSL_CERT_FILE"] = str(tmp_path / "ca.pem")
        trusted = project.run("apply", "--yes")

    assert 2 == distrusted.err.count("its certificate is not trusted")
    assert (4, 1, 1) == (trusted.code, len(chat.posts), len(office.mails))
    assert "the apply stopped: provisioning to sandbox is disabled" in chat.posts[0]["text"]
