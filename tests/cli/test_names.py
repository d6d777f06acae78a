"""Names that change hands, as a person sees it: over HTTP to the embedded 4me, in parts, approved and stopped."""

from __future__ import annotations

import pytest

from tests.cli.project import SANDBOX, Project


def team(**logins: str) -> str:
    """A team by key and login; a login may bring further attributes."""
    rows = ((key, *said.split()) for key, said in logins.items())
    lines = [
        f"  {key}: {{{', '.join([f'userName: {login}@example.com', f'displayName: {key.title()}', *more])}}}"
        for key, login, *more in rows
    ]
    return SANDBOX + "\n".join(["users:", *lines]) + "\n"


BEFORE = team(ann="ann", bob="bob")
EXCHANGED = team(ann="bob", bob="ann")


@pytest.fixture
def applied(project: Project) -> Project:
    """A project whose first team is applied."""
    project.commit(BEFORE)
    assert 0 == project.run("apply", "--yes").code
    return project


def logins(project: Project) -> dict[str, str]:
    return {key: str(user["userName"]).partition("@")[0] for key, user in project.users().items()}


def test_an_exchange_is_one_apply_and_the_plan_says_what_it_costs(applied: Project) -> None:
    """Then there is nothing to do."""
    applied.commit(EXCHANGED)

    planned = applied.run("plan")
    ran = applied.run("apply", "--yes")

    assert "user/ann and user/bob exchange their logins in 3 requests" in planned.told
    assert "3 requests to apply" in planned.told
    assert (0, {"ann": "bob", "bob": "ann"}) == (ran.code, logins(applied))
    assert 0 == applied.run("plan", "--exit-code").code


def test_a_part_of_an_exchange_is_not_begun_and_names_the_option(applied: Project) -> None:
    """With the dependencies it is done."""
    applied.commit(EXCHANGED)

    alone = applied.run("plan", "--only", "ann", "--exit-code")
    both = applied.run("apply", "--only", "ann", "--with-dependencies", "--yes")

    assert 3 == alone.code
    assert "--with-dependencies includes user/bob" in alone.told
    assert (0, {"ann": "bob", "bob": "ann"}) == (both.code, logins(applied))


def test_a_held_name_is_exit_3_and_names_the_holder(applied: Project) -> None:
    """An inactive record of the account that git does not declare."""
    with applied.account() as store:
        store.seed([{"id": "z", "userName": "boss@example.com", "displayName": "The Boss", "active": False}])
    applied.commit(team(ann="boss", bob="bob"))

    planned = applied.run("plan", "--exit-code")

    assert 3 == planned.code
    assert 'user/ann keeps its login: the login "boss@example.com" belongs to The Boss (z, inactive)' in planned.told


@pytest.mark.parametrize("logins", [{"ann": "boss", "bob": "bob"}, {"ann": "boss title:T", "bob": "bob"}])
@pytest.mark.parametrize("redact", ["", "redact: [userName]\n"])
def test_explain_names_what_keeps_a_login(applied: Project, logins: dict[str, str], redact: str) -> None:
    """Whether the rest of the user's changes goes on or not; without the login if it is redacted."""
    with applied.account() as store:
        store.seed([{"id": "z", "userName": "boss@example.com", "displayName": "The Boss", "active": False}])
    applied.commit(team(**logins).replace("title:T", "title: T") + redact)

    told = {key: " ".join(applied.run("explain", key, "--account").out.split()) for key in ("ann", "bob")}

    assert "name_held: " in told["ann"]
    assert "declare another userName for user/ann" in told["ann"]
    assert ("boss@example.com" in told["ann"].partition("A plan")[2]) is not bool(redact)
    assert "name_held" not in told["bob"]


def test_a_protected_member_refuses_the_whole_plan(applied: Project) -> None:
    """As for any change of a login: no link of a chain is done without the others."""
    applied.commit(EXCHANGED + "guardrails: {protected: [user/bob]}\n")

    ran = applied.run("apply", "--yes")

    assert (4, {"ann": "ann", "bob": "bob"}) == (ran.code, logins(applied))
    assert "protected: user/bob would lose their userName" in ran.said


def test_each_member_counts_once_against_a_guardrail(applied: Project) -> None:
    """Though three requests are sent."""
    limited = EXCHANGED + "guardrails: {max_identity_updates: {count: 1}}\n"
    applied.commit(limited)

    ran = applied.run("plan")

    assert 4 == ran.code
    assert "max_identity_updates: 2 is above 1" in ran.told


def test_an_approved_exchange_runs_whole_or_not_at_all(applied: Project) -> None:
    """A plan of the one half, which frees nothing for the other, approves none of it."""
    applied.commit(team(ann="ann", bob="other"))
    (applied.root / "half.json").write_text(applied.run("plan", "--format", "json").out, encoding="utf-8")
    applied.commit(EXCHANGED)
    (applied.root / "whole.json").write_text(applied.run("plan", "--format", "json").out, encoding="utf-8")

    half = applied.run("apply", "half.json")
    before = logins(applied)
    whole = applied.run("apply", "whole.json")

    assert (4, {"ann": "ann", "bob": "bob"}) == (half.code, before)
    assert (0, {"ann": "bob", "bob": "ann"}) == (whole.code, logins(applied))


FOUND_BY_NAMES = """\
attribute_mappings:
  users:
    - {target: externalId, source: externalId, matching: 1}
    - {target: userName, source: userName, matching: 2}
"""


def by_names(**logins: str) -> str:
    """A team whose users are found by their logins alone."""
    said = team(**{key: f"{login} externalId:null" for key, login in logins.items()})
    return FOUND_BY_NAMES + said.replace("externalId:null", "externalId: null")


def names_of(project: Project) -> dict[str, str]:
    """The logins by the name that is shown."""
    users = project.users().values()
    return {str(user["displayName"]): str(user["userName"]).partition("@")[0] for user in users}


def test_a_refused_exchange_ends_when_git_takes_it_back(project: Project) -> None:
    """Each apply refuses it, also the second; once it is reverted, plan and apply find nothing to do."""
    project.commit(by_names(ann="ann", bob="bob"))
    assert 0 == project.run("apply", "--yes").code
    project.commit(by_names(ann="bob", bob="ann"))

    refused = [project.run("apply", "--yes") for _ in range(2)]
    seen = names_of(project)
    project.commit(by_names(ann="ann", bob="bob"))
    planned, taken_back = project.run("plan", "--exit-code"), project.run("apply", "--yes")

    assert [1, 1] == [ran.code for ran in refused]
    assert all("give each an externalId" in " ".join(ran.said.split()) for ran in refused)
    assert {"Ann": "ann", "Bob": "bob"} == seen
    assert (0, 0) == (planned.code, taken_back.code)


def test_the_record_of_another_person_is_left_alone_at_every_apply(project: Project) -> None:
    """An apply that left the key out proves nothing for the next one, nor for a plan with that commit as base."""
    project.commit(by_names(ann="ann"))
    assert 0 == project.run("apply", "--yes").code
    with project.account() as store:
        store.seed([{"id": "z", "userName": "boss@example.com", "displayName": "The Boss", "active": False}])
    refused = by_names(ann="ann", bob="boss")
    project.commit(refused)

    codes = [project.run("apply", "--yes").code for _ in range(3)]
    project.commit(refused.replace("displayName: Bob", "displayName: Bobby"))
    based = project.run("plan", "--base", "HEAD~1", "--exit-code")

    assert [1, 1, 1] == codes
    assert {"Ann": "ann", "The Boss": "boss"} == names_of(project)
    assert 3 == based.code
    assert "which is inactive, and nothing shows whose it was" in based.told
