"""The roles in effect for each user, before and after a plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.resources import DesiredUser, LiveUser
from reconciler.core.planner.effective_roles import EffectiveRoles, list_effective_roles
from reconciler.core.planner.planner import decide_changes
from tests.core.examples import SANDBOX, desired_group, desired_state, desired_user, live_group, live_state, live_user

REST = Tenant(url="sandbox", roles_via="permissions")
AUDITOR = frozenset({"auditor"})


def effective_roles(desired: list[DesiredUser], live: list[LiveUser]) -> list[EffectiveRoles]:
    account = live_state(*live, live_group("ann"))
    decided = decide_changes(desired_state(*desired, desired_group("ann")), account, SANDBOX, Earlier())
    return list_effective_roles(decided, account)


@pytest.mark.parametrize(
    ("desired", "live", "before", "after"),
    [
        (desired_user("ann", roles=["auditor"]), None, "", "auditor"),
        (desired_user("ann"), None, "", ""),
        (desired_user("ann", roles=["auditor"]), live_user("ann", roles=["auditor"]), "auditor", "auditor"),
        (desired_user("ann", roles=["auditor"]), live_user("ann", roles=["specialist"]), "specialist", "auditor"),
        (desired_user("ann"), live_user("ann", roles=["specialist"]), "specialist", "specialist"),
        (desired_user("ann", roles=[]), live_user("ann", roles=["account_owner"]), "account_owner", "account_owner"),
        (desired_user("ann", in_scope=False), live_user("ann", roles=["auditor"]), "auditor", ""),
        (desired_user("ann"), live_user("ann", active=False, roles=["auditor"]), "", "auditor"),
        (desired_user("ann", in_scope=False), live_user("ann", active=False, roles=["auditor"]), "", ""),
    ],
)
def test_what_takes_effect_is_what_the_account_has_and_the_plan_changes(
    desired: DesiredUser, live: LiveUser | None, before: str, after: str
) -> None:
    """The roles of an inactive user have no effect until a reactivation."""
    [held_roles] = effective_roles([desired], [live] if live else [])

    assert (frozenset(before.split()), frozenset(after.split())) == (held_roles.before, held_roles.after)
    assert held_roles.after - held_roles.before == held_roles.gained


def test_everyone_has_a_standing_in_the_order_of_their_keys() -> None:
    """A user that git does not declare is listed by id, unchanged."""
    told = effective_roles(
        [desired_user("ann"), desired_user("bob")], [live_user("zoe", roles=["auditor"]), live_user("bob")]
    )

    assert [("id/id-zoe", "zoe@example.com"), ("user/ann", "ann@example.com"), ("user/bob", "bob@example.com")] == [
        (one.key, one.name) for one in told
    ]
    assert told[0].before == told[0].after == frozenset({"auditor"})


@pytest.mark.parametrize("live", [None, replace(live_user("ann"), roles_looked_up=True)], ids=["new", "not linked"])
def test_roles_over_rest_count_once_for_who_has_no_person_yet(live: LiveUser | None) -> None:
    """Created or there already: in the plan that grants them; and they are known to wait."""
    account = live_state(*([live] if live else []))
    decided = decide_changes(desired_state(desired_user("ann", roles=["auditor"])), account, REST, Earlier())
    [held_roles] = list_effective_roles(decided, account)

    assert EffectiveRoles("user/ann", "ann@example.com", frozenset(), AUDITOR, AUDITOR) == held_roles
