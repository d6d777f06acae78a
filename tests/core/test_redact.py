"""Redaction: what must not be read is told by a fingerprint, and ids stay those of the real values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model import Value
from reconciler.core.outcome import Outcome
from reconciler.core.plan import AttributeChange, Change, Cost, Plan, ReadSummary, Unmanaged, UpdateUser, plan_to_json
from reconciler.core.redact import Redaction, redact_change, redact_outcome, redact_plan
from reconciler.errors import Problem

KEY = b"k" * 32
PHONES: list[dict[str, str | bool | int | float]] = [
    {"type": "work", "value": "+44 20 7946 0101"},
    {"type": "mobile", "value": "+44 7700 900123"},
]


def change(*attributes: AttributeChange, reason: str = "", name: str = "Alice Lee") -> Change:
    return UpdateUser(key="user/alice.lee", name=name, target_id="u1", attributes=attributes, reason=reason)


def attribute(path: str, before: Value, after: Value) -> AttributeChange:
    return AttributeChange(path=path, before=before, after=after)


@pytest.mark.parametrize(
    ("name", "path", "covered"),
    [
        ("title", "title", True),
        ("title", "titles", False),
        ("name", "name.givenName", True),
        ("name.givenName", "name.familyName", False),
        ("customFields", "customFields.badge", True),
        ("customFields.badge", "customFields.badges", False),
        ("contractType", "attributes.contractType", True),
        ("phoneNumbers", "phoneNumbers.value", True),
    ],
)
def test_a_name_covers_itself_and_what_is_in_it(name: str, path: str, *, covered: bool) -> None:
    """`customFields` is all of them; a longer word is another attribute."""
    assert covered is Redaction((name,)).covers(path)


def test_equal_values_have_equal_fingerprints_and_others_have_not() -> None:
    """Of one attribute, under one key."""
    redaction, other_key = Redaction(("title", "site"), KEY), Redaction(("title", "site"), b"x" * 32)

    told = redaction.tell("title", "Analyst")

    assert told == redaction.tell("title", "Analyst")
    assert 4 == len(
        {told, redaction.tell("title", "Clerk"), redaction.tell("site", "Analyst"), other_key.tell("title", "Analyst")}
    )


def test_nothing_stays_nothing_and_what_is_not_named_stays_as_it_is() -> None:
    """That an attribute is cleared may be known."""
    redaction = Redaction(("title",), KEY)

    assert redaction.tell("title", None) is None
    assert "London" == redaction.tell("site", "London")


def test_of_many_values_each_has_its_own() -> None:
    """So that what comes and what goes can be told."""
    told = Redaction(("phoneNumbers",), KEY).tell("phoneNumbers", PHONES)

    assert isinstance(told, list)
    assert (2, 2) == (len(told), len({str(one) for one in told}))


def test_without_a_key_there_is_no_fingerprint() -> None:
    """One without a key could be found by trying."""
    assert "(redacted)" == Redaction(("title",)).tell("title", "Analyst")


def test_a_redacted_change_keeps_its_id_and_does_not_parse_as_what_it_was() -> None:
    """It is to be read; whoever would apply it is refused."""
    original = change(attribute("title", "Clerk", "Analyst"))

    told = redact_change(original, Redaction(("title",), KEY))

    assert original.id == told.id
    assert original == redact_change(original, Redaction((), KEY))
    with pytest.raises(ValueError, match="the plan was edited"):
        UpdateUser.model_validate_json(told.model_dump_json())


def test_a_reason_does_not_repeat_what_is_redacted() -> None:
    """In whatever case."""
    told = redact_change(
        change(attribute("title", None, "Analyst"), reason='"All" wants title EQUALS analyst and it is ANALYST'),
        Redaction(("title",)),
    )

    assert '"All" wants title EQUALS (redacted) and it is (redacted)' == told.reason


def test_a_refusal_does_not_repeat_what_is_redacted() -> None:
    """A service likes to say which value it does not like; numbers and values of many too. Short ones are left."""
    of = change(attribute("phoneNumbers", PHONES, None), attribute("customFields.pin", 1, 123456))
    outcome = Outcome(change=of, status="failed", detail="refused: 400 +44 7700 900123 or 123456 of 1 work is bad")

    told = redact_outcome(outcome, Redaction(("phoneNumbers", "customFields")))

    assert "refused: 400 (redacted) or (redacted) of 1 (redacted) is bad" == told.detail
    assert outcome == redact_outcome(outcome, Redaction())
    assert outcome == redact_outcome(outcome, Redaction(("site",), KEY))


@pytest.mark.parametrize("redacted", ["displayName", "userName"])
def test_names_are_redacted_with_the_attributes_they_are_taken_from(redacted: str) -> None:
    """The key is what is left."""
    told = redact_change(change(), Redaction((redacted,), KEY))

    assert "alice.lee" == told.name


def make_plan(*changes: Change) -> Plan:
    return Plan(
        tenant="sandbox",
        url="sandbox",
        commit=None,
        base=None,
        as_of="2026-11-23",
        applyable=True,
        converges=True,
        read=ReadSummary(mode="full", complete=True, users=2, groups=0, requests=2),
        cost=Cost(requests=1, seconds=0),
        changes=changes,
        unmanaged=(Unmanaged(kind="user", id="u9", name="Zoe Laurent"),),
        problems=(Problem("contested", "user/alice.lee could be Alice Lee (u1) or Alicia Lee (u2)"),),
    )


def test_a_redacted_plan_keeps_its_digest_and_tells_no_value() -> None:
    """In changes, names and problems."""
    plan = make_plan(
        change(attribute("displayName", "Alicia Lee", "Alice Lee"), attribute("title", "Clerk", "Analyst"))
    )

    told = redact_plan(plan, Redaction(("displayName", "title"), KEY))

    assert plan.digest == told.digest
    assert [] == [one for one in ("Alice Lee", "Alicia", "Clerk", "Analyst", "Zoe") if one in plan_to_json(told)]
    assert plan == redact_plan(plan, Redaction((), KEY))


def test_names_are_told_where_they_are_not_redacted() -> None:
    """Of those who are not in git too."""
    told = redact_plan(make_plan(change()), Redaction(("title",), KEY))

    assert ("Zoe Laurent", "Alice Lee") == (told.unmanaged[0].name, told.changes[0].name)


TEXTS = st.text(alphabet="ΓΔΘΛЖШ+", min_size=4, max_size=9)  # what no mark of ours is made of
VALUES = st.one_of(TEXTS, st.lists(st.fixed_dictionaries({"type": TEXTS, "value": TEXTS}), min_size=1, max_size=3))


@given(before=VALUES, after=VALUES, key=st.sampled_from([b"", KEY]))
def test_no_redacted_value_is_left_anywhere(before: Value, after: Value, key: bytes) -> None:
    """Whatever it is made of, and wherever a sentence repeats it."""
    original = change(attribute("title", before, after), reason=f"it was {before}, and is {after}")

    told = redact_change(original, Redaction(("title",), key))

    assert not {*"ΓΔΘΛЖШ+"} & {*f"{told.attributes} {told.reason}"}
