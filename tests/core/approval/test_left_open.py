"""What the last apply left undone, by the hashes on record alone."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.approval.atoms import Atom, hash_atom
from reconciler.core.approval.left_open import note_left_open
from reconciler.core.changes.asked import NEVER_ASKED, AskedBefore, NotTaken
from reconciler.core.changes.plan import (
    AddMembers,
    AttributeChange,
    Change,
    Cost,
    CreateUser,
    GrantRoles,
    Plan,
    ReadSummary,
    UpdateUser,
)
from reconciler.core.record.record import OpenAtom

TITLE = AttributeChange(path="title", before="Lead", after="Lead ")
UPDATE = UpdateUser(key="user/ann", target_id="a", attributes=(TITLE,))
GRANT = GrantRoles(key="user/ann", target_id="a", roles=("auditor",))
ADD = AddMembers(key="group/g", target_id="g", members=("user/ann",))
CREATE = CreateUser(key="user/ann", attributes=(TITLE,))
OPEN_TITLE = Atom("user/ann", "a", ("attribute", "title"), '"Clerk"', '"Lead "')
OPEN_ROLE = Atom("user/ann", "a", ("role", "auditor"), "false", "true")


def plan(*changes: Change) -> Plan:
    read = ReadSummary(mode="full", complete=True, users=1, groups=1, requests=1)
    fields: dict[str, Any] = {"applyable": True, "converges": True, "read": read, "cost": Cost(requests=1, seconds=1)}
    return Plan(tenant="qa", url="u", commit=None, base=None, as_of="2026-01-01", changes=changes, **fields)


def opened(*atoms: Atom) -> list[tuple[str, OpenAtom]]:
    hashes = [hash_atom("salt", atom) for atom in atoms]
    return [
        ("salt", OpenAtom(effect=effect, outcome=outcome, serial=1, date="2026-01-01")) for effect, outcome in hashes
    ]


@pytest.mark.parametrize(
    ("changes", "atoms", "named"),
    [
        ([UPDATE], [], None),
        ([UPDATE], [OPEN_TITLE], "title of user/ann"),
        ([UPDATE], [Atom("user/ann", "new", ("attribute", "title"), "null", '"Lead "')], "title of user/ann"),
        ([UPDATE], [Atom("user/ann", "a", ("attribute", "title"), "null", '"Lead"')], None),
        ([UPDATE], [Atom("user/bob", "a", ("attribute", "title"), "null", '"Lead "')], None),
        ([UPDATE, GRANT], [OPEN_TITLE, OPEN_ROLE], "title of user/ann, auditor of user/ann"),
        ([CREATE], [Atom("user/ann", "new", ("attribute", "title"), '"Lead"', '"Lead "')], None),
        ([ADD], [Atom("group/g", "g", ("member", "user/ann"), "false", "true")], None),
    ],
)
def test_a_plan_says_what_it_contains_again(changes: list[Change], atoms: list[Atom], named: str | None) -> None:
    """Of users and groups that exist; also of what was created since."""
    noted = note_left_open(plan(*changes), opened(*atoms), NEVER_ASKED, 4)

    expected = [] if named is None else [f"apply #4 left undone, and this plan contains it again: {named}"]
    assert expected == [one.message for one in noted.problems]
    assert plan(*changes).digest == noted.digest


def test_what_the_log_knows_is_not_said_twice() -> None:
    """It says more."""
    rows = [
        NotTaken("user/ann", "title", "", "x", None, "changed", "", 1),
        NotTaken("user/ann", "roles", "auditor", "x", None, "changed", "", 1),
    ]
    asked = AskedBefore({(one.key, one.path, one.of): one for one in rows})

    assert () == note_left_open(plan(UPDATE, GRANT), opened(OPEN_TITLE, OPEN_ROLE), asked, 4).problems
