"""The users of each group: direct members, nested groups, and users that clauses match."""

from __future__ import annotations

import pytest

from reconciler.core.access.membership import check_name, check_reference, expand_membership
from reconciler.core.declarations.clause import Clause
from reconciler.core.declarations.declared import Declarations
from reconciler.core.model.resources import Key
from tests.core.examples import HERE, THERE, clause, declarations, declared_group, declared_user, user_key

PEOPLE = [
    declared_user("ann", department="Finance", attributes={"level": 3}),
    declared_user("bob", department="Finance", active=False),
    declared_user("cid", department="Sales"),
]
IN_FINANCE = clause("department", "EQUALS", "Finance")


def test_members_nested_groups_and_clauses_are_united() -> None:
    """Each user is in the group once, by any path."""
    membership = expand_membership(
        declarations(
            PEOPLE,
            [
                declared_group("all", ["cid", "group/finance"]),
                declared_group("finance", ["ann"], [IN_FINANCE]),
                declared_group("nobody", []),
                declared_group("unmanaged"),
            ],
        )
    )

    assert {
        "all": {"ann", "bob", "cid"},
        "finance": {"ann", "bob"},
        "nobody": set(),
        "unmanaged": set(),
    } == membership.users_of
    assert {"ann": {"all", "finance"}, "bob": {"all", "finance"}, "cid": {"all"}} == membership.groups_of
    assert () == membership.problems


@pytest.mark.parametrize(
    ("clauses", "expected"),
    [
        ([IN_FINANCE], {"ann", "bob"}),
        ([IN_FINANCE, clause("level", "GREATER_THAN", 2)], {"ann"}),
        ([clause("active", "IS TRUE")], {"ann", "cid"}),
        ([clause("department", "IN", ["Legal"])], set()),
    ],
)
def test_a_group_has_everyone_whom_all_its_clauses_match(clauses: list[Clause], expected: set[str]) -> None:
    """A person is active unless declared otherwise."""
    group = declared_group("some", None, clauses)

    assert expected == expand_membership(declarations(PEOPLE, [group])).users_of["some"]


def test_groups_that_contain_each_other_are_a_problem_and_the_rest_expands() -> None:
    """The cycle is reported once, in its order."""
    membership = expand_membership(
        declarations(
            PEOPLE,
            [
                declared_group("one", ["group/two", "ann"]),
                declared_group("two", ["group/three"]),
                declared_group("three", ["group/one", "cid"]),
                declared_group("apart", ["bob"]),
            ],
        )
    )
    [problem] = membership.problems

    assert ("group_cycle", THERE) == (problem.code, problem.source)
    assert "these groups contain each other: one → two → three → one" == problem.message
    assert {"ann", "cid"} == membership.users_of["one"]
    assert {"bob"} == membership.users_of["apart"]


def test_a_group_in_itself_is_a_cycle_too() -> None:
    """The shortest cycle."""
    [problem] = expand_membership(declarations(PEOPLE, [declared_group("one", ["group/one"])])).problems

    assert "these groups contain each other: one → one" == problem.message


def test_a_group_nested_twice_is_no_cycle() -> None:
    """Two paths to the same users are one membership."""
    membership = expand_membership(
        declarations(
            PEOPLE,
            [
                declared_group("top", ["group/left", "group/right"]),
                declared_group("left", ["group/bottom"]),
                declared_group("right", ["group/bottom"]),
                declared_group("bottom", ["ann"]),
            ],
        )
    )

    assert {"ann"} == membership.users_of["top"]
    assert () == membership.problems


@pytest.mark.parametrize(
    ("reference", "message", "hint"),
    [
        ("ann", None, None),
        ("group/finance", None, None),
        ("anne", 'groups.x.members: no user "anne" is declared', 'did you mean "ann"?'),
        ("zoe", 'groups.x.members: no user "zoe" is declared', "declare it under `users`, or remove it here"),
        ("group/finence", 'groups.x.members: no group "finence" is declared', 'did you mean "finance"?'),
        ("group/zzz", 'groups.x.members: no group "zzz" is declared', "declare it under `groups`, or remove it here"),
    ],
)
def test_a_reference_to_what_git_does_not_know_is_a_problem(
    reference: str, message: str | None, hint: str | None
) -> None:
    """The message names the line and suggests a name."""
    known = declarations(PEOPLE, [declared_group("finance")])
    problems = list(check_reference(known, reference, HERE, "groups.x.members"))

    assert ([(message, hint, HERE)] if message else []) == [(one.message, one.hint, one.source) for one in problems]


def test_what_is_declared_with_problems_is_known_all_the_same() -> None:
    """One bad declaration does not make a problem of every reference to it."""
    broken = Declarations(broken=frozenset({user_key("ann")}))

    assert [] == list(check_name(broken, user_key("ann"), HERE, "x"))
    assert ["unknown_group"] == [one.code for one in check_name(broken, Key("group", "ann"), HERE, "x")]


def test_members_that_git_does_not_know_and_clauses_that_fit_nobody_are_told_together() -> None:
    """All problems of all groups are reported at once; IS_MEMBER_OF is refused in members_where."""
    membership = expand_membership(
        declarations(
            PEOPLE,
            [
                declared_group("one", ["zoe"]),
                declared_group("two", None, [clause("x", "IS_MEMBER_OF", "one"), clause("nothing", "EQUALS", "x")]),
            ],
        )
    )

    expected = ["unknown_user", "nested_is_member_of", "unknown_attribute"]
    assert expected == [problem.code for problem in membership.problems]


def test_however_deep_groups_nest_they_expand() -> None:
    """No input may crash the program."""
    chain = [declared_group(f"g{number}", [f"group/g{number + 1}"]) for number in range(1_500)]
    membership = expand_membership(declarations(PEOPLE, [*chain, declared_group("g1500", ["ann"])]))

    assert {"ann"} == membership.users_of["g0"]
