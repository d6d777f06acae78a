"""`check` and `tenants`: they test and list tenants, and print no secret."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.project import SANDBOX, TEAM, Project

SECRET = "deadbeef" * 8
TENANTS = """\
tenants:
  sandbox: {url: sandbox}
  qa:
    url: https://api.xurrent.qa/scim/v2
    token: {env: QA_TOKEN, expires: 2099-12-20}
    enabled: false
    rate: {burst: 10 per 2s, sustained: 100 per 1m}
    on_removed: ignore
  production:
    url: https://api.xurrent.com/scim/v2
    token: {env: PRODUCTION_TOKEN}
    dialect: rfc7644
    scoping_filters: {users: [{title: All, clauses: [{attribute: userName, operator: IS NOT NULL}]}]}
    guardrails: {max_deactivations: {count: 1}}
"""


@pytest.fixture
def tenants(project: Project) -> Project:
    project.commit(TENANTS + TEAM)
    project.environment |= {"QA_TOKEN": SECRET, "PRODUCTION_TOKEN": SECRET}
    return project


def test_a_tenant_that_is_there_says_what_it_holds_and_supports(project: Project) -> None:
    """Two pages and what it says of itself."""
    project.run("apply", "--yes")

    ran = project.run("check")

    assert 0 == ran.code
    assert ran.out.startswith("sandbox answers at sandbox: 3 users, 1 group")
    for fact in (
        "provisioning  enabled",
        "dialect       4me",
        "token         no last day declared",
        "patch: yes, bulk: no",
    ):
        assert fact in ran.out


def test_what_the_service_does_is_a_table_with_what_to_declare(project: Project) -> None:
    """The embedded 4me needs nothing; as RFC 7644 it is suggested to be 4me."""
    project.run("apply", "--yes")
    fits = project.run("check")
    project.commit(SANDBOX.replace("scope", "dialect: rfc7644, quirks: [hides_members], scope") + TEAM)
    other = project.run("check")
    document = project.run("check", "--format", "json").document

    assert "What the service does (14 reads, nothing was written):" in fits.out
    assert "The dialect and quirks of this tenant fit these answers." in fits.out
    assert "Suggested for tenants.yaml:\n  tenants:\n    sandbox:\n      dialect: 4me" in other.out
    assert {"dialect": "4me"} == document["suggested"]
    assert ["hides_members"] == document["quirks"]
    assert {"question", "answer", "meaning", "quirk"} == set(document["service"][0])


def test_what_it_says_as_json(project: Project) -> None:
    """For machines, under names."""
    document = project.run("check", "--format", "json").document

    assert {
        "tenant": "sandbox",
        "url": "sandbox",
        "enabled": True,
        "dialect": "4me",
        "token_expires": None,
        "token_days_left": None,
        "users": 0,
        "groups": 0,
    }.items() <= document.items()
    assert document["supports"]["patch"] is True


@pytest.mark.parametrize(("days", "warned"), [(8, False), (7, True), (0, True)])
def test_a_token_that_soon_ends_is_warned_of(project: Project, days: int, *, warned: bool) -> None:
    """Within a week, with how to renew it; the sandbox needs none, and may declare one."""
    end = datetime.now(UTC).date() + timedelta(days=days)
    project.commit(SANDBOX.replace("scope", f"token: {{env: T, expires: {end}}}, scope") + TEAM)

    for command in ("check", "plan", "validate", "tenants", "explain ann", "apply --yes", "drift"):
        ran = project.run(*command.split())

        assert 0 == ran.code
        assert warned is ("the token of sandbox expires on" in ran.said), command


@pytest.mark.parametrize("form", ["text", "json", "github-matrix"])
def test_tenants_are_listed_without_secrets(tenants: Project, form: str) -> None:
    """Of a token, the name of its variable."""
    ran = tenants.run("tenants", "--format", form)

    assert 0 == ran.code
    assert ("No job for sandbox" in ran.err) is (form == "github-matrix")
    assert SECRET not in ran.said
    for name in ("qa", "production"):
        assert name in ran.out
    assert ("sandbox" in ran.out) is (form != "github-matrix")


def test_tenants_as_text_are_one_a_line(tenants: Project) -> None:
    """What matters about each."""
    sandbox, qa, production = tenants.run("tenants").out.splitlines()

    assert "sandbox: sandbox, scope assigned, dialect 4me, no token needed" == sandbox
    assert re.search(r"token from QA_TOKEN until 2099-12-20 \(\d+ days left\)", qa)
    assert qa.endswith(", provisioning disabled")
    assert "dialect rfc7644" in production


def test_tenants_as_json_are_their_settings(tenants: Project) -> None:
    """As declared, defaults filled in."""
    document = tenants.run("tenants", "--format", "json").document

    assert {"sandbox", "qa", "production"} == set(document)
    assert {"env": "QA_TOKEN", "expires": "2099-12-20"} == document["qa"]["token"]
    assert document["qa"]["token_days_left"] > 7
    assert "token_days_left" not in document["sandbox"]
    assert (False, "ignore") == (document["qa"]["enabled"], document["qa"]["on_removed"])
    assert "rfc7644" == document["production"]["dialect"]


def test_tenants_as_a_matrix_for_github(tenants: Project) -> None:
    """One line, which `fromJSON` takes; of a token, the variable that it goes into."""
    ran = tenants.run("tenants", "--format", "github-matrix")

    assert {
        "include": [
            {"tenant": "qa", "token": "QA_TOKEN", "client_id": "", "client_secret": ""},
            {"tenant": "production", "token": "PRODUCTION_TOKEN", "client_id": "", "client_secret": ""},
        ]
    } == ran.document
    assert 1 == ran.out.count("\n")
    assert "No job for sandbox: with `url: sandbox`, an account is a file on each machine\n" == ran.err


@pytest.mark.parametrize("tenant", [(), ("--tenant", "sandbox")])
def test_a_matrix_of_embedded_accounts_alone_is_empty_and_says_why(tenant: tuple[str, ...], project: Project) -> None:
    """A job's machine is gone after the job, and its account with it."""
    ran = project.run(*tenant, "tenants", "--format", "github-matrix")

    assert (0, {"include": []}) == (ran.code, ran.document)
    assert [
        "No job for sandbox: with `url: sandbox`, an account is a file on each machine",
        "The matrix is empty, so no job plans or applies: no tenant with an account is chosen",
    ] == ran.err.splitlines()


def test_a_matrix_warns_of_notifications_that_the_action_gives_no_address(tenants: Project) -> None:
    """At most one line for each tenant that has a job."""
    hook = (
        "notifications: [{on: [drift], webhook: {url: {env: OPS}}}, {on: [drift], webhook: {url: {env: CHAT_WEBHOOK}}}]"
    )
    tenants.commit(f"{hook}\n", "desired-state/notifications.yaml")

    ran = tenants.run("--tenant", "qa", "tenants", "--format", "github-matrix")

    assert (0, ["qa"]) == (ran.code, [job["tenant"] for job in ran.document["include"]])
    assert (
        "Warning: the notifications of qa need OPS, which the action does not pass: "
        "use SMTP_URL for an e-mail and CHAT_WEBHOOK for a webhook\n"
    ) == ran.err


def test_a_matrix_names_the_variables_of_client_credentials(project: Project) -> None:
    """Of a tenant whose roles take effect over REST."""
    oauth = "{token_url: https://oauth.example/token, client_id: {env: ID}, client_secret: {env: SECRET}}"
    permissions = f"permissions: {{url: https://api.example/v1, account: acme, oauth: {oauth}}}"
    url = f"url: 'https://api.example/scim/v2', token: {{env: T}}, roles_via: permissions, {permissions}"
    project.commit(SANDBOX.replace("url: sandbox", url) + TEAM)

    [job] = project.run("tenants", "--format", "github-matrix").document["include"]

    assert {"tenant": "sandbox", "token": "T", "client_id": "ID", "client_secret": "SECRET"} == job


def test_a_matrix_may_leave_out_what_apply_would_refuse(tenants: Project) -> None:
    """Those whose provisioning is disabled; or be of the one that was named."""
    enabled = tenants.run("tenants", "--format", "github-matrix", "--enabled").document
    named = tenants.run("--tenant", "qa", "tenants", "--format", "github-matrix").document
    neither = tenants.run("--tenant", "qa", "tenants", "--format", "github-matrix", "--enabled").document
    unknown = tenants.run("--tenant", "quality", "tenants")

    assert ["production"] == [one["tenant"] for one in enabled["include"]]
    assert ["qa"] == [one["tenant"] for one in named["include"]]
    assert [] == neither["include"]
    assert (2, True) == (unknown.code, 'no tenant "quality" is declared' in unknown.err)


def test_more_tenants_than_a_matrix_holds_are_parted(project: Project) -> None:
    """300 are refused as one matrix, with what to do; each half has one tenant a job, and the two are all of them."""
    account = "{url: 'https://a.example', token: {env: T}}"
    project.commit(
        "tenants:\n  here: {url: sandbox}\n" + "".join(f"  t{number:03}: {account}\n" for number in range(300))
    )

    whole = project.run("tenants", "--format", "github-matrix")
    halves = [project.run("tenants", "--format", "github-matrix", "--part", f"{one}/2").document for one in (1, 2)]
    named = project.run("--tenant", "t007", "tenants", "--format", "github-matrix").document

    assert (2, "") == (whole.code, whole.out)
    assert "300 tenants with an account are declared, and a matrix has at most 256 jobs" in whole.err
    assert "reconciler init --action OWNER/NAME@COMMIT --parts 2" in whole.err
    names = [[job["tenant"] for job in half["include"]] for half in halves]
    assert [150, 150] == [len(half) for half in names]
    assert [f"t{number:03}" for number in range(300)] == sorted(names[0] + names[1])
    assert ["t007"] == [job["tenant"] for job in named["include"]]
    assert 301 == len(project.run("tenants").out.splitlines())


def test_a_part_that_there_is_not_is_a_usage_error(project: Project) -> None:
    """With how to write one."""
    ran = project.run("tenants", "--part", "3/2")

    assert (2, True) == (ran.code, "--part 3/2 is not K/N with K from 1 to N" in ran.err)


def test_tenants_need_no_secret(tenants: Project) -> None:
    """`tenants` and `validate` hold no credential."""
    tenants.environment.clear()

    assert [0, 0] == [tenants.run("tenants").code, tenants.run("validate").code]
