"""A step in parts: each can be asked for alone, belongs to one change, and together they are the whole."""

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
from reconciler.core.changes.undone import Undone
from reconciler.core.model.messages import Response
from reconciler.core.planner.parts import (
    StepPart,
    find_named,
    find_owner,
    leave_out,
    list_parts,
    list_undone,
    pick_parts,
    split_parts,
)
from reconciler.core.planner.steps import Step, make_request, make_steps
from reconciler.core.scim.wire import DIALECTS, ENTERPRISE

IDS = {"user/ann": "u1", "user/bob": "u2", "group/desk": "g1"}
ANN: dict[str, Any] = {"key": "user/ann", "target_id": "u1"}
DESK: dict[str, Any] = {"key": "group/desk", "target_id": "g1"}


def attributes(*paths: str) -> tuple[AttributeChange, ...]:
    return tuple(AttributeChange(path=path, before=None, after="x") for path in paths)


def step(*changes: Change) -> Step:
    [made] = make_steps(changes)
    return made


CREATE = CreateUser(key="user/new", attributes=attributes("title", "userName", "name.familyName"), roles=("auditor",))
BACK = ReactivateUser(**ANN, attributes=attributes("title", "emails", "department"))
OUT = DeactivateUser(**ANN)
GRANT = GrantRoles(**ANN, roles=("auditor",), held=("key_contact",))
REVOKE = RevokeRoles(**ANN, roles=("key_contact",), held=("key_contact",))
NEW_GROUP = CreateGroup(key="group/new", attributes=attributes("displayName"), members=("user/ann", "user/bob"))
RENAME = UpdateGroup(**DESK, attributes=attributes("displayName"))
ADD = AddMembers(**DESK, members=("user/ann",))
REMOVE = RemoveMembers(**DESK, members=("user/bob",))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([CREATE], ["name.familyName", "userName", "title", "roles"]),
        ([BACK, GRANT, REVOKE], ["active", "emails", "department", "title", "roles"]),
        ([OUT], ["active"]),
        ([NEW_GROUP], ["displayName", "user/ann", "user/bob"]),
        ([RENAME, ADD, REMOVE], ["displayName", "user/ann", "user/bob"]),
    ],
)
def test_access_comes_first_and_then_who_it_is(changes: list[Change], expected: list[str]) -> None:
    """What services tie together stands together."""
    assert expected == [part.of or part.path for part in list_parts(step(*changes))]


@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
@pytest.mark.parametrize("changes", [[BACK, GRANT, REVOKE], [OUT], [RENAME, ADD, REMOVE]], ids=["user", "out", "group"])
def test_all_parts_together_are_the_whole_request(changes: list[Change], dialect: str) -> None:
    """And each alone is a request of its own."""
    whole = step(*changes)
    parts = list_parts(whole)

    assert make_request(whole, IDS, DIALECTS[dialect]) == make_request(
        pick_parts(whole, parts, str(changes[0].target_id)), IDS, DIALECTS[dialect]
    )
    for part in parts:
        assert [part] == list(list_parts(pick_parts(whole, [part], "any")))


def test_a_part_of_what_was_created_is_an_update() -> None:
    """Of the user or group with its new id."""
    user = pick_parts(step(CREATE), [StepPart("title"), StepPart("roles")], "u9")
    group = pick_parts(step(NEW_GROUP), [StepPart("displayName"), StepPart("members", "user/bob")], "g9")

    assert [("update_user", "u9"), ("grant_roles", "u9")] == [(one.action, one.target_id) for one in user.changes]
    assert [("update_group", ()), ("add_members", ("user/bob",))] == [
        (one.action, one.members) for one in group.changes
    ]


def test_a_create_without_parts_keeps_its_id() -> None:
    """Its outcome is that of the whole change."""
    user = leave_out(step(CREATE), [StepPart("title"), StepPart("roles")])
    group = leave_out(step(NEW_GROUP), [StepPart("members", "user/ann")])

    assert (CREATE.id, {"userName", "name.familyName"}, None) == (
        user.changes[0].id,
        set(user.attributes()),
        user.roles(),
    )
    assert [("user/bob",)] == [one.members for one in group.changes]
    assert ["auditor"] == leave_out(step(CREATE), [StepPart("title")]).roles()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"detail": "title is not supported"}, ["title"]),
        ({"detail": 'Unsupported attribute: "TITLE"'}, ["title"]),
        ({"detail": f"{ENTERPRISE}:department can't be changed"}, ["department"]),
        (
            {"message": "invalid", "errors": [["department", "is unknown"], ["title", "is too long"]]},
            ["department", "title"],
        ),
        ({"detail": "subtitles are not supported"}, []),
        ({"detail": "invalid"}, []),
        ({"detail": "no such user: u2"}, ["user/bob"]),
        ({"detail": "bob is unknown"}, ["user/bob"]),
        (None, []),
    ],
)
def test_the_parts_that_a_refusal_names_are_found(body: Any, expected: list[str]) -> None:
    """As words, in any case, in the shapes of errors that services have; members also by id."""
    parts = [
        StepPart("department"),
        StepPart("title"),
        StepPart("members", "user/bob"),
        StepPart("members", "user/zoe"),
    ]

    assert expected == [part.of or part.path for part in find_named(parts, Response(400, body), IDS)]


@pytest.mark.parametrize(
    ("names", "detail", "expected"),
    [
        (["title", "department"], "title", (["department"], ["title"])),
        (["title", "department"], "title, department", (["title"], ["department"])),
        (["a", "b", "c", "d", "e"], "invalid", (["a", "b"], ["c", "d", "e"])),
        (["userName", "emails", "name.familyName", "a"], "invalid", (["userName", "emails", "name.familyName"], ["a"])),
        (["userName", "emails"], "invalid", (["userName"], ["emails"])),
        (["userName", "a", "b", "c"], "invalid", (["userName", "a"], ["b", "c"])),
    ],
)
def test_parts_are_split_by_what_is_named_or_in_halves(
    names: list[str], detail: str, expected: tuple[list[str], list[str]]
) -> None:
    """The identity stays together as long as there is anything else."""
    first, second = split_parts([StepPart(name) for name in names], Response(400, {"detail": detail}), IDS)

    assert expected == ([part.path for part in first], [part.path for part in second])


SECRET = AttributeChange(path="badge", before="1", after="2", redacted=True, redacted_pair=("f:1", "f:2"))
UPDATE = UpdateUser(**ANN, attributes=(SECRET, *attributes("title")))


@pytest.mark.parametrize(
    ("changes", "owners"),
    [
        ([BACK, GRANT, REVOKE], [BACK, BACK, BACK, BACK, GRANT, REVOKE]),
        ([OUT], [OUT]),
        ([RENAME, ADD, REMOVE], [RENAME, ADD, REMOVE]),
        ([NEW_GROUP], [NEW_GROUP] * 3),
        ([CREATE], [CREATE] * 4),
        ([UPDATE], [UPDATE] * 2),
    ],
)
def test_each_undone_part_belongs_to_the_change_that_asked_for_it(changes: list[Change], owners: list[Change]) -> None:
    """With the value, redacted where it is, and each role on its own."""
    whole = step(*changes)

    undone = list(list_undone(whole, list_parts(whole), "refused", "400"))

    assert [one.id for one in owners] == [find_owner(whole, part) for part in undone]
    assert {("refused", "400")} == {(part.why, part.error) for part in undone}
    assert [part.asked for part in undone if part.path == "badge"] == ["f:2"] * (UPDATE in changes)
    assert [] == list(list_undone(whole, [], "refused", "400"))


def test_the_access_of_a_create_belongs_to_it() -> None:
    """It is no part, and may still not be as asked."""
    assert CREATE.id == find_owner(step(CREATE), Undone(path="active", why="changed", asked=True, got=False))
