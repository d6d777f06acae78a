"""A grant to a person that 4me linked after the plan was made: what is written, and the sentences of its outcome."""

from __future__ import annotations

import pytest

from reconciler.core.changes.plan import GrantRoles
from reconciler.core.planner.late_grant import (
    describe_kept,
    describe_own,
    describe_pending,
    describe_wait,
    is_held,
    with_held,
)
from reconciler.core.planner.steps import Step, make_roles_request, make_steps, person_of

GRANT = GrantRoles(key="user/ann", roles=("auditor", "specialist"), awaits_person=True)


def step(*held: str) -> Step:
    return with_held(Step("user/ann", (GRANT,), "permissions", "31"), held)


def test_everything_that_is_held_stays_in_the_set_that_is_written() -> None:
    """The owner, other roles, and roles that this version does not know; the change stays the one that was planned."""
    late = step("account_owner", "brand_new", "knowledge_manager")

    assert (GRANT.id, "31") == (late.changes[0].id, person_of(late))
    assert make_roles_request(late, "acme").path.endswith(
        "/people/31/permissions/acme?roles=account_owner,auditor,brand_new,knowledge_manager,specialist"
    )


@pytest.mark.parametrize(
    ("held", "nothing_to_write", "kept"),
    [
        ((), False, ""),
        (("auditor",), False, ""),
        (("auditor", "specialist"), True, ""),
        (("account_owner", "brand_new"), False, ""),
        (("specialist", "workflow_manager", "project_manager"), False, "project_manager, workflow_manager"),
        (("auditor", "specialist", "project_manager"), True, "project_manager"),
    ],
)
def test_other_roles_that_git_could_revoke_are_named(
    held: tuple[str, ...],
    nothing_to_write: bool,  # noqa: FBT001
    kept: str,
) -> None:
    """Neither the owner's role nor an unknown one is ever revoked, so no plan will show them."""
    sentence = f"other roles of the person stay: {kept}; the next plan revokes those that git does not assign"

    assert nothing_to_write is is_held(step(*held))
    assert (sentence if kept else "") == describe_kept(step(*held))


def test_what_is_pending_says_why() -> None:
    """Not linked in time, not waited for, or not read; and what to do about one's own."""
    assert describe_pending(60, None).startswith("pending: 4me has not linked a person to this user within 60 s; the")
    assert describe_pending(0, None).startswith("pending: 4me has not linked a person to this user at once (--wait-")
    assert "pending: people could not be read (broken); the next apply grants the roles" == describe_pending(
        60, "broken"
    )
    assert "grant auditor, specialist by hand, or use another person's credentials" in describe_own(step())
    assert "waiting for 4me to link 1 person, 0 s of 60 s" == describe_wait(1, 0.4, 60)


def test_a_grant_that_waits_is_a_step_of_its_own_and_costs_a_look_and_a_read() -> None:
    """Once the person is known, it waits no longer."""
    [waiting] = make_steps([GRANT], "permissions")

    assert (True, 3) == (waiting.awaits_person, waiting.requests)
    assert not step().awaits_person
