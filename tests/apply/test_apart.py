"""One refused attribute holds up no other: it is found with few requests, named, and asked for apart afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.apply.apart import MOST_REQUESTS
from reconciler.apply.channel import Send, Stop
from reconciler.core.changes.asked import RefusedPaths
from reconciler.core.model.messages import Request, Response
from reconciler.core.simulator.quirks import Quirks
from reconciler.errors import LostAnswer, NotSent, Unreachable
from tests.apply.world import World, fail, git_says, groups, people, refuse, trouble_at, troubles, where

BEFORE = git_says(people("ann", "bob") + groups(staff="ann"))
AFTER = git_says("""
users:
  ann: {userName: ann@example.com, displayName: Ann Lee, title: Chief, department: IT, name: {familyName: Lee},
        manager: bob, customFields: {badge: x}, phoneNumbers: [{value: '1', type: work}], locale: en-GB}
  bob: {userName: bob@example.com, displayName: Bob}
  cid: {userName: cid@example.com, displayName: Cid, title: Clerk, department: IT, manager: bob}
groups:
  staff: {displayName: Staff, members: [ann]}
""")
ATTRIBUTES = (
    "displayName",
    "title",
    "department",
    "name.familyName",
    "manager",
    "customFields.badge",
    "phoneNumbers",
    "locale",
)


def refusing(*names: str, named: bool = True, status: int = 400) -> Quirks:
    return Quirks(refuses=frozenset(names), names_refused=named, refused_with=status)


def office(quirks: Quirks, dialect: str = "4me") -> World:
    """An account with ann and bob, which behaves like that from now on."""
    world = World(dialect=dialect)
    world.settle(BEFORE)
    world.asked.clear()
    world.simulator.quirks = quirks
    return world


@pytest.mark.parametrize("status", [400, 422, 501])
@pytest.mark.parametrize("named", [True, False], ids=["named", "not named"])
@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
@pytest.mark.parametrize("refused", ATTRIBUTES)
@pytest.mark.sweep(one_in=8)
def test_one_refused_attribute_is_named_and_all_others_arrive(
    refused: str,
    dialect: str,
    named: bool,  # noqa: FBT001
    status: int,
) -> None:
    """Of an update; the next plan contains that attribute alone. A refusal that names it costs one request more."""
    world = office(refusing(refused, named=named, status=status), dialect)

    ran = world.apply(AFTER)

    [outcome] = [one for one in ran.outcomes if one.change.key == "user/ann"]
    assert ("failed", [refused]) == (outcome.status, [part.path for part in outcome.undone])
    assert outcome.detail.startswith(f"{refused} refused: {status} ")
    assert f"to stop asking, leave out users.ann.{refused}, or the mapping whose target is {refused}" in outcome.detail
    patches = sum(one.path.endswith(world.user("ann")["id"]) for one in world.asked)
    assert patches <= (2 if named else 8)
    left = {one.key: [written.path for written in one.attributes] for one in world.plan(AFTER).plan.changes}
    assert {"user/ann": [refused]} == {key: paths for key, paths in left.items() if key == "user/ann"}

    world.simulator.quirks = Quirks()
    world.settle(AFTER)


@pytest.mark.parametrize("named", [True, False], ids=["named", "not named"])
@pytest.mark.parametrize("refused", ["title", "department", "manager", "displayName"])
def test_a_user_is_created_without_a_refused_attribute(refused: str, named: bool) -> None:  # noqa: FBT001
    """And counts as created: the group has the new member."""
    world = office(refusing(refused, named=named))
    state = git_says(people("ann", "bob", "cid title=Clerk department=IT manager=bob") + groups(staff="ann cid"))

    ran = world.apply(state)

    [outcome] = [one for one in ran.outcomes if one.change.action == "create_user"]
    assert ("failed", [refused]) == (outcome.status, [part.path for part in outcome.undone])
    assert outcome.done_in_part
    assert ("applied", ["ann", "cid"]) == (ran.statuses["group/staff add_members"], world.members_of("staff"))
    assert 1 == sum(user.get("externalId") == "cid" for user in world.simulator.users.values())
    assert [refused] == [one.path for change in world.plan(state).plan.changes for one in change.attributes]


@pytest.mark.parametrize("required", ["userName", "externalId"])
def test_no_user_is_created_without_what_finds_it(required: str) -> None:
    """The next plan would not find it, and create another."""
    world = office(refusing(required))

    ran = world.apply(AFTER)

    assert "failed" == ran.statuses["user/cid create_user"]
    assert ran.details["user/cid create_user"].startswith(f"refused: 400 {required} is not supported")
    assert 2 == len(world.simulator.users)


@pytest.mark.parametrize("status", [403, 404, 409, 412, 429, 500, 503])
def test_what_is_not_about_an_attribute_is_not_asked_for_in_parts(status: int) -> None:
    """Credentials, limits and conflicts hold for each part."""
    world = office(Quirks())
    patched: list[Request] = []

    async def refused(_send: Send, request: Request) -> Response:
        patched.append(request)
        return Response(status, {"detail": "title"})

    ran = world.apply(AFTER, where(world.send, lambda one: one.method == "PATCH", refused))

    assert (1, False) == (len(patched), ran.statuses["user/ann update_user"] == "applied")


def test_attributes_that_only_go_together_are_sent_together() -> None:
    """Such as a service whose userName is the primary address: only the title is refused."""
    world = office(Quirks())
    state = git_says("""
users:
  ann: {userName: ann.lee@example.com, displayName: Ann, title: Chief, department: IT,
        emails: [{value: ann.lee@example.com, primary: true}]}
  bob: {userName: bob@example.com, displayName: Bob}
groups: {staff: {displayName: Staff, members: [ann]}}
""")

    async def strict(send: Send, request: Request) -> Response:
        body: Any = request.body
        alone = ("userName" in body) != ("emails" in body)
        return Response(400, {"detail": "no"}) if alone or "title" in body else await send(request)

    ran = world.apply(state, where(world.send, lambda one: one.method == "PATCH", strict))

    [outcome] = ran.outcomes
    assert ["title"] == [part.path for part in outcome.undone]
    assert "ann.lee@example.com" == world.user("ann")["userName"]


def test_a_user_becomes_active_or_inactive_though_an_attribute_is_refused() -> None:
    """Access is what matters most."""
    world = office(Quirks())
    out = git_says(people("ann active=false", "bob") + groups(staff=""))
    world.settle(out)
    world.simulator.quirks = refusing("title", named=False)

    ran = world.apply(git_says(people("ann title=Chief department=IT", "bob") + groups(staff="ann")))

    assert {"user/ann reactivate_user": "failed", "group/staff add_members": "applied"} == ran.statuses
    assert (True, ["title"]) == (world.user("ann")["active"], [part.path for part in ran.outcomes[0].undone])


@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
def test_one_refused_member_holds_up_no_other(dialect: str) -> None:
    """Nor the new name of the group, nor who leaves it."""
    names = [f"u{number:02}" for number in range(20)]
    world = World(dialect=dialect)
    world.settle(git_says(people("ann", *names) + groups(staff="ann")))
    bad = str(world.user("u13")["id"])

    async def picky(send: Send, request: Request) -> Response:
        return Response(400, {"detail": "no such member"}) if bad in str(request.body) else await send(request)

    yaml = people("ann", *names) + f"groups: {{staff: {{displayName: Crew, members: [{', '.join(names)}]}}}}\n"
    ran = world.apply(git_says(yaml), where(world.send, lambda one: one.method == "PATCH", picky))

    assert {
        "group/staff update_group": "applied",
        "group/staff add_members": "failed",
        "group/staff remove_members": "applied",
    } == ran.statuses
    assert "user/u13 refused: 400 no such member; all else of it was done" == ran.details["group/staff add_members"]
    assert [name for name in names if name != "u13"] == world.members_of("staff")


def test_a_group_is_created_without_a_refused_member() -> None:
    """The POST without the members, then those in parts."""
    names = [f"u{number:02}" for number in range(6)]
    world = World()
    world.settle(git_says(people(*names)))
    bad = str(world.user("u03")["id"])

    async def picky(send: Send, request: Request) -> Response:
        return Response(422, {"message": "invalid"}) if bad in str(request.body) else await send(request)

    ran = world.apply(git_says(people(*names) + groups(staff=" ".join(names))), where(world.send, _writes, picky))

    assert {"group/staff create_group": "failed"} == ran.statuses
    assert [name for name in names if name != "u03"] == world.members_of("staff")
    assert ["user/u03"] == [part.of for part in ran.outcomes[0].undone]


def _writes(request: Request) -> bool:
    return request.method != "GET"


def test_refused_roles_are_named_one_by_one_and_hold_up_nothing() -> None:
    """The set of roles is one part of a request."""
    world = office(refusing("roles", named=False))
    yaml = (
        people("ann title=Chief", "bob")
        + groups(staff="ann")
        + "role_assignments: [{role: auditor, users: [ann, cid]}]\n"
    )

    ran = world.apply(git_says(yaml.replace("groups:", "  cid: {userName: cid@example.com, title: Clerk}\ngroups:")))

    assert {"user/ann update_user": "applied", "user/ann grant_roles": "failed", "user/cid create_user": "failed"} == (
        ran.statuses
    )
    assert "auditor refused: 400 invalid" == ran.details["user/ann grant_roles"]
    assert ("Chief", "Clerk") == (world.user("ann")["title"], world.user("cid")["title"])


@pytest.mark.parametrize("status", [400, 501])
def test_a_service_that_refuses_everything_is_asked_a_bounded_number_of_times(status: int) -> None:
    """Every part failed, and says why."""
    world = office(Quirks())
    many = "".join(f", customFields.f{number}: x" for number in range(40)).replace("customFields.", "")
    yaml = people("ann", "bob").replace("displayName: Ann}", f"displayName: Ann, customFields: {{{many[2:]}}}}}")
    patched: list[Request] = []

    async def never(_send: Send, request: Request) -> Response:
        patched.append(request)
        return Response(status, {"detail": "invalid"})

    ran = world.apply(git_says(yaml + groups(staff="ann")), where(world.send, lambda one: one.method == "PATCH", never))

    assert 1 + MOST_REQUESTS == len(patched)
    [outcome] = ran.outcomes
    assert ("failed", 40, False) == (outcome.status, len(outcome.undone), outcome.done_in_part)
    assert f"{status} invalid" in outcome.detail


def test_an_attribute_that_nobody_can_have_does_not_stop_the_run() -> None:
    """All users are created: what failed in part is no sign of a service that is down."""
    world = World.odd(refusing("title", named=False))
    team = [f"u{number:02} title=Clerk" for number in range(60)]

    ran = world.apply(git_says(people(*team)))

    assert ({"failed"}, 60) == (set(ran.statuses.values()), len(world.simulator.users))
    assert all("title refused" in detail for detail in ran.details.values())
    assert len(world.asked) <= 60 * 2 + 8 * 3  # once it is known, one request for the rest and one for the title


def test_what_was_refused_before_is_asked_for_apart_and_after_all_taken() -> None:
    """A service may be mended: nothing is dropped in silence."""
    world = office(refusing("title"))
    refused = RefusedPaths({("user", "title"): "400 no"})
    made = world.plan(AFTER)

    ran = world.carry_out(made.plan.changes, made.decided.ids, refused=refused)
    assert {"user/ann update_user": "failed", "user/cid create_user": "failed"} == ran.statuses
    kinds = Counter(one.method for one in world.asked)
    assert {"PATCH": 3, "POST": 1} == kinds  # ann without the title and with it, cid, and cid's title
    assert {("user", "title"): "400 title is not supported"} == refused.errors

    world = office(Quirks())
    made = world.plan(AFTER)
    ran = world.carry_out(made.plan.changes, made.decided.ids, refused=refused)
    assert {"applied"} == set(ran.statuses.values())
    assert {} == refused.errors
    assert () == world.plan(AFTER).plan.changes


LOST, LOST_BUT_DONE = fail(LostAnswer("broken"), done=False), fail(LostAnswer("broken"), done=True)
FAULTS = {
    "400": refuse(400, detail="no"),
    "403": refuse(403, detail="no"),
    "404": refuse(404, detail="gone"),
    "409": refuse(409, detail="taken"),
    "500": refuse(500, detail="oops"),
    "no json": refuse(200),
    "another": refuse(200, id="other"),
    "lost": LOST,
    "lost but done": LOST_BUT_DONE,
    "not sent": fail(NotSent("interrupted"), done=False),
    "unreachable": fail(Unreachable("refuses the token (401)"), done=False),
}


@pytest.mark.parametrize("named", [True, False], ids=["named", "not named"])
@pytest.mark.parametrize("known", [True, False], ids=["known", "not known"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("at", range(12))
@pytest.mark.sweep(one_in=12)
def test_a_fault_at_any_request_leaves_one_outcome_for_each_change(
    at: int,
    fault: str,
    known: bool,  # noqa: FBT001
    named: bool,  # noqa: FBT001
) -> None:
    """What is told to be done is done, nothing is there twice, and the next run without faults arrives."""
    world = office(refusing("title", named=named))
    made = world.plan(AFTER)
    refused = RefusedPaths({("user", "title"): "400 no"} if known else {})

    ran = world.carry_out(
        made.plan.changes, made.decided.ids, trouble_at(world.send, at, FAULTS[fault]), refused=refused
    )

    assert [change.id for change in made.plan.changes] == [one.change.id for one in ran.outcomes]
    assert Counter(change.id for change in made.plan.changes) == Counter(one.change.id for one in ran.told)
    assert all(one.detail for one in ran.outcomes if one.status != "applied")
    for one in ran.outcomes:
        undone = {part.path for part in one.undone}
        stored = next(
            (user for user in world.simulator.users.values() if user.get("externalId") == one.change.key[5:]), {}
        )
        if one.done_in_part and "department" not in undone:
            assert "IT" in str(stored), (one, stored)
    world.simulator.quirks = Quirks()
    world.settle(AFTER)
    assert {1} == set(Counter(one["externalId"] for one in world.simulator.users.values()).values())


def test_a_stop_in_the_middle_asks_for_nothing_more() -> None:
    """The parts that were not sent say so; what was done is done."""
    world, stop = office(refusing("title", named=False)), Stop()

    async def stopping(send: Send, request: Request) -> Response:
        response = await send(request)
        if response.succeeded:
            stop.set("interrupted")
        return response

    ran = world.apply(AFTER, where(world.send, lambda one: one.method == "PATCH", stopping), stop)

    [outcome] = [one for one in ran.outcomes if one.change.key == "user/ann"]
    assert ("failed", True) == (outcome.status, outcome.done_in_part)
    assert "not done: the run stopped: interrupted; all else of it was done" in outcome.detail


@settings(max_examples=60, deadline=None)
@given(
    refused=st.sets(st.sampled_from(ATTRIBUTES), max_size=4),
    named=st.booleans(),
    dialect=st.sampled_from(["4me", "rfc7644"]),
    answers=st.sampled_from(["resource", "nothing"]),
    known=st.sets(st.sampled_from(ATTRIBUTES), max_size=3),
)
def test_exactly_the_refused_attributes_are_undone(
    refused: set[str],
    named: bool,  # noqa: FBT001
    dialect: str,
    answers: Any,
    known: set[str],
) -> None:
    """Whatever is refused, whatever was known before, and whether answers show the resource."""
    quirks = Quirks(refuses=frozenset(refused), names_refused=named, patch_answers=answers)
    world = office(quirks, dialect)
    made = world.plan(AFTER)
    before = RefusedPaths({("user", path): "400 no" for path in known})

    ran = world.carry_out(made.plan.changes, made.decided.ids, refused=before)

    asked = {one.change.key: {written.path for written in one.change.attributes} for one in ran.outcomes}
    assert {key: paths & refused for key, paths in asked.items()} == {
        one.change.key: {part.path for part in one.undone} for one in ran.outcomes
    }
    left = {one.key: {written.path for written in one.attributes} for one in world.plan(AFTER).plan.changes}
    assert {key: paths & refused for key, paths in asked.items() if paths & refused} == left
    most = 1 + max(1, len(refused)) * 8
    assert all(count <= most for count in Counter(one.path for one in world.asked if one.method == "PATCH").values())


@settings(max_examples=60, deadline=None)
@given(wrong=st.dictionaries(st.integers(0, 20), st.sampled_from(sorted(FAULTS)), max_size=6), named=st.booleans())
def test_many_faults_at_once_are_one_outcome_for_each_change_too(wrong: Mapping[int, str], named: bool) -> None:  # noqa: FBT001
    """And the next runs arrive."""
    world = office(refusing("title", named=named))
    made = world.plan(AFTER)

    ran = world.apply(AFTER, troubles(world.send, {at: FAULTS[name] for at, name in wrong.items()}))

    assert Counter(change.id for change in made.plan.changes) == Counter(one.change.id for one in ran.told)
    world.simulator.quirks = Quirks()
    world.settle(AFTER)
