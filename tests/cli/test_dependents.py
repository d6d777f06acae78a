"""A failure holds up nothing that can do without it: the reports of a refused manager, a group without one member."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.core.simulator.quirks import Quirks
from tests.cli.office import ENTERPRISE, Office, opening
from tests.cli.project import Project

TREE = (
    "users:\n  boss: {userName: boss@example.com, displayName: Boss}\n"
    + "".join(f"  u{n:02}: {{userName: u{n:02}@example.com, displayName: U{n:02}, manager: boss}}\n" for n in range(30))
    + f"groups:\n  all: {{displayName: All, members: [boss, {', '.join(f'u{n:02}' for n in range(30))}]}}\n"
)
NO_BOSS = Quirks(refuses=frozenset({"userName=boss@example.com"}))


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An empty account over HTTP, and a repository."""
    with opening(Project(tmp_path / "project", monkeypatch)) as one:
        yield one


@pytest.mark.parametrize("approved", [False, True], ids=["by a person", "by a plan file"])
def test_thirty_below_a_refused_manager_arrive_and_the_next_apply_does_the_rest(
    office: Office,
    approved: bool,  # noqa: FBT001
) -> None:
    """Each without its manager, the group without that member; both stay approved, and in the next plan."""
    office.commit(TREE)
    office.behaves(NO_BOSS)
    assert 0 == office.project.run("plan", "-o", "plan.json").code
    plan = ("plan.json",) if approved else ("--yes",)

    ran = office.project.run("apply", *plan, "--format", "json")

    assert 1 == ran.code, ran.said
    by_key = {one["change"]["key"]: one for one in ran.document["outcomes"]}
    assert "failed" == by_key["user/boss"]["status"]
    assert {"applied"} == {one["status"] for key, one in by_key.items() if key != "user/boss"}
    without = "without its manager user/boss, which was not created"
    assert {without} == {by_key[f"user/u{number:02}"]["detail"] for number in range(30)}
    assert "without its member user/boss, which was not created" == by_key["group/all"]["detail"]
    assert [{"path": "manager", "why": "waits", "asked": "user/boss", "got": None}] == by_key["user/u00"]["undone"]
    assert (30, 30) == (len(office.users), len(office.members_of("all")))
    assert ["partial"] == office.project.ends("office")

    office.behaves()
    again = office.project.run("plan", "--format", "json").document["changes"]
    assert {"create_user": 1, "update_user": 30, "add_members": 1} == {
        action: sum(one["action"] == action for one in again) for action in {one["action"] for one in again}
    }
    ran = office.project.run("apply", *plan, "--format", "json")
    assert 0 == ran.code, ran.said
    manager = office.users["u07"][ENTERPRISE]["manager"]["value"]
    assert (office.users["boss"]["id"], 31) == (manager, len(office.members_of("all")))
    assert ["partial", "whole"] == office.project.ends("office")
    assert office.project.run("plan").out.startswith("Plan for office: nothing to do\n")


def test_the_reports_say_without_whom(office: Office) -> None:
    """As text, Markdown and HTML, in the provisioning log, and how many changes are not done."""
    office.commit(TREE)
    office.behaves(NO_BOSS)

    office.project.write(office.project.run("apply", "--yes", "--format", "json").out, "outcome.json")
    text = office.project.run("show", "outcome.json").told

    assert "applied create user: U00 (user/u00), U01" in text
    assert "without its manager user/boss, which was not created" in text
    assert "32 changes are not done: plan and apply again" in text
    for form in ("markdown", "html"):
        assert "without its manager" in office.project.run("show", "outcome.json", "--format", form).out
    log = office.project.run("log", "--key", "user/u03").out
    assert "! without its manager user/boss, which was not created" in log
