"""A plan file that an apply was given already approves nothing more but what that apply left open."""

from __future__ import annotations

from reconciler.core.approval.carried import find_apply_of
from reconciler.core.changes.plan import Cost, Plan, ReadSummary
from reconciler.core.changes.plan_notes import RecordNote
from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import RecordEntry
from tests.core.examples import apply_record


def plan(note: RecordNote | None) -> Plan:
    return Plan(
        tenant="production",
        url="https://4me.example/scim/v2",
        commit=None,
        base=None,
        as_of="2026-11-29",
        applyable=True,
        converges=True,
        read=ReadSummary(mode="full", complete=True, users=0, groups=0, requests=1),
        cost=Cost(requests=0, seconds=0),
        changes=(),
        record=note,
    )


def made_after(serial: int | None) -> Plan:
    return plan(RecordNote(serial=serial, made_on="2026-11-29"))


def history(*given: tuple[int, str]) -> ApplyHistory:
    """Applies by serial, each with the digest of the plan that it was given."""
    records = [apply_record(serial, f"{serial:040x}").model_copy(update={"plans": (one,)}) for serial, one in given]
    return ApplyHistory(tuple(RecordEntry(f"r{record.serial}", (), record) for record in records))


def test_an_approval_runs_once() -> None:
    """By the digest, and by an apply that came after the plan was made."""
    approved = made_after(3)

    assert 4 == find_apply_of(approved, history((4, approved.digest)))
    assert find_apply_of(approved, history((4, "sha256:other"))) is None
    assert 1 == find_apply_of(made_after(None), history((1, approved.digest)))


def test_a_plan_made_anew_with_the_same_effects_is_another_approval() -> None:
    again = made_after(4)

    assert find_apply_of(again, history((4, again.digest))) is None


def test_a_plan_that_knows_no_record_has_no_earlier_apply() -> None:
    assert find_apply_of(plan(None), history((4, plan(None).digest))) is None


def test_a_begin_uses_up_no_approval() -> None:
    """A killed apply has not done what it was given: the next one may."""
    approved = made_after(3)
    [entry] = history((4, approved.digest)).entries
    begun = RecordEntry("r4", (), entry.record.model_copy(update={"state": "begun"}))

    assert find_apply_of(approved, ApplyHistory((begun,))) is None


def test_an_apply_that_left_more_open_than_a_record_names_uses_up_nothing() -> None:
    approved = made_after(3)
    [entry] = history((4, approved.digest)).entries
    left_all = RecordEntry("r4", (), entry.record.model_copy(update={"open": "all"}))

    assert find_apply_of(approved, ApplyHistory((left_all,))) is None
