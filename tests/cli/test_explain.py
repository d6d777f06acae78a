"""`explain` shows why a user has access or not, as text and as JSON, without an account."""

from __future__ import annotations

import json

import pytest

from tests.cli.project import SANDBOX, TEAM, Project

FILTERED = """\
tenants: {sandbox: {url: sandbox, scope: assigned}}
users:
  ann: {userName: ann@example.com, displayName: Ann, department: Finance}
  bob: {userName: bob@example.com, displayName: Bob, department: Sales}
  cid: {userName: cid@example.com, displayName: Cid, department: Finance}
  dee: {userName: dee@example.com, displayName: Dee, department: Finance, active: false}
groups:
  staff: {displayName: Staff, members: [group/desk, dee]}
  desk: {displayName: Desk, members: [ann, bob]}
role_assignments:
  - {role: user, groups: [staff]}
  - {role: auditor, users: [cid], expires: 2026-03-31, reason: CHG-7}
scoping_filters:
  users: [{title: Money, clauses: [{attribute: department, operator: EQUALS, value: Finance}]}]
"""


@pytest.fixture
def filtered(project: Project) -> Project:
    project.write(FILTERED)
    return project


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "ann",
            [
                "Ann (user/ann) is in scope of sandbox on 2026-04-01. [desired-state/all.yaml:3]\n",
                '  Because: holds user; passes "Money"\n',
                "yes  department EQUALS Finance: it is Finance  [desired-state/all.yaml:14]",
                "yes  user through staff → desk  [desired-state/all.yaml:11]",
                "department: Finance  from source department  [desired-state/all.yaml:3]",
                "externalId: ann  from the key",
                "To reverse this: set active: false on ann\n",
                "  Then: declared inactive: active is false\n",
            ],
        ),
        (
            "bob",
            [
                "Bob (user/bob) is out of scope of sandbox on 2026-04-01. ",
                'Because: passes no scoping filter: "Money" requires department EQUALS Finance, but it is Sales',
                "no   department EQUALS Finance: it is Sales",
                "To reverse this: set department: Finance on bob\n",
                'Then: holds user; passes "Money"',
            ],
        ),
        (
            "cid",
            [
                "Because: holds no role, and only users with a role are in scope",
                "no   auditor directly, until 2026-03-31, CHG-7  [desired-state/all.yaml:12]",
                "To reverse this: move the end (expires) of the role auditor at desired-state/all.yaml:12",
            ],
        ),
        (
            "dee",
            [
                "Because: declared inactive: active is false",
                "yes  user through staff  [",
                "To reverse this: set active: true on dee\n",
            ],
        ),
    ],
)
def test_the_verdict_what_decided_it_and_what_would_turn_it_around(
    filtered: Project, name: str, expected: list[str]
) -> None:
    """In scope, out by a filter, out by a role that expired, out by `active: false`."""
    ran = filtered.run("explain", name, "--as-of", "2026-04-01")

    assert (0, "") == (ran.code, ran.err)
    assert [] == [line for line in expected if line not in ran.out]


def test_the_day_decides(filtered: Project) -> None:
    """On the day of `expires` the role still counts."""
    ran = filtered.run("explain", "cid", "--as-of", "2026-03-31")

    assert "Cid (user/cid) is in scope of sandbox on 2026-03-31" in ran.out
    assert "yes  auditor directly, until 2026-03-31" in ran.out


def test_where_nothing_filters_and_nobody_has_a_role_that_is_said(project: Project) -> None:
    """Instead of two empty headings."""
    ran = project.run("explain", "ann")

    assert "\nScoping filters: none, so every user passes\n" in ran.out
    assert "\nRoles: none assigned\n" in ran.out


def test_where_nothing_was_found_to_turn_it_around_that_is_said(project: Project) -> None:
    """A pattern's match is not made up."""
    clause = "{attribute: userName, operator: REGEX MATCH, value: zoe.*}"
    project.write(f"{SANDBOX}{TEAM}scoping_filters: {{users: [{{title: Zoe, clauses: [{clause}]}}]}}\n")

    ran = project.run("explain", "ann")

    assert "\n  No tried edit of up to three values or assignments reverses this.\n" in ran.out


def test_the_key_may_be_written_as_a_reference(filtered: Project) -> None:
    """user/ann is ann."""
    assert filtered.run("explain", "ann") == filtered.run("explain", "user/ann")


def test_the_same_as_json(filtered: Project) -> None:
    """For machines, under names."""
    document = filtered.run("explain", "bob", "--as-of", "2026-04-01", "--format", "json").document

    assert {
        "key": "user/bob",
        "name": "Bob",
        "tenant": "sandbox",
        "as_of": "2026-04-01",
        "in_scope": False,
        "flip": {"edits": ["set department: Finance on bob"], "verdict": 'holds user; passes "Money"'},
    }.items() <= document.items()
    [explained] = document["filters"]
    assert ("Money", False, ["Sales"]) == (
        explained["title"],
        explained["holds"],
        [one["actual"] for one in explained["clauses"]],
    )
    assert [("user", ["staff", "desk"], True)] == [
        (one["role"], one["through"], one["counts"]) for one in document["roles"]
    ]
    assert ["department", "displayName", "externalId", "userName"] == [one["target"] for one in document["attributes"]]


@pytest.mark.parametrize("form", ["text", "json"])
def test_nobody_of_that_name_is_exit_2_with_the_name_that_is_near(project: Project, form: str) -> None:
    """Nothing is printed where a machine would read it."""
    project.run("apply", "--yes")
    near = project.run("explain", "annn", "--format", form)
    far = project.run("explain", "zoe.q", "--format", form)

    assert (2, "", 2, "") == (near.code, near.out, far.code, far.out)
    assert 'no user "annn" is declared (did you mean "ann"?); search the account with --account' in near.err
    assert "the commit applied last did not declare this user either" in far.err


LEFT = TEAM.replace("  cid: {userName: cid@example.com, displayName: Cid, manager: bob}\n", "")


@pytest.mark.parametrize(
    ("tenant", "what"),
    [
        (SANDBOX, "If active, they are deactivated by the next apply."),
        (SANDBOX.replace("all}", "all, on_removed: ignore}"), "If active, they are not changed: on_removed is ignore."),
    ],
)
def test_somebody_who_left_git_is_told_where_they_were(project: Project, tenant: str, what: str) -> None:
    """At the commit that was applied last, and what becomes of them."""
    applied = project.git("rev-parse", "HEAD").strip()
    project.run("apply", "--yes")
    project.commit(tenant + LEFT)

    ran = project.run("explain", "user/cid")

    assert (0, "") == (ran.code, ran.err)
    where = f"declared at desired-state/all.yaml:5 when {applied[:12]} was applied"
    assert ran.told.startswith(f"Cid (user/cid) left git: {where}. {what} For sandbox on ")
    assert (
        f"To bring this user under management: declare cid again, as at {where[12:36]} of {applied[:12]} Then:"
        in ran.told
    )


def test_somebody_who_left_git_is_json_where_json_is_asked_for(project: Project) -> None:
    """A machine reads it all the same."""
    project.run("apply", "--yes")
    project.commit(SANDBOX + LEFT)

    assert "user/cid" == project.run("explain", "cid", "--format", "json").document["key"]


def save_live(project: Project) -> None:
    project.run("plan", "--save-live", "live.json", "-o", "plan.json")


def test_of_a_leaver_in_a_saved_live_state_it_is_told_what_a_plan_does(project: Project) -> None:
    """Who they are there, what they lose and why, and that nothing is deleted."""
    project.run("apply", "--yes")
    save_live(project)
    applied = project.git("rev-parse", "HEAD").strip()
    project.commit(SANDBOX + LEFT)

    ran = project.run("explain", "cid", "--live", "live.json")

    assert (0, "") == (ran.code, ran.err)
    assert "They are active, and deactivated by the next apply. Nothing is deleted. For sandbox on" in ran.told
    because = f"left git, covered by apply #1 at commit {applied[:12]}"
    assert f"A plan user/cid loses access, because {because}" in ran.told
    assert "And a plan: nothing to do about this user In the account Cid, active, id " in ran.told


STRANGER = "  zoe: {userName: zoe@example.com, displayName: Zoe Quist, department: Sales}\n"


@pytest.fixture
def only_live(project: Project) -> Project:
    """Zoe is in the account, and in no commit that git or the record of applies has."""
    project.commit(SANDBOX + TEAM.replace("groups:", f"{STRANGER}groups:").replace("[ann, bob]", "[ann, bob, zoe]"))
    project.run("apply", "--yes")
    save_live(project)
    project.git("update-ref", "-d", "refs/heads/reconciler/sandbox")
    project.git("reset", "--quiet", "--hard", "HEAD~1")
    project.run("apply", "--yes")
    clause = "{attribute: department, operator: EQUALS, value: Finance}"
    project.commit(f"{SANDBOX}{TEAM}scoping_filters: {{users: [{{title: Money, clauses: [{clause}]}}]}}\n")
    return project


@pytest.mark.parametrize("named", ["zoe", "ZOE@example.com", "Zoe Quist", "user/zoe"])
def test_somebody_unmanaged_is_told_what_a_plan_does_and_how_to_declare_them(only_live: Project, named: str) -> None:
    """However they are called."""
    ran = only_live.run("explain", named, "--live", "live.json")

    assert (0, "") == (ran.code, ran.err)
    assert ran.told.startswith("Zoe Quist (id/")
    assert ") is unmanaged: in the account, and git does not declare them, and did not when " in ran.told
    assert " was applied. A plan lists them" in ran.told
    assert (
        "To bring this user under management: declare zoe under users, with userName: zoe@example.com, department: "
        'Sales, and set department: Finance on zoe Then: everyone is in scope; passes "Money"'
    ) in ran.told
    assert "And a plan: user/zoe changes: department; leaves group/staff (Staff)" in ran.told
    assert "groups: Staff" in ran.told


def test_somebody_unmanaged_is_json_where_json_is_asked_for(only_live: Project) -> None:
    """Under the same names as the plan file's."""
    document = only_live.run("explain", "zoe", "--live", "live.json", "--format", "json").document

    assert ("unmanaged", None, False, "sandbox") == tuple(
        document[one] for one in ("standing", "key", "in_scope", "tenant")
    )
    assert ["Staff"] == document["account"]["user"]["groups"]
    assert ["remove_members"] == [one["action"] for one in document["account"]["plan"]]


def test_somebody_declared_is_told_with_their_side_of_the_account(only_live: Project) -> None:
    """By their key, or as the account calls them."""
    by_key = only_live.run("explain", "ann", "--live", "live.json")
    by_name = only_live.run("explain", "ann@example.com", "--live", "live.json")

    assert by_key == by_name
    assert "Ann (user/ann) is out of scope" in by_key.told
    assert "A plan leaves group/staff (Staff), because" in by_key.told
    assert "user/ann loses access, because passes no scoping filter" in by_key.told


def test_of_several_who_are_called_so_one_is_to_be_named(project: Project) -> None:
    """By the id that is beside each."""
    project.commit(SANDBOX + TEAM.replace("displayName: Cid", "displayName: Ann"))
    project.run("apply", "--yes")
    save_live(project)
    ran = project.run("explain", "Ann", "--live", "live.json")

    assert (2, "") == (ran.code, ran.out)
    assert '"Ann" matches 2 users of the account, so give an id: Ann (ann@example.com) has the id ' in ran.err


def test_a_live_state_that_does_not_add_up_explains_nobody(only_live: Project) -> None:
    """Who is missing would seem not to be there."""
    saved = (only_live.root / "live.json").read_text().replace('"faults": []', '"faults": ["a page is missing"]')
    only_live.write(saved, "live.json")
    ran = only_live.run("explain", "zoe", "--live", "live.json")

    assert (4, "") == (ran.code, ran.out)
    assert "a page is missing" in ran.err


def test_without_an_apply_on_record_nothing_is_said_of_one(project: Project) -> None:
    """That git did not declare them when last applied is not known."""
    project.commit(SANDBOX + LEFT)
    ran = project.run("explain", "cid.fox")

    assert 2 == ran.code
    assert "the commit applied last" not in ran.err


def test_git_with_problems_explains_nobody(project: Project) -> None:
    """What does not compile has no verdict."""
    project.write(SANDBOX + TEAM + "  crew: {displayName: Crew, members: [nobody]}\n")
    ran = project.run("explain", "ann")

    assert (1, "") == (ran.code, ran.out)
    assert 'no user "nobody" is declared' in ran.err


def test_without_a_repository_it_explains_all_the_same(project: Project) -> None:
    """Nothing but the folder is needed, and nothing is written."""
    (project.root / ".git").rename(project.root / "git")
    known, unknown = project.run("explain", "ann"), project.run("explain", "zoe.q")

    assert (0, 2) == (known.code, unknown.code)
    assert not (project.root / ".reconciler").exists()


def make_by_hand(project: Project) -> None:
    """Somebody whom git never knew, as an administrator makes them in the account itself."""
    setup = {"id": "u-99", "userName": "setup@example.com", "displayName": "Setup", "active": True}
    state = json.dumps({"format": 1, "users": [setup], "groups": []})
    project.run("sandbox", "seed", project.write(state, "live.json"))


@pytest.mark.parametrize("word", ["setup@example.com", "id/u-99", "Setup"])
def test_somebody_whom_only_the_account_has_is_told_with_what_would_make_them_ours(project: Project, word: str) -> None:
    """By whatever they are called; without a look at the account, where to look."""
    project.run("apply", "--yes")
    make_by_hand(project)

    ran = project.run("explain", word, "--account")

    assert (0, "") == (ran.code, ran.err)
    assert ran.told.startswith(
        "Setup (id/u-99) is unmanaged: in the account, and git does not declare them, and did not"
    )
    assert (
        "To bring this user under management: declare setup under users, with userName: setup@example.com "
        "Then: everyone is in scope; no scoping filters And a plan: user/setup changes: externalId"
    ) in ran.told
    assert "In the account Setup, active, id u-99" in ran.told


def test_who_of_the_account_somebody_declared_is(project: Project) -> None:
    """Behind all the rest, and from a saved live state just so."""
    project.run("apply", "--yes")
    project.run("plan", "--save-live", "live.json")
    asked = project.run("explain", "ann", "--account")

    assert "In the account Ann, active, id " in asked.told
    assert "A plan does nothing: nothing differs" in asked.told
    assert asked == project.run("explain", "ann", "--live", "live.json")


def test_somebody_who_left_git_and_is_in_the_account_is_told_both(project: Project) -> None:
    """Where they were declared, and what they have."""
    project.run("apply", "--yes")
    project.commit(SANDBOX + LEFT)
    ran = project.run("explain", "cid", "--account")

    assert ran.out.startswith("Cid (user/cid) left git: declared at ")
    assert "In the account Cid, active, id " in ran.told


def test_nobody_in_the_account_either_is_exit_2(project: Project) -> None:
    """And it is said where was looked."""
    project.run("apply", "--yes")
    ran = project.run("explain", "zoe", "--account", "--format", "json")

    assert (2, "") == (ran.code, ran.out)
    assert "no user of the account has this id, user name, display name or e-mail" in ran.err
