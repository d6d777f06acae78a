"""Rewritten histories and partial applies: no leaver is forgotten, and no other user loses access."""

from __future__ import annotations

from tests.ownership.estate import DIFFERENCES, DONE, FAILED, REFUSED, TENANT, Estate, people, person, team
from tests.ownership.served import SIX, Site, pull, push

ANN_BOB = people("ann", "bob")
FIVE = SIX[:-1]


def settled(estate: Estate, *names: str) -> None:
    """Checks that exactly these users are active, and that plan and drift are empty."""
    assert set(names) == estate.active()
    seen = estate.plan()
    assert (DONE, {}, {}) == (seen.ran.code, seen.changes, seen.named), seen.ran.said
    assert DONE == estate.project.run("drift", "--exit-code").code


def test_who_was_added_and_removed_between_two_applies_was_never_ours(estate: Estate) -> None:
    """And somebody who has that login in the account is named, not hit."""
    estate.says(people("ann", "bob", "cid", "eve"))
    estate.says(people("ann", "bob", "cid"))
    settled(estate, "Ann", "Bob", "Cid")


def test_who_was_removed_and_added_between_two_applies_stays(estate: Estate) -> None:
    """The same record, and nothing is to do."""
    estate.says(ANN_BOB, team("ann", "bob"))
    estate.says(people("ann", "bob", "cid"), team("ann", "bob", "cid"))
    settled(estate, "Ann", "Bob", "Cid")


def test_a_leaver_of_a_squash_merge_is_one(estate: Estate) -> None:
    """The branch was applied, squashed to main and deleted: the folder is equal, and its people are ours."""
    git = estate.project.git
    git("checkout", "--quiet", "-b", "side")
    estate.says(people("ann", "bob", "cid", "eve"))
    estate.applies()
    git("checkout", "--quiet", "main")
    git("merge", "--quiet", "--squash", "side")
    git("commit", "--quiet", "--message", "squashed")
    git("branch", "--quiet", "-D", "side")
    estate.says(people("ann", "bob", "cid"))

    assert {"user/eve": "deactivate_user"} == estate.plan().changes
    estate.applies()
    settled(estate, "Ann", "Bob", "Cid")


def test_after_a_force_push_the_applied_line_is_refused_and_not_forgotten(estate: Estate) -> None:
    """Who was in the commits that are gone is named until a line of YAML settles it."""
    git = estate.project.git
    estate.says(people("ann", "bob", "cid", "eve"))
    estate.applies()
    git("reset", "--quiet", "--hard", "HEAD~1")
    git("reflog", "expire", "--expire=now", "--all")
    git("gc", "--quiet", "--prune=now")
    estate.says({**ANN_BOB, "cid": person("cid", title="Clerk")})

    seen = estate.plan()

    assert {"Eve": "unsettled"} == seen.named
    assert REFUSED == estate.apply().code
    assert "Eve" in estate.active()


def test_a_rebase_of_what_was_applied_loses_nobody(estate: Estate) -> None:
    """The trees are others', for main went on meanwhile; the apply is refused until the old line is merged."""
    git = estate.project.git
    git("checkout", "--quiet", "-b", "side")
    estate.project.write("users:\n  eve: " + person("eve") + "\n", "desired-state/eve.yaml")
    applied = estate.says()
    estate.applies()
    git("checkout", "--quiet", "main")
    estate.says({**ANN_BOB, "cid": person("cid", title="Clerk")})
    git("checkout", "--quiet", "side")
    git("rebase", "--quiet", "main")
    git("rm", "--quiet", "desired-state/eve.yaml")
    git("commit", "--quiet", "--message", "without eve")

    assert REFUSED == estate.apply().code
    assert "Eve" in estate.active()
    git("merge", "--quiet", "--no-edit", "--strategy=ours", applied)
    assert {"user/cid": "update_user", "user/eve": "deactivate_user"} == estate.plan().changes
    estate.applies()
    settled(estate, "Ann", "Bob", "Cid")


def test_a_merge_of_two_applied_lines_forgets_nobody_of_either(site: Site) -> None:
    """Each clone applied its own while the other could not see it; the record of the merge is the union."""
    first, second = site.first, site.clone("second")
    hook = site.origin / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nread old new ref\ncase $ref in *reconciler/*) exit 1;; esac\n")
    first.project.git("remote", "set-url", "origin", str(site.origin.parent / "copy.git"))
    first.project.git("clone", "--quiet", "--bare", str(site.origin), str(site.origin.parent / "copy.git"))
    for estate, name in ((first, "gus"), (second, "hal")):
        estate.project.write(f"users:\n  {name}: {person(name)}\n", f"desired-state/{name}.yaml")
        estate.says()
        push(estate)
        estate.applies()
    first.project.git("remote", "set-url", "origin", str(site.origin))
    assert REFUSED == first.apply().code

    first.project.git("fetch", "--quiet", "origin")
    first.project.git("merge", "--quiet", "--no-edit", "origin/main")
    for name in ("gus", "hal"):
        first.project.git("rm", "--quiet", f"desired-state/{name}.yaml")
    first.project.git("commit", "--quiet", "--message", "both leave")
    push(first)

    changes = first.plan(tenant="production").changes
    assert {"user/gus": "deactivate_user", "user/hal": "deactivate_user"} == changes
    first.applies()
    assert {name.capitalize() for name in SIX} == site.served.active()
    pull(second)
    assert DONE == second.plan(tenant="production").ran.code


def test_drift_is_silent_where_the_account_is_as_head_says_after_a_partial_apply(site: Site) -> None:
    """What was carried out is no drift; what was not waits, and is named as pending."""
    first = site.first
    users = {**people(*FIVE), "ann": person("ann", title="Chief")}
    first.says(users, team(*FIVE))
    push(first)
    site.served.refused.add(site.served.id_of("Flo"))
    assert FAILED == first.apply().code

    drifted = first.project.run("drift", "--exit-code", "--format=json")

    assert {"user/flo"} == {one["key"] for one in drifted.document["changes"] if one["key"].startswith("user/")}
    assert "Ann" not in first.project.run("drift").out
    site.served.refused.clear()
    first.applies()
    quiet = first.project.run("drift", "--exit-code")
    assert (DONE, True) == (quiet.code, "No drift" in quiet.out)


def test_who_a_partial_apply_created_is_ours_though_git_takes_them_back(site: Site) -> None:
    """Gus was created, Hal was refused; the commit is reverted, and Gus leaves."""
    site.served.refused.add("hal@example.com")
    site.first.says(people(*SIX, "gus", "hal"))
    push(site.first)
    assert FAILED == site.first.apply().code
    site.first.project.git("revert", "--no-edit", "HEAD")
    push(site.first)

    assert {"user/gus": "deactivate_user"} == site.first.plan(tenant="production").changes
    site.first.applies()
    assert {name.capitalize() for name in SIX} == site.served.active()


def test_a_merge_is_reverted_after_its_apply_was_killed(site: Site) -> None:
    """The begin has no end: whom it had created by then is found, and whom it had not is not missed."""
    first = site.first
    first.says(people(*SIX, "gus", "hal"))
    push(first)
    assert DONE == first.project.run("ownership", "begin").code
    site.served.hires("gus", externalId="gus")
    first.project.git("revert", "--no-edit", "HEAD")
    push(first)

    for read in ("--base=HEAD~2", "--read=full"):
        assert {"user/gus": "deactivate_user"} == first.plan(read, tenant="production").changes
    first.applies()
    assert {name.capitalize() for name in SIX} == site.served.active()
    assert DONE == first.plan(tenant="production").ran.code


def test_a_leaver_who_is_switched_on_again_by_hand_is_drift_by_name_after_many_applies(estate: Estate) -> None:
    """Being ours does not end by a deactivation, however long ago."""
    estate.says(ANN_BOB, team("ann", "bob"))
    estate.applies()
    for title in ("One", "Two", "Three", "Four", "Five", "Six"):
        estate.says({"ann": person("ann", title=title), "bob": person("bob")})
        estate.applies()
    estate.changes("Cid", active=True)

    drifted = estate.project.run("drift", "--exit-code")

    assert (DIFFERENCES, True) == (drifted.code, "Cid (user/cid)" in drifted.out), drifted.said
    estate.applies()
    settled(estate, "Ann", "Bob")


def test_a_record_with_another_name_goes_on_as_formerly_says(estate: Estate) -> None:
    """The tenant is renamed, twice over: nobody of the time before is forgotten."""
    folder = estate.project.root / ".reconciler"
    (folder / "sandbox.sqlite").rename(folder / "live.sqlite")
    estate.says(ANN_BOB, team("ann", "bob"), tenants={"live": "{url: sandbox, scope: all, formerly: sandbox}"})

    seen = estate.plan(tenant="live")

    assert "deactivate_user" == seen.changes["user/cid"]
    estate.applies()
    assert {"Ann", "Bob"} == estate.active("live")
    assert DONE == estate.plan(tenant="live").ran.code


def test_a_record_that_is_renamed_without_a_word_names_who_left(estate: Estate) -> None:
    """A new `record:` is empty: who was in git is unaccounted for, by name, and never nothing to do."""
    estate.says(ANN_BOB, team("ann", "bob"), tenants={"sandbox": "{url: sandbox, scope: all, record: anew}"})

    seen = estate.plan()

    assert ({"Cid": "unaccounted"}, DIFFERENCES) == (seen.named, seen.ran.code)
    estate.settles(seen.settle("Cid"))
    estate.applies()
    settled(estate, "Ann", "Bob")


def test_a_file_that_is_not_checked_out_makes_nobody_a_leaver(estate: Estate) -> None:
    """A sparse checkout: what git has at the commit is read."""
    estate.project.write("users:\n  eve: " + person("eve") + "\n", "desired-state/more/eve.yaml")
    estate.says()
    estate.applies()
    estate.project.git("sparse-checkout", "set", "--no-cone", "/*", "!/desired-state/more")
    assert not (estate.project.root / "desired-state" / "more" / "eve.yaml").exists()

    seen = estate.plan()

    assert ({}, {}) == (seen.changes, seen.named), seen.ran.said
    assert "Eve" in estate.active()


def test_a_deleted_file_that_is_not_committed_makes_nobody_a_leaver_unnoticed(site: Site) -> None:
    """What is not committed is not applied to a real account."""
    (site.first.project.root / "desired-state" / "all.yaml").write_text(
        Estate(site.first.project, site.first.tenants, people("ann"), {}).text()
    )

    assert REFUSED == site.first.apply().code
    assert {name.capitalize() for name in SIX} == site.served.active()


def test_the_record_of_the_embedded_4me_is_never_pushed(estate: Estate) -> None:
    """It is this machine's own, as the account is."""
    origin = estate.project.root.parent / "origin.git"
    estate.project.git("init", "--quiet", "--bare", str(origin))
    estate.project.git("remote", "add", "origin", str(origin))
    estate.says({**ANN_BOB, "cid": person("cid", title="Clerk")}, tenants=TENANT)
    estate.applies()

    assert "" == estate.project.git("ls-remote", "origin").strip()
