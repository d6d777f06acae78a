"""Redaction: fingerprints replace redacted values in reports, and ids are those of the fingerprints."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.changes.outcome import Outcome, Run
from reconciler.core.changes.plan import (
    AttributeChange,
    Change,
    Cost,
    Plan,
    ReadSummary,
    Unmanaged,
    UpdateUser,
    plan_to_json,
)
from reconciler.core.changes.plan_notes import NamedResource
from reconciler.core.changes.redact import (
    readable,
    readable_plan,
    readable_run,
    redact_change,
    redact_outcome,
    redact_plan,
    redact_sentence,
)
from reconciler.core.changes.undone import Undone
from reconciler.core.declarations.clause import Filter, Filters
from reconciler.core.declarations.redaction import Redaction, redact_filters
from reconciler.core.model.resources import Attributes, Value
from reconciler.errors import Problem
from tests.core.examples import HERE, clause

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

    told = redaction.redact("title", "Analyst")

    assert told == redaction.redact("title", "Analyst")
    assert 4 == len(
        {
            told,
            redaction.redact("title", "Clerk"),
            redaction.redact("site", "Analyst"),
            other_key.redact("title", "Analyst"),
        }
    )


def test_nothing_stays_nothing_and_what_is_not_named_stays_as_it_is() -> None:
    """That an attribute is cleared may be known."""
    redaction = Redaction(("title",), KEY)

    assert redaction.redact("title", None) is None
    assert "London" == redaction.redact("site", "London")


def test_of_many_values_each_has_its_own() -> None:
    """So that a reader can see which values are added and which removed."""
    told = Redaction(("phoneNumbers",), KEY).redact("phoneNumbers", PHONES)

    assert isinstance(told, list)
    assert (2, 2) == (len(told), len({str(one) for one in told}))


def test_without_a_key_there_is_no_fingerprint() -> None:
    """One without a key could be found by trying."""
    assert "(redacted)" == Redaction(("title",)).redact("title", "Analyst")


def test_a_redacted_change_keeps_its_effect_and_tells_something_else() -> None:
    """An apply uses the values, and reports show the fingerprints; a report does not parse as a change again."""
    original = change(attribute("title", "Clerk", "Analyst"), attribute("site", None, "York"))

    redacted = redact_change(original, Redaction(("title",), KEY))

    [title, site] = redacted.attributes
    assert ("Clerk", "Analyst", None) == (title.before, title.after, site.redacted_pair)
    told = readable(redacted)
    assert [title.redacted_pair, (None, "York")] == [(one.before, one.after) for one in told.attributes]
    assert told == UpdateUser.model_validate_json(told.model_dump_json()) == readable(told)
    with pytest.raises(ValueError, match="the plan was edited"):
        UpdateUser.model_validate_json(told.model_dump_json().replace("York", "Leeds"))


def test_an_id_is_of_what_may_be_read() -> None:
    """A hash of the values without a key would reveal one of few possible values. Another key makes another id."""
    original = change(attribute("title", "Clerk", "Analyst"))
    redacted, other = (redact_change(original, Redaction(("title",), key)) for key in (KEY, KEY + b"2"))
    [told] = readable(redacted).attributes
    spelled = change(attribute("title", told.before, told.after))

    assert 4 == len({original.id, redacted.id, other.id, spelled.id})
    assert redacted.id == readable(redacted).id == redact_change(original, Redaction(("title",), KEY)).id


def test_what_is_not_redacted_is_as_it_was() -> None:
    """Byte by byte."""
    original = change(attribute("title", "Clerk", "Analyst"))

    assert original == redact_change(original, Redaction((), KEY)) == readable(original)
    assert "redacted_pair" not in original.model_dump_json()


def test_a_reason_does_not_repeat_what_is_redacted() -> None:
    """In any case."""
    told = redact_change(
        change(attribute("title", None, "Analyst"), reason='"All" wants title EQUALS analyst and it is ANALYST'),
        Redaction(("title",)),
    )

    assert '"All" wants title EQUALS (redacted) and it is (redacted)' == told.reason


def test_a_refusal_does_not_repeat_what_is_redacted() -> None:
    """A service likes to say which value it does not like; numbers and values of many too. Short ones are left."""
    original = change(attribute("phoneNumbers", PHONES, None), attribute("customFields.pin", 1, 123456))
    refusal = "refused: 400 +44 7700 900123 or 123456 of 1 work is bad, 1234567 is not"
    redacted = redact_change(original, Redaction(("phoneNumbers", "customFields")))

    expected = "refused: 400 (redacted) or (redacted) of 1 (redacted) is bad, 1234567 is not"
    assert expected == redact_sentence(refusal, redacted)
    assert refusal == redact_sentence(refusal, original)
    assert "" == redact_sentence("", redacted)


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
        named=(
            NamedResource(
                kind="user",
                id="u8",
                name="Alicia Lee",
                verdict="unaccounted",
                key="user/alicia",
                witnesses="bears the name of Alicia Lee",
                settle='left: [{id: "u8"}]',
            ),
        ),
        problems=(Problem("contested", "user/alice.lee could be Alice Lee (u1) or Alicia Lee (u2)"),),
    )


def test_a_redacted_plan_is_read_again_as_it_left() -> None:
    """In order, with its digest; the values stay here."""
    plan = make_plan(
        change(attribute("displayName", "Alicia Lee", "Alice Lee"), attribute("title", "Clerk", "Analyst"))
    )

    redacted = redact_plan(plan, Redaction(("displayName", "title"), KEY), ())

    assert plan.digest != redacted.digest
    written = plan_to_json(readable_plan(redacted))
    assert readable_plan(redacted) == Plan.model_validate_json(written)
    assert [] == [one for one in ("Alicia", "Alice Lee", "Clerk", "Analyst") if one in written]
    assert plan == redact_plan(plan, Redaction((), KEY), ())


def test_a_redacted_plan_names_nobody_by_what_must_not_be_read() -> None:
    """Neither changed users, nor undeclared ones, nor users in a problem."""
    known: list[Attributes] = [{"displayName": "Alicia Lee", "title": "Clerk"}, {"displayName": "Alice Lee"}]

    told = redact_plan(make_plan(change(name="Alice Lee")), Redaction(("displayName",)), known)

    assert ("u9", "alice.lee") == (told.unmanaged[0].name, told.changes[0].name)
    assert ["user/alice.lee could be (redacted) (u1) or (redacted) (u2)"] == [one.message for one in told.problems]


def test_names_are_told_where_they_are_not_redacted() -> None:
    """Of those who are not in git too."""
    told = redact_plan(make_plan(change()), Redaction(("title",), KEY), ())

    assert ("Zoe Laurent", "Alice Lee") == (told.unmanaged[0].name, told.changes[0].name)


def test_a_user_in_doubt_is_told_by_id_where_names_are_redacted() -> None:
    """What is known of them repeats no redacted value; the line that settles it has ids and keys alone."""
    known: list[Attributes] = [{"displayName": "Alicia Lee"}]
    [hidden] = redact_plan(make_plan(change()), Redaction(("displayName",)), known).named
    [shown] = redact_plan(make_plan(change()), Redaction(("title",), KEY), known).named

    assert ("u8", "bears the name of (redacted)", 'left: [{id: "u8"}]') == (
        hidden.name,
        hidden.witnesses,
        hidden.settle,
    )
    assert ("Alicia Lee", "bears the name of Alicia Lee") == (shown.name, shown.witnesses)


def test_clauses_know_what_they_must_not_show() -> None:
    """Of users and of groups."""
    one = Filter("Staff", (clause("title", "EQUALS", "Clerk"), clause("site", "IS NOT NULL")), HERE)

    told = redact_filters(Filters(users=(one,), groups=(one,)), Redaction(("title",)))

    assert [[True, False]] * 2 == [[each.redacted for each in of.clauses] for of in (*told.users, *told.groups)]
    assert Filters(users=(one,)) == redact_filters(Filters(users=(one,)), Redaction())


TEXTS = st.text(alphabet="ΓΔΘΛЖШ+", min_size=4, max_size=9)  # what no mark of ours is made of
VALUES = st.one_of(TEXTS, st.lists(st.fixed_dictionaries({"type": TEXTS, "value": TEXTS}), min_size=1, max_size=3))


@given(before=VALUES, after=VALUES, key=st.sampled_from([b"", KEY]))
def test_no_redacted_value_is_left_anywhere(before: Value, after: Value, key: bytes) -> None:
    """In any kind of value, and in any sentence that repeats it."""
    original = change(attribute("title", before, after), reason=f"it was {before}, and is {after}")

    told = readable(redact_change(original, Redaction(("title",), key)))

    assert not {*"ΓΔΘΛЖШ+"} & {*f"{told.attributes} {told.reason}"}


def test_outcomes_leave_as_they_may_be_read() -> None:
    """Those of what was applied hold the values until then."""
    redacted = redact_change(change(attribute("title", "Clerk", "Analyst")), Redaction(("title",), KEY))
    run = Run(tenant="qa", commit=None, digest="", outcomes=(Outcome(change=redacted, status="applied"),), requests=1)

    written = readable_run(run).model_dump_json()

    assert readable_run(run) == Run.model_validate_json(written)
    assert [] == [one for one in ("Clerk", "Analyst") if one in written]


def test_an_outcome_repeats_no_redacted_value_in_what_a_service_says() -> None:
    """In its detail, in errors, and in the values of other attributes: texts, and lists of texts or of objects."""
    secret = AttributeChange(path="badge", before=None, after="4711-X")
    change = redact_change(
        UpdateUser(key="user/ann", target_id="a", attributes=(secret,)), Redaction(("badge",), b"key")
    )
    got: list[Any] = ["4711-X", ["x 4711-X"], [{"value": "4711-X", "primary": True}], 4711, None]
    undone = tuple(Undone(path="title", why="changed", got=value, error="no 4711-X") for value in got)
    outcome = Outcome(change=change, status="failed", detail="not 4711-X", undone=undone)

    told = redact_outcome(outcome)
    [_text, _texts, objects, *others] = [part.got for part in told.undone]
    listed: Any = objects

    assert "4711-X" not in told.detail + "".join(part.error for part in told.undone)
    assert "4711-X" not in str([part.got for part in told.undone])
    assert [True, 4711, None] == [listed[0]["primary"], *others]
    plain = outcome.model_copy(update={"change": UpdateUser(key="user/ann", target_id="a", attributes=(secret,))})
    assert plain is redact_outcome(plain)
