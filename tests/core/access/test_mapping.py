"""Source attributes become target attributes: the same names, flat, and the key as externalId."""

from __future__ import annotations

from datetime import date

import pytest

from reconciler.core.access.mapping import Mapped, Mapper, matching_of
from reconciler.core.declarations.rule import LocatedRule, MappingRule
from reconciler.core.model.resources import Attributes, Value
from reconciler.errors import Source
from tests.core.examples import declared_user, group_key, user_key


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({}, {}),
        ({"title": "Analyst"}, {"title": "Analyst"}),
        ({"title": None}, {"title": None}),
        ({"title": ""}, {"title": None}),
        ({"emails": []}, {"emails": None}),
        ({"name": {"givenName": "Ann", "familyName": ""}}, {"name.givenName": "Ann", "name.familyName": None}),
        ({"customFields": {"badge": 113, "vip": False}}, {"customFields.badge": 113, "customFields.vip": False}),
        ({"manager": "bob.roy"}, {"manager": "user/bob.roy"}),
        ({"manager": None}, {"manager": None}),
        ({"active": False, "attributes": {"level": 3}}, {}),
        (
            {"emails": [{"value": "b@example.com"}, {"value": "a@example.com", "primary": False, "type": ""}]},
            {"emails": [{"value": "a@example.com"}, {"value": "b@example.com"}]},
        ),
    ],
)
def test_a_user_maps_to_flat_target_attributes(written: dict[str, object], expected: Attributes) -> None:
    """Absent is unmanaged, null and empty are cleared; `active` and own attributes are not targets."""
    declared = declared_user("ann", **written)

    mapped = Mapper(()).map(user_key("ann"), declared.attributes)

    assert Mapped({"externalId": "ann", "userName": "ann@example.com", **expected}, {}) == mapped


@pytest.mark.parametrize("external_id", ["6f9619ff", None])
def test_an_external_id_that_is_declared_stands_in_place_of_the_key(external_id: str | None) -> None:
    """Null clears the value."""
    assert external_id == Mapper(()).map(user_key("ann"), {"externalId": external_id}).always["externalId"]


def test_a_group_maps_its_attributes_and_its_key() -> None:
    """An empty group type is cleared."""
    expected = {"externalId": "finance", "displayName": "Acme Finance", "groupType": None}

    mapped = Mapper(()).map(group_key("finance"), {"displayName": "Acme Finance", "groupType": ""})

    assert Mapped(expected, {}) == mapped


PLACE = Source("mappings.yaml", 3)
ANN: dict[str, object] = {
    "userName": "ann@example.com",
    "name": {"givenName": "Ann", "familyName": "Lee"},
    "title": None,
    "emails": [{"value": "ann@example.com", "type": "work"}],
    "attributes": {"level": 3, "nickname": "Annie", "badges": ["parking", "lab"]},
}


def located(**written: object) -> LocatedRule:
    return LocatedRule(MappingRule.model_validate(written), PLACE)


def mapped_by(rule: LocatedRule) -> Value:
    """Returns the value of the rule's target for Ann, or the text "unmanaged"."""
    return Mapper((rule,)).map(user_key("ann"), ANN).always.get(rule.rule.target, "unmanaged")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"target": "externalId", "source": "key"}, "ann"),
        ({"target": "nickName", "source": "nickname"}, "Annie"),
        ({"target": "nickName", "source": "attributes.nickname"}, "Annie"),
        ({"target": "displayName", "source": "name.givenName"}, "Ann"),
        ({"target": "customFields.level", "source": "level"}, 3),
        ({"target": "title", "source": "title", "default": "Employee"}, "Employee"),
        ({"target": "title", "source": "title"}, None),
        ({"target": "title", "source": "name.middleName"}, "unmanaged"),
        ({"target": "emails", "source": "emails"}, [{"type": "work", "value": "ann@example.com"}]),
        ({"target": "emails", "source": "userName"}, [{"value": "ann@example.com"}]),
        ({"target": "entitlements", "source": "badges"}, [{"value": "lab"}, {"value": "parking"}]),
        ({"target": "manager", "source": "nickname"}, "user/Annie"),
        ({"target": "locale", "constant": "en-GB"}, "en-GB"),
        ({"target": "userName", "constant": None}, None),
        (
            {"target": "displayName", "expression": "{{ name.givenName | upper }} {{ nickname }}, {{ key }}"},
            "ANN Annie, ann",
        ),
        ({"target": "displayName", "expression": "{{ coalesce(title, nickname) }}"}, "Annie"),
    ],
)
def test_a_rule_takes_the_place_of_the_default_for_its_target(written: dict[str, object], expected: Value) -> None:
    """A source is copied, a constant written, an expression computed; a default replaces an unassigned value."""
    assert expected == mapped_by(located(**written))


def test_what_is_written_on_create_is_not_managed_afterwards() -> None:
    """It is written on create only."""
    mapped = Mapper((located(target="locale", constant="en-GB", apply="on_create"),)).map(user_key("ann"), ANN)

    assert ({"locale": "en-GB"}, False) == (mapped.on_create, "locale" in mapped.always)


def test_what_an_expression_lacks_is_one_problem_for_all_it_lacks_it_for() -> None:
    """The problem is at the rule's line and names the first user; the target is unmanaged, not empty."""
    mapper = Mapper((located(target="title", expression="{{ level }} {{ boss }}"),))

    assert "title" not in mapper.map(user_key("ann"), ANN).always
    assert "title" not in mapper.map(user_key("bob"), ANN).always
    [problem] = mapper.problems()
    assert "the mapping to title fails for user/ann (boss is missing) and 1 more" == problem.message
    assert PLACE == problem.source
    assert "declare boss, or give the expression a fallback: coalesce(boss, 'a value')" == problem.hint


def test_matching_goes_by_precedence() -> None:
    """Rules name the matching attributes; without such rules, the default holds."""
    rules = (
        located(target="userName", source="userName", matching=2),
        located(target="employeeNumber", source="level", matching=1),
        located(target="locale", constant="en-GB"),
    )

    assert ("employeeNumber", "userName") == matching_of("user", rules)
    assert ("externalId", "displayName") == matching_of("group", ())


@pytest.mark.parametrize(
    "written",
    [{"target": "customFields.since", "source": "started"}, {"target": "title", "constant": date(2024, 2, 29)}],
)
def test_a_date_is_written_as_text(written: dict[str, object]) -> None:
    """JSON has no dates; it is `2024-02-29` on the wire, in the plan and in the account."""
    rule = located(**written)
    mapped = Mapper((rule,)).map(user_key("ann"), {**ANN, "attributes": {"started": date(2024, 2, 29)}})

    assert "2024-02-29" == mapped.always[rule.rule.target]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"target": "employeeNumber", "source": "level"}, "3"),
        ({"target": "userType", "constant": True}, "true"),
        ({"target": "title", "source": "title", "default": 7}, "7"),
    ],
)
def test_an_attribute_that_is_text_gets_text(written: dict[str, object], expected: str) -> None:
    """This holds for own attributes, constants and defaults; custom fields keep their type."""
    assert expected == mapped_by(located(**written))


@pytest.mark.parametrize("source", ["name", "emails", "badges"])
def test_what_is_no_single_value_is_not_copied_into_one(source: str) -> None:
    """The target is unmanaged, and a problem is at the rule's line."""
    mapper = Mapper((located(target="title", source=source),))

    assert "title" not in mapper.map(user_key("ann"), ANN).always
    assert [PLACE] == [problem.source for problem in mapper.problems()]


def test_an_empty_manager_is_a_cleared_one() -> None:
    """Null and empty text are equal, for references too."""
    assert Mapper(()).map(user_key("ann"), {**ANN, "manager": ""}).always["manager"] is None
