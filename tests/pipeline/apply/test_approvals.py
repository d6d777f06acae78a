"""A plan file that is given to `apply` again: an approval runs once, and later drift does not revive it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.project import SANDBOX, TEAM, Project

CHIEF = TEAM.replace("title: Clerk", "title: Chief")
WITHOUT_CID = TEAM.replace("  cid: {userName: cid@example.com, displayName: Cid, manager: bob}\n", "")


@pytest.fixture
def applied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A team that was applied, whole."""
    project = Project(tmp_path / "project", monkeypatch)
    project.commit(SANDBOX + TEAM)
    assert 0 == project.run("apply", "--yes").code
    return project


def edit(project: Project, key: str, **values: object) -> None:
    """Somebody edits a user in the account."""
    with project.account() as account:
        users = [
            {**user, **(values if user.get("externalId") == key else {})} for user in account.simulator().users.values()
        ]
        groups = list(account.simulator().groups.values())
        account.reset()
        account.seed([*users, *groups])


def test_a_hand_s_change_is_not_run_over_by_an_old_approval(applied: Project) -> None:
    """It is drift that no plan in force shows: left, and named."""
    applied.commit(SANDBOX + CHIEF)
    applied.run("plan", "-o", "approved.json")
    assert 0 == applied.run("apply", "approved.json").code
    edit(applied, "bob", title="Clerk")

    again = applied.run("apply", "approved.json")

    assert (0, "Clerk") == (again.code, applied.users()["bob"]["title"])
    assert "left update user: Bob (user/bob): title: Clerk → Chief" in again.out
    assert "only the effects that it left open may run" in again.err


def test_somebody_who_leaves_again_needs_an_approval_of_its_own(applied: Project) -> None:
    """The first approval has run, and was taken back since."""
    applied.commit(SANDBOX + WITHOUT_CID)
    applied.run("plan", "-o", "approved.json")
    assert 0 == applied.run("apply", "approved.json").code
    applied.git("revert", "--no-edit", "HEAD")
    assert 0 == applied.run("apply", "--yes").code
    applied.git("revert", "--no-edit", "HEAD")

    again = applied.run("apply", "approved.json")

    assert (4, True) == (again.code, applied.users()["cid"]["active"])
    assert "user/cid (deactivate_user)" in again.err
