"""Canonical values, the differences between two of them, and their description."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model.diff import (
    align,
    begin_before_difference,
    canonical,
    describe,
    different_paths,
    differs,
    narrow,
    show_change,
    show_value,
)
from reconciler.core.model.resources import Value

scalars = st.none() | st.text(max_size=4) | st.integers() | st.booleans()
items = st.dictionaries(st.sampled_from(["value", "type", "primary", "display"]), scalars, max_size=4)
WORK = {"type": "work", "value": "ann@example.com"}
HOME = {"type": "home", "value": "ann@home.example"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ([], None),
        ([""], None),
        ([{}], None),
        ([{"value": "", "type": None}], None),
        ("x", "x"),
        (" ", " "),
        (0, 0),
        (False, False),
        (["b", "a"], [{"value": "a"}, {"value": "b"}]),
        (("a",), [{"value": "a"}]),
        ([WORK, HOME], [HOME, WORK]),
        ([{"value": "a", "primary": False, "display": ""}], [{"value": "a"}]),
        ([{"value": "a", "primary": True}], [{"primary": True, "value": "a"}]),
    ],
)
def test_a_value_has_one_form(value: object, expected: object) -> None:
    """Null, empty text and an empty list are equal; lists are sorted; `primary: false` is left out."""
    assert expected == canonical(value)


@given(scalars | st.lists(items | st.text(max_size=3), max_size=4))
def test_a_canonical_value_is_its_own_canonical_form(value: Any) -> None:
    """Comparing and writing it again changes nothing."""
    assert canonical(value) == canonical(canonical(value))


@given(st.lists(items, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_values_does_not_matter(values: list[dict[str, Any]], random: Any) -> None:
    """Multi-valued attributes have no positions (RFC 7643 section 2.4)."""
    shuffled = random.sample(values, len(values))

    assert canonical(values) == canonical(shuffled)
    assert not differs("emails", canonical(shuffled), canonical(values))


@pytest.mark.parametrize(
    ("path", "live", "desired", "expected"),
    [
        ("title", "Analyst", "Analyst", False),
        ("title", "Analyst", "analyst", True),
        ("title", None, "Analyst", True),
        ("title", "Analyst", None, True),
        ("title", None, None, False),
        ("userName", "Ann@Example.com", "ann@example.com", False),
        ("userName", "ann@example.com", "bob@example.com", True),
        ("userName", None, "ann@example.com", True),
        ("externalId", "ann", "Ann", True),
        ("customFields.floor", 3, "3", True),
        ("customFields.floor", 3, 3.0, False),
        ("emails", [WORK], [{**WORK, "value": "ANN@example.com"}], False),
        ("phoneNumbers", [WORK], [{**WORK, "value": "ANN@example.com"}], True),
        ("emails", [WORK], [{**WORK, "type": "Work"}], True),
        ("emails", [{"value": "b"}, {"value": "A"}], [{"value": "B"}, {"value": "a"}], False),
        ("emails", [WORK, HOME], [WORK], True),
        ("emails", [WORK], [WORK, HOME], True),
        ("emails", None, [WORK], True),
        ("emails", [WORK], None, True),
        ("emails", [{**WORK, "display": "Ann", "primary": True}], [WORK], False),
        ("emails", [WORK], [{**WORK, "primary": True}], True),
        ("emails", [{"type": "work"}], [{"type": "home"}], True),
        ("photos", [{"value": "a"}, {"value": "a"}, {"value": "b"}], [{"value": "a"}, {"value": "b"}], True),
    ],
)
def test_userName_and_addresses_compare_without_case_and_the_rest_exactly(  # noqa: N802  # SCIM's spelling
    path: str,
    live: Any,
    desired: Any,
    expected: bool,  # noqa: FBT001
) -> None:
    """Parts of a value that a server adds and git does not declare are ignored."""
    assert expected is differs(path, canonical(live), canonical(desired))


def test_only_managed_attributes_are_compared() -> None:
    """An attribute absent in git is unmanaged, null is managed; names are sorted."""
    live: dict[str, Any] = {"title": "Analyst", "site": "London", "department": "Finance", "nickName": "Annie"}
    desired: dict[str, Any] = {"title": None, "site": "Paris", "department": "Finance", "division": None}

    assert ["site", "title"] == different_paths(live, desired)


def test_live_values_are_narrowed_to_what_git_speaks_of() -> None:
    """The part `value` is always compared."""
    live = [{"value": "b", "type": "work", "display": "B"}, {"value": "a", "type": "home", "primary": True}]

    assert [{"value": "a"}, {"value": "b"}] == narrow(live, [{"value": "a"}])
    assert [{"type": "home", "value": "a"}, {"type": "work", "value": "b"}] == narrow(live, [{"type": "work"}])


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([WORK], [WORK, HOME], ["+ home ann@home.example"]),
        ([WORK, HOME], [WORK], ["- home ann@home.example"]),
        (
            [WORK],
            [{**WORK, "value": "lee@example.com"}],
            ["+ work lee@example.com", "- work ann@example.com"],
        ),
        (
            [{**WORK, "display": "Ann"}],
            [{**WORK, "display": "Lee"}],
            ["~ work ann@example.com (display: Ann → Lee)"],
        ),
        ([WORK], [{**WORK, "primary": True}], ["~ work ann@example.com (primary: false → true)"]),
        ([{"value": "a"}, {"value": "a"}, {"value": "b"}], [{"value": "a"}, {"value": "b"}], ["- a"]),
        (["a"], ["b"], ["+ b", "- a"]),
        (["it's [a] `b`"], ['say "b\']["'], ['+ "say \\"b\'][\\""', '- "it\'s [a] `b`"']),
        (
            [{"type": "work", "locality": "Rome"}, {"type": "work", "locality": "Oslo"}],
            [{"type": "work", "locality": "Rome"}, {"type": "work", "locality": "Bern"}],
            ["+ type: work (locality: Bern)", "- type: work (locality: Oslo)"],
        ),
        (
            [{"type": "work", "locality": "Rome"}, {"type": "work", "locality": "Oslo"}],
            [{"type": "work", "locality": "Bern"}],
            ["+ type: work (locality: Bern)", "- type: work (locality: Oslo)", "- type: work (locality: Rome)"],
        ),
        (
            [{"type": "a b", "value": "c"}],
            [{"type": "a", "value": "b c"}],
            ["+ a b c", '- "a b" c'],
        ),
        ([1], ["1"], ['+ "1"', "- 1"]),
        ([{**WORK, "display": 1}], [{**WORK, "display": "1"}], ['~ work ann@example.com (display: 1 → "1")']),
        ([{**WORK, "display": 1}], [{**WORK, "display": 1.0}], []),
        (
            [{**WORK, "display": "A", "ref": 1}],
            [{**WORK, "display": "B", "ref": 1.0}],
            ["~ work ann@example.com (display: A → B)"],
        ),
        (
            [{**WORK, "display": ["A"]}],
            [{**WORK, "display": ["B"]}],
            ['~ work ann@example.com (display: ["A"] → ["B"])'],
        ),
        ([{**WORK, "display": {"a": float("nan")}}], [{**WORK, "display": {"a": float("nan")}}], []),
        ([WORK], [{**WORK, "display": "Ann"}], ["~ work ann@example.com (display: nothing → Ann)"]),
        ([{**WORK, "display": "Ann"}], [WORK], []),
        (
            [{"type": "work"}, {"display": "1"}],
            [{"primary": True}],
            ["+ (primary)", '- (display: "1")', "- type: work"],
        ),
        ([WORK], [WORK, {**HOME, "value": "nothing"}], ['+ home "nothing"']),
        (
            [{"value": "5123"}],
            [{"value": "5124", "display": "a (b), c: d"}],
            ['+ "5124" (display: "a (b), c: d")', '- "5123"'],
        ),
        (
            [{**WORK, "value": "ANN@example.com", "display": "A"}],
            [{**WORK, "display": "B"}],
            ["~ work ann@example.com (display: A → B)"],
        ),
        ([{**WORK, "a b": 1}], [{**WORK, "a b": 2}], ['~ work ann@example.com ("a b": 1 → 2)']),
        ([{**WORK, "value": "ANN@example.com"}, HOME], [WORK], ["- home ann@home.example"]),
        (
            [{**WORK, "primary": True}],
            [WORK, {**HOME, "primary": True}],
            ["+ home ann@home.example (primary)", "~ work ann@example.com (primary: true → false)"],
        ),
        ([{"display": "A"}], [{"display": "B"}], ["~ (display: A → B)"]),
        (None, [WORK], ["+ work ann@example.com"]),
        ([WORK], None, ["- work ann@example.com"]),
        ([WORK], [WORK], []),
    ],
)
def test_a_change_of_many_values_tells_what_comes_and_what_goes(
    before: Any,
    after: Any,
    expected: list[str],
) -> None:
    """One line for each value, or for each part of a value whose type and value stay."""
    assert expected == describe("emails", before, after)


@pytest.mark.parametrize(
    ("before", "after", "path", "expected"),
    [
        ("x", 3, "customFields.level", ("x", "3")),
        ("x", "3", "customFields.level", ("x", '"3"')),
        (True, "false", "customFields.vip", ("true", '"false"')),
        (None, " a", "customFields.vip", ("nothing", '" a"')),
        ("0041", "42", "employeeNumber", ("0041", "42")),
        ("a", '" a"', "title", ("a", '"\\" a\\""')),
    ],
)
def test_a_custom_field_shows_its_type(before: Value, after: Value, path: str, expected: tuple[str, str]) -> None:
    """It may be the number 3 or the text "3"; every other attribute is text."""
    assert expected == show_change(before, after, path)


def test_live_values_are_aligned_with_equal_ones_of_git() -> None:
    """Each takes one; a value that is no list stays."""
    live: Any = [{"value": "A", "display": "x"}, {"value": "a"}, {"value": "b"}]
    desired: Any = [{"value": "a"}]

    assert [{"value": "a"}, {"value": "a"}, {"value": "b"}] == align("emails", live, desired)
    assert "Chief" == align("title", "Chief", "Clerk")
    assert align("emails", None, desired) is None


def test_a_long_value_is_shown_from_where_it_differs() -> None:
    """A cut would hide the difference; short values, and values that differ early, are shown from the start."""
    same = "words " * 20

    assert ("…words words Rome", "…words words Oslo") == begin_before_difference(f"{same}Rome", f"{same}Oslo", 48)
    assert (f"{same}Rome", f"{same}Oslo") == begin_before_difference(f"{same}Rome", f"{same}Oslo", 200)
    assert (f"Rome {same}", f"Oslo {same}") == begin_before_difference(f"Rome {same}", f"Oslo {same}", 48)
    assert ("…words words ", "…words words more") == begin_before_difference(same, f"{same}more", 48)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("Clerk", "Chief", ("Clerk", "Chief")),
        ("Clerk", None, ("Clerk", "cleared")),
        (None, "Clerk", ("nothing", "Clerk")),
        (None, "nothing", ("nothing", '"nothing"')),
        ("cleared", None, ('"cleared"', "cleared")),
        (3, "3", ("3", '"3"')),
        (True, "true", ("true", '"true"')),
        (" Clerk", "Clerk", ('" Clerk"', "Clerk")),
        ([{"type": "work"}], None, ("type: work", "cleared")),
        (None, [{"value": "a"}, {"value": "b "}], ("nothing", 'a, "b "')),
        ("(redacted)", "(redacted)", ("(redacted)", "(redacted)")),
    ],
)
def test_two_values_never_read_alike(before: Value, after: Value, expected: tuple[str, str]) -> None:
    """A number and its digits, a boolean and its word, null and the word for it."""
    assert expected == show_change(before, after)


@pytest.mark.parametrize(("live", "desired"), [(True, 1), (1, True), (False, 0), (0, False)])
def test_a_flag_is_no_number(live: bool | int, desired: bool | int) -> None:  # noqa: FBT001
    """A custom field with `1` differs from one with `true`."""
    live_value: dict[str, str | bool | int | float] = {"value": live}
    desired_value: dict[str, str | bool | int | float] = {"value": desired}

    assert differs("customFields.vip", live, desired)
    assert differs("phoneNumbers", [live_value], [desired_value])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "nothing"),
        (True, "true"),
        (False, "false"),
        (3, "3"),
        (2.5, "2.5"),
        ("Analyst", "Analyst"),
        (["a", "b"], "a, b"),
        ([{"type": "work", "value": "a@example.com", "primary": True}], "work a@example.com (primary)"),
        ([{"value": "a"}, {"value": "b", "display": "B"}], "a, b (display: B)"),
        ([{"type": "work", "locality": "London", "country": "UK"}], "type: work (locality: London, country: UK)"),
        ([{"value": "a", "primary": False}], "a"),
        ([], ""),
    ],
)
def test_a_value_is_shown_as_people_write_it(value: Value, expected: str) -> None:
    """Values of a list by type and value, with a mark on the primary one."""
    assert expected == show_value(value)
