"""Pages that add up, pages that join, and the faults of those that don't."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.scim.pages import CHANGES, LIES, Listing, add_up, conclude, goes_on, join_up, list_starts
from reconciler.core.scim.wire import Page

SIZE = 4


def page(total: int, *ids: str | None) -> Page:
    return Page(total, [{"id": one} for one in ids])


def again(text: str) -> str:
    """The same letters, as another answer has them."""
    return text.encode().decode()


def test_pages_side_by_side_start_where_the_one_before_ended() -> None:
    """Of 9 rows, in fours."""
    assert [5, 9] == list(list_starts(9, SIZE, SIZE))


@pytest.mark.parametrize(("total", "starts"), [(4, []), (5, [4]), (7, [4]), (8, [4, 7]), (0, [])])
def test_pages_that_overlap_start_with_the_last_row_of_the_one_before(total: int, starts: list[int]) -> None:
    """And there is none whose only row is known."""
    assert starts == list(list_starts(total, SIZE, SIZE - 1))


def test_pages_of_two_overlap_too() -> None:
    """Each brings one who is new."""
    assert [2, 3, 4] == list(list_starts(5, 2, 1))


def test_no_rows_no_further_pages() -> None:
    """However many were announced."""
    assert [] == list(list_starts(9, 0, 0))


def test_pages_that_bring_what_the_first_announced_add_up() -> None:
    """Each id once, in their order."""
    listing = add_up("Users", page(3, "a", "b"), [page(3, "c")])

    assert (["a", "b", "c"], ()) == (list(listing.resources), listing.faults)
    assert not listing.wants_another_look


@pytest.mark.parametrize(
    ("rest", "fault"),
    [
        (page(4, "c"), "Users: the total changed from 3 to 4 during the read"),
        (page(2, "c"), "Users: the total changed from 3 to 2 during the read"),
        (page(3, "b"), "Users: b came twice"),
        (page(3, "a", "b"), "Users: a and 1 more came twice"),
        (page(3), "Users: 3 were announced and 2 came"),
        (page(3, "a", "b", "a"), "Users: a and 2 more came twice"),
        (page(3, "c", "d"), "Users: 3 were announced and 4 came"),
    ],
)
def test_what_a_change_of_the_account_can_explain_is_looked_at_again(rest: Page, fault: str) -> None:
    """A user was added, deleted, or moved to another page."""
    listing = add_up("Users", page(3, "a", "b"), [rest])

    assert fault in listing.faults
    assert listing.wants_another_look


def test_a_row_without_an_id_is_not_looked_at_again() -> None:
    """No change of the account takes an id away."""
    assert not add_up("Users", page(1, None), []).wants_another_look


def test_a_row_without_an_id_hides_no_other() -> None:
    """The rows before and after it are listed."""
    listing = add_up("Users", page(4, "a", None), [page(4, "b", "c")])

    assert ["a", "b", "c"] == list(listing.resources)
    assert (2, "Users: 4 were announced and 3 came") == (len(listing.faults), listing.faults[-1])


def test_a_page_that_never_came_is_not_looked_at_again() -> None:
    """The request was retried often enough; this fault comes first."""
    listing = add_up("Users", page(3, "a", "b"), []).with_faults("Users from 3: answered 503")

    assert ("Users from 3: answered 503", "Users: 3 were announced and 2 came") == listing.faults
    assert not listing.wants_another_look


def test_nothing_wrong_leaves_a_listing_as_it_is() -> None:
    """No fault is none."""
    listing = add_up("Users", page(3, "a", "b"), [])

    assert listing == listing.with_faults()


def test_pages_that_overlap_join_whatever_their_totals_say() -> None:
    """A user was added during the read, at the end."""
    listing = join_up("Users", {1: page(5, "a", "b", "c", "d"), 4: page(6, "d", "e", "f")})

    assert (["a", "b", "c", "d", "e", "f"], ()) == (list(listing.resources), listing.faults)


@pytest.mark.parametrize(
    ("second", "fault"),
    [
        (page(5, "e", "f"), "Users: the row at 4 changed between two requests"),
        (page(5), "Users: the row at 4 changed between two requests"),
        (page(7, "d", "e", "f"), "Users: 7 were announced and 6 came"),
        (page(6, "d", "e", "a"), "Users: a came twice"),
    ],
)
def test_pages_that_do_not_join_are_a_fault(second: Page, fault: str) -> None:
    """Rows moved, the end is missing, or a user comes twice."""
    assert fault in join_up("Users", {1: page(5, "a", "b", "c", "d"), 4: second}).faults


def test_more_may_follow_on_a_full_page_that_joins() -> None:
    """And on no other: a service that shows the same rows for ever is not read for ever."""
    first = page(4, "a", "b", "c", "d")

    assert goes_on({1: first}, SIZE)
    assert goes_on({1: first, 4: page(9, "d", "e", "f", "g")}, SIZE)
    assert not goes_on({1: first, 4: page(9, "d", "e")}, SIZE)
    assert not goes_on({1: first, 4: first}, SIZE)


def test_totals_are_compared_as_numbers_and_a_list_that_falls_apart_says_so_once() -> None:
    """Numbers of one value are one, and the first place is enough to know."""
    many = [page(int("300"), *(f"{start}-{number}" for number in range(100))) for start in range(3)]
    apart = {1: page(7, "a", "b", "c", "d"), 4: page(7, "x", "e", "f", "g"), 7: page(7, "y")}

    assert () == add_up("Users", many[0], many[1:]).faults
    assert ["Users: the row at 4 changed between two requests"] == [
        fault for fault in join_up("Users", apart).faults if "between two requests" in fault
    ]


def test_a_full_page_is_held_against_the_one_before_it_and_not_against_the_first() -> None:
    """Ids are compared as they are spelled; a page may bring more than it was asked for."""
    first, second = page(9, "a", "b", "c", "d"), page(9, "d", "e", "f", "g")
    third = page(12, again("g"), "h", "i", "j", "k")

    assert goes_on({1: first, 4: second, 7: third}, SIZE)
    assert not goes_on({1: first, 4: second, 7: page(12, "d", "h", "i", "j")}, SIZE)
    assert goes_on({1: page(9, "a", "b", again("lm")), 3: page(9, again("lm"), "n", "o", "p")}, SIZE)


ONE = Listing({"a": {}}, ("short",))
OTHER = Listing({"a": {}, "b": {}}, ("short",))
LATER = Listing({"a": {}}, ("very short",))
WHOLE = Listing({"a": {}, "b": {}})


def test_a_single_look_speaks_for_itself() -> None:
    """It gets no verdict."""
    assert ONE == conclude("Users", [ONE])


def test_a_later_look_that_adds_up_is_what_there_is() -> None:
    """The first was disturbed."""
    assert WHOLE == conclude("Users", [ONE, WHOLE])


@pytest.mark.parametrize(
    ("looks", "verdict"),
    [
        ([ONE, OTHER, OTHER], LIES),
        ([ONE, OTHER, Listing({"b": {}, "a": {}}, (again("short"),))], LIES),
        ([ONE, OTHER, ONE], CHANGES),
        ([ONE, ONE], CHANGES),
        ([ONE, ONE, LATER], CHANGES),
        ([ONE, LATER, ONE], CHANGES),
        ([ONE, ONE, OTHER], CHANGES),
        ([ONE, OTHER, Listing({}, ("a row without an id",), changeable=False)], LIES),
    ],
)
def test_looks_that_agree_are_a_lie_and_looks_that_differ_a_change(looks: Sequence[Listing], verdict: str) -> None:
    """The first faults are reported, with a verdict."""
    concluded = conclude("Users", looks)

    assert ("short", f"Users: {verdict}") == concluded.faults


@given(st.data())
def test_nobody_who_stayed_slips_between_pages_that_join(data: st.DataObject) -> None:
    """Pages are taken one by one of a list in which people come and go, anywhere: the proof of a second look."""
    names = iter(range(10_000))
    rows = [str(next(names)) for _ in range(data.draw(st.integers(2, 14), label="people"))]
    stayed, pages, start = set(rows), dict[int, Page](), 1
    while start == 1 or goes_on(pages, SIZE):
        pages[start] = page(len(rows), *rows[start - 1 : start - 1 + SIZE])
        start += SIZE - 1
        for place in data.draw(st.lists(st.integers(-20, 20), max_size=3), label="who goes (below 0), who comes"):
            if place < 0:
                del rows[-place - 1 : -place]
            else:
                rows.insert(place, str(next(names)))
        stayed &= set(rows)

    listing = join_up("Users", pages)

    assert all(first < second for first, second in pairwise(sorted(pages)))
    assert listing.faults or stayed <= listing.resources.keys()
