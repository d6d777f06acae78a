"""Who needs evidence, and by which words git may have known them."""

from __future__ import annotations

from typing import Any

from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key, LiveGroup, LiveUser
from reconciler.core.model.states import Certificate, DesiredState, LiveState
from reconciler.core.ownership.candidates import Candidate, DeclaredMatches, find_candidates
from reconciler.errors import Source

HERE = Source("users.yaml", 1)
ANN, BOB, STAFF, OLD = Key("user", "ann"), Key("user", "bob"), Key("group", "staff"), Key("group", "old")


def person(key: Key, *, in_scope: bool = True, **attributes: Any) -> DesiredUser:
    said: dict[str, Any] = {"externalId": key.name} | attributes
    return DesiredUser(key, HERE, said, in_scope, "any")


def team(key: Key, *, in_scope: bool = True) -> DesiredGroup:
    return DesiredGroup(
        key, HERE, {"displayName": key.name.title()}, None, authoritative=True, in_scope=in_scope, reason=""
    )


def found(desired: DesiredState, *live: LiveUser | LiveGroup, **linked: Any) -> tuple[Candidate, ...]:
    account = LiveState(
        tuple(one for one in live if isinstance(one, LiveUser)),
        tuple(one for one in live if isinstance(one, LiveGroup)),
        Certificate("full", 1, 1, 1),
    )
    return find_candidates(desired, linked.get("users", {}), linked.get("groups", {}), account)


def live_user(live_id: str, *, active: bool = True, **attributes: Any) -> LiveUser:
    return LiveUser(live_id, attributes, active=active)


def test_active_users_that_git_does_not_link_need_evidence() -> None:
    """Neither do those who are not active, nor those in scope."""
    ann, bob, cid, dee = (live_user(name, active=name != "dee") for name in ("ann", "bob", "cid", "dee"))
    desired = DesiredState("any", {ANN: person(ANN), BOB: person(BOB, in_scope=False)}, {})

    candidates = found(desired, ann, bob, cid, dee, users={ANN: ann, BOB: bob})

    assert [("bob", BOB), ("cid", None)] == [(one.id, one.linked) for one in candidates]


def test_groups_that_git_does_not_link_or_has_out_of_scope_need_evidence() -> None:
    """By their names."""
    staff, old, other = (
        LiveGroup(name, {"displayName": f"Our {name}", "externalId": 3}, frozenset()) for name in "sop"
    )
    desired = DesiredState("any", {}, {STAFF: team(STAFF), OLD: team(OLD, in_scope=False)})

    candidates = found(desired, staff, old, other, groups={STAFF: staff, OLD: old})

    assert [("o", OLD, ["Our o"]), ("p", None, ["Our p"])] == [(one.id, one.linked, [*one.words]) for one in candidates]


def test_the_words_are_what_a_matching_attribute_could_hold() -> None:
    """Names stand apart: only an expression makes something of them."""
    names: dict[str, Any] = {"name.givenName": "Kai", "name.familyName": "Brand"}
    user = live_user(
        "1",
        externalId="x1",
        userName="kai.brand@example.com",
        employeeNumber="E-1",
        title="Boss",
        supportID="S7",
        displayName=" ",
        emails=[{"value": "kb@example.org"}, {"type": "work"}, "k@x", 3, {"value": 3}],
        **names,
    )

    (one,) = found(DesiredState("any", {}, {}, matching=("supportID", "displayName")), user)

    texts = {"x1", "kai.brand@example.com", "kai.brand", "E-1", "S7", "kb@example.org", "kb", "k@x", "k"}
    assert texts == one.words
    assert {"Kai", "Brand"} == one.names


def test_a_user_of_no_attributes_has_no_words() -> None:
    """And is found by no line."""
    (one,) = found(DesiredState("any", {}, {}), live_user("1", userName="@example.com", emails="none"))

    assert {"@example.com"} == one.words
    assert not one.names


def test_keys_become_words() -> None:
    """Once they are known."""
    (one,) = found(DesiredState("any", {}, {}), live_user("1", externalId="x1"))

    assert {"x1", "ann", "staff"} == one.known_as([ANN, STAFF]).words


def test_a_state_declares_a_candidate_by_any_matching_attribute() -> None:
    """External ids are compared exactly, names without case; one declaration comes once, the first attribute first."""
    state = DesiredState(
        "any",
        {ANN: person(ANN, userName="Ann@example.com"), BOB: person(BOB, userName=None)},
        {STAFF: team(STAFF)},
    )
    matches = DeclaredMatches(state)

    def keys(live: LiveUser | LiveGroup) -> list[Key]:
        (one,) = found(DesiredState("any", {}, {}), live)
        return [declared.key for declared in matches.of(one)]

    assert [ANN] == keys(live_user("1", externalId="ann", userName="ann@EXAMPLE.com"))
    assert [BOB, ANN] == keys(live_user("1", externalId="bob", userName="ann@example.com"))
    assert [] == keys(live_user("1", externalId="Ann", userName=""))
    assert [STAFF] == keys(LiveGroup("1", {"displayName": "STAFF"}, frozenset()))
    assert [] == keys(LiveGroup("1", {"displayName": "ann"}, frozenset()))
