"""Services with odd habits, through the command: a company comes, changes and goes, and nothing is left to plan.

Each story ends with an empty plan, or with the reason and the setting that helps.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.odd_service import Habits, behave
from tests.cli.office import Office, opening
from tests.cli.project import Project

PEOPLE = """\
users:
  ann: {userName: ann@example.com, displayName: Ann, title: Boss}
  bob: {userName: bob@example.com, displayName: Bob, department: Sales, manager: ann}
  cid: {userName: cid@example.com, displayName: Cid, manager: bob}
  dee: {userName: dee@example.com, displayName: Dee}
groups:
  desk: {displayName: Desk, members: [ann, bob, cid]}
  free: {displayName: Free, members: [dee]}
"""
MOVED = (
    PEOPLE.replace("title: Boss", "title: null")
    .replace("department: Sales", "department: Legal")
    .replace("Desk, members: [ann, bob, cid]", "Counter, members: [bob, dee]")
    .replace("displayName: Dee", "displayName: Dee, active: false")
)
FAST = {"rate": "{burst: 1000 per 1s, sustained: 100000 per 1h}"}
RFC = {"dialect": "rfc7644", **FAST}


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An account on a port, and a repository for it."""
    with opening(Project(tmp_path / "project", monkeypatch)) as one:
        yield one


def live(office: Office, **settings: str) -> str:
    """Plays the life of a small company: comes, changes, moves. Returns what was logged; ends with an empty plan."""
    logged = ""
    for text in (PEOPLE, MOVED):
        office.commit(text, **settings)
        ran = office.project.run("apply", "--yes")
        assert 0 == ran.code, ran.said
        left = office.project.run("plan", "--exit-code", "-o", "plan.json")
        assert 0 == left.code, left.said
        assert left.out.startswith("Plan for office: nothing to do")
        logged += ran.said
    assert (["bob"], []) == (office.members_of("desk"), office.members_of("free"))
    assert (False, "ann") == (office.users["dee"]["active"], office.users["ann"]["externalId"])
    assert "title" not in office.users["ann"]
    return logged


@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
@pytest.mark.parametrize(
    "habits",
    [
        Habits(),
        Habits(number_ids=True),
        Habits(shouts_members=True),
        Habits(refuses_count=400),
        Habits(refuses_count=501),
        Habits(past_the_end=404),
        Habits(past_the_end=400),
        Habits(most_members=1),
        Habits(most_members=2, too_many=(400, "too many members")),
        Habits(wants_ref=True, most_members=1),
    ],
    ids=lambda habits: ", ".join(
        f"{name}={value}" for name, value in vars(habits).items() if value != getattr(Habits, name)
    ),
)
def test_a_company_lives_on_an_odd_service(office: Office, habits: Habits, dialect: str) -> None:
    """Each habit is met without a setting, and leaves nothing to plan."""
    behave(office, habits)

    said = live(office, dialect=dialect, **FAST)

    assert habits.wants_ref is ("Add to the tenant: quirks: [members_with_ref]" in said)


@pytest.mark.parametrize(
    ("habits", "quirk"),
    [
        (Habits(wants_no_path=True), "patch_without_path"),
        (Habits(wants_value_lists=True), "members_removed_by_value"),
        (Habits(wants_ref=True), "members_with_ref"),
    ],
)
def test_a_form_that_a_service_asks_for_is_learned_and_named(office: Office, habits: Habits, quirk: str) -> None:
    """Then declared: no request is refused any more, and nothing is named."""
    behave(office, habits)
    assert f"quirks: [{quirk}]" in live(office, **RFC)

    office.asked.clear()
    office.commit(PEOPLE, quirks=f"[{quirk}]", **RFC)
    declared = office.project.run("apply", "--yes")

    assert (0, False) == (declared.code, "Add to the tenant" in declared.said), declared.said
    assert len(office.asked) == len({*office.asked}), "a request was sent twice"


def test_a_failing_page_past_the_end_is_an_incomplete_read(office: Office) -> None:
    """40 are announced and 65 exist: the plan is shown, refused, and nobody gets access again."""
    many = "".join(f"  u{number:02}: {{userName: u{number:02}@example.com}}\n" for number in range(65))
    office.commit(f"users:\n{many}", **FAST)
    assert 0 == office.project.run("apply", "--yes").code
    behave(office, Habits(past_the_end=403, total=50))

    ran = office.project.run("apply", "--yes")

    assert 4 == ran.code
    assert "Users after the last page: answered 403 not now" in ran.said


def test_more_members_than_a_service_takes_at_once_are_sent_in_parts(office: Office) -> None:
    """300 in one group, 51 at most: created with the first, filled by halves of what was refused."""
    names = [f"u{number:03}" for number in range(300)]
    people = "".join(f"  {name}: {{userName: {name}@example.com}}\n" for name in names)
    group = f"groups:\n  all: {{displayName: All, members: [{', '.join(names)}]}}\n"
    store = behave(office, Habits(most_members=51, too_many=(400, "members: at most 51 values")))
    office.commit(f"users:\n{people}{group}", **RFC)

    ran = office.project.run("apply", "--yes")

    assert (0, names) == (ran.code, office.members_of("all")), ran.said
    sizes = [len(body["Operations"][0]["value"]) for method, body in store.bodies if method == "PATCH"]
    assert [50] * 5 == sizes
    assert 0 == office.project.run("plan", "--exit-code", "-o", "plan.json").code


def test_a_wrong_dialect_is_named_by_the_outcome(office: Office) -> None:
    """Every PATCH is refused for its lack of operations."""
    office.commit(PEOPLE)
    assert 0 == office.project.run("apply", "--yes").code
    behave(office, Habits(wants_operations=True))
    office.commit(MOVED)

    outcomes = office.outcomes()

    status, detail = outcomes["user/bob update_user"]
    assert "failed" == status
    assert "Operations required" in detail
    assert "set `dialect: rfc7644` for the tenant" in detail
    office.commit(MOVED, **RFC)
    assert 0 == office.project.run("apply", "--yes").code


def test_members_that_are_hidden_are_suspected_and_then_declared(office: Office) -> None:
    """Undeclared, they are added at each apply, with the setting; declared, git's changes alone are sent."""
    behave(office, Habits(hides=("members", "groups")))
    office.commit(PEOPLE, **RFC)
    first = office.project.run("apply", "--yes")
    assert 1 == first.code
    assert "user/ann is not listed" in first.told
    assert "add `quirks: [hides_members]` to the tenant" in first.said
    suspected = office.project.run("plan", "-o", "plan.json")
    assert "asked once, never taken: group/desk: user/ann is not listed" in suspected.told
    assert "hides_members]` to the tenant, else leave these members out" in suspected.told

    office.commit(PEOPLE, quirks="[hides_members]", **RFC)
    assert "never taken" not in office.project.run("plan", "-o", "plan.json").out
    second = office.project.run("apply", "--yes")
    assert 0 == second.code, second.said
    empty = office.project.run("plan", "--exit-code", "-o", "plan.json")
    assert 0 == empty.code, empty.said
    assert "the service does not list the members of 2 groups (Desk, Free)" in empty.said

    office.commit(PEOPLE.replace("members: [ann, bob, cid]", "members: [bob, dee]"), quirks="[hides_members]", **RFC)
    third = office.project.run("apply", "--yes")

    assert (0, ["bob", "dee"]) == (third.code, office.members_of("desk")), third.said
    assert "the service does not list members, so they are not verified" in third.told
    assert 0 == office.project.run("plan", "--exit-code", "-o", "plan.json").code


def test_a_targeted_plan_assumes_hidden_members_too(office: Office) -> None:
    """`--only` on a group gains and loses nobody."""
    behave(office, Habits(hides=("members", "groups")))
    office.commit(PEOPLE, quirks="[hides_members]", **RFC)
    assert 0 == office.project.run("apply", "--yes").code

    ran = office.project.run("plan", "--only", "group/desk", "--exit-code", "-o", "plan.json")

    assert 0 == ran.code, ran.said


def test_active_that_is_left_out_when_false_is_named_and_then_declared(office: Office) -> None:
    """A deactivation can't be verified, the plan warns, and the quirk ends both."""
    office.commit(PEOPLE, **RFC)
    assert 0 == office.project.run("apply", "--yes").code
    behave(office, Habits(hides=("active=false",)))
    office.commit(MOVED, **RFC)

    outcomes = office.outcomes()
    status, detail = outcomes["user/dee deactivate_user"]
    plan = office.project.run("plan", "-o", "plan.json")
    office.commit(MOVED, quirks="[active_absent_is_false]", **RFC)
    declared = office.project.run("plan", "--exit-code", "-o", "plan.json")

    assert "failed" == status
    assert "add `quirks: [active_absent_is_false]` to the tenant" in detail
    assert "1 user (Dee) came without `active`" in plan.said
    assert 0 == declared.code, declared.said


def test_active_that_is_left_out_when_true_is_read_rightly(office: Office) -> None:
    """Inactive users are listed as such, so nothing is in doubt."""
    behave(office, Habits(hides=("active=true",)))

    assert "without `active`" not in live(office, **RFC)


def test_lists_that_leave_attributes_out_are_completed_by_id(office: Office) -> None:
    """With the quirk; without it, the plan would set what is there already."""
    behave(office, Habits(lists_hide=("displayName", "title")))
    office.commit(PEOPLE, **RFC)
    assert 0 == office.project.run("apply", "--yes").code
    without = office.project.run("plan", "--exit-code", "-o", "plan.json")
    office.commit(PEOPLE, quirks="[lists_hide_attributes]", **RFC)
    declared = office.project.run("plan", "--exit-code", "-o", "plan.json")
    targeted = office.project.run("plan", "--only", "ann", "--exit-code", "-o", "plan.json")
    drift = office.project.run("drift", "--exit-code")

    assert (3, 0, 0, 0) == (without.code, declared.code, targeted.code, drift.code), declared.said + drift.said


def test_check_suggests_the_lines_for_an_odd_service(office: Office) -> None:
    """The quirks that reads show, with their meaning; once declared, nothing is suggested."""
    office.commit(PEOPLE, **RFC)
    assert 0 == office.project.run("apply", "--yes").code
    behave(office, Habits(refuses_count=400, hides=("members",), lists_hide=("title",)))

    writes = len(office.asked)
    before = office.project.run("check")
    office.commit(PEOPLE, quirks="[count_refused, hides_members, lists_hide_attributes]", **RFC)
    after = office.project.run("check", "--format", "json")

    assert "quirks: [count_refused, hides_members, lists_hide_attributes]" in before.out
    assert "# hides_members: the service does not list members; those of the last apply are assumed" in before.out
    assert [] == after.document["suggested"].get("quirks", [])
    assert writes == len(office.asked)


def test_a_name_that_is_taken_by_an_unlisted_user_is_said_so(office: Office) -> None:
    """409, and no list or look-up has the holder."""
    office.commit("users:\n  eve: {userName: eve@example.com}\n")
    assert 0 == office.project.run("apply", "--yes").code
    behave(office, Habits(unlisted=("eve@example.com",)))
    office.commit("users:\n  new: {userName: eve@example.com}\n")

    status, detail = office.outcomes()["user/new create_user"]

    assert "failed" == status
    assert "the name is taken by a user that this token does not list: 409" in detail


@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
def test_lists_without_a_user_name_are_incomplete_until_it_is_declared(office: Office, dialect: str) -> None:
    """Without externalId and userName all users would be created again."""
    settings = {"dialect": dialect, **FAST}
    office.commit(PEOPLE, **settings)
    assert 0 == office.project.run("apply", "--yes").code
    behave(office, Habits(lists_hide=("userName", "externalId")))
    office.asked.clear()

    refused = office.project.run("apply", "--yes")
    office.commit(PEOPLE, quirks="[lists_hide_attributes]", **settings)
    declared = office.project.run("plan", "--exit-code", "-o", "plan.json")

    assert (4, []) == (refused.code, office.asked)
    said = " ".join(refused.said.split())
    assert "no listed user has a userName: if lists leave attributes out, add `quirks: [lists_hide_attributes]`" in said
    assert 0 == declared.code, declared.said


def test_hidden_members_are_no_remark_on_the_rename_of_their_group(office: Office) -> None:
    """Both are one request; only the members are not verified."""
    behave(office, Habits(hides=("members",)))
    office.commit(PEOPLE, quirks="[hides_members]", **RFC)
    assert 0 == office.project.run("apply", "--yes").code
    office.commit(
        PEOPLE.replace("Desk, members: [ann,", "Counter, members: [dee, ann,"), quirks="[hides_members]", **RFC
    )

    outcomes = office.outcomes()

    assert ("applied", "") == outcomes["group/desk update_group"]
    assert "not verified" in outcomes["group/desk add_members"][1]
