"""What a stored plan shows of the next apply: redacted values, roles of people linked since, no value in the clear."""

from __future__ import annotations

from datetime import date

import pytest

from reconciler.core.approval.coverage import Approval
from reconciler.core.approval.foreseen import foresee
from reconciler.core.approval.sources import InForce
from reconciler.core.changes.plan import (
    AttributeChange,
    Change,
    Cost,
    GrantRoles,
    Plan,
    ReadSummary,
    RemoveMembers,
    UpdateUser,
    plan_to_json,
)
from reconciler.core.changes.plan_notes import RecordNote
from reconciler.core.changes.redact import readable_plan, redact_plan
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.redaction import Redaction
from reconciler.core.model.resources import DesiredUser, Key
from reconciler.core.model.states import DesiredState
from reconciler.errors import Source

TODAY = date(2026, 1, 20)
ANN = Key("user", "ann")
REDACTION = Redaction(("phone",), b"a key")


def declares(phone: str, title: str = "Clerk", roles: frozenset[str] = frozenset({"auditor"})) -> DesiredState:
    user = DesiredUser(ANN, Source("a.yaml", 1), {"phone": phone, "title": title}, True, "", roles)  # noqa: FBT003
    return DesiredState("qa", {ANN: user}, {})


def plan(*changes: Change) -> Plan:
    return Plan(
        tenant="qa",
        url="https://qa.example.com",
        commit="c" * 40,
        base=None,
        as_of="2026-01-20",
        applyable=True,
        converges=True,
        read=ReadSummary(mode="full", complete=True, users=1, groups=0, requests=1),
        cost=Cost(requests=1, seconds=0),
        changes=changes,
        record=RecordNote(serial=1, made_on="2026-01-19"),
    )


def stored(made: Plan) -> Plan:
    """The plan as a file has it."""
    return Plan.model_validate_json(plan_to_json(readable_plan(redact_plan(made, REDACTION, ()))))


def update(**values: tuple[str, str]) -> UpdateUser:
    attributes = tuple(AttributeChange(path=path, before=old, after=new) for path, (old, new) in values.items())
    return UpdateUser(key="user/ann", target_id="a", attributes=attributes)


def look(fresh: Plan, state: DesiredState, before: DesiredState | None, *approved: Plan) -> Approval:
    return foresee(fresh, state, approved, InForce(TODAY, earlier=Earlier(base=before)))


def statuses(approval: Approval) -> list[str]:
    return [one.status for one in approval.not_run]


PHONE = update(phone=("0301 hand", "0302 new"), title=("Boss", "Chief"))


@pytest.mark.parametrize(
    ("phone", "title", "expected"),
    [
        ("0302 new", "Chief", ["left"]),
        ("0302 new", "Clerk", ["left", "refused"]),
        ("0301 old", "Chief", ["left", "refused"]),
        ("0301 old", "Clerk", ["refused"]),
        (None, None, ["refused"]),
    ],
)
def test_a_redacted_value_that_git_had_before_is_drift(
    phone: str | None, title: str | None, expected: list[str]
) -> None:
    """As in an apply, which knows the value; the outcome shows the fingerprint only."""
    before = declares(phone, str(title)) if phone else None
    fresh = stored(plan(PHONE))

    approval = look(fresh, declares("0302 new", "Chief"), before)

    assert expected == sorted(set(statuses(approval)))
    assert "030" not in str(approval)
    assert sum(len(one.change.attributes) for one in approval.not_run) == 2


def test_a_redacted_value_that_reviewers_saw_runs() -> None:
    """Also where git no longer declares the user or the attribute, so that its value is not known."""
    fresh = stored(plan(PHONE))

    for state in (declares("0302 new", "Chief"), DesiredState("qa", {}, {})):
        approval = look(fresh, state, declares("0301 old"), fresh)

        assert (fresh.changes, ()) == (approval.to_run, approval.not_run)
        assert str(PHONE.attributes[0].after) not in str(approval)


GRANT = GrantRoles(key="user/ann", target_id="person", roles=("auditor",))
AWAITED = GrantRoles(key="user/ann", target_id="a", roles=("auditor",), awaits_person=True)


@pytest.mark.parametrize(
    ("others", "approved", "expected"),
    [
        ([], [AWAITED], []),
        ([], [], ["refused"]),
        ([], [AWAITED.model_copy(update={"key": "user/bob", "id": ""})], ["refused"]),
        ([], [AWAITED.model_copy(update={"target_id": None})], ["refused"]),
        ([update(title=("Clerk", "Chief"))], [AWAITED, update(title=("Clerk", "Chief"))], []),
        (
            [update(title=("Clerk", "Chief")).model_copy(update={"target_id": "another"})],
            [AWAITED],
            ["refused", "refused"],
        ),
    ],
)
def test_a_role_goes_to_the_person_whom_4me_linked_since(
    others: list[Change], approved: list[Change], expected: list[str]
) -> None:
    """The reviewers saw the SCIM user; unless the key is of another user now."""
    again = [type(one).model_validate({**one.model_dump(), "id": ""}) for one in (*others, *approved)]
    now, seen = again[: len(others)], again[len(others) :]

    approval = look(
        plan(GRANT, *now), declares("", roles=frozenset({"auditor"})), declares("", roles=frozenset()), plan(*seen)
    )

    assert expected == statuses(approval)


def test_what_a_removed_group_loses_is_no_drift() -> None:
    gone = RemoveMembers(key="group/g", target_id="g", members=("user/ann",))

    assert ["refused"] == statuses(look(plan(gone), declares(""), declares("")))
