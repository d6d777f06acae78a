"""Why somebody has access or not: every clause, role and attribute with its place, and what would turn it around."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from pydantic import ValidationError

from reconciler.core.declarations.clause import Filter, Filters
from reconciler.core.declarations.declared import Declarations, DeclaredAssignment
from reconciler.core.declarations.redaction import Redaction, redact_filters
from reconciler.core.declarations.rule import LocatedRule, MappingRule, Mappings
from reconciler.core.explanation.explain import Explanation, explain_user
from reconciler.errors import Source
from tests.core.examples import HERE, THERE, assignment, clause, declarations, declared_group, declared_user

TODAY = date(2026, 3, 31)
PEOPLE = [declared_user("ann", department="Finance", displayName="Ann Lee"), declared_user("bob")]
GROUPS = [
    declared_group("all", ["group/teams", "bob"]),
    declared_group("teams", ["group/empty", "group/desk", "group/round"]),
    declared_group("desk", ["ann"]),
    declared_group("round", ["group/teams"]),
    declared_group("matched", None, [clause("department", "EQUALS", "Finance")]),
    declared_group("empty", []),
]


def world(*assignments: DeclaredAssignment, filters: tuple[Filter, ...] = ()) -> Declarations:
    return replace(declarations(PEOPLE, GROUPS[:3] + GROUPS[4:], assignments), filters=Filters(users=filters))


def explain(declared: Declarations, name: str = "ann") -> Explanation:
    return explain_user(declared, "production", name, TODAY)


def test_an_explanation_says_who_where_when_and_why() -> None:
    """The verdict is the plan's own."""
    told = explain(world(assignment("user", "ann")))

    assert ("user/ann", "Ann Lee", "production", "2026-03-31", HERE) == (
        told.key,
        told.name,
        told.tenant,
        told.as_of,
        told.source,
    )
    assert (True, "holds user; no scoping filters") == (told.in_scope, told.verdict)
    assert told == Explanation.model_validate_json(told.model_dump_json())


def test_every_clause_is_told_with_the_value_it_met_and_its_line() -> None:
    """Of every filter, whether it decided or not."""
    filters = (
        Filter("One", (clause("department", "EQUALS", "Finance"), clause("costCenter", "EQUALS", "x")), THERE),
        Filter("Two", (clause("x", "IS_MEMBER_OF", "desk"),), HERE),
    )
    first, second = explain(world(filters=filters)).filters

    assert ("One", False, THERE, "Two", True, HERE) == (
        first.title,
        first.holds,
        first.source,
        second.title,
        second.holds,
        second.source,
    )
    assert [
        ("department EQUALS Finance", True, "Finance", THERE),
        ("costCenter EQUALS x", False, "unassigned", THERE),
        ("x IS_MEMBER_OF desk", True, "all, desk, matched, teams", THERE),
    ] == [(one.clause, one.holds, one.actual, one.source) for one in (*first.clauses, *second.clauses)]


def test_every_role_is_told_with_the_way_it_comes() -> None:
    """Directly, through a chain of groups, by clauses; each assignment on its own; what does not count too."""
    declared = world(
        assignment("auditor", "ann", groups=["all", "matched"], reason="CHG-1"),
        assignment("user", "ann", expires=date(2026, 3, 30)),
        assignment("user", "ann", expires=date(2026, 3, 31)),
        assignment("default_access", "ann"),
        assignment("specialist", "bob"),
    )
    roles = explain(declared).roles

    assert [
        ("auditor", (), True, None, "CHG-1"),
        ("auditor", ("all", "teams", "desk"), True, None, "CHG-1"),
        ("auditor", ("matched",), True, None, "CHG-1"),
        ("user", (), False, "2026-03-30", None),
        ("user", (), True, "2026-03-31", None),
        ("default_access", (), False, None, None),
    ] == [(one.role, one.through, one.counts, one.expires, one.reason) for one in roles]
    assert {Source("desired-state/roles.yaml", 5)} == {one.source for one in roles}


def test_a_role_of_a_group_that_the_user_is_not_in_is_not_told() -> None:
    """Nor one of a group that git does not declare."""
    declared = world(assignment("auditor", groups=["desk", "nowhere", "all"]))

    assert [("all",)] == [one.through for one in explain(declared, "bob").roles]


@pytest.mark.parametrize("role", ["account_owner", "nonsense"])
def test_a_role_that_can_not_be_assigned_does_not_count(role: str) -> None:
    """As in the verdict."""
    told = explain(world(assignment(role, "ann")))

    assert (False, [False]) == (told.in_scope, [one.counts for one in told.roles])


def test_every_attribute_is_told_with_where_it_comes_from() -> None:
    """The rule's line where a rule says so, else the user's."""
    place = Source("mappings.yaml", 3)
    rules = [
        {"target": "displayName", "expression": "{{ key | upper }}"},
        {"target": "locale", "constant": "en-GB", "apply": "on_create"},
        {"target": "title", "source": "department"},
    ]
    mappings = Mappings(users=tuple(LocatedRule(MappingRule.model_validate(rule), place) for rule in rules))
    told = explain(replace(world(), mappings=mappings)).attributes

    assert [
        ("department", "Finance", "source department", HERE),
        ("displayName", "ANN", "expression {{ key | upper }}", place),
        ("externalId", "ann", "the key", HERE),
        ("locale", "en-GB", "constant, on create only", place),
        ("title", "Finance", "source department", place),
        ("userName", "ann@example.com", "source userName", HERE),
    ] == [(one.target, one.value, one.origin, one.source) for one in told]


def test_what_would_turn_the_verdict_around_is_told_where_anything_would() -> None:
    """And what the verdict would be."""
    out = explain(world())
    pattern = Filter("Pattern", (clause("userName", "REGEX MATCH", "zoe.*"),), THERE)

    assert out.flip is not None
    assert (("assign the role user to ann",), "holds user; no scoping filters") == (out.flip.edits, out.flip.verdict)
    assert explain(world(filters=(pattern,))).flip is None


@pytest.mark.parametrize(
    "rule",
    [
        {"target": "title", "constant": date(2024, 2, 29)},
        {"target": "customFields.since", "source": "started"},
        {"target": "title", "source": "name"},
    ],
)
def test_whatever_a_mapping_makes_can_be_told(rule: dict[str, object]) -> None:
    """A plan of it may be refused, but not without a word."""
    mappings = Mappings(users=(LocatedRule(MappingRule.model_validate(rule), THERE),))
    ann = declared_user("ann", name={"givenName": "Ann"}, attributes={"started": date(2024, 2, 29)})

    assert explain(replace(declarations([ann]), mappings=mappings)).attributes


@pytest.mark.parametrize("rule", [{"target": "title", "source": None}, {"target": "title", "expression": None}])
def test_an_origin_that_was_left_empty_is_refused(rule: dict[str, object]) -> None:
    """`source:` with nothing behind it would clear the attribute of everybody."""
    with pytest.raises(ValidationError):
        MappingRule.model_validate(rule)


def test_what_is_redacted_is_not_told() -> None:
    """Neither the attributes, nor what a clause met, nor the name that people are called by."""
    clauses = (clause("department", "EQUALS", "Sales"), clause("costCenter", "IS NULL"))
    redaction = Redaction(("department", "displayName", "costCenter"))
    filters = redact_filters(Filters(users=(Filter("One", clauses, HERE),)), redaction)
    declared = replace(world(assignment("user", "ann")), filters=filters, redact=redaction.names)

    told = explain(declared)

    assert "ann" == told.name
    assert ["(redacted)", "unassigned"] == [one.actual for one in told.filters[0].clauses]
    assert 'passes no scoping filter: "One" requires department EQUALS Sales, but it is (redacted)' == told.verdict
    assert "Finance" not in told.model_dump_json()
    assert "Ann Lee" not in told.model_dump_json()
