"""Which filters 4me's part of RFC 7644 allows, and whom they let through."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model.messages import JsonObject
from reconciler.core.simulator.filter import EVERYTHING, Comparison, parse_filter
from reconciler.core.simulator.rejection import Rejection

ATTRIBUTES: dict[str, Comparison] = {
    "userName": "caseless",
    "externalId": "exact",
    "active": "quoted boolean",
    "primary": "boolean",
    "meta.lastModified": "moment",
}

ALICE: JsonObject = {
    "userName": "Alice@example.com",
    "externalId": "user/alice",
    "active": True,
    "primary": False,
    "meta": {"lastModified": "2026-03-01T12:00:00.000Z"},
}
BARE: JsonObject = {"userName": 5, "externalId": True, "active": "perhaps", "meta": "none"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('userName eq "alice@EXAMPLE.com"', True),
        ('USERNAME EQ "alice@example.com"', True),
        ('userName eq"alice@example.com"', True),
        ('  userName eq "alice@example.com"  ', True),
        ('userName eq "bob@example.com"', False),
        ('userName ne "bob@example.com"', True),
        ('userName lt "B"', True),
        ('userName gt "B"', False),
        ('externalId eq "user/alice"', True),
        ('externalId eq "User/Alice"', False),
        ('externalId eq "user\\/alice"', True),
        ('active eq "true"', True),
        ('active eq "True"', True),
        ('active ne "true"', False),
        ("primary eq false", True),
        ('primary eq "False"', True),
        ('meta.lastModified gt "2026-03-01T11:59:59Z"', True),
        ('meta.lastModified gt "2026-03-01T12:59:59+01:00"', True),
        ('meta.lastModified gt "2026-03-01T12:00:00"', False),
        ('meta.lastModified lt "2026-03-02"', True),
        ('meta.lastModified eq "2026-03-01T12:00:00Z"', True),
    ],
)
def test_a_comparison_says_whether_a_user_is_let_through(text: str, expected: bool) -> None:  # noqa: FBT001
    """Names compare without case, ids exactly, flags as flags and times as times."""
    assert expected == parse_filter(text, ATTRIBUTES).matches(ALICE)


@pytest.mark.parametrize("attribute", ["userName", "externalId", "active", "meta.lastModified"])
def test_what_is_unassigned_is_only_ever_not_equal(attribute: str) -> None:
    """An absent value, or one of the wrong type, satisfies `ne` and nothing else."""
    value = {"active": "true", "meta.lastModified": "2026-03-01"}.get(attribute, "x")
    operators = ["eq", "ne"] if attribute == "active" else ["eq", "ne", "lt", "gt"]

    satisfied = [verb for verb in operators if parse_filter(f'{attribute} {verb} "{value}"', ATTRIBUTES).matches(BARE)]

    assert ["ne"] == satisfied


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('userName eq "a" or userName eq "b"', {"a", "b"}),
        ('userName eq "a" or userName eq "b" or externalId eq "3"', {"a", "b", "c"}),
        ('userName eq "a" and externalId eq "1"', {"a"}),
        ('userName eq "a" and externalId eq "2"', set()),
        ('userName eq "a" or userName eq "b" and externalId eq "9"', {"a"}),
        ('userName eq "b" and externalId eq "9" or userName eq "a"', {"a"}),
        ('userName ne "a" AND userName ne "b" OR externalId eq "1"', {"a", "c"}),
        ('userName gt "a" or userName lt "b"', {"a", "b", "c"}),
    ],
)
def test_and_binds_tighter_than_or(text: str, expected: set[str]) -> None:
    """RFC 7644 section 3.4.2.2: `and` before `or`, left to right."""
    users: list[JsonObject] = [{"userName": name, "externalId": number} for name, number in ("a1", "b2", "c3")]
    parsed = parse_filter(text, ATTRIBUTES)

    assert expected == {user["userName"] for user in users if parsed.matches(user)}


def test_many_look_ups_by_one_attribute_become_one_comparison() -> None:
    """Twenty-five keys cost one look-up a user."""
    parsed = parse_filter(" or ".join(f'userName eq "u{number}"' for number in range(25)), ATTRIBUTES)

    assert 1 == len(parsed.alternatives)
    assert parsed.matches({"userName": "U24"})


def test_a_filter_without_terms_lets_everything_through() -> None:
    """EVERYTHING is one alternative that asks for nothing."""
    assert EVERYTHING.matches({})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "userName",
        'userName eq "a" and',
        'userName eq "a" userName eq "b"',
        'userName eq "a" "or" userName eq "b"',
        'userName eq "a" xor userName eq "b"',
        '(userName eq "a")',
        'not userName eq "a"',
        "userName eq a",
        "active eq true",
        'active gt "true"',
        'active eq "perhaps"',
        "userName pr",
        'userName co "a"',
        'userName "eq" "a"',
        '"userName" eq "a"',
        'title eq "a"',
        'userName eq "a',
        'userName eq "\\x"',
        'meta.lastModified gt "yesterday"',
        'meta.lastModified gt "0001-01-01T00:00:00+23:59"',
        'meta eq "a"',
    ],
)
def test_anything_undocumented_is_an_invalid_filter(text: str) -> None:
    """Parentheses, other operators, other attributes and values without quotes are refused, not guessed."""
    with pytest.raises(Rejection) as caught:
        parse_filter(text, ATTRIBUTES)

    assert (400, "invalidFilter") == (caught.value.status, caught.value.scim_type)


words = (
    st.sampled_from(["userName", "active", "eq", "lt", "and", "or", '"a"', '"true"', "(", '"', "\\", " "]) | st.text()
)


@given(st.lists(words).map(" ".join))
def test_no_text_makes_the_parser_stumble(text: str) -> None:
    """A text is a filter or a Rejection, and nothing else is raised."""
    with suppress(Rejection):
        parse_filter(text, ATTRIBUTES).matches(ALICE)


@given(st.text())
def test_a_user_is_found_by_any_name_that_can_be_quoted(name: str) -> None:
    """Values are JSON strings: quotes and backslashes in them are escaped."""
    quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'

    assert parse_filter(f"externalId eq {quoted}", ATTRIBUTES).matches({"externalId": name})
