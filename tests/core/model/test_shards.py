"""Tenants in parts, each small enough for one matrix."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model.shards import MOST_JOBS, Part, count_parts, read_part, take_part


@given(st.integers(0, 3000))
def test_every_tenant_is_in_exactly_one_part_and_every_part_fits(count: int) -> None:
    tenants = [f"t{number}" for number in range(count)]
    of = count_parts(count)

    parts = [take_part(tenants, Part(number, of)) for number in range(1, of + 1)]

    assert sorted(tenants) == sorted(one for part in parts for one in part)
    assert max(map(len, parts)) <= MOST_JOBS
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_as_few_parts_as_fit() -> None:
    assert [1, 1, 1, 2, 2, 3] == [count_parts(count) for count in (0, 1, 256, 257, 512, 513)]


def test_a_tenant_that_is_added_at_the_end_moves_nobody() -> None:
    assert ["a", "c"] == take_part(["a", "b", "c"], Part(1, 2))
    assert ["a", "c"] == take_part(["a", "b", "c", "d"], Part(1, 2))


def test_a_part_reads_as_it_is_written() -> None:
    assert Part(2, 3) == read_part(str(Part(2, 3)))


@pytest.mark.parametrize("text", ["", "2", "0/1", "3/2", "1/0", "-1/2", "1/2/3", "a/b", "1/99999", "\u0661/\u0662"])
def test_what_is_no_part_is_none(text: str) -> None:
    assert read_part(text) is None
