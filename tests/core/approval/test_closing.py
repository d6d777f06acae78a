"""What an ended apply leaves on record: whom it covers, whether it was whole, and the sample of the account."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from reconciler.core.approval.closing import Ended, end_apply, end_without_effect
from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.plan_notes import RecordNote
from reconciler.core.declarations.tenant import Guardrails
from reconciler.core.model.states import LiveState, Selection
from reconciler.core.ownership.evidence import Evidence
from reconciler.core.record.record import ApplyRecord, Covers, SampleEntry, salted
from reconciler.core.safety.make_plan import PlanInput, make_plan
from tests.core.examples import SANDBOX, desired_state, desired_user, live_state, live_user

TODAY = date(2026, 11, 29)
OPEN = Guardrails()
BEGUN = ApplyRecord(
    serial=7,
    state="begun",
    commit="c0ffee" * 6 + "c0ff",
    tree="beef" * 10,
    folder="desired-state",
    run="run-1",
    at="2026-11-29T12:00:00+00:00",
    until="2026-11-29T13:00:00+00:00",
    as_of="2026-11-29",
    salt="5a17",
    covers=Covers(kind="all"),
)
ANN, BOB = desired_user("ann"), desired_user("bob")
LATER = "2026-11-29T12:30:00+00:00"
OLD = (SampleEntry(key="0" * 16, linked="1" * 16),)


def ended(live: LiveState, *, status: str = "applied", only: bool = False, settled: bool = True) -> Ended:
    """An apply of Ann and Bob to an account, all of whose changes came to that."""
    desired = desired_state(ANN, BOB)
    if only or live.certificate.mode == "targeted":
        desired = replace(desired, selection=Selection(frozenset(desired.users)))
    note, evidence = RecordNote(serial=6, made_on="2026-11-29"), Evidence(unsettled=3, ignored=2)
    made = make_plan(PlanInput(desired, live, SANDBOX, OPEN, TODAY, record=note, evidence=evidence))
    outcomes = [Outcome(change=change, status=status) for change in made.plan.changes]  # type: ignore[arg-type]
    return Ended(made.plan, made.decided, desired, outcomes, settled, only, (), {"max_updates": 1}, 2, 4)


def keys(record: ApplyRecord) -> dict[str, bool]:
    return {name: record.covers_key(f"user/{name}") for name in ("ann", "bob", "zoe")}


def test_a_whole_apply_covers_all_and_samples_who_is_linked() -> None:
    live = live_state(live_user("ann"), live_user("bob"))
    record = end_apply(BEGUN, ended(live), LATER, OLD)

    assert ("ended", LATER, None, True, "full") == (record.state, record.at, record.until, record.whole, record.mode)
    assert Covers(kind="all") == record.covers
    assert {salted("5a17", "user/ann", "id-ann"), salted("5a17", "user/bob", "id-bob")} == {
        one.linked for one in record.sample
    }
    assert (7, 2, {"max_updates": 1}, 4) == (record.serial, record.population, record.effects, record.ignored)


def test_who_could_not_be_created_is_not_covered() -> None:
    """Whoever was reached is, linked or just created."""
    live = live_state(live_user("ann"))
    record = end_apply(BEGUN, ended(live, status="failed", settled=False), LATER, OLD)

    assert not record.whole
    assert {"ann": True, "bob": False, "zoe": True} == keys(record)
    assert {"ann": True, "bob": True, "zoe": True} == keys(end_apply(BEGUN, ended(live, settled=False), LATER, OLD))


def test_an_apply_of_named_keys_covers_those_and_is_never_whole() -> None:
    live = live_state(live_user("ann"))
    record = end_apply(BEGUN, ended(live, only=True), LATER, OLD)

    assert (False, True, "only") == (record.whole, record.only, record.covers.kind)
    assert {"ann": True, "bob": True, "zoe": False} == keys(record)
    assert (3, 2) == (record.unsettled, record.ignored), "what the last plan of everybody counted"


def test_a_read_that_is_not_of_everybody_passes_the_sample_on() -> None:
    live = live_state(live_user("ann"), live_user("bob"))
    part = replace(live, certificate=replace(live.certificate, mode="targeted"))
    record = end_apply(BEGUN, ended(part), LATER, OLD)

    assert (OLD, "targeted", True) == (record.sample, record.mode, record.whole)
    assert (3, 2) == (record.unsettled, record.ignored)


def test_a_saved_live_state_is_no_read_on_record() -> None:
    live = live_state(live_user("ann"), live_user("bob"))
    saved = replace(live, certificate=replace(live.certificate, mode="snapshot"))

    assert end_apply(BEGUN, ended(saved), LATER, OLD).mode is None


def test_an_apply_that_sent_nothing_covers_nobody_and_passes_on_what_was_open() -> None:
    last = BEGUN.model_copy(update={"state": "ended", "until": None, "sample": OLD, "open": "all", "population": 9})

    assert end_without_effect(BEGUN, LATER, None).abandoned
    record = end_without_effect(BEGUN, LATER, last)
    assert (True, OLD, "all", 9) == (record.abandoned, record.sample, record.open, record.population)
