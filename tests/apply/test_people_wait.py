"""The wait for people that 4me links to new users: how long and how often it looks, what is written or pending."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from reconciler.apply.channel import Send, Stop
from reconciler.apply.link_wait import LinkWait
from reconciler.core.model.messages import JsonObject, Request, Response
from reconciler.core.simulator.permissions import PeopleQuirks
from reconciler.errors import LostAnswer, NotAnAnswer, NotSent, Unreachable
from tests.account import Failure, fail_from, fail_once, lose_answer, lose_request, refuse
from tests.apply.hires import Clock, Hires, company, details, statuses

ANN = company(ann="auditor specialist")
THREE = company(ann="auditor", bob="specialist", cid="")
NEVER = PeopleQuirks(links="never")
NOT_LINKED = (
    "pending: 4me has not linked a person to this user within 60 s; the next apply grants the roles (4me links a "
    "person by primary e-mail, or creates one from e-mail and name, by the rules of the account)"
)


def later(requests: int = 1, seconds: float = 0) -> PeopleQuirks:
    return PeopleQuirks(links="later", links_after=seconds, links_after_requests=requests)


def person(name: str, *roles: str, **more: Any) -> JsonObject:
    """A person whom another system made."""
    return {"primary_email": f"{name}@example.com", "name": name, "permissions": {"sandbox": list(roles)}, **more}


def looks(hires: Hires) -> list[str]:
    return [asked for asked in hires.asked if asked.startswith("GET /people?")]


@pytest.mark.parametrize("quirks", [PeopleQuirks(), later(1), later(5), later(1, seconds=40)], ids=str)
def test_the_roles_of_new_users_arrive_with_the_apply_that_creates_them(quirks: PeopleQuirks) -> None:
    """Whether 4me links at once, some requests or some time later; then nothing is left to plan."""
    hires = Hires(quirks)
    outcomes = hires.apply(THREE)

    assert {"applied"} == {outcome.status for outcome in outcomes}
    assert ["auditor"] == hires.roles()["ann@example.com"]
    assert ["specialist"] == hires.roles()["bob@example.com"]
    assert () == hires.plan(THREE).plan.changes


def test_users_come_first_and_the_person_is_read_before_it_is_written() -> None:
    """Three requests for each person who is linked at once, as the plan counts."""
    hires = Hires()
    made = hires.plan(ANN)
    hires.apply(ANN)

    assert [
        "POST /Users",
        "GET /people?source=SCIM&sourceID=scim-u-000001&fields=id,name,source,sourceID,primary_email&per_page=100",
        "GET /people/2/permissions/sandbox",
        "PATCH /people/2/permissions/sandbox?roles=auditor,specialist",
    ] == [asked.replace("%2C", ",") for asked in hires.asked]
    assert len(hires.asked) == made.plan.cost.requests


def test_who_is_never_linked_is_pending_and_the_wait_ends() -> None:
    """It looks often at first, then every five seconds, and a last time when the time is over."""
    hires = Hires(NEVER)
    outcomes = hires.apply(ANN)

    assert {"ann": "skipped"} == statuses(outcomes)
    assert {"ann": NOT_LINKED} == details(outcomes)
    assert [0.25, 0.5, 1.0, 2.0, 4.0, 5.0] == hires.clock.slept[:6]
    assert 60 == sum(hires.clock.slept)
    assert len(hires.clock.slept) + 2 == len(looks(hires)), "one look more, by e-mail, in the end"
    assert ["grant_roles"] == [change.action for change in hires.plan(ANN).plan.changes]


def test_without_time_to_wait_there_is_one_look() -> None:
    """Who is linked at once gets the roles all the same."""
    linked, never = Hires(), Hires(NEVER)

    assert {"ann": "applied"} == statuses(linked.apply(ANN, 0))
    outcomes = never.apply(ANN, 0)
    assert {"ann": "skipped"} == statuses(outcomes)
    assert "has not linked a person to this user at once (--wait-for-people is 0)" in details(outcomes)["ann"]
    assert [] == linked.clock.slept + never.clock.slept


def test_a_user_of_long_ago_without_a_person_is_waited_for_too() -> None:
    """An apply of before was stopped: the user is there, and 4me links now."""
    ann: JsonObject = {"id": "u1", "externalId": "ann", "userName": "ann@example.com", "displayName": "Ann"}
    hires = Hires(later(3), users=[{**ann, "active": True}])
    hires.simulator.follow((("Users", "u1"),), hires.moment)
    made = hires.plan(company(ann="auditor"))

    assert [("grant_roles", "u1")] == [(change.action, change.target_id) for change in made.plan.changes]
    assert {"ann": "applied"} == statuses(hires.apply(company(ann="auditor")))
    assert ["auditor"] == hires.roles()["ann@example.com"]


def test_what_a_linked_person_holds_is_kept_and_named() -> None:
    """The whole set is overwritten, and nobody approved a revocation; the next plan shows it, the owner apart."""
    hires = Hires(people=[person("ann", "account_owner", "brand_new", "knowledge_manager", "specialist", id=31)])
    outcomes = hires.apply(ANN)

    assert {"ann": "applied"} == statuses(outcomes)
    assert (
        "other roles of the person stay: knowledge_manager; the next plan revokes those that git does not assign"
        == details(outcomes)["ann"]
    )
    assert ["account_owner", "auditor", "brand_new", "knowledge_manager", "specialist"] == hires.roles()[
        "ann@example.com"
    ]
    [revoke] = hires.plan(ANN).plan.changes
    assert ("revoke_roles", ("knowledge_manager",)) == (revoke.action, revoke.roles)


def test_a_linked_person_who_holds_everything_is_not_written() -> None:
    """It was found in the account."""
    hires = Hires(people=[person("ann", "auditor", "specialist", id=31)])
    outcomes = hires.apply(ANN)

    assert ({"ann": "already"}, {"ann": ""}) == (statuses(outcomes), details(outcomes))
    assert not any(asked.startswith("PATCH /people") for asked in hires.asked)


def test_who_owns_the_credentials_is_told_what_to_do_by_hand() -> None:
    """4me refuses changes of one's own roles."""
    hires = Hires(people=[{**person("ann", id=1), "me": True}])
    outcomes = hires.apply(ANN)

    assert {"ann": "skipped"} == statuses(outcomes)
    assert "a person can't change their own roles: grant auditor, specialist by hand" in details(outcomes)["ann"]
    assert not any(asked.startswith("PATCH /people") for asked in hires.asked)


@pytest.mark.parametrize(
    ("people", "status"),
    [
        ([person("ann", source="HR", id=31)], "applied"),
        ([person("ANN", source=None, id=31)], "applied"),
        ([person("ann", source="SCIM", sourceID="of-somebody-else", id=31)], "skipped"),
        ([person("ann", source="HR", id=31), person("ann", source="HR", id=32)], "skipped"),
        ([person("bob", source="HR", id=31)], "skipped"),
    ],
)
def test_rules_that_write_no_scim_id_leave_the_address_to_find_a_person(people: list[JsonObject], status: str) -> None:
    """In the last look, and only a person who is alone with the address and no SCIM user's."""
    hires = Hires(NEVER, people)

    assert {"ann": status} == statuses(hires.apply(ANN))
    held = {address.lower(): roles for address, roles in hires.roles().items()}.get("ann@example.com", [])
    assert (["auditor", "specialist"] if status == "applied" else []) == held


def test_two_new_users_of_one_address_are_not_given_the_same_person() -> None:
    """It can't be known whose person it is."""
    twice = company(ann="auditor", bob="specialist").replace(
        "userName: bob@example.com", "userName: bob@example.com, emails: [{value: ann@example.com, primary: true}]"
    )
    hires = Hires(NEVER, [person("ann", source="HR", id=31)])

    assert {"ann": "skipped", "bob": "skipped"} == statuses(hires.apply(twice))
    assert {"ann@example.com": []} == hires.roles()


def test_a_user_who_was_not_created_gets_no_roles_and_is_not_waited_for() -> None:
    """The account refuses the user."""
    hires = Hires()

    async def send(_request: Request) -> Response:
        return Response(422, {"message": "no"})

    outcomes = hires.apply(ANN, send=send)

    assert ["failed", "skipped"] == [outcome.status for outcome in outcomes]
    assert "waits for user/ann, which was not created" == details(outcomes)["ann"]
    assert [] == hires.clock.slept + looks(hires)


def test_roles_that_are_not_approved_are_not_granted() -> None:
    """The create alone is carried out: nobody is looked for."""
    hires = Hires()
    [create, _grant] = hires.plan(ANN).plan.changes
    hires.apply(ANN, changes=[create])

    assert {"ann@example.com": []} == hires.roles()
    assert [] == looks(hires)


def test_a_stop_ends_the_wait_at_once() -> None:
    """Ctrl-C, or a time that is over: what is left gets the outcome of a stopped run."""
    stop = Stop()

    async def interrupted(_seconds: float) -> None:
        stop.set("interrupted by SIGINT")
        await asyncio.Event().wait()

    hires = Hires(NEVER)
    wait = LinkWait(3_600, "1", {}, hires.clock.now, interrupted)
    outcomes = hires.apply(ANN, stop=stop, wait=wait)

    assert {"ann": "the run stopped: interrupted by SIGINT"} == details(outcomes)
    assert 1 == len(looks(hires))
    assert "" == wait.describe()


def test_the_progress_of_the_wait_can_be_read_at_any_time() -> None:
    """How many people, how long, and how long at most."""
    hires = Hires(later(1, seconds=14))
    described: list[str] = []
    wait = LinkWait(60, "1", {}, hires.clock.now)

    async def sleep(seconds: float) -> None:
        await hires.clock.sleep(seconds)
        described.append(wait.describe())

    wait.sleep = sleep
    hires.apply(THREE, wait=wait)

    assert "waiting for 4me to link 2 people, 0 s of 60 s" == described[0]
    assert "waiting for 4me to link 2 people, 13 s of 60 s" == described[5]
    assert "" == wait.describe()


def failing(send: Send, error: Exception, times: int) -> Send:
    """Fails the first looks."""
    left = iter(range(times))

    async def send_or_fail(request: Request) -> Response:
        if request.path.startswith("/people?") and next(left, None) is not None:
            raise error
        return await send(request)

    return send_or_fail


@pytest.mark.parametrize("error", [LostAnswer("broken"), NotAnAnswer("HTML")], ids=str)
def test_a_look_that_fails_is_made_again_and_named_if_it_was_the_last(error: Exception) -> None:
    """Not read is not the same as not linked."""
    hires, always = Hires(), Hires()

    assert {"ann": "applied"} == statuses(hires.apply(ANN, send_rest=failing(hires.send_rest, error, 3)))
    outcomes = always.apply(ANN, send_rest=failing(always.send_rest, error, 1_000))
    assert {"ann": "skipped"} == statuses(outcomes)
    assert f"pending: people could not be read ({error}); the next apply grants the roles" == details(outcomes)["ann"]


@pytest.mark.parametrize(
    ("error", "why"),
    [(Unreachable("refuses the token"), "refuses the token"), (NotSent("stopped"), "has not linked a person")],
    ids=str,
)
def test_refused_credentials_stop_the_run(error: Exception, why: str) -> None:
    """A request that a stop kept back is no fault of the account."""
    hires = Hires(NEVER)
    outcomes = hires.apply(ANN, 1, send_rest=failing(hires.send_rest, error, 1_000))

    assert {"ann": "skipped"} == statuses(outcomes)
    assert why in details(outcomes)["ann"]


@pytest.mark.parametrize(
    "answer", [Response(200, {}), Response(200, [{"name": "nobody"}]), Response(500, None)], ids=str
)
def test_a_page_that_is_none_is_a_fault(answer: Response) -> None:
    """It shows nobody, and proves nothing."""
    hires = Hires()

    async def send(request: Request) -> Response:
        return answer if request.path.startswith("/people?") else await hires.send_rest(request)

    outcomes = hires.apply(ANN, 1, send_rest=send)

    assert details(outcomes)["ann"].startswith("pending: people could not be read (")


def test_many_are_found_by_pages() -> None:
    """Twelve new users of twelve need one page, not twelve requests."""
    hires = Hires(later(seconds=3))
    everybody = company(**{f"u{number:02}": "specialist" for number in range(12)})

    assert {"applied"} == set(statuses(hires.apply(everybody)).values())
    assert [0.25, 0.5, 1.0, 2.0] == hires.clock.slept
    assert 5 == len(looks(hires))
    assert all("sourceID=" not in asked for asked in looks(hires))


def test_few_of_many_are_looked_for_one_by_one_after_the_first_page() -> None:
    """Eleven of 1,300: their own requests are fewer than the pages that are left."""
    people = [person(f"p{number}", source="SCIM", sourceID=f"old-{number}") for number in range(1_300)]
    hires = Hires(people=people)
    outcomes = hires.apply(company(**{f"u{number:02}": "specialist" for number in range(11)}))

    assert {"applied"} == set(statuses(outcomes).values())
    assert 12 == len(looks(hires))


def test_many_of_many_are_found_on_the_last_page() -> None:
    """Twenty of 1,300 need fourteen pages."""
    people = [person(f"p{number}", source="SCIM", sourceID=f"old-{number}") for number in range(1_300)]
    hires = Hires(people=people)
    outcomes = hires.apply(company(**{f"u{number:02}": "specialist" for number in range(20)}))

    assert {"applied"} == set(statuses(outcomes).values())
    assert 14 == len(looks(hires))


def test_a_slow_account_can_not_make_the_wait_much_longer() -> None:
    """A look in the middle ends with the time; the first and the last are whole."""
    everybody = company(**{f"u{number:02}": "specialist" for number in range(10)})
    hires = Hires(NEVER, clock=Clock(a_request=4.0))

    assert {"skipped"} == set(statuses(hires.apply(everybody)).values())
    assert hires.clock.seconds <= 4 * (10 + 10) + 60 + 4 * (10 + 10)


def test_so_many_are_not_looked_for_by_address() -> None:
    """The next plan reads the people as lists."""
    names = [f"u{number:02}" for number in range(26)]
    hires = Hires(NEVER, [person(name, source="HR") for name in names])
    outcomes = hires.apply(company(**dict.fromkeys(names, "specialist")), 0)

    assert {"skipped"} == set(statuses(outcomes).values())
    assert not any("primary_email=" in asked for asked in hires.asked)
    assert {"specialist"} == {
        role
        for change in hires.plan(company(**dict.fromkeys(names, "specialist"))).plan.changes
        for role in change.roles
    }


@pytest.mark.parametrize("failure", [lose_answer, lose_request, refuse])
@pytest.mark.parametrize("break_line", [fail_once, fail_from])
@pytest.mark.parametrize("quirks", [PeopleQuirks(), later(6)], ids=["at once", "later"])
def test_a_failure_at_any_request_over_rest_is_made_good_by_the_next_apply(
    quirks: PeopleQuirks, break_line: Any, failure: Failure
) -> None:
    """Nobody loses what they held, and nobody is given what git does not assign."""
    known = [person("ann", "account_owner", "specialist", id=31)]
    undisturbed = Hires(quirks, known)
    undisturbed.apply(THREE)
    for index in range(sum("/people" in asked for asked in undisturbed.asked)):
        hires = Hires(quirks, known)
        hires.apply(THREE, 10, send_rest=break_line(hires.send_rest, index, failure))
        assert {"account_owner", "specialist"} <= set(hires.roles()["ann@example.com"])
        hires.apply(THREE)
        hires.apply(THREE)

        assert () == hires.plan(THREE).plan.changes
        assert {
            "ann@example.com": ["account_owner", "auditor"],
            "bob@example.com": ["specialist"],
            "cid@example.com": [],
        } == hires.roles()
