"""What stays open after an apply, and covers an effect of the next; nothing that is over does."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from reconciler.core.approval.atoms import Atom, atoms_of, hash_atom
from reconciler.core.approval.carried import find_last_ends, keep_open, list_open, mark_carried_on, open_after
from reconciler.core.approval.coverage import Approval, Pending
from reconciler.core.approval.sources import ApprovalOrigin, CoveringApproval, InForce, cause_is_drift, gather_approved
from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.plan import (
    AddMembers,
    AttributeChange,
    Change,
    Cost,
    CreateUser,
    DeactivateUser,
    GrantRoles,
    Plan,
    ReactivateUser,
    ReadSummary,
    RemoveMembers,
    RevokeRoles,
    UpdateUser,
)
from reconciler.core.changes.undone import Undone
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.model.resources import DesiredUser, Key
from reconciler.core.model.states import DesiredState, LiveState
from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import ApplyRecord, Covers, OpenAtom, RecordEntry
from reconciler.errors import Source
from tests.core.examples import live_state, live_user

TODAY = date(2026, 1, 20)
ATOM = Atom("user/ann", "a", ("attribute", "title"), '"Clerk"', '"Chief"', "Clerk")
ADDED = AddMembers(key="group/g", target_id="g", members=("user/new",))
ORIGIN = ApprovalOrigin(3, "2026-01-10")


def declares(title: str, *, in_scope: bool = True) -> DesiredState:
    key = Key("user", "ann")
    return DesiredState("qa", {key: DesiredUser(key, Source("a", 1), {"title": title}, in_scope, "")}, {})


def created_with(**values: str) -> Earlier:
    """A state whose values are written at a creation only."""
    key = Key("user", "ann")
    user = DesiredUser(key, Source("a", 1), {}, in_scope=True, reason="", on_create=values)
    return Earlier(DesiredState("qa", {key: user}, {}))


def opened(atom: Atom, serial: int = 3, day: str = "2026-01-10") -> list[tuple[str, OpenAtom]]:
    pending = Pending(atom, (CoveringApproval(atom, ApprovalOrigin(serial, day)),), None)
    left = open_after(Approval((), (), (pending,)), (), "salt", 9)
    assert left != "all"
    return [("salt", one) for one in left]


@pytest.mark.parametrize(
    ("approved", "applied", "expected"),
    [
        (ATOM, [], True),
        (replace(ATOM, before='"Intern"'), [], False),
        (replace(ATOM, before='"Intern"'), [(4, declares("Clerk"))], True),
        (replace(ATOM, before='"Intern"'), [(3, declares("Clerk"))], False),
        (replace(ATOM, before='"Intern"'), [(4, declares("Other"))], False),
        (replace(ATOM, before='"Intern"'), [(4, declares("Clerk", in_scope=False))], False),
        (replace(ATOM, before='"Intern"'), [(4, DesiredState("qa", {}, {}))], False),
        (replace(ATOM, record="new"), [], False),
        (replace(ATOM, record="new"), [(4, declares("Other"))], True),
        (replace(ATOM, record="new", before="null"), [(4, declares("Other"))], False),
        (replace(ATOM, record="new", before="null"), [(4, declares("Clerk"))], True),
        (replace(ATOM, record="b"), [(4, declares("Clerk"))], False),
        (replace(ATOM, after='"Queen"'), [(4, declares("Clerk"))], False),
    ],
)
def test_an_open_atom_covers_what_equals_it_or_what_our_applies_moved(
    approved: Atom,
    applied: list[tuple[int, DesiredState]],
    expected: bool,  # noqa: FBT001
) -> None:
    """By its hashes alone."""
    force = InForce(TODAY, open=opened(approved), applied=applied)

    assert expected is bool(gather_approved([], force).covers(ATOM))


def test_an_open_atom_is_over_after_14_days() -> None:
    """Since the day of its plan, however often it is carried on."""
    for days, expected in ((14, True), (15, False)):
        force = InForce(date(2026, 1, 10) + timedelta(days), open=opened(ATOM))
        assert expected is bool(gather_approved([], force).covers(ATOM))


def test_only_an_attribute_has_a_value_that_our_applies_can_have_moved() -> None:
    """A role or a member is there or not."""
    role = Atom("user/ann", "a", ("role", "auditor"), "false", "true")
    force = InForce(TODAY, open=opened(replace(role, before="null")), applied=[(4, declares("Clerk"))])

    assert () == gather_approved([], force).covers(role)
    assert () == gather_approved([], force).covers(replace(role, key="odd"))


def outcome(change: Change, status: str) -> Outcome:
    return Outcome.model_validate({"change": change, "status": status})


def test_what_was_applied_is_no_longer_open() -> None:
    """What failed is; so is a member of a group who could not be created."""
    [add] = [Atom("group/g", "g", ("member", "user/new"), "false", "true")]
    pending = Pending(add, (CoveringApproval(add, ApprovalOrigin(None, "2026-01-10")),), ADDED.id)
    approval = Approval((ADDED,), (), (pending,))
    create = CreateUser(key="user/new")

    assert () == open_after(approval, [outcome(ADDED, "applied"), outcome(create, "applied")], "s", 9)
    for statuses in (("failed", "applied"), ("applied", "failed")):
        left = open_after(approval, [outcome(ADDED, statuses[0]), outcome(create, statuses[1])], "s", 9)
        assert left != "all"
        assert [(hash_atom("s", add)[0], 9, "2026-01-10")] == [(one.effect, one.serial, one.date) for one in left]
    assert "skipped" == outcome(DeactivateUser(key="user/x", target_id="x"), "skipped").status


BOSS = AttributeChange(path="manager", before=None, after="user/boss")
TITLE = AttributeChange(path="title", before=None, after="Chief")
HIRED = CreateUser(key="user/new", attributes=(BOSS, TITLE), roles=("auditor",))


@pytest.mark.parametrize(
    ("change", "undone", "left"),
    [
        (HIRED, [("manager", "", "waits")], {("attribute", "manager")}),
        (
            HIRED,
            [("title", "", "refused"), ("roles", "auditor", "changed")],
            {("attribute", "title"), ("role", "auditor")},
        ),
        (ADDED, [("members", "user/new", "refused")], {("member", "user/new")}),
        (
            ReactivateUser(key="user/new", target_id="n", attributes=(TITLE,)),
            [("active", "", "changed")],
            {("active",)},
        ),
    ],
)
def test_of_a_change_that_was_done_in_part_the_undone_parts_stay_open(
    change: Change, undone: list[tuple[str, str, str]], left: set[tuple[str, ...]]
) -> None:
    """A manager who waits, an attribute that was refused: nothing else of the change would run again."""
    pending = tuple(Pending(atom, (CoveringApproval(atom, ORIGIN),), change.id) for atom in atoms_of(change))
    parts = tuple(Undone.model_validate({"path": path, "of": of, "why": why}) for path, of, why in undone)
    status = "applied" if undone[0][2] == "waits" else "failed"

    found = open_after(Approval((change,), (), pending), [Outcome(change=change, status=status, undone=parts)], "s", 9)  # type: ignore[arg-type]  # one of both

    assert found != "all"
    assert {hash_atom("s", one.atom)[0] for one in pending if one.atom.path in left} == {one.effect for one in found}


def test_above_1000_all_are_open() -> None:
    """The plans that were in force then stay so."""
    pending = tuple(
        Pending(one, (CoveringApproval(one, ORIGIN),), None)
        for one in (Atom(f"user/{number}", "new", ("exists",), "false", "true") for number in range(1_001))
    )

    assert "all" == open_after(Approval((), (), pending), (), "s", 9)
    assert 1_000 == len(open_after(Approval((), (), pending[1:]), (), "s", 9))


def entry(name: str, *parents: str, serial: int = 1, **fields: object) -> RecordEntry:
    known = {
        "serial": serial,
        "state": "ended",
        "commit": "c",
        "tree": None,
        "folder": "d",
        "run": "r",
        "at": "2026-01-10T00:00:00Z",
        "as_of": "2026-01-10",
        "salt": name,
        "covers": Covers(kind="all"),
    }
    return RecordEntry(name, parents, ApplyRecord.model_validate({**known, **fields}))


def test_what_the_last_ends_left_open_is_in_force() -> None:
    """Of each line of the record; a begin and an end that left all open are passed over."""
    [(_salt, one)] = opened(ATOM)
    history = ApplyHistory(
        (
            entry("a", open=(one,)),
            entry("b", "a", "elsewhere", serial=2, state="begun"),
            entry("c", "a", "a", serial=3, open=(one, one)),
            entry("d", "c", serial=4, open="all"),
            entry("e", "d", serial=5, state="begun"),
            entry("f", "c", serial=5, state="begun"),
        )
    )

    assert ["c"] == [found.id for found in find_last_ends(history)]
    assert [("c", one), ("c", one)] == list(list_open(history))
    assert [] == list(list_open(ApplyHistory()))


TITLES = (AttributeChange(path="title", before="x", after="y"), AttributeChange(path="nickName", before="x", after="z"))
AGAIN = CreateUser(key="user/ann", attributes=TITLES, cause="drift")
THEN = Earlier(base=DesiredState("qa", {}, {}))


@pytest.mark.parametrize(
    ("change", "path", "base", "expected"),
    [
        (UpdateUser(key="user/ann", target_id="a", attributes=TITLES, cause="drift"), "attribute title", THEN, True),
        (UpdateUser(key="user/ann", target_id="a", attributes=TITLES), "attribute title", Earlier(declares("y")), True),
        (UpdateUser(key="user/ann", target_id="a", attributes=TITLES), "attribute title", THEN, False),
        (UpdateUser(key="odd", target_id="a", attributes=TITLES), "attribute title", Earlier(declares("y")), False),
        (UpdateUser(key="user/ann", target_id="a", adopted="userName"), "record", THEN, False),
        (CreateUser(key="user/ann", attributes=TITLES), "attribute title", THEN, False),
        (AGAIN, "attribute title", Earlier(declares("y")), True),
        (AGAIN, "attribute title", Earlier(declares("x")), False),
        (AGAIN, "exists", Earlier(declares("x")), True),
        (AGAIN, "attribute nickName", created_with(nickName="z"), True),
        (CreateUser(key="odd", attributes=TITLES, cause="drift"), "attribute title", THEN, True),
        (AddMembers(key="group/g", target_id="g", members=("user/ann",)), "member user/ann", THEN, False),
        (RemoveMembers(key="group/g", target_id="g", members=("user/ann",)), "member user/ann", THEN, False),
        (GrantRoles(key="user/ann", target_id="a", roles=("x",)), "role x", THEN, False),
        (RevokeRoles(key="user/ann", target_id="a", roles=("x",)), "role x", THEN, False),
        (ReactivateUser(key="user/ann", target_id="a"), "active", Earlier(declares("y")), True),
        (ReactivateUser(key="user/ann", target_id="a"), "active", THEN, False),
        (DeactivateUser(key="user/ann", target_id="a"), "active", THEN, False),
    ],
)
def test_each_effect_has_a_cause_of_its_own(
    change: Change,
    path: str,
    base: Earlier,
    expected: bool,  # noqa: FBT001
) -> None:
    """Drift beside what git changed in the same user is drift."""
    atom = Atom(change.key, "a", tuple(path.split()), "null", "true")

    assert expected is cause_is_drift(change, atom, base)


ROLE = Atom("user/ann", "new", ("role", "auditor"), "false", "true")
GRANT = GrantRoles(key="user/ann", target_id="31", roles=("auditor",), cause="drift")


def a_plan(change: Change) -> Plan:
    return Plan(
        tenant="qa",
        url="u",
        commit=None,
        base=None,
        as_of="2026-01-20",
        applyable=True,
        converges=True,
        read=ReadSummary(mode="full", complete=True, users=0, groups=0, requests=0),
        cost=Cost(requests=0, seconds=0),
        changes=(change,),
    )


def linked_account(person: str | None = "31") -> LiveState:
    return live_state(replace(live_user("ann"), id="u1", person=person))


@pytest.mark.parametrize(
    ("atom", "users", "expected"),
    [
        (replace(ROLE, record="u1"), {"31": "u1"}, True),
        (replace(ROLE, record="31"), {"31": "u1"}, True),
        (replace(ROLE, record="u1"), {}, False),
        (replace(ROLE, record="u9"), {"31": "u1"}, False),
        (replace(ROLE, record="u1", before="true", after="false"), {"31": "u1"}, False),
        (replace(ROLE, record="new"), {"31": "u1"}, False),
    ],
)
@pytest.mark.parametrize("hashed", [True, False])
def test_roles_approved_for_a_scim_user_cover_the_person_whom_4me_links(
    atom: Atom,
    users: dict[str, str],
    expected: bool,  # noqa: FBT001
    *,
    hashed: bool,
) -> None:
    """Which person that is, 4me decides; which user, the approval. A revocation is never covered that way."""
    fresh = replace(atom, record="31")
    if hashed:
        approved = gather_approved([], InForce(TODAY, open=opened(atom)), users)
    else:
        approved = gather_approved([], InForce(TODAY), users)
        approved.seen[atom.key, atom.path, atom.after].append(CoveringApproval(atom, ORIGIN))

    assert expected is bool(approved.covers(fresh))


@pytest.mark.parametrize(
    ("record", "change", "cause"),
    [
        ("new", GRANT, "merged"),
        ("u1", GRANT, "merged"),
        ("31", GRANT, "merged"),
        ("u9", GRANT, "drift"),
        ("new", GRANT.model_copy(update={"cause": "this_change"}), "this_change"),
        ("new", GrantRoles(key="user/ann", target_id="31", roles=("specialist",), cause="drift"), "drift"),
        ("new", RevokeRoles(key="user/ann", target_id="31", roles=("auditor",), cause="drift"), "drift"),
        ("new", GrantRoles(key="user/ann", roles=("auditor",), cause="drift", awaits_person=True), "merged"),
    ],
)
def test_roles_that_an_apply_left_open_are_pending_and_no_drift(record: str, change: Change, cause: str) -> None:
    """Whatever the record was when they were approved: nobody, the SCIM user, the person."""
    plan = a_plan(change)
    marked = mark_carried_on(plan, opened(replace(ROLE, record=record)), linked_account())

    assert [cause] == [one.cause for one in marked.changes]
    assert (plan.digest, plan.changes[0].id) == (marked.digest, marked.changes[0].id)
    assert plan == mark_carried_on(plan, [], linked_account())


def test_a_recovery_gives_up_what_was_open() -> None:
    """As its text says; what an apply after it leaves open is in force again."""
    [(_salt, one)] = opened(ATOM)
    before = entry("a", open=(one,))
    recovered = entry("b", "a", serial=2, state="recovered")
    after = entry("c", "b", serial=3, open=(one,))

    assert [] == list(list_open(ApplyHistory((before, recovered))))
    assert [("c", one)] == list(list_open(ApplyHistory((before, recovered, after))))


def test_an_apply_of_some_keys_keeps_what_was_open_of_the_others() -> None:
    """What it did is over, also if the value before was another one, or the approval was of a new user."""
    bob = replace(ATOM, key="user/bob", record="b")
    new = replace(ATOM, key="user/cid", record="new")
    [(_salt, of_ann)], [(_other, of_bob)], [(_third, of_cid)] = opened(ATOM), opened(bob), opened(new)
    before = [("salt", of_ann), ("salt", of_bob), ("salt", of_cid), ("another", of_bob)]
    title = AttributeChange(path="title", before="by hand", after="Chief")
    done = [
        UpdateUser(key="user/ann", target_id="a", attributes=(title,)),
        UpdateUser(key="user/cid", target_id="c", attributes=(title,)),
    ]

    assert (of_bob,) == keep_open(before, (), done, "salt")
    assert {of_ann, of_bob} == set(keep_open(before, (of_ann,), done, "salt"))
    assert "all" == keep_open(before, "all", done, "salt")
    many = [("salt", of_bob.model_copy(update={"effect": f"{number:016x}"})) for number in range(1_001)]
    assert "all" == keep_open(many, (), (), "salt")
    assert 1_000 == len(keep_open(many[1:], (), (), "salt"))
