"""The life of a company against servers of other projects: after each step the plan is empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.project import Project
from tests.servers.server import SERVERS, TOKEN, USER, Running, Server, running
from tests.servers.story import Story

PEOPLE = {
    "ann": "userName: ann@example.com, displayName: Ann, title: Boss",
    "bob": "userName: bob@example.com, displayName: Bob, department: Sales, manager: ann",
    "cid": "userName: cid@example.com, displayName: Cid, manager: bob",
    "dee": "userName: dee@example.com, displayName: Dee",
}
GROUPS = {"desk": "displayName: Desk, members: [ann, bob]", "free": "displayName: Free, members: [dee]"}
MANY = 230


@pytest.fixture(scope="module", params=SERVERS)
def started(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Runs each server in turn, on a free port."""
    with running(request.param, tmp_path_factory.mktemp("server") / "server.log") as server:
        yield server


@pytest.fixture
def server(started: Running, request: pytest.FixtureRequest) -> Server:
    """Returns an empty tenant of the server, for one test."""
    return started.tenant(request.node.originalname)


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server) -> Story:
    project = Project(tmp_path / "project", monkeypatch)
    project.environment["SCIM_TOKEN"] = TOKEN
    return Story(project, server)


def company(people: dict[str, str], groups: dict[str, str] | None = None) -> str:
    """Returns the YAML of those people, each with access, and of the groups."""
    users = "".join(f"  {key}: {{{text}}}\n" for key, text in people.items())
    listed = "".join(f"  {key}: {{{text}}}\n" for key, text in (GROUPS if groups is None else groups).items())
    assigned = f"role_assignments:\n  - {{role: user, users: [{', '.join(people)}]}}\n"
    return f"users:\n{users}groups:\n{listed}{assigned}" if listed else f"users:\n{users}{assigned}"


def test_a_company_lives_through_its_year(story: Story, server: Server) -> None:
    """Hire, change, rename, leave, return, members, drift and adoption of drift: nothing is left to plan each time."""
    story.apply(company(PEOPLE))
    ids = {key: user["id"] for key, user in server.users.items()}

    renamed = {**PEOPLE, "ann": "userName: ann.lee@example.com, displayName: Ann Lee, title: Boss"}
    story.apply(company(renamed))
    assert "ann.lee@example.com" == server.users["ann"]["userName"]

    without_dee = {key: text for key, text in renamed.items() if key != "dee"}
    left = story.apply(company(without_dee, {**GROUPS, "free": "displayName: Free, members: []"}))
    assert "applied" == left["user/dee deactivate_user"]
    assert (False, []) == (server.users["dee"]["active"], server.members_of("free"))

    returned = story.apply(company(renamed))
    assert "applied" == returned["user/dee reactivate_user"]
    assert (True, ["dee"], ids["dee"]) == (
        server.users["dee"]["active"],
        server.members_of("free"),
        server.users["dee"]["id"],
    )

    moved = {"desk": "displayName: Counter, members: [bob, cid, dee]", "free": "displayName: Free, members: []"}
    story.apply(company(renamed, moved))
    assert (["bob", "cid", "dee"], []) == (server.members_of("desk"), server.members_of("free"))

    server.edit("ann", "title", "Queen")
    assert 3 == story.run("drift", "--exit-code").code
    assert 0 == story.run("import", "--adopt").code
    story.check_that_nothing_is_left()
    story.project.commit()
    server.edit("cid", "displayName", "Somebody")
    assert 0 == story.run("apply", "--yes").code
    assert "Cid" == server.users["cid"]["displayName"]
    story.check_that_nothing_is_left()
    assert ids == {key: user["id"] for key, user in server.users.items()}


def test_somebody_who_was_there_before_is_adopted_with_their_group(story: Story, server: Server) -> None:
    """By names alone: no second user, and no second group."""
    ann = server.ask("/Users", "POST", {"schemas": [USER], "userName": "ann@example.com"})
    schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"]
    desk = server.ask("/Groups", "POST", {"schemas": schemas, "displayName": "Desk", "members": [{"value": ann["id"]}]})

    story.apply(company(PEOPLE))

    assert ann["id"] == server.users["ann"]["id"]
    assert [desk["id"]] == [group["id"] for group in server.all("Groups") if group["displayName"] == "Desk"]


def test_a_group_of_more_members_than_a_server_may_take_at_once_arrives(story: Story, server: Server) -> None:
    """230 members, and 110 of them leave again: in as many parts as the server needs."""
    people = {f"u{number:03}": f"userName: u{number:03}@example.com" for number in range(MANY)}
    story.limits = "guardrails: {max_member_removals: {count: 500}}"

    story.apply(company(people, {"all": f"displayName: All, members: [{', '.join(people)}]"}))
    assert sorted(people) == server.members_of("all")

    some = sorted(people)[:120]
    story.apply(company(people, {"all": f"displayName: All, members: [{', '.join(some)}]"}))
    assert some == server.members_of("all")


def test_the_wrong_dialect_is_named_by_check_and_outcome(story: Story, server: Server) -> None:
    """4me's form of a PATCH is refused by every server; both say what to declare."""
    story.apply(company(PEOPLE))
    story.dialect = "4me"
    story.commit(company({**PEOPLE, "ann": "userName: ann@example.com, displayName: Ann, title: Chief"}))

    applied = story.run("apply", "--yes")
    checked = story.run("check", "--format", "json")

    assert 1 == applied.code
    assert "set `dialect: rfc7644` for the tenant" in applied.told
    assert {"dialect": "rfc7644"} == checked.document["suggested"]
    assert "Boss" == server.users["ann"]["title"]


def test_check_needs_no_quirk_of_these_servers(story: Story) -> None:
    """What a survey finds is met without a setting, and the table has a row for each question."""
    story.apply(company(PEOPLE))

    document = story.run("check", "--format", "json").document

    assert {} == document["suggested"]
    assert {"dialect", "count", "startIndex", "filter by userName", "members"} <= {
        row["question"] for row in document["service"]
    }


def test_two_who_exchange_their_names_do_so_in_one_apply(story: Story, server: Server) -> None:
    """And a third takes the name of somebody who is renamed."""
    story.apply(company(PEOPLE))

    exchanged = {
        **PEOPLE,
        "ann": "userName: bob@example.com, displayName: Ann, title: Boss",
        "bob": "userName: ann@example.com, displayName: Bob, department: Sales, manager: ann",
        "cid": "userName: cid.new@example.com, displayName: Cid, manager: bob",
        "dee": "userName: cid@example.com, displayName: Dee",
    }
    story.apply(company(exchanged))

    names = {key: user["userName"] for key, user in server.users.items()}
    assert {
        "ann": "bob@example.com",
        "bob": "ann@example.com",
        "cid": "cid.new@example.com",
        "dee": "cid@example.com",
    } == names
