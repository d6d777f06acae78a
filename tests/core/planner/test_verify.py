"""The answer to a write is its verification: each change is compared with it."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.changes.plan import (
    AddMembers,
    AttributeChange,
    Change,
    CreateGroup,
    CreateUser,
    DeactivateUser,
    GrantRoles,
    ReactivateUser,
    RemoveMembers,
    RevokeRoles,
    UpdateGroup,
    UpdateUser,
)
from reconciler.core.model.messages import JsonObject
from reconciler.core.planner.steps import make_steps
from reconciler.core.planner.verify import list_not_taken, list_other_differences, list_roles_not_taken
from reconciler.core.scim.wire import ENTERPRISE, NotScim

IDS = {"user/ann": "id-ann", "user/bob": "id-bob"}
TO_ANN: dict[str, Any] = {"key": "user/ann", "target_id": "id-ann"}
TO_DESK: dict[str, Any] = {"key": "group/desk", "target_id": "id-desk"}


def attributes(**after: Any) -> tuple[AttributeChange, ...]:
    return tuple(AttributeChange(path=path, before=None, after=value) for path, value in after.items())


UPDATE = UpdateUser(**TO_ANN, attributes=attributes(title="Senior", site=None, manager="user/bob"))
CREATE = CreateUser(key="user/new", attributes=attributes(title="Senior"), roles=("auditor",))
ANN: JsonObject = {
    "id": "id-ann",
    "active": True,
    "title": "Senior",
    ENTERPRISE: {"manager": {"value": "id-bob", "displayName": "Bob"}},
    "roles": [{"value": "auditor"}, {"value": "account_owner"}],
}
DESK: JsonObject = {"id": "id-desk", "displayName": "Desk", "members": [{"value": "id-ann"}]}


@pytest.mark.parametrize(
    ("change", "answer", "expected"),
    [
        (UPDATE, ANN, []),
        (UPDATE, {**ANN, "active": False, "roles": []}, []),
        (UPDATE, {**ANN, "title": "senior"}, ["title"]),
        (UPDATE, {"id": "id-ann"}, ["manager", "title"]),
        (UPDATE, {**ANN, ENTERPRISE: {"site": "London", "manager": {"value": "id-zoe"}}}, ["manager", "site"]),
        (CREATE, ANN, []),
        (CREATE, {"id": "1", "active": False}, ["title", "auditor", "active"]),
        (GrantRoles(**TO_ANN, roles=("auditor",)), ANN, []),
        (GrantRoles(**TO_ANN, roles=("auditor", "specialist")), ANN, ["specialist"]),
        (RevokeRoles(**TO_ANN, roles=("specialist",)), ANN, []),
        (RevokeRoles(**TO_ANN, roles=("specialist", "auditor")), ANN, ["auditor"]),
        (DeactivateUser(**TO_ANN), ANN, ["active"]),
        (DeactivateUser(**TO_ANN), {"id": "id-ann", "active": "False"}, []),
        (ReactivateUser(**TO_ANN), ANN, []),
        (ReactivateUser(**TO_ANN), {"id": "id-ann", "active": False}, ["active"]),
        (AddMembers(**TO_DESK, members=("user/ann",)), DESK, []),
        (AddMembers(**TO_DESK, members=("user/ann", "user/bob")), DESK, ["user/bob"]),
        (AddMembers(**TO_DESK, members=("user/ann", "user/unknown")), DESK, []),
        (RemoveMembers(**TO_DESK, members=("id/4711",)), DESK, []),
        (RemoveMembers(**TO_DESK, members=("id/4711", "user/ann")), DESK, ["user/ann"]),
        (CreateGroup(key="group/new", attributes=attributes(displayName="Desk"), members=("user/ann",)), DESK, []),
        (UpdateGroup(**TO_DESK, attributes=attributes(displayName="Crew")), DESK, ["displayName"]),
    ],
)
def test_what_the_answer_has_not_as_asked_is_listed(change: Change, answer: JsonObject, expected: list[str]) -> None:
    """By attribute, `active`, role and member; more than was asked for is fine."""
    assert expected == [part.name for part in list_not_taken(change, IDS, answer)]


SECRET = AttributeChange(
    path="title", before="Clerk", after="Chief", redacted=True, redacted_pair=("fingerprint:1", "fingerprint:2")
)


@pytest.mark.parametrize(
    ("change", "answer", "expected"),
    [
        (UPDATE, {**ANN, "title": "senior"}, [("title", "Senior", "senior")]),
        (UPDATE, {**ANN, ENTERPRISE: {"manager": {"value": "id-zoe"}}}, [("manager", "user/bob", "id/id-zoe")]),
        (UPDATE, {**ANN, ENTERPRISE: {}}, [("manager", "user/bob", None)]),
        (UpdateUser(**TO_ANN, attributes=(SECRET,)), {**ANN, "title": "Chief"}, []),
        (UpdateUser(**TO_ANN, attributes=(SECRET,)), ANN, [("title", "fingerprint:2", "(redacted)")]),
        (
            UpdateUser(**TO_ANN, attributes=(SECRET,)),
            {**ANN, "title": "Clerk"},
            [("title", "fingerprint:2", "fingerprint:1")],
        ),
        (UpdateUser(**TO_ANN, attributes=(SECRET,)), {"id": "id-ann"}, [("title", "fingerprint:2", None)]),
        (DeactivateUser(**TO_ANN), ANN, [("active", False, True)]),
        (RevokeRoles(**TO_ANN, roles=("auditor",)), ANN, [("auditor", False, True)]),
        (AddMembers(**TO_DESK, members=("user/bob",)), DESK, [("user/bob", True, False)]),
        (AddMembers(**TO_DESK, members=("user/bob",)), {"id": "id-desk"}, [("user/bob", True, None)]),
    ],
)
def test_it_is_listed_with_the_values_asked_for_and_found(
    change: Change, answer: JsonObject, expected: list[tuple[str, object, object]]
) -> None:
    """A live manager by id; redacted values as fingerprints, and a value without one not at all."""
    found = list_not_taken(change, IDS, answer)

    assert expected == [(part.name, part.asked, part.got) for part in found]
    assert {"changed"} >= {part.why for part in found}


def test_an_answer_that_is_no_resource_is_not_held_against_the_change() -> None:
    """A document that can't be read raises NotScim."""
    with pytest.raises(NotScim):
        list_not_taken(UPDATE, IDS, {"title": "Senior"})


@pytest.mark.parametrize(
    ("held", "not_granted", "not_revoked", "others"),
    [
        ({"account_owner", "auditor"}, [], [], []),
        ({"account_owner", "key_contact"}, ["auditor"], ["key_contact"], []),
        ({"auditor", "specialist"}, [], [], ["- account_owner", "+ specialist"]),
    ],
)
def test_an_overwrite_of_roles_is_held_against_what_was_asked(
    held: set[str], not_granted: list[str], not_revoked: list[str], others: list[str]
) -> None:
    """Each change by its own roles; other lost or gained roles are listed apart."""
    before = ("account_owner", "key_contact")
    grant = GrantRoles(key="user/ann", target_id="31", roles=("auditor",), held=before)
    revoke = RevokeRoles(key="user/ann", target_id="31", roles=("key_contact",), held=before)
    [step] = make_steps([grant, revoke], "permissions")

    assert not_granted == [part.of for part in list_roles_not_taken(grant, frozenset(held))]
    assert not_revoked == [part.of for part in list_roles_not_taken(revoke, frozenset(held))]
    assert others == list_other_differences(step, frozenset(held))
