"""Declarations become a desired state: membership, roles, scope and mapping, with one reason for each verdict."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from reconciler.core.access.compile import compile_state, guardrails_of
from reconciler.core.declarations.clause import Filter, Filters
from reconciler.core.declarations.declared import Declarations, DeclaredAssignment, DeclaredGroup, DeclaredTenant
from reconciler.core.declarations.rule import LocatedRule, MappingRule, Mappings
from reconciler.core.declarations.tenant import Guardrails, Limit, LimitException, Tenant
from reconciler.core.model.resources import Key
from reconciler.core.model.states import DesiredState, Settlement
from tests.core.examples import (
    HERE,
    SANDBOX,
    THERE,
    assignment,
    clause,
    declarations,
    declared_group,
    declared_user,
    group_key,
    user_key,
)

EVERYONE = Tenant(url="sandbox", scope="all")
IS_ACTIVE = Filter("Active", (clause("active", "IS TRUE"),), THERE)
IN_FINANCE = Filter("Finance", (clause("department", "EQUALS", "Finance"),), THERE)


def compiled(declared: Declarations) -> DesiredState:
    return compile_state(declared, "production", date(2026, 3, 31))


def codes(state: DesiredState) -> list[str]:
    return [problem.code for problem in state.problems]


def ann_who(
    *roles: str, filters: tuple[Filter, ...] = (), tenant: Tenant = EVERYONE, **written: object
) -> Declarations:
    assignments = [assignment(role, "ann") for role in roles]
    declared = declarations([declared_user("ann", **written)], (), assignments, tenant)
    return replace(declared, filters=Filters(users=filters))


@pytest.mark.parametrize(
    ("declared", "in_scope", "reason"),
    [
        (ann_who("user", "auditor", tenant=SANDBOX), True, "holds auditor, user; no scoping filters"),
        (ann_who(tenant=SANDBOX), False, "holds no role, and only users with a role are in scope"),
        (ann_who("default_access", tenant=SANDBOX), False, "holds no role, and only users with a role are in scope"),
        (ann_who(), True, "everyone is in scope; no scoping filters"),
        (ann_who("user", active=False), False, "declared inactive: active is false"),
        (ann_who(department="Finance", filters=(IN_FINANCE,)), True, 'everyone is in scope; passes "Finance"'),
        (
            ann_who("user", department="Sales", filters=(IN_FINANCE,)),
            False,
            'passes no scoping filter: "Finance" requires department EQUALS Finance, but it is Sales',
        ),
        (ann_who(filters=(IS_ACTIVE,)), True, 'everyone is in scope; passes "Active"'),
    ],
)
def test_a_user_is_in_scope_for_one_reason_or_out_of_it_for_one(
    declared: Declarations,
    in_scope: bool,  # noqa: FBT001
    reason: str,
) -> None:
    """A user in scope is active, holds a role (or scope is `all`), and passes a filter."""
    ann = compiled(declared).users[user_key("ann")]

    assert (in_scope, reason, HERE) == (ann.in_scope, ann.reason, ann.source)


def test_membership_comes_before_scope_and_scope_before_membership_counts() -> None:
    """A role of the group brings its members into scope; only members in scope appear in it."""
    people = [declared_user("ann"), declared_user("bob", active=False), declared_user("cid")]
    groups = [declared_group("desk", ["ann", "bob"]), declared_group("all", ["group/desk", "cid"])]
    state = compiled(declarations(people, groups, [assignment("user", groups=["desk"])]))

    assert [frozenset({user_key("ann")})] * 2 == [group.members for group in state.groups.values()]


def test_a_filter_may_ask_for_a_group() -> None:
    """IS_MEMBER_OF uses the expanded membership."""
    chosen = Filter("Chosen", (clause("x", "IS_MEMBER_OF", "all"),), THERE)
    groups = [declared_group("desk", ["ann"]), declared_group("all", ["group/desk"])]
    declared = declarations([declared_user("ann"), declared_user("bob")], groups, tenant=EVERYONE)
    state = compiled(replace(declared, filters=Filters(users=(chosen,))))

    assert [True, False] == [user.in_scope for user in state.users.values()]


@pytest.mark.parametrize(
    ("group", "members", "authoritative"),
    [
        (declared_group("desk"), None, True),
        (declared_group("desk", []), frozenset(), True),
        (declared_group("desk", ["ann"], additive=True), frozenset({user_key("ann")}), False),
        (declared_group("desk", None, [clause("x", "IS NULL")]), frozenset({user_key("ann")}), True),
    ],
)
def test_a_group_has_members_only_where_some_are_declared(
    group: DeclaredGroup,
    members: frozenset[Key] | None,
    authoritative: bool,  # noqa: FBT001
) -> None:
    """Absent is unmanaged, an empty list means no members, and clauses manage the membership too."""
    declared = declarations([declared_user("ann")], [group], tenant=EVERYONE)
    desk = compiled(declared).groups[group_key("desk")]

    assert (members, authoritative) == (desk.members, desk.authoritative)


def test_groups_are_in_scope_when_their_filters_pass() -> None:
    """The reason has the same form as for users."""
    filters = Filters(groups=(Filter("Support", (clause("displayName", "EQUALS", "Support"),), THERE),))
    declared = replace(declarations((), [declared_group("support"), declared_group("sales")]), filters=filters)
    support, sales = compiled(declared).groups.values()

    assert (True, 'declared in git; passes "Support"') == (support.in_scope, support.reason)
    assert sales.in_scope is False
    assert 'passes no scoping filter: "Support" requires displayName EQUALS Support, but it is Sales' == sales.reason


@pytest.mark.parametrize(
    ("assignments", "expected"),
    [
        ([], None),
        ([assignment("user", "ann")], frozenset()),
        ([assignment("user", "bob")], frozenset()),
        ([assignment("auditor", "ann"), assignment("user", "ann")], frozenset({"auditor"})),
    ],
)
def test_roles_are_managed_where_any_is_assigned(
    assignments: list[DeclaredAssignment], expected: frozenset[str] | None
) -> None:
    """Without any assignment, roles are unmanaged; with one, users without a role should hold none."""
    state = compiled(declarations([declared_user("ann"), declared_user("bob")], (), assignments, EVERYONE))

    assert expected == state.users[user_key("ann")].roles


def test_roles_of_people_out_of_scope_are_not_managed() -> None:
    """They lose access, and no role is revoked separately."""
    declared = declarations([declared_user("ann", active=False)], (), [assignment("auditor", "ann")])

    assert compiled(declared).users[user_key("ann")].roles is None


def test_a_tenant_may_have_filters_and_guardrails_of_its_own() -> None:
    """They replace the common filters; a guardrail that the tenant does not declare stays the common one."""
    nobody = Filter("Nobody", (clause("department", "EQUALS", "None"),), THERE)
    declared = replace(
        declarations([declared_user("ann", department="Finance")], tenant=EVERYONE),
        filters=Filters(users=(nobody,)),
        guardrails=Guardrails(protected=["user/ann"], never_without=[], privileged_roles=["auditor"]),
    )
    own = EVERYONE.model_copy(update={"guardrails": Guardrails(protected=[], max_privileged_grants=Limit(count=9))})
    special = replace(declared, tenants={"production": DeclaredTenant(own, HERE, Filters(users=(IN_FINANCE,)))})

    assert [False] == [user.in_scope for user in compiled(declared).users.values()]
    assert [True] == [user.in_scope for user in compiled(special).users.values()]
    assert ["user/ann"] == guardrails_of(declared, "production").protected
    assert Guardrails(
        protected=[], max_privileged_grants=Limit(count=9), never_without=[], privileged_roles=["auditor"]
    ) == guardrails_of(special, "production")


def test_a_manager_whom_git_does_not_know_is_a_problem() -> None:
    """The problem is at the user's line; a declared, an invalid and an absent manager are no problem."""
    people = [
        declared_user("ann", manager="broken.bob"),
        declared_user("broken.rob", manager="ann"),
        declared_user("cid", manager="broken"),
        declared_user("dee", manager=None),
    ]
    declared = replace(declarations(people), broken=frozenset({user_key("broken")}))
    [problem] = compiled(declared).problems

    assert ("unknown_user", HERE, 'did you mean "broken.rob"?') == (problem.code, problem.source, problem.hint)
    assert 'users.ann.manager: no user "broken.bob" is declared' == problem.message


@pytest.mark.parametrize(
    ("protected", "expected"),
    [
        ("user/ann", []),
        ("user/broken", []),
        ("user/zoe", ["unknown_user"]),
        ("ann", ["unknown_user"]),
        ("group/ann", ["unknown_user"]),
    ],
)
def test_a_protected_key_that_names_nobody_protects_nobody(protected: str, expected: list[str]) -> None:
    """An unknown key is a problem."""
    declared = replace(
        declarations([declared_user("ann")]),
        broken=frozenset({user_key("broken")}),
        guardrails=Guardrails(protected=[protected]),
    )

    assert expected == codes(compiled(declared))


def test_two_users_with_one_user_name_are_a_problem_that_names_both() -> None:
    """4me compares it without case."""
    ann, anne = declared_user("ann"), declared_user("anne", userName="ANN@example.com")
    [problem] = compiled(replace(declarations(), users={"ann": ann, "anne": anne})).problems

    assert ("same_name", HERE) == (problem.code, problem.source)
    expected = f'user/anne and user/ann (at {HERE}) have the same userName "ANN@example.com"'
    assert expected == problem.message


def test_two_groups_with_one_name_are_a_problem_too() -> None:
    """For the same reason."""
    declared = replace(declarations(), groups={"one": declared_group("desk"), "two": declared_group("desk")})

    assert ["same_name"] == codes(compiled(declared))


def test_an_external_id_may_be_declared_once() -> None:
    """It replaces the key; it compares exactly, with declared values and with keys."""
    ann, bob = declared_user("ann", externalId="0042"), declared_user("bob", externalId="ANN")
    state = compiled(replace(declarations(), users={"ann": ann, "bob": bob}))
    assert ["0042", "ANN"] == [user.attributes["externalId"] for user in state.users.values()]
    assert () == state.problems

    [problem] = compiled(replace(declarations(), users={"0042": declared_user("0042"), "ann": ann})).problems
    assert f'user/ann and user/0042 (at {HERE}) have the same externalId "0042"' == problem.message
    assert "change one of the two" == problem.hint


def test_the_problems_of_every_part_are_told_together() -> None:
    """All problems are collected, and all valid declarations compile."""
    declared = replace(
        declarations(
            [declared_user("ann", manager="zoe")],
            [declared_group("desk", ["nobody"])],
            [assignment("wizard", "ann"), assignment("user", "ann")],
        ),
        filters=Filters(users=(Filter("Odd", (clause("oddity", "IS NULL"),), THERE),)),
        guardrails=Guardrails(protected=["user/zoe"]),
    )
    state = compiled(declared)

    assert ["unknown_attribute", "unknown_role", "unknown_user", "unknown_user", "unknown_user"] == sorted(codes(state))
    assert [True] == [user.in_scope for user in state.users.values()]


def test_the_filters_of_groups_are_checked_beside_groups() -> None:
    """An attribute that no group has is a problem at its line."""
    filters = Filters(groups=(Filter("Odd", (clause("oddity", "EQUALS", "x"),), THERE),))
    [problem] = compiled(replace(declarations((), [declared_group("desk")]), filters=filters)).problems

    assert ("unknown_attribute", THERE) == (problem.code, problem.source)


def test_a_group_filter_may_ask_for_every_attribute_of_a_group() -> None:
    """Its key, its name and its type."""
    clauses = (
        clause("groupType", "EQUALS", "Team"),
        clause("externalId", "EQUALS", "desk"),
        clause("displayName", "EQUALS", "Desk"),
    )
    desk = declared_group("desk")
    declared = replace(
        declarations((), [replace(desk, attributes={**desk.attributes, "groupType": "Team"})]),
        filters=Filters(groups=(Filter("Teams", clauses, THERE),)),
    )

    assert [True] == [group.in_scope for group in compiled(declared).groups.values()]


def managed_through_a_rule(manager: str) -> Declarations:
    rule = LocatedRule(MappingRule(target="manager", source="boss"), THERE)
    people = [declared_user("ann", attributes={"boss": manager}), declared_user("bob")]
    return replace(declarations(people, tenant=EVERYONE), mappings=Mappings(users=(rule,)))


def test_a_manager_may_be_mapped_from_another_attribute() -> None:
    """The mapped manager is a key too."""
    assert [] == codes(compiled(managed_through_a_rule("bob")))
    assert "user/bob" == compiled(managed_through_a_rule("bob")).users[user_key("ann")].attributes["manager"]


def test_a_mapped_manager_whom_git_does_not_know_is_a_problem() -> None:
    """A reference to an undeclared key is a problem, wherever it is."""
    assert ["unknown_user"] == codes(compiled(managed_through_a_rule("zoe")))


@pytest.mark.parametrize(
    "filters",
    [
        Filters(users=(IS_ACTIVE,)),
        Filters(groups=(Filter("Desk", (clause("externalId", "EQUALS", "desk"),), THERE),)),
    ],
    ids=["active", "externalId"],
)
def test_what_everybody_has_is_missed_by_nobody(filters: Filters) -> None:
    """A user is active by default, and a group's externalId is its key."""
    declared = declarations([declared_user("ann")], [declared_group("desk")], tenant=EVERYONE)

    assert [] == codes(compiled(replace(declared, filters=filters)))


def test_what_settles_who_is_ours_is_part_of_the_desired_state() -> None:
    """`released`, `left` and the previous keys are in the state."""
    kai, jo = Settlement(HERE, user_key("kai")), Settlement(THERE, id="4711")
    ann = replace(declared_user("ann"), was=(user_key("anne"),))
    hr = replace(declared_group("hr"), was=(group_key("people"),))
    state = compiled(replace(declarations([ann, declared_user("bob")], [hr]), released=(jo,), left=(kai,)))

    assert ((jo,), (kai,)) == (state.released, state.left)
    assert {user_key("ann"): (user_key("anne"),), group_key("hr"): (group_key("people"),)} == state.was
    assert () == state.problems
    assert "was" not in state.users[user_key("ann")].attributes


def test_all_that_is_wrong_about_ownership_is_found_at_once() -> None:
    """An invalid declaration still declares its key; an expired exception is a warning."""
    bob = replace(declared_user("bob"), was=(user_key("ann"), user_key("broken")))
    exception = LimitException(plan=f"sha256:{'0' * 64}", reason="CHG-1", expires=date(2026, 3, 30))
    declared = replace(
        declarations([declared_user("ann"), bob], [declared_group("hr")], tenant=EVERYONE),
        broken=frozenset({user_key("broken")}),
        released=(Settlement(HERE, user_key("broken")),),
        left=(Settlement(THERE, group_key("hr")),),
        guardrails=Guardrails(exceptions=[exception]),
    )
    tenant = DeclaredTenant(EVERYONE.model_copy(update={"beside": "nowhere"}), HERE)

    problems = compiled(replace(declared, tenants={"production": tenant})).problems

    assert [
        ("expired_exception", None),
        ("tenant_name", HERE),
        ("settled_and_declared", HERE),
        ("settled_and_declared", THERE),
        ("bad_was", HERE),
        ("bad_was", HERE),
    ] == [(problem.code, problem.source) for problem in problems]
