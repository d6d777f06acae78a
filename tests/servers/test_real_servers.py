"""The whole program over HTTP against servers of other projects, by the rules of RFC 7644 alone.

Commands run as a person types them, in a repository with commits; plain GETs check the server.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.project import Project
from tests.servers.server import ENTERPRISE, SERVERS, TOKEN, Running, Server, running
from tests.servers.story import Story


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


ANN = """\
  ann:
    userName: ann@example.com
    name: {givenName: Ann, familyName: Lee}
    displayName: Ann Lee
    title: Director
    emails: [{value: ann@example.com, type: work, primary: true}]
    department: Finance
"""
BOB = """\
  bob:
    userName: bob@example.com
    displayName: Bob Roy
    title: Clerk
    phoneNumbers: [{value: '+44 20 7946 0142', type: work}, {value: '+44 7700 900142', type: mobile}]
    department: Finance
    employeeNumber: '0042'
    manager: ann
"""
CID = "  cid: {userName: cid@example.com, displayName: Cid, manager: bob}\n"
DEE = "  dee: {userName: dee@example.com, displayName: Dee, manager: ann}\n"
TEAM = (
    "users:\n"
    + ANN
    + BOB
    + CID
    + DEE
    + """\
groups:
  finance: {displayName: Finance, members: [ann, bob, cid]}
  empty: {displayName: Empty, members: []}
role_assignments:
  - {role: user, users: [ann, bob, cid, dee]}
"""
)
ALL = {
    "user/ann create_user": "applied",
    "user/bob create_user": "applied",
    "user/cid create_user": "applied",
    "user/dee create_user": "applied",
    "group/empty create_group": "applied",
    "group/finance create_group": "applied",
}


def test_people_come_change_and_go(story: Story, server: Server) -> None:
    """One year of a small team: after each apply the server is what git says, and there is nothing left to do."""
    assert ALL == story.apply(TEAM)
    assert {"ann", "bob", "cid", "dee"} == set(server.users)
    assert [None, "ann", "bob", "ann"] == [server.manager_of(key) for key in ("ann", "bob", "cid", "dee")]
    assert (["ann", "bob", "cid"], []) == (server.members_of("finance"), server.members_of("empty"))
    assert {"givenName": "Ann", "familyName": "Lee"}.items() <= server.users["ann"]["name"].items()
    assert ("Finance", "0042") == tuple(
        server.users["bob"][ENTERPRISE][name] for name in ("department", "employeeNumber")
    )
    ids = {key: user["id"] for key, user in server.users.items()}

    # An update, of text, of an enterprise attribute, of one value of many, and another manager.
    changed = (
        TEAM.replace("title: Clerk", "title: Head Clerk")
        .replace("department: Finance\n    employee", "department: Treasury\n    employee")
        .replace("900142", "900143")
        .replace("displayName: Cid, manager: bob", "displayName: Cid, manager: dee")
    )
    assert {"user/bob update_user": "applied", "user/cid update_user": "applied"} == story.apply(changed)
    assert ("Head Clerk", "Treasury") == (server.users["bob"]["title"], server.users["bob"][ENTERPRISE]["department"])
    assert {"+44 20 7946 0142", "+44 7700 900143"} == {one["value"] for one in server.users["bob"]["phoneNumbers"]}
    assert "dee" == server.manager_of("cid")

    # A new userName, with its e-mail: the same person.
    renamed = changed.replace("ann@example.com", "ann.lee@example.com")
    assert {"user/ann update_user": "applied"} == story.apply(renamed)
    assert ("ann.lee@example.com", ids["ann"]) == (server.users["ann"]["userName"], server.users["ann"]["id"])
    assert ["ann.lee@example.com"] == [one["value"] for one in server.users["ann"]["emails"]]

    # Members in and out of a group, and a group renamed.
    moved = renamed.replace("displayName: Finance, members: [ann, bob, cid]", "displayName: Money, members: [ann, dee]")
    assert {
        "group/finance update_group": "applied",
        "group/finance add_members": "applied",
        "group/finance remove_members": "applied",
    } == story.apply(moved)
    assert ["ann", "dee"] == server.members_of("finance")
    assert {"Money", "Empty"} == {group["displayName"] for group in server.all("Groups")}

    # Attributes cleared: text, an enterprise attribute, many values, a manager.
    cleared = (
        moved.replace("title: Head Clerk", "title: null")
        .replace("employeeNumber: '0042'", "employeeNumber: null")
        .replace(
            "phoneNumbers: [{value: '+44 20 7946 0142', type: work}, {value: '+44 7700 900143', type: mobile}]",
            "phoneNumbers: []",
        )
        .replace("displayName: Cid, manager: dee", "displayName: Cid, manager: null")
    )
    assert {"user/bob update_user": "applied", "user/cid update_user": "applied"} == story.apply(cleared)
    assert {"title", "phoneNumbers"}.isdisjoint(server.users["bob"])
    assert "employeeNumber" not in server.users["bob"][ENTERPRISE]
    assert None is server.manager_of("cid")

    # Out of scope: no role is no access. The user stays, and leaves the group.
    out_of_scope = cleared.replace("users: [ann, bob, cid, dee]", "users: [ann, bob, cid]")
    assert {"user/dee deactivate_user": "applied", "group/finance remove_members": "applied"} == story.apply(
        out_of_scope
    )
    assert (False, ["ann"]) == (server.users["dee"]["active"], server.members_of("finance"))

    # Back in scope.
    assert {"user/dee reactivate_user": "applied", "group/finance add_members": "applied"} == story.apply(cleared)
    assert (True, ["ann", "dee"]) == (server.users["dee"]["active"], server.members_of("finance"))

    # Declared inactive, and active again with something else.
    inactive = cleared.replace("displayName: Cid,", "displayName: Cid, active: false,")
    assert {"user/cid deactivate_user": "applied"} == story.apply(inactive)
    assert server.users["cid"]["active"] is False
    assert {"user/cid reactivate_user": "applied"} == story.apply(
        cleared.replace("displayName: Cid,", "displayName: Sid,")
    )
    assert (True, "Sid") == (server.users["cid"]["active"], server.users["cid"]["displayName"])

    # A leaver who left git: deactivated because the last apply knew her, and never deleted.
    left = (
        cleared.replace(DEE, "")
        .replace("[ann, dee]", "[ann]")
        .replace("users: [ann, bob, cid, dee]", "users: [ann, bob, cid]")
    )
    assert {"user/cid update_user", "user/dee deactivate_user", "group/finance remove_members"} == set(
        story.apply(left)
    )
    assert (False, ids["dee"]) == (server.users["dee"]["active"], server.users["dee"]["id"])

    # A group that left git stays.
    assert {} == story.apply(left.replace("  empty: {displayName: Empty, members: []}\n", ""))
    assert 2 == len(server.all("Groups"))
    assert ids == {key: user["id"] for key, user in server.users.items()}


def test_a_change_on_the_other_side_is_drift_and_is_mended(story: Story, server: Server) -> None:
    """Of an attribute, of a manager's report, of a member and of whether somebody is active."""
    story.apply(TEAM)
    server.edit("ann", "title", "Queen")
    server.edit("bob", f"{ENTERPRISE}:department", "Nothing")
    server.edit("dee", "active", value=False)
    [group] = [one for one in server.all("Groups") if one["displayName"] == "Finance"]
    removal = {"op": "remove", "path": f'members[value eq "{server.users["cid"]["id"]}"]'}
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [removal]}
    server.ask(f"/Groups/{group['id']}", "PATCH", body)

    drift = story.run("drift", "--exit-code")

    assert 3 == drift.code, drift.err
    for said in (
        "title: Queen → Director",
        "department: Nothing → Finance",
        "(user/dee)",
        "(group/finance)",
    ):
        assert said in drift.out

    mended = story.run("apply", "--yes")

    assert (0, "Applied to server: 4 applied") == (mended.code, mended.out.splitlines()[0])
    assert ("Director", True) == (server.users["ann"]["title"], server.users["dee"]["active"])
    assert ["ann", "bob", "cid"] == server.members_of("finance")
    assert 0 == story.run("drift", "--exit-code").code
    story.check_that_nothing_is_left()


def test_more_people_than_a_page_holds_are_all_read(story: Story, server: Server) -> None:
    """Pages of 100: the second one counts too, and a stranger on it stays a stranger."""
    schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"]
    for number in range(120):
        server.ask("/Users", "POST", {"schemas": schemas, "userName": f"stranger{number}@example.com"})
    story.commit(TEAM)

    plan = story.run("plan", "--format", "json", "-o", "plan.json").document

    assert {"mode": "full", "complete": True, "users": 120, "groups": 0, "requests": 3} == plan["read"]
    assert (120, True, True) == (len(plan["unmanaged"]), plan["applyable"], plan["converges"])


def test_somebody_who_is_there_already_is_adopted(story: Story, server: Server) -> None:
    """Found by userName, whatever its case: an update that says so, and no second user."""
    schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"]
    created = server.ask("/Users", "POST", {"schemas": schemas, "userName": "BOB@example.com", "title": "Intern"})
    story.commit(TEAM)
    plan = story.run("plan", "-o", "plan.json")

    outcomes = story.apply(TEAM)

    assert "adopt: found by userName" in plan.out
    assert {"user/bob update_user", "user/ann create_user"} < set(outcomes)
    assert (created["id"], "Clerk") == (server.users["bob"]["id"], server.users["bob"]["title"])


def test_managers_in_a_circle_and_roles_are_written(story: Story, server: Server) -> None:
    """The circle is closed by a second request; roles are whole sets, granted and revoked."""
    people = """\
users:
  ann: {userName: ann@example.com, manager: cid}
  bob: {userName: bob@example.com, manager: ann}
  cid: {userName: cid@example.com, manager: bob}
role_assignments:
  - {role: specialist, users: [ann, bob, cid]}
  - {role: auditor, users: [ann]}
"""
    story.apply(people)
    assert ["cid", "ann", "bob"] == [server.manager_of(key) for key in ("ann", "bob", "cid")]
    assert {"specialist", "auditor"} == {role["value"] for role in server.users["ann"]["roles"]}

    swapped = people.replace("role: auditor, users: [ann]", "role: key_contact, users: [ann, bob]")
    assert {
        "user/ann grant_roles": "applied",
        "user/ann revoke_roles": "applied",
        "user/bob grant_roles": "applied",
    } == story.apply(swapped)
    assert {"specialist", "key_contact"} == {role["value"] for role in server.users["ann"]["roles"]}


def test_what_the_server_can_not_hold_is_told_and_not_repeated_as_success(story: Story, server: Server) -> None:
    """4me's own attributes are unknown to the RFC: the outcome names what was not taken, and the rest is there."""
    story.commit(TEAM.replace("displayName: Cid,", "displayName: Cid, site: London, customFields: {badge: x},"))

    ran = story.run("apply", "--yes", "--format", "json")

    outcomes = {one["change"]["key"]: one for one in ran.document["outcomes"]}
    assert (1, "failed") == (ran.code, outcomes["user/cid"]["status"])
    assert "site" in outcomes["user/cid"]["detail"]
    assert "applied" == outcomes["user/bob"]["status"]
    assert {"ann", "bob", "dee"} <= set(server.users)


def test_check_says_what_it_is(story: Story, server: Server) -> None:
    """By its ServiceProviderConfig, and the first pages."""
    story.apply(TEAM)

    ran = story.run("check", "--format", "json")

    said = ran.document
    assert (0, 4, 2, "rfc7644") == (ran.code, said["users"], said["groups"], said["dialect"])
    assert (True, True) == (said["supports"]["patch"], said["supports"]["filter"])
    assert server.url == said["url"]


def test_another_token_is_refused_with_what_to_do(story: Story) -> None:
    """Exit 5, and neither token is in the sentence."""
    story.commit(TEAM)
    story.project.environment["SCIM_TOKEN"] = "another-token"

    ran = story.run("plan")

    assert (5, "") == (ran.code, ran.out)
    assert "refuses the token (401)" in ran.err
    assert "another-token" not in ran.err


def test_one_person_is_looked_up_and_planned_as_from_everything(story: Story, server: Server) -> None:
    """`--only` asks for what it needs; a server whose look-ups can't be believed is read whole, and says the same."""
    story.apply(TEAM)
    server.edit("ann", "title", "Queen")
    story.commit(TEAM.replace("title: Clerk", "title: Head Clerk"))

    plans = [
        story.run("plan", "--only", "bob", "--read", read, "--format", "json", "-o", "one.json").document
        for read in ("auto", "full")
    ]
    ran = story.run("apply", "--only", "bob", "--yes")

    assert [("update_user", "user/bob")] == [(one["action"], one["key"]) for one in plans[0]["changes"]]
    assert plans[0]["changes"] == plans[1]["changes"]
    assert (True, 0) == (plans[0]["read"]["complete"], ran.code), ran.said
    assert ("Queen", "Head Clerk") == (server.users["ann"]["title"], server.users["bob"]["title"])


def test_what_drifted_is_adopted(story: Story, server: Server) -> None:
    """Git says what the server has, and nothing is left to plan."""
    story.apply(TEAM)
    server.edit("ann", "title", "Queen")
    server.edit("bob", "displayName", "Robert")

    ran = story.run("import", "--adopt")

    assert 0 == ran.code, ran.said
    assert {"+    title: Queen", "+    displayName: Robert"} <= set(ran.out.splitlines())
    story.check_that_nothing_is_left()


def test_what_the_server_does_not_take_holds_up_nothing_else_and_is_remembered(story: Story, server: Server) -> None:
    """Refused or dropped: the new title arrives with it, the outcome and the next plan name it, and so on."""
    story.apply(TEAM)
    story.commit(
        TEAM.replace("displayName: Cid,", "displayName: Cid, title: Boss, site: London, customFields: {badge: x},")
    )

    ran = story.run("apply", "--yes", "--format", "json")

    [outcome] = ran.document["outcomes"]
    named = {part["path"]: part["why"] for part in outcome["undone"]}
    assert (1, "failed", {"site", "customFields.badge"}) == (ran.code, outcome["status"], set(named))
    assert "Boss" == server.users["cid"]["title"]

    again = story.run("plan", "--format", "json").document["problems"]
    codes = {"refused": "refused_before", "changed": "never_taken"}
    assert {codes[why] for why in named.values()} == {one["code"] for one in again if one["code"] in codes.values()}
    again_ran = story.run("apply", "--yes", "--format", "json").document["outcomes"][0]
    assert named == {part["path"]: part["why"] for part in again_ran["undone"]}

    story.apply(TEAM.replace("displayName: Cid,", "displayName: Cid, title: Boss,"))
