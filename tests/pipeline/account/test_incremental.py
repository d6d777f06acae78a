"""`drift` and `--read incremental`: the snapshot is private, and is checked before it is used."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.cli.project import SANDBOX, TEAM, Project
from tests.cli.test_apply import edit

SNAPSHOT = ".reconciler/sandbox.snapshot"


@pytest.fixture
def applied(project: Project) -> Project:
    """An account that is what git says, and was looked at for drift."""
    project.run("apply", "--yes")
    project.run("drift")
    return project


def snapshot(project: Project) -> Path:
    return project.root / SNAPSHOT


def files_read(project: Project) -> str:
    """What is said of the files on every run."""
    return f"1 of 1 file of desired-state read at {project.git('rev-parse', 'HEAD')[:7]}\n"


def test_drift_asks_who_changed_since_the_last_time(project: Project) -> None:
    """The first time everything is read, and told; the report says how it was read."""
    project.run("apply", "--yes")

    first, second = project.run("drift", "--format", "json"), project.run("drift", "--format", "json")
    third = project.run("drift")

    assert ("full", "incremental") == (first.document["read"]["mode"], second.document["read"]["mode"])
    assert f"Full read: sandbox has no snapshot yet\n{files_read(project)}" == first.err
    assert files_read(project) == second.err
    assert "4 requests made to read 1 group, and which of 3 users changed since the last read" in third.told


def test_what_was_changed_by_hand_is_drift_all_the_same(applied: Project) -> None:
    """Somebody was changed, and somebody is gone."""
    edit(applied, "bob", title="King")

    ran = applied.run("drift", "--format", "json")

    assert ("incremental", True, 3) == (
        ran.document["read"]["mode"],
        ran.document["read"]["complete"],
        ran.document["read"]["users"],
    )
    assert [("update_user", "user/bob")] == [(one["action"], one["key"]) for one in ran.document["changes"]]


def test_the_snapshot_is_for_its_owner_alone_and_git_does_not_see_it(applied: Project) -> None:
    """It holds everybody."""
    assert 0o600 == stat.S_IMODE(snapshot(applied).stat().st_mode)
    assert "" == applied.git("status", "--porcelain", ".reconciler")


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes")], ids=["plan", "apply"])
def test_a_plan_and_an_apply_read_so_where_they_are_asked_to(applied: Project, command: tuple[str, ...]) -> None:
    """And plan what they would from everything."""
    applied.commit(SANDBOX + TEAM.replace("title: Clerk", "title: Chief"))
    whole = applied.run("plan", "-o", "whole.json", "--format", "json").document

    ran = applied.run(*command, "--read", "incremental", "--format", "json")

    assert (0, "incremental" if command == ("plan",) else None) == (ran.code, ran.document.get("read", {}).get("mode"))
    assert whole["digest"] == ran.document["digest"]


def test_they_keep_no_snapshot_where_they_are_not(project: Project) -> None:
    """Personal data is written where it is of use."""
    project.run("apply", "--yes")
    project.run("plan")

    assert not snapshot(project).exists()


def test_everything_is_read_where_that_is_asked(applied: Project) -> None:
    """And kept for the next time."""
    before = snapshot(applied).read_bytes()

    ran = applied.run("drift", "--read", "full", "--format", "json")

    assert ("full", files_read(applied)) == (ran.document["read"]["mode"], ran.err)
    assert before != snapshot(applied).read_bytes()


def test_a_damaged_snapshot_is_told_and_replaced(applied: Project) -> None:
    """A byte is enough."""
    snapshot(applied).write_bytes(snapshot(applied).read_bytes().replace(b"Clerk", b"Clark"))

    damaged, mended = applied.run("drift"), applied.run("drift")

    assert f"Full read: the snapshot is damaged\n{files_read(applied)}" == damaged.err
    assert files_read(applied) == mended.err


def test_a_snapshot_that_can_not_be_read_is_told(applied: Project) -> None:
    """Nor can it be written, and the drift is told all the same."""
    snapshot(applied).unlink()
    snapshot(applied).mkdir()

    ran = applied.run("drift")

    assert 0 == ran.code
    assert "is not used: it is not a file" in ran.err
    assert "The snapshot can't be kept, so the next read is a full read:" in ran.err


def test_account_that_is_not_the_one_known_is_read_whole(applied: Project) -> None:
    """Every 4me account has the same address, and the token tells them apart. The requests of both reads count."""
    edit(applied, "bob", id="another", userName="another@example.com", externalId="another")

    ran = applied.run("drift", "--format", "json")

    assert ("full", 4) == (ran.document["read"]["mode"], ran.document["read"]["requests"])
    assert f"Full read: the service reports 4 changed users, and 3 are known\n{files_read(applied)}" == ran.err


@pytest.mark.parametrize("other", [("--save-live", "live.json"), ("--live", "live.json")], ids=str)
def test_a_saved_live_state_is_not_read_so(applied: Project, other: tuple[str, str]) -> None:
    """It holds what was answered, all at one time."""
    ran = applied.run("plan", "--read", "incremental", *other)

    assert (2, True) == (ran.code, "--read incremental reads only a part" in ran.err)


COMPANY = SANDBOX + "users:\n" + "".join(f"  u{number}: {{userName: u{number}@example.com}}\n" for number in range(12))


def test_another_account_is_no_less_refused_where_it_is_read_incrementally(project: Project) -> None:
    """Its users have other ids, and are as many: the snapshot is not believed, and the record knows the account."""
    project.commit(COMPANY)
    assert 0 == project.run("apply", "--yes").code
    assert 0 == project.run("drift").code
    users = list(project.users().values())
    with project.account() as account:
        account.reset()
        account.seed([{**user, "id": f"other-{user['id']}"} for user in users])

    for command in (("drift",), ("plan", "--read", "incremental"), ("apply", "--yes", "--read", "incremental")):
        ran = project.run(*command)
        assert (4, True) == (ran.code, "is not the account of apply #1" in ran.said), ran.said


def test_a_snapshot_from_before_a_recovery_is_not_built_upon(project: Project) -> None:
    """What was known of the account before is given up with the record."""
    project.commit(COMPANY)
    project.run("apply", "--yes")
    project.run("drift")
    shown = project.run("ownership", "recover")
    digest = shown.said.split("--yes ")[1].split()[0].strip("`.")
    assert 0 == project.run("ownership", "recover", "--yes", digest).code

    ran = project.run("plan", "--read", "incremental", "--format", "json")

    assert "the snapshot was made before this record of applies began, or before it was recovered" in ran.err
    assert "full" == ran.document["read"]["mode"]
