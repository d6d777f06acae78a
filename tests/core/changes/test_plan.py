"""The closed set of changes, and Plan: in order, hashed by its effects, the same in JSON and back."""

from __future__ import annotations

import json
from random import Random
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from reconciler.core.changes.plan import (
    ACTIONS,
    Action,
    AddMembers,
    AttributeChange,
    Change,
    ChangeFields,
    Cost,
    CreateGroup,
    CreateUser,
    DeactivateUser,
    GrantRoles,
    Plan,
    ReactivateUser,
    ReadSummary,
    RemoveMembers,
    RevokeRoles,
    Skipped,
    Unmanaged,
    UpdateGroup,
    UpdateUser,
    digest_of,
    has_errors,
    order_changes,
    plan_to_json,
    summarise,
)
from reconciler.core.changes.plan_notes import is_refusal
from reconciler.errors import Problem, Source

TITLE = AttributeChange(path="title", before="Analyst", after="Senior")
EFFECTS = {
    "create_user": "grow",
    "reactivate_user": "grow",
    "update_user": "change",
    "create_group": "grow",
    "update_group": "change",
    "add_members": "grow",
    "grant_roles": "grow",
    "revoke_roles": "shrink",
    "remove_members": "shrink",
    "deactivate_user": "shrink",
}


def created(name: str, manager: str | None = None) -> CreateUser:
    attributes = [AttributeChange(path="manager", before=None, after=f"user/{manager}")] if manager else []
    return CreateUser(key=f"user/{name}", attributes=tuple(attributes))


EVERY: tuple[Change, ...] = (
    created("ann"),
    ReactivateUser(key="user/bob", target_id="id-bob"),
    UpdateUser(key="user/cid", target_id="id-cid", attributes=(TITLE,)),
    CreateGroup(key="group/desk", members=("user/ann",)),
    UpdateGroup(key="group/hr", target_id="id-hr", attributes=(TITLE,)),
    AddMembers(key="group/hr", target_id="id-hr", members=("user/ann",)),
    GrantRoles(key="user/cid", target_id="id-cid", roles=("auditor",), held=("specialist",)),
    RevokeRoles(key="user/cid", target_id="id-cid", roles=("key_contact",), held=("specialist",)),
    RemoveMembers(key="group/hr", target_id="id-hr", members=("id/4711",)),
    DeactivateUser(key="user/dee", target_id="id-dee", source=Source("people.yaml", 4, "c0ffee", "Ann")),
)


def make(*changes: Change, **fields: Any) -> Plan:
    required = {"tenant": "qa", "url": "sandbox", "commit": None, "base": None, "as_of": "2026-03-31"}
    read = ReadSummary(mode="full", complete=True, users=4, groups=1, requests=2)
    cost = Cost(requests=len(changes), seconds=0.0)
    written = {**required, "applyable": True, "converges": True, "read": read, "cost": cost, **fields}
    return Plan(changes=changes, **written)


def test_the_set_of_changes_is_closed_and_none_of_them_deletes() -> None:
    """Ten actions, each with one effect."""
    assert set(EFFECTS) == set(ACTIONS) == set(get_args(Action))
    assert len(get_args(Change)) == len(ACTIONS) == len(EVERY)
    assert {change.action: change.effect for change in EVERY} == EFFECTS
    assert not [action for action in ACTIONS if "delete" in action]


@pytest.mark.parametrize("action", ["delete_user", "delete_group", "put_user", ""])
def test_a_plan_file_with_a_change_of_another_kind_does_not_parse(action: str) -> None:
    """A deletion written into a plan file is refused."""
    written = json.loads(plan_to_json(make(DeactivateUser(key="user/ann", target_id="id-ann"))))
    written["changes"][0]["action"] = action

    with pytest.raises(ValidationError):
        Plan.model_validate_json(json.dumps(written))


def test_a_plan_puts_its_changes_in_order_however_they_come() -> None:
    """Creates, updates, groups, additions, grants, then what shrinks."""
    for seed in range(20):
        shuffled = Random(seed).sample(EVERY, len(EVERY))  # noqa: S311  # any order will do
        plan = make(*shuffled)

        assert list(map(str, ACTIONS)) == [change.action for change in plan.changes]
        assert make(*EVERY).digest == plan.digest


def test_reactivations_and_updates_go_by_key_among_each_other() -> None:
    """Both change a user who is there."""
    changes: list[Change] = [
        UpdateUser(key="user/bob", target_id="b", attributes=(TITLE,)),
        ReactivateUser(key="user/ann", target_id="a"),
        ReactivateUser(key="user/cid", target_id="c"),
    ]

    assert ["user/ann", "user/bob", "user/cid"] == [change.key for change in order_changes(changes)]


@pytest.mark.parametrize(
    ("managers", "expected"),
    [
        ([("bob", None), ("ann", None)], ["ann", "bob"]),
        ([("ann", "bob"), ("bob", None)], ["bob", "ann"]),
        ([("ann", "bob"), ("bob", "cid"), ("cid", None), ("dee", None)], ["cid", "dee", "bob", "ann"]),
        ([("ann", "zoe")], ["ann"]),
        ([("ann", "zed"), ("zed", "bob"), ("bob", "live"), ("cid", "bob")], ["bob", "cid", "zed", "ann"]),
    ],
)
def test_managers_are_created_before_their_reports(managers: list[tuple[str, str | None]], expected: list[str]) -> None:
    """So that a create needs no second request; beside that, by key."""
    changes = [created(name, manager) for name, manager in managers]

    assert expected == [change.key.removeprefix("user/") for change in order_changes(changes)]


def test_a_circle_of_managers_does_not_keep_a_plan_from_being_ordered() -> None:
    """The planner leaves none, and a plan file that has one is still a plan."""
    changes = [created("ann", "bob"), created("bob", "ann"), created("cid", "cid")]

    assert 3 == len(order_changes(changes))


def test_what_does_not_change_the_effect_does_not_change_the_digest() -> None:
    """Names, causes, reasons, places, and what was held before."""
    plain = GrantRoles(key="user/ann", target_id="id-ann", roles=("auditor",))
    told = GrantRoles(
        key="user/ann",
        target_id="id-ann",
        roles=("auditor",),
        name="Ann Lee",
        cause="drift",
        reason="git says so",
        held=("specialist",),
        source=Source("people.yaml", 4, "c0ffee", "Bob"),
    )

    assert plain.id == told.id
    assert make(plain).digest == make(told, commit="c0ffee", base="decade", as_of="2030-01-01", tenant="x").digest


@pytest.mark.parametrize(
    "other",
    [
        {"key": "user/bob"},
        {"target_id": "id-bob"},
        {"target_id": None},
        {"attributes": ()},
        {"attributes": (AttributeChange(path="title", before="Analyst", after="senior"),)},
        {"attributes": (AttributeChange(path="title", before=None, after="Senior"),)},
        {"attributes": (AttributeChange(path="site", before="Analyst", after="Senior"),)},
        {"attributes": (AttributeChange(path="title", before="Analyst", after=None),)},
        {"members": ("user/bob",)},
        {"roles": ("auditor",)},
    ],
    ids=str,
)
def test_any_other_effect_has_another_id_and_digest(other: dict[str, Any]) -> None:
    """Who, where, what before, what after: all of it is what was approved."""
    fields: dict[str, Any] = {"key": "user/ann", "target_id": "id-ann", "attributes": (TITLE,)}
    one, another = UpdateUser(**fields), UpdateUser(**{**fields, **other})

    assert one.id != another.id
    assert make(one).digest != make(another).digest
    assert make(one).digest != make(one, another).digest


def test_the_kind_of_value_is_part_of_the_effect() -> None:
    """`true`, `1` and `"1"` are three things."""
    ids = {
        UpdateUser(key="user/ann", attributes=(AttributeChange(path="customFields.x", before=None, after=after),)).id
        for after in (True, 1, "1")
    }

    assert 3 == len(ids)


def test_the_kind_of_change_is_part_of_the_effect() -> None:
    """Ten changes with the same fields are ten changes."""
    kinds: tuple[type[ChangeFields], ...] = get_args(Change)

    assert len(ACTIONS) == len({kind(key="user/ann").id for kind in kinds})  # type: ignore[call-arg]


def test_a_plan_survives_its_own_json_byte_for_byte() -> None:
    """With everything that a plan may hold."""
    address: dict[str, str | bool | int | float] = {"value": "a", "primary": True}
    emails = AttributeChange(path="emails", before=[address], after=None)
    odd = AttributeChange(path="customFields.x", before=1.5, after='\u2028 ☃ \\ "')
    plan = make(
        *EVERY[:-1],
        UpdateUser(key="user/dee", target_id="id-dee", attributes=(emails, odd)),
        unmanaged=(Unmanaged(kind="user", id="4711", name="Zoe"),),
        skipped=(Skipped(key="user/eve", reason="inactive already"),),
        problems=(Problem("guardrail", "too many", Source("guardrails.yaml", 2), "fewer", severity="warning"),),
    )
    written = plan_to_json(plan)

    assert written == plan_to_json(Plan.model_validate_json(written))
    assert plan == Plan.model_validate_json(written)
    assert written.endswith("}\n")


def test_the_plan_file_has_the_names_that_others_rely_on() -> None:
    """DESIGN section 8."""
    written = json.loads(plan_to_json(make(*EVERY)))
    keys = "format tenant url commit base as_of digest applyable converges read cost summary changes unmanaged skipped"
    change_keys = "id action key target_id effect cause reason attributes members roles source"

    assert set(keys.split()) | {"problems"} == set(written)
    assert set(change_keys.split()) <= set(written["changes"][0])
    assert {"file", "line", "commit", "author"} == set(written["changes"][-1]["source"])
    assert {"path", "before", "after"} == set(written["changes"][2]["attributes"][0])
    assert {"mode", "complete", "users", "groups", "requests"} == set(written["read"])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["changes", 2, "attributes", 0, "after"], "Director"),
        (["changes", 2, "target_id"], "id-zoe"),
        (["changes", 6, "roles"], ["account_owner"]),
        (["changes", 3, "members"], ["user/zoe"]),
        (["changes", 0, "id"], "0" * 32),
        (["digest"], "sha256:0"),
        (["changes"], []),
        (["format"], 2),
        (["surprise"], True),
        (["applyable"], "yes"),
    ],
    ids=str,
)
def test_a_plan_file_that_was_edited_is_refused(path: list[Any], value: object) -> None:
    """Ids and the digest are those of the effects, or it is not the plan that was made."""
    written = json.loads(plan_to_json(make(*EVERY)))
    *way, last = path
    place: Any = written
    for step in way:
        place = place[step]
    place[last] = value

    with pytest.raises(ValidationError):
        Plan.model_validate_json(json.dumps(written))


def test_a_summary_counts_each_action_in_the_plans_order() -> None:
    """Zeros are left out."""
    expected = [("create_user", 2), ("deactivate_user", 1)]

    assert expected == list(summarise([EVERY[-1], created("ann"), created("bob")]).items())
    assert dict(expected) == make(EVERY[-1], created("ann"), created("bob")).summary


def test_an_empty_plan_is_a_plan() -> None:
    """With a digest like any other."""
    empty = make()

    assert ((), {}) == (empty.changes, empty.summary)
    assert digest_of(()) == empty.digest != make(EVERY[0]).digest


@pytest.mark.parametrize(("severity", "expected"), [("error", True), ("warning", False)])
def test_a_plan_has_errors_where_a_problem_is_one(severity: Any, *, expected: bool) -> None:
    """A warning leaves nothing undone."""
    problem = Problem("guardrail", "said", Source("desired-state", 1), severity=severity)

    assert expected is has_errors(make(problems=(problem,)))
    assert is_refusal(problem)
