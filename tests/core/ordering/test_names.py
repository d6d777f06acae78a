"""Which names can move: those that nobody holds, or whose holder moves too; rings go over a third name."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest

from reconciler.core.changes.plan import AttributeChange, UpdateUser
from reconciler.core.model.logins import make_third_name
from reconciler.core.model.resources import LiveGroup, LiveUser
from reconciler.core.ordering.held import NameHolders, describe_struck
from reconciler.core.ordering.moves import Move
from reconciler.core.ordering.names import NameOrder, order_names
from reconciler.core.planner.schedule import make_schedule
from tests.core.examples import desired_state, desired_user, live_user


def move(key: str, now: str | None, wants: str, **rest: Any) -> Move:
    live = None if now is None else live_user(key, {"userName": now}, active=rest.pop("active", True))
    return Move(desired_user(key, {"userName": wants}), live, wants, **rest)


def order(*moves: Move, others: Iterable[LiveUser] = ()) -> NameOrder:
    return order_names("user", moves, [*(one.live for one in moves if isinstance(one.live, LiveUser)), *others])


def movable(found: NameOrder) -> list[str]:
    return sorted(key.name for key in found.moves)


def struck(found: NameOrder) -> dict[str, str]:
    return {key.name: one.why for key, one in found.struck.items()}


STRANGER = live_user("zoe", {"userName": "X@example.com"})


@pytest.mark.parametrize(
    ("moves", "others", "expected", "kept"),
    [
        ([move("ann", "a", "b")], [], ["ann"], {}),
        ([move("ann", None, "b")], [], ["ann"], {}),
        ([move("ann", "a", "b"), move("bob", "b", "c")], [], ["ann", "bob"], {}),
        ([move("ann", "a", "b"), move("bob", "B", "a")], [], ["ann", "bob"], {}),
        ([move("ann", "a", "x@example.com")], [STRANGER], [], {"ann": "held"}),
        (
            [move("ann", "a", "b"), move("bob", "b", "c"), move("cid", "c", "x@example.com"), move("dee", None, "a")],
            [STRANGER],
            [],
            {"ann": "held", "bob": "held", "cid": "held", "dee": "held"},
        ),
        ([move("ann", None, "x"), move("bob", "b", "x")], [], ["bob"], {"ann": "claimed"}),
        ([move("ann", "a", "reconciler.0123456789ab@example.com")], [], [], {"ann": "reserved"}),
        (
            [move("ann", "a", "b", strong=False), move("bob", "b", "a", strong=False), move("cid", "c", "d")],
            [],
            ["cid"],
            {"ann": "nameless", "bob": "nameless"},
        ),
        ([move("ann", "a", "b", strong=False), move("bob", "b", "a")], [], ["ann", "bob"], {}),
        ([move("ann", "a", "b", on_demand=True)], [], [], {}),
        ([move("ann", "a", "b", on_demand=True), move("bob", "b", "c", on_demand=True)], [], [], {}),
        (
            [move("ann", "a", "b", on_demand=True), move("bob", "b", "c", on_demand=True), move("cid", None, "a")],
            [],
            ["ann", "bob", "cid"],
            {},
        ),
        (
            [move("ann", "a", "x@example.com", on_demand=True), move("cid", None, "a")],
            [STRANGER],
            [],
            {"ann": "held", "cid": "held"},
        ),
        (
            [move("ann", "a", "x@example.com"), move("zoe", "x@example.com", "z")],
            [live_user("twin", {"userName": "x@example.com"})],
            ["zoe"],
            {"ann": "held"},
        ),
    ],
)
def test_a_name_moves_if_its_holder_frees_it(
    moves: list[Move], others: list[LiveUser], expected: list[str], kept: dict[str, str]
) -> None:
    """A move that is struck frees nothing, and so strikes the next one; the order of the rows does not count."""
    for some in (moves, moves[::-1]):
        found = order(*some, others=others)

        assert (expected, kept) == (movable(found), struck(found))


@pytest.mark.parametrize(
    ("moves", "first"),
    [
        ([move("ann", "a", "b"), move("bob", "b", "a")], "ann"),
        ([move("ann", "a", "b"), move("bob", "b", "a", active=False)], "bob"),
        ([move("ann", "a", "b", strong=False), move("bob", "b", "c"), move("cid", "c", "a")], "bob"),
        ([move("ann", "a", "b"), move("bob", "b", "c", active=False, strong=False), move("cid", "c", "a")], "ann"),
    ],
)
def test_the_first_of_a_ring_is_strong_then_inactive_then_of_the_lowest_key(moves: list[Move], first: str) -> None:
    """Each wants the name of the next, and the last that of the first."""
    [ring] = order(*moves).rings

    assert first == ring.members[0].key.name
    for one, other in zip(ring.members, (*ring.members[1:], ring.members[0]), strict=True):
        assert one.wanted == other.left


def test_a_third_name_that_is_declared_or_taken_gets_a_counter() -> None:
    """It is known again all the same."""
    moves = [move("ann", "a@x.example", "b@x.example"), move("bob", "b@x.example", "a@x.example")]
    first, second, third = (make_third_name("user", "id-ann", "a@x.example", counter) for counter in range(3))
    live: list[LiveUser | LiveGroup] = [live_user("zoe", {"userName": first}), *(one.live for one in moves if one.live)]

    [ring] = order_names("user", moves, live, lambda: {second}).rings

    assert third == ring.third


class Untouched(Sequence[LiveUser]):
    """A live state that may not be looked through."""

    def __len__(self) -> int:
        raise AssertionError

    def __getitem__(self, index: Any) -> Any:
        raise AssertionError


def test_nothing_is_looked_through_if_no_name_moves() -> None:
    """Nearly every plan is such a plan."""
    assert NameOrder() == order_names("user", [], Untouched())


def count_calls(number: int) -> int:
    """Counts the calls of Python functions that ordering a ring, a chain and as many others takes."""
    ring = [move(f"r{index}", f"r{index}", f"r{(index + 1) % number}") for index in range(number)]
    chain = [move(f"c{index}", f"c{index}", f"c{index + 1}") for index in range(number)]
    stuck = [move(f"s{index}", f"s{index}", f"s{index + 1}") for index in range(number)]
    others = [live_user(f"o{index}") for index in range(number)] + [live_user("zoe", {"userName": f"s{number}"})]
    changes = [_update(one) for one in (*ring, *chain)]
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        found = order(*ring, *chain, *stuck, others=others)
        units = make_schedule(changes)
    finally:
        sys.setprofile(None)
    assert (2 * number, number, number + 1) == (len(found.moves), len(found.struck), len(units))
    return calls


def _update(one: Move) -> UpdateUser:
    login = AttributeChange(path="userName", before=one.name, after=one.wants)
    return UpdateUser(key=str(one.key), target_id=one.live.id if one.live else None, attributes=(login,))


def test_the_order_of_names_is_linear() -> None:
    """Four times as many people take about four times as many calls."""
    assert count_calls(2_000) < 5 * count_calls(500)


def test_a_ring_of_which_no_member_is_found_by_more_than_a_name_says_what_to_write() -> None:
    """An externalId, in a change of its own."""
    moves = [move("ann", "a", "b", strong=False), move("bob", "b", "a", strong=False)]
    found = order(*moves)

    problems = list(describe_struck(found.struck.values(), desired_state(), lambda: NameHolders({}, {})))

    assert [("claimed_twice", "user/ann"), ("claimed_twice", "user/bob")] == [
        (one.code, one.message.partition(" ")[0]) for one in problems
    ]
    assert "give them an externalId first" in str(problems[0].hint)


def nothing() -> Iterator[NameHolders]:
    raise AssertionError


def test_holders_are_looked_up_only_for_a_problem() -> None:
    """An account is large."""
    assert [] == list(describe_struck([], desired_state(), nothing))  # type: ignore[arg-type]  # is not called
