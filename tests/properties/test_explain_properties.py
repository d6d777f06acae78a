"""The properties of every explanation, for any groups, roles and filters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import combinations
from random import Random
from typing import Any, cast

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from reconciler.core.access.compile import compile_state
from reconciler.core.access.edited import could_be_declared
from reconciler.core.access.filter_change import warn_of_filter_change
from reconciler.core.access.scope import Subject, compile_clause, read_values
from reconciler.core.declarations.clause import (
    NEEDS_DATE,
    NEEDS_INTEGER,
    NEEDS_NO_VALUE,
    NEEDS_PATTERN,
    Clause,
    Filter,
    Filters,
)
from reconciler.core.declarations.clause import Operator as Op
from reconciler.core.declarations.declared import Declarations, DeclaredAssignment, DeclaredTenant, UserDeclaration
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.explanation.explain import explain_user
from reconciler.core.model.resources import Key
from reconciler.errors import Source
from tests.core.examples import HERE, THERE, assignment, clause, declared_group, declared_user

STEADY = settings(
    max_examples=90,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TODAY = date(2026, 3, 31)
NAMES = ("ann", "bob", "cid")
GROUPS = ("dev", "hr", "ops", "all")
PATHS = ("title", "department", "name.familyName", "attributes.level", "level", "vip", "started")

texts = st.sampled_from(["Head", "Clerk", "Hea", "d"])
numbers = st.integers(1, 3)
days = st.integers(-1, 1).map(lambda offset: TODAY + timedelta(days=offset))
names = st.sampled_from(NAMES)


@st.composite
def clauses(draw: st.DrawFn, *, groups: bool = True) -> Clause:
    """Draws a clause of any operator with a valid value."""
    operator = draw(st.sampled_from([one for one in Op if groups or one is not Op.IS_MEMBER_OF]))
    value: object = draw(texts)
    if operator in NEEDS_NO_VALUE:
        value = None
    elif operator in NEEDS_INTEGER:
        value = draw(numbers)
    elif operator in NEEDS_DATE:
        value = draw(days)
    elif operator in NEEDS_PATTERN:
        value = draw(st.sampled_from(["H.*", ".*d", "Clerk"]))
    elif operator is Op.IN:
        value = draw(st.lists(texts, min_size=1, max_size=2))
    elif operator is Op.IS_MEMBER_OF:
        value = draw(st.sampled_from([*GROUPS, "group/dev", "nowhere"]))
    quantifier = draw(st.sampled_from(["any", "all"]))
    return clause(draw(st.sampled_from(PATHS)), operator.value, value, quantifier=quantifier)


filters = st.lists(st.lists(clauses(), min_size=1, max_size=3), max_size=3).map(
    lambda each: tuple(Filter(f"Filter {number}", tuple(one), THERE) for number, one in enumerate(each))
)
attributes = st.fixed_dictionaries(
    {},
    optional={
        "active": st.booleans(),
        "title": st.none() | texts,
        "department": texts,
        "name": st.fixed_dictionaries({}, optional={"familyName": texts, "givenName": texts}),
        "attributes": st.fixed_dictionaries(
            {}, optional={"level": numbers, "vip": st.booleans(), "started": days, "title": st.lists(texts, max_size=2)}
        ),
    },
)


@st.composite
def assignments(draw: st.DrawFn) -> DeclaredAssignment:
    """Draws a role assignment to any users and groups, until any day."""
    users = draw(st.lists(names, max_size=2, unique=True))
    groups = draw(st.lists(st.sampled_from(GROUPS), min_size=0 if users else 1, max_size=3, unique=True))
    role = draw(st.sampled_from(["user", "auditor", "default_access"]))
    return assignment(role, *users, groups=groups, expires=draw(st.none() | days))


@st.composite
def worlds(draw: st.DrawFn) -> Declarations:
    """Draws three users, four nested groups without a circle and with clauses, roles and filters."""
    members: dict[str, Any] = {}
    for number, name in enumerate(GROUPS):
        known = [*NAMES, *(f"group/{one}" for one in GROUPS[:number])]
        members[name] = declared_group(
            name,
            draw(st.none() | st.lists(st.sampled_from(known), max_size=3, unique=True)),
            draw(st.none() | st.lists(clauses(groups=False), min_size=1, max_size=1)),
        )
    return Declarations(
        tenants={
            "production": DeclaredTenant(Tenant(url="sandbox", scope=draw(st.sampled_from(["all", "assigned"]))), HERE)
        },
        users={name: declared_user(name, **draw(attributes)) for name in NAMES},
        groups=members,
        assignments=tuple(
            replace(one, source=Source("roles.yaml", line))
            for line, one in enumerate(draw(st.lists(assignments(), max_size=3)), start=1)
        ),
        filters=Filters(users=draw(filters)),
    )


@dataclass(frozen=True)
class Said:
    """Parses the text of an edit, and makes the edit as a reader would."""

    text: str

    def make(self, declared: Declarations, name: str) -> Declarations:
        if self.text == f"assign the role user to {name}":
            return replace(declared, assignments=(*declared.assignments, assignment("user", name)))
        moved = re.fullmatch(r"move the end \(expires\) of the role \w+ at (\S+) to (\S+) or later", self.text)
        if moved:
            return move_end(declared, moved[1], date.fromisoformat(moved[2]))
        group = self.text.removeprefix(f"add {name} to the members of the group ")
        if group != self.text:
            joined = declared.groups[group]
            joined = replace(joined, members=(*(joined.members or ()), name))
            return replace(declared, groups={**declared.groups, group: joined})
        path, _, shown = self.text.removeprefix("set ").removesuffix(f" on {name}").partition(": ")
        return set_value(declared, name, path, read(shown))


def move_end(declared: Declarations, where: str, day: date) -> Declarations:
    """Returns the assignment at that line, until that day."""
    ends = {"expires": day}
    moved = (
        replace(one, assignment=one.assignment.model_copy(update=ends)) if str(one.source) == where else one
        for one in declared.assignments
    )
    return replace(declared, assignments=tuple(moved))


def read(shown: str) -> object:
    """Returns a value as YAML reads it."""
    words: dict[str, object] = {"null": None, "true": True, "false": False}
    if shown in words:
        return words[shown]
    return int(shown) if shown.lstrip("-").isdigit() else shown


def set_value(declared: Declarations, name: str, path: str, value: object) -> Declarations:
    """Returns the user with a value at a path, or with a custom attribute if SCIM has no such path."""
    user: dict[str, Any] = dict(declared.users[name].attributes)
    known = {"active", "title", "department", "name", "attributes"}
    outer, _, inner = (path if path.split(".", maxsplit=1)[0] in known else f"attributes.{path}").partition(".")
    user[outer] = {**user.get(outer, {}), inner: value} if inner else value
    written = replace(declared.users[name], attributes=cast("UserDeclaration", user))
    return replace(declared, users={**declared.users, name: written})


def verdict(declared: Declarations, name: str) -> tuple[bool, str]:
    user = compile_state(declared, "production", TODAY).users[Key("user", name)]
    return user.in_scope, user.reason


def edited(declared: Declarations, name: str, edits: tuple[str, ...]) -> Declarations:
    for edit in edits:
        declared = Said(edit).make(declared, name)
    return declared


@STEADY
@given(worlds(), names)
def test_the_verdict_is_the_plans_own_and_what_decides_adds_up_to_it(declared: Declarations, name: str) -> None:
    """In scope is: not inactive, a role that counts or none needed, and a filter that holds or none there."""
    told = explain_user(declared, "production", name, TODAY)

    assert verdict(declared, name) == (told.in_scope, told.verdict)
    active = declared.users[name].attributes.get("active") is not False
    entitled = declared.tenants["production"].tenant.scope == "all" or any(one.counts for one in told.roles)
    filtered = not told.filters or any(one.holds for one in told.filters)
    assert told.in_scope is (active and entitled and filtered)
    assert all(one.holds is all(each.holds for each in one.clauses) for one in told.filters)


@STEADY
@given(worlds(), names)
def test_the_edits_that_are_told_flip_the_verdict_and_fewer_of_them_do_not(declared: Declarations, name: str) -> None:
    """Made by hand from their words, in the whole of git and not in the part that was tried."""
    told = explain_user(declared, "production", name, TODAY)
    assume(told.flip is not None)
    assert told.flip is not None
    edits = told.flip.edits

    assert (not told.in_scope, told.flip.verdict) == verdict(edited(declared, name, edits), name)
    for size in range(len(edits)):
        for fewer in combinations(edits, size):
            assert told.in_scope is verdict(edited(declared, name, fewer), name)[0]


def single_edits(declared: Declarations, name: str) -> Iterator[Declarations]:
    """Tries by brute force every state, role and end, and every value that a filter or another user has."""
    for active in (True, False):
        yield set_value(declared, name, "active", active)
    yield Said(f"assign the role user to {name}").make(declared, name)
    for one in declared.assignments:
        yield move_end(declared, str(one.source), TODAY)
    for put in (put for one in declared.filters.users for put in one.clauses if put.operator is not Op.IS_MEMBER_OF):
        had = [value for other in NAMES if other != name for value in values_of(declared, other, put.attribute)]
        named = put.value if isinstance(put.value, list) else [put.value]
        for value in (*had, *(() if put.operator in NEEDS_PATTERN else named)):
            written = set_value(declared, name, put.attribute, value)
            if could_be_declared(written.users[name].attributes):
                yield written


def values_of(declared: Declarations, name: str, path: str) -> list[object]:
    """Returns a user's value of an attribute; nothing for names, which are unique."""
    return [] if path.startswith("name.") else read_values(declared.users[name].attributes, path)


@settings(STEADY, max_examples=80)
@given(worlds(), names)
def test_where_no_single_edit_is_told_no_single_edit_would_do(declared: Declarations, name: str) -> None:
    """What is told is the least there is."""
    told = explain_user(declared, "production", name, TODAY)
    if told.flip is None or len(told.flip.edits) > 1:
        assert [] == [one for one in single_edits(declared, name) if verdict(one, name)[0] is not told.in_scope]


@STEADY
@given(worlds())
def test_whoever_is_in_scope_can_be_set_inactive(declared: Declarations) -> None:
    """There is always a way out, and it is one edit."""
    for name in NAMES:
        told = explain_user(declared, "production", name, TODAY)
        if told.in_scope:
            assert told.flip is not None
            assert (f"set active: false on {name}",) == told.flip.edits


@STEADY
@given(worlds(), names)
def test_the_way_a_role_comes_is_one_there_is(declared: Declarations, name: str) -> None:
    """Each group contains the next, and the last names the user or matches them; none comes twice."""
    for role in explain_user(declared, "production", name, TODAY).roles:
        for outer, inner in zip(role.through, role.through[1:], strict=False):
            assert f"group/{inner}" in (declared.groups[outer].members or ())
        if role.through:
            last = declared.groups[role.through[-1]]
            subject = Subject({"active": True, **declared.users[name].attributes})
            tests = [compile_clause(one) for one in last.members_where or ()]
            assert name in (last.members or ()) or (tests and all(test(subject) for test in tests))
        assert len(set(role.through)) == len(role.through)


@STEADY
@given(worlds())
def test_the_roles_that_count_are_those_that_are_granted(declared: Declarations) -> None:
    """Of whoever is in scope, where roles are managed at all."""
    users = compile_state(declared, "production", TODAY).users
    for name in NAMES:
        granted = users[Key("user", name)].roles
        told = explain_user(declared, "production", name, TODAY)
        assert granted in (None, frozenset(one.role for one in told.roles if one.counts) - {"user"})


@STEADY
@given(worlds(), filters, st.randoms(use_true_random=False))
def test_an_edit_of_the_filters_tells_whoever_it_moves(
    declared: Declarations, before: tuple[Filter, ...], random: Random
) -> None:
    """Those who were out and are in, and those who were in and are out; their order moves nobody."""
    earlier = replace(declared, filters=Filters(users=before))
    was = {name: verdict(earlier, name)[0] for name in NAMES}
    moved = [name for name in NAMES if verdict(declared, name)[0] is not was[name]]
    gained = [name for name in moved if not was[name]]
    expected = {"warning": len(moved) - len(gained), "info": len(gained)}
    problems = warn_of_filter_change(earlier, declared, "production", TODAY)

    said = Counter(one.severity for one in problems for _ in range(one.message.count("@example.com (user/")))
    assert {severity: count for severity, count in expected.items() if count} == said
    shuffled = replace(
        declared, filters=Filters(users=tuple(random.sample(declared.filters.users, len(declared.filters.users))))
    )
    assert [] == warn_of_filter_change(shuffled, declared, "production", TODAY)
