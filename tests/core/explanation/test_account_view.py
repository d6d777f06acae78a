"""What the account holds of somebody, and what a plan would do to them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.explanation.account_view import AccountView, find_people, view_account
from reconciler.core.model.states import DesiredState
from reconciler.core.ownership.evidence import Evidence, StateAt
from tests.core.examples import (
    desired_group,
    desired_state,
    desired_user,
    evidence_of,
    live_group,
    live_state,
    live_user,
    user_key,
)

ANN = desired_user("ann", {"title": "Head"})
EMAILS: list[dict[str, str | bool | int | float]] = [{"value": "Zoe@mail.example"}]
ZOE = live_user("zoe", {"displayName": "Zoe Quist", "emails": EMAILS, "manager": "id-ann"})
LIVE = live_state(live_user("ann", {"title": "Clerk"}), ZOE, live_group("staff", ["zoe"]))


def held(*resources: object, tenant: Tenant | None = None, before: DesiredState | None = None) -> AccountView:
    desired = desired_state(*resources)  # type: ignore[arg-type]
    earlier = Earlier(base=before)
    return view_account(desired, LIVE, tenant or Tenant(url="sandbox"), earlier, evidence_of(earlier))


def test_somebody_is_shown_as_the_account_has_them() -> None:
    """With their groups by name, and the manager by the key that git knows them by."""
    shown = held(ANN).side_of(None, ZOE).user

    assert shown is not None
    assert ("id-zoe", "Zoe Quist", True, ("Staff",), ()) == (
        shown.id,
        shown.name,
        shown.active,
        shown.groups,
        shown.roles,
    )
    assert "user/ann" == shown.attributes["manager"]


def test_what_a_plan_does_to_somebody_is_told_with_the_reason() -> None:
    """Their own changes, and a change of a group that takes them out of it."""
    beside = held(ANN, desired_group("staff", ["ann"]))
    own = beside.side_of(user_key("ann"), beside.links.user(user_key("ann"))).plan
    others = beside.side_of(None, ZOE).plan

    assert {("update_user", ("title",)), ("add_members", ("Staff",))} == {(one.action, one.what) for one in own}
    assert [("remove_members", "group/staff")] == [(one.action, one.key) for one in others]


@pytest.mark.parametrize(
    ("title", "in_scope", "why"),
    [
        ("Clerk", True, "nothing differs"),
        ("Clerk", False, "holds no role; on_out_of_scope is ignore"),
    ],
)
def test_where_a_plan_does_nothing_that_has_a_reason(title: str, in_scope: bool, why: str) -> None:  # noqa: FBT001  # a row of a table
    """The planner's own where it has one."""
    ann = desired_user("ann", {"title": title}, in_scope=in_scope)
    beside = held(ann, tenant=Tenant(url="sandbox", on_out_of_scope="ignore"))

    side = beside.side_of(user_key("ann"), None)
    assert ((), why, None) == (side.plan, side.untouched, side.user)
    assert "git does not declare them" == beside.side_of(None, ZOE).untouched


def test_of_somebody_unclear_it_is_told_who_of_git_they_could_be() -> None:
    """By any matching attribute, as it compares."""
    both = desired_user("bob", {"externalId": None, "userName": "ZOE@example.com"})
    same = desired_user("dee", {"externalId": None, "userName": "zoe@example.com"})
    nobody = desired_user("cid", {"externalId": None, "userName": "cid@example.com"})

    assert [user_key("bob"), user_key("dee")] == held(both, same, nobody).claims(ZOE)
    assert [] == held(nobody).claims(ZOE)


@pytest.mark.parametrize(
    "named", ["id-zoe", "id/id-zoe", "zoe", "ZOE@example.com", "zoe@mail.EXAMPLE", "zoe quist"], ids=lambda one: one
)
def test_somebody_is_found_by_whatever_people_call_them(named: str) -> None:
    """Ids as they are, names and addresses without case."""
    assert (ZOE,) == find_people(LIVE, named)


def test_all_who_are_called_so_are_found_and_nobody_else() -> None:
    """Who that is, a person decides."""
    simulators = live_user("a", {"displayName": "Kim"}), live_user("b", {"displayName": "kim"})

    assert simulators == find_people(live_state(*simulators), "Kim")
    assert () == find_people(live_state(*simulators), "Kimi")


def test_somebody_in_doubt_is_untouched_for_what_is_known_of_them() -> None:
    """With the line that settles it."""
    known = desired_state(desired_user("ann"))
    evidence = Evidence((StateAt("a" * 40, known),))
    account = live_state(live_user("ann"), live_user("zoe"))
    beside = view_account(desired_state(), account, Tenant(url="sandbox"), Earlier(), evidence)
    untouched = beside.side_of(None, account.users[0]).untouched or ""

    assert "unaccounted: commit aaaaaaaaaaaa declares user/ann" in untouched
    assert untouched.endswith("left: [{key: user/ann, reason: WHY}]")
    assert "git does not declare them" == beside.side_of(None, account.users[1]).untouched


def test_what_blocks_a_user_is_told_with_the_way_out() -> None:
    """The code of the doubt, whose record it is, and the line to write; no values if some are redacted."""
    before = desired_state(desired_user("old", {"userName": "zoe@example.com", "externalId": "zoe"}))
    key = user_key("new")
    desired = desired_state(desired_user("new", {"userName": "zoe@example.com"}))
    view = view_account(desired, LIVE, Tenant(url="sandbox"), Earlier(base=before))
    hidden = replace(view, desired=replace(desired, redact=("displayName",)))

    told = view.side_of(key, None).untouched or ""
    assert "leaver_holds: user/new has the userName of user/old, which leaves git and keeps it: Zoe Quist" in told
    assert "write `was: old` under new" in told
    assert "Zoe Quist" not in (hidden.side_of(key, None).untouched or "Zoe Quist")
