"""Names that look alike, and invisible characters: each is shown with escapes."""

from __future__ import annotations

import pytest

from reconciler.core.access.lookalike import check_lookalikes
from reconciler.core.declarations.redaction import Redaction
from reconciler.core.model.resources import Value
from tests.core.examples import HERE, desired_group, desired_user

HIDDEN: dict[str, Value] = {"displayName": "De\u200bsk"}
COMPOSED, DECOMPOSED = "jos\u00e9@example.com", "jose\u0301@example.com"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (COMPOSED, DECOMPOSED),
        ("ann@example.com", "ann\u200b@example.com"),
        ("ann@example.com", "\u202eann@example.com"),
        ("ann@example.com", "A\u00adNN@example.com"),
    ],
    ids=["NFC and NFD", "zero width", "bidi", "soft hyphen and case"],
)
def test_two_names_that_look_the_same_are_told_and_both_spelled(one: str, other: str) -> None:
    """The message has both lines."""
    people = [desired_user("a", {"userName": one}), desired_user("b", {"userName": other})]
    [problem] = check_lookalikes("userName", people, Redaction())

    assert ("look_alike", "warning", HERE) == (problem.code, problem.severity, problem.source)
    where = f"user/b and user/a (at {HERE}) look alike but differ"
    assert f"{where}: their userName is {other!a} and {one!a}" == problem.message


def test_names_that_can_be_told_apart_are_none() -> None:
    """Equal names are another problem, and a missing name is no problem here."""
    names = (COMPOSED, COMPOSED.upper(), "jose@example.com", "m2", "m\u00b2", None)

    people = [desired_user("a", {"userName": name}) for name in names]
    assert [] == list(check_lookalikes("userName", people, Redaction()))


def test_letters_that_nobody_sees_are_a_warning() -> None:
    """Groups are checked too; some scripts need such characters."""
    [problem] = check_lookalikes("displayName", [desired_group("desk", [], HIDDEN)], Redaction())

    assert ("invisible", "warning") == (problem.code, problem.severity)
    assert "the displayName of group/desk has invisible characters: 'De\\u200bsk'" == problem.message


def test_a_name_that_must_not_be_read_is_not_spelled() -> None:
    """Escapes would reveal the name."""
    people = [desired_user("a", {"userName": COMPOSED}), desired_user("b", {"userName": DECOMPOSED})]
    [pair] = check_lookalikes("userName", people, Redaction(("userName",)))
    [one] = check_lookalikes("displayName", [desired_group("desk", [], HIDDEN)], Redaction(("displayName",)))

    assert pair.message.endswith("their userName is (redacted) and (redacted)")
    assert one.message.endswith("invisible characters: (redacted)")
