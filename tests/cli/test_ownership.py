"""`ownership` as a person types it: owned users with their evidence, and the steps of an apply on two clones."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.sandbox.app import make_app
from reconciler.sandbox.serve import serving
from reconciler.sandbox.store import Store
from tests.cli.project import SANDBOX, TEAM, Project, Ran, finish

CID = "  cid: {userName: cid@example.com, displayName: Cid, manager: bob}\n"
WITHOUT_CID = TEAM.replace(CID, "")
CHIEF = TEAM.replace("displayName: Ann}", "displayName: Ann, title: Chief}")
TOKEN = "deadbeef" * 8
UNTIL = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"


def tip(project: Project, tenant: str = "sandbox") -> str:
    """The commit that the branch of the record points to."""
    return project.git("rev-parse", f"refs/heads/reconciler/{tenant}").strip()


def switch_on(project: Project, key: str) -> None:
    """Somebody makes a user active in 4me itself."""
    user = project.users()[key]
    with project.account() as store:
        store.seed([{**user, "active": True}])


# `ownership show`


def test_show_lists_the_applies_and_says_where_there_is_none(project: Project) -> None:
    """The newest first: which, when, how, of which commit, and what it came to."""
    before = project.run("ownership", "show")
    project.run("apply", "--yes")

    shown = project.run("ownership", "show")

    said = "No apply is on record in this clone: fetch the record with `reconciler ownership fetch`, or apply\n"
    assert (0, said) == (before.code, before.out)
    first, second = shown.out.splitlines()
    commit = project.git("rev-parse", "--short=12", "HEAD").strip()
    assert re.fullmatch(rf"#1    \d{{4}}-\d\d-\d\d \d\d:\d\d  sandbox  complete   {commit}  as it is \(Ada\)", first)
    assert second.startswith("      4 applied; 3 active users after it; sha256:")


def test_show_of_a_user_who_left_has_all_three_witnesses(project: Project) -> None:
    """The line, the record and the match, and so the verdict; by key, by the bare name, and by the id."""
    project.run("apply", "--yes")
    applied = project.git("rev-parse", "--short=12", "HEAD").strip()
    project.commit(SANDBOX + WITHOUT_CID)
    live_id = str(project.users()["cid"]["id"])

    by_key, by_name, by_id = (project.run("ownership", "show", word) for word in ("user/cid", "cid", live_id))

    assert (0, by_key.out, by_key.out) == (by_key.code, by_name.out, by_id.out)
    assert by_key.out == (
        f"Cid (user {live_id})\n"
        f"  - user/cid at commit {applied}, in scope; the commit is in HEAD's history; covered by apply #1; "
        "found by externalId and userName\n"
        f"  verdict: leaver: left git, covered by apply #1 at commit {applied}\n"
    )


def test_show_of_a_user_whom_no_apply_covered_says_what_settles_it(project: Project) -> None:
    """The record was lost: unaccounted, and untouched until a line says which it is."""
    project.run("apply", "--yes")
    project.git("update-ref", "-d", "refs/heads/reconciler/sandbox")
    project.commit(SANDBOX + WITHOUT_CID)

    shown = project.run("ownership", "show", "user/cid")

    assert 0 == shown.code
    assert "covered by no apply on record" in shown.out
    assert "  verdict: unaccounted: " in shown.out
    assert "  to resolve it: left: [{key: user/cid, reason: WHY}]\n" in shown.out
    assert "  to keep it and end the management by git: the same line under released:\n" in shown.out
    planned = project.run("plan", "--exit-code")
    assert (3, True) == (planned.code, project.users()["cid"]["active"])


def test_a_line_of_yaml_settles_who_is_unaccounted(project: Project) -> None:
    """`left:` makes a leaver of them, `released:` hands them over for good; `ownership show` says by which line."""
    project.run("apply", "--yes")
    project.git("update-ref", "-d", "refs/heads/reconciler/sandbox")

    project.commit(SANDBOX + WITHOUT_CID + "left: [{key: user/cid, reason: CHG-12}]\n")
    left = project.run("ownership", "show", "cid")
    project.commit(SANDBOX + WITHOUT_CID + "released: [{key: user/cid, reason: CHG-9}]\n")
    released = project.run("ownership", "show", "cid")
    project.run("apply", "--yes")

    assert "  verdict: leaver: left git, confirmed at desired-state/all.yaml:7: CHG-12\n" in left.out
    assert "  verdict: unmanaged: released at desired-state/all.yaml:7\n" in released.out
    assert project.users()["cid"]["active"] is True


def test_show_of_a_declared_user_an_unmanaged_one_and_an_inactive_one(project: Project) -> None:
    """Each with the verdict, also who was deactivated before; a group by its key."""
    with project.account() as store:
        store.seed([{"id": "x1", "userName": "zoe@example.com", "displayName": "Zoe"}])
    project.run("apply", "--yes")
    project.commit(SANDBOX + WITHOUT_CID)
    project.run("apply", "--yes")

    declared, group, unmanaged, inactive = (
        project.run("ownership", "show", word) for word in ("user/bob", "group/staff", "x1", "user/cid")
    )

    assert "  verdict: declared as user/bob\n" in declared.out
    assert "  verdict: declared as group/staff\n" in group.out
    assert unmanaged.out.splitlines() == [
        "Zoe (user x1)",
        "  - no commit declares a match",
        "  verdict: unmanaged: no commit of HEAD's history or on record declares a match",
    ]
    assert "user/cid at commit" in inactive.out
    assert "  verdict: inactive: nothing to do; if the user is reactivated, the next plan" in inactive.out
    switch_on(project, "cid")
    assert "  verdict: leaver: left git, covered by apply #1" in project.run("ownership", "show", "user/cid").out


def test_show_of_somebody_unknown_says_how_to_write_it(project: Project) -> None:
    """A usage error."""
    ran = project.run("ownership", "show", "zoe")

    assert (2, "") == (ran.code, ran.out)
    assert 'no user or group of the account has the id "zoe"' in ran.err
    assert "give user/alice.lee, group/finance or an id such as 4711" in ran.err


# The line


def test_a_commit_that_a_later_apply_has_is_done_already(project: Project) -> None:
    """As an old merge's run that waited: exit 0, nothing is granted again, and nothing new is on record."""
    first = project.git("rev-parse", "HEAD").strip()
    project.commit(SANDBOX + WITHOUT_CID)
    project.run("apply", "--yes")
    before = tip(project)
    project.git("checkout", "--quiet", first)

    ran = project.run("apply", "--yes")

    assert (0, before) == (ran.code, tip(project))
    assert "Nothing to do: apply #1 applied " in ran.err
    assert "a later commit that contains HEAD" in ran.err
    assert {"ann", "bob"} == set(project.users())


def test_a_commit_beside_the_last_apply_is_not_applied_over_it(project: Project) -> None:
    """Exit 4, and which line to merge; merged, it is applied."""
    project.run("apply", "--yes")
    project.git("switch", "--quiet", "--create", "other", "HEAD")
    project.commit(SANDBOX + CHIEF)
    project.git("switch", "--quiet", "main")
    applied = project.commit(SANDBOX + TEAM.replace("Clerk", "Head Clerk"))
    assert 0 == project.run("apply", "--yes").code
    project.git("switch", "--quiet", "other")

    ran = project.run("apply", "--yes")

    assert (4, "") == (ran.code, ran.out)
    assert f"the last apply, #2, applied {applied[:12]}, and HEAD's history has neither that commit" in ran.err
    assert f"git merge {applied[:12]}; if its branch was deleted or rewritten, run reconciler ownership rec" in ran.err
    assert "title" not in project.users()["ann"]
    project.git("merge", "--quiet", "--strategy-option=ours", "main")
    assert 0 == project.run("apply", "--yes").code
    assert "Chief" == project.users()["ann"]["title"]


# `ownership recover` and `ownership erase`


def apply_twice(project: Project) -> None:
    """The first apply creates everybody; the second has seen them, and a sample of them is on record."""
    assert 0 == project.run("apply", "--yes").code
    project.commit(SANDBOX + CHIEF)
    assert 0 == project.run("apply", "--yes").code


def digest_of(shown: Ran) -> str:
    """The digest that `recover` says to type."""
    return shown.err.rpartition("--yes ")[2].strip()


def test_a_recovery_is_shown_first_and_written_with_its_digest(project: Project) -> None:
    """What is given up, line by line; with another digest nothing is written; the next apply reads everybody."""
    apply_twice(project)
    commit = project.git("rev-parse", "--short=12", "HEAD").strip()
    before = tip(project)

    shown = project.run("ownership", "recover")
    wrong = project.run("ownership", "recover", "--yes", "123456789012")

    assert (0, before, before) == (shown.code, tip(project), tip(project))
    assert shown.out == (
        "A recovery of the record reconciler/sandbox gives up:\n"
        f"  - the branch of the last apply (#2 of {commit}): the next apply starts from HEAD\n"
        "  - the account of apply #2: the account of the present token takes its place\n"
    )
    assert "Nothing was written. To write it: reconciler ownership recover --yes " in shown.err
    assert (4, "") == (wrong.code, wrong.out)
    assert "123456789012 is not the digest of the present recovery" in wrong.err

    written = project.run("ownership", "recover", "--yes", digest_of(shown))

    said = "Recovered as #3. Next: reconciler plan, then reconciler apply, which reads all users\n"
    assert (0, said) == (written.code, written.out)
    assert "nothing was sent: the record starts anew from this commit" in project.run("ownership", "show").out
    project.commit(SANDBOX + TEAM)
    applied = project.run("apply", "--yes", "--read", "targeted", "--base", "HEAD~1")
    assert 0 == applied.code, applied.err
    assert "Full read: no complete apply with a full read followed the recovery" in applied.err
    assert ("full", True) == tuple(project.applies()[-1][name] for name in ("mode", "whole"))


def test_a_recovery_claims_nobody(project: Project) -> None:
    """Who left before is not a leaver by what was given up without being shown: they were named among it."""
    project.run("apply", "--yes")
    project.commit(SANDBOX + WITHOUT_CID)

    shown = project.run("ownership", "recover")

    assert re.search(r"  - leaver: Cid \(user \S+\): left git, covered by apply #1 at commit ", shown.out)


def test_a_line_that_was_rewritten_goes_on_after_a_recovery(project: Project) -> None:
    """Refused, the way out taken, applied."""
    project.run("apply", "--yes")
    project.commit(SANDBOX + CHIEF)
    project.run("apply", "--yes")
    project.git("checkout", "--quiet", "--orphan", "rewritten")
    project.commit(SANDBOX + TEAM.replace("Clerk", "Head Clerk"))
    assert 4 == project.run("apply", "--yes").code

    written = project.run("ownership", "recover", "--yes", digest_of(project.run("ownership", "recover")))

    assert 0 == written.code, written.err
    assert 0 == project.run("apply", "--yes").code
    assert "Head Clerk" == project.users()["bob"]["title"]


def test_erasing_forgets_the_hashes_that_no_longer_serve(project: Project) -> None:
    """Those before the last whole apply that looked at everybody; what happened stays on record, and who left too."""
    project.run("apply", "--yes")
    nothing = project.run("ownership", "erase")
    project.commit(SANDBOX + CHIEF.replace("Clerk", "Head Clerk"))
    project.run("apply", "--yes")
    shown = project.run("ownership", "show").out

    erased, again = project.run("ownership", "erase"), project.run("ownership", "erase")

    assert (0, "Nothing to erase from reconciler/sandbox\n") == (nothing.code, nothing.out)
    assert (0, "Erased the hashes of users from 1 commit of reconciler/sandbox\n") == (erased.code, erased.out)
    assert "Nothing to erase from reconciler/sandbox\n" == again.out
    assert shown == project.run("ownership", "show").out
    assert [0, 3] == [len(one["sample"]) for one in project.applies()[-3::2]]
    project.commit(SANDBOX + WITHOUT_CID)
    assert "verdict: leaver" in project.run("ownership", "show", "cid").out


# Two clones with a remote


@dataclass
class Office:
    """Two clones of one bare repository, and an account on a port that both reach."""

    here: Project
    there: Project
    origin: Path
    store: Store

    def commit(self, text: str) -> str:
        """A commit that both have."""
        commit = self.here.commit(text)
        self.here.git("push", "--quiet", "origin", "main")
        self.there.git("pull", "--quiet", "--ff-only", "origin", "main")
        return commit

    def tip(self) -> str:
        """What the remote's branch of the record points to; empty where there is none."""
        listed = self.here.git("ls-remote", str(self.origin), "refs/heads/reconciler/acme")
        return listed.partition("\t")[0]


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    with ExitStack() as stack:
        store = stack.enter_context(Store(tmp_path / "account.sqlite"))
        url = stack.enter_context(serving(make_app(store, now=lambda: datetime.now(UTC), token=TOKEN)))
        here = Project(tmp_path / "here", monkeypatch, {"SCIM_TOKEN": TOKEN})
        here.write(f"tenants: {{acme: {{url: '{url}', token: {{env: SCIM_TOKEN}}, scope: all}}}}\n", TENANTS)
        here.commit(TEAM)
        origin = tmp_path / "origin.git"
        here.git("clone", "--quiet", "--bare", str(here.root), str(origin))
        here.git("remote", "add", "origin", str(origin))
        here.git("clone", "--quiet", str(origin), str(tmp_path / "there"))
        there = Project(tmp_path / "there", monkeypatch, {"SCIM_TOKEN": TOKEN})
        for name, value in (("user.name", "Bob"), ("user.email", "bob@example.com")):
            there.git("config", name, value)
        yield Office(here, there, origin, store)


TENANTS = "desired-state/tenants.yaml"


def test_an_apply_is_pushed_and_its_repetition_is_not(office: Office) -> None:
    """Begun and ended are at the remote; what has nothing to do leaves it as it is, also from the other clone."""
    assert 0 == office.here.run("apply", "--yes").code
    before = office.tip()

    again, other = office.here.run("apply", "--yes"), office.there.run("apply", "--yes")

    assert (0, 0) == (again.code, other.code), again.err + other.err
    assert ["Applied to acme: nothing to do"] * 2 == [one.out.splitlines()[0] for one in (again, other)]
    assert before == office.tip() != ""
    assert ["begun", "ended"] == [one["state"] for one in office.there.applies("acme")]


def test_the_steps_of_an_apply_where_credentials_are_kept_apart(office: Office) -> None:
    """Fetch, begin, apply with the record that is here, push; each says what it did."""
    fetched = office.here.run("ownership", "fetch")
    begun = office.here.run("ownership", "begin")
    at_begin = office.tip()
    applied = office.here.run("apply", "--yes", "--record", "local")
    at_apply = office.tip()
    pushed = office.here.run("ownership", "push")

    assert (0, "The record reconciler/acme does not exist at origin yet\n") == (fetched.code, fetched.out)
    assert (0, True) == (begun.code, begun.out.startswith("Apply #1 has begun, and may send until "))
    assert (0, "Applied to acme: 4 applied") == (applied.code, applied.out.splitlines()[0])
    assert (0, "The record reconciler/acme was pushed to origin\n") == (pushed.code, pushed.out)
    assert at_begin == at_apply, "the step with the account's token pushes nothing"
    assert tip(office.here, "acme") == office.tip() != at_begin
    assert (0, "The record reconciler/acme was fetched from origin\n") == (
        (ran := office.there.run("ownership", "fetch")).code,
        ran.out,
    )
    assert ["whole"] == office.there.ends("acme")
    assert "No apply was begun: " not in begun.out


def test_a_local_apply_without_a_begin_is_refused(office: Office) -> None:
    """Nothing is sent; it says which step is missing."""
    never_fetched = office.here.run("apply", "--yes", "--record", "local")
    planned = office.here.run("plan", "--record", "local")
    office.here.run("ownership", "fetch")
    ran = office.here.run("apply", "--yes", "--record", "local")

    assert (4, True) == (never_fetched.code, "run `reconciler ownership fetch` before" in never_fetched.err)
    assert (4, True) == (planned.code, "was not fetched" in planned.told)
    assert (4, "", 0) == (ran.code, ran.out, len(office.store.simulator().users))
    assert (
        "no begin of this run is on record: run `reconciler ownership begin` before `apply --record local`" in ran.err
    )


def test_nothing_is_begun_for_plans_that_approve_nothing(office: Office) -> None:
    """After a whole apply of the same folder; the apply then has nothing to do, without a begin."""
    office.here.run("apply", "--yes")
    office.here.run("plan", "-o", "approved.json")
    before = office.tip()

    begun = office.here.run("ownership", "begin", "approved.json")
    applied = office.here.run("apply", "approved.json", "--record", "local")

    reason = "no plan approves a change, and the desired state is as in the last apply, which was complete"
    assert (0, f"No apply was begun: {reason}\n") == (begun.code, begun.out)
    assert (0, before) == (applied.code, office.tip())


def test_while_an_apply_is_open_another_clone_is_refused(office: Office) -> None:
    """As after a kill: who holds it and until when; the same clone goes on at once."""
    assert 0 == office.here.run("ownership", "begin", "--max-duration", "60").code

    other = office.there.run("apply", "--yes")
    shown = office.there.run("ownership", "show")
    again = office.here.run("apply", "--yes")

    assert (4, "") == (other.code, other.out)
    assert re.search(
        r"apply #1 of clone-[0-9a-f]{16} has begun, has no end on record, and may still send requests", other.err
    )
    assert re.search(rf"wait until it ends, or until {UNTIL}, when the next run takes over", other.err)
    assert re.search(r"\n      not ended; may send requests until \d{4}-\d\d-\d\d \d\d:\d\d UTC\n", shown.out)
    assert (0, 3) == (again.code, len(office.store.simulator().users)), again.err
    assert ["begun", "whole"] == office.here.ends("acme")
    assert 0 == office.there.run("apply", "--yes").code


def test_an_apply_without_its_remote_is_refused_and_a_plan_says_what_it_lacks(office: Office) -> None:
    """Ownership is not known: nothing is sent, and the plan is not applyable."""
    office.here.run("apply", "--yes")
    office.commit(WITHOUT_CID)
    office.origin.rename(office.origin.with_name("gone.git"))

    planned, applied = office.here.run("plan"), office.here.run("apply", "--yes")

    assert (4, 4) == (planned.code, applied.code)
    for ran in (planned, applied):
        assert "the record of applies can't be fetched" in ran.said
        assert "ownership is not known" in ran.said
    assert [True] * 3 == [user["active"] for user in office.store.simulator().users.values()]


def test_a_host_that_takes_no_begin_is_quoted(office: Office) -> None:
    """A rule for all branches: nothing is sent, and what to leave out of it."""
    hook = office.origin / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'commits must be signed' >&2\nexit 1\n")
    hook.chmod(0o755)

    ran = office.here.run("apply", "--yes")

    assert (4, "", 0) == (ran.code, ran.out, len(office.store.simulator().users))
    assert "the begin of this apply can't be pushed" in ran.err
    assert "commits must be signed" in ran.err
    assert "must exclude reconciler/*" in ran.err
    assert [] == office.here.applies("acme")


def test_ctrl_c_ends_the_push_of_an_end_that_is_on_disk(office: Office, tmp_path: Path) -> None:
    """The host takes the begin, and is silent when the end comes: the outcome is kept, and says what to push."""
    pipe, begun = tmp_path / "pushed", tmp_path / "begun"
    os.mkfifo(pipe)
    hook = office.origin / "hooks" / "pre-receive"
    hook.write_text(f"#!/bin/sh\nif test -e {begun}; then echo x > {pipe}; exec sleep 600; fi\n: > {begun}\n")
    hook.chmod(0o755)
    process = office.here.start("apply", "--yes", "--format", "json")
    assert "x\n" == pipe.read_text()

    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    ran = finish(process)

    assert 1 == ran.code
    assert {"applied"} == {one["status"] for one in ran.document["outcomes"]}
    assert "the end of this apply can't be pushed (interrupted by Ctrl-C), and is on record only" in ran.err
    assert ["whole"] == office.here.ends("acme")
