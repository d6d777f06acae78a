"""Single edits of declarations change only their subject."""

from __future__ import annotations

from datetime import date

from reconciler.core.access.edited import (
    assign_role,
    could_be_declared,
    declare,
    join,
    move_end,
    only_what_concerns,
    with_value,
)
from tests.core.examples import assignment, declarations, declared_group, declared_user

GIT = declarations(
    [declared_user("ann"), declared_user("bob")],
    [declared_group("desk", ["ann", "bob", "group/night"]), declared_group("night")],
    [assignment("user", "ann", "bob", groups=["desk"])],
)


def test_without_the_others_only_one_and_what_is_nested_is_left() -> None:
    """Groups and assignments stay, because they may decide."""
    alone = only_what_concerns(GIT, "bob")

    assert ["bob"] == list(alone.users)
    assert (("bob", "group/night"), None) == (alone.groups["desk"].members, alone.groups["night"].members)
    assert (["bob"], ["desk"]) == (alone.assignments[0].assignment.users, alone.assignments[0].assignment.groups)


def test_a_value_is_set_where_its_path_leads() -> None:
    """Missing parents are created; in a list, each item gets the value."""
    assert {"name": {"familyName": "Lee"}} == with_value({}, "name.familyName", "Lee")
    assert {"attributes": {"level": 3}} == with_value({}, "level", 3)
    emails = [{"value": "a", "type": "home"}, {"value": "b"}]
    expected = [{"value": "a", "type": "work"}, {"value": "b", "type": "work"}]
    assert {"emails": expected} == with_value({"emails": emails}, "emails.type", "work")


def test_what_the_contract_refuses_could_not_be_declared() -> None:
    """A user needs a userName."""
    assert could_be_declared({"userName": "a"})
    assert not could_be_declared({"title": "Head"})


def test_somebody_is_declared_given_a_role_and_put_into_a_group() -> None:
    """An undeclared group gets no member."""
    edited = join(assign_role(declare(GIT, "cid", declared_user("cid")), "auditor", "cid"), "cid", "night")

    assert ["ann", "bob", "cid"] == list(edited.users)
    assert ("auditor", ["cid"]) == (edited.assignments[1].assignment.role, edited.assignments[1].assignment.users)
    assert ("cid",) == edited.groups["night"].members
    assert edited == join(edited, "cid", "nowhere")


def test_the_end_of_an_assignment_moves_and_nothing_else_of_it() -> None:
    """The new day still counts."""
    moved = move_end(GIT, 0, date(2026, 3, 31)).assignments[0].assignment

    assert date(2026, 3, 31) == moved.expires
    assert GIT.assignments[0].assignment == moved.model_copy(update={"expires": None})
