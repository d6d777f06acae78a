"""Roles over REST: duties, adoption, and plans about some keys, over HTTP with an embedded 4me on a port."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.cli.remote import PEOPLE, Remote

DUTIES = """\
guardrails: {separation_of_duties: [{roles: [problem_manager, auditor], reason: SOX 4.2}]}
groups:
  audit: {displayName: Audit, members: [bob]}
"""
AUDIT = "  - {role: auditor, groups: [audit]}\n"
FILE = "desired-state/all.yaml"


@pytest.fixture
def granted(remote: Remote) -> Remote:
    """An account that has the people and their roles."""
    remote.says(PEOPLE)
    assert 0 == remote.project.run("-q", "apply", "--yes").code
    return remote


def by_hand(remote: Remote, address: str, roles: Sequence[str]) -> None:
    """Somebody edits a person's permissions in the account itself."""
    person = remote.store.simulator().directory.with_email(address)
    assert person is not None
    remote.store.seed([], records={"People": [{**person, "permissions": {"acme": list(roles)}}]})


def text(remote: Remote) -> str:
    return (remote.project.root / FILE).read_text("utf-8")


def test_roles_that_nobody_may_hold_together_are_refused_before_they_are_written(granted: Remote) -> None:
    """Ann enters a group that gives the second: the way is told, and nothing is written."""
    granted.says(PEOPLE + AUDIT + DUTIES)
    assert 0 == granted.project.run("-q", "apply", "--yes").code
    assert ["auditor", "specialist"] == granted.roles()["bob@example.com"]
    granted.says(PEOPLE + AUDIT + DUTIES.replace("[bob]", "[ann, bob]"))

    ran = granted.project.run("apply", "--yes")

    said = " ".join(ran.said.split())
    assert 4 == ran.code, ran.said
    assert "Ann Lee (user/ann) would hold auditor and problem_manager (SOX 4.2)" in said
    assert "group/audit" in said
    assert ["problem_manager", "specialist"] == granted.roles()["ann@example.com"]


def test_roles_that_wait_for_a_person_are_judged_already(remote: Remote) -> None:
    """Who is created now would hold both as soon as 4me links a person."""
    remote.says(PEOPLE + AUDIT + DUTIES.replace("[bob]", "[ann]"))

    ran = remote.project.run("apply", "--yes")

    assert 4 == ran.code, ran.said
    assert "would hold auditor and problem_manager" in " ".join(ran.said.split())
    assert {} == remote.store.simulator().users


def test_roles_held_together_before_the_rule_are_told_and_refuse_nothing(granted: Remote) -> None:
    """Only what a change newly breaks does."""
    granted.says(PEOPLE + "  - {role: auditor, users: [ann]}\n")
    assert 0 == granted.project.run("-q", "apply", "--yes").code
    granted.says(PEOPLE + "  - {role: auditor, users: [ann]}\n" + DUTIES)

    ran = granted.project.run("plan")

    assert 0 == ran.code, ran.said
    assert "Ann Lee (user/ann) holds auditor and problem_manager (SOX 4.2)" in " ".join(ran.said.split())


def test_roles_given_and_taken_by_hand_are_adopted(granted: Remote) -> None:
    """Git assigns what the account has, and the plan is empty."""
    by_hand(granted, "cid@example.com", ["auditor"])
    by_hand(granted, "ann@example.com", ["specialist"])

    adopted = granted.project.run("import", "--adopt")

    assert 0 == adopted.code, adopted.said
    assert "  - role: auditor\n    users: [cid]\n" in text(granted)
    assert "problem_manager" not in text(granted)
    assert [] == granted.project.run("plan", "--format", "json").document["changes"]


def test_roles_that_were_all_taken_away_are_not_adopted_silently(granted: Remote) -> None:
    """4me may have replaced the person: it is said, and git keeps what it says."""
    by_hand(granted, "ann@example.com", [])
    before = text(granted)

    adopted = granted.project.run("import", "--adopt")

    assert (1, before) == (adopted.code, text(granted)), adopted.said
    assert "user/ann holds no role from git in the account: 4me may have linked them" in " ".join(adopted.said.split())


def test_a_plan_about_one_person_reads_that_person_alone(granted: Remote) -> None:
    """Over SCIM and over REST; and what it says of them is what the whole plan says."""
    granted.says(PEOPLE.replace("role: problem_manager, users: [ann]", "role: problem_manager, users: [ann, bob]"))
    whole = granted.project.run("plan", "--format", "json").document

    asked = granted.project.run("plan", "--only", "bob", "-o", "approved.json", "--format", "json").document
    before = granted.clock.calls
    applied = granted.project.run("apply", "approved.json")

    assert [one for one in whole["changes"] if one["key"] == "user/bob"] == asked["changes"]
    assert ("targeted", True, True) == (asked["read"]["mode"], asked["read"]["complete"], asked["applyable"])
    assert 0 == applied.code, applied.said
    assert ["problem_manager", "specialist"] == granted.roles()["bob@example.com"]
    assert granted.clock.calls - before < whole["read"]["requests"] + 6


def test_a_plan_about_one_new_user_grants_the_roles_too(remote: Remote) -> None:
    """Created and given roles by one apply, and nobody else is."""
    remote.says(PEOPLE)

    planned = remote.project.run("plan", "--only", "ann", "--format", "json").document
    applied = remote.project.run("apply", "--yes", "--only", "ann")

    assert ["create_user", "grant_roles"] == [one["action"] for one in planned["changes"]]
    assert (0, {"ann@example.com": ["problem_manager", "specialist"]}) == (applied.code, remote.roles()), applied.said


def test_a_plan_with_a_base_tells_this_change_from_what_is_there(granted: Remote) -> None:
    """Everything is read, for others may wait for their roles; of them nothing is `this_change`."""
    base = granted.project.git("rev-parse", "HEAD").strip()
    by_hand(granted, "cid@example.com", ["auditor"])
    granted.says(PEOPLE.replace("role: problem_manager, users: [ann]", "role: problem_manager, users: [ann, bob]"))

    made = granted.project.run("plan", "--base", base, "--format", "json").document
    refused = granted.project.run("plan", "--base", base, "--read", "targeted")

    causes = {one["key"]: one["cause"] for one in made["changes"]}
    assert {"user/bob": "this_change", "user/cid": "drift"} == causes
    assert (2, True) == (
        refused.code,
        "--read targeted can't find the roles over REST that linked people held before" in refused.err,
    )


def test_drift_of_one_person_is_asked_for_alone(granted: Remote) -> None:
    """Their roles, by look-ups; somebody else's are not looked at."""
    by_hand(granted, "cid@example.com", ["auditor"])

    theirs = granted.project.run("drift", "--only", "cid", "--exit-code", "--format", "json")
    others = granted.project.run("drift", "--only", "user/bob", "--exit-code", "--format", "json")

    assert (3, ["user/cid"]) == (theirs.code, [one["key"] for one in theirs.document["changes"]])
    assert (0, []) == (others.code, others.document["changes"])
    assert ("targeted", "targeted") == (theirs.document["read"]["mode"], others.document["read"]["mode"])
