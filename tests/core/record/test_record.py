"""One record: what is written is read, and nothing else is."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.record.record import (
    MOST_BYTES,
    ApplyRecord,
    Covers,
    OpenAtom,
    make_sample,
    parse_record,
    read_moment,
    salted,
    spell_record,
)
from reconciler.errors import NotARecord
from tests.core.ownership.histories import SALT, make_record, name_of

WRITTEN = make_record(
    3,
    whole=True,
    digest="sha256:0",
    counts={"applied": 2},
    effects={"max_deactivations": 1},
    population=40,
    sample=make_sample(SALT, [(f"user/u{n}", f"id-{n}") for n in range(40)]),
    open=(OpenAtom(effect="0" * 16, outcome="1" * 16, serial=2, date="2026-11-20"),),
    unsettled=2,
    ignored=1,
)


def spelt(**fields: Any) -> bytes:
    written = json.loads(spell_record(make_record(until="2026-11-29T11:00:00+00:00")))
    return json.dumps({key: value for key, value in {**written, **fields}.items() if value is not ...}).encode()


@pytest.mark.parametrize("record", [WRITTEN, make_record(), make_record(state="begun"), make_record(state="recovered")])
def test_what_is_written_is_read(record: ApplyRecord) -> None:
    assert record == parse_record(spell_record(record))


def test_a_sample_that_is_passed_on_is_parsed_once_and_read_each_time() -> None:
    samples: dict[bytes, Any] = {}
    first, again = (parse_record(spell_record(WRITTEN), samples) for _ in range(2))

    assert WRITTEN == first == again
    assert 1 == len(samples)
    assert first.sample is again.sample


def test_the_text_of_a_sample_within_a_value_is_a_value() -> None:
    record = make_record(run='x,"sample":[1]', sample=WRITTEN.sample)

    assert record == parse_record(spell_record(record))


def test_the_sample_is_of_25_people_whoever_comes_first() -> None:
    pairs = [(f"user/u{n}", f"id-{n}") for n in range(40)]

    assert 25 == len(make_sample(SALT, pairs))
    assert make_sample(SALT, pairs) == make_sample(SALT, reversed(pairs))


def test_nothing_of_a_person_is_in_a_record() -> None:
    written = spell_record(WRITTEN) + spell_record(
        make_record(covers=Covers(kind="all_but", keys=(salted(SALT, "user/u1"),)))
    )

    assert not any(f"{word}{n}".encode() in written for word in ("user/u", "id-") for n in range(40))


def test_a_record_that_is_cut_at_any_byte_is_none() -> None:
    written = spell_record(WRITTEN)
    for end in range(len(written) - 1):
        with pytest.raises(NotARecord, match=r"apply\.json"):
            parse_record(written[:end])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "should be an object"),
        (b"{}", "serial: Field required"),
        (spelt(format=2), "its format is not 1"),
        (spelt(format=2, surprise=1, salt=...), "its format is not 1"),
        (spelt(surprise=1), "surprise: Extra inputs are not permitted"),
        (spelt(**{"alice@example.com": 1}), r"\*: Extra inputs"),
        (spelt(serial=0), "serial: "),
        (spelt(serial="1"), "serial: "),
        (spelt(state="done"), "state: "),
        (spelt(commit="HEAD"), "commit is not a commit id"),
        (spelt(commit="--upload-pack=x"), "commit is not a commit id"),
        (spelt(tree="x"), "tree is not a tree id"),
        (spelt(salt=""), "salt is empty"),
        (spelt(state="begun", until=...), "until is missing"),
        (spelt(at="yesterday"), "at or until is not a time"),
        (spelt(at="0001-01-01T00:00:00+23:00"), "at or until is not a time"),
        (spelt(until="2026-13-01T00:00:00+00:00"), "at or until is not a time"),
        (spelt(as_of="today"), "is not a date"),
        (spelt(open=[{"effect": "0" * 16, "outcome": "0" * 16, "serial": 1, "date": "x"}]), "is not a date"),
        (spelt(covers={"kind": "only", "keys": ["user/alice"]}), "covers"),
        (spelt(counts={"applied": -1}), "counts"),
        (spelt(sample=[{"key": "0" * 16, "linked": "0" * 16}] * 26), "sample"),
        (spelt(sample=[{"key": "alice", "linked": "0" * 16}]), "sample"),
        (spelt(run="x" * 2_000), "run: "),
        (b" " * (MOST_BYTES + 1), "8,000,001 bytes"),
    ],
)
def test_what_is_no_record_is_refused_with_a_reason(content: bytes, words: str) -> None:
    with pytest.raises(NotARecord, match=words) as raised:
        parse_record(content)
    assert 4 == raised.value.exit_code
    assert "alice" not in str(raised.value)


@given(st.binary(max_size=300) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_no_bytes_raise_anything_else(content: bytes | str) -> None:
    with pytest.raises(NotARecord):
        parse_record(content if isinstance(content, bytes) else content.encode())


def test_a_byte_that_changed_gives_a_record_or_a_reason() -> None:
    written = spell_record(WRITTEN)
    for place in range(len(written)):
        content = bytearray(written)
        content[place] ^= 2
        with suppress(NotARecord):
            assert isinstance(parse_record(bytes(content)), ApplyRecord)


@pytest.mark.parametrize(
    ("covers", "covered"),
    [
        (Covers(kind="all"), True),
        (Covers(kind="only"), False),
        (Covers(kind="only", keys=(salted(SALT, "user/alice"),)), True),
        (Covers(kind="all_but", keys=(salted(SALT, "user/alice"),)), False),
        (Covers(kind="all_but", keys=(salted(SALT, "user/bob"),)), True),
    ],
)
def test_a_key_is_covered_by_its_hash(covers: Covers, covered: bool) -> None:  # noqa: FBT001
    assert covered is make_record(covers=covers).covers_key("user/alice")


@pytest.mark.parametrize(
    ("fields", "full", "moves"),
    [
        ({"whole": True, "mode": "full"}, True, True),
        ({"whole": True, "mode": "incremental"}, True, True),
        ({"whole": True, "mode": "targeted"}, False, True),
        ({"whole": True, "mode": "targeted", "only": True}, False, False),
        ({"whole": False, "mode": "full"}, False, False),
        ({"whole": True, "mode": "full", "state": "begun"}, False, False),
    ],
)
def test_which_apply_was_whole_and_which_looked_at_everybody(fields: dict[str, Any], full: bool, moves: bool) -> None:  # noqa: FBT001
    record = make_record(**fields)

    assert (full, moves) == (record.full, record.moves_front)


@pytest.mark.parametrize(
    ("fields", "abandoned"),
    [
        ({}, True),
        ({"counts": {"applied": 0}}, True),
        ({"counts": {"applied": 1}}, False),
        ({"effects": {"max_deactivations": 1}}, False),
        ({"whole": True}, False),
        ({"covers": Covers(kind="all")}, False),
        ({"covers": Covers(kind="only", keys=("0" * 16,))}, False),
        ({"state": "recovered"}, False),
    ],
)
def test_an_apply_that_ended_before_it_did_anything_is_abandoned(fields: dict[str, Any], abandoned: bool) -> None:  # noqa: FBT001
    assert abandoned is make_record(**{"covers": Covers(kind="only"), **fields}).abandoned


def test_moments_are_in_utc() -> None:
    assert read_moment("2026-11-29T10:00:00") == read_moment("2026-11-29T11:00:00+01:00")
    assert make_record(2, "begun").written_at < make_record(2, "begun").sends_until
    assert make_record(2).written_at == make_record(2).sends_until
    assert 40 == len(name_of("x"))
