"""The smallest edit that turns a verdict around: tried, and not larger than needed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from reconciler.core.access.compile import compile_state
from reconciler.core.declarations.clause import Clause, Filter, Filters
from reconciler.core.declarations.declared import Declarations, UserDeclaration
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.explanation import flip as module
from reconciler.core.explanation.flip import Flipped, find_flip
from tests.core.examples import SANDBOX, THERE, assignment, clause, declarations, declared_group, declared_user

EVERYONE = Tenant(url="sandbox", scope="all")


def world(
    *filters: tuple[Clause, ...], tenant: Tenant = EVERYONE, roles: tuple[str, ...] = (), **ann: Any
) -> Declarations:
    """Ann, the filters, each of its clauses, and the roles that she holds."""
    declared = declarations(
        [declared_user("ann", **ann), declared_user("bob", department="Legal")],
        [declared_group("desk")],
        [assignment(role, "ann") for role in roles],
        tenant,
    )
    titled = tuple(Filter(f"Filter {number}", clauses, THERE) for number, clauses in enumerate(filters, start=1))
    return replace(declared, filters=Filters(users=titled))


def flip(declared: Declarations) -> Flipped | None:
    return find_flip(declared, "production", "ann", date(2026, 3, 31))


@pytest.mark.parametrize(
    ("declared", "edits", "verdict"),
    [
        (world(), ("set active: false on ann",), "declared inactive: active is false"),
        (world(active=False), ("set active: true on ann",), "everyone is in scope; no scoping filters"),
        (world(tenant=SANDBOX), ("assign the role user to ann",), "holds user; no scoping filters"),
        (
            world(tenant=SANDBOX, active=False),
            ("set active: true on ann", "assign the role user to ann"),
            "holds user; no scoping filters",
        ),
        (
            world((clause("department", "EQUALS", "Finance"),), tenant=SANDBOX, roles=("user",)),
            ("set department: Finance on ann",),
            'holds user; passes "Filter 1"',
        ),
        (
            world(
                (clause("department", "EQUALS", "Finance"), clause("level", "GREATER_THAN", 2)),
                (clause("title", "EQUALS", "Head"),),
            ),
            ("set title: Head on ann",),
            'everyone is in scope; passes "Filter 2"',
        ),
        (
            replace(
                world(tenant=SANDBOX),
                assignments=(
                    assignment("user", "bob", expires=date(2026, 3, 1)),
                    assignment("auditor", "ann", expires=date(2026, 3, 30)),
                ),
            ),
            ("move the end (expires) of the role auditor at desired-state/roles.yaml:5 to 2026-03-31 or later",),
            "holds auditor; no scoping filters",
        ),
        (
            world((clause("department", "REGEX MATCH", "Le.*"),)),
            ("set department: Legal on ann",),
            'everyone is in scope; passes "Filter 1"',
        ),
        (
            world((clause("title", "STARTS_WITH", "He"), clause("title", "IN", [None, "Clerk", "Head"]))),
            ("set title: Head on ann",),
            'everyone is in scope; passes "Filter 1"',
        ),
        (
            world((clause("x", "IS_MEMBER_OF", "group/desk"),)),
            ("add ann to the members of the group desk",),
            'everyone is in scope; passes "Filter 1"',
        ),
    ],
)
def test_the_fewest_edits_that_turn_the_verdict_around_are_found(
    declared: Declarations, edits: tuple[str, ...], verdict: str
) -> None:
    """One where one will do; and what the verdict says then."""
    assert Flipped(edits, verdict) == flip(declared)


@pytest.mark.parametrize(
    ("put", "ann", "edit"),
    [
        (clause("title", "EQUALS", "Head"), {}, "set title: Head on ann"),
        (clause("title", "NOT EQUALS", "Head"), {"title": "Head"}, "set title: not Head on ann"),
        (clause("title", "INCLUDES", "ea"), {}, "set title: ea on ann"),
        (clause("title", "STARTS_WITH", "He"), {}, "set title: He on ann"),
        (clause("title", "ENDS_WITH", "ad"), {}, "set title: ad on ann"),
        (clause("title", "IN", ["Head", "Chief"]), {}, "set title: Head on ann"),
        (clause("title", "IS NULL"), {"title": "Head"}, "set title: null on ann"),
        (clause("title", "IS NOT NULL"), {}, "set title: something on ann"),
        (clause("vip", "IS TRUE"), {}, "set vip: true on ann"),
        (clause("attributes.vip", "IS FALSE"), {}, "set attributes.vip: false on ann"),
        (clause("level", "GREATER_THAN", 3), {}, "set level: 4 on ann"),
        (clause("level", "GREATER_THAN_OR_EQUALS", "3"), {}, "set level: 3 on ann"),
        (clause("level", "LESS_THAN", 3), {}, "set level: 2 on ann"),
        (clause("level", "LESS_THAN_OR_EQUALS", 3), {"attributes": {"level": 9}}, "set level: 3 on ann"),
        (clause("started", "BEFORE", date(2026, 3, 1)), {}, "set started: 2026-02-28 on ann"),
        (clause("started", "AFTER", "2026-02-28"), {}, "set started: 2026-03-01 on ann"),
        (clause("name.familyName", "EQUALS", "Lee"), {"name": {"givenName": "Ann"}}, "set name.familyName: Lee on ann"),
        (clause("emails.type", "EQUALS", "work"), {"emails": [{"value": "a"}]}, "set emails.type: work on ann"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_operator_has_a_value_that_satisfies_it(put: Clause, ann: dict[str, Any], edit: str) -> None:
    """The nearest one, at the path that the clause names."""
    found = flip(world((put,), **ann))

    assert found is not None
    assert (edit,) == found.edits


@pytest.mark.parametrize(
    "filters",
    [
        ((clause("title", "REGEX MATCH", "H.*"),),),
        ((clause("title", "NOT REGEX MATCH", ".*"),),),
        ((clause("x", "IS_MEMBER_OF", "nowhere"),),),
        ((clause("title", "EQUALS", "a"), clause("title", "EQUALS", "b")),),
        (tuple(clause(f"a{number}", "EQUALS", "x") for number in range(4)),),
    ],
)
def test_where_no_edit_of_up_to_three_was_found_none_is_named(filters: tuple[tuple[Clause, ...], ...]) -> None:
    """A pattern's match is not made up, and nothing is said that was not tried."""
    assert flip(world(*filters)) is None


def test_the_same_edit_is_not_tried_twice() -> None:
    """Many filters that want the same leave room for the one that differs."""
    wanting = [(clause("title", "EQUALS", "a"), clause("title", "EQUALS", "b"))] * 20
    found = flip(world(*wanting, (clause("site", "EQUALS", "Paris"),)))

    assert found is not None
    assert ("set site: Paris on ann",) == found.edits


def test_a_tenants_own_filters_are_those_to_get_past() -> None:
    """Those of everyone do not count for it."""
    declared = world((clause("title", "EQUALS", "Head"),))
    own = Filters(users=(Filter("Own", (clause("site", "EQUALS", "Paris"),), THERE),))
    special = replace(declared, tenants={"production": replace(declared.tenants["production"], filters=own)})

    assert ("set site: Paris on ann",) == getattr(flip(special), "edits", None)


@pytest.mark.parametrize(("operator", "day"), [("AFTER", date.max), ("BEFORE", date.min)])
def test_there_is_no_day_beyond_the_last(operator: str, day: date) -> None:
    """Nothing to try is no crash."""
    assert flip(world((clause("started", operator, day),))) is None


@pytest.mark.parametrize(
    "put",
    [
        clause("externalId", "EQUALS", "x"),
        clause("groupType", "EQUALS", "x"),
        clause("userName", "IS NULL"),
        clause("active", "IS NULL"),
        clause("title", "IS TRUE"),
        clause("title", "EQUALS", 3),
        clause("title", "GREATER_THAN", 3),
        clause("name", "IS NOT NULL"),
        clause("emails", "IS NOT NULL"),
        clause("attributes", "IS NOT NULL"),
        clause("emails.type", "EQUALS", "work"),
    ],
    ids=lambda put: f"{put.attribute} {put.operator}",
)
def test_an_edit_that_is_named_can_be_written(put: Clause, monkeypatch: pytest.MonkeyPatch) -> None:
    """What git would refuse is no way to turn anything around."""
    tried: list[Declarations] = []

    def remember(edited: Declarations, tenant: str, today: date) -> object:
        tried.append(edited)
        return compile_state(edited, tenant, today)

    monkeypatch.setattr(module, "compile_state", remember)

    emails = [{"type": "home", "value": "a"}] if "." in put.attribute else []
    if flip(world((put,), emails=emails)):
        TypeAdapter(UserDeclaration).validate_python(tried[-1].users["ann"].attributes)


@pytest.mark.parametrize("first", [None, ""])
def test_of_a_list_the_first_that_satisfies_is_taken(first: str | None) -> None:
    """Nobody is null or empty: that is unassigned."""
    assert flip(world((clause("title", "IN", [first, "Head"]),))) is not None


@pytest.mark.parametrize("text", ["null", "3", "yes: no"])
def test_a_value_is_shown_as_it_is_written(text: str) -> None:
    """To be copied into the YAML: `title: null` would clear it."""
    found = flip(world((clause("title", "EQUALS", text),)))

    assert found is not None
    assert text == yaml.safe_load(found.edits[0].removeprefix("set title: ").removesuffix(" on ann"))


def test_an_edit_of_one_of_many_values_is_made_to_each_of_them() -> None:
    """The others stay as they are beside it, and none is dropped."""
    emails = [{"value": "a@example.com", "type": "home"}, {"value": "b@example.com", "type": "home"}]
    found = flip(world((clause("emails.type", "EQUALS", "work", quantifier="all"),), emails=emails))

    assert found is not None
    assert ("set emails.type: work on ann",) == found.edits
