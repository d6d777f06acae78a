"""Roles of each user: the assignment, its end, and 4me's prerequisites."""

from __future__ import annotations

from datetime import date

import pytest

from reconciler.core.access.membership import expand_membership
from reconciler.core.access.roles import Holdings, assign_roles
from reconciler.core.declarations.declared import DeclaredAssignment
from reconciler.core.declarations.role_catalogue import ASSIGNABLE
from tests.core.examples import assignment, declarations, declared_group, declared_user

TODAY = date(2026, 3, 31)
PEOPLE = [declared_user("ann"), declared_user("bob"), declared_user("cid")]
GROUPS = [declared_group("desk", ["bob", "group/night"]), declared_group("night", ["cid"])]


def assign(*assignments: DeclaredAssignment) -> Holdings:
    declared = declarations(PEOPLE, GROUPS, assignments)
    return assign_roles(declared, expand_membership(declared), TODAY)


def test_a_role_is_held_by_those_named_and_by_everyone_in_the_groups_named() -> None:
    """Nested groups too."""
    holdings = assign(assignment("auditor", "ann", groups=["desk"]), assignment("specialist", "bob"))

    assert [["auditor"], ["auditor", "specialist"], ["auditor"], []] == [
        sorted(holdings.roles(name)) for name in ("ann", "bob", "cid", "zoe")
    ]
    assert () == holdings.problems


def test_plain_access_is_held_in_git_and_is_no_role_in_4me() -> None:
    """`user` brings a user into scope and grants no role."""
    holdings = assign(assignment("user", "ann"), assignment("auditor", "ann"))

    assert {"auditor", "user"} == holdings.roles("ann")
    assert {"auditor"} == holdings.granted("ann")


def test_default_access_grants_nothing() -> None:
    """Entra excludes *Default Access* from provisioning too."""
    holdings = assign(assignment("default_access", "ann"))

    assert frozenset() == holdings.roles("ann")
    assert () == holdings.problems


@pytest.mark.parametrize(
    ("expires", "held", "told"),
    [
        (date(2026, 3, 30), False, [("expired", "info")]),
        (date(2026, 3, 31), True, [("expires_soon", "warning")]),
        (date(2026, 4, 14), True, [("expires_soon", "warning")]),
        (date(2026, 4, 15), True, []),
        (None, True, []),
    ],
)
def test_on_its_last_day_a_role_still_counts(
    expires: date | None,
    held: bool,  # noqa: FBT001
    told: list[tuple[str, str]],
) -> None:
    """From the next day it does not count, with a note; a warning starts two weeks before."""
    holdings = assign(assignment("auditor", "ann", expires=expires))

    assert held is bool(holdings.roles("ann"))
    assert told == [(one.code, one.severity) for one in holdings.problems]


def test_an_expired_assignment_names_its_date() -> None:
    """The hint has the next step."""
    [problem] = assign(assignment("auditor", "ann", expires=date(2026, 1, 2))).problems

    assert "the assignment of auditor expired on 2026-01-02: it no longer counts" == problem.message
    assert "remove it, or change the date" == problem.hint


@pytest.mark.parametrize(
    ("role", "code", "hint"),
    [
        ("account_owner", "owner", "remove the assignment"),
        ("auditer", "unknown_role", 'did you mean "auditor"?'),
        ("wizard", "unknown_role", f"the roles are: {', '.join(sorted(ASSIGNABLE))}"),
    ],
)
def test_a_role_that_can_not_be_given_is_a_problem_and_not_held(role: str, code: str, hint: str) -> None:
    """The owner is never changed; an unknown role gets a suggestion."""
    holdings = assign(assignment(role, "ann"))

    assert [(code, hint)] == [(one.code, one.hint) for one in holdings.problems]
    assert frozenset() == holdings.roles("ann")


@pytest.mark.parametrize("role", sorted(ASSIGNABLE - {"default_access"}))
def test_every_other_role_needs_specialist_and_some_do_not(role: str) -> None:
    """4me's people permissions reference."""
    alone = {"user", "specialist", "auditor", "account_designer", "account_administrator", "key_contact"}
    without, beside = assign(assignment(role, "ann")), assign(assignment(role, "ann"), assignment("specialist", "ann"))

    assert ([] if role in alone else ["missing_prerequisite"]) == [one.code for one in without.problems]
    assert () == beside.problems


def test_a_missing_prerequisite_is_told_once_with_everybody_who_lacks_it() -> None:
    """One problem for each assignment, at its line."""
    [problem] = assign(assignment("problem_manager", "ann", groups=["desk"]), assignment("specialist", "bob")).problems

    expected = "problem_manager needs the role specialist too, which is not given to ann, cid"
    assert expected == problem.message
    assert "assign specialist to the same users or groups" == problem.hint


def test_assignments_to_what_git_does_not_know_are_problems() -> None:
    """Users and groups, each with a hint."""
    holdings = assign(assignment("auditor", "anne", groups=["dsk"]))

    assert [("unknown_user", 'did you mean "ann"?'), ("unknown_group", 'did you mean "desk"?')] == [
        (one.code, one.hint) for one in holdings.problems
    ]
