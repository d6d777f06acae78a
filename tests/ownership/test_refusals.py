"""Each refusal as a story: its message, exit code 4 with nothing sent, and its instruction followed to the end."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.core.record.record import ApplyRecord
from reconciler.desired.git.repository import find_repository
from reconciler.desired.records.branch import RecordBranch
from reconciler.desired.records.load import load_history
from reconciler.desired.records.steps import write_recovery
from tests.cli.project import Ran
from tests.ownership.estate import DONE, FAILED, REFUSED, Estate, people, person, team
from tests.ownership.served import SIX, Site, pull, push, tenant_at

FIVE = SIX[:-1]


def leave(estate: Estate) -> str:
    """Removes Flo from git and from the group, and pushes the commit."""
    commit = estate.says(people(*FIVE), team(*FIVE))
    push(estate)
    return commit


def plans(estate: Estate, *arguments: str) -> Ran:
    """Runs `plan` for production."""
    return estate.project.run("plan", "--exit-code", *arguments)


def refuses(site: Site, estate: Estate, *arguments: str) -> Ran:
    """Applies, and checks that the apply is refused and changes nothing."""
    site.served.requests.clear()
    ran = estate.apply(*arguments)
    assert (REFUSED, 0) == (ran.code, site.served.writes), ran.said
    return ran


def ends_well(site: Site, estate: Estate) -> None:
    """Checks the end of each story: Flo has no access, no other user lost it, and nothing is left to do."""
    estate.applies()
    assert {name.capitalize() for name in FIVE} == site.served.active()
    ran = plans(estate)
    assert DONE == ran.code, ran.said


def recover(estate: Estate) -> Ran:
    """Shows what a recovery gives up, and writes it."""
    shown = estate.project.run("ownership", "recover")
    assert DONE == shown.code, shown.said
    written = estate.project.run("ownership", "recover", "--yes", shown.err.split("--yes ")[1].strip())
    assert DONE == written.code, written.said
    return shown


def test_another_apply_is_open_until_its_end(site: Site) -> None:
    """The message has the time; the open run continues, and then the next one may start."""
    leave(site.first)
    second = site.clone("second")
    assert DONE == site.first.project.run("ownership", "begin").code

    ran = refuses(site, second)

    assert "has begun, has no end on record, and may still send requests" in ran.said
    assert " UTC, when the next run takes over" in ran.said
    assert [] == site.served.requests
    site.first.applies()
    ends_well(site, second)


def test_an_apply_that_has_no_end_is_taken_over_after_its_time(site: Site) -> None:
    """The next run checks what the killed one had begun, and forgets none of its users."""
    site.first.says(people(*SIX, "gus"))
    push(site.first)
    site.served.hires("gus", externalId="gus")
    repository = find_repository(site.first.project.root / "desired-state")
    assert repository is not None
    branch = RecordBranch(repository, "production", "origin")
    long_ago = datetime.now(UTC) - timedelta(hours=2)
    site.first.project.run("ownership", "begin")
    open_begin = load_history(branch).open_begins()[-1].record
    gone = {"at": long_ago.isoformat(), "until": (long_ago + timedelta(hours=1)).isoformat(), "run": "elsewhere/1"}
    write_recovery(branch, ApplyRecord.model_validate({**open_begin.model_dump(), **gone}))
    second = site.clone("second")
    second.users = people(*FIVE)
    leave(second)

    ends_well(site, second)
    assert "Gus" not in site.served.active()


def test_the_begin_can_not_be_pushed(site: Site) -> None:
    """The message has the host's answer and the likely rule; without the rule, the apply runs."""
    leave(site.first)
    hook = site.origin / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'GH013: Changes must be made through a pull request' >&2\nexit 1\n")
    hook.chmod(0o755)

    ran = refuses(site, site.first)

    assert [] == site.served.requests
    assert "the begin of this apply can't be pushed" in ran.said
    assert "GH013" in ran.said
    assert "must exclude reconciler/*" in " ".join(ran.said.split())
    hook.unlink()
    ends_well(site, site.first)


def test_the_record_can_not_be_fetched(site: Site) -> None:
    """A plan is shown without leavers, with a warning that ownership is unknown; the remote is repaired or left out."""
    leave(site.first)
    git = site.first.project.git
    git("remote", "set-url", "origin", str(site.origin.parent / "nowhere.git"))

    ran = plans(site.first)

    assert REFUSED == ran.code
    assert "ownership is not known" in " ".join(ran.said.split())
    assert "loses access" not in ran.out
    assert "othing to do" not in ran.out
    refuses(site, site.first)
    assert [] == site.served.requests
    local = plans(site.first, "--record", "local")
    assert "loses access" in local.out
    git("remote", "set-url", "origin", str(site.origin))
    ends_well(site, site.first)


@pytest.mark.parametrize("arguments", [(), ("--read=full",), ("--only=user/ann",), ("--read=targeted",)])
def test_the_account_is_another_one(site: Site, arguments: tuple[str, ...]) -> None:
    """Every kind of read finds it, and the right token works. Lookups without a result prove no account."""
    leave(site.first)
    site.first.project.environment["SCIM_TOKEN"] = "wrong"  # the name of an account

    ran = refuses(site, site.first, *arguments)

    why = "the read is not complete" if "--read=targeted" in arguments else "this is not the account of apply #1"
    assert why in " ".join(ran.said.split())
    assert REFUSED == plans(site.first, *arguments).code
    assert set() == site.served.active("wrong")
    site.first.project.environment["SCIM_TOKEN"] = "right"  # the same
    ends_well(site, site.first)


def test_an_account_that_was_replaced_is_taken_by_a_recovery(site: Site) -> None:
    """The recovery shows what it gives up; it deactivates no user, and the users of git are created there."""
    leave(site.first)
    site.served.hires("old", token="wrong")
    site.first.project.environment["SCIM_TOKEN"] = "wrong"  # the same

    shown = recover(site.first)

    assert "the account of apply #1" in shown.out
    assert "the branch of the last apply (#1 of " in shown.out
    site.first.applies()
    assert {*(name.capitalize() for name in FIVE), "Old"} == site.served.active("wrong")
    assert DONE == plans(site.first).code


def two_tenants(site: Site, **more: str) -> None:
    """Staging's token opens production's account."""
    first = site.first
    first.project.environment["STAGING_TOKEN"] = "right"  # the name of an account
    staging = tenant_at(site.served, secret="STAGING_TOKEN", **more)
    first.says(people(*FIVE), team(*FIVE), tenants={**first.tenants, "staging": staging})
    push(first)


def test_the_account_is_that_of_another_tenant_and_beside_says_that_it_may_be(site: Site) -> None:
    """It is refused before any request; `beside:` allows two tenants on one account."""
    two_tenants(site)
    site.served.requests.clear()

    ran = site.first.project.run("--tenant=staging", "apply", "--yes")

    assert (REFUSED, 0) == (ran.code, site.served.writes)
    assert "this is the account of the tenant production" in " ".join(ran.said.split())
    two_tenants(site, beside="production")
    assert DONE == site.first.project.run("--tenant=staging", "apply", "--yes").code
    assert DONE == site.first.project.run("--tenant=production", "apply", "--yes").code
    assert {name.capitalize() for name in FIVE} == site.served.active()


def test_the_account_is_that_of_another_tenant_and_the_right_token_is_the_way_out(site: Site) -> None:
    """The tenant then has an account and a record of its own."""
    two_tenants(site)
    site.first.project.environment["STAGING_TOKEN"] = "wrong"  # the name of an account

    ran = site.first.project.run("--tenant=staging", "apply", "--yes")

    assert DONE == ran.code, ran.said
    assert {name.capitalize() for name in FIVE} == site.served.active("wrong")


def test_a_tenant_with_a_new_name_is_refused_until_it_says_what_it_was(site: Site) -> None:
    """Without the record, no leaver would be known; with `formerly:` the record continues."""
    first = site.first
    first.says(people(*FIVE), team(*FIVE), tenants={"live": tenant_at(site.served)})
    push(first)
    ran = plans(first)
    assert "production" in ran.said or "no apply to live is on record" in ran.said

    first.says(tenants={"live": tenant_at(site.served, formerly="production")})
    push(first)
    ends_well(site, first)


def test_head_is_in_a_commit_that_was_applied_whole_later(site: Site) -> None:
    """The commit was applied, or reverted since: exit code 0, and nothing is read or sent."""
    second = site.clone("second")
    leave(site.first)
    site.first.applies()
    site.served.requests.clear()

    ran = second.apply()

    assert (DONE, []) == (ran.code, site.served.requests)
    assert "apply #2 applied" in ran.said
    assert "Flo" not in site.served.active()
    pull(second)
    assert DONE == plans(second).code
    second.project.git("revert", "--no-edit", "HEAD")
    second.applies()
    assert "Flo" in site.served.active()


def test_head_is_in_a_commit_that_was_applied_later_and_not_whole(site: Site) -> None:
    """Running the newest again does what the service refused before."""
    second = site.clone("second")
    leave(site.first)
    site.served.refused.add(site.served.id_of("Flo"))
    assert FAILED == site.first.apply().code

    ran = refuses(site, second)

    assert "a later commit that contains HEAD, has begun and is not complete" in " ".join(ran.said.split())
    site.served.refused.clear()
    pull(second)
    ends_well(site, second)


def test_head_is_beside_the_last_apply_until_that_line_is_merged(site: Site) -> None:
    """Both lines were to be applied; the content of the merge is applied."""
    second = site.clone("second")
    second.says(people(*FIVE, flo=person("flo", title="Clerk")))
    leave(site.first)
    site.first.applies()

    ran = refuses(site, second)

    assert "the last apply, #2, applied " in " ".join(ran.said.split())
    second.project.git("fetch", "--quiet", "origin")
    second.project.git("merge", "--quiet", "--no-edit", "--strategy-option=theirs", "origin/main")
    ends_well(site, second)


def test_head_is_beside_the_last_apply_and_its_line_was_rewritten(site: Site) -> None:
    """A recovery continues from this line; earlier leavers are named, and a line of YAML resolves them."""
    first = site.first
    first.says(people(*SIX, "gus"))
    first.applies()
    first.project.git("reset", "--quiet", "--hard", "HEAD~1")
    first.says(people(*SIX, ann=person("ann", title="Chief")))
    refuses(site, first)

    recover(first)

    seen = first.plan(tenant="production")
    assert {"Gus": "unsettled"} == seen.named
    first.settles(seen.plan["named"][0]["settle"])
    leave(first)
    ends_well(site, first)


def test_the_history_is_cut(site: Site) -> None:
    """A clone of one commit can't decide who is owned; a clone with history can."""
    leave(site.first)
    shallow = site.clone("shallow", "--depth=1")

    ran = plans(shallow)

    assert REFUSED == ran.code, ran.said
    assert "git fetch --unshallow" in " ".join(ran.said.split())
    assert "loses access" not in ran.out
    refuses(site, shallow)
    shallow.project.git("fetch", "--quiet", "--unshallow")
    ends_well(site, shallow)


def test_a_single_branch_clone_fetches_the_record_itself(site: Site) -> None:
    """The clone lacks the record's branch, and the message asks for it."""
    leave(site.first)

    ends_well(site, site.clone("single", "--single-branch"))


def test_two_folders_use_one_record_until_one_has_another_name(site: Site) -> None:
    """The second folder is refused; `record:` gives it one of its own."""
    first = site.first
    leave(first)
    first.project.environment["STAGING_TOKEN"] = "wrong"  # the name of an account
    other = tenant_at(site.served, secret="STAGING_TOKEN")
    text = "tenants:\n  production: " + other + "\nusers:\n  zed: " + person("zed") + "\n"
    first.project.write(text, "emea/all.yaml")
    first.project.git("add", "emea")
    first.says()
    site.served.requests.clear()

    ran = first.project.run("--dir=emea", "apply", "--yes")

    assert (REFUSED, 0) == (ran.code, site.served.writes), ran.said
    assert "record: other-name" in " ".join(ran.said.split())
    first.project.write(text.replace("scope: all", "scope: all, record: prod-emea"), "emea/all.yaml")
    first.project.git("add", "emea")
    first.says()
    assert DONE == first.project.run("--dir=emea", "apply", "--yes").code
    assert {"Zed"} == site.served.active("wrong")
    ends_well(site, first)


def test_a_folder_that_moved_goes_on_with_its_record(site: Site) -> None:
    """The old folder is empty at HEAD, so it is the same folder, and a user removed by the move is a leaver."""
    first = site.first
    first.project.git("mv", "desired-state", "people")
    first.users, first.groups = people(*FIVE), team(*FIVE)
    first.project.write(first.text(), "people/all.yaml")
    first.project.git("commit", "--quiet", "--all", "--message", "moved")

    ran = first.project.run("--dir=people", "apply", "--yes")

    assert DONE == ran.code, ran.said
    assert {name.capitalize() for name in FIVE} == site.served.active()


@pytest.mark.parametrize("way", ["set back", "recover"])
def test_the_record_does_not_parse(site: Site, way: str) -> None:
    """The message names the last readable commit: reset the branch to it, or write a recovery."""
    leave(site.first)
    git = site.first.project.git
    good = git("rev-parse", "reconciler/production").strip()
    junk = git("commit-tree", "-p", good, "-m", "junk", "HEAD^{tree}").strip()
    git("push", "--quiet", "origin", f"{junk}:refs/heads/reconciler/production")

    ran = refuses(site, site.first)

    assert [] == site.served.requests
    assert f"set the branch reconciler/production to {good}" in " ".join(ran.said.split())
    shown = plans(site.first)
    assert (REFUSED, False) == (shown.code, "othing to do" in shown.out)
    if way == "set back":
        git("push", "--quiet", "--force", "origin", f"{good}:refs/heads/reconciler/production")
        git("update-ref", "refs/heads/reconciler/production", good)
        ends_well(site, site.first)
        return
    recover(site.first)
    named = site.first.plan(tenant="production")
    if named.named:
        site.first.settles(named.plan["named"][0]["settle"])
        push(site.first)
    ends_well(site, site.first)


def test_the_desired_state_is_not_committed(site: Site) -> None:
    """The record names commits, so uncommitted YAML is applied only after a commit."""
    site.first.users, site.first.groups = people(*FIVE), team(*FIVE)
    site.first.project.write(site.first.text())

    ran = refuses(site, site.first)

    assert ([], True) == (site.served.requests, "commit the desired state, then apply" in ran.said)
    leave(site.first)
    ends_well(site, site.first)


def test_a_clone_that_lost_its_record_takes_it_from_the_remote(site: Site, tmp_path: Path) -> None:
    """The record does not depend on the private folder, which may be lost."""
    leave(site.first)
    shutil.rmtree(tmp_path / "first" / ".reconciler", ignore_errors=True)
    site.first.project.git("update-ref", "-d", "refs/heads/reconciler/production")

    ends_well(site, site.first)
