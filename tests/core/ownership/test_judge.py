"""The verdicts that no story shows: rows that meet, lines by id, groups, focuses, and what is not known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.comparison.link import link_account
from reconciler.core.comparison.references import key_by_id
from reconciler.core.model.resources import DesiredUser, LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState, Selection, Settlement
from reconciler.core.ownership.evidence import Evidence, StateAt
from reconciler.core.ownership.judge import judge
from reconciler.core.ownership.verdicts import Ownership
from reconciler.core.record.record import Covers, salted
from tests.core.examples import (
    HERE,
    SALT,
    applied_at,
    apply_record,
    desired_group,
    desired_state,
    desired_user,
    group_key,
    live_group,
    live_state,
    live_user,
    user_key,
)

ANN, BOB = desired_user("ann"), desired_user("bob")
WITH_ANN = desired_state(ANN, BOB)
WITHOUT = desired_state(BOB)
APPLIED = applied_at("a" * 40, WITH_ANN)


def judged(desired: DesiredState, *live: LiveUser | LiveGroup, evidence: Evidence) -> Ownership:
    account = live_state(*live)
    return judge(desired, account, link_account(desired, Earlier(), account), evidence)


def leavers(ownership: Ownership) -> list[tuple[str, str]]:
    return [(str(one.user.key), one.live.id) for one in ownership.leavers]


def doubts(ownership: Ownership) -> list[tuple[str, str, str]]:
    return [(one.verdict, one.key, one.settle) for one in ownership.doubts]


def test_a_key_handed_on_deactivates_the_first_by_id() -> None:
    """HEAD uses the key for another person, who is somebody else in the account."""
    first = desired_user("ann", {"externalId": None})
    second = desired_user("ann", {"externalId": None, "userName": "anna@example.com"})
    evidence = Evidence((applied_at("a" * 40, desired_state(first)),))
    old = live_user("ann", {"externalId": None})
    new = replace(live_user("anna", {"externalId": None}), id="id-new")
    ownership = judged(desired_state(second), old, new, evidence=evidence)

    assert [("user/id/id-ann", "id-ann")] == leavers(ownership)
    assert "left git, covered by apply #1 at commit aaaaaaaaaaaa (declared there as user/ann)" == (
        ownership.leavers[0].reason
    )


def test_two_who_had_one_key_one_after_the_other_both_leave() -> None:
    """The second is known by id, for a plan names each key once."""
    first = desired_user("ann", {"externalId": None})
    second = desired_user("ann", {"externalId": None, "userName": "anna@example.com"})
    states = (applied_at("b" * 40, desired_state(second), serial=2), applied_at("a" * 40, desired_state(first)))
    live = [live_user("ann", {"externalId": None}), live_user("anna", {"externalId": None})]

    assert [("user/ann", "id-ann"), ("user/id/id-anna", "id-anna")] == leavers(
        judged(WITHOUT, *live, evidence=Evidence(states))
    )


@pytest.mark.parametrize("place", ["elsewhere", "gone"])
def test_a_commit_elsewhere_counts_only_where_it_was_applied(place: str) -> None:
    """What somebody pushed to a branch proves nothing about the account."""
    pushed = StateAt("c" * 40, WITH_ANN, place)  # type: ignore[arg-type]  # one of the places

    assert Ownership(adopted=(user_key("bob"),)) == judged(
        WITHOUT, live_user("ann"), live_user("bob"), evidence=Evidence((pushed,))
    )


def test_a_later_covered_declaration_that_could_be_two_makes_it_unclear_who_left() -> None:
    """The same key matched one record at the first apply, and two by now."""
    later = desired_user("ann", {"userName": "zoe@example.com"})
    states = (applied_at("b" * 40, desired_state(later), serial=2), APPLIED)
    live = [live_user("ann"), live_user("zoe", {"externalId": None})]
    told = doubts(judged(WITHOUT, *live, evidence=Evidence(states)))

    assert [
        ("unaccounted", "user/ann", 'left: [{id: "id-ann", reason: WHY}]'),
        ("unaccounted", "user/ann", 'left: [{id: "id-zoe", reason: WHY}]'),
    ] == told


def test_two_declarations_of_one_record_prove_nothing_about_it() -> None:
    """One by the mark, the other by the login."""
    both = desired_state(ANN, desired_user("zoe", {"externalId": None, "userName": "ann@example.com"}))
    [doubt, *_] = judged(WITHOUT, live_user("ann"), evidence=Evidence((applied_at("a" * 40, both),))).doubts

    assert "commit aaaaaaaaaaaa declares user/ann, a match by externalId and userName; another declaration matches" in (
        doubt.witnesses
    )


def test_out_of_scope_at_every_commit_is_no_provisioning() -> None:
    """An apply covers the commit, and had them out of scope."""
    out = desired_state(desired_user("ann", in_scope=False), BOB)
    [doubt] = judged(WITHOUT, live_user("ann"), evidence=Evidence((applied_at("a" * 40, out),))).doubts

    assert doubt.witnesses.endswith("a match by externalId and userName; it is out of scope there")


def test_a_commit_about_them_that_cannot_be_read_makes_nobody_a_leaver() -> None:
    """It may have released them; a line of `left:` settles it."""
    evidence = Evidence((APPLIED,), doubtful=frozenset({"id-ann"}))
    [doubt] = judged(WITHOUT, live_user("ann"), evidence=evidence).doubts
    left = replace(WITHOUT, left=(Settlement(HERE, key=user_key("ann")),))

    assert "a commit that may have released this user can't be read" in doubt.witnesses
    assert [("user/ann", "id-ann")] == leavers(judged(left, live_user("ann"), evidence=evidence))


def test_a_line_that_says_that_they_left_does_nothing_while_the_record_is_not_known() -> None:
    """Then nobody can be shown to have left."""
    left = replace(WITHOUT, left=(Settlement(HERE, key=user_key("ann")),))
    ownership = judged(left, live_user("ann"), evidence=Evidence((APPLIED,), known=False))

    assert ([], ["unaccounted"]) == (leavers(ownership), [doubt.verdict for doubt in ownership.doubts])


def test_a_line_by_id_settles_who_of_two_a_key_is() -> None:
    """The double leaves, and the other one is linked."""
    twice = [live_user("ann"), replace(live_user("ann", {"userName": "double@example.com"}), id="id-double")]
    left = replace(WITH_ANN, left=(Settlement(HERE, id="id-double"),))
    account = live_state(*twice)
    links = link_account(left, Earlier(), account)

    assert "id-ann" == links.users.live_of[user_key("ann")].id
    assert [("user/id/id-double", "id-double")] == leavers(judge(left, account, links, Evidence()))


def test_a_line_by_id_about_somebody_declared_links_them_all_the_same() -> None:
    """It does nothing: what git declares is not said to have left."""
    left = replace(WITH_ANN, left=(Settlement(HERE, id="id-ann"),))
    account = live_state(live_user("ann"))
    links = link_account(left, Earlier(), account)

    assert "id-ann" == links.users.live_of[user_key("ann")].id
    assert () == judge(left, account, links, Evidence()).leavers


def test_a_release_before_the_last_declaration_is_over() -> None:
    """They were released, declared and applied again, and left."""
    released = replace(WITHOUT, released=(Settlement(HERE, key=user_key("ann")),))
    states = (
        applied_at("c" * 40, WITH_ANN, serial=3, earlier=["a" * 40, "b" * 40]),
        applied_at("b" * 40, released, serial=2, earlier=["a" * 40]),
        APPLIED,
    )

    assert [("user/ann", "id-ann")] == leavers(judged(WITHOUT, live_user("ann"), evidence=Evidence(states)))


def test_declared_again_after_a_release_and_never_applied_is_unaccounted() -> None:
    """What the apply before the release covered is over, and no other one covers them."""
    released = replace(WITHOUT, released=(Settlement(HERE, key=user_key("ann")),))
    states = (
        StateAt("c" * 40, WITH_ANN, earlier=frozenset({"a" * 40, "b" * 40})),
        StateAt("b" * 40, released, earlier=frozenset({"a" * 40})),
        APPLIED,
    )

    assert [("unaccounted", "user/ann", "left: [{key: user/ann, reason: WHY}]")] == doubts(
        judged(WITHOUT, live_user("ann"), evidence=Evidence(states))
    )


def test_a_plan_about_some_keys_judges_those_alone() -> None:
    """By a key that git knew them by, or by their id."""
    live = [live_user("ann"), live_user("zoe")]
    evidence = Evidence((applied_at("a" * 40, desired_state(ANN, desired_user("zoe"))),))
    for key in (user_key("ann"), key_by_id("user", "id-ann")):
        selected = replace(WITHOUT, selection=Selection(frozenset({key})))

        assert [("user/ann", "id-ann")] == leavers(judged(selected, *live, evidence=evidence))


def test_the_same_name_goes_on_under_another_key_that_is_still_to_be_created() -> None:
    """The account's user has the mark of the first key, and another login by now."""
    renamed = desired_user("annie", {"userName": "ann@example.com"})
    old = live_user("ann", {"userName": "changed@example.com"})
    [doubt] = judged(desired_state(renamed), old, evidence=Evidence((APPLIED,))).doubts

    assert doubt.witnesses.endswith(
        "; HEAD continues it as user/annie, which is not linked to a user in the account yet"
    )


def test_a_key_that_stood_beside_its_successor_is_another_person() -> None:
    """HEAD has `was: ann`, and a commit declared both."""
    desired = replace(desired_state(BOB), was={user_key("bob"): (user_key("ann"),)})

    assert [("user/ann", "id-ann")] == leavers(
        judged(desired, live_user("ann"), live_user("bob"), evidence=Evidence((APPLIED,)))
    )


def test_a_partial_apply_covers_whom_it_names() -> None:
    """`only` some, or all but some, by hashes of keys."""
    only = Covers(kind="only", keys=(salted(SALT, "user/ann"),))
    but = Covers(kind="all_but", keys=(salted(SALT, "user/ann"),))
    for covers, expected in ((only, 1), (but, 0)):
        state = StateAt("a" * 40, WITH_ANN, records=(apply_record(1, "a" * 40, covers),))

        assert expected == len(judged(WITHOUT, live_user("ann"), evidence=Evidence((state,))).leavers)


@pytest.mark.parametrize(
    ("group", "named"),
    [
        (desired_group("desk", ["ann"]), ["elsewhere"]),
        (desired_group("desk", ["ann"], authoritative=False), []),
        (desired_group("desk", None), []),
        (desired_group("desk", ["ann"], in_scope=False), []),
        (desired_group("desk", ["zoe"]), []),
    ],
)
def test_a_group_in_doubt_is_named_where_members_of_it_are_at_stake(group: object, named: list[str]) -> None:
    """Where git alone decided on members who are still in it."""
    state = desired_state(ANN, BOB, group)  # type: ignore[arg-type]  # a group
    evidence = Evidence((applied_at("a" * 40, state, place="elsewhere"), applied_at("b" * 40, WITH_ANN, serial=2)))
    live: list[LiveUser | LiveGroup] = [live_user("ann"), live_user("bob"), live_group("desk", ["ann"])]

    assert named == [doubt.verdict for doubt in judged(WITH_ANN, *live, evidence=evidence).doubts]


def test_a_group_that_was_released_keeps_its_members() -> None:
    """By key; the group is unmanaged then."""
    state = desired_state(ANN, BOB, desired_group("desk", ["ann"]))
    released = replace(WITH_ANN, released=(Settlement(HERE, key=group_key("desk")),))
    live: list[LiveUser | LiveGroup] = [live_user("ann"), live_user("bob"), live_group("desk", ["ann"])]
    ownership = judged(released, *live, evidence=Evidence((applied_at("a" * 40, state),)))

    assert ((), (("group", "id-desk", f"released at {HERE}"),)) == (ownership.groups, ownership.released)


def test_a_group_out_of_scope_that_nothing_covers_keeps_its_members() -> None:
    """No commit is known that put them there."""
    out = desired_state(ANN, desired_group("desk", ["ann"], in_scope=False))
    live: list[LiveUser | LiveGroup] = [live_user("ann"), live_group("desk", ["ann"])]

    assert () == judged(out, *live, evidence=Evidence()).groups


def test_members_that_only_head_links_are_found() -> None:
    """The commit of the group knew them by values that nobody has any more."""
    before = desired_user("ann", {"externalId": None, "userName": "old@example.com"})
    state = desired_state(before, desired_group("desk", ["ann"]))
    live: list[LiveUser | LiveGroup] = [live_user("ann"), live_group("desk", ["ann"])]
    [left] = judged(desired_state(ANN), *live, evidence=Evidence((applied_at("a" * 40, state),))).groups

    assert frozenset({"id-ann"}) == left.members


def test_a_user_out_of_scope_is_known_as_provisioned_by_their_key_though_a_commit_is_unclear() -> None:
    """HEAD links them, and an apply covered the key."""
    out = desired_user("ann", in_scope=False, declared_inactive=False)
    before: DesiredUser = desired_user("ann", {"userName": "zoe@example.com"})
    live = [live_user("ann"), live_user("zoe", {"externalId": None})]
    evidence = Evidence((applied_at("a" * 40, desired_state(before)),))

    assert frozenset({user_key("ann")}) == judged(desired_state(out), *live, evidence=evidence).provisioned
    assert frozenset() == judged(desired_state(out), *live, evidence=replace(evidence, known=False)).provisioned


def test_a_group_whose_key_head_uses_for_another_one_is_known_by_id() -> None:
    """What leaves it, leaves the group of that id."""
    first = desired_group("desk", ["ann"], {"externalId": None})
    second = desired_group("desk", [], {"externalId": None, "displayName": "Night Desk"})
    live: list[LiveUser | LiveGroup] = [
        live_user("ann"),
        live_group("desk", ["ann"], {"externalId": None}),
        replace(live_group("desk", [], {"externalId": None, "displayName": "Night Desk"}), id="id-night"),
    ]
    evidence = Evidence((applied_at("a" * 40, desired_state(ANN, first)),))
    [left] = judged(desired_state(ANN, second), *live, evidence=evidence).groups

    assert (key_by_id("group", "id-desk"), "id-desk") == (left.group.key, left.live.id)


def test_a_group_is_in_doubt_where_only_a_commit_that_was_never_applied_put_its_members_there() -> None:
    """The last covered commit had it empty."""
    empty, full = (desired_state(ANN, desired_group("desk", members)) for members in ([], ["ann"]))
    states = (StateAt("b" * 40, full, earlier=frozenset({"a" * 40})), applied_at("a" * 40, empty))
    live: list[LiveUser | LiveGroup] = [live_user("ann"), live_group("desk", ["ann"])]
    ownership = judged(desired_state(ANN), *live, evidence=Evidence(states))

    assert () == ownership.groups
    assert [("unaccounted", "group/desk", "left: [{key: group/desk, reason: WHY}]")] == doubts(ownership)


def test_a_key_that_may_have_been_theirs_was_released() -> None:
    """They were renamed without `was`, released under that key, and the key has somebody else by now."""
    renamed = desired_user("kai", {"userName": "ann@example.com"})
    released = replace(WITHOUT, released=(Settlement(HERE, key=user_key("kai")),))
    states = (
        StateAt("c" * 40, released, earlier=frozenset({"a" * 40, "b" * 40})),
        StateAt("b" * 40, desired_state(renamed), earlier=frozenset({"a" * 40})),
        APPLIED,
    )
    live = [live_user("ann"), live_user("kai")]
    [doubt] = judged(desired_state(BOB, desired_user("kai")), *live, evidence=Evidence(states)).doubts

    assert doubt.witnesses.endswith("; a key that may belong to the same user was released since")
