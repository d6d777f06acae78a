"""The holders of each role are those of a brute-force oracle, for any nesting of groups."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.access.compile import compile_state
from reconciler.core.declarations.declared import Declarations, DeclaredAssignment, DeclaredGroup, DeclaredTenant
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.resources import Key
from tests.core.examples import HERE, assignment, clause, declared_group, declared_user

STEADY = settings(
    max_examples=80, derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
TODAY = date(2026, 3, 31)
PEOPLE = {f"u{number}": "Sales" if number % 2 else "Finance" for number in range(5)}
GROUPS = [f"g{number}" for number in range(6)]
ROLES = ["specialist", "auditor", "key_contact", "user", "default_access"]


@st.composite
def groups(draw: st.DrawFn) -> dict[str, DeclaredGroup]:
    """Draws six groups: some name users, some match them; each contains only earlier ones, so never itself."""
    declared = {}
    for number, name in enumerate(GROUPS):
        within = [*PEOPLE, *(f"group/{one}" for one in GROUPS[:number])]
        members = draw(st.none() | st.lists(st.sampled_from(within), max_size=4, unique=True))
        where = draw(st.none() | st.sampled_from(["Sales", "Finance", "Legal"]))
        matching = [clause("department", "EQUALS", where)] if where else None
        declared[name] = declared_group(name, members, matching)
    return declared


@st.composite
def assignments(draw: st.DrawFn) -> DeclaredAssignment:
    """Draws a role assignment that has ended, ends today, or never ends."""
    users = draw(st.lists(st.sampled_from(list(PEOPLE)), max_size=2, unique=True))
    given_to = draw(st.lists(st.sampled_from(GROUPS), min_size=0 if users else 1, max_size=3, unique=True))
    expires = draw(st.none() | st.integers(-1, 1).map(lambda days: TODAY + timedelta(days=days)))
    return assignment(draw(st.sampled_from(ROLES)), *users, groups=given_to, expires=expires)


def is_in(user: str, group: str, declared: dict[str, DeclaredGroup]) -> bool:
    """Returns whether a user is in a group: named, matched, or in a nested group."""
    members, where = declared[group].members or (), declared[group].members_where or ()
    nested = [member.removeprefix("group/") for member in members if member.startswith("group/")]
    matched = bool(where) and all(one.value == PEOPLE[user] for one in where)
    return user in members or matched or any(is_in(user, one, declared) for one in nested)


def holds(user: str, role: str, declared: dict[str, DeclaredGroup], given_: list[DeclaredAssignment]) -> bool:
    """Returns whether an assignment that has not ended gives a user the role."""
    return any(
        one.assignment.role == role
        and not (one.assignment.expires and one.assignment.expires < TODAY)
        and (user in one.assignment.users or any(is_in(user, group, declared) for group in one.assignment.groups))
        for one in given_
    )


@STEADY
@given(groups(), st.lists(assignments(), min_size=1, max_size=5))
def test_roles_and_access_are_what_trying_every_way_says(
    declared: dict[str, DeclaredGroup], given_: list[DeclaredAssignment]
) -> None:
    """Whoever holds no role but `default_access` has no access, and no roles."""
    state = compile_state(
        Declarations(
            tenants={"production": DeclaredTenant(Tenant(url="sandbox"), HERE)},
            users={name: declared_user(name, department=department) for name, department in PEOPLE.items()},
            groups=declared,
            assignments=tuple(given_),
        ),
        "production",
        TODAY,
    )
    for name in PEOPLE:
        held = {role for role in ROLES[:-1] if holds(name, role, declared, given_)}
        user = state.users[Key("user", name)]

        assert (bool(held), held - {"user"} if held else None) == (user.in_scope, user.roles)
    for group in GROUPS:
        members = {Key("user", name) for name in PEOPLE if is_in(name, group, declared)}
        managed = state.groups[Key("group", group)].members
        assert managed is None or managed == {key for key in members if state.users[key].in_scope}
