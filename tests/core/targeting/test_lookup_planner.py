"""The lookups that a plan of selected keys needs: no more than needed, and never fewer."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.comparison.identities import NO_IDENTITIES
from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key
from reconciler.core.model.states import DesiredState, LiveState, Selection
from reconciler.core.targeting.known_account import KnownAccount, LookupRound
from reconciler.core.targeting.lookup_planner import LookupPlanner, make_lookup_planner
from reconciler.core.targeting.selection import select_difference, select_keys, with_dependencies
from tests.asking import Asked, ask_account
from tests.core.examples import (
    desired_group,
    desired_state,
    desired_user,
    group_key,
    live_group,
    live_state,
    live_user,
    user_key,
)

ANN, BOB, CID = map(user_key, ("ann", "bob", "cid"))
DEV, OPS = map(group_key, ("dev", "ops"))
ACCOUNT = live_state(live_user("ann"), live_user("bob"), live_group("dev", ["ann"]), live_group("ops", ["ann", "bob"]))


def asked_about(
    desired: DesiredState, base: DesiredState, account: LiveState = ACCOUNT, *, tells_groups: bool = True
) -> Asked:
    """The first round of a plan of the difference to the base."""
    earlier = Earlier(base)
    selected = replace(desired, selection=select_difference(desired, earlier))
    return ask_account(selected, earlier, account, tells_groups=tells_groups)


def look_up(*keys: Key) -> LookupRound:
    return LookupRound(keys=frozenset(keys))


BASE = desired_state(
    desired_user("ann"), desired_user("bob"), desired_group("dev", ["ann"]), desired_group("ops", ["ann", "bob"])
)


def with_resources(*resources: DesiredUser | DesiredGroup) -> DesiredState:
    """The base with some resources changed or added."""
    every: dict[Key, DesiredUser | DesiredGroup] = {one.key: one for one in (*BASE, *resources)}
    return desired_state(*every.values())


def test_nothing_is_asked_where_nothing_differs() -> None:
    """A pull request that edits no YAML costs no request."""
    assert [] == asked_about(BASE, BASE).rounds


def test_a_title_is_one_look_up() -> None:
    """Of that person alone."""
    assert [look_up(BOB)] == asked_about(with_resources(desired_user("bob", {"title": "Clerk"})), BASE).rounds


def test_a_new_hire_is_looked_up_with_manager_and_groups_whose_members_nobody_needs_to_know() -> None:
    """A user that does not exist is in no group, even if the service lists no groups."""
    head = with_resources(
        desired_user("cid", {"manager": "user/ann"}),
        desired_group("dev", ["ann", "cid"]),
        desired_group("ops", ["ann", "bob", "cid"]),
    )
    for tells_groups in (True, False):
        asked = asked_about(head, BASE, tells_groups=tells_groups)
        assert [look_up(ANN, CID, DEV, OPS)] == asked.rounds
        assert {CID, DEV, OPS} == (asked.desired.selection or Selection(frozenset())).keys


def test_who_moves_tells_the_groups_themselves() -> None:
    """They leave the group that they say they are in, and enter the one that they don't name."""
    head = with_resources(desired_group("dev", ["ann", "bob"]), desired_group("ops", ["ann"]))
    asked = asked_about(head, BASE)

    assert [look_up(BOB, DEV, OPS)] == asked.rounds
    assert {"id-dev": set(), "id-ops": {"id-bob"}} == {group.id: group.members for group in asked.live.groups}


def test_a_group_is_asked_where_a_user_does_not_tell() -> None:
    """One more request for each group."""
    head = with_resources(desired_group("dev", ["ann", "bob"]), desired_group("ops", ["ann"]))
    asked = asked_about(head, BASE, tells_groups=False)

    assert [look_up(BOB, DEV, OPS), LookupRound(groups=frozenset({"id-dev", "id-ops"}))] == asked.rounds
    assert {"id-dev": {"id-ann"}, "id-ops": {"id-ann", "id-bob"}} == {one.id: one.members for one in asked.live.groups}


def test_a_group_is_asked_where_a_user_says_that_nothing_is_left_to_do() -> None:
    """A word that would leave access where it is, or not give it, is held against the group's."""
    account = live_state(live_user("ann"), live_user("bob"), live_group("dev", ["bob"]), live_group("ops", []))
    head = with_resources(desired_group("dev", ["ann", "bob"]), desired_group("ops", ["ann"]))

    assert LookupRound(groups=frozenset({"id-dev", "id-ops"})) == asked_about(head, BASE, account).rounds[1]


def test_an_additive_group_is_not_asked_who_is_in_it() -> None:
    """No plan removes a member of it."""
    base = with_resources(desired_group("ops", ["ann", "bob"], authoritative=False))
    head = with_resources(desired_group("ops", ["ann"], authoritative=False))
    account = live_state(live_user("ann"), live_user("bob"), live_group("dev", ["bob"]), live_group("ops", []))

    assert [look_up(BOB, OPS)] == asked_about(head, base, account).rounds


def test_members_are_not_asked_where_git_does_not_decide_on_them() -> None:
    """Of a group that is out of scope, or whose members are not managed."""
    head = with_resources(desired_group("dev", ["ann"], in_scope=False), desired_group("ops", None))

    assert [look_up(DEV, OPS)] == asked_about(head, BASE).rounds


def test_a_whole_group_is_read_with_all_its_members() -> None:
    """Declared members by key, members to remove by id."""
    account = live_state(live_user("ann"), live_user("zoe"), live_group("dev", ["zoe"]))
    selected = replace(BASE, selection=select_keys([DEV], BASE, Earlier()))
    asked = ask_account(selected, Earlier(), account, tells_groups=True)

    assert [
        look_up(ANN, DEV),
        LookupRound(groups=frozenset({"id-dev"})),
        LookupRound(users=frozenset({"id-zoe"})),
    ] == asked.rounds
    assert {"id-ann", "id-zoe"} == {user.id for user in asked.live.users}


def test_a_group_that_left_git_is_read_with_all_its_members() -> None:
    """The members that git declared leave it."""
    head = desired_state(desired_user("ann"), desired_user("bob"), desired_group("ops", ["ann", "bob"]))

    assert [look_up(ANN, DEV), LookupRound(groups=frozenset({"id-dev"}))] == asked_about(head, BASE).rounds


def test_the_manager_that_somebody_has_is_read_by_id() -> None:
    """And by key, if git knows them: a change names them by it. One who is not there is asked for once."""
    account = live_state(live_user("ann"), live_user("bob", {"manager": "id-cid"}), live_user("cid"))
    head = with_resources(desired_user("bob", {"manager": "user/ann"}), desired_user("cid"))
    base = with_resources(desired_user("bob"), desired_user("cid"))
    rounds = asked_about(head, base, account).rounds
    dangling = live_state(live_user("ann"), live_user("bob", {"manager": "nobody"}))

    assert [look_up(ANN, BOB), LookupRound(users=frozenset({"id-cid"})), look_up(CID)] == rounds
    assert [look_up(ANN, BOB), LookupRound(users=frozenset({"nobody"}))] == asked_about(head, base, dangling).rounds


def test_the_manager_that_git_gave_before_is_looked_up_at_once() -> None:
    """The account has them still, most likely; asking by id afterwards would be two requests more."""
    account = live_state(live_user("ann"), live_user("bob", {"manager": "id-cid"}), live_user("cid"))
    head = with_resources(desired_user("bob", {"manager": "user/ann"}), desired_user("cid"))
    base = with_resources(desired_user("bob", {"manager": "user/cid"}), desired_user("cid"))

    assert [look_up(ANN, BOB, CID)] == asked_about(head, base, account).rounds


def test_whoever_could_be_the_one_found_is_looked_up_too() -> None:
    """Two keys of git for one person are a problem, whichever of them was asked for."""
    both = with_resources(desired_user("cid", {"externalId": "xyz", "userName": "BOB@example.com"}))
    head = replace(both, users={**both.users, BOB: desired_user("bob", {"title": "Clerk"})})

    assert [look_up(BOB), look_up(CID)] == asked_about(head, both).rounds


def test_what_is_needed_and_not_there_is_planned_about_with_what_it_needs() -> None:
    """A manager who has a manager, none of them in the account; a group that is not there, with all its members."""
    base = with_resources(desired_user("cid"), desired_user("dee", {"manager": "user/cid"}))
    head = with_resources(
        desired_user("bob", {"manager": "user/dee"}),
        desired_user("cid"),
        desired_user("dee", {"manager": "user/cid"}),
        desired_group("ops", ["ann"]),
    )
    account = live_state(live_user("ann"), live_user("bob"))
    asked = asked_about(head, base, account)
    dee = user_key("dee")

    assert [look_up(BOB, dee, OPS), look_up(ANN, CID)] == asked.rounds
    assert Selection(frozenset({BOB, CID, dee, OPS}), {}, grows=True) == asked.desired.selection


def test_what_is_needed_and_not_there_is_left_out_where_only_the_keys_named_are_asked_for() -> None:
    """An unnamed user is not created, and neither is one out of scope, with an unclear match, or undeclared."""
    head = with_resources(desired_user("cid", {"manager": "user/dee"}), desired_user("dee", in_scope=False))
    named = select_keys([CID], head, Earlier())

    for selection in (named, with_dependencies(named, head, Earlier())):
        asked = ask_account(replace(head, selection=selection), Earlier(), ACCOUNT, tells_groups=True)
        assert selection == asked.desired.selection


def test_without_a_focus_there_is_nothing_to_ask() -> None:
    """Everything is read then."""
    lookup_planner, questions = make_lookup_planner(BASE, Earlier()).next_round(KnownAccount())

    assert (None, False) == (lookup_planner.desired.selection, bool(questions))


def test_a_key_that_nobody_knows_is_looked_up_by_nothing() -> None:
    """It has no terms."""
    assert () == LookupPlanner(BASE, BASE, NO_IDENTITIES, {}).terms(user_key("zoe"))


def test_what_has_no_value_of_a_matching_attribute_is_looked_up_by_the_others() -> None:
    """In git, and in the account."""
    nameless = desired_user("bob", {"externalId": None, "title": "Clerk"})
    account = live_state(live_user("bob", {"externalId": None}))

    asked = asked_about(with_resources(nameless), BASE, account)

    assert [look_up(BOB)] == asked.rounds
    assert (("userName", "bob@example.com"),) == make_lookup_planner(with_resources(nameless), Earlier()).terms(BOB)


def test_a_service_that_is_asked_singly_is_asked_for_two_of_the_sample() -> None:
    """Each costs a request."""
    sample = frozenset(user_key(name) for name in ("a", "b", "c"))

    asked = LookupRound(users=frozenset({"1"}), sample=sample).with_few_samples()

    assert LookupRound(users=frozenset({"1"}), sample=frozenset({user_key("a"), user_key("b")})) == asked


def test_a_key_that_may_be_found_by_what_can_not_be_asked_is_not_concluded() -> None:
    """4me can be asked by externalId and names; who is found, or has no other value, is."""
    by_number = replace(
        with_resources(desired_user("bob", {"employeeNumber": "7"}), desired_user("cid", {"employeeNumber": "8"})),
        matching=("externalId", "employeeNumber"),
    )
    known = KnownAccount(users={"id-cid": live_user("cid")}, keys=frozenset({BOB, CID, OPS, user_key("zoe")}))
    planner = make_lookup_planner(by_number, Earlier())

    assert frozenset({BOB}) == planner.unconcluded(known)
    assert (("externalId", "bob"),) == planner.terms(BOB)
    assert frozenset() == make_lookup_planner(by_number, Earlier(), (), "rfc7644").unconcluded(known)
