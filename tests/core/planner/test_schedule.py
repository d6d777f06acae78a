"""The order of requests: which waits for which, what is split, and how a ring is carried out and undone."""

from __future__ import annotations

from typing import Any

from reconciler.core.changes.plan import (
    AddMembers,
    AttributeChange,
    Change,
    CreateGroup,
    CreateUser,
    DeactivateUser,
    UpdateGroup,
    UpdateUser,
)
from reconciler.core.planner.schedule import Unit, go_over_third_name, make_schedule, undo
from reconciler.core.planner.steps import Step


def moved(key: str, before: str | None, after: str, *more: AttributeChange, over: str = "") -> Change:
    kind: Any = UpdateUser if key.startswith("user/") else UpdateGroup
    path = "userName" if key.startswith("user/") else "displayName"
    name = AttributeChange(path=path, before=before, after=after)
    return kind(key=key, target_id=f"id-{key}", attributes=(name, *more), over=over)  # type: ignore[no-any-return]


def to(path: str, value: Any) -> AttributeChange:
    return AttributeChange(path=path, before=None, after=value)


def keys(units: tuple[Unit, ...]) -> list[str]:
    return [" ".join(f"{step.key.partition('/')[2]}:{step.changes[0].action}" for step in unit.steps) for unit in units]


def waits(units: tuple[Unit, ...]) -> dict[str, list[str]]:
    of = {step.id: step.key for unit in units for step in unit.steps}
    return {
        unit.steps[0].key: [f"{of[wait.step]}: {wait.lacks}" for wait in unit.waits] for unit in units if unit.waits
    }


def test_without_a_name_that_changes_hands_the_order_is_that_of_the_plan() -> None:
    """Each step is a unit of its own."""
    changes = [CreateUser(key="user/dee", attributes=(to("userName", "d"),)), moved("user/ana", "a", "b")]

    assert ["dee:create_user", "ana:update_user"] == keys(make_schedule(changes))


def test_a_taker_follows_the_one_who_frees_the_name() -> None:
    """Names are compared as the service compares them."""
    dee = CreateUser(key="user/dee", attributes=(to("userName", "A"),))
    units = make_schedule([dee, moved("user/ana", "a", "B"), moved("user/bo", "b", "c")])

    assert ["bo:update_user", "ana:update_user", "dee:create_user"] == keys(units)
    assert {
        "user/ana": ["user/bo: the login that user/bo keeps"],
        "user/dee": ["user/ana: the login that user/ana keeps"],
    } == waits(units)


def test_a_change_of_letters_alone_frees_and_takes_nothing() -> None:
    """The service sees no other name."""
    units = make_schedule([moved("user/ana", "a", "A"), CreateUser(key="user/dee", attributes=(to("userName", "a"),))])

    assert ["ana:update_user", "dee:create_user"] == keys(units)


def test_a_group_and_a_user_of_one_name_do_not_wait_for_each_other() -> None:
    """Names are of a kind."""
    units = make_schedule([moved("user/ana", "x", "a"), moved("group/desk", "d", "x"), moved("user/bo", "a2", "x")])

    assert {"user/bo": ["user/ana: the login that user/ana keeps"]} == waits(units)


def test_what_frees_a_wanted_name_and_needs_a_creation_is_two_requests() -> None:
    """The name first; the rest waits for the order alone."""
    dee = CreateUser(key="user/dee", attributes=(to("userName", "b"),))
    later = UpdateUser(key="user/bo", target_id="id-user/bo", attributes=(to("manager", "user/dee"),))
    units = make_schedule([dee, moved("user/bo", "b", "c"), later])

    assert ["bo:update_user", "dee:create_user", "bo:update_user"] == keys(units)
    assert {"user/dee": ["user/bo: the login that user/bo keeps"], "user/bo": ["user/bo: "]} == waits(units)
    assert 3 == sum(unit.requests for unit in units)


def test_what_nobody_waits_for_is_one_request() -> None:
    """Though it needs a creation."""
    dee = CreateUser(key="user/dee", attributes=(to("userName", "d"),))
    later = UpdateUser(key="user/bo", target_id="id-user/bo", attributes=(to("manager", "user/dee"),))
    units = make_schedule(
        [dee, moved("user/bo", "b", "c"), later, moved("user/x", "x", "y"), moved("user/z", "z", "x")]
    )

    assert 4 == len(units)


def test_a_deactivation_does_not_wait_for_the_name_that_goes_with_it() -> None:
    """The name follows in a request of its own."""
    leaving = DeactivateUser(key="user/jo", target_id="id-user/jo")
    units = make_schedule([moved("user/bo", "b", "c"), moved("user/jo", "j", "b"), leaving])

    assert ["bo:update_user", "jo:deactivate_user", "jo:update_user"] == keys(units)
    assert {"user/jo": ["user/bo: the login that user/bo keeps", "user/jo: "]} == waits(units)


def test_a_user_follows_the_group_that_the_organization_names() -> None:
    """And its members follow the user."""
    ana = CreateUser(key="user/ana", attributes=(to("userName", "a"), to("organization", "ACME"), to("site", "Ulm")))
    members = AddMembers(key="group/acme", target_id="id-group/acme", members=("user/ana",))
    units = make_schedule([ana, moved("group/acme", "Old", "Acme"), members, CreateGroup(key="group/other")])

    assert ["acme:update_group", "ana:create_user", "acme:add_members", "other:create_group"] == keys(units)
    assert ["group/acme: the name of group/acme, which was not written"] == waits(units)["user/ana"]


def test_users_follow_all_rings_of_groups_and_these_follow_each_other() -> None:
    """4me takes only names of organizations that exist: none is on a third name then."""
    rings = [
        moved("group/a", "A", "B", over="reconciler.0"),
        moved("group/b", "B", "A"),
        moved("group/c", "C", "D"),
        moved("group/d", "D", "C", over="reconciler.1"),
    ]
    ana = UpdateUser(key="user/ana", target_id="1", attributes=(to("title", "x"),))
    units = make_schedule([ana, *rings])

    assert ["a:update_group b:update_group", "d:update_group c:update_group", "ana:update_user"] == keys(units)
    assert {"user/ana": ["group/d: "], "group/d": ["group/a: "]} == waits(units)


OVER = "reconciler.0@x"
BEFORE: Any = [{"value": "a", "primary": True}, {"value": "z"}]
AFTER: Any = [{"value": "b", "primary": True}]
EMAILS = AttributeChange(path="emails", before=BEFORE, after=AFTER)


def written(step: Step) -> dict[str, Any]:
    return {attribute.path: attribute.after for change in step.changes for attribute in change.attributes}


def test_a_ring_goes_over_the_third_name_and_knows_its_way_back() -> None:
    """The login moves whole; other attributes go with the last request of each."""
    title, external = to("title", "Chief"), to("externalId", "ana")
    ana = moved("user/ana", "a", "b", EMAILS, title, external, over=OVER)
    [unit] = make_schedule([moved("user/bo", "b", "c"), moved("user/cy", "c", "a"), ana])

    assert 4 == unit.requests
    assert [
        {"userName": OVER, "emails": [{"value": OVER, "primary": True}, {"value": "z"}], "externalId": "ana"},
        {"userName": "a"},
        {"userName": "c"},
        {"userName": "b", "emails": EMAILS.after, "title": "Chief", "externalId": "ana"},
    ] == [written(step) for step in unit.in_turn()]
    assert [
        {"userName": "a", "emails": EMAILS.before},
        {"userName": "c"},
        {"userName": "b"},
        {"userName": OVER, "emails": [{"value": OVER, "primary": True}, {"value": "z"}], "externalId": "ana"},
    ] == [written(step) for step in unit.back()]


def test_a_ring_without_a_mark_has_the_third_name_of_its_first_member() -> None:
    """As when only a part of a change is carried out."""
    [unit] = make_schedule([moved("user/bo", "b@x", "a@x"), moved("user/ana", "a@x", "b@x")])
    third = written(go_over_third_name(unit.steps[0]))["userName"]

    assert str(third).startswith("reconciler.")
    assert {"userName": "b@x"} == written(undo(unit.steps[0]))


def test_steps_that_wait_for_each_other_are_all_carried_out() -> None:
    """No plan has such steps; one that had them would not hang."""
    ana = moved("user/ana", "a", "x", to("organization", "G"))
    group = moved("group/g", "F", "G", over="reconciler.2")
    other = moved("group/f", "G", "F")
    units = make_schedule([ana, group, other, moved("user/bo", "b", "a")])

    assert ["g:update_group f:update_group", "ana:update_user", "bo:update_user"] == keys(units)


def test_a_wanted_name_that_needs_no_creation_is_one_request_with_the_rest() -> None:
    """Here with the members of a group."""
    members = AddMembers(key="group/a", target_id="id-group/a", members=("user/there",))
    units = make_schedule([moved("group/a", "A", "B"), members, moved("group/c", "C", "A")])

    assert [2, 1] == [len(unit.steps[0].changes) for unit in units]
