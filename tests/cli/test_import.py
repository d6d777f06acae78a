"""`import` writes a live account as YAML, after which the plan is empty."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.project import SANDBOX, Project, Ran

ODD = {"id": "u-9", "userName": "odd@example.com", "title": "bell\x07", "shoeSize": 40}
HERE = ("--dir", "imported")
NEW = ("import", "--url", "sandbox", "--name", "sandbox")


@pytest.fixture
def ran(project: Project) -> Project:
    """An account that has the team."""
    assert 0 == project.run("-q", "apply", "--yes").code
    return project


def save(project: Project, *users: object, faults: tuple[str, ...] = ()) -> Path:
    """A saved live state."""
    document = {"format": 1, "faults": faults, "users": users, "groups": []}
    return project.write(json.dumps(document), "live.json")


def files(project: Project, folder: str = "imported") -> list[str]:
    return [name.removeprefix(f"{folder}/") for name in project.written() if name.startswith(f"{folder}/")]


def test_an_account_becomes_a_folder_after_which_nothing_is_left_to_plan(ran: Project) -> None:
    """In one command."""
    imported = ran.run(*HERE, *NEW)

    assert 0 == imported.code
    assert imported.out.startswith("Imported 3 users, 1 group and 0 roles of sandbox into 3 files below imported.\n")
    assert "" == imported.err
    assert ["groups.yaml", "tenants.yaml", "users/no-department.yaml"] == files(ran)
    assert "  bob:\n    userName: bob@example.com\n" in (ran.root / "imported/users/no-department.yaml").read_text(
        "utf-8"
    )
    assert (
        (ran.root / "imported/groups.yaml")
        .read_text("utf-8")
        .endswith("  staff:\n    displayName: Staff\n    members: [ann, bob]\n")
    )
    planned = ran.run(*HERE, "plan", "--format", "json").document
    assert ([], [], True) == (planned["changes"], planned["unmanaged"], planned["converges"])


def test_a_tenant_that_is_declared_is_used(ran: Project) -> None:
    """`tenants.yaml` stays as it is, and so does whatever else the folder holds."""
    ran.write(SANDBOX, "imported/accounts.yaml")
    imported = ran.run(*HERE, "import", "--by", "hundred")

    assert 0 == imported.code
    assert ["accounts.yaml", "groups.yaml", "users/1-3.yaml"] == files(ran)


def test_where_only_who_holds_a_role_is_in_scope_plain_access_is_given(ran: Project) -> None:
    """So that nobody loses access."""
    ran.write("tenants: {sandbox: {url: sandbox}}\n", "imported/tenants.yaml")

    assert 0 == ran.run(*HERE, "import").code
    assert "  - role: user\n    users: [ann, bob, cid]\n" in (ran.root / "imported/roles.yaml").read_text("utf-8")
    assert [] == ran.run(*HERE, "plan", "--format", "json").document["changes"]


def test_a_saved_live_state_is_imported_without_a_network(project: Project) -> None:
    """What can't be declared is told on a line of its own, on stderr."""
    account = ("--url", "https://account.example/scim/v2", "--token-env", "TOKEN_OF_ACME", "--dialect", "rfc7644")
    imported = project.run(*HERE, "import", *account, "--live", save(project, ODD))

    assert 0 == imported.code
    assert imported.out.startswith(
        "Imported 1 user, 0 groups and 0 roles of production into 2 files below imported; 2 items left out.\n"
    )
    title, shoes = imported.err.splitlines()[::-1]
    assert shoes.startswith("warning: shoeSize is left out; 1 user has it (the contract has no such")
    assert title.startswith(
        "warning: title of the user odd@example.com (u-9) is left out: it holds a control character ("
    )
    tenants = (project.root / "imported/tenants.yaml").read_text("utf-8")
    assert "token: {env: TOKEN_OF_ACME}" in tenants
    assert "dialect: rfc7644" in tenants
    planned = project.run(*HERE, "plan", "--live", "live.json", "--format", "json").document
    assert [] == planned["changes"]


def test_inactive_people_are_counted(project: Project) -> None:
    """They are imported as inactive."""
    imported = project.run(*HERE, *NEW, "--live", save(project, {**ODD, "active": False}))

    assert "Imported 1 user (1 inactive)," in imported.out


def refused(ran: Ran, code: int, *sentences: str) -> None:
    assert code == ran.code, ran.said
    assert ran.err.startswith("Error: "), ran.err
    assert all(one in ran.err for one in sentences), ran.err


def test_what_is_declared_is_not_overwritten(ran: Project) -> None:
    """The files are named, and what to do."""
    before = ran.written()

    refused(ran.run("import"), 2, "desired-state/all.yaml", "not overwritten", "--dir")
    assert before == ran.written()


def test_many_files_are_not_all_named(ran: Project) -> None:
    """The first ones and how many more."""
    for number in range(7):
        ran.write(f"users: {{u{number}: {{userName: u{number}@x}}}}\n", f"desired-state/u{number}.yaml")

    refused(ran.run("import"), 2, "desired-state/u3.yaml and 3 more")


def test_a_file_in_the_way_is_not_overwritten(ran: Project) -> None:
    """Even one that declares nobody."""
    ran.write("# to be written\n", "imported/groups.yaml")

    refused(ran.run(*HERE, *NEW), 2, "imported/groups.yaml exists and is not overwritten")
    assert ["groups.yaml"] == files(ran)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "import from which account? Give --url"),
        (("--url", "http://acme.example"), "--url: the account"),
        (("--url", "https://acme.example"), "--token-env NAME_OF_THE_VARIABLE"),
        (("--url", "https://acme.example", "--token-env", "se cret"), "never the token itself"),
        (("--url", "sandbox", "--name", "a/b"), "--name"),
    ],
)
def test_an_account_that_can_not_be_one_says_why(project: Project, arguments: tuple[str, ...], sentence: str) -> None:
    """Before anything is sent; a token on the command line is not repeated."""
    ran = project.run(*HERE, "import", *arguments)

    refused(ran, 2, sentence)
    assert "se cret" not in ran.said
    assert [] == files(project)


def test_an_address_beside_declared_tenants_is_refused(project: Project) -> None:
    """Which of them was meant?"""
    project.write(SANDBOX, "imported/tenants.yaml")

    refused(project.run(*HERE, *NEW), 2, "the folder declares tenants already")


def test_a_folder_with_problems_is_not_imported_into(project: Project) -> None:
    """They are told first."""
    project.write("tenants: {sandbox: {url: sandbox, scop: all}}\n", "imported/tenants.yaml")
    ran = project.run(*HERE, "import")

    assert 1 == ran.code
    assert 'did you mean "scope"' in ran.err


def test_an_incomplete_read_is_not_imported(project: Project) -> None:
    """Who is missing from it would look as if they did not exist."""
    live = save(project, ODD, faults=("Users: 2 were announced and 1 came",))

    refused(
        project.run(*HERE, *NEW, "--live", live), 4, "the read is not complete (Users: 2 were announced and 1 came)"
    )
    assert [] == files(project)


def test_what_the_folder_declares_must_not_get_in_the_way(ran: Project) -> None:
    """A scoping filter that shuts people out would leave them unmanaged, and take them out of their groups."""
    clause = "{attribute: userName, operator: STARTS_WITH, value: ann}"
    ran.write(
        SANDBOX + f"scoping_filters: {{users: [{{title: Ann only, clauses: [{clause}]}}]}}\n", "imported/all.yaml"
    )

    sentences = (
        "nothing was written",
        "1 change would be planned next and 2 users would be out of scope",
        "user/bob: out of",
    )
    refused(ran.run(*HERE, "import"), 4, *sentences, "never provisioned by an apply")
    assert ["all.yaml"] == files(ran)


def test_roles_that_git_can_not_say_keep_a_tenant_of_assigned_people_from_being_imported(project: Project) -> None:
    """Everyone would be out of scope, and managed by nobody."""
    project.write("tenants: {sandbox: {url: sandbox}}\n", "imported/tenants.yaml")
    live = save(project, {**ODD, "roles": [{"value": "User"}]})

    refused(
        project.run(*HERE, "import", "--live", live), 4, "1 user would be out of scope, for example user/odd: out of"
    )
