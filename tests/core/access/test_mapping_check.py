"""What is wrong with a rule of a mapping for all users: each message has what to write instead."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.access.mapping_check import check_rules
from reconciler.core.access.population import Population
from reconciler.core.declarations.rule import LocatedRule, MappingRule
from reconciler.errors import Problem, Source

PLACE = Source("mappings.yaml", 3)
ANN: dict[str, Any] = {
    "userName": "ann@example.com",
    "name": {"givenName": "Ann"},
    "title": "Clerk",
    "emails": [{"value": "ann@example.com"}],
    "customFields": {"floor": 3},
    "attributes": {"level": 3, "badge": None},
}
PEOPLE = Population({"ann": ANN})
GROUPS = Population({"finance": {"externalId": "finance", "displayName": "Finance"}}, "group")


def check(population: Population = PEOPLE, **written: Any) -> list[Problem]:
    rule = MappingRule.model_validate({"target": "displayName", **written})
    return check_rules([LocatedRule(rule, PLACE)], population)


@pytest.mark.parametrize(
    ("written", "message", "hint"),
    [
        (
            {"constant": "{{ userName }}"},
            "the constant '{{ userName }}' is written as it is, braces included",
            "write `expression:` instead of `constant:`",
        ),
        (
            {"source": "title", "default": "{{ userName }}"},
            "the default '{{ userName }}' is written as it is, braces included",
            'write `expression: "{{ coalesce(title, userName) }}"` instead of `source:` and `default:`',
        ),
        (
            {"constant": "ToUpper([title])"},
            "the constant 'ToUpper([title])' has Entra's syntax, and is written as it is",
            "as an `expression:`, write {{ title | upper }}",
        ),
        (
            {"source": "title", "default": "[userName]"},
            "the default '[userName]' has Entra's syntax",
            "as an `expression:`, write {{ userName }}",
        ),
        (
            {"expression": "ToUpper([title])"},
            "the expression 'ToUpper([title])' has no {{ … }}, so it is the same text for all",
            "write {{ title | upper }}",
        ),
        (
            {"expression": 'Join("-", "a", "b")'},
            "has no {{ … }}",
            "write {{ [attribute, other] | join(', ') }}",
        ),
        ({"expression": "RandomString(8)"}, "has no {{ … }}", "nothing replaces it here, because a value that differs"),
        ({"expression": "Len(x)"}, "has no {{ … }}", "nothing replaces it here: declare the value as an attribute"),
        ({"expression": "[title]"}, "has no {{ … }}", "write {{ title }}"),
        ({"expression": "title"}, "has no {{ … }}", "write `source: title`, or `constant: title` for this very text"),
        ({"expression": "level"}, "has no {{ … }}", "write `source: level`, or "),
        ({"expression": "key"}, "has no {{ … }}", "write `source: key`, or "),
        ({"expression": "Employee"}, "has no {{ … }}", "write `constant: Employee`, or `source:` with the name of"),
        ({"expression": "x" * 90}, f"the expression '{'x' * 60}'… has no", f"write `constant: {'x' * 60}`, or"),
        (
            {"expression": "ToUpper({{ title }})"},
            "has Entra's syntax outside of {{ … }}",
            "write {{ attribute | upper }}",
        ),
        ({"expression": "{{ title }} [userName]"}, "has Entra's syntax outside of {{ … }}", "write {{ userName }}"),
        (
            {"source": "{{ title }}"},
            "the source '{{ title }}' is not the name of an attribute",
            'write `expression: "{{ title }}"`, or only the name of the attribute',
        ),
        ({"source": "[title]"}, "is not the name of an attribute", "write `source: title`"),
        ({"source": "ToLower([title])"}, "is not the name of an attribute", "write {{ title | lower }}"),
        (
            {"source": "titel"},
            'no declaration has the attribute "titel", which the mapping to displayName reads',
            'did you mean "title"?',
        ),
        ({"source": "levle", "default": "x"}, 'no declaration has the attribute "levle"', 'did you mean "level"?'),
        ({"source": "qqq"}, 'the attribute "qqq"', "declare the attribute, or remove the rule"),
        ({"expression": "{{ coalesce(titel, key) }}"}, 'the attribute "titel"', 'did you mean "title"?'),
        ({"expression": "{{ name.givenNme }}"}, 'the attribute "name.givenNme"', 'did you mean "name.givenName"?'),
        ({"expression": "{{ roles }}"}, 'the attribute "roles"', "declare the attribute"),
    ],
)
def test_a_rule_that_can_not_be_meant_is_a_problem_at_its_line(written: Any, message: str, hint: str) -> None:
    """Braces that would be written to people, a text that never varies, Entra's syntax, a source that nobody has."""
    [problem] = check(**written)

    assert ("error", PLACE) == (problem.severity, problem.source)
    assert message in problem.message
    assert hint in str(problem.hint)
    assert "displayName" in problem.message


@pytest.mark.parametrize(
    "written",
    [
        {"source": "key"},
        {"source": "title", "default": "Employee"},
        {"source": "name.givenName"},
        {"source": "emails.value"},
        {"source": "badge"},  # declared, and empty for everyone
        {"source": "attributes.badge", "default": "none"},
        {"source": "customFields.floor"},
        {"constant": "[EXT] Not (yet) known"},
        {"constant": None},
        {"constant": True},
        {"constant": "Left(side)"},
        {"expression": "[EXT] {{ title }}"},
        {"expression": "{{ 'x' }}"},
        {"expression": "{{ coalesce(nickName, name.middleName, badge, attributes.level, key) }}"},
        {"expression": "{{ coalesce(customFields.other, title) }}"},
    ],
)
def test_a_rule_that_can_be_meant_is_none(written: Any) -> None:
    """Brackets are also text; an expression may have a fallback for an attribute of the contract."""
    assert [] == check(**written)


def test_a_source_that_only_the_contract_has_is_a_warning() -> None:
    """Some declaration may have it later."""
    [problem] = check(source="nickName")

    assert ("unused_attribute", "warning", PLACE) == (problem.code, problem.severity, problem.source)


def test_groups_have_attributes_of_their_own() -> None:
    """A user's attribute is none of a group; without groups, nothing is missed."""
    [problem] = check(GROUPS, source="title")

    assert ("unknown_attribute", "error") == (problem.code, problem.severity)
    assert [] == check(GROUPS, source="displayName")
    assert [] == check(GROUPS, expression="{{ displayName }} {{ key }}")
    assert [] == check(Population({}, "group"), source="title")
