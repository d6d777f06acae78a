"""`import --adopt` writes drift of the account into the YAML files."""

from __future__ import annotations

import stat
from datetime import UTC, datetime

import pytest

from reconciler.core.scim.wire import ENTERPRISE
from tests.cli.project import SANDBOX, TEAM, Project, Ran

FILE = "desired-state/all.yaml"
TEXT = SANDBOX + TEAM
SHARED = f"""{SANDBOX}users:
  ann:
    userName: ann@example.com
    title: >-
      Chief of
      desk
  bob: {{userName: bob@example.com, department: &d IT}}
  cid: {{userName: cid@example.com, department: *d}}
"""
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def ran(project: Project) -> Project:
    """An account that has the team."""
    assert 0 == project.run("-q", "apply", "--yes").code
    return project


def by_hand(project: Project, name: str, **changes: object) -> None:
    """Somebody edits a person in the account itself."""
    with project.account() as store:
        live_id = project.users()[name]["id"]
        assert store.answer("PATCH", f"/Users/{live_id}", changes, NOON).succeeded


def text(project: Project) -> str:
    return (project.root / FILE).read_text("utf-8")


def refused(ran: Ran, code: int, *said: str) -> None:
    assert code == ran.code, ran.said
    assert ran.err.startswith("Error: "), ran.err
    assert all(one in ran.err for one in said), ran.err


def test_what_drifted_is_written_back_and_shown_as_a_difference(ran: Project) -> None:
    """Afterwards the plan is empty."""
    by_hand(ran, "bob", title="Chief: clerks")
    (ran.root / FILE).chmod(0o640)
    adopted = ran.run("import", "--adopt")

    assert 0 == adopted.code
    assert TEXT.replace("title: Clerk", "title: 'Chief: clerks'") == text(ran)
    assert adopted.out.startswith(f"--- a/{FILE}\n+++ b/{FILE}\n@@ ")
    assert (
        "\n-  bob: {userName: bob@example.com, displayName: Bob, title: Clerk, manager: ann}\n+  bob: {" in adopted.out
    )
    assert "Adopted into 1 file: read the diff, and commit the files\n" == adopted.err
    assert 0o640 == stat.S_IMODE((ran.root / FILE).stat().st_mode)
    assert [FILE] == [name for name in ran.written() if name.startswith("desired-state")]
    assert [] == ran.run("plan", "--format", "json").document["changes"]


def test_a_dry_run_writes_nothing(ran: Project) -> None:
    """It prints the same difference, which git takes as a patch."""
    by_hand(ran, "bob", title="Chief")
    tried = ran.run("import", "--adopt", "--dry-run")

    assert (0, TEXT) == (tried.code, text(ran))
    assert "Nothing was written: 1 file would change\n" == tried.err
    ran.write(tried.out, "drift.patch")
    ran.git("apply", "drift.patch")
    assert TEXT.replace("Clerk", "Chief") == text(ran)


def test_a_file_without_a_last_line_end_stays_so(ran: Project) -> None:
    """And the difference says so, as git's does."""
    ran.commit(TEXT.rstrip("\n"))
    assert 0 == ran.run("-q", "apply", "--yes").code
    with ran.account() as store:
        group = next(iter(store.simulator().groups))
        assert store.answer("PATCH", f"/Groups/{group}", {"displayName": "Crew"}, NOON).succeeded
    adopted = ran.run("import", "--adopt")

    assert "  staff: {displayName: Crew, members: [ann, bob]}" == text(ran).splitlines()[-1]
    assert not text(ran).endswith("\n")
    assert 2 == adopted.out.count("\\ No newline at end of file\n")


def test_where_nothing_drifted_nothing_is_written(ran: Project) -> None:
    """What git is about to change is no drift."""
    ran.write(TEXT.replace("Clerk", "Head"))
    adopted = ran.run("import", "--adopt")

    assert (0, "", "Nothing to adopt: sandbox has no drift\n") == (adopted.code, adopted.out, adopted.err)


@pytest.mark.parametrize("key", ["bob", "user/bob"])
def test_a_key_that_is_named_is_adopted_alone(ran: Project, key: str) -> None:
    """With all that differs of it."""
    by_hand(ran, "bob", title="Chief")
    by_hand(ran, "cid", title="Clerk")
    ran.write(TEXT.replace("title: Clerk", "title: Head"))

    assert 0 == ran.run("import", "--adopt", key).code
    assert TEXT.replace("Clerk", "Chief") == text(ran)


def test_what_can_not_be_adopted_is_told_and_the_command_fails_in_part(ran: Project) -> None:
    """The rest is adopted; what follows from it is told too."""
    by_hand(ran, "bob", active=False)
    by_hand(ran, "cid", roles=[{"value": "auditor"}], **{f"{ENTERPRISE}:manager": {"value": "u-9"}})
    adopted = ran.run("import", "--adopt")

    assert 1 == adopted.code
    told, following, done = adopted.err.splitlines()
    assert told.startswith(
        f"warning: {FILE}:5: user/cid: the manager in the account is u-9, a user not declared in git ("
    )
    change = "remove_members group/staff: user/bob"
    assert following.startswith(f"warning: because of this adoption the next plan has {change} (")
    assert "Adopted into 1 file: read the diff, and commit the files" == done
    assert "bob: {userName: bob@example.com, active: false, displayName: Bob" in text(ran)


def test_before_any_apply_nothing_can_have_drifted(project: Project) -> None:
    """Unless somebody names the key, or says what was applied."""
    refused(project.run("import", "--adopt"), 1, "name the keys", "--base")

    for arguments in (("bob",), ("--base", "HEAD")):
        adopted = project.run("import", "--adopt", *arguments)
        assert 1 == adopted.code
        assert "user/bob is no longer in the account" in adopted.err

    drifted = project.run("drift", "--base", "HEAD", "--format", "json").document
    assert {"drift"} == {change["cause"] for change in drifted["changes"]}


def test_a_key_that_is_not_declared_is_a_usage_error(ran: Project) -> None:
    """With a did-you-mean."""
    refused(ran.run("import", "--adopt", "bobb"), 2, 'no user "bobb" is declared (did you mean "bob"?)')
    refused(ran.run("import", "--adopt", "group/stuff"), 2, 'no group "stuff" is declared (did you mean "staff"?)')
    refused(ran.run("import", "--adopt", "zzz"), 2, "write alice.lee, or group/finance")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--adopt", "--url", "sandbox"), "--adopt is for a declared tenant"),
        (("bob",), "need --adopt"),
        (("--dry-run",), "need --adopt"),
        (("--base", "HEAD"), "need --adopt"),
    ],
)
def test_options_of_the_other_kind_of_import_are_refused(ran: Project, arguments: tuple[str, ...], said: str) -> None:
    """Nothing is guessed."""
    refused(ran.run("import", *arguments), 2, said)


def test_an_incomplete_read_adopts_nothing(ran: Project) -> None:
    """Who is missing would look deleted."""
    ran.write('{"format": 1, "faults": ["Users: a page is missing"], "users": [], "groups": []}', "live.json")

    refused(
        ran.run("import", "--adopt", "--live", "live.json"), 4, "the read is not complete (Users: a page is missing)"
    )
    assert TEXT == text(ran)


def test_what_is_not_adopted_is_reported_once_at_its_line_afterwards(ran: Project) -> None:
    """Another edit takes lines out above it; the report is of the files as they are now."""
    ran.commit(SHARED)
    assert 0 == ran.run("-q", "apply", "--yes").code
    by_hand(ran, "ann", title="Head")
    by_hand(ran, "bob", **{ENTERPRISE: {"department": "Sales"}})

    adopted = ran.run("import", "--adopt")

    number = next(number for number, one in enumerate(text(ran).splitlines(), start=1) if one.startswith("  bob:"))
    [warning] = [one for one in adopted.err.splitlines() if "is not edited" in one]
    assert f"{FILE}:{number}: users.bob is not edited" in warning
