"""Which reads need the fewest requests: each choice is compared with the sums of requests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.scim.request_cost import (
    ask_each,
    count_left,
    count_pages,
    finish_each,
    seek_each,
    seek_each_missing,
)


@pytest.mark.parametrize(("entries", "pages"), [(0, 1), (1, 1), (100, 1), (101, 2), (1_000, 10), (10_001, 101)])
def test_a_list_costs_its_pages_and_one_at_least(entries: int, pages: int) -> None:
    """One page shows that the list is empty."""
    assert (pages, pages - 1) == (count_pages(entries), count_left(entries))


@given(st.integers(1, 500), st.integers(0, 50_000))
def test_people_are_sought_one_by_one_where_that_is_less_than_the_list(wanted: int, users: int) -> None:
    """The list brings all of them; as many lookups as pages are no gain."""
    cost = wanted if seek_each(wanted, users) else count_pages(users)

    assert min(wanted, count_pages(users)) == cost
    assert seek_each(wanted, None)


@given(st.integers(0, 500), st.integers(0, 50_000), st.integers(0, 50_000))
def test_those_who_were_not_found_cost_one_request_more_at_most_than_the_best(
    missing: int, listed: int, others: int
) -> None:
    """How many people there are at all is not known before it is asked."""
    everyone = listed + others
    if seek_each_missing(missing, listed):
        cost = missing
    else:
        cost = 1 + (missing if finish_each(missing, count_left(everyone)) else count_left(everyone))

    assert min(missing, count_pages(everyone)) <= cost <= min(missing, count_pages(everyone)) + 1
    assert not (missing == 0 and cost)


@given(st.integers(0, 3_000), st.lists(st.integers(0, 3_000), min_size=21, max_size=21))
def test_roles_cost_no_more_than_the_first_page_of_each_above_the_best(people: int, holders: list[int]) -> None:
    """Each person's roles, or each role's holders; with few people always the cheaper one."""
    by_role = sum(map(count_pages, holders))
    if ask_each(people, len(holders)):
        cost = people
    else:
        left = sum(map(count_left, holders))
        cost = len(holders) + (people if finish_each(people, left) else left)

    assert min(people, by_role) <= cost <= min(people, by_role) + len(holders)
    if people <= len(holders):
        assert min(people, by_role) == cost
