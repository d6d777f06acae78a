"""Roles over REST, end to end over HTTP, with an embedded 4me on a port of this machine."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.cli.project import Project
from tests.cli.remote import PEOPLE, SECRET, TOKEN, Remote

EMBEDDED = "tenants: {sandbox: {url: sandbox, roles_via: permissions}}\n"


def test_roles_are_planned_and_applied_with_tokens_that_end_in_the_middle_of_it(remote: Remote) -> None:
    """Nine minutes pass with every request: the hour is over while roles are written, and the run goes on."""
    remote.clock.minutes = 9
    remote.says(PEOPLE)

    ran = remote.project.run("apply", "--yes", "--format", "json")
    assert 0 == ran.code, ran.said
    assert ["applied"] * 5 == [one["status"] for one in ran.document["outcomes"]]
    assert ran.document["requests"] > 3 + 2 * 3, "no token ended while roles were written"
    assert {
        "ann@example.com": ["problem_manager", "specialist"],
        "bob@example.com": ["specialist"],
        "cid@example.com": [],
    } == remote.roles()

    again = remote.project.run("plan", "--exit-code")
    assert 0 == again.code, again.said
    assert ["whole"] == remote.project.ends("remote")
    assert not any(secret in ran.said + again.said for secret in (SECRET, TOKEN))


def test_a_plan_file_is_enough_and_binds_to_the_person(remote: Remote) -> None:
    """What was approved is what is written, and to whom."""
    remote.says(PEOPLE.partition("  - ")[0] + "  - {role: user, users: [ann, bob, cid]}\n")
    remote.project.run("apply", "--yes")
    remote.says(PEOPLE)
    planned = remote.project.run("plan", "-o", "approved.json", "--format", "json")
    assert {"grant_roles": 2} == planned.document["summary"]
    assert all(change["target_id"].isdigit() for change in planned.document["changes"])
    assert (2, 2) == (planned.document["cost"]["requests"], len(planned.document["changes"]))

    applied = remote.project.run("apply", "approved.json")

    assert 0 == applied.code, applied.said
    assert ["specialist"] == remote.roles()["bob@example.com"]


def test_a_role_given_by_hand_is_drift(remote: Remote) -> None:
    """SCIM knows nothing of it."""
    remote.says(PEOPLE)
    remote.project.run("apply", "--yes")
    with remote.store as store:
        person = store.simulator().directory.with_email("cid@example.com")
        assert person is not None
        store.seed([], records={"People": [{**person, "permissions": {"acme": ["auditor"]}}]})

        ran = remote.project.run("drift", "--exit-code")

    assert 3 == ran.code, ran.said
    assert "user/cid" in ran.out
    assert "auditor" in ran.out


def test_somebody_who_leaves_git_loses_everything_in_one_plan(remote: Remote) -> None:
    """Access and roles, told together."""
    remote.says(PEOPLE)
    remote.project.run("apply", "--yes")
    remote.says(
        PEOPLE.replace("  bob: {userName: bob@example.com, displayName: Bob Roy}\n", "").replace("ann, bob", "ann")
    )
    ran = remote.project.run("apply", "--yes")

    assert 0 == ran.code, ran.said
    assert "loses roles: specialist" in ran.err
    assert [] == remote.roles()["bob@example.com"]
    assert {False} == {
        user["active"] for user in remote.store.simulator().users.values() if user["externalId"] == "bob"
    }


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("check",)], ids=str)
def test_refused_credentials_exit_with_5_and_say_what_to_do(remote: Remote, command: tuple[str, ...]) -> None:
    """Before anything is written."""
    remote.says(PEOPLE)
    remote.project.run("apply", "--yes")
    remote.project.environment["CLIENT_SECRET"] = "guessed-wr0ng"
    ran = remote.project.run(*command)

    assert 5 == ran.code, ran.said
    assert "/token refuses the client credentials (400 invalid_client)." in ran.err
    assert "update the variables that the tenant's `permissions.oauth` names" in " ".join(ran.err.split())
    assert "guessed-wr0ng" not in ran.said


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes")], ids=str)
def test_refused_credentials_are_known_before_users_are_created_whose_roles_need_them(
    remote: Remote, command: tuple[str, ...]
) -> None:
    """No person is there to be read; the credentials are tried all the same."""
    remote.says(PEOPLE)
    remote.project.environment["CLIENT_SECRET"] = "guessed-wr0ng"
    ran = remote.project.run(*command)

    assert 5 == ran.code, ran.said
    assert "/token refuses the client credentials (400 invalid_client)." in ran.err
    assert {} == remote.store.simulator().users


def test_an_account_that_is_not_these_credentials_exits_with_5(remote: Remote) -> None:
    """It is named, and the setting."""
    remote.says(PEOPLE, account="other")
    ran = remote.project.run("check")

    assert 5 == ran.code
    assert "refuses these credentials for the account other (403" in ran.err
    assert "check the tenant's permissions.account" in " ".join(ran.err.split())


@pytest.mark.parametrize(("name", "what"), [("CLIENT_ID", "OAuth client id"), ("CLIENT_SECRET", "OAuth client secret")])
def test_a_variable_that_is_unset_is_named(remote: Remote, name: str, what: str) -> None:
    """Before anything is sent."""
    remote.says(PEOPLE)
    del remote.project.environment[name]
    before = remote.clock.calls
    ran = remote.project.run("plan")

    assert (5, before) == (ran.code, remote.clock.calls)
    assert f"the environment variable {name} is not set: put the tenant's {what} there" in " ".join(ran.err.split())


def test_check_says_how_roles_take_effect(remote: Remote) -> None:
    """Where, in which account, with whose credentials."""
    remote.says(PEOPLE)
    remote.project.run("apply", "--yes")
    ran = remote.project.run("check")
    facts = remote.project.run("check", "--format", "json").document

    assert 0 == ran.code, ran.said
    base = f"http://{urlsplit(remote.url).netloc}/v1"
    assert f"  roles         over {base} in acme, as Integration: 3 people from SCIM" in ran.out
    assert {"url": base, "account": "acme", "me": "Integration", "people": 3} == facts["permissions"]
    assert "permissions" == facts["roles_via"]


def test_tenants_show_it_without_secrets(remote: Remote) -> None:
    """Names of variables, and no more."""
    remote.says(PEOPLE)
    text = remote.project.run("tenants")
    document = remote.project.run("tenants", "--format", "json").document["remote"]

    assert "roles over permissions of acme" in text.out
    assert {"env": "CLIENT_SECRET"} == document["permissions"]["oauth"]["client_secret"]
    assert SECRET not in text.said


def test_the_embedded_4me_plays_everything_itself(project: Project) -> None:
    """No account, no secret, no network."""
    project.commit(EMBEDDED + PEOPLE)
    granted = project.run("apply", "--yes")
    empty = project.run("plan", "--exit-code")

    assert (0, 0) == (granted.code, empty.code), granted.said + empty.said
    assert "roles         over sandbox in sandbox" in project.run("check").out


def test_a_saved_live_state_holds_the_people_and_seeds_another_account(project: Project) -> None:
    """Planned from without a network, and put into an empty embedded 4me."""
    project.commit(EMBEDDED + PEOPLE)
    project.run("apply", "--yes")
    project.run("plan", "--save-live", "live.json")
    again = project.run("plan", "--live", "live.json", "--format", "json").document
    assert ([], []) == (again["changes"], again["skipped"])

    project.run("sandbox", "reset")
    assert 0 == project.run("sandbox", "seed", "live.json").code
    seeded = project.run("plan", "--format", "json").document

    assert ([], []) == (seeded["changes"], seeded["skipped"])


def test_a_live_state_with_people_that_are_none_is_refused(project: Project) -> None:
    """With the reason."""
    project.commit(EMBEDDED + PEOPLE)
    project.write('{"format": 1, "users": [], "groups": [], "people": [{"name": "x"}]}', "live.json")
    ran = project.run("plan", "--live", "live.json")

    assert 2 == ran.code
    assert "a person has no id" in ran.err


def test_what_is_wrong_with_permissions_is_told_at_its_line(project: Project) -> None:
    """All at once; nothing that may be a secret is repeated."""
    project.commit(
        """\
tenants:
  one: {url: 'https://api.example/scim/v2', token: {env: T}, roles_via: permissions}
  two: {url: sandbox, roles_via: permision}
  three:
    url: https://api.example/scim/v2
    token: {env: T}
    roles_via: permissions
    permissions:
      url: http://api.example/v1
      account: acme
      oauth: {token_url: https://oauth.example/token, client_id: hunter2, client_secret: {env: S}, scope: all}
"""
    )
    ran = project.run("validate")
    said = " ".join(ran.out.split())

    assert 1 == ran.code
    assert "all.yaml:2: tenants.one: has `roles_via: permissions` only: add" in said
    assert "all.yaml:3: tenants.two.roles_via: 'permision' is not one of 'scim' or 'permissions'" in said
    assert "all.yaml:9: tenants.three.permissions.url: 'http://api.example/v1' must be an https:// address" in said
    assert "client_id: {env: NAME_OF_THE_VARIABLE}" in said
    assert "tenants.three.permissions.oauth.scope: this key is unknown" in said
    assert "hunter2" not in said
