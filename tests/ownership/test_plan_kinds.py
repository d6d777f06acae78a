"""What full, incremental and targeted plans, and plans of named keys, may show, and what they must not."""

from __future__ import annotations

import pytest

from tests.ownership.estate import DIFFERENCES, DONE, FAILED, REFUSED, Estate, people, person, team
from tests.ownership.served import SIX, Site, push

ANN_BOB = people("ann", "bob")
CLERK = {**ANN_BOB, "cid": person("cid", title="Clerk")}


def test_a_full_plan_says_all_verdicts_and_lists_the_unmanaged(estate: Estate) -> None:
    """A leaver, somebody unaccounted for and somebody of others', in one plan."""
    estate.hires("fay")
    estate.hires("kai")
    estate.says(people("ann", "bob", "cid", "fay"))
    estate.says(ANN_BOB, team("ann", "bob"))

    seen = estate.plan("--read=full")

    assert "deactivate_user" == seen.changes["user/cid"]
    assert ({"Fay": "unaccounted"}, ["Kai"]) == (seen.named, [one["name"] for one in seen.plan["unmanaged"]])


def test_a_targeted_plan_lists_nobody_unmanaged_and_is_no_nothing_to_do_for_everybody(estate: Estate) -> None:
    """It says whom it looked at, and how many were unsettled when everybody was."""
    estate.hires("fay")
    estate.hires("kai")
    estate.says(people("ann", "bob", "cid", "fay"))
    estate.says({**people("ann", "cid"), "bob": person("bob", title="Clerk")})
    estate.applies()
    estate.says({**estate.users, "cid": person("cid", title="Clerk")})

    seen = estate.plan("--read=targeted")

    assert "targeted" == seen.plan["read"]["mode"], seen.ran.said
    assert ({"user/cid": "update_user"}, []) == (seen.changes, seen.plan.get("unmanaged", []))
    assert 1 == seen.plan["record"]["unsettled"]
    assert "1 user was unresolved" in seen.forms["txt"]
    estate.applies("--read=targeted")
    nothing = estate.plan("--read=targeted")
    assert "nothing to do sha" not in nothing.forms["txt"]
    assert "that were read" in nothing.forms["txt"] or nothing.named
    assert {"Fay": "unaccounted"} == estate.plan("--read=full").named


def test_a_targeted_plan_finds_who_came_and_went_since_the_last_apply(estate: Estate) -> None:
    """Neither HEAD nor the last apply declares them."""
    estate.hires("fay")
    estate.says(people("ann", "bob", "cid", "fay"))
    estate.says(people("ann", "bob", "cid"))

    seen = estate.plan("--read=targeted")

    assert ("targeted", {"Fay": "unaccounted"}) == (seen.plan["read"]["mode"], seen.named), seen.ran.said
    assert DIFFERENCES == seen.ran.code


def test_a_targeted_plan_finds_a_leaver(estate: Estate) -> None:
    """Who was in the last apply's commit and is not in HEAD."""
    estate.says(ANN_BOB, team("ann", "bob"))

    seen = estate.plan("--read=targeted")

    assert ("targeted", "deactivate_user") == (seen.plan["read"]["mode"], seen.changes["user/cid"])
    estate.applies("--read=targeted")
    assert {"Ann", "Bob"} == estate.active()
    assert (DONE, {}) == ((done := estate.plan("--read=full")).ran.code, done.named)


def test_an_apply_of_named_keys_is_not_whole_and_moves_no_front(estate: Estate) -> None:
    """Who left with the same commit and was not among them is found by every plan that follows."""
    estate.says({"ann": person("ann"), "bob": person("bob", title="Clerk")}, team("ann", "bob"))
    estate.applies("--only=user/bob")
    assert {"Ann", "Bob", "Cid"} == estate.active()

    assert "deactivate_user" == estate.plan("--read=targeted").changes["user/cid"]
    assert "deactivate_user" == estate.plan("--read=full").changes["user/cid"]
    assert ["user/cid"] == [key for key in estate.plan("--only=user/cid").changes if key.startswith("user/")]
    estate.says({"ann": person("ann", title="Chief"), "bob": person("bob", title="Clerk")})
    estate.applies("--only=user/ann")
    assert "deactivate_user" == estate.plan("--read=targeted").changes["user/cid"]
    estate.applies("--only=user/cid")
    assert {"Ann", "Bob"} == estate.active()


def test_who_was_created_by_an_apply_of_named_keys_alone_is_ours(estate: Estate) -> None:
    """The key came and went, and the one apply that had it was not whole."""
    estate.says(people("ann", "bob", "cid", "eve"))
    estate.applies("--only=user/eve")
    estate.says(people("ann", "bob", "cid"))

    assert {"user/eve": "deactivate_user"} == estate.plan("--read=targeted").changes
    assert {"user/eve": "deactivate_user"} == estate.plan("--read=full").changes


@pytest.mark.parametrize(
    ("tenants", "why"),
    [
        ({"sandbox": "{url: sandbox, scope: all, on_removed: ignore}"}, "on_removed changed"),
        ({"sandbox": "{url: sandbox, scope: assigned}"}, "scope changed"),
    ],
)
def test_everything_is_read_where_the_settings_are_not_as_at_the_last_full_apply(
    estate: Estate, tenants: dict[str, str], why: str
) -> None:
    """A part can't be trusted then, and the command says why."""
    estate.says(CLERK, tenants=tenants)

    seen = estate.plan("--read=targeted")

    assert "targeted" != seen.plan["read"]["mode"]
    assert f"Full read: {why}" in seen.ran.err


def test_everything_is_read_where_no_apply_was_whole_yet(estate: Estate) -> None:
    """Also after a recovery, until a whole apply looked at everybody."""
    shown = estate.project.run("ownership", "recover")
    assert DONE == estate.project.run("ownership", "recover", "--yes", shown.err.split("--yes ")[1].strip()).code
    estate.says(CLERK)

    seen = estate.plan("--read=targeted", "--base=HEAD~1")

    assert "targeted" != seen.plan["read"]["mode"]
    assert "Full read: no complete apply" in seen.ran.err
    estate.applies()
    estate.says({**CLERK, "cid": person("cid")})
    assert "targeted" == estate.plan("--read=targeted").plan["read"]["mode"]


def test_an_incremental_plan_says_what_a_full_one_does(estate: Estate) -> None:
    """Also of who left, and of what a hand changed since the snapshot."""
    estate.project.run("drift")
    estate.hires("kai")
    estate.says(ANN_BOB, team("ann", "bob"))

    part, full = estate.plan("--read=incremental"), estate.plan("--read=full")

    assert (full.changes, full.named, full.plan["unmanaged"]) == (part.changes, part.named, part.plan["unmanaged"])
    assert "deactivate_user" == part.changes["user/cid"]


def test_an_incremental_plan_of_another_account_is_refused(site: Site) -> None:
    """A snapshot of ours proves nothing of theirs."""
    site.first.project.run("drift")
    site.first.says(people(*SIX[:-1]), team(*SIX[:-1]))
    push(site.first)
    site.first.project.environment["SCIM_TOKEN"] = "wrong"  # the name of an account

    seen = site.first.plan("--read=incremental", tenant="production")

    assert "another_account" in seen.problems
    assert "deactivate_user" not in seen.changes.values()


def test_a_plan_of_named_keys_that_a_partial_apply_left_names_the_others_later(site: Site) -> None:
    """The service refused one of two leavers; each later plan, of whatever kind, still asks for them."""
    four = SIX[:-2]
    site.first.says(people(*four), team(*four))
    push(site.first)
    site.served.refused.add(site.served.id_of("Flo"))
    assert FAILED == site.first.apply().code
    assert {"Ann", "Bob", "Cid", "Dan", "Flo"} == site.served.active()
    site.served.refused.clear()
    site.first.says({**people(*four), "ann": person("ann", title="Chief")})
    push(site.first)

    for read in ("--read=targeted", "--read=full"):
        assert "deactivate_user" == site.first.plan(read, tenant="production").changes["user/flo"]
    site.first.applies("--read=targeted")
    assert {"Ann", "Bob", "Cid", "Dan"} == site.served.active()


def test_a_targeted_read_that_proves_nothing_is_refused_and_blames_no_account(site: Site) -> None:
    """All are asked for, so nobody is left to tell that the answer was whole; that is what it says."""
    site.first.says(people(*SIX, "gus", "hal"))
    push(site.first)

    seen = site.first.plan("--read=targeted", tenant="production")

    assert REFUSED == seen.ran.code
    assert {"incomplete_read"} == {code for code in seen.problems if code in {"incomplete_read", "another_account"}}
