"""What an answer means for each change of a step."""

from __future__ import annotations

import pytest

from reconciler.apply.answers import judge_answer
from reconciler.core.changes.plan import (
    AddMembers,
    AttributeChange,
    Change,
    DeactivateUser,
    GrantRoles,
    RemoveMembers,
    RevokeRoles,
    UpdateUser,
)
from reconciler.core.model.messages import JsonObject, Response
from reconciler.core.planner.steps import Step
from reconciler.core.scim.wire import NotScim

TITLE = AttributeChange(path="title", before=None, after="Chief")
UPDATE = UpdateUser(key="user/ann", target_id="u1", attributes=(TITLE,))
GRANT = GrantRoles(key="user/ann", target_id="u1", roles=("specialist",))
REVOKE = RevokeRoles(key="user/ann", target_id="u1", roles=("auditor",), held=("auditor",))
DEACTIVATE = DeactivateUser(key="user/ann", target_id="u1")
ADD = AddMembers(key="group/staff", target_id="g1", members=("user/ann",))
REMOVE = RemoveMembers(key="group/staff", target_id="g1", members=("user/bob",))
IDS = {"user/ann": "u1", "user/bob": "u2", "group/staff": "g1"}


def judged(answer: Response, *changes: Change) -> list[str]:
    answered = judge_answer(Step(changes[0].key, changes), IDS, answer)
    return [answered.of(change).status for change in changes]


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"title": "Chief", "roles": [{"value": "specialist"}]}, ["applied", "applied", "applied"]),
        ({"title": "chief", "roles": [{"value": "specialist"}]}, ["failed", "applied", "applied"]),
        ({"roles": [{"value": "specialist"}]}, ["failed", "applied", "applied"]),
        ({"title": "Chief", "roles": [{"value": "account_owner"}, {"value": "specialist"}]}, ["applied"] * 3),
    ],
)
def test_each_change_of_a_step_is_judged_on_its_own(resource: JsonObject, expected: list[str]) -> None:
    """One request carried them; the answer says which of them were taken."""
    assert expected == judged(Response(200, {"id": "u1", **resource}), UPDATE, GRANT, REVOKE)


def test_of_roles_the_grant_and_the_revocation_are_told_apart() -> None:
    """A service that merges sets adds the one and keeps the other: what was granted is there."""
    merged = {"id": "u1", "title": "Chief", "roles": [{"value": "specialist"}, {"value": "auditor"}]}

    assert ["applied", "failed"] == judged(Response(200, merged), GRANT, REVOKE)


def test_of_members_the_addition_and_the_removal_are_told_apart() -> None:
    """A service that merges arrays adds the one and keeps the other (SERVERS): only the removal was not taken."""
    merged = {"id": "g1", "displayName": "Staff", "members": [{"value": "u1"}, {"value": "u2"}]}

    assert ["applied", "failed"] == judged(Response(200, merged), ADD, REMOVE)


@pytest.mark.parametrize(("active", "expected"), [(False, "applied"), ("False", "applied"), (True, "failed")])
def test_who_is_still_active_was_not_deactivated(active: object, expected: str) -> None:
    """Some services answer booleans as text."""
    assert [expected] == judged(Response(200, {"id": "u1", "active": active}), DEACTIVATE)


def test_an_answer_that_leaves_active_out_does_not_prove_a_deactivation() -> None:
    """Left out is true, RFC 7643 section 4.1.1."""
    assert ["failed"] == judged(Response(200, {"id": "u1"}), DEACTIVATE)


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_gone_is_stale(status: int) -> None:
    """Nothing failed: the plan is older than the account."""
    assert ["stale"] == judged(Response(status, {"detail": "gone"}), UPDATE)


@pytest.mark.parametrize("status", [400, 403, 409, 412, 422, 429, 500, 501, 503])
def test_what_is_refused_failed_with_what_the_service_said(status: int) -> None:
    """4me's own shape of errors included."""
    refused = Response(status, {"message": "Validation failed", "errors": [["title", "is too long"]]})

    outcome = judge_answer(Step("user/ann", (UPDATE,)), IDS, refused).of(UPDATE)

    assert "failed" == outcome.status
    assert outcome.detail.startswith(f"refused: {status} Validation failed")


def test_which_field_was_refused_is_told_too() -> None:
    """4me: 422 with a message and `errors`, a list of fields and texts. The message alone helps nobody."""
    refused = Response(422, {"message": "Validation failed", "errors": [["title", "is too long"], ["site", "unknown"]]})

    detail = judge_answer(Step("user/ann", (UPDATE,)), IDS, refused).of(UPDATE).detail

    assert "title is too long" in detail
    assert "site unknown" in detail


@pytest.mark.parametrize("body", [None, [], "done", 5, {}, {"id": None}, {"title": "Chief"}], ids=str)
def test_success_without_the_resource_is_not_success(body: object) -> None:
    """It says nothing about what was done."""
    with pytest.raises(NotScim):
        judged(Response(200, body), UPDATE)


def test_the_resource_of_somebody_else_is_not_an_answer() -> None:
    """The id must be the one that was written to."""
    somebody = Response(200, {"id": "u2", "title": "Chief"})

    try:
        statuses = judged(somebody, UPDATE)
    except NotScim:
        statuses = ["failed"]
    assert ["failed"] == statuses
