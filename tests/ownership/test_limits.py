"""The limits on the effects of one day: over several applies, and with exceptions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.ownership.estate import DIFFERENCES, DONE, FAILED, REFUSED, TENANT, Estate, people, person

NAMES = [f"p{number:02}" for number in range(30)]
LIMITS = "{url: sandbox, scope: all, guardrails: {%s}}"


@pytest.fixture
def crowd(estate: Estate) -> Estate:
    """Makes thirty users, applied once."""
    estate.says({name: person(name, title="Clerk") for name in NAMES}, {}, tenants=TENANT)
    tenants = {"sandbox": LIMITS % "max_deactivations: {count: 9}, max_member_removals: {count: 9}"}
    estate.says(tenants=tenants)
    estate.applies()
    estate.says(tenants=TENANT)
    return estate


def within_the_day(estate: Estate) -> None:
    """The three of the template left today: as if that were of another day, for these stories count their own."""
    estate.tenants = {"sandbox": LIMITS % "max_deactivations: {count: 8}"}


def test_many_applies_of_one_leaver_each_are_refused_within_a_day(crowd: Estate) -> None:
    """Each alone passes; together they are what one apply would not have been let do. Nothing of the last is sent."""
    within_the_day(crowd)
    staying = list(NAMES)
    for _ in range(5):
        staying.pop()
        crowd.says({name: crowd.users[name] for name in staying})
        crowd.applies()
    staying.pop()
    crowd.says({name: crowd.users[name] for name in staying})
    before = crowd.account()

    ran = crowd.apply()

    assert (REFUSED, before) == (ran.code, crowd.account())
    assert "max_deactivations" in ran.said
    assert "24" in ran.said
    seen = crowd.plan()
    assert REFUSED == seen.ran.code
    day = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    exception = f"exceptions: [{{plan: '{seen.plan['digest']}', reason: CHG-1, expires: {day}}}]"
    crowd.says(tenants={"sandbox": LIMITS % f"max_deactivations: {{count: 8}}, {exception}"})
    crowd.applies()
    assert {name.capitalize() for name in staying} == crowd.active()
    staying.pop()
    crowd.says({name: crowd.users[name] for name in staying})
    assert REFUSED == crowd.apply().code


def test_an_exception_that_has_expired_lets_nothing_pass(crowd: Estate) -> None:
    """It is for one plan, until a day."""
    crowd.says({name: crowd.users[name] for name in NAMES[10:]})
    digest = crowd.plan().plan["digest"]
    exception = f"exceptions: [{{plan: '{digest}', reason: CHG-1, expires: 2020-01-01}}]"
    crowd.says(tenants={"sandbox": LIMITS % exception})

    ran = crowd.apply()

    assert REFUSED == ran.code
    assert set(NAMES) == {name.lower() for name in crowd.active()}


def test_a_typo_in_a_mapping_does_not_rewrite_the_logins_of_all(crowd: Estate) -> None:
    """`max_identity_updates` refuses it; mended, there is nothing to do."""
    crowd.says({name: person(name, title="Clerk", userName=f"{name}@exmaple.com") for name in NAMES})
    before = crowd.account()

    ran = crowd.apply()

    assert (REFUSED, before, True) == (ran.code, crowd.account(), "max_identity_updates" in ran.said)
    crowd.says({name: person(name, title="Clerk") for name in NAMES})
    assert DONE == crowd.plan().ran.code


def test_a_column_of_titles_is_not_cleared(crowd: Estate) -> None:
    """`max_clears` refuses a field that went from an export; a few are let."""
    crowd.says({name: person(name, title="''") for name in NAMES})
    before = crowd.account()

    ran = crowd.apply()

    assert (REFUSED, before, True) == (ran.code, crowd.account(), "max_clears" in ran.said), ran.said
    crowd.says({name: person(name, title="''" if name in NAMES[:5] else "Clerk") for name in NAMES})
    crowd.applies()
    assert DONE == crowd.plan().ran.code


def test_a_protected_user_keeps_access_login_and_memberships(estate: Estate) -> None:
    """Whatever git says, until git says that they are not protected."""
    protected = {"sandbox": LIMITS % "protected: [user/cid]"}
    for users, groups in (
        (people("ann", "bob"), {"staff": "{displayName: Staff, members: [ann, bob]}"}),
        ({**people("ann", "bob"), "cid": person("cid", userName="c@example.com")}, None),
        (people("ann", "bob", "cid"), {"staff": "{displayName: Staff, members: [ann, bob]}"}),
    ):
        estate.says(users, groups or {"staff": "{displayName: Staff, members: [ann, bob, cid]}"}, tenants=protected)
        before = estate.account()
        ran = estate.apply()
        assert (before, True) == (estate.account(), "protected" in ran.said), ran.said
        assert ran.code == (REFUSED if "cid" in users else FAILED)  # who is protected and not declared is a problem

    estate.says(people("ann", "bob"), {"staff": "{displayName: Staff, members: [ann, bob]}"}, tenants=TENANT)
    assert DIFFERENCES == estate.plan().ran.code
    estate.applies()
    assert {"Ann", "Bob"} == estate.active()
