"""What is said of an approved effect that the fresh plan does not have."""

from __future__ import annotations

import pytest

from reconciler.core.approval.atoms import Atom
from reconciler.core.approval.unplanned import AccountNow, is_held, judge_unplanned
from reconciler.core.changes.plan import Cost, Plan, ReadSummary, Skipped
from reconciler.core.changes.plan_notes import NamedResource
from reconciler.core.model.resources import Attributes, DesiredGroup, DesiredUser, Key, LiveGroup, LiveUser
from reconciler.core.model.states import Certificate, DesiredState, LiveState, Selection, Settlement
from reconciler.core.planner.planner import Decisions
from reconciler.errors import Source

HERE = Source("people.yaml", 1)
ANN, BOB, CID, STAFF, OPEN = (
    Key("user", "ann"),
    Key("user", "bob"),
    Key("user", "cid"),
    Key("group", "staff"),
    Key("group", "open"),
)
ATTRIBUTES: Attributes = {"title": "Chief", "manager": "user/bob", "nickName": None}
DESIRED = DesiredState(
    "qa",
    users={
        ANN: DesiredUser(
            ANN, HERE, ATTRIBUTES, in_scope=True, reason="", roles=frozenset({"auditor"}), on_create={"locale": "en"}
        ),
        BOB: DesiredUser(BOB, HERE, {}, in_scope=True, reason=""),
        CID: DesiredUser(CID, HERE, {"title": "x"}, in_scope=False, reason=""),
        Key("user", "new"): DesiredUser(Key("user", "new"), HERE, {"title": "x"}, in_scope=True, reason=""),
    },
    groups={
        STAFF: DesiredGroup(STAFF, HERE, {}, frozenset({ANN, CID}), authoritative=True, in_scope=True, reason=""),
        OPEN: DesiredGroup(OPEN, HERE, {}, None, authoritative=False, in_scope=True, reason=""),
    },
    released=(Settlement(HERE, key=Key("user", "rel")), Settlement(HERE, id="r2")),
)
LIVE = LiveState(
    (
        LiveUser("a", {"title": "Chief", "manager": "b", "locale": "de"}, active=True, roles=frozenset({"auditor"})),
        LiveUser("b", {"manager": "x"}, active=False, person="p"),
        LiveUser("c", {}, active=True),
        LiveUser("d", {}, active=False),
    ),
    (LiveGroup("g", {}, frozenset({"a"})), LiveGroup("o", {}, frozenset({"x"}))),
    Certificate("full", 3, 2, 1),
)
IDS = {"user/ann": "a", "user/bob": "b", "group/staff": "g", "group/open": "o", "user/gone": "d"}


def account(
    desired: DesiredState = DESIRED, skipped: tuple[Skipped, ...] = (), named: tuple[NamedResource, ...] = ()
) -> AccountNow:
    plan = Plan(
        tenant="qa",
        url="sandbox",
        commit=None,
        base=None,
        as_of="2026-01-01",
        applyable=True,
        converges=True,
        read=ReadSummary(mode="full", complete=True, users=0, groups=0, requests=0),
        cost=Cost(requests=0, seconds=0),
        changes=(),
        skipped=skipped,
        named=named,
    )
    return AccountNow(plan, desired, LIVE, Decisions((), (), (), (), IDS, frozenset({"user/bob"}), frozenset({"z"})))


def atom(key: str, record: str, path: str, after: str = "true") -> Atom:
    return Atom(key, record, tuple(path.split()), "null", after)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (atom("user/ann", "a", "attribute title", '"Chief"'), "already"),
        (atom("user/ann", "a", "attribute manager", '"user/bob"'), "already"),
        (atom("user/ann", "a", "attribute nickName", "null"), "already"),
        (atom("user/ann", "a", "attribute title", '"Queen"'), "withdrawn"),
        (atom("user/ann", "a", "attribute unmanaged", '"Queen"'), "withdrawn"),
        (atom("user/ann", "new", "attribute locale", '"en"'), "skipped"),
        (atom("user/ann", "new", "exists"), "already"),
        (atom("user/ann", "a", "record", '"a"'), "already"),
        (atom("user/ann", "a", "active"), "already"),
        (atom("user/ann", "a", "role auditor"), "already"),
        (atom("user/ann", "a", "role key_contact", "false"), "already"),
        (atom("user/ann", "a", "role auditor", "false"), "withdrawn"),
        (atom("user/ann", "gone", "role auditor"), "stale"),
        (atom("user/ann", "c", "role auditor"), "stale"),
        (atom("user/cid", "c", "attribute title", '"x"'), "withdrawn"),
        (atom("user/cid", "c", "active", "false"), "skipped"),
        (atom("user/cid", "p", "role auditor", "false"), "already"),
        (atom("user/ann", "a", "active", "false"), "withdrawn"),
        (atom("user/rel", "c", "active", "false"), "withdrawn"),
        (atom("user/other", "r2", "active", "false"), "withdrawn"),
        (atom("user/gone", "d", "active", "false"), "already"),
        (atom("user/bob", "b", "exists"), "unclear"),
        (atom("user/other", "z", "active", "false"), "unclear"),
        (atom("user/new", "new", "exists"), "skipped"),
        (atom("group/staff", "g", "member user/ann"), "already"),
        (atom("group/staff", "g", "member id/a"), "already"),
        (atom("group/staff", "g", "member user/cid"), "skipped"),
        (atom("group/staff", "g", "member user/bob"), "withdrawn"),
        (atom("group/staff", "g", "member user/bob", "false"), "already"),
        (atom("group/staff", "g", "member id/x", "false"), "already"),
        (atom("group/staff", "g", "member user/nowhere", "false"), "unclear"),
        (atom("group/staff", "g", "member user/ann", "false"), "withdrawn"),
        (atom("group/open", "o", "member id/x", "false"), "withdrawn"),
        (atom("group/left", "o", "member id/x", "false"), "skipped"),
        (atom("group/left", "o", "member id/x"), "withdrawn"),
    ],
)
def test_each_effect_is_what_was_seen_of_it(one: Atom, expected: str) -> None:
    """`already` only where the live value was compared and is so."""
    assert expected == judge_unplanned(one, account())[0]


def test_who_is_named_is_unclear_and_the_line_that_settles_it_is_told() -> None:
    """By key or by id."""
    named = NamedResource(
        kind="user", id="c", name="Kai", verdict="unaccounted", key="user/kai", witnesses="…", settle="left: user/kai"
    )
    one = account(named=(named,))

    assert "unclear" == judge_unplanned(atom("user/kai", "q", "active", "false"), one)[0]
    status, why = judge_unplanned(atom("user/other", "c", "active", "false"), one)
    assert ("unclear", True) == (status, "left: user/kai" in why)


def test_what_is_left_out_says_why() -> None:
    """Where the plan says it, or looks at other keys only."""
    one = atom("user/new", "new", "exists")
    selected = DesiredState("qa", DESIRED.users, DESIRED.groups, selection=Selection(frozenset({ANN})))

    assert "(waits)" in judge_unplanned(one, account(skipped=(Skipped(key="user/new", reason="waits"),)))[1]
    assert "limited to other keys" in judge_unplanned(one, account(selected))[1]


@pytest.mark.parametrize(
    ("key", "record", "path", "after", "held"),
    [
        ("user/ann", "a", "attribute title", '"Chief"', True),
        ("user/ann", "a", "attribute title", '"Queen"', False),
        ("user/ann", "new", "attribute title", '"Chief"', True),
        ("user/ann", "gone", "attribute title", '"Chief"', False),
        ("user/dan", "new", "attribute title", '"Chief"', False),
        ("user/ann", "a", "attribute manager", '"user/bob"', True),
        ("user/bob", "b", "attribute manager", '"id/x"', True),
        ("user/ann", "a", "attribute nickName", "null", False),
        ("user/ann", "a", "role auditor", "true", True),
        ("user/ann", "a", "role auditor", "false", False),
        ("group/staff", "g", "member user/ann", "true", True),
        ("group/staff", "g", "member user/bob", "true", False),
        ("user/ann", "a", "active", "true", False),
    ],
)
def test_what_git_took_back_may_be_in_the_account(
    key: str,
    record: str,
    path: str,
    after: str,
    held: bool,  # noqa: FBT001
) -> None:
    """Compared with the approved value, for git declares none."""
    before = "false" if after == "true" else "true"

    assert held is is_held(Atom(key, record, tuple(path.split()), before, after), account())
