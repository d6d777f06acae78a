"""`--only`, `--with-dependencies` and `--read`: a plan about some keys, from a partial read of the account."""

from __future__ import annotations

import pytest

from tests.cli.project import SANDBOX, TEAM, Project

CHIEF = TEAM.replace("displayName: Ann}", "displayName: Ann, title: Chief}")
CHIEF_AND_CLERK = CHIEF.replace("title: Clerk", "title: Head Clerk")
WITHOUT_CID = TEAM.replace("  cid: {userName: cid@example.com, displayName: Cid, manager: bob}\n", "")
PEOPLE = "".join(f"  u{number:03}: {{userName: u{number:03}@example.com}}\n" for number in range(300))
COMPANY = SANDBOX + "users:\n" + PEOPLE + "groups:\n  all: {displayName: All, members: [u000, u001]}\n"


def changes(document: dict[str, list[dict[str, object]]]) -> list[tuple[object, object]]:
    return [(one["action"], one["key"]) for one in document["changes"]]


@pytest.mark.parametrize("read", ["full", "targeted", "auto"])
def test_only_the_keys_that_are_named_are_planned_about(project: Project, read: str) -> None:
    """However it is read; the plan says what it is not about."""
    project.run("apply", "--yes")
    project.commit(SANDBOX + CHIEF_AND_CLERK)

    document = project.run("plan", "--only", "bob", "--read", read, "--format", "json").document

    assert [("update_user", "user/bob")] == changes(document)
    assert any(one["message"].startswith("partial plan: 1 user and 0 groups; ") for one in document["problems"])
    told = next(one for one in document["problems"] if one["code"] == "dependencies")
    assert "group/staff, user/ann, which this plan leaves out" in told["message"]


def test_what_is_named_and_needs_what_is_not_there_is_told(project: Project) -> None:
    """A manager who is not in the account is left out, or comes with --with-dependencies, and so on up."""
    alone = project.run("plan", "--only", "user/bob", "--format", "json").document
    together = project.run("plan", "--only", "user/bob", "--with-dependencies", "--format", "json").document

    assert [("create_user", "user/bob")] == changes(alone)
    assert "manager_not_live" in {one["code"] for one in alone["problems"]}
    assert [("create_user", "user/ann"), ("create_user", "user/bob"), ("create_group", "group/staff")] == changes(
        together
    )


def test_keys_that_nobody_knows_are_a_usage_error(project: Project) -> None:
    """All of them at once, with what is near."""
    ran = project.run("plan", "--only", "user/annn", "--only", "group/nothing")

    assert (2, "") == (ran.code, ran.out)
    assert '"user/annn" is no user or group in git, now or at the last apply (did you mean "user/ann"?)' in ran.err
    assert '"group/nothing" is no user or group' in ran.err


def test_somebody_who_left_git_can_be_named(project: Project) -> None:
    """They are known from the last apply."""
    project.run("apply", "--yes")
    project.commit(SANDBOX + WITHOUT_CID)

    document = project.run("plan", "--only", "cid", "--format", "json").document

    assert [("deactivate_user", "user/cid")] == changes(document)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--with-dependencies"], "--with-dependencies needs --only"),
        (["--read", "targeted"], "--read targeted needs an earlier state of git"),
        (["--read", "targeted", "--only", "ann", "--save-live", "live.json"], "a saved live state holds all of it"),
    ],
)
def test_options_that_do_not_go_together_are_a_usage_error(
    project: Project, arguments: list[str], sentence: str
) -> None:
    """And what to do is said."""
    ran = project.run("plan", *arguments)

    assert (2, True) == (ran.code, sentence in ran.err)


def test_a_saved_live_state_is_planned_from_for_some_keys_too(project: Project) -> None:
    """It holds everything; the plan is about some of it."""
    project.run("plan", "--save-live", "live.json", "--only", "ann")
    document = project.run(
        "plan", "--live", "live.json", "--only", "bob", "--with-dependencies", "--format", "json"
    ).document

    assert [("create_user", "user/ann"), ("create_user", "user/bob"), ("create_group", "group/staff")] == changes(
        document
    )


def test_applying_some_keys_is_on_record_as_partial(project: Project) -> None:
    """What waits is not forgotten: the next apply does it, and only one about everything is whole."""
    project.run("apply", "--yes")
    project.commit(SANDBOX + CHIEF_AND_CLERK)
    some = project.run("apply", "--yes", "--only", "bob")

    assert (0, ["whole", "partial"]) == (some.code, project.ends())
    assert "This apply was partial: it was about some keys" in some.err
    assert (None, "Head Clerk") == (project.users()["ann"].get("title"), project.users()["bob"]["title"])
    assert 0 == project.run("apply", "--yes", "--only", "bob", "--only", "ann").code
    assert ["whole", "partial", "partial"] == project.ends()
    assert 0 == project.run("apply", "--yes").code
    assert ["whole", "partial", "partial", "whole"] == project.ends()


def test_with_a_base_a_company_is_asked_for_what_differs(project: Project) -> None:
    """One request instead of fourteen, with five known users in it; and the approved plan is applied from as few."""
    base = project.commit(COMPANY)
    assert 0 == project.run("apply", "--yes").code
    project.commit(COMPANY.replace("u150@example.com}", "u150@example.com, title: Chief}"))

    targeted = project.run("plan", "--base", base, "-o", "approved.json", "--format", "json").document
    whole = project.run("plan", "--base", base, "--read", "full", "--format", "json").document
    assert ("targeted", True, 1) == (targeted["read"]["mode"], targeted["applyable"], targeted["read"]["requests"])
    assert ("full", targeted["changes"]) == (whole["read"]["mode"], whole["changes"])
    assert 14 <= whole["read"]["requests"]

    ran = project.run("apply", "approved.json")
    assert (0, ["whole", "whole"]) == (ran.code, project.ends())
    assert (300, "targeted") == tuple(project.applies()[-1][one] for one in ("population", "mode"))
    counts = "No user was unresolved or ignored at apply #1"
    assert f"Partial read: 6 users, 0 groups. {counts}; drift and unmanaged" in " ".join(ran.err.split())


def test_what_was_not_approved_is_refused_from_a_targeted_read_too(project: Project) -> None:
    """What git says otherwise than when it was last applied is looked at, whoever approved what."""
    base = project.commit(COMPANY)
    project.run("apply", "--yes")
    chief = COMPANY.replace("u150@example.com}", "u150@example.com, title: Chief}")
    project.commit(chief)
    project.run("plan", "--base", base, "-o", "approved.json")
    project.commit(chief.replace("u151@example.com}", "u151@example.com, title: Clerk}"))

    ran = project.run("apply", "approved.json", "--format", "json")

    assert 4 == ran.code
    assert "Refused, because no approved plan shows it: user/u151 (update_user)" in ran.err
    outcomes = [(one["change"]["key"], one["status"]) for one in ran.document["outcomes"]]
    assert [("user/u150", "applied"), ("user/u151", "refused")] == outcomes
    assert ["whole", "partial"] == project.ends()


def test_an_account_that_lacks_whom_it_should_have_is_read_whole(project: Project) -> None:
    """Nobody was found by what should be there: it is another account. Told, refused, and all requests are counted."""
    base = project.commit(COMPANY)
    project.run("apply", "--yes")
    with project.account() as account:
        account.reset()
    project.commit(COMPANY.replace("u150@example.com}", "u150@example.com, title: Chief}"))

    ran = project.run("plan", "--base", base, "--format", "json")
    asked = project.run("plan", "--base", base, "--read", "targeted", "--format", "json")

    assert ("full", 301) == (ran.document["read"]["mode"], len(ran.document["changes"]))
    assert "Full read, because lookups of single keys can't be trusted: Users: a lookup found no resource" in ran.err
    assert (4, True) == (ran.code, "another_account" in {one["code"] for one in ran.document["problems"]})
    assert (4, False) == (asked.code, asked.document["read"]["complete"])
