"""Attributes as the account has them, as values to declare."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from reconciler.core.adoption.adopt_values import adopt_attribute
from reconciler.core.changes.plan import AttributeChange
from reconciler.core.model.resources import Key, Value
from reconciler.errors import Problem
from tests.core.adopted import TENANT, read_ground

TEXT = """\
users:
  ann:
    userName: ann@example.com
    title: Clerk
    emails: [{value: a@x, type: work, display: A}, {value: b@x, type: home, primary: false}]
    addresses: [{locality: London, type: work}]
    attributes: {level: 3, vip: true, started: 2020-01-01, nickname: Annie}
groups:
  desk: {displayName: Desk}
attribute_mappings:
  users:
    - {target: nickName, source: nickname}
    - {target: costCenter, source: level}
    - {target: userType, source: attributes.vip}
    - {target: division, source: started}
    - {target: displayName, expression: "{{ userName }}"}
    - {target: locale, constant: en}
    - {target: employeeNumber, source: key}
    - {target: department, source: department, default: IT}
    - {target: site, source: emails.value}
    - {target: customFields.badge, source: level}
  groups:
    - {target: groupType, constant: Team}
"""
GROUND = read_ground(TENANT + TEXT)
ANN, DESK = Key("user", "ann"), Key("group", "desk")


def adopted(path: str, live: Any, key: Key = ANN) -> tuple[tuple[str, ...], Any]:
    result = adopt_attribute(GROUND, key, AttributeChange(path=path, before=live, after="as git says"))
    assert not isinstance(result, Problem), result
    return result


def refused(path: str, live: Any, key: Key = ANN) -> Problem:
    result = adopt_attribute(GROUND, key, AttributeChange(path=path, before=live, after="as git says"))
    assert isinstance(result, Problem)
    return result


@pytest.mark.parametrize(
    ("path", "live", "expected"),
    [
        ("title", "Chief", (("title",), "Chief")),
        ("title", None, (("title",), None)),
        ("externalId", "0042", (("externalId",), "0042")),
        ("name.givenName", "Ann", (("name", "givenName"), "Ann")),
        ("customFields.a.b", 3, (("customFields", "a.b"), 3)),
        ("manager", "user/bob", (("manager",), "bob")),
        ("manager", None, (("manager",), None)),
        ("nickName", "Anne", (("attributes", "nickname"), "Anne")),
        ("costCenter", "4", (("attributes", "level"), 4)),
        ("costCenter", "04", (("attributes", "level"), "04")),
        ("costCenter", "four", (("attributes", "level"), "four")),
        ("customFields.badge", 5, (("attributes", "level"), 5)),
        ("userType", "false", (("attributes", "vip"), False)),
        ("userType", "VIP", (("attributes", "vip"), "VIP")),
        ("division", "2021-02-03", (("attributes", "started"), date(2021, 2, 3))),
        ("division", "soon", (("attributes", "started"), "soon")),
    ],
)
def test_the_source_of_a_target_gets_the_value(path: str, live: Value, expected: tuple[tuple[str, ...], Any]) -> None:
    """A value of one's own stays of its kind, where it says the same."""
    assert expected == adopted(path, live)
    assert type(expected[1]) is type(adopted(path, live)[1])


def test_a_group_has_its_name_and_its_type() -> None:
    """Its externalId too, where it is not the key."""
    assert (("displayName",), "Pilots") == adopted("displayName", "Pilots", DESK)
    assert (("externalId",), "0042") == adopted("externalId", "0042", DESK)


@pytest.mark.parametrize(
    ("path", "live", "expected"),
    [
        ("displayName", "Anne", 'displayName is "Anne" in the account; the value in git comes from an expression'),
        ("locale", "fr", 'locale is "fr" in the account; the value in git comes from a constant'),
        ("employeeNumber", "7", 'employeeNumber is "7" in the account; the value in git is the key'),
        ("department", None, "department is empty in the account; the mapping has a default"),
        ("site", "x", 'site is "x" in the account; the mapping selects it from emails'),
        ("userName", None, "userName is empty in the account, and userName must be declared"),
        ("manager", "id/u-9", "the manager in the account is u-9, a user not declared in git"),
        ("title", 5, "title in the account is not text"),
        ("emails", [{"value": "a", "type": 5}], "emails in the account is not text"),
    ],
)
def test_what_no_edit_of_the_declaration_can_say_is_told(path: str, live: Value, expected: str) -> None:
    """With the line that decides, and what to do."""
    problem = refused(path, live)

    assert f"user/ann: {expected}" == problem.message
    assert problem.source is not None
    assert problem.hint
    assert "warning" == problem.severity


def test_a_rule_is_told_by_its_line() -> None:
    """Not by that of the person."""
    assert "desired-state/all.yaml:17" == str(refused("displayName", "Anne").source)
    assert "desired-state/all.yaml:24" == str(refused("groupType", "Site", DESK).source)
    assert "different" in refused("site", [{"value": "x"}]).message


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (
            [{"value": "b@x", "type": "home"}, {"value": "A@x", "type": "work", "primary": True}],
            [{"value": "A@x", "type": "work", "primary": True}, {"value": "b@x", "type": "home", "primary": False}],
        ),
        ([{"value": "b@x", "type": "home"}], [{"value": "b@x", "type": "home", "primary": False}]),
        (
            [{"value": "c@x", "type": "work", "display": "A"}, {"value": "d@x"}],
            [{"value": "c@x", "type": "work", "display": "A"}, {"value": "d@x"}],
        ),
        ([{"value": "z@x", "type": "other"}], [{"value": "z@x", "type": "other"}]),
    ],
)
def test_values_of_many_stay_in_the_order_that_git_has(live: Value, expected: list[dict[str, Any]]) -> None:
    """What is the same stays as it is written; what is new comes last."""
    assert (("emails",), expected) == adopted("emails", live)


def test_parts_that_git_does_not_speak_of_stay_out() -> None:
    """A server's display, say; an address has all its parts."""
    assert (("phoneNumbers",), [{"value": "1", "display": "One"}]) == adopted(
        "phoneNumbers", [{"value": "1", "display": "One"}]
    )
    live = [{"locality": "Lyon", "type": "work", "country": "FR"}]
    assert (("addresses",), [{"locality": "Lyon", "type": "work", "country": "FR"}]) == adopted("addresses", live)


def test_a_user_who_manages_themselves_is_not_adopted() -> None:
    """`validate` would refuse it."""
    problem = refused("manager", "user/ann")

    assert "user/ann: the manager in the account is the user" in problem.message
