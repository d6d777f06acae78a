"""The atoms of changes, their hashes, and changes made of some of them."""

from __future__ import annotations

import pytest

from reconciler.core.approval.atoms import Atom, atoms_of, hash_atom, spell
from reconciler.core.approval.parts import parts_of
from reconciler.core.changes.plan import (
    AddMembers,
    AttributeChange,
    Change,
    CreateGroup,
    CreateUser,
    DeactivateUser,
    ReactivateUser,
    RevokeRoles,
    UpdateGroup,
    UpdateUser,
)

TITLE = AttributeChange(path="title", before=None, after="Chief")
NAME = AttributeChange(path="displayName", before="A", after="B")
CREATE = CreateUser(key="user/ann", attributes=(TITLE,), roles=("auditor",))
GROUP = CreateGroup(key="group/staff", attributes=(NAME,), members=("user/ann", "user/bob"))
BACK = ReactivateUser(key="user/ann", target_id="a", attributes=(TITLE, NAME))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (CREATE, ["new exists false→true", 'new attribute title null→"Chief"', "new role auditor false→true"]),
        (GROUP, ["new exists", "new attribute displayName", "new member user/ann", "new member user/bob"]),
        (BACK, ["a active false→true", "a attribute title", "a attribute displayName"]),
        (DeactivateUser(key="user/ann", target_id="a"), ["a active true→false"]),
        (RevokeRoles(key="user/ann", target_id="a", roles=("x",)), ["a role x true→false"]),
        (
            UpdateUser(key="user/ann", target_id="a", adopted="userName", attributes=(TITLE,)),
            ['a record null→"a"', "a attribute title"],
        ),
    ],
)
def test_a_change_is_its_atoms(change: Change, expected: list[str]) -> None:
    """Each on the record, by path, before and after."""
    told = [f"{one.record} {' '.join(one.path)} {one.before}→{one.after}" for one in atoms_of(change)]

    assert [True] * len(expected) == [one.startswith(words) for one, words in zip(told, expected, strict=True)]


def test_values_of_many_have_no_order() -> None:
    """Nor do the parts of one of them."""
    one, other = {"type": "work", "value": "a"}, {"value": "b"}

    assert spell([one, other]) == spell([other, {"value": "a", "type": "work"}])
    assert spell(["a"]) != spell("a")


def test_a_hash_tells_atoms_apart_and_depends_on_the_salt() -> None:
    """The outcome is that without what was there before."""
    atom = Atom("user/ann", "a", ("attribute", "title"), "null", '"Chief"')
    moved = Atom("user/ann", "a", ("attribute", "title"), '"Clerk"', '"Chief"')

    assert hash_atom("s", atom)[0] != hash_atom("s", moved)[0]
    assert hash_atom("s", atom)[1] == hash_atom("s", moved)[1]
    assert hash_atom("s", atom) != hash_atom("t", atom)


@pytest.mark.parametrize(
    ("change", "paths", "expected"),
    [
        (CREATE, ["exists", "attribute title", "role auditor"], [CREATE]),
        (CREATE, [], []),
        (CREATE, ["exists", "attribute title"], [CreateUser(key="user/ann", attributes=(TITLE,))]),
        (CREATE, ["attribute title"], [UpdateUser(key="user/ann", attributes=(TITLE,))]),
        (
            GROUP,
            ["attribute displayName", "member user/bob"],
            [UpdateGroup(key="group/staff", attributes=(NAME,)), AddMembers(key="group/staff", members=("user/bob",))],
        ),
        (BACK, ["active"], [ReactivateUser(key="user/ann", target_id="a")]),
        (BACK, ["attribute title"], [UpdateUser(key="user/ann", target_id="a", attributes=(TITLE,))]),
    ],
)
def test_some_atoms_of_a_change_are_changes(change: Change, paths: list[str], expected: list[Change]) -> None:
    """Valid ones, with ids of their own."""
    kept = [one for one in atoms_of(change) if " ".join(one.path) in paths]

    assert expected == list(parts_of(change, kept))
