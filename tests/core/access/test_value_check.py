"""Values that services change, refuse or misread; each finding has its statement."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from reconciler.core.access.compile import compile_state
from reconciler.core.access.value_check import ValueFinding, find_errors, find_warnings
from reconciler.core.declarations.declared import Declarations, DeclaredGroup, DeclaredTenant
from reconciler.core.declarations.redaction import Redaction
from reconciler.core.declarations.rule import LocatedRule, MappingRule, Mappings
from reconciler.core.declarations.tenant import SecretDeclaration, Tenant
from reconciler.errors import Source
from tests.core.examples import HERE, SANDBOX, declared_user

RULE = Source("mappings.yaml", 7)
TODAY = date(2026, 11, 30)
ANN, BOB = "ann@example.com", "bob@example.com"
RFC = Tenant(url="https://scim.example/v2", token=SecretDeclaration(env="TOKEN"), dialect="rfc7644", scope="all")


def warnings(
    rules: tuple[dict[str, Any], ...] = (), tenant: Tenant = SANDBOX, redact: tuple[str, ...] = (), **written: Any
) -> list[ValueFinding]:
    """Returns the warnings for Ann."""
    mappings = Mappings(tuple(LocatedRule(MappingRule.model_validate(rule), RULE) for rule in rules))
    declarations = Declarations(
        tenants={"t": DeclaredTenant(tenant, HERE)},
        users={"ann": declared_user("ann", **written)},
        mappings=mappings,
        redact=redact,
    )
    return find_warnings(declarations, compile_state(declarations, "t", TODAY))


@pytest.mark.parametrize(
    ("written", "code", "message", "path"),
    [
        ({"title": "Chief "}, "edge_space", 'title: "Chief " begins or ends with a space', ("title",)),
        (
            {"name": {"familyName": "Jose\u0301"}},
            "decomposed",
            'name.familyName: "Jose\\u0301" has a letter and its accent',
            ("name", "familyName"),
        ),
        ({"customFields": {"desk": " 3"}}, "edge_space", "customFields.desk", ("customFields", "desk")),
        ({"phoneNumbers": [{"value": "1", "display": "x "}]}, "edge_space", 'phoneNumbers: "x "', ("phoneNumbers",)),
        ({"nickName": "{{ key }}"}, "literal_braces", "is written as it is", ("nickName",)),
        ({"locale": "klingon"}, "unknown_locale", '"klingon" is not a language tag', ("locale",)),
        (
            {"preferredLanguage": "en_GB"},
            "unknown_preferredlanguage",
            "is not a list of",
            ("preferredLanguage",),
        ),
        ({"timezone": "Europe/Lodnon"}, "unknown_timezone", "is not a time zone", ("timezone",)),
        (
            {"phoneNumbers": [{"value": "1", "type": "work"}, {"value": "2", "type": "Work"}]},
            "same_type",
            'phoneNumbers: has 2 values of the type "work", none of them primary',
            ("phoneNumbers",),
        ),
        (
            {"addresses": [{"locality": "Rome", "type": "work"}, {"locality": "Oslo", "type": "work"}]},
            "same_type",
            'addresses: has 2 values of the type "work"',
            ("addresses",),
        ),
        (
            {"emails": [{"value": ANN, "primary": True}, {"value": BOB}, {"value": BOB.upper(), "type": "home"}]},
            "same_value",
            'emails: has "bob@example.com" 2 times',
            ("emails",),
        ),
        (
            {"emails": [{"value": BOB, "primary": True}, {"value": ANN}]},
            "not_primary_email",
            'userName: "ann@example.com" is not the primary e-mail address "bob@example.com"',
            ("userName",),
        ),
        ({"emails": [{"value": BOB}]}, "not_primary_email", "is not the primary", ("userName",)),
        (
            {"emails": [{"value": ANN}, {"value": BOB}]},
            "no_primary_email",
            "emails: has 2 values, none of them primary",
            ("emails",),
        ),
        ({"emails": None}, "no_primary_email", "emails: is cleared; 4me's rules", ("emails",)),
    ],
)
def test_a_value_that_will_not_be_taken_as_it_is_is_a_warning(
    written: Any, code: str, message: str, path: tuple[str, ...]
) -> None:
    """Each names the attribute and the value, and what to write."""
    [found] = warnings(**written)

    assert (code, "warning", HERE) == (found.problem.code, found.problem.severity, found.problem.source)
    assert found.problem.message.startswith("users.ann.")
    assert message in found.problem.message
    assert found.problem.hint
    assert ("users", "ann", *path) == found.path


@pytest.mark.parametrize(
    "written",
    [
        {"emails": [{"value": ANN.upper()}]},
        {"emails": [{"value": ANN, "type": "work", "primary": True}, {"value": BOB, "type": "work"}]},
        {"phoneNumbers": [{"value": "1", "type": "work"}, {"value": "2", "type": "mobile"}]},
        {"phoneNumbers": [{"value": "1"}, {"value": "2"}]},
        {"entitlements": [{"value": "a", "type": "x"}, {"value": "b", "type": "x"}]},
        {"locale": "en-GB", "timezone": "Europe/London", "preferredLanguage": "da, en;q=0.5"},
        {"locale": None, "customFields": {"level": 3, "vip": True}},
        {"attributes": {"note": "for filters "}},
    ],
)
def test_a_value_that_is_taken_is_none(written: Any) -> None:
    """An alias beside a primary address, two numbers without types, what is never written."""
    assert [] == warnings(**written)


def test_the_rules_of_4me_are_those_of_4me() -> None:
    """Another service finds nobody by the e-mail address."""
    assert [] == warnings(tenant=RFC, emails=[{"value": BOB}])
    assert ["edge_space"] == [found.problem.code for found in warnings(tenant=RFC, title="x ", emails=[{"value": BOB}])]


def test_a_mapped_value_is_found_at_its_source_and_a_computed_one_at_its_rule() -> None:
    """A copied value is in the declaration; a constant or an expression is in the rule."""
    own: dict[str, Any] = {"attributes": {"job": "Chief "}}
    [copied] = warnings(({"target": "title", "source": "job"},), **own)
    [computed] = warnings(({"target": "title", "expression": "{{ '{' }}{ {{ job }}\u200b x"},), **own)
    [constant] = warnings(({"target": "locale", "constant": "klingon", "apply": "on_create"},))
    [of_key] = warnings(({"target": "title", "source": "title", "default": "x "},))

    assert (HERE, ("users", "ann", "attributes", "job")) == (copied.problem.source, copied.path)
    assert ("invisible", RULE, ()) == (computed.problem.code, computed.problem.source, computed.path)
    assert ("unknown_locale", RULE, ()) == (constant.problem.code, constant.problem.source, constant.path)
    assert ("users", "ann", "title") == of_key.path


def test_a_list_that_is_copied_from_another_is_found_there() -> None:
    """The path of a list has no parts."""
    one, other = warnings(({"target": "phoneNumbers", "source": "ims"},), ims=[{"value": "x "}])

    assert ("users", "ann", "ims") == one.path == other.path
    assert {"users.ann.phoneNumbers", "users.ann.ims"} == {
        found.problem.message.partition(": ")[0] for found in (one, other)
    }


def test_a_value_that_must_not_be_read_is_not_shown() -> None:
    """Neither in the message nor in the hint."""
    found = warnings(redact=("title", "emails"), title="Secret ", emails=[{"value": "secret@example.com"}])

    assert ["edge_space", "not_primary_email"] == [one.problem.code for one in found]
    assert not any("ecret" in str(one.problem) for one in found)


def test_a_value_of_many_users_is_looked_up_once() -> None:
    """Each user has a warning of their own; a suggestion would take milliseconds for each of them."""
    users = {name: declared_user(name, timezone="Europe/Lodnon") for name in ("ann", "bob")}
    declarations = Declarations(tenants={"t": DeclaredTenant(SANDBOX, HERE)}, users=users)

    found = find_warnings(declarations, compile_state(declarations, "t", TODAY))

    assert [("users", name, "timezone") for name in ("ann", "bob")] == [one.path for one in found]
    assert 1 == len({one.problem.hint for one in found})


def test_groups_are_checked_too() -> None:
    """At the line of the group."""
    group = DeclaredGroup({"displayName": "Desk", "groupType": "Team "}, "authoritative", None, None, HERE)
    declarations = Declarations(tenants={"t": DeclaredTenant(SANDBOX, HERE)}, groups={"desk": group})

    [found] = find_warnings(declarations, compile_state(declarations, "t", TODAY))

    assert ("groups", "desk", "groupType") == found.path
    assert found.problem.message.startswith("groups.desk.groupType: ")


def test_values_that_contradict_each_other_are_errors_of_the_state() -> None:
    """A plan refuses them too: two primary values, and a user who is their own manager."""
    emails = [{"value": ANN, "primary": True}, {"value": BOB, "primary": True}]
    addresses = [{"type": "work", "primary": True}, {"type": "home", "primary": True}]
    user = declared_user("ann", manager="ann", emails=emails, addresses=addresses)
    declarations = Declarations(tenants={"t": DeclaredTenant(SANDBOX, HERE)}, users={"ann": user})
    state = compile_state(declarations, "t", TODAY)

    found = find_errors(state.users.values(), Redaction())

    assert [
        ("own_manager", "users.ann.manager: is the user's own manager"),
        ("two_primaries", f'users.ann.emails: has 2 primary values: "{ANN}" and "{BOB}"'),
        ("two_primaries", 'users.ann.addresses: has 2 primary values: "home" and "work"'),
    ] == [(one.problem.code, one.problem.message) for one in found]
    assert {one.problem for one in found} <= set(state.problems)
    assert {"error"} == {one.problem.severity for one in found}
    hidden = compile_state(replace(declarations, redact=("emails",)), "t", TODAY).problems
    assert not any(ANN in problem.message for problem in hidden)
