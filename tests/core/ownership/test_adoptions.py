"""The warnings on adoptions: whose record it was, since when, and what stays of it."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.comparison.link import link_account
from reconciler.core.model.resources import LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState
from reconciler.core.ownership.adoptions import warn_of_adoptions
from reconciler.core.ownership.evidence import NO_EVIDENCE, Evidence, StateAt
from tests.core.examples import (
    applied_at,
    desired_group,
    desired_state,
    desired_user,
    live_group,
    live_state,
    live_user,
)

NUMBER = {"employeeNumber": "7"}


def warnings(desired: DesiredState, *live: LiveUser | LiveGroup, evidence: Evidence = NO_EVIDENCE) -> list[str]:
    account = live_state(*live)
    links = link_account(desired, Earlier(), account)
    return [problem.message for problem in warn_of_adoptions(desired, account, links, evidence)]


def test_a_record_of_a_former_key_is_named_with_what_stays() -> None:
    """Its key, the commit without it, the externalId, and what git does not manage."""
    kept = {"externalId": "jo", "userName": "ann@example.com", "title": "Head", "manager": "id-zoe", **NUMBER}
    record = live_user("jo", kept, active=False, roles=["auditor"])
    groups = [live_group("desk", ["jo"]), live_group("ops", ["jo"])]
    then = desired_state(desired_user("jo", {"userName": "ann@example.com"}))
    without = StateAt("b" * 40, desired_state(), earlier=frozenset({"a" * 40}))
    evidence = Evidence((without, applied_at("a" * 40, then)))
    head = desired_state(desired_user("ann", {**NUMBER}), desired_group("ops", []), desired_group("dev", []))

    [message] = warnings(head, record, *groups, evidence=evidence)

    assert (
        "user/ann takes over the record ann@example.com (id-jo, inactive), found by userName, that of user/jo, "
        "which left git by commit bbbbbbbbbbbb; externalId jo → ann; "
        "it keeps title, manager, roles auditor, group Desk"
    ) == message


def test_a_former_key_that_still_stands_in_every_known_commit_has_no_date() -> None:
    """Only the key is known."""
    then = desired_state(desired_user("jo", {"userName": "ann@example.com"}))
    evidence = Evidence((applied_at("a" * 40, then),))

    [message] = warnings(desired_state(desired_user("ann")), live_user("ann", {"externalId": None}), evidence=evidence)

    assert message.endswith("found by userName, that of user/jo")


def test_other_adoptions_are_named_together() -> None:
    """Active records without an externalId, and groups; nothing for a key out of scope."""
    head = desired_state(
        desired_user("ann"), desired_user("bob", in_scope=False), desired_group("desk"), desired_group("ops")
    )
    live: list[LiveUser | LiveGroup] = [
        live_user("ann", {"externalId": None}),
        live_user("bob", {"externalId": None}),
        live_group("desk", [], {"externalId": None}),
        live_group("ops", [], {"externalId": "x"}),
    ]

    owned, others = warnings(head, *live)

    assert "group/ops takes over the record Ops (id-ops), found by displayName; externalId x → ops" == owned
    assert others.endswith("taken over: user/ann, group/desk")
    assert [] == warnings(head, live_user("ann"))


def test_of_very_many_records_the_first_are_named() -> None:
    """Inactive ones first, because they gain access."""
    numbers = range(25)
    users = [desired_user(f"u{number:02}", {"employeeNumber": str(number)}) for number in numbers]
    live = [
        replace(live_user(f"u{number:02}", {"externalId": "x", "employeeNumber": str(number)}), active=number != 24)
        for number in numbers
    ]

    found = warnings(desired_state(*users), *live)

    assert "user/u24" in found[0]
    assert (21, True) == (len(found), found[-1].startswith("5 more records"))
