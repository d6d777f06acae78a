"""The executor: one outcome for each change, whatever fails; in order, nothing twice, and nothing decided."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.apply.channel import Send, Stop
from reconciler.apply.execute import IN_FLIGHT, MOST_BEGUN
from reconciler.core.changes.plan import AttributeChange, CreateUser, UpdateUser
from reconciler.core.model.messages import Request, Response
from reconciler.core.scim.wire import describe_error
from reconciler.core.simulator.quirks import Quirks
from reconciler.errors import LostAnswer, NotAnAnswer, Unreachable
from tests.apply.world import (
    Ran,
    Trouble,
    World,
    creates,
    fail,
    git_says,
    groups,
    looks_up,
    make,
    people,
    refuse,
    roles,
    trouble_at,
    troubles,
    where,
)

LOST, LOST_BUT_DONE = fail(LostAnswer("broken"), done=False), fail(LostAnswer("broken"), done=True)
TEAM = git_says(
    people("ann", "bob manager=ann", "cid manager=bob", "dee manager=ann", "eve") + groups(staff="ann bob cid dee eve")
)
TEAM_LATER = git_says(
    people("ann title=Chief", "bob manager=dee", "cid manager=fay", "dee", "eve active=false", "fay manager=ann")
    + groups(staff="ann cid fay", crew="bob dee fay")
)


def test_managers_are_created_before_their_reports() -> None:
    """Each create carries its manager's id at once: no second request."""
    world = make()

    ran = world.apply(TEAM)

    assert {"applied"} == set(ran.statuses.values())
    before = [("Ann", "Bob"), ("Bob", "Cid"), ("Ann", "Dee")]
    assert all(world.posts.index(manager) < world.posts.index(report) for manager, report in before)
    assert ["ann", "bob", "ann", None] == [world.manager_of(key) for key in ("bob", "cid", "dee", "eve")]
    assert (6, {"POST"}) == (len(world.asked), {one.method for one in world.asked})


def test_a_group_is_created_after_its_new_members() -> None:
    """With all of them, in one request."""
    world = make()

    world.apply(TEAM)

    assert "Staff" == world.posts[-1]
    assert ["ann", "bob", "cid", "dee", "eve"] == world.members_of("staff")


def test_managers_in_a_circle_are_created_and_then_given() -> None:
    """Somebody must come first: without a manager, who is given once both exist."""
    world = make()
    state = git_says(
        people("ann manager=cid", "bob manager=ann", "cid manager=bob", "dee manager=eve", "eve manager=dee")
    )

    world.settle(state)

    assert ["cid", "ann", "bob", "eve", "dee"] == [world.manager_of(key) for key in ("ann", "bob", "cid", "dee", "eve")]
    assert {"POST": 5, "PATCH": 2} == Counter(one.method for one in world.asked)


def test_an_update_waits_for_the_manager_who_is_created() -> None:
    """It carries the id that the create answered."""
    world = make()
    world.settle(git_says(people("bob")))
    slow = where(world.send, creates("Ann"), slowly)

    ran = world.apply(git_says(people("ann", "bob manager=ann")), slow)

    assert {"applied"} == set(ran.statuses.values())
    assert "ann" == world.manager_of("bob")


async def slowly(send: Send, request: Request) -> Response:
    for _ in range(50):
        await asyncio.sleep(0)
    return await send(request)


def test_outcomes_are_in_the_order_of_the_plan_and_told_as_they_happen() -> None:
    """Whatever finishes first."""
    world = make()
    made = world.plan(TEAM)

    ran = world.apply(TEAM, where(world.send, creates("Eve"), slowly))

    assert [change.id for change in made.plan.changes] == [one.change.id for one in ran.outcomes]
    assert Counter(one.change.id for one in ran.outcomes) == Counter(one.change.id for one in ran.told)
    assert ("user/eve", "group/staff") == tuple(one.change.key for one in ran.told[-2:])


def test_without_changes_nothing_is_sent() -> None:
    """An empty plan is a plan."""
    world = make()

    assert (Ran((), []), []) == (world.carry_out((), {}), world.asked)


def test_a_failed_create_holds_up_nobody_else() -> None:
    """Its reports are created without a manager, the group without that member, and both outcomes say so."""
    world = make()

    ran = world.apply(TEAM, where(world.send, creates("Bob"), refuse(400, detail="bad name")))

    assert {
        "user/ann create_user": "applied",
        "user/bob create_user": "failed",
        "user/cid create_user": "applied",
        "user/dee create_user": "applied",
        "user/eve create_user": "applied",
        "group/staff create_group": "applied",
    } == ran.statuses
    assert "refused: 400 bad name" == ran.details["user/bob create_user"]
    assert "without its manager user/bob, which was not created" == ran.details["user/cid create_user"]
    assert "without its member user/bob, which was not created" == ran.details["group/staff create_group"]
    assert (["ann", "cid", "dee", "eve"], None) == (world.members_of("staff"), world.manager_of("cid"))


def test_an_addition_is_skipped_if_nobody_of_it_was_created() -> None:
    """There is nothing left to ask for."""
    world = make()
    world.settle(git_says(people("ann") + groups(staff="ann")))
    refusing = where(world.send, creates("Bob"), refuse(400))

    ran = world.apply(git_says(people("ann", "bob") + groups(staff="ann bob")), refusing)

    assert {"user/bob create_user": "failed", "group/staff add_members": "skipped"} == ran.statuses


def test_who_leaves_a_group_leaves_it_though_who_enters_was_not_created() -> None:
    """Both are one request, of which the part that can be done is done; the other part was not applied."""
    world = make()
    world.settle(git_says(people("ann", "cid") + groups(staff="ann cid")))
    refusing = where(world.send, creates("Bob"), refuse(400))

    ran = world.apply(git_says(people("ann", "cid", "bob") + groups(staff="ann bob")), refusing)

    assert ["ann"] == world.members_of("staff")
    assert {
        "user/bob create_user": "failed",
        "group/staff add_members": "skipped",
        "group/staff remove_members": "applied",
    } == ran.statuses


def test_a_manager_who_was_not_created_is_left_out_of_an_update() -> None:
    """All else of it is done, the outcome says what was not, and the next plan contains that alone."""
    world = make()
    world.settle(git_says(people("bob", "cid")))
    state = git_says(people("ann", "bob manager=ann title=Analyst", "cid manager=ann"))

    ran = world.apply(state, where(world.send, creates("Ann"), refuse(400)))

    assert {
        "user/ann create_user": "failed",
        "user/bob update_user": "applied",
        "user/cid update_user": "skipped",
    } == ran.statuses
    assert "without its manager user/ann, which was not created" == ran.details["user/bob update_user"]
    assert "waits for user/ann, which was not created" == ran.details["user/cid update_user"]
    assert "Analyst" == world.user("bob")["title"]
    left = [(one.key, [written.path for written in one.attributes][-1:]) for one in world.plan(state).plan.changes]
    assert [("user/ann", ["userName"]), ("user/bob", ["manager"]), ("user/cid", ["manager"])] == left


def test_thirty_below_a_refused_manager_are_created() -> None:
    """One refused user holds up nobody: not a tree, at any depth, nor a group of them all."""
    world = make()
    team = [f"u{number:02} manager={'boss' if number < 10 else f'u{number - 10:02}'}" for number in range(30)]
    state = git_says(people("boss", *team) + groups(staff="boss " + " ".join(one.split()[0] for one in team)))

    ran = world.apply(state, where(world.send, creates("Boss"), refuse(422, detail="no")))

    assert {"user/boss create_user"} == {name for name, status in ran.statuses.items() if status != "applied"}
    without = {name for name, detail in ran.details.items() if "without its manager user/boss" in detail}
    assert {f"user/u{number:02} create_user" for number in range(10)} == without
    assert 30 == len(world.simulator.users) == len(world.members_of("staff"))
    assert ("u07", None) == (world.manager_of("u17"), world.manager_of("u07"))
    world.settle(state)
    assert ("boss", 31) == (world.manager_of("u07"), len(world.members_of("staff")))


REFUSED_WITH = {
    "400": refuse(400, detail="bad"),
    "409": refuse(409, detail="taken", scimType="uniqueness"),
    "500": refuse(500, detail="oops"),
    "lost": LOST,
    "lost but done": LOST_BUT_DONE,
    "404": refuse(404),
    "no json": refuse(200),
}


@settings(max_examples=90, deadline=None)
@given(
    wrong=st.dictionaries(st.integers(0, 14), st.sampled_from(sorted(REFUSED_WITH)), max_size=10),
    story=st.sampled_from(["first", "later"]),
)
def test_every_change_has_one_outcome_whatever_fails_and_the_next_run_arrives(
    wrong: Mapping[int, str], story: str
) -> None:
    """Any requests of a run, look-ups too, refused or lost in any way: nothing is there twice or left to do."""
    world = make()
    if story == "later":
        world.settle(TEAM)
    state = TEAM if story == "first" else TEAM_LATER
    made = world.plan(state)

    ran = world.apply(state, troubles(world.send, {at: REFUSED_WITH[name] for at, name in wrong.items()}))

    assert [change.id for change in made.plan.changes] == [one.change.id for one in ran.outcomes]
    assert Counter(change.id for change in made.plan.changes) == Counter(one.change.id for one in ran.told)
    assert {"applied", "failed", "stale", "skipped"} >= set(ran.statuses.values())
    assert all(one.detail for one in ran.outcomes if one.status != "applied")

    world.settle(state)
    assert_nothing_twice(world)
    assert {"GET", "POST", "PATCH"} >= {one.method for one in world.asked}


def assert_nothing_twice(world: World) -> None:
    for kept in (world.simulator.users, world.simulator.groups):
        assert {1} >= set(Counter(one["externalId"] for one in kept.values()).values())


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, 14)))
def test_what_is_told_to_be_applied_is_applied(wrong: set[int]) -> None:
    """And what is told to have failed before it was done is not."""
    world = make()

    ran = world.apply(TEAM, troubles(world.send, dict.fromkeys(wrong, refuse(400))))

    there = {f"user/{one['externalId']}" for one in world.simulator.users.values()}
    assert there == {one.change.key for one in ran.outcomes if one.done_in_part and "user/" in one.change.key}
    assert all(one.status == "failed" for one in ran.outcomes if any(part.why != "waits" for part in one.undone))


def test_a_create_whose_answer_was_lost_is_found_and_not_sent_again() -> None:
    """It was done: its report gets its id all the same."""
    world = make()

    ran = world.apply(TEAM, where(world.send, creates("Ann"), LOST_BUT_DONE))

    assert {"applied"} == set(ran.statuses.values())
    assert 1 == world.posts.count("Ann")
    assert "ann" == world.manager_of("bob")


def test_what_was_there_before_is_looked_up_before_it_is_created_again() -> None:
    """A read that missed somebody must not make them a second time, wherever names are not unique."""
    state = git_says(people("alice") + groups(staff="alice"))
    world = make()
    world.settle(state)
    kept = dict(world.simulator.groups)
    world.simulator.groups.clear()
    made = world.plan(state, before=state)
    world.simulator.groups.update(kept)
    sent = len(world.posts)

    ran = world.carry_out(made.plan.changes, made.decided.ids)

    assert {"group/staff create_group": "stale"} == ran.statuses
    assert "plan again" in ran.details["group/staff create_group"]
    assert sent == len(world.posts)


def test_what_was_deleted_by_hand_is_looked_up_and_created_at_the_cost_that_was_told() -> None:
    """One look-up by each attribute that it could be found by, and the create."""
    state = git_says(people("alice") + groups(staff="alice"))
    world = make()
    world.settle(state)
    world.simulator.groups.clear()
    made = world.plan(state, before=state)
    asked = len(world.asked)

    ran = world.carry_out(made.plan.changes, made.decided.ids)

    assert {"group/staff create_group": "applied"} == ran.statuses
    assert made.plan.cost.requests == len(world.asked) - asked == 3


def test_a_create_that_was_lost_on_its_way_is_sent_again_after_a_look() -> None:
    """It was not done: the look finds nobody, and the second time it arrives."""
    world = make()

    ran = world.apply(git_says(people("ann")), trouble_at(world.send, 0, LOST))

    assert ({"user/ann create_user": "applied"}, ["Ann"]) == (ran.statuses, world.posts)
    assert [looks_up(one) for one in world.asked] == [True, True, False]


def test_a_group_whose_answer_was_lost_is_found_too() -> None:
    """Members and all."""
    world = make()

    ran = world.apply(TEAM, where(world.send, creates("Staff"), LOST_BUT_DONE))

    assert {"applied"} == set(ran.statuses.values())
    assert 1 == world.posts.count("Staff")


def test_a_create_that_is_lost_again_and_again_is_given_up() -> None:
    """After a few attempts, each with a look before it; and the next plan will tell."""
    world = make()
    sent = 0

    async def losing(_send: Send, _request: Request) -> Response:
        nonlocal sent
        sent += 1
        raise LostAnswer("broken")

    ran = world.apply(git_says(people("ann")), where(world.send, creates("Ann"), losing))

    assert {"user/ann create_user": "failed"} == ran.statuses
    assert "broken; the next plan shows whether it was done" == ran.details["user/ann create_user"]
    assert 5 == sent


LOOK_FAILS = {
    "the filter is not understood": refuse(400, scimType="invalidFilter", detail="no such filter"),
    "looking is forbidden": refuse(403, detail="may not"),
    "the service is in trouble": refuse(500, detail="oops"),
    "what answers is no list": refuse(200, id="u1"),
    "everybody is answered, in pages": refuse(
        200, totalResults=300, Resources=[{"id": f"x{number}", "userName": f"x{number}"} for number in range(25)]
    ),
}


@pytest.mark.parametrize("look", LOOK_FAILS.values(), ids=LOOK_FAILS)
def test_a_create_is_not_sent_again_where_the_look_could_not_tell(look: Trouble) -> None:
    """SEMANTICS 7: looked up before it is tried again. "I don't know" is not "nobody", and some services store two."""
    world = make()
    posted = 0

    async def count(_send: Send, request: Request) -> Response:
        nonlocal posted
        posted += 1
        await world.send(request)
        raise LostAnswer("broken")

    ran = world.apply(git_says(people("ann")), where(where(world.send, looks_up, look), creates("Ann"), count))

    assert 1 == posted
    assert {"user/ann create_user": "failed"} == ran.statuses
    assert "the next plan shows" in ran.details["user/ann create_user"]


def test_somebody_else_with_the_name_is_not_taken_for_ours() -> None:
    """After a lost answer a user of that name, with another externalId, is not what was created."""
    world = make()
    world.simulator.adopt("Users", [{"id": "other", "userName": "ann@example.com", "externalId": "somebody"}])
    made = make().plan(git_says(people("ann")))

    ran = world.carry_out(made.plan.changes, {}, trouble_at(world.send, 0, LOST))

    assert {"user/ann create_user": "failed"} == ran.statuses
    assert 1 == len(world.simulator.users)


def test_a_conflict_names_who_holds_the_name() -> None:
    """Somebody must be renamed, or declared: a person decides."""
    world = make()
    world.simulator.adopt(
        "Users", [{"id": "other", "userName": "ANN@example.com", "externalId": "x", "displayName": "Ann from Sales"}]
    )
    made = make().plan(git_says(people("ann")))

    ran = world.carry_out(made.plan.changes, {})

    detail = ran.details["user/ann create_user"]
    assert {"user/ann create_user": "failed"} == ran.statuses
    assert "taken by another one, Ann from Sales (other)" in detail
    assert "409 userName is taken: ann@example.com" in detail


def test_a_conflict_with_ours_says_to_plan_again() -> None:
    """It was created between the plan and now: the next plan adopts it."""
    world = make()
    world.simulator.adopt("Users", [{"id": "ours", "userName": "ann@example.com", "externalId": "ann"}])
    made = make().plan(git_says(people("ann")))

    ran = world.carry_out(made.plan.changes, {})

    assert {"user/ann create_user": "failed"} == ran.statuses
    assert "it already exists (ours): plan again" in ran.details["user/ann create_user"]


def test_a_duplicate_that_is_answered_with_500_is_not_there_twice() -> None:
    """Some servers leave it to their database; a 500 to a create is an answer that was lost, as the client has it."""
    world = make(Quirks(duplicates="server error"))
    world.simulator.adopt(
        "Users", [{"id": "other", "userName": "ANN@example.com", "externalId": "x", "displayName": "Ann"}]
    )

    async def send(request: Request) -> Response:
        answer = await world.send(request)
        if request.method == "POST" and answer.status == 500:
            raise LostAnswer(f"answered {describe_error(answer)}")
        return answer

    ran = world.carry_out(make().plan(git_says(people("ann", "bob"))).plan.changes, {}, send)

    assert {"user/ann create_user": "failed", "user/bob create_user": "applied"} == ran.statuses
    assert "500 userName is taken: ann@example.com" in ran.details["user/ann create_user"]
    assert ["bob", "x"] == sorted(str(one["externalId"]) for one in world.simulator.users.values())


def test_a_conflict_that_nobody_explains_says_what_the_service_said() -> None:
    """The look-up finds nobody, or fails."""
    world = make()

    ran = world.apply(git_says(people("ann")), where(world.send, creates("Ann"), refuse(409, detail="duplicate")))
    lost = where(where(world.send, creates("Ann"), refuse(409, detail="duplicate")), looks_up, LOST)
    again = world.apply(git_says(people("ann")), lost)

    assert (
        "the name is taken by a user that this token does not list: 409 duplicate"
        == ran.details["user/ann create_user"]
    )
    assert "refused: 409 duplicate" == again.details["user/ann create_user"]


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_not_in_the_account_any_more_is_stale(status: int) -> None:
    """Somebody deleted it on the other side since the plan: nothing failed, and nothing was done."""
    world = make()
    world.settle(git_says(people("ann")))

    ran = world.apply(git_says(people("ann title=Chief")), trouble_at(world.send, 0, refuse(status)))

    assert {"user/ann update_user": "stale"} == ran.statuses
    assert "plan again" in ran.details["user/ann update_user"]


@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
def test_what_is_answered_with_nothing_is_read_back(dialect: str) -> None:
    """204 is success without proof (RFC 7644 section 3.5.2): one GET looks."""
    world = World.odd(Quirks(patch_answers="nothing"), dialect)
    world.settle(TEAM)
    world.asked.clear()

    ran = world.apply(TEAM_LATER)

    assert {"applied"} == set(ran.statuses.values())
    patches, gets = ([one.path for one in world.asked if one.method == method] for method in ("PATCH", "GET"))
    assert sorted(patches) == sorted(gets)


def test_what_is_answered_with_nothing_and_not_done_is_told() -> None:
    """The look shows it."""
    world = World.odd(Quirks(patch_answers="nothing", ignores=frozenset({"title"})))
    world.settle(git_says(people("ann")))

    ran = world.apply(git_says(people("ann title=Chief")))

    assert {"user/ann update_user": "failed"} == ran.statuses
    assert "title" in ran.details["user/ann update_user"]


@pytest.mark.parametrize("body", [None, {}, []], ids=str)
def test_a_create_that_is_answered_without_the_resource_is_no_crash(body: object) -> None:
    """RFC 7644 section 3.3 only says that the body should be there: it is looked up, or told to be unclear."""
    world = make()

    async def answered(send: Send, request: Request) -> Response:
        done = await send(request)
        return Response(201, body, {"location": str(done.headers.get("Location"))})

    ran = world.apply(TEAM, where(world.send, creates("Ann"), answered))

    assert 6 == len(ran.outcomes)
    assert "applied" == ran.statuses["user/eve create_user"]
    assert 1 == world.posts.count("Ann")
    world.settle(TEAM)


IGNORED = {
    "title": "user/ann update_user",
    "department": "user/ann update_user",
    "name.familyName": "user/ann update_user",
    "manager": "user/ann update_user",
    "customFields.badge": "user/ann update_user",
    "roles": "user/ann grant_roles",
    "active": "user/bob deactivate_user",
    "members": "group/staff add_members",
    "displayName": "group/crew update_group",
}


@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
@pytest.mark.parametrize("ignored", IGNORED)
def test_success_without_effect_is_a_failure_that_names_the_attribute(ignored: str, dialect: str) -> None:
    """Some services answer 200 and drop what they do not take (SERVERS): the answer is compared with what was asked."""
    before = git_says(people("ann", "bob", "cid") + groups(staff="ann", crew="cid") + roles(specialist="cid"))
    after = git_says("""
users:
  ann: {userName: ann@example.com, displayName: Ann, title: Chief, department: IT, name: {familyName: Lee},
        manager: cid, customFields: {badge: x}}
  bob: {userName: bob@example.com, displayName: Bob, active: false}
  cid: {userName: cid@example.com, displayName: Cid}
groups:
  staff: {displayName: Staff, members: [ann, cid]}
  crew: {displayName: Night Crew, members: [cid]}
role_assignments:
  - {role: specialist, users: [ann, cid]}
""")
    world = World(dialect=dialect)
    world.settle(before)
    world.simulator.quirks = Quirks(ignores=frozenset({ignored}))

    ran = world.apply(after)

    assert {IGNORED[ignored]} == {name for name, status in ran.statuses.items() if status == "failed"}
    assert {"applied", "failed"} == set(ran.statuses.values())
    named = {"roles": "specialist was not granted", "members": "user/cid was not added"}
    assert f": {named.get(ignored, f'{ignored}: asked ')}" in ran.details[IGNORED[ignored]]


def test_a_create_without_effect_on_an_attribute_names_it() -> None:
    """The user is there, and not as asked."""
    world = World.odd(Quirks(ignores=frozenset({"title"})))

    ran = world.apply(git_says(people("ann title=Chief")))

    assert {"user/ann create_user": "failed"} == ran.statuses
    assert "title" in ran.details["user/ann create_user"]
    assert 1 == len(world.simulator.users)


def test_a_report_is_created_though_something_of_the_manager_was_not_taken() -> None:
    """The manager is there: what waits for them need not."""
    world = World.odd(Quirks(ignores=frozenset({"title"})))

    ran = world.apply(git_says(people("ann title=Chief", "bob manager=ann")))

    assert {"user/ann create_user": "failed", "user/bob create_user": "applied"} == ran.statuses
    assert "ann" == world.manager_of("bob")


@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
def test_members_that_an_answer_does_not_show_are_not_taken_for_done(dialect: str) -> None:
    """SERVERS: compare the answer with what was asked; where it does not say, read it back or say so."""
    world = World(dialect=dialect)
    world.settle(git_says(people("ann", "bob") + groups(staff="ann")))

    async def ignore_and_leave_out(_send: Send, request: Request) -> Response:
        group = (await world.send(Request("GET", request.path))).body
        assert isinstance(group, dict)
        return Response(200, {name: value for name, value in group.items() if name != "members"})

    ignoring = where(world.send, lambda one: one.method == "PATCH", ignore_and_leave_out)
    ran = world.apply(git_says(people("ann", "bob") + groups(staff="ann bob")), ignoring)

    told = (ran.statuses["group/staff add_members"], ran.details["group/staff add_members"])
    assert ["ann"] == world.members_of("staff")
    assert ("applied", "") != told


def test_an_account_owner_stays_one() -> None:
    """Roles are written as a whole set, and that one is never touched."""
    world = make()
    world.settle(git_says(people("ann") + roles(specialist="ann")))
    [live_id] = world.simulator.users
    world.simulator.users[live_id]["roles"] = [
        {"value": "account_owner"},
        {"value": "specialist"},
        {"value": "auditor"},
    ]

    ran = world.apply(git_says(people("ann") + roles(specialist="ann", key_contact="ann")))

    assert {"applied"} == set(ran.statuses.values())
    held = {role["value"] for role in world.user("ann")["roles"]}
    assert {"account_owner", "specialist", "key_contact"} == held


def many(count: int, extra: str = "") -> str:
    return people(*(f"u{number:03}{extra}" for number in range(count)))


def test_refused_credentials_stop_the_run() -> None:
    """The rest is skipped, and says why; nothing more is sent."""
    world = make()
    renew = Unreachable("refuses the token (401)")

    ran = world.apply(git_says(many(50)), troubles(world.send, dict.fromkeys(range(10, 60), fail(renew, done=False))))

    counts = Counter(one.status for one in ran.outcomes)
    assert (10, 50) == (counts["applied"], sum(counts.values()))
    assert IN_FLIGHT >= counts["failed"] >= 1
    assert {"the run stopped: refuses the token (401)"} == {
        one.detail for one in ran.outcomes if one.status == "skipped"
    }


def test_one_answer_that_is_none_does_not_stop_the_others() -> None:
    """HTML from something in between, for one of them: a failed change does not stop the others (SEMANTICS 7)."""
    world = make()
    html = fail(NotAnAnswer("answers HTML where SCIM was expected"), done=False)

    ran = world.apply(git_says(many(50)), troubles(world.send, {3: html}))

    assert {"applied": 49, "failed": 1} == Counter(one.status for one in ran.outcomes)


def test_everything_forbidden_stops_the_run() -> None:
    """403 on everything is refused credentials by another name (SEMANTICS 7): not a hundred attempts."""
    world = make()

    ran = world.apply(git_says(many(100)), where(world.send, lambda _one: True, refuse(403, detail="no")))

    counts = Counter(one.status for one in ran.outcomes)
    assert (0, 100) == (counts["applied"], sum(counts.values()))
    assert 20 + IN_FLIGHT >= counts["failed"]


def test_too_many_failures_stop_the_run() -> None:
    """20 failures that are more than 40 %."""
    world = make()
    stop = Stop()
    refusing = where(world.send, lambda one: int(str((one.body or {})["externalId"])[1:]) % 2 == 1, refuse(400))

    ran = world.apply(git_says(many(100)), refusing, stop)

    counts = Counter(one.status for one in ran.outcomes)
    assert 20 + IN_FLIGHT >= counts["failed"] >= 20
    assert 50 <= counts["skipped"]
    assert "changes failed" in str(stop.reason)


@pytest.mark.parametrize(("every", "count"), [(3, 90), (2, 38)])
def test_fewer_failures_do_not_stop_the_run(every: int, count: int) -> None:
    """30 of 90 are less than 40 %; 19 of 38 are less than 20."""
    world = make()
    refusing = where(world.send, lambda one: int(str((one.body or {})["externalId"])[1:]) % every == 1, refuse(400))

    ran = world.apply(git_says(many(count)), refusing)

    counts = Counter(one.status for one in ran.outcomes)
    assert (count // every, 0) == (counts["failed"], counts["skipped"])


def test_the_share_is_of_changes_and_so_are_the_failures() -> None:
    """A request that carries three changes and is refused is three failures of three (SEMANTICS 7: a failure share)."""
    world = make()
    keys = " ".join(f"u{number:03}" for number in range(60))
    world.settle(git_says(many(60) + roles(auditor=keys)))

    ran = world.apply(
        git_says(many(60, " title=Chief") + roles(key_contact=keys)), where(world.send, lambda _one: True, refuse(400))
    )

    counts = Counter(one.status for one in ran.outcomes)
    assert 180 == len(ran.outcomes)
    assert 90 <= counts["skipped"]


def test_a_service_that_says_yes_and_does_nothing_stops_the_run() -> None:
    """What was not taken failed, and failures count."""
    world = make()
    world.settle(git_says(many(60)))
    world.simulator.quirks = Quirks(ignores=frozenset({"title"}))

    ran = world.apply(git_says(many(60, " title=Chief")))

    counts = Counter(one.status for one in ran.outcomes)
    assert 20 + IN_FLIGHT >= counts["failed"] >= 20
    assert 30 <= counts["skipped"]


def test_stopped_from_outside_what_is_in_flight_finishes_and_the_rest_is_skipped() -> None:
    """Ctrl-C: every change has its outcome, and says why it was not done."""
    world = make()
    stop = Stop()
    in_flight: list[Request] = []

    async def stopping(send: Send, request: Request) -> Response:
        in_flight.append(request)
        if len(in_flight) == IN_FLIGHT:
            stop.set("interrupted by SIGINT")
            stop.set("and again")
        return await slowly(send, request)

    ran = world.apply(git_says(many(30)), where(world.send, lambda _one: True, stopping), stop)

    counts = Counter(one.status for one in ran.outcomes)
    assert {"applied": IN_FLIGHT, "skipped": 30 - IN_FLIGHT} == counts
    assert IN_FLIGHT == len(world.asked)
    assert {"the run stopped: interrupted by SIGINT"} == {one.detail for one in ran.outcomes if one.status == "skipped"}


def test_stopped_while_others_wait_for_a_manager_all_come_to_an_end() -> None:
    """What waits is woken, and skipped."""
    world = make()
    stop = Stop()

    async def stopping(send: Send, request: Request) -> Response:
        stop.set("interrupted")
        return await slowly(send, request)

    ran = world.apply(TEAM, where(world.send, creates("Ann"), stopping), stop)

    assert "applied" == ran.statuses["user/ann create_user"]
    assert "skipped" == ran.statuses["user/bob create_user"] == ran.statuses["group/staff create_group"]


def test_stopped_before_it_began_nothing_is_sent() -> None:
    """And all is skipped."""
    world = make()

    ran = world.apply(TEAM, stop=Stop("interrupted"))

    assert ({"skipped"}, []) == (set(ran.statuses.values()), world.asked)


def test_only_so_many_requests_are_in_flight() -> None:
    """However many changes there are."""
    world = make()
    now, most = 0, 0

    async def counting(send: Send, request: Request) -> Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        answered = await slowly(send, request)
        now -= 1
        return answered

    world.apply(git_says(many(40)), where(world.send, lambda _one: True, counting))

    assert IN_FLIGHT == most


def test_a_bug_in_one_change_does_not_take_the_others_outcomes() -> None:
    """DESIGN 5.10: every planned change gets exactly one outcome, whatever fails."""
    world = make()

    ran = world.apply(TEAM, where(world.send, creates("Eve"), fail(ZeroDivisionError("a bug"), done=False)))

    assert "failed" == ran.statuses["user/eve create_user"]
    assert "applied" == ran.statuses["user/cid create_user"]


@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
def test_what_is_cleared_is_empty_afterwards(dialect: str) -> None:
    """Null declared means clear: text, a list, an enterprise attribute, a part of the name, a manager."""
    filled = """
users:
  ann: {userName: ann@example.com, displayName: Ann, title: Chief, department: IT, name: {familyName: Lee},
        manager: bob, customFields: {badge: x}, phoneNumbers: [{value: '1', type: work}]}
  bob: {userName: bob@example.com, displayName: Bob}
"""
    cleared = """
users:
  ann: {userName: ann@example.com, displayName: Ann, title: null, department: null, name: {familyName: null},
        manager: null, customFields: {badge: null}, phoneNumbers: null}
  bob: {userName: bob@example.com, displayName: Bob}
"""
    world = World(dialect=dialect)
    world.settle(git_says(filled))

    world.settle(git_says(cleared))

    assert {"userName", "displayName", "externalId", "active", "id", "meta", "schemas"} >= {
        name for name, value in world.user("ann").items() if value not in ({}, [], "", None)
    }


def new(name: str) -> CreateUser:
    """Somebody who is to be made."""
    asked = {"userName": f"{name}@example.com", "externalId": name, "displayName": name}
    attributes = tuple(AttributeChange(path=path, before=None, after=value) for path, value in asked.items())
    return CreateUser(key=f"user/{name}", name=name, attributes=attributes)


def test_of_many_changes_some_are_begun_at_a_time() -> None:
    """The rest waits as a line of the plan, and not as work."""
    world, most = make(), 0

    async def counting(send: Send, request: Request) -> Response:
        nonlocal most
        if len(world.asked) % 50 == 0:
            most = max(most, len(asyncio.all_tasks()))
        return await send(request)

    many = [new(f"u{number}") for number in range(MOST_BEGUN + 100)]
    ran = world.carry_out(many, {}, where(world.send, lambda _request: True, counting))

    assert {"applied"} == {one.status for one in ran.outcomes}
    assert IN_FLIGHT < most <= MOST_BEGUN + 1


def test_those_who_wait_for_one_that_comes_last_do_not_hold_it_up() -> None:
    """However many they are: they take no place."""
    manager = AttributeChange(path="manager", before=None, after="user/ann")
    waiting = [
        UpdateUser(key=f"user/u{number}", target_id=f"gone-{number}", attributes=(manager,))
        for number in range(MOST_BEGUN + 1)
    ]
    ran = make().carry_out([*waiting, new("ann")], {})

    assert {"stale": MOST_BEGUN + 1, "applied": 1} == Counter(one.status for one in ran.outcomes)
