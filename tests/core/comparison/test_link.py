"""Who is who: the rows of linking and of its doubts (docs/decisions/0026-who-is-who.md)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations

import pytest

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.comparison.link import Links, link_account
from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key, LiveUser, Value
from reconciler.core.model.states import DesiredState, Selection, Settlement
from reconciler.errors import Problem
from tests.core.examples import (
    HERE,
    desired_group,
    desired_state,
    desired_user,
    group_key,
    live_group,
    live_state,
    live_user,
    user_key,
)

NAMES = {"name.givenName": "Jo", "name.familyName": "Lee"}
OTHERS = {"name.givenName": "Kim", "name.familyName": "Roy"}
Values = Mapping[str, Value]


def user(name: str, mail: str = "", attributes: Values | None = None, *, mark: bool = True) -> DesiredUser:
    """A declared user with the userName `<mail>@example.com`; without `mark` the externalId is null."""
    marks: dict[str, Value] = {} if mark else {"externalId": None}
    return desired_user(name, {"userName": f"{mail or name}@example.com", **marks, **(attributes or {})})


def record(number: int, mail: str, mark: str | None = None, attributes: Values | None = None) -> LiveUser:
    """A live user with the id `id-<number>`."""
    values = {"userName": f"{mail}@example.com", "externalId": mark, **(attributes or {})}
    return live_user(str(number), values)


def link(
    head: list[DesiredUser], live: list[LiveUser], base: list[DesiredUser] | None = None, **settings: object
) -> Links:
    earlier = Earlier(base=desired_state(*base)) if base is not None else Earlier()
    return link_account(replace(desired_state(*head), **settings), earlier, live_state(*live))  # type: ignore[arg-type]


def linked(links: Links) -> dict[str, str]:
    """The ids of linked keys, without the kind; a key that left has a minus."""
    now = {key.name: one.id[3:] for key, one in links.users.live_of.items()}
    return now | {f"-{key.name}": one.id[3:] for key, one in links.former_users.live_of.items()}


def codes(links: Links) -> list[str]:
    return sorted(problem.code for problem in links.users.problems)


def problem_of(links: Links, code: str) -> Problem:
    return next(problem for problem in links.users.problems if problem.code == code)


A, B, C, D = "a", "b", "c", "d"

ROWS: dict[str, tuple[list[DesiredUser], list[LiveUser], list[DesiredUser] | None, dict[str, str], list[str]]] = {
    "an exchange by people with externalId": (
        [user("ana", B), user("bo", A)],
        [record(1, A, "ana"), record(2, B, "bo")],
        [user("ana", A), user("bo", B)],
        {"ana": "1", "bo": "2"},
        [],
    ),
    "an exchange where one has an externalId": (
        [user("ana", B), user("bo", A, mark=False)],
        [record(1, A, "ana"), record(2, B)],
        [user("ana", A), user("bo", B, mark=False)],
        {"ana": "1", "bo": "2"},
        [],
    ),
    "an exchange by people who have names alone": (
        [user("ana", B, mark=False), user("bo", A, mark=False)],
        [record(1, A), record(2, B)],
        [user("ana", A, mark=False), user("bo", B, mark=False)],
        {},
        ["claimed_twice"],
    ),
    "a ring of three with names alone": (
        [user("ana", B, mark=False), user("bo", C, mark=False), user("cy", A, mark=False)],
        [record(1, A), record(2, B), record(3, C)],
        [user("ana", A, mark=False), user("bo", B, mark=False), user("cy", C, mark=False)],
        {},
        ["claimed_twice"],
    ),
    "a chain before the apply": (
        [user("bo", C, mark=False), user("cy", D, mark=False)],
        [record(1, B), record(2, C)],
        [user("bo", B, mark=False), user("cy", C, mark=False)],
        {"bo": "1", "cy": "2"},
        [],
    ),
    "a chain amid the apply": (
        [user("bo", C, mark=False), user("cy", D, mark=False)],
        [record(1, B), record(2, D)],
        [user("bo", B, mark=False), user("cy", C, mark=False)],
        {"bo": "1", "cy": "2"},
        [],
    ),
    "a chain after the apply": (
        [user("bo", C, mark=False), user("cy", D, mark=False)],
        [record(1, C), record(2, D)],
        [user("bo", B, mark=False), user("cy", C, mark=False)],
        {"bo": "1", "cy": "2"},
        [],
    ),
    "another name, with externalId null": (
        [user("ana", B, mark=False)],
        [record(1, A)],
        [user("ana", A, mark=False)],
        {"ana": "1"},
        [],
    ),
    "an existing user gets the name of an undeclared record": (
        [user("ana", B)],
        [record(1, A, "ana"), record(2, B)],
        [user("ana", A)],
        {"ana": "1"},
        [],
    ),
    "two of one externalId, one of them with the name": (
        [user("ana", A)],
        [record(1, A, "ana"), record(2, B, "ana")],
        [user("ana", A)],
        {},
        ["ambiguous"],
    ),
    "a candidate carries the externalId of another key": (
        [user("ana", A, mark=False), user("bo", C)],
        [record(1, A, "bo")],
        None,
        {"bo": "1"},
        ["name_passed_on"],
    ),
    "contested records belong to no other key": (
        [user("ana", A), user("bo", B, mark=False)],
        [record(1, B, "ana"), record(2, C, "ana")],
        None,
        {},
        ["ambiguous"],
    ),
    "a leaver keeps the record that has its externalId": (
        [user("joan", B)],
        [record(1, A, "jo")],
        [user("jo", A)],
        {"-jo": "1"},
        [],
    ),
    "three keys whose links would leave one without any": (
        [user("ana", B, mark=False), user("bo", A, mark=False), user("cy", C, mark=False)],
        [record(1, A), record(2, B)],
        [user("ana", A, mark=False), user("bo", "x", mark=False), user("cy", B, mark=False)],
        {},
        ["claimed_twice"],
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_each_row_links_whatever_the_order(row: str) -> None:
    """The order of keys and of records has no effect."""
    head, live, base, expected, problems = ROWS[row]

    for turned_head in permutations(head):
        for turned_live in permutations(live):
            links = link(list(turned_head), list(turned_live), base)
            assert (expected, problems) == (linked(links), codes(links))


def test_a_claimed_exchange_names_everybody_and_contests_the_records() -> None:
    """No later attribute gives a contested record to anybody, and the hint says what to do first."""
    head, live, base, _linked, _codes = ROWS["an exchange by people who have names alone"]
    links = link(head, live, base)
    problem = problem_of(links, "claimed_twice")

    assert "user/ana and user/bo match the same users in the account by userName" in problem.message
    assert "give each an externalId first, in a change of its own" in str(problem.hint)
    assert ({"id-1", "id-2"}, {user_key("ana"), user_key("bo")}) == (links.users.contested, links.users.unclear)
    assert [] == links.users.unmatched(live)


def test_a_value_of_very_many_records_is_ambiguous() -> None:
    """Only a few are named."""
    live = [record(number, A, "ana") for number in range(60)]
    links = link([user("ana", A), user("bo", B)], [*live, record(99, B, "bo")])

    assert {"bo": "99"} == linked(links)
    assert "and 50 more" in problem_of(links, "ambiguous").message
    assert len(live) == len(links.users.contested)


def test_two_records_of_one_leaver_are_left_to_the_evidence() -> None:
    """No key of HEAD is concerned, so no problem is reported here."""
    links = link([], [record(1, A, "jo"), record(2, B, "jo")], [user("jo", A)])

    assert ({}, []) == (linked(links), codes(links))
    assert ({user_key("jo")}, {"id-1", "id-2"}) == (links.former_users.unclear, links.former_users.contested)
    assert set() == links.users.contested


NUMBER, OTHER_NUMBER = {"employeeNumber": "7"}, {"employeeNumber": "8"}


@pytest.mark.parametrize(
    ("head", "base", "live", "expected"),
    [
        ([user("jo", B, OTHER_NUMBER)], [user("jo", A, NUMBER)], record(1, A, "jo", NUMBER), "reused_key"),
        ([user("jo", B, OTHERS)], [user("jo", A, NAMES)], record(1, A, "jo", NAMES), "reused_key"),
        ([user("jo", B, OTHER_NUMBER)], [user("jo", A, NUMBER)], record(1, A, "jo", OTHER_NUMBER), ""),
        ([user("jo", A, OTHER_NUMBER)], [user("jo", A, NUMBER)], record(1, A, "jo", NUMBER), ""),
        ([user("jo", B, NUMBER)], [user("jo", A, NUMBER)], record(1, A, "jo", NUMBER), ""),
        (
            [user("jo", B, {**NAMES, "name.familyName": "Roy"})],
            [user("jo", A, NAMES)],
            record(1, A, "jo", NAMES),
            "",
        ),
        (
            [replace(user("jo", B, OTHER_NUMBER), in_scope=False)],
            [user("jo", A, NUMBER)],
            record(1, A, "jo", NUMBER),
            "",
        ),
    ],
)
def test_a_key_that_is_reused_links_to_no_record(
    head: list[DesiredUser], base: list[DesiredUser], live: LiveUser, expected: str
) -> None:
    """Name and evidence both change, and the record has the evidence of before. A marriage changes one name."""
    links = link(head, [live], base)

    assert (expected != "", [expected] if expected else []) == ("jo" not in linked(links), codes(links))
    assert ({"id-1"} if expected else set()) == links.users.contested


@pytest.mark.parametrize(
    ("declared", "live", "expected"),
    [
        (NUMBER, record(1, A, None, OTHER_NUMBER), "another_person"),
        (NAMES, record(1, A, None, OTHERS), "another_person"),
        (NUMBER | NAMES, record(1, A, None, NUMBER | OTHERS), ""),
        (NAMES, record(1, A, None, NAMES), ""),
        ({}, record(1, A), ""),
        ({}, replace(record(1, A), active=False), "inactive_holder"),
        (NUMBER, replace(record(1, A, "x", NUMBER), active=False), ""),
        (NAMES, replace(record(1, A, "x", NAMES), active=False), ""),
    ],
)
def test_a_record_is_adopted_unless_evidence_contradicts(declared: Values, live: LiveUser, expected: str) -> None:
    """An inactive record is adopted only if the evidence agrees, because the change would switch it on."""
    links = link([user("ana", A, declared)], [live])

    assert (expected == "", [expected] if expected else []) == ("ana" in linked(links), codes(links))
    assert ({} if expected else {user_key("ana"): "userName"}) == links.users.adopted


def test_an_inactive_record_is_no_doubt_if_nothing_switches_it_on() -> None:
    """The declaration is out of scope."""
    declared = replace(user("ana", A), in_scope=False)

    assert {"ana": "1"} == linked(link([declared], [replace(record(1, A), active=False)]))


def test_an_adoption_with_the_number_of_another_record_is_in_doubt() -> None:
    """The name is in one record, and the number in another."""
    links = link([user("ana", A, NUMBER)], [record(1, A), record(2, B, None, NUMBER)])

    assert ({}, ["looks_like"]) == (linked(links), codes(links))
    assert "another user of the account has the employeeNumber of user/ana" in problem_of(links, "looks_like").message


def test_a_corrected_number_keeps_the_record_whose_externalid_was_taken_out() -> None:
    """The record is as declared before."""
    links = link([user("ana", A, OTHER_NUMBER)], [record(1, A, None, NUMBER)], [user("ana", A, NUMBER)])

    assert ({"ana": "1"}, []) == (linked(links), codes(links))


@pytest.mark.parametrize(
    ("head", "base", "expected"),
    [
        (user("joan", A), user("jo", A), {"-jo": "1"}),
        (user("joan", A, OTHER_NUMBER), user("jo", A, NUMBER), {"-jo": "1"}),
        (user("joan", A, NUMBER), user("jo", A, NUMBER), {"joan": "1"}),
        (user("joan", A, NAMES), user("jo", A, NAMES), {"joan": "1"}),
        (user("joan", A, mark=False), user("jo", A, mark=False), {}),
        (user("joan", A, OTHER_NUMBER, mark=False), user("jo", A, NUMBER, mark=False), {"-jo": "1"}),
    ],
)
def test_the_name_of_a_leaver_goes_to_a_new_key_only_with_evidence(
    head: DesiredUser, base: DesiredUser, expected: dict[str, str]
) -> None:
    """With it the new key is adopted, and the `was:` to write is named."""
    mark = base.attributes["externalId"]
    links = link([head], [record(1, A, "jo" if mark else None)], [base])

    assert expected == linked(links)
    code = "renamed_key" if "joan" in expected else "leaver_holds"
    assert [code] == codes(links)
    assert "`was: jo` under joan" in str(problem_of(links, code).hint)
    assert (set() if expected else {"id-1"}) == links.users.contested
    assert ({} if code == "renamed_key" else {user_key("joan"): code}) == links.users.doubts


@pytest.mark.parametrize(
    ("base", "live", "other"),
    [
        ([user("jo", A, NUMBER)], [record(1, A, "jo")], "user/jo and 1"),
        ([user("jo", A, NUMBER)], [], "user/jo"),
        ([], [record(1, A, "x", NUMBER)], "1"),
    ],
)
def test_nothing_is_created_with_the_number_of_somebody_else(
    base: list[DesiredUser], live: list[LiveUser], other: str
) -> None:
    """A marriage changes key and userName at once. The user with the number does not lose access either."""
    links = link([user("joan", B, NUMBER)], [replace(one, attributes={**one.attributes}) for one in live], base)

    assert ["looks_like"] == codes(links)
    assert {} == linked(links)
    assert {one.id for one in live} == links.users.contested
    assert all(word in problem_of(links, "looks_like").message for word in other.split(" and "))
    assert ("`was: jo` under joan" in str(problem_of(links, "looks_like").hint)) is bool(base)


@pytest.mark.parametrize(
    "head",
    [
        [user("joan", B, NUMBER), user("kim", C, NUMBER)],
        [user("joan", B), user("kim", C)],
    ],
)
def test_a_number_that_several_people_have_is_no_evidence(head: list[DesiredUser]) -> None:
    """Such as `0` for all contractors."""
    links = link(head, [record(1, A, "x", NUMBER)])

    assert [] == codes(links)


@pytest.mark.parametrize(
    ("head", "base", "applied", "expected"),
    [
        (user("ana", B, mark=False), user("ana", A, mark=False), True, ["lost"]),
        (user("ana", B, mark=False), user("ana", A, mark=False), False, []),
        (user("ana", B), user("ana", A, mark=False), True, []),
        (user("ana", B, mark=False), user("ana", A), True, []),
        (user("ana", B, mark=False), replace(user("ana", A, mark=False), in_scope=False), True, []),
        (replace(user("ana", B, mark=False), in_scope=False), user("ana", A, mark=False), True, []),
    ],
)
def test_a_user_who_had_names_alone_and_is_not_found_is_not_created_again(
    head: DesiredUser,
    base: DesiredUser,
    applied: bool,  # noqa: FBT001  # a row of a table
    expected: list[str],
) -> None:
    """A complete apply had them, so they are there under a name that git does not know."""
    earlier = Earlier(base=desired_state(base), base_applied=applied)
    links = link_account(desired_state(head), earlier, live_state(record(1, "zoe")))

    assert expected == codes(links)
    assert bool(expected) is (user_key("ana") in links.users.unclear)


@pytest.mark.parametrize(
    ("git", "account", "expected"),
    [
        ("ann@x.org", "ann@x.org ", "same_but_for_form"),
        ("zoë@x.org", "zoe\u0308@x.org", "same_but_for_form"),
        ("ann@x.org", "a\u200bnn@x.org", "same_but_for_form"),
        ("ann@x.org", "ann\ufe0f@x.org", "same_but_for_form"),
        ("straße@x.org", "strasse@x.org", "look_alike"),
        ("zoe@x.org", "zoë@x.org", "look_alike"),
        ("kim@x.org", "k\u0131m@x.org", "look_alike"),
        ("\uff41nn@x.org", "ann@x.org", "look_alike"),
        ("ann@x.org", "bob@x.org", ""),
    ],
)
def test_names_that_differ_in_form_or_only_to_the_eye(git: str, account: str, expected: str) -> None:
    """No create where the difference can't be seen; a warning where the service decides."""
    links = link([user("ana", "", {"userName": git})], [record(1, "", "x", {"userName": account})])

    assert ([expected] if expected else []) == codes(links)
    assert (expected == "same_but_for_form") is (user_key("ana") in links.users.unclear)
    if expected:
        assert ascii(account) in problem_of(links, expected).message
    hidden = link(
        [user("ana", "", {"userName": git})], [record(1, "", "x", {"userName": account})], redact=("userName",)
    )
    assert not expected or ascii(account) not in problem_of(hidden, expected).message


def test_a_name_that_looks_like_that_of_a_linked_user_is_created() -> None:
    """The other user is somebody whom git declares."""
    links = link([user("ana", A), user("bo", "ä")], [record(1, A, "ana")])

    assert ({"ana": "1"}, ["look_alike"]) == (linked(links), codes(links))


@pytest.mark.parametrize(
    ("heir", "former", "expected"),
    [
        ({}, {}, ["name_passed_on"]),
        (OTHER_NUMBER, NUMBER, []),
        (NAMES, {**NAMES, "name.familyName": "Roy"}, ["name_passed_on"]),
    ],
)
def test_a_name_that_is_passed_on_to_a_new_key_is_said(heir: Values, former: Values, expected: list[str]) -> None:
    """If both are one person, `was:` says so; evidence that contradicts says that they are not."""
    links = link([user("jo", B, former), user("joan", A, heir)], [record(1, A, "jo", former)], [user("jo", A, former)])

    assert ({"jo": "1"}, expected) == (linked(links), codes(links))
    assert (
        not expected or "if both are the same user, write `was: jo` under joan" == problem_of(links, expected[0]).hint
    )


def was(*pairs: tuple[str, str]) -> dict[str, object]:
    found: dict[Key, tuple[Key, ...]] = {}
    for key, former in pairs:
        found[user_key(key)] = (*found.get(user_key(key), ()), user_key(former))
    return {"was": found}


def test_a_changed_key_has_the_values_of_the_previous_one() -> None:
    """Also where everything else changes with it."""
    links = link([user("joan", B, mark=False)], [record(1, A, "jo")], [user("jo", A)], **was(("joan", "jo")))

    assert ({"joan": "1"}, []) == (linked(links), codes(links))


def test_a_previous_key_that_no_state_declares_is_its_externalid() -> None:
    """It counts only if the new key finds nothing."""
    renamed = was(("joan", "jo"))

    assert {"joan": "1"} == linked(link([user("joan", B)], [record(1, A, "jo")], None, **renamed))
    assert {"joan": "2"} == linked(link([user("joan", B)], [record(1, A, "jo"), record(2, B, "joan")], None, **renamed))


@pytest.mark.parametrize(
    ("head", "renamed"),
    [
        ([user("jo", A), user("joan", B)], [("joan", "jo")]),
        ([user("kim", A), user("joan", B)], [("joan", "jo"), ("kim", "jo")]),
    ],
)
def test_a_previous_key_that_can_not_be_right_leaves_both_keys_alone(
    head: list[DesiredUser], renamed: list[tuple[str, str]]
) -> None:
    """One that is declared, and one that two keys name."""
    live = [record(1, A, head[0].key.name), record(2, B, "joan"), record(3, C, "zoe")]
    links = link([*head, user("zoe", C)], live, None, **was(*renamed))

    assert ({"zoe": "3"}, ["was", "was"]) == (linked(links), codes(links))
    assert {"id-1", "id-2"} == links.users.contested


def test_a_record_with_the_externalid_of_a_previous_key_goes_to_no_other_key() -> None:
    """It may be that of the key that changed, although that one has found another."""
    head = [user("joan", B), user("ana", A, mark=False)]
    links = link(head, [record(1, A, "jo"), record(2, B, "joan")], None, **was(("joan", "jo")))

    assert {"joan": "2"} == linked(links)


def test_previous_keys_of_a_key_that_is_not_declared_have_no_effect() -> None:
    """A part of the state may be planned again without its other keys."""
    base = replace(desired_state(user("joan", B), user("ann", A)), was={user_key("joan"): (user_key("jo"),)})
    head = replace(desired_state(user("ann", A)), was={**base.was, user_key("kim"): (user_key("lou"), user_key("ann"))})
    links = link_account(head, Earlier(base=base), live_state(record(1, B, "joan"), record(2, A, "zoe")))
    wrong = link_account(replace(head, was={user_key("joan"): (user_key("ann"),)}), Earlier(base=base), live_state())

    assert ["was"] == codes(links)
    assert {user_key("ann")} == wrong.users.unclear


def test_a_previous_key_that_was_applied_is_ignored_with_a_warning() -> None:
    """The key may belong to another record by now."""
    base = replace(desired_state(user("joan", B)), was={user_key("joan"): (user_key("jo"),)})
    head = replace(desired_state(user("joan", B)), was=base.was)
    links = link_account(head, Earlier(base=base), live_state(record(1, A, "jo"), record(2, B, "joan")))

    assert ({"joan": "2"}, ["was_done"]) == (linked(links), codes(links))


def test_a_settled_record_is_linked_last_and_by_heads_values() -> None:
    """A record under `left:` goes to a key that declares it again, if no other record is found."""
    left = {"left": (Settlement(HERE, id="id-1"),)}

    assert {"jo": "1"} == linked(link([user("jo", A)], [record(1, A, "jo")], [user("jo", B)], **left))
    assert {"jo": "2"} == linked(link([user("jo", A)], [record(1, A, "jo"), record(2, A)], [user("jo", A)], **left))
    assert {"-jo": "1"} == linked(link([], [record(1, A, "jo")], [user("jo", A)], **left))


def test_doubts_about_keys_outside_the_selection_are_not_decided() -> None:
    """Their records are not read, so nothing is missing."""
    selection = Selection(frozenset({user_key("bo")}))
    links = link([user("ana", A, mark=False)], [], [user("ana", A, mark=False)], selection=selection)

    assert ([], set()) == (codes(links), links.users.unclear)


def test_groups_are_linked_like_users() -> None:
    """A leaver's name is not taken over, a chain comes apart, and a lost group is not created again."""

    def group(name: str, title: str, *, mark: bool = True) -> DesiredGroup:
        return desired_group(name, None, {"displayName": title, **({} if mark else {"externalId": None})})

    def state(*groups: DesiredGroup) -> DesiredState:
        return desired_state(*groups)

    live = [
        live_group("1", [], {"externalId": "ops", "displayName": "Ops"}),
        live_group("2", [], {"externalId": None, "displayName": "Desk"}),
        live_group("3", [], {"externalId": None, "displayName": "Dev"}),
    ]
    base = state(group("ops", "Ops"), group("desk", "Desk", mark=False), group("dev", "Dev", mark=False))
    gone = state(group("hr", "Gone", mark=False))
    head = state(group("team", "Ops"), group("desk", "Dev", mark=False), group("dev", "New", mark=False))
    links = link_account(head, Earlier(base=base), live_state(*live))
    lost = link_account(gone, Earlier(base=gone), live_state())

    assert {group_key("desk"): "id-2", group_key("dev"): "id-3"} == {
        key: one.id for key, one in links.groups.live_of.items()
    }
    assert {group_key("ops"): "id-1"} == {key: one.id for key, one in links.former_groups.live_of.items()}
    assert ["leaver_holds"] == [problem.code for problem in links.groups.problems]
    assert ["lost"] == [problem.code for problem in lost.groups.problems]
    assert [*links.groups.problems] == [*links.groups.reasons(group_key("team"))]
    assert "active: false" not in str(next(iter(links.groups.problems)).hint)


@pytest.mark.parametrize("moves", [0, 1])
def test_linking_is_linear_in_the_number_of_users(moves: int) -> None:
    """Counted in calls: everybody stays, or each gets the name of the next, which is one long chain."""

    def calls(size: int) -> int:
        head = [user(f"u{number}", f"n{number + moves}", mark=False) for number in range(size)]
        base = [user(f"u{number}", f"n{number}", mark=False) for number in range(size)]
        live = [record(number, f"n{number}") for number in range(size)]
        made = 0

        def count_call(_frame: object, event: str, _argument: object) -> None:
            nonlocal made
            made += event == "call"

        before = sys.getprofile()
        sys.setprofile(count_call)
        try:
            found = link(head, live, base)
        finally:
            sys.setprofile(before)
        assert size == len(found.users.live_of)
        return made

    assert calls(400) < 2.1 * calls(200)


NEW = user("jo", A, {"employeeNumber": "1"}, mark=False)
UNPROVEN: dict[str, Earlier] = {
    "an apply after the last complete one, which left it out": Earlier(
        base=desired_state(), front=(desired_state(NEW),)
    ),
    "a base that was merged and not applied": Earlier(
        base=desired_state(NEW), applied=desired_state(), base_applied=False
    ),
    "a base, and no apply on record": Earlier(base=desired_state(NEW), base_applied=False),
}


@pytest.mark.parametrize("earlier", UNPROVEN.values(), ids=UNPROVEN)
@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (record(1, A, None, {"employeeNumber": "2"}), "another_person"),
        (replace(record(1, A), active=False), "inactive_holder"),
    ],
)
def test_a_doubt_stays_until_a_complete_apply_covers_the_declaration(
    earlier: Earlier, live: LiveUser, expected: str
) -> None:
    """Else the second apply would overwrite the record that the first one left alone."""
    links = link_account(desired_state(NEW), earlier, live_state(live))
    proven = link_account(desired_state(NEW), Earlier(base=desired_state(NEW)), live_state(live))

    assert ({}, [expected]) == (linked(links), codes(links))
    assert {"jo": "1"} == linked(proven)


def test_what_an_apply_left_out_is_no_value_of_a_key() -> None:
    """An exchange that was refused, and is reverted: nobody claims two records."""
    before = [user("bo", B, mark=False), user("cy", C, mark=False)]
    exchanged = desired_state(user("bo", C, mark=False), user("cy", B, mark=False))
    earlier = Earlier(base=desired_state(*before), front=(exchanged,))
    live = live_state(record(1, B), record(2, C))
    left_out = replace(earlier, reached=(desired_state(),))

    assert ["claimed_twice"] == codes(link_account(desired_state(*before), earlier, live))
    assert {"bo": "1", "cy": "2"} == linked(link_account(desired_state(*before), left_out, live))
    renamed = replace(desired_state(user("bob", B, mark=False), before[1]), was={user_key("bob"): (user_key("bo"),)})
    assert {"bob": "1", "cy": "2"} == linked(link_account(renamed, left_out, live))


@pytest.mark.parametrize(("number", "expected"), [("1", ["looks_like"]), ("3", [])])
def test_a_name_that_another_record_got_by_hand_is_no_proof(number: str, expected: list[str]) -> None:
    """If the own record still has the number; a number that was changed by hand is drift."""
    live = [record(1, A, None, {"employeeNumber": "2"}), record(2, C, None, {"employeeNumber": number})]
    links = link([NEW], live, [NEW])

    assert expected == codes(links)
    assert ({} if expected else {"jo": "1"}) == linked(links)
