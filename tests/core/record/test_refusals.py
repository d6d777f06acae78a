"""Every refusal of the record: when it holds, when it does not, and its way out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.core.record.history import Lock, Sample
from reconciler.core.record.record import Covers, make_sample
from reconciler.core.record.refusals import (
    RecordRefusal,
    check_account,
    check_behind,
    check_beside,
    check_folder,
    check_lock,
    check_other_tenants,
    check_tip,
    choose_sample,
    count_found,
    refuse_begin,
    refuse_cut,
    refuse_unknown,
    refuse_unknown_tip,
    refuse_unreadable,
)
from reconciler.errors import ApplyIsOpen
from tests.core.ownership.histories import SALT, entry, history, name_of

PEOPLE = [(f"user/u{n}", f"id-{n}") for n in range(6)]
SAMPLE = Sample(SALT, make_sample(SALT, PEOPLE), 7)
WHOLE = entry("a", "", 1, whole=True)
PARTIAL = entry("b", "a", 2)
KILLED = entry("c", "b", 3, "begun")


def test_another_apply_that_is_open_is_named_with_the_time() -> None:
    refusal = check_lock(Lock("held", "run-1", 12, datetime(2026, 11, 29, 11, 5, tzinfo=UTC)))

    assert refusal is not None
    assert (4, 12) == (refusal.exit_code, refusal.serial)
    assert "#12 of run-1" in refusal.sentence
    assert "2026-11-29 11:05:00 UTC" in refusal.way_out
    assert "error" == refusal.as_problem().severity


@pytest.mark.parametrize("lock", [Lock(), Lock("mine", "run-1", 1, datetime(2026, 11, 29, tzinfo=UTC)), Lock("held")])
def test_a_lock_that_is_free_or_of_this_run_refuses_nothing(lock: Lock) -> None:
    assert check_lock(lock) is None


def test_what_a_later_whole_apply_has_is_applied_already() -> None:
    refusal = check_behind(history(WHOLE), {name_of("c1")})

    assert refusal is not None
    assert ("applied_already", 0, 1) == (refusal.because, refusal.exit_code, refusal.serial)
    assert "apply #1 applied" in refusal.sentence
    assert "info" == refusal.as_problem().severity


@pytest.mark.parametrize("later", [PARTIAL, KILLED])
def test_what_a_later_apply_has_that_was_not_whole_is_refused(later: object) -> None:
    assert later in (PARTIAL, KILLED)
    found = history(WHOLE, PARTIAL, KILLED) if later is KILLED else history(WHOLE, PARTIAL)
    refusal = check_behind(found, {one.record.commit for one in found.entries})

    assert refusal is not None
    assert ("behind", 4) == (refusal.because, refusal.exit_code)
    assert "revert" in refusal.way_out


def test_an_apply_that_leads_here_is_not_later() -> None:
    assert check_behind(history(WHOLE, PARTIAL), set()) is None


def test_what_was_applied_beside_head_is_refused_until_it_is_merged_or_equal() -> None:
    refusal = check_beside(history(WHOLE, PARTIAL), {name_of("c1")}, {name_of("t1")})

    assert refusal is not None
    assert ("beside", 2) == (refusal.because, refusal.serial)
    assert f"merge {name_of('c2')[:12]}" in refusal.way_out
    assert "recover" in refusal.way_out
    assert check_beside(history(WHOLE, PARTIAL), {name_of("c2")}, ()) is None
    assert check_beside(history(WHOLE, PARTIAL), (), {name_of("t2")}) is None


def test_a_commit_without_the_folder_equals_none() -> None:
    assert check_beside(history(entry("a", tree=None)), (), {name_of("t1")}) is not None


def test_both_lines_of_a_union_must_lead_to_head() -> None:
    two = history(WHOLE, PARTIAL, entry("d", "a", 4, run="run-2"))

    assert check_beside(two, {name_of("c2")}, ()) is not None
    assert check_beside(two, {name_of("c4")}, ()) is not None
    assert check_beside(two, {name_of("c2"), name_of("c4")}, ()) is None


def test_a_recovery_says_which_line_counts() -> None:
    recovered = history(WHOLE, entry("b", "a", 2, "recovered", commit="x"))

    assert check_beside(recovered, {name_of("x")}, ()) is None
    assert check_beside(recovered, {name_of("c1")}, ()) is not None


def test_a_second_folder_with_the_same_record_is_refused() -> None:
    refusal = check_folder(history(WHOLE), "other", {"desired-state"}, "production")

    assert refusal is not None
    assert "two_folders" == refusal.because
    assert "record: other-name" in refusal.way_out


@pytest.mark.parametrize(("folder", "present"), [("desired-state", {"desired-state"}), ("moved", set[str]())])
def test_a_folder_that_moved_is_no_second_one(folder: str, present: set[str]) -> None:
    assert check_folder(history(WHOLE), folder, present, "production") is None


@pytest.mark.parametrize(
    ("known", "found", "targeted", "refused"),
    [
        (6, 2, False, True),
        (6, 3, False, False),
        (5, 2, False, True),
        (5, 3, False, False),
        (5, 0, False, True),
        (4, 0, False, False),
        (5, 2, True, True),
        (5, 3, True, False),
        (4, 0, True, False),
    ],
)
def test_the_account_is_told_by_who_of_the_sample_is_there(
    known: int,
    found: int,
    targeted: bool,  # noqa: FBT001
    refused: bool,  # noqa: FBT001
) -> None:
    linked = dict(PEOPLE[:known])
    ids = {live_id for _key, live_id in PEOPLE[:found]} | {"other"}
    refusal = check_account(SAMPLE, linked, ids, targeted=targeted)

    assert refused is (refusal is not None)
    if refusal is not None:
        assert "recover" in refusal.way_out
        assert "#7" in refusal.sentence


def test_without_a_sample_any_account_is_believed() -> None:
    assert check_account(None, dict(PEOPLE), ()) is None


def test_who_is_not_linked_any_more_is_found_by_id() -> None:
    assert (6, 6) == count_found(SAMPLE, {key: "" for key, _id in PEOPLE}, [live_id for _key, live_id in PEOPLE])
    assert (6, 0) == count_found(SAMPLE, dict(PEOPLE), ())
    assert (0, 0) == count_found(SAMPLE, {"user/new": "id-0"}, ["id-0"])


def test_the_account_of_another_tenant_is_refused_unless_it_is_said_to_be_shared() -> None:
    facts = (dict(PEOPLE), [live_id for _key, live_id in PEOPLE])
    refusal = check_other_tenants(history(), {"qa": SAMPLE}, *facts)

    assert refusal is not None
    assert "`formerly: qa`" in refusal.way_out
    assert "`beside: qa`" in refusal.way_out
    assert check_other_tenants(history(), {"qa": SAMPLE}, *facts, beside="qa") is None
    assert check_other_tenants(history(), {"qa": SAMPLE}, dict(PEOPLE), ["id-0", "id-1"]) is None
    assert check_other_tenants(history(entry("a", sample=SAMPLE.entries)), {"qa": SAMPLE}, *facts) is None


def test_a_targeted_read_asks_for_five_of_the_sample() -> None:
    keys = [key for key, _id in PEOPLE]
    asked = choose_sample(SAMPLE, [*keys, "user/new"])

    assert 5 == len(asked)
    assert set(asked) < set(keys)
    assert asked == choose_sample(SAMPLE, reversed(keys))
    assert () == choose_sample(None, keys)


@pytest.mark.parametrize(
    ("refusal", "sentence", "way_out"),
    [
        (refuse_begin("protected"), "can't be pushed (protected)", "reconciler/*"),
        (refuse_unknown("no route"), "ownership is not known", "fetch"),
        (refuse_cut("shallow"), "lacks history", "--unshallow"),
        (refuse_unreadable("prod", "b" * 40, "not JSON", "a" * 40), "can't be read: not JSON", "a" * 40),
        (refuse_unreadable("prod", "b" * 40, "not JSON", None), "reconciler/prod", "reconciler ownership recover"),
    ],
)
def test_every_refusal_has_a_way_out(refusal: object, sentence: str, way_out: str) -> None:
    problem = refusal.as_problem()  # type: ignore[attr-defined]

    assert sentence in problem.message
    assert way_out in problem.hint
    assert 4 == refusal.exit_code  # type: ignore[attr-defined]


def test_an_apply_that_was_refused_once_begun_is_not_beside() -> None:
    refused = entry("b", "a", 2, "begun"), entry("c", "b", 2, covers=Covers(kind="only"))

    assert check_beside(history(WHOLE, *refused), {name_of("c1")}, ()) is None


def test_a_refusal_is_an_error_with_its_way_out() -> None:
    """One of its own where another apply is open, with the time."""
    until = datetime(2026, 11, 29, 11, 5, tzinfo=UTC)
    open_apply = check_lock(Lock("held", "run-1", 12, until))

    assert open_apply is not None
    assert isinstance(open_apply.as_error(), ApplyIsOpen)
    assert "two folders: name one" == str(RecordRefusal("two_folders", "two folders", "name one").as_error())


def test_an_old_run_must_be_of_the_tip() -> None:
    """The refusal names the tip, and what to run."""
    run = "this is attempt 2 of a run"

    assert check_tip("a" * 40, "main", "a" * 40, run) is None
    refusal = check_tip("a" * 40, "main", "b" * 40, run)
    assert refusal is not None
    assert ("not_the_tip", 4) == (refusal.because, refusal.exit_code)
    assert f"{run}, and aaaaaaaaaaaa is not the tip of main, which is bbbbbbbbbbbb" == refusal.sentence
    assert "run the newest again" in refusal.way_out


def test_a_tip_that_can_not_be_asked_for_refuses() -> None:
    refusal = refuse_unknown_tip("this is attempt 2 of a run", "no answer")

    assert ("not_the_tip", 4) == (refusal.because, refusal.exit_code)
    assert "the remote can't be asked for the tip of the default branch (no answer)" in refusal.sentence
