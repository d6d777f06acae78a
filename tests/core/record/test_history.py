"""The history of applies: what follows from its records, in whatever order they came together."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model.resources import Key
from reconciler.core.record.applied import find_applied
from reconciler.core.record.history import ApplyHistory, Lock
from reconciler.core.record.record import Covers, OpenAtom, RecordEntry, make_sample
from reconciler.errors import NotARecord
from tests.core.ownership.histories import SALT, entry, history, ids, name_of

ATOM = OpenAtom(effect="0" * 16, outcome="1" * 16, serial=1, date="2026-11-01")
OTHER = OpenAtom(effect="2" * 16, outcome="3" * 16, serial=2, date="2026-11-01")
SAMPLE = make_sample(SALT, [("user/alice", "1")])


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-29T{clock}:00+00:00").astimezone(UTC)


@st.composite
def graphs(draw: st.DrawFn) -> list[RecordEntry]:
    """Some records, each after some that came before it."""
    found: list[RecordEntry] = []
    for number in range(draw(st.integers(0, 8))):
        parents = draw(st.lists(st.sampled_from([one.id for one in found]), max_size=2, unique=True)) if found else []
        state = draw(st.sampled_from(["begun", "ended", "ended", "recovered"]))
        whole = draw(st.booleans())
        sample = SAMPLE if draw(st.booleans()) else ()
        serial = draw(st.integers(1, 4))
        found.append(entry(f"r{number}", " ".join(parents), serial, state, whole=whole, sample=sample))
    return found


@given(graphs(), st.randoms(use_true_random=False))
def test_records_merge_by_union_in_any_order(entries: list[RecordEntry], random: object) -> None:
    """Commutative, associative, idempotent; every fact is of the set of records."""
    whole = ApplyHistory(tuple(entries))
    parts = [ApplyHistory(tuple(entries[number::3])) for number in range(3)]
    random.shuffle(parts)  # type: ignore[attr-defined]
    first, second, third = parts

    assert whole == first.union(second).union(third) == third.union(second.union(first))
    assert whole == whole.union(first) == whole.union(whole)
    assert facts(whole) == facts(third.union(first).union(second))


def facts(one: ApplyHistory) -> list[object]:
    return [
        one.next_serial,
        one.tips(),
        one.front(),
        one.last_applies(),
        one.open_begins(),
        one.lock(at("11:02"), "run-2"),
        one.last_sample(),
        one.open_atoms(),
        one.recovered,
        one.unsettled,
        find_applied(one),
    ]


def test_before_the_first_apply_there_is_nothing() -> None:
    nothing = history()

    assert 1 == nothing.next_serial
    assert () == nothing.tips() == nothing.front() == nothing.last_applies() == nothing.open_begins()
    assert nothing.last_ended() is nothing.last_full() is None
    assert nothing.last_sample() is None
    assert nothing.salt is None
    assert not nothing.recovered
    assert (0, 0) == (nothing.unsettled, nothing.ignored)
    assert Lock() == nothing.lock(at("10:00"), "run-1")
    assert {} == find_applied(nothing).records
    assert () == nothing.open_atoms()


@pytest.mark.parametrize(("before", "told"), [("", "before it"), ("a", r"before it \(a\)")])
def test_no_serial_follows_the_highest(before: str, told: str) -> None:
    """Somebody forged it: that is refused with the way out, and no record is made that does not read."""
    found = history(entry("a", "", 1), entry("b", before, 10**9))

    with pytest.raises(NotARecord, match=rf"the record b has the serial 1000000000, .* {told}$"):
        _ = found.next_serial


def test_the_last_applies_are_told_apart_by_how_whole_they_were() -> None:
    found = history(
        entry("a", "", 1, whole=True),
        entry("b", "a", 2, whole=True, mode="targeted"),
        entry("c", "b", 3),
        entry("d", "c", 4, "begun"),
    )

    assert ["a", "c"] == [one.id for one in (found.last_full(), found.last_ended()) if one]
    assert 5 == found.next_serial
    assert ["d"] == ids(found.tips())
    assert ["b", "c", "d"] == ids(found.front())
    assert ["d"] == ids(found.last_applies())


def test_the_front_of_a_union_has_the_last_whole_apply_of_each_line() -> None:
    found = history(
        entry("a", "", 1, whole=True),
        entry("b", "a", 2, whole=True),
        entry("c", "a", 2, whole=True, run="run-2"),
        entry("d", "c", 3, run="run-2"),
    )

    assert ["b", "c", "d"] == ids(found.front())
    assert ["b", "d"] == ids(found.last_applies()) == ids(found.tips())
    assert ["e"] == ids(found.union(history(entry("e", "b d", 4, whole=True))).front())


def test_a_begin_is_left_to_its_end_and_counts_without_one() -> None:
    begun, ended = entry("a", "", 1, "begun"), entry("b", "a", 1, whole=False)
    killed = entry("c", "b", 2, "begun")

    assert ["b", "c"] == ids(history(begun, ended, killed).front())
    applied = find_applied(history(begun, ended, killed)).records
    assert (ended.record,) == applied[name_of("c1")]
    assert (killed.record,) == applied[name_of("c2")]
    assert [name_of("c2"), name_of("c1")] == [*applied]


def test_an_apply_that_did_nothing_moves_nothing() -> None:
    done = entry("a", "", 1, whole=True)
    refused = entry("b", "a", 2, "begun"), entry("c", "b", 2, covers=Covers(kind="only"))

    assert ["a"] == ids(history(done, *refused).front()) == ids(history(done, *refused).last_applies())


def test_an_end_of_another_line_with_the_same_serial_ends_nothing() -> None:
    found = history(
        entry("a", "", 1, "begun"), entry("b", "", 1, "begun", run="run-2"), entry("c", "b", 1, run="run-2")
    )

    assert ["a"] == ids(found.open_begins())


def test_a_commit_that_was_applied_twice_has_both_records_and_is_the_newest() -> None:
    found = history(entry("a", "", 1, commit="x"), entry("b", "a", 2), entry("c", "b", 3, commit="x"))

    applied = find_applied(found).records
    assert [3, 1] == [record.serial for record in applied[name_of("x")]]
    assert [name_of("x"), name_of("c2")] == [*applied]


@pytest.mark.parametrize(
    ("clock", "run", "state"),
    [("11:05", "run-2", "held"), ("11:05", "run-1", "mine"), ("11:06", "run-2", "free"), ("11:06", "run-1", "free")],
)
def test_a_begin_holds_the_lock_until_five_minutes_after_it_may_send(clock: str, run: str, state: str) -> None:
    lock = history(entry("a", "", 1, "begun")).lock(at(clock), run)

    assert state == lock.state
    assert lock == (Lock() if state == "free" else Lock(lock.state, "run-1", 1, at("11:06")))


def test_of_two_begins_of_a_union_the_one_that_sends_longest_counts() -> None:
    found = history(entry("a", "", 1, "begun"), entry("b", "", 9, "begun", run="run-2"))

    assert Lock("held", "run-2", 9, at("11:14")) == found.lock(at("11:00"), "run-1") == found.lock(at("11:00"), "run-3")
    assert Lock("held", "run-1", 1, at("11:06")) == found.lock(at("11:00"), "run-2")


def test_what_ended_or_was_taken_over_or_given_up_holds_no_lock() -> None:
    begun = entry("a", "", 1, "begun")

    for next_one in (entry("b", "a", 1), entry("b", "a", 2, "begun", run="run-2"), entry("b", "a", 2, "recovered")):
        assert begun not in history(begun, next_one).open_begins()


def test_the_sample_is_of_the_last_read_and_later_ends_may_lack_it() -> None:
    newer = make_sample("other", [("user/bob", "2")])
    found = history(
        entry("a", "", 1, sample=SAMPLE), entry("b", "a", 2, sample=newer, salt="other"), entry("c", "b", 3)
    )
    sample = found.last_sample()

    assert sample is not None
    assert (newer, "other", 2) == (sample.entries, sample.salt, sample.serial)
    assert "other" == found.salt
    assert SALT == history(entry("a")).salt


def test_after_a_recovery_what_was_before_is_only_evidence() -> None:
    found = history(
        entry("a", "", 1, whole=True, sample=SAMPLE), entry("b", "a", 2, "begun"), entry("c", "b", 3, "recovered")
    )

    assert found.recovered
    assert ["c"] == ids(found.front()) == ids(found.last_applies()) == ids(found.counted())
    assert found.last_sample() is None
    assert "free" == found.lock(at("10:05"), "run-2").state
    applied, alice = find_applied(found), Key("user", "alice")
    assert [True, True, False] == [applied.covers(name_of(one), alice) for one in ("c1", "c2", "c3")]


def test_a_whole_full_apply_settles_a_recovery_that_it_follows() -> None:
    recovered = entry("a", "", 1, "recovered")

    assert history(recovered, entry("b", "a", 2, whole=True, mode="targeted")).recovered
    assert history(recovered, entry("b", "", 2, whole=True)).recovered
    assert not history(recovered, entry("b", "a", 2, whole=True)).recovered


def test_what_is_open_is_of_the_last_end_of_each_line() -> None:
    first = entry("a", "", 1, open=(ATOM, OTHER))

    assert (ATOM, OTHER) == history(first, entry("b", "a", 2, "begun")).open_atoms()
    assert () == history(first, entry("b", "a", 2)).open_atoms()
    both = history(first, entry("b", "a", 2, open=(OTHER,)), entry("c", "a", 2, open=(ATOM,), run="run-2"))
    assert (ATOM, OTHER) == both.open_atoms()
    assert "all" == both.union(history(entry("d", "c", 3, open="all"))).open_atoms()


def test_effects_add_up_over_the_applies_that_ended_since() -> None:
    found = history(
        entry("a", "", 1, effects={"max_deactivations": 4}),
        entry("b", "a", 5, effects={"max_deactivations": 1, "max_clears": 2}),
        entry("c", "b", 6, effects={"max_deactivations": 1}),
        entry("d", "c", 7, "begun"),
    )

    assert {"max_deactivations": 2, "max_clears": 2} == found.effects_since(at("10:05"))
    assert {} == found.effects_since(at("10:07"))


def test_who_was_named_is_repeated_until_a_full_apply_says_otherwise() -> None:
    first = history(entry("a", "", 1, whole=True, unsettled=3, ignored=1))
    later = first.union(history(entry("b", "a", 2, unsettled=1, ignored=2, mode="targeted")))

    assert (3, 1) == (first.unsettled, first.ignored)
    assert (3, 2) == (later.unsettled, later.ignored)
    full = later.union(history(entry("c", "b", 3, whole=True)))
    assert (0, 0) == (full.unsettled, full.ignored)


def test_a_whole_apply_of_the_same_tree_leaves_nothing_to_record() -> None:
    whole = entry("a", "", 1, whole=True)

    assert history(whole).is_settled(name_of("t1"))
    assert not history(whole).is_settled(name_of("t2"))
    assert not history(entry("a", tree=None, whole=True)).is_settled(None)
    assert not history(entry("a")).is_settled(name_of("t1"))
    assert not history(whole, entry("b", "a", 2, "begun", tree="t1")).is_settled(name_of("t1"))
    assert not history(entry("r", "", 1, "recovered"), entry("a", "r", 1, whole=True, mode="targeted")).is_settled(
        name_of("t1")
    )
    assert not history().is_settled(name_of("t1"))


def test_a_record_is_left_out_by_its_id() -> None:
    found = history(entry("a"), entry("b", "a", 2))

    assert history(entry("a")) == found.without(["b"])
    assert {"a"} == found.before(found.tips())


def test_a_record_is_another_one_after_a_recovery() -> None:
    """Before the first apply it is none."""
    first = history(entry("a", serial=1))
    later = history(entry("a", serial=1), entry("b", "a", serial=2))
    recovered = history(entry("a", serial=1), entry("b", "a", serial=2, state="recovered"))

    assert "" == ApplyHistory().identity
    assert "" != first.identity == later.identity
    assert first.identity != recovered.identity


def test_of_the_commits_on_record_the_front_begins_at_the_newest_whole_apply() -> None:
    found = find_applied(history(entry("a", "", 1), entry("b", "a", 2, whole=True), entry("c", "b", 3)))

    assert (name_of("c3"), name_of("c2")) == found.front()
    assert name_of("c2") == found.start_of_front()
    assert found.covers(name_of("c1"), Key("user", "ann"))
    assert not found.covers(name_of("elsewhere"), Key("user", "ann"))
