"""Paths of roles to users: the assignment, and the groups between."""

from __future__ import annotations

from datetime import date

import pytest

from reconciler.core.access.membership import expand_membership
from reconciler.core.access.role_paths import find_chain, find_paths
from tests.core.examples import assignment, clause, declarations, declared_group, declared_user

TODAY = date(2026, 3, 31)
PEOPLE = [declared_user("ann", department="Finance"), declared_user("bob")]
GROUPS = [
    declared_group("all", ["group/teams", "bob"]),
    declared_group("teams", ["group/empty", "group/desk", "group/round"]),
    declared_group("desk", ["ann"]),
    declared_group("round", ["group/teams"]),
    declared_group("matched", None, [clause("department", "EQUALS", "Finance")]),
    declared_group("empty", []),
]


@pytest.mark.parametrize(
    ("group", "user", "expected"),
    [
        ("all", "ann", ["all", "teams", "desk"]),
        ("all", "bob", ["all"]),
        ("teams", "ann", ["teams", "desk"]),
        ("round", "ann", ["round", "teams", "desk"]),
    ],
)
def test_a_chain_of_groups_goes_from_one_down_to_who_names_the_user(group: str, user: str, expected: list[str]) -> None:
    """A cycle ends the chain."""
    declared = declarations(PEOPLE, GROUPS)

    assert expected == find_chain(declared, expand_membership(declared), group, user)


def test_every_way_is_told_with_its_line() -> None:
    """Directly, and through each group in the assignment; roles of other users are left out."""
    given = [assignment("auditor", "ann", "bob", groups=["all", "matched"]), assignment("specialist", "bob")]
    declared = declarations(PEOPLE, GROUPS, given)

    assert [
        ("auditor", "directly [desired-state/roles.yaml:5]"),
        ("auditor", "through all → teams → desk [desired-state/roles.yaml:5]"),
        ("auditor", "through matched [desired-state/roles.yaml:5]"),
    ] == [(path.role, str(path)) for path in find_paths(declared, expand_membership(declared), "ann")]


@pytest.mark.parametrize(
    ("role", "expires", "expected"),
    [
        ("auditor", None, True),
        ("user", TODAY, True),
        ("auditor", date(2026, 3, 30), False),
        ("default_access", None, False),
        ("admiral", None, False),
    ],
)
def test_a_way_counts_until_it_expires_and_if_it_leads_to_a_role(
    role: str,
    expires: date | None,
    expected: bool,  # noqa: FBT001
) -> None:
    """The same rule holds when roles are assigned."""
    declared = declarations(PEOPLE, (), [assignment(role, "ann", expires=expires)])
    [path] = find_paths(declared, expand_membership(declared), "ann")

    assert expected is path.counts(TODAY)
