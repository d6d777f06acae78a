"""The lines of `left`, `released` and `was`, and all their problems at once."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from reconciler.core.declarations.settlement import SettlementDeclaration, check_settlements, check_was, parse_was
from reconciler.core.model.resources import Key
from reconciler.core.model.states import Settlement
from reconciler.errors import Source
from tests.core.examples import group_key, user_key

FIRST, SECOND, PEOPLE = (Source("left.yaml", 2), Source("more.yaml", 5), Source("people.yaml", 7))
ANN, BOB, KAI = (user_key(name) for name in ("ann", "bob", "kai"))


def test_a_line_names_one_by_key_or_by_id() -> None:
    """The reason is optional."""
    by_key = SettlementDeclaration.model_validate({"key": "user/kai", "reason": "CHG-12"})
    by_id = SettlementDeclaration.model_validate({"id": "4711"})

    assert Settlement(FIRST, KAI, None, "CHG-12") == by_key.located(FIRST)
    assert Settlement(FIRST, None, "4711") == by_id.located(FIRST)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({}, "give either `key` or `id`"),
        ({"key": "user/kai", "id": "4711"}, "give either `key` or `id`"),
        ({"key": "kai"}, 'has the malformed key "kai": write it like user/jo.kerr'),
        ({"key": ""}, "has the malformed key"),
        ({"key": "team/kai"}, "has the malformed key"),
        ({"id": 4711}, "valid string"),
        ({"id": ""}, "at least 1 character"),
        ({"name": "kai"}, "not permitted"),
    ],
    ids=str,
)
def test_any_other_line_is_refused(written: dict[str, object], said: str) -> None:
    """An id is text."""
    with pytest.raises(ValidationError, match=said):
        SettlementDeclaration.model_validate(written)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (None, ()),
        ("ann", (ANN,)),
        ("user/ann", (ANN,)),
        (["ann", "user/bob", "user/ann"], (ANN, BOB)),
    ],
)
def test_former_keys_may_be_written_bare(written: str | list[str] | None, expected: tuple[Key, ...]) -> None:
    """Duplicates are removed."""
    assert expected == parse_was("user", written)
    assert (group_key("hr"),) == parse_was("group", "hr")


def test_who_is_declared_has_neither_left_nor_been_released() -> None:
    """Such a line is an error; an invalid declaration counts as declared."""
    declared = {ANN: PEOPLE, BOB: None}
    released, left = (
        [Settlement(FIRST, BOB)],
        [Settlement(SECOND, ANN), Settlement(SECOND, KAI), Settlement(FIRST, id="x")],
    )

    problems = [(one.message, one.source) for one in check_settlements(released, left, declared)]

    assert [
        ("released: user/bob is declared", FIRST),
        ("left: user/ann is declared at people.yaml:7", SECOND),
    ] == problems


def test_a_line_that_is_there_twice_is_a_problem_that_names_both_places() -> None:
    """In one section or in both; a key and an id with the same text differ."""
    released = [Settlement(FIRST, KAI), Settlement(FIRST, id="user/kai")]
    left = [Settlement(SECOND, KAI), Settlement(FIRST, id="4711"), Settlement(SECOND, id="4711")]

    assert [
        ("left: user/kai is named a second time; the first is under released at left.yaml:2", SECOND),
        ('left: the id "4711" is named a second time; the first is under left at left.yaml:2', SECOND),
    ] == [(one.message, one.source) for one in check_settlements(released, left, {})]


def test_a_former_key_is_no_longer_declared_and_was_that_of_one() -> None:
    """The current key is refused too."""
    was = {ANN: (user_key("old"), KAI), BOB: (user_key("old"), BOB, ANN)}

    problems = [(one.message, one.source) for one in check_was(was, {ANN: PEOPLE, BOB: SECOND})]

    assert [
        ("user/bob: was names user/old, and so does user/ann at people.yaml:7", SECOND),
        ("user/bob: was names user/bob, which is its own key", SECOND),
        ("user/bob: was names user/ann, which is declared at people.yaml:7", SECOND),
    ] == problems


def test_a_group_may_have_been_called_as_a_user_is() -> None:
    """A user and a group may have the same name."""
    assert [] == list(check_was({group_key("hr"): (group_key("ann"),)}, {ANN: PEOPLE, group_key("hr"): PEOPLE}))
