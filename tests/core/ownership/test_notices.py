"""What a plan warns of beside its verdicts, where no story shows it."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.model.resources import LiveUser
from reconciler.core.model.states import DesiredState, Selection, Settlement
from reconciler.core.ownership.evidence import Evidence, StateAt
from reconciler.core.planner.planner import decide_changes
from reconciler.errors import Problem
from tests.core.examples import HERE, SANDBOX, applied_at, desired_state, desired_user, live_state, live_user, user_key

WITH = desired_state(desired_user("ann"))
WITHOUT = desired_state()


def warned(desired: DesiredState, live: LiveUser, *states: StateAt, **known: tuple[str, ...]) -> list[Problem]:
    evidence = Evidence(states, **known)  # type: ignore[arg-type]  # only what is incomplete
    return list(decide_changes(desired, live_state(live), SANDBOX, Earlier(), evidence).problems)


def test_a_line_by_id_about_somebody_whom_git_declares_does_nothing_and_says_so() -> None:
    """Left or released; a plan about other keys says nothing of it."""
    lines = (Settlement(HERE, id="id-ann"), Settlement(HERE, id="4711"), Settlement(HERE, key=user_key("zoe")))
    settled = replace(WITH, left=lines, released=lines[:1])
    elsewhere = replace(settled, selection=Selection(frozenset({user_key("bob")})))
    told = [problem.message for problem in warned(settled, live_user("ann"))]

    assert [
        f"{word}: id-ann has no effect, because it is the id of user/ann, which git declares"
        for word in ("left", "released")
    ] == told
    assert [] == warned(elsewhere, live_user("ann"))


def test_a_key_that_comes_back_with_the_same_name_is_told_without_whose_record_it_is() -> None:
    """When it left, and no more."""
    states = (applied_at("b" * 40, WITHOUT, serial=2, earlier=["a" * 40]), applied_at("a" * 40, WITH))
    [problem] = warned(WITH, live_user("ann", active=False), *states)

    assert "user/ann is declared again, after the key left git by commit bbbbbbbbbbbb" == problem.message


def test_somebody_who_was_inactive_all_along_does_not_come_back() -> None:
    """No commit is without them; nor is anything said of those who are active."""
    states = (applied_at("b" * 40, WITHOUT, serial=2, earlier=["a" * 40]), applied_at("a" * 40, WITH))

    assert [] == warned(WITH, live_user("ann", active=False), states[1])
    assert [] == warned(WITH, live_user("ann"), *states)


def test_who_was_released_and_covered_since_is_ours_again() -> None:
    """The warning is for the plan that adopts them."""
    released = replace(WITHOUT, released=(Settlement(HERE, id="id-ann"),))
    before = applied_at("a" * 40, released)

    assert ["adopts_released"] == [problem.code for problem in warned(WITH, live_user("ann"), before)]
    assert [] == warned(WITH, live_user("ann"), applied_at("b" * 40, WITH, serial=2, earlier=["a" * 40]), before)


def test_what_could_not_be_read_of_the_evidence_is_told() -> None:
    """One warning each."""
    assert ["abc does not compile"] == [
        problem.message for problem in warned(WITH, live_user("ann"), incomplete=("abc does not compile",))
    ]
