"""What `ownership show` says of a user or group: each witness, and the verdict with what settles it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.explanation.witnesses import MOST_SHOWN, KnownResource, as_if_active, find_known, list_verdicts
from reconciler.core.model.resources import LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState, Settlement
from reconciler.core.ownership.evidence import Evidence, StateAt
from reconciler.core.planner.planner import decide_changes
from reconciler.errors import Source
from tests.core.examples import (
    SANDBOX,
    applied_at,
    desired_group,
    desired_state,
    desired_user,
    live_group,
    live_state,
    live_user,
    user_key,
)

THEN = desired_state(desired_user("ann"), desired_user("kai"), desired_group("staff", ["ann"]))
NOW = desired_state(desired_user("ann"))
APPLIED = applied_at("a" * 40, THEN, serial=3)


def ask(
    named: str, *live: LiveUser | LiveGroup, states: tuple[StateAt, ...] = (APPLIED,), desired: DesiredState = NOW
) -> tuple[KnownResource, ...]:
    account, evidence = live_state(*live), Evidence(states)
    return find_known(account, evidence, decide_changes(desired, account, SANDBOX, Earlier(), evidence), named)


@pytest.mark.parametrize("named", ["kai", "user/kai", "id-kai", "id/id-kai"])
def test_a_leaver_is_found_by_key_and_by_id(named: str) -> None:
    [one] = ask(named, live_user("ann"), live_user("kai"))

    assert ("user", "id-kai", True) == (one.kind, one.id, one.active)
    assert (
        "user/kai at commit aaaaaaaaaaaa, in scope; the commit is in HEAD's history; covered by apply #3"
        in one.witnesses[0]
    )
    assert one.verdict.startswith("leaver: left git, covered by apply #3")
    assert "" == one.settle


def test_a_user_in_doubt_is_told_what_settles_it() -> None:
    uncovered = StateAt("b" * 40, THEN)
    [one] = ask("kai", live_user("kai"), states=(uncovered,))

    assert one.verdict.startswith("unaccounted: ")
    assert "left: [{key: user/kai, reason: WHY}]" == one.settle
    assert "covered by no apply on record" in one.witnesses[0]


def test_a_user_who_was_released_is_unmanaged() -> None:
    released = replace(NOW, released=(Settlement(Source("a.yaml", 3), key=user_key("kai")),))
    [one] = ask("kai", live_user("kai"), desired=released)

    assert one.verdict.startswith("unmanaged: released at a.yaml:3")


def test_who_is_declared_and_who_never_was() -> None:
    [ann] = ask("ann", live_user("ann"), live_user("zoe"))
    [zoe] = ask("id-zoe", live_user("ann"), live_user("zoe"))

    assert "declared as user/ann" == ann.verdict
    assert zoe.verdict.startswith("unmanaged: no commit")
    assert () == ask("nobody", live_user("ann"))


def test_a_group_that_left_says_so() -> None:
    [one] = ask("group/staff", live_user("ann"), live_group("staff", ["ann"]))

    assert ("group", "left git: the members that git added are removed") == (one.kind, one.verdict)


def test_old_commits_are_counted() -> None:
    states = tuple(StateAt(f"{number:040x}", THEN) for number in range(MOST_SHOWN + 2))
    [one] = ask("kai", live_user("kai"), states=states)

    assert "and 2 older commits" == one.witnesses[-1]


def test_every_verdict_has_its_line() -> None:
    account = live_state(live_user("kai"), live_user("simulator", {"externalId": "kai"}))
    doubted = decide_changes(NOW, account, SANDBOX, Earlier(), Evidence((APPLIED,)))
    left = decide_changes(NOW, live_state(live_user("kai")), SANDBOX, Earlier(), Evidence((APPLIED,)))

    assert 2 == len([line for line in list_verdicts(doubted) if line.startswith("unaccounted: ")])
    assert ["leaver: "] == [line[:8] for line in list_verdicts(left)]


def test_the_inactive_are_looked_at_as_if_they_were_active() -> None:
    """Who was deactivated has witnesses too."""
    live = live_state(replace(live_user("ann"), active=False), live_user("kai"))

    assert [True, True] == [user.active for user in as_if_active(live).users]
