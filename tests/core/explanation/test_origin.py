"""Which statements of git a change rests on: what asks for it, and what is gone."""

from __future__ import annotations

from datetime import date
from typing import Any, get_args

import pytest

from reconciler.core.changes.plan import AttributeChange, Change
from reconciler.core.explanation.origin import BlamedLine, Origins, Revision, Statement, newest
from reconciler.desired.yaml.load import load_declarations
from reconciler.errors import Source

TODAY = date(2026, 3, 31)

TENANT = "tenants: {qa: {url: sandbox}}\n"
USERS = """\
users:
  ann: {userName: ann@example.com, title: Head, name: {givenName: Ann}, attributes: {level: 3}}
  bob: {userName: bob@example.com, active: true, department: Finance}
"""
GROUPS = """\
groups:
  all: {displayName: All, members: [group/staff]}
  staff: {displayName: Staff, members: [ann, bob]}
  finance: {displayName: Finance, members_where: [{attribute: department, operator: EQUALS, value: Finance}]}
"""
ROLES = """\
role_assignments:
  - {role: specialist, users: [bob], groups: [all]}
  - {role: auditor, users: [ann], expires: 2026-03-30}
"""
FILTERS = """\
scoping_filters:
  users:
    - {title: level, clauses: [{attribute: level, operator: IS NOT NULL}]}
"""
EVERYTHING = TENANT + USERS + GROUPS + ROLES


def said(text: str, commit: str | None = None) -> Revision:
    loaded = load_declarations({"all.yaml": text.encode()})
    assert () == loaded.problems
    return Revision(loaded.declarations, commit)


def change(action: str, key: str, *paths: str, **fields: Any) -> Change:
    """A change of that action, to attributes at those paths."""
    made = {one.model_fields["action"].default: one for one in get_args(Change)}[action]
    attributes = tuple(AttributeChange(path=path, before=None, after="x") for path in paths)
    listed = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    return made(key=key, attributes=attributes, **listed)  # type: ignore[no-any-return]


def behind(
    made: Change, now: str = EVERYTHING, *before: str, tenant: str = "qa"
) -> list[tuple[str | tuple[str, ...], ...]]:
    """The path of each statement (its line, where it has none) and the commit it stood at, if it is gone."""
    states = tuple(said(text, f"commit{number}") for number, text in enumerate(before))
    found = Origins(tenant, TODAY, said(now), states).find(made)
    return [(one.path or str(one.source.line), *([one.stood_at] if one.stood_at else [])) for one in found]


def test_a_new_user_rests_on_their_own_line() -> None:
    """Without anything earlier, or where nothing earlier knows them."""
    created = change("create_user", "user/ann")

    assert [(("users", "ann"),)] == behind(created)
    assert [(("users", "ann"),)] == behind(created, EVERYTHING, TENANT)


def test_somebody_known_before_may_come_by_whatever_decides_about_their_scope() -> None:
    """The attributes that filters look at, the clauses, and each way in which a role comes; but not what drifted."""
    came = behind(change("create_user", "user/ann"), EVERYTHING + FILTERS, EVERYTHING)

    assert [
        (("users", "ann"),),
        (("users", "ann", "attributes", "level"),),
        ("14",),
        (("role_assignments", "specialist", "groups", "all"),),
        (("groups", "all", "members", "group/staff"),),
        (("groups", "staff", "members", "ann"),),
        (("role_assignments", "auditor", "users", "ann"),),
    ] == came
    drifted = change("create_user", "user/ann", cause="drift")
    assert [(("users", "ann"),)] == behind(drifted, EVERYTHING + FILTERS, EVERYTHING)


def test_somebody_who_comes_back_may_do_so_by_what_changes_on_the_way_too() -> None:
    """Their attributes, the switch itself."""
    back = change("reactivate_user", "user/bob", "department")

    assert [(("users", "bob"),), (("users", "bob", "active"),)] == behind(back, EVERYTHING, EVERYTHING)[:2]
    assert (("users", "bob", "department"),) == behind(back, EVERYTHING, EVERYTHING)[-1]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("title", ("users", "ann", "title")),
        ("name.givenName", ("users", "ann", "name", "givenName")),
        ("name.familyName", ("users", "ann", "name")),
        ("externalId", ("users", "ann")),
    ],
)
def test_an_attribute_rests_on_its_own_line(path: str, expected: tuple[str, ...]) -> None:
    """Where it has one; a group's too."""
    assert [(expected,)] == behind(change("update_user", "user/ann", path))
    group = change("update_group", "group/staff", "displayName")
    assert [(("groups", "staff", "displayName"),)] == behind(group)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("{target: nickName, source: title}", [("users", "ann", "title")]),
        ("{target: nickName, source: level}", [("users", "ann", "attributes", "level")]),
        ("{target: nickName, constant: x}", []),
        (
            '{target: nickName, expression: "{{ name.givenName }} {{ title }}"}',
            [("users", "ann", "name", "givenName"), ("users", "ann", "title")],
        ),
    ],
)
def test_a_mapped_attribute_rests_on_what_it_is_made_of_and_on_its_rule(
    rule: str, expected: list[tuple[str, ...]]
) -> None:
    """Whichever was touched last has made the difference."""
    mapped = f"attribute_mappings:\n  users:\n    - {rule}\n"
    found = behind(change("update_user", "user/ann", "nickName"), EVERYTHING + mapped)

    assert [*((path,) for path in expected), ("14",)] == found


def test_a_tenant_may_have_rules_of_its_own() -> None:
    """They are looked at in place of everyone's."""
    rule = "attribute_mappings: {users: [{target: nickName, constant: x}]}"
    text = EVERYTHING.replace(TENANT, f"tenants:\n  qa:\n    url: sandbox\n    {rule}\n")

    assert [("4",)] == behind(change("update_user", "user/ann", "nickName"), text)


def test_who_left_git_rests_on_the_line_that_is_gone() -> None:
    """At the base, or at the last apply where the base had it no longer."""
    left = change("deactivate_user", "user/ann")
    without = TENANT + USERS.replace("ann:", "eve:")

    assert [(("users", "ann"), "commit0")] == behind(left, without, EVERYTHING, EVERYTHING)
    assert [(("users", "ann"), "commit1")] == behind(left, without, without, EVERYTHING)
    assert [] == behind(left, without)


def test_who_is_declared_inactive_rests_on_the_switch() -> None:
    """Whatever else changed."""
    text = EVERYTHING.replace("active: true", "active: false")

    assert [(("users", "bob", "active"),)] == behind(change("deactivate_user", "user/bob"), text, EVERYTHING)


def test_who_holds_no_role_any_more_rests_on_what_gave_one() -> None:
    """What is gone, and what has expired; what still stands gave nothing."""
    lost = change("deactivate_user", "user/ann")
    now = EVERYTHING.replace("members: [ann, bob]", "members: [bob]")

    assert [
        (("role_assignments", "auditor", "expires"),),
        (("groups", "staff", "members", "ann"), "commit0"),
    ] == behind(lost, now, EVERYTHING)
    assert [(("users", "bob"),)] == behind(change("deactivate_user", "user/bob"), TENANT + USERS, TENANT + USERS)


@pytest.mark.parametrize("scope", ["assigned", "all"])
def test_who_passes_no_filter_rests_on_clauses_and_what_they_look_at(scope: str) -> None:
    """Where everyone is in scope, roles decide nothing."""
    roles = ROLES if scope == "assigned" else ""
    text = TENANT.replace("url: sandbox", f"url: sandbox, scope: {scope}") + USERS + GROUPS + roles + FILTERS
    line = str(text.splitlines().index(FILTERS.splitlines()[-1]) + 1)

    assert [(("users", "bob", "active"),), (line,)] == behind(change("deactivate_user", "user/bob"), text, EVERYTHING)


def test_a_role_that_is_granted_rests_on_every_way_in_which_it_comes() -> None:
    """By assignments that name the user, and by groups; other roles say nothing."""
    granted = change("grant_roles", "user/bob", roles=["specialist"])

    assert [
        (("role_assignments", "specialist", "users", "bob"),),
        (("role_assignments", "specialist", "groups", "all"),),
        (("groups", "all", "members", "group/staff"),),
        (("groups", "staff", "members", "bob"),),
    ] == behind(granted)


def test_a_role_that_is_revoked_rests_on_what_is_gone_or_expired() -> None:
    """Or on the user's own line, where git never gave it."""
    now = EVERYTHING.replace("users: [bob], groups: [all]", "users: [ann]")
    revoked = change("revoke_roles", "user/bob", roles=["specialist"])

    assert [
        (("role_assignments", "specialist", "users", "bob"), "commit0"),
        (("role_assignments", "specialist", "groups", "all"), "commit0"),
    ] == behind(revoked, now, EVERYTHING)
    expired = change("revoke_roles", "user/ann", roles=["auditor"])
    assert [(("role_assignments", "auditor", "expires"),)] == behind(expired, EVERYTHING, EVERYTHING)
    assert [(("users", "bob"),)] == behind(change("revoke_roles", "user/bob", roles=["auditor"]), EVERYTHING)


def test_members_that_are_added_rest_on_what_names_or_matches_them() -> None:
    """Directly, in a nested group, or by a clause and the attribute that it looks at."""
    added = change("add_members", "group/all", members=["user/ann"])
    matched = change("add_members", "group/finance", members=["user/bob"])

    assert [
        (("groups", "all", "members", "group/staff"),),
        (("groups", "staff", "members", "ann"),),
    ] == behind(added)
    assert [(("users", "bob", "department"),), ("8",)] == behind(matched)


def removed(group: str, *members: str) -> Change:
    return change("remove_members", f"group/{group}", members=list(members))


def test_a_member_that_is_removed_rests_on_what_named_them() -> None:
    """In the group or in one nested in it."""
    now = EVERYTHING.replace("members: [ann, bob]", "members: [bob]")

    assert [(("groups", "staff", "members", "ann"), "commit0")] == behind(removed("all", "user/ann"), now, EVERYTHING)


def test_a_member_that_no_longer_matches_rests_on_the_clause_and_what_it_looks_at() -> None:
    """Either may have changed."""
    now = EVERYTHING.replace("department: Finance}", "department: Sales}")

    assert [(("users", "bob", "department"),), ("8",)] == behind(removed("finance", "user/bob"), now, EVERYTHING)


def test_a_member_who_left_git_rests_on_their_own_line_too() -> None:
    """Which is gone."""
    now = (TENANT + USERS + GROUPS).replace("ann:", "eve:").replace("[ann, bob]", "[bob]")

    assert [
        (("groups", "staff", "members", "ann"), "commit0"),
        (("users", "ann"), "commit0"),
    ] == behind(removed("staff", "user/ann"), now, EVERYTHING)
    matched = EVERYTHING.replace("bob: {userName: bob@example.com, active: true, department: Finance}", "")
    matched = matched.replace("[ann, bob]", "[ann]").replace("users: [bob], ", "")
    assert [
        (("users", "bob", "department"), "commit0"),
        ("8",),
        (("users", "bob"), "commit0"),
    ] == behind(removed("finance", "user/bob"), matched, EVERYTHING)


def test_a_member_who_loses_access_rests_on_that() -> None:
    """They are still named, and groups have those alone who have access."""
    now = EVERYTHING.replace("active: true", "active: false")

    assert [(("users", "bob", "active"),)] == behind(removed("staff", "user/bob"), now, EVERYTHING)


def test_a_member_that_git_never_had_rests_on_what_it_says_instead() -> None:
    """A stranger, or somebody that git knows: the members, or the word that git alone decides on them."""
    says = [(("groups", "staff", "members"),), (("groups", "staff", "membership"),)]
    now = EVERYTHING.replace("[ann, bob]", "[ann]")

    assert says == behind(removed("staff", "user/bob", "id/17"), now, now)


def test_a_group_that_left_git_rests_on_the_line_that_is_gone() -> None:
    """One that is new, on its own."""
    now = TENANT + USERS

    assert [(("groups", "staff"), "commit0")] == behind(removed("staff", "user/bob"), now, EVERYTHING)
    assert [(("groups", "staff"),)] == behind(change("create_group", "group/staff"))


def test_the_line_that_was_touched_last_made_the_difference() -> None:
    """Of those that are alike, or not known, the first."""
    first, second, third = (Source("a.yaml", line) for line in (1, 2, 3))

    assert second == newest([BlamedLine(first, 5), BlamedLine(second, 7), BlamedLine(third, 7)])
    assert first == newest([BlamedLine(first), BlamedLine(second)])


def test_a_statement_is_hashable_and_says_where_it_stands() -> None:
    """Statements are asked about once, however many changes rest on them."""
    source = Source("a.yaml", 1)

    assert {Statement(source)} == {Statement(source), Statement(source)}


def test_who_left_by_a_line_that_says_so_rests_on_that_line() -> None:
    """Where a declaration is gone, git knew them by it; the line is what makes the difference."""
    text = EVERYTHING + "left:\n  - {key: user/kai}\n  - {id: '4711'}\n"

    assert [("13",)] == behind(change("deactivate_user", "user/kai"), text, EVERYTHING)
