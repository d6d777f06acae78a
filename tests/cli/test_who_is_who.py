"""Doubts about who is who, as a person meets them: what blocks stays blocked until git or the account changes."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.cli.project import SANDBOX, Project

BY_NAME = """
attribute_mappings:
  users: [{target: externalId, source: externalId, matching: 1}, {target: userName, source: userName, matching: 2}]
"""
OTHERS = "  bob: {userName: bob@example.com, displayName: Bob}\n  cid: {userName: cid@example.com, displayName: Cid}\n"


def users(*lines: str) -> str:
    return SANDBOX + "users:\n" + OTHERS + "".join(f"  {line}\n" for line in lines)


ANN = "ann: {userName: ann@example.com, employeeNumber: '7', displayName: Ann"
DOUBTS: Mapping[str, tuple[str, str, str]] = {  # what was applied, what git declares now, and what a plan says
    "looks_like": (
        users(f"{ANN}}}"),
        users("anna: {userName: anna@example.com, employeeNumber: '7', displayName: Anna}"),
        "user/anna would be created with the employeeNumber of user/ann",
    ),
    "leaver_holds": (
        users(f"{ANN}}}"),
        users("anna: {userName: ann@example.com, displayName: Anna}"),
        "user/anna has the userName of user/ann",
    ),
    "reused_key": (
        users(f"{ANN}}}"),
        users("ann: {userName: kim@example.com, employeeNumber: '8', displayName: Kim}"),
        "user/ann",
    ),
    "inactive_holder": (
        users() + BY_NAME,
        users("ann: {userName: old@example.com, displayName: Ann}") + BY_NAME,
        "old@example.com",
    ),
    "name_held": (
        users(f"{ANN}}}"),
        users("ann: {userName: old@example.com, employeeNumber: '7', displayName: Ann}"),
        'the login "old@example.com" belongs to',
    ),
}


def account(project: Project) -> list[tuple[object, ...]]:
    """Every user: id, externalId, login, name; not whether the user is active, for a leaver always loses access."""
    with project.account() as store:
        found = store.simulator().users.values()
        return sorted((str(one["id"]), one.get("externalId"), one["userName"], one.get("displayName")) for one in found)


@pytest.mark.parametrize("doubt", DOUBTS)
def test_what_a_doubt_blocks_stays_blocked_however_often_it_is_applied(project: Project, doubt: str) -> None:
    """An apply covers nothing that a doubt blocks: its commit is no evidence for the next one."""
    applied, now, words = DOUBTS[doubt]
    with project.account() as store:
        store.seed([{"id": "old", "userName": "old@example.com", "active": False}])
    project.commit(applied)
    assert 0 == project.run("apply", "--yes").code
    before = account(project)
    project.commit(now)

    for _ in range(3):
        planned = project.run("plan", "--exit-code")
        assert (3, True) == (planned.code, words in " ".join(planned.told.split())), planned.told
        assert 1 == project.run("apply", "--yes").code
        assert before == account(project)
