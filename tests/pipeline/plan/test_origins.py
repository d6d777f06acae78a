"""Each change of a plan has its source line, and the author who wrote or removed that line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.project import Project

RULES = "desired-state/all.yaml"
PEOPLE = "desired-state/people.yaml"
EVERYTHING = """\
tenants: {sandbox: {url: sandbox}}
role_assignments:
  - role: specialist
    users:
      - ann
      - bob
      - cid
  - {role: auditor, users: [ann, bob]}
groups:
  staff:
    displayName: Staff
    members:
      - ann
      - bob
"""
TEAM = """\
users:
  ann:
    userName: ann@example.com
    title: Clerk
  bob:
    userName: bob@example.com
    title: Clerk
  cid:
    userName: cid@example.com
"""


@pytest.fixture
def team(project: Project) -> Project:
    """Ada has written everything, and it was applied."""
    commit_as(project, "Ada", {RULES: EVERYTHING, PEOPLE: TEAM})
    assert 0 == project.run("-q", "apply", "--yes").code
    return project


def commit_as(project: Project, author: str, files: dict[str, str]) -> str:
    for name, text in files.items():
        project.write(text, name)
    project.git("add", "--all", "desired-state")
    project.git("commit", "--quiet", "--author", f"{author} <x@example.com>", "--message", "any")
    return project.git("rev-parse", "HEAD").strip()


def sources(project: Project, *arguments: str, command: str = "plan", code: int = 0) -> dict[str, Any]:
    """The source of each change, as file, line, commit, author; by action and key."""
    ran = project.run(command, "--format=json", *arguments)
    assert code == ran.code, ran.err
    return {f"{one['action']} {one['key']}": tuple(one["source"].values()) for one in ran.document["changes"]}


def test_each_change_names_the_line_that_asks_for_it_and_who_wrote_that(team: Project) -> None:
    """An attribute its own line, a grant the assignment, a new member the list, a new user their key."""
    roles = EVERYTHING.replace("users: [ann, bob]}", "users: [ann, bob]}\n  - {role: key_contact, users: [ann]}")
    first = commit_as(team, "Bea", {RULES: roles.replace("      - ann\n      - bob\n\n", "")})
    second = commit_as(team, "Cleo", {PEOPLE: TEAM.replace("title: Clerk\n  bob", "title: Head\n  bob")})
    with_dee = roles.replace("      - cid\n", "      - cid\n      - dee\n") + "      - dee\n"
    third = commit_as(
        team,
        "Dan",
        {
            RULES: with_dee,
            PEOPLE: TEAM.replace("title: Clerk\n  bob", "title: Head\n  bob") + "  dee: {userName: dee@example.com}\n",
        },
    )

    assert {
        "create_user user/dee": (PEOPLE, 10, third, "Dan"),
        "update_user user/ann": (PEOPLE, 4, second, "Cleo"),
        "add_members group/staff": (RULES, 17, third, "Dan"),
        "grant_roles user/ann": (RULES, 10, first, "Bea"),
    } == sources(team)


def test_what_is_gone_names_the_line_that_was_there_and_who_took_it_away(team: Project) -> None:
    """A leaver, a role, a member; however many commits there are since, and by a merge commit as GitHub makes one."""
    team.git("checkout", "--quiet", "-b", "feature")
    no_auditor = EVERYTHING.replace("users: [ann, bob]", "users: [ann]")
    first = commit_as(team, "Bea", {RULES: no_auditor})
    second = commit_as(team, "Cleo", {RULES: no_auditor.replace("      - ann\n      - bob\n", "      - ann\n", 9)})
    without_cid = no_auditor.replace("      - cid\n", "")
    without_bob = without_cid.replace("members:\n      - ann\n      - bob\n", "members:\n      - ann\n")
    third = commit_as(team, "Dan", {RULES: without_bob, PEOPLE: TEAM.split("  cid", maxsplit=1)[0]})
    team.git("checkout", "--quiet", "main")
    commit_as(team, "Eve", {"desired-state/other.yaml": "users: {}\n"})
    team.git("checkout", "--quiet", "--detach")
    team.git("merge", "--quiet", "--no-edit", "feature")

    told = sources(team, "--base=main")

    assert {
        "revoke_roles user/bob": (RULES, 8, first, "Bea"),
        "remove_members group/staff": (RULES, 14, second, "Cleo"),
        "deactivate_user user/cid": (PEOPLE, 8, third, "Dan"),
    } == told
    assert told == sources(team)


def test_drift_names_the_line_in_which_git_states_the_value(team: Project) -> None:
    """As HEAD has it, whatever moved since the last apply; who wrote it is who stated the value."""
    ada = team.git("rev-parse", "HEAD").strip()
    with team.account() as account:
        users = account.simulator().users
        account.reset()
        seeded = [{**user, "title": "Boss"} if user["externalId"] == "ann" else user for user in users.values()]
        account.seed(seeded, [])
    commit_as(team, "Bea", {PEOPLE: "# moved down\n" + TEAM})

    for command in ("drift", "plan"):
        assert (PEOPLE, 5, ada, "Ada") == sources(team, command=command)["update_user user/ann"]


def test_people_read_who_wrote_it_in_every_format(team: Project) -> None:
    """A name can't break a line, ping a team or run in a page."""
    author = "Mallory `@team` | \u202e" + "x" * 300
    commit = commit_as(team, author, {PEOPLE: TEAM.replace("title: Clerk\n  bob", "title: Head\n  bob")})

    text, markdown = team.run("plan").out, team.run("plan", "--format=markdown").out

    assert f"[{PEOPLE}:4, {commit[:7]} by Mallory `@team` | \\u202exxx" in " ".join(text.split())
    assert f"``{PEOPLE}:4, {commit[:7]} by Mallory `@team` | \\u202exxx" in markdown
    assert "x" * 300 not in text + markdown


def test_what_is_not_committed_has_no_commit(team: Project) -> None:
    """The rest of the file has; what is taken away in the working tree nobody took away yet."""
    ada = team.git("rev-parse", "HEAD").strip()
    team.write(TEAM.replace("title: Clerk\n  bob", "title: Head\n  bob").split("  cid")[0], PEOPLE)
    team.write(EVERYTHING.replace("      - cid\n", "").replace("members:\n      - ann\n", "members:\n"), RULES)

    told = sources(team)

    assert (PEOPLE, 4, None, None) == told["update_user user/ann"]
    assert (PEOPLE, 8, None, None) == told["deactivate_user user/cid"]
    with team.account() as account:
        account.reset()
    assert (PEOPLE, 2, ada, "Ada") == sources(team)["create_user user/ann"]


def test_a_shallow_clone_names_no_author_that_it_can_not_know(team: Project, tmp_path: Path) -> None:
    """Git would say that the oldest commit it has wrote everything."""
    commit_as(team, "Bea", {PEOPLE: TEAM + "  dee: {userName: dee@example.com}\n"})
    last = commit_as(team, "Cleo", {RULES: EVERYTHING.replace("      - cid\n", "      - cid\n      - dee\n")})
    team.git("clone", "--quiet", "--depth=1", team.root.as_uri(), str(tmp_path / "shallow"))
    team.git("clone", "--quiet", "--depth=2", team.root.as_uri(), str(tmp_path / "two"))
    shallow, two = (Project(tmp_path / name, team.monkeypatch) for name in ("shallow", "two"))

    assert {(None, None)} == {source[2:] for source in sources(shallow, code=4).values()}
    assert {(None, None)} == {source[2:] for key, source in sources(two, code=4).items() if "role" not in key}
    assert last == two.git("rev-parse", "HEAD").strip()


def test_without_git_there_are_lines_and_no_authors(team: Project, tmp_path: Path) -> None:
    """As in a folder that was unpacked somewhere."""
    team.environment["PATH"] = str(tmp_path)
    with team.account() as account:
        account.reset()

    told = sources(team)

    assert (PEOPLE, 2, None, None) == told["create_user user/ann"]
    assert (RULES, 10, None, None) == told["create_group group/staff"]


def test_who_wrote_a_line_is_no_part_of_what_is_approved(team: Project) -> None:
    """The same effect has the same digest, whoever asks for it; an outcome carries it on."""
    promoted = TEAM.replace("title: Clerk\n  bob", "title: Head\n  bob")
    commit_as(team, "Bea", {PEOPLE: promoted})
    digest = team.run("plan", "--format=json", "-o", "plan.json").document["digest"]
    team.git("reset", "--quiet", "--hard", "HEAD~1")
    cleo = commit_as(team, "Cleo", {PEOPLE: promoted + "# by Cleo\n"})

    assert digest == team.run("plan", "--format=json").document["digest"]
    ran = team.run("apply", "plan.json", "--format=json")
    assert 0 == ran.code
    sources_of_outcomes = [one["change"]["source"] for one in json.loads(ran.out)["outcomes"]]
    assert [(cleo, "Cleo")] == [(source["commit"], source["author"]) for source in sources_of_outcomes]
