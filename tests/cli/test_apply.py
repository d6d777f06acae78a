"""`apply` and `drift`: applies run as planned and as approved, and are on record in git."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.project import SANDBOX, TEAM, Project, finish

WITHOUT_CID = TEAM.replace("  cid: {userName: cid@example.com, displayName: Cid, manager: bob}\n", "")
SLOW = "tenants: {sandbox: {url: sandbox, scope: all, rate: {burst: 4 per 1s, sustained: 3600 per 1h}}}\n"
CHIEF = TEAM.replace("displayName: Ann}", "displayName: Ann, title: Chief}")
CHIEF_AND_CLERK = CHIEF.replace("title: Clerk", "title: Head Clerk")


def edit(project: Project, key: str, **attributes: Any) -> None:
    """Somebody changes a user in 4me itself."""
    user = project.users()[key]
    with project.account() as store:
        store.seed([{**user, **attributes}])


def many(number: int) -> str:
    """So many users."""
    return "users:\n" + "".join(f"  u{one:02}: {{userName: u{one:02}@example.com}}\n" for one in range(number))


def wait_for_first_user(project: Project, process: subprocess.Popen[str]) -> None:
    """Until a slow apply is in the middle of it."""
    assert process.stderr is not None
    for line in process.stderr:  # the plan is printed before the first request of the run
        if line.startswith("sha256:"):
            break
    while not project.root.joinpath(".reconciler/sandbox.sqlite").exists() or not project.users():
        os.sched_yield()


def approve(project: Project, text: str) -> None:
    """A commit and the plan for it, as a pull request has them."""
    project.commit(text)
    assert 0 == project.run("plan", "-o", "approved.json").code


def test_apply_makes_the_account_what_git_says(project: Project) -> None:
    """The plan on stderr first, the outcome on stdout; the next plan is empty."""
    ran = project.run("apply", "--yes")

    assert 0 == ran.code
    assert "Applied to sandbox: 4 applied\n4 requests\n" == ran.out
    assert ran.err.startswith("Plan for sandbox: 3 people get access, 1 group changes\n")
    assert {"ann", "bob", "cid"} == set(project.users())
    assert project.run("plan").out.startswith("Plan for sandbox: nothing to do\n")


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_the_outcome_in_a_format(project: Project, form: str) -> None:
    """For people, reviewers and machines."""
    ran = project.run("apply", "--yes", "--format", form)

    assert 0 == ran.code
    if form == "json":
        assert {"applied"} == {one["status"] for one in ran.document["outcomes"]}
        assert ("sandbox", 4, None) == (ran.document["tenant"], ran.document["requests"], ran.document["stopped"])
    else:
        assert "4 applied" in ran.out


def test_an_apply_is_on_record_as_begun_and_ended(project: Project) -> None:
    """On a branch of its own, with counts and hashes, and no person in it (DESIGN 10)."""
    project.run("apply", "--yes")

    begun, ended = project.applies()
    commit = project.git("rev-parse", "HEAD").strip()
    assert {
        "format": 1,
        "serial": 1,
        "state": "begun",
        "commit": commit,
        "tree": project.git("rev-parse", "HEAD:desired-state").strip(),
        "folder": "desired-state",
        "covers": {"kind": "all"},
    }.items() <= begun.items()
    assert begun["at"] < begun["until"]
    assert {
        "serial": 1,
        "state": "ended",
        "commit": commit,
        "run": begun["run"],
        "whole": True,
        "mode": "full",
        "counts": {"applied": 4},
        "population": 3,
        "covers": {"kind": "all"},
    }.items() <= ended.items()
    assert ended["digest"].startswith("sha256:")
    assert not [word for word in ("ann", "bob", "cid", "example.com", "Staff") if word in json.dumps([begun, ended])]
    assert commit == project.git("rev-parse", "reconciler/sandbox^2").strip(), "the record keeps what was applied"
    assert "[skip ci]" in project.git("log", "-1", "--format=%s", "reconciler/sandbox")
    assert ["desired-state/all.yaml"] == project.git("ls-files").split(), "the branch is never checked out"


def test_every_apply_is_on_record_but_one_that_repeats_a_whole_one(project: Project) -> None:
    """Of the same folder, with nothing to do: the record is as it was. A new commit is on record, also an empty one."""
    project.run("apply", "--yes")
    tip = project.git("rev-parse", "reconciler/sandbox")

    again = project.run("apply", "--yes")

    assert (0, "Applied to sandbox: nothing to do") == (again.code, again.out.splitlines()[0])
    assert tip == project.git("rev-parse", "reconciler/sandbox")

    commit = project.commit("# a comment\n" + SANDBOX + TEAM)
    assert 0 == project.run("apply", "--yes").code
    assert [({"applied": 4}, True), ({}, True)] == [
        (one["counts"], one["whole"]) for one in project.applies() if one["state"] == "ended"
    ]
    assert commit == project.applies()[-1]["commit"]


def test_what_is_not_committed_is_applied_to_the_sandbox_and_is_not_on_record(project: Project) -> None:
    """And it is said why, and what follows from it."""
    project.write(SANDBOX + CHIEF)

    ran = project.run("apply", "--yes")

    assert (0, []) == (ran.code, project.applies())
    assert "This apply is not on record, because the desired state is not committed" in ran.err
    assert "Chief" == project.users()["ann"]["title"]


def test_what_is_not_committed_elsewhere_does_not_matter(project: Project) -> None:
    """Only the desired state is what was applied."""
    project.write("notes", "notes.txt")

    project.run("apply", "--yes")

    assert ["whole"] == project.ends()


def test_outside_git_the_sandbox_is_applied_to_without_a_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says that what leaves the YAML can't be noticed."""
    outside = Project(tmp_path / "outside", monkeypatch)
    for path in sorted((outside.root / ".git").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (outside.root / ".git").rmdir()
    outside.write(SANDBOX + TEAM)
    outside.environment["GIT_CEILING_DIRECTORIES"] = str(tmp_path)

    ran = outside.run("apply", "--yes")

    assert 0 == ran.code
    assert "not in a git repository" in ran.err
    assert {"ann", "bob", "cid"} == set(outside.users())


def test_who_left_git_since_the_last_apply_loses_access(project: Project) -> None:
    """The record says who was covered. Nobody is deleted."""
    project.run("apply", "--yes")
    project.commit(SANDBOX + WITHOUT_CID)

    ran = project.run("apply", "--yes")

    assert (0, "Applied to sandbox: 1 applied") == (ran.code, ran.out.splitlines()[0])
    assert [True, True, False] == [project.users()[key]["active"] for key in ("ann", "bob", "cid")]
    assert project.run("plan", "--exit-code").code == 0


def test_who_left_git_is_not_forgotten_when_the_apply_was_not_whole(project: Project) -> None:
    """What was refused and what ran in part covers nobody less: who left before is still known to have left."""
    project.run("apply", "--yes")
    project.write("{}", "empty.json")
    approve(project, SANDBOX + CHIEF)
    project.commit(SANDBOX + WITHOUT_CID)
    refused = project.run("apply", "approved.json")
    kept = project.ends()

    again = project.run("apply", "--yes")

    assert (4, ["whole", "partial"]) == (refused.code, kept)
    assert ["whole", "partial", "whole"] == project.ends()
    assert (0, False) == (again.code, project.users()["cid"]["active"])


def test_an_apply_whose_begin_can_not_be_written_sends_nothing(project: Project) -> None:
    """As where a git that died has left its lock: exit 4 and what to do; once that is mended, it is applied."""
    project.git("config", "core.filesRefLockTimeout", "0")
    lock = project.root / ".git/refs/heads/reconciler/sandbox.lock"
    lock.parent.mkdir(parents=True)
    lock.write_text("")

    ran = project.run("-q", "apply", "--yes")
    nobody = dict(project.users())
    lock.unlink()
    again = project.run("-q", "apply", "--yes")

    assert (4, "", {}, 0) == (ran.code, ran.out, nobody, again.code)
    assert "refs/heads/reconciler/sandbox was moved meanwhile, or another git process holds its lock" in ran.err
    assert "no request was sent" in ran.err
    assert ["whole"] == project.ends()


def test_an_apply_whose_end_can_not_be_written_says_so(project: Project) -> None:
    """A git that died meanwhile: what was done is told all the same, the begin stands, and it is done only once."""
    project.commit(SLOW + many(40))
    project.git("config", "core.filesRefLockTimeout", "0")
    lock = project.root / ".git/refs/heads/reconciler/sandbox.lock"
    process = project.start("apply", "--yes", "--format", "json")
    wait_for_first_user(project, process)
    lock.write_text("")

    ran = finish(process)
    lock.unlink()
    kept = project.ends()
    again = project.run("-q", "apply", "--yes")

    assert 1 == ran.code
    assert 40 == len(ran.document["outcomes"])
    assert "Error: " in ran.err
    assert "Traceback" not in ran.err
    assert ["begun"] == kept
    assert (0, "Applied to sandbox: nothing to do") == (again.code, again.out.splitlines()[0])
    assert "whole" == project.ends()[-1]


def test_without_yes_it_asks(project: Project) -> None:
    """And does it if the answer is yes."""
    ran = project.run("apply", stdin="y\n")

    assert 0 == ran.code
    assert "Apply this to sandbox? [y/N]" in ran.said
    assert 3 == len(project.users())


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_unless_the_answer_is_yes_nothing_is_done(project: Project, answer: str) -> None:
    """No, nothing, and nobody there to ask (CI): an exit code of the contract, and a sentence that says what to do."""
    ran = project.run("apply", stdin=answer)

    assert ({}, []) == (dict(project.users()), project.applies())
    assert "Traceback" not in ran.said
    assert ran.code in {1, 2, 4}
    assert "--yes" in ran.err


def test_with_nothing_to_do_nobody_is_asked(project: Project) -> None:
    """An empty plan needs no answer."""
    project.run("apply", "--yes")

    assert 0 == project.run("apply").code


def test_the_plan_is_shown_before_anybody_is_asked_even_if_quiet(project: Project) -> None:
    """DESIGN 5.11: the plan is always printed first; nobody agrees to what they can't see."""
    ran = project.run("-q", "apply", stdin="y\n")

    assert "3 people get access" in ran.said


def test_a_disabled_tenant_refuses_apply_and_nothing_else(project: Project) -> None:
    """`enabled: false`: plan and drift still work."""
    project.run("apply", "--yes")
    project.commit(SANDBOX.replace("scope", "enabled: false, scope") + CHIEF)

    apply, plan, drift = project.run("apply", "--yes"), project.run("plan"), project.run("drift")

    assert (4, 0, 0) == (apply.code, plan.code, drift.code)
    assert "provisioning to sandbox is disabled: set `enabled: true` in git" in apply.err
    assert "1 person changes" in plan.out
    assert "title" not in project.users()["ann"]


def test_an_approved_plan_runs_without_a_question(project: Project) -> None:
    """The merge was the answer."""
    project.run("apply", "--yes")
    approve(project, SANDBOX + CHIEF)

    ran = project.run("apply", "approved.json")

    assert (0, "Applied to sandbox: 1 applied") == (ran.code, ran.out.splitlines()[0])
    assert "Chief" == project.users()["ann"]["title"]
    assert ["whole", "whole"] == project.ends()


def test_what_is_true_already_is_dropped_and_said(project: Project) -> None:
    """Somebody did it by hand in the meantime."""
    project.run("apply", "--yes")
    approve(project, SANDBOX + CHIEF_AND_CLERK)
    edit(project, "ann", title="Chief")

    ran = project.run("apply", "approved.json")

    assert (0, "Applied to sandbox: 1 applied, 1 already") == (ran.code, ran.out.splitlines()[0])
    assert "already update user: Ann (user/ann): the account was compared and has this already" in ran.told


def test_what_nobody_approved_is_refused_and_the_rest_runs(project: Project) -> None:
    """Exit 4, naming it."""
    project.run("apply", "--yes")
    approve(project, SANDBOX + CHIEF)
    project.commit(SANDBOX + CHIEF_AND_CLERK)

    ran = project.run("apply", "approved.json")

    assert 4 == ran.code
    assert "user/bob (update_user)" in ran.err
    assert "refused update user: Bob (user/bob): title: Clerk → Head Clerk (no approved plan shows this" in ran.told
    assert ("Chief", "Clerk") == (project.users()["ann"]["title"], project.users()["bob"]["title"])
    assert ["whole", "partial"] == project.ends()


def test_several_plans_approve_together(project: Project) -> None:
    """Of each pull request that was merged since the last apply, its plan."""
    project.run("apply", "--yes")
    approve(project, SANDBOX + CHIEF)
    (project.root / "approved.json").rename(project.root / "first.json")
    approve(project, SANDBOX + CHIEF_AND_CLERK)
    (project.root / "approved.json").rename(project.root / "second.json")

    ran = project.run("apply", "first.json", "second.json")

    assert (0, "Applied to sandbox: 2 applied") == (ran.code, ran.out.splitlines()[0])
    assert ("Chief", "Head Clerk") == (project.users()["ann"]["title"], project.users()["bob"]["title"])


def test_drift_that_no_plan_shows_is_left_and_named(project: Project) -> None:
    """Exit 0: the next plan shows how to undo it."""
    project.run("apply", "--yes")
    approve(project, SANDBOX + CHIEF)
    edit(project, "bob", title="Queen")

    ran = project.run("apply", "approved.json")

    assert (0, "Applied to sandbox: 1 applied, 1 left") == (ran.code, ran.out.splitlines()[0])
    assert "left update user: Bob (user/bob): title: Queen → Clerk" in ran.told
    assert "Queen" == project.users()["bob"]["title"]


def test_an_approved_removal_that_git_no_longer_asks_for_is_no_success(project: Project) -> None:
    """Exit 1, naming who keeps access."""
    project.run("apply", "--yes")
    approve(project, SANDBOX + TEAM.replace("bob: {", "bob: {active: false, "))
    project.commit(SANDBOX + TEAM)

    ran = project.run("apply", "approved.json")

    assert (1, True) == (ran.code, project.users()["bob"]["active"]), ran.out
    assert "withdrawn deactivate user: Bob (user/bob)" in ran.told


def test_all_or_nothing_does_nothing_then(project: Project) -> None:
    """Exit 4, nothing sent, and on record as that."""
    project.run("apply", "--yes")
    approve(project, SANDBOX + CHIEF)
    project.commit(SANDBOX + CHIEF_AND_CLERK)

    ran = project.run("apply", "approved.json", "--all-or-nothing")

    assert (4, ["whole", "nothing done"]) == (ran.code, project.ends())
    assert "no approved plan shows these changes: user/bob (update_user)" in ran.err
    assert "title" not in project.users()["ann"]


def test_all_or_nothing_does_all_of_what_was_approved(project: Project) -> None:
    """Where nothing else is needed."""
    approve(project, SANDBOX + TEAM)

    assert 0 == project.run("apply", "approved.json", "--all-or-nothing").code


def test_what_the_account_moved_is_refused_with_that_reason(project: Project) -> None:
    """From another title to ours is not what was approved."""
    project.run("apply", "--yes")
    approve(project, SANDBOX + CHIEF)
    edit(project, "ann", title="Queen")

    ran = project.run("apply", "approved.json")

    assert 4 == ran.code
    assert "refused update user: Ann (user/ann): title: Queen → Chief (the account changed since" in ran.out
    assert "Refused, because the account changed since it was approved: user/ann (update_user)" in ran.err
    assert "stale" not in ran.out
    assert "Queen" == project.users()["ann"]["title"]


def test_a_guardrail_refuses_after_showing(project: Project) -> None:
    """Exit 4, the plan on stderr, nothing sent, and on record as that."""
    people = "users:\n" + "".join(f"  u{number}: {{userName: u{number}@example.com}}\n" for number in range(10))
    project.commit(SANDBOX + people)
    project.run("apply", "--yes")
    project.commit(SANDBOX + people.replace(".com}", ".com, active: false}"))

    ran = project.run("apply", "--yes")

    assert (4, ["whole", "nothing done"]) == (ran.code, project.ends())
    assert ran.err.index("10 people lose access") < ran.err.index("Error: ")
    assert "max_deactivations" in ran.err.rpartition("Error: ")[2]
    assert {True} == {user["active"] for user in project.users().values()}


def test_a_failed_change_is_told_and_the_rest_is_applied(project: Project) -> None:
    """Exit 1, naming who holds the name; what leaves git is not forgotten."""
    with project.account() as store:
        store.seed([{"id": "x1", "userName": "other@example.com", "externalId": "other", "displayName": "Staff"}])
        store.seed([], [{"id": "g1", "displayName": "STAFF", "externalId": "another-staff"}])

    ran = project.run("plan")

    assert 0 == ran.code
    assert "adopt: found by displayName" in ran.out


def test_an_ambiguous_person_is_left_alone_and_exits_1(project: Project) -> None:
    """Two candidates: a problem that names both, and the rest is done. The next plan has nothing but the problem."""
    with project.account() as store:
        store.seed(
            [
                {"id": "x1", "userName": "ann@example.com", "externalId": "ann"},
                {"id": "x2", "userName": "ann2@example.com", "externalId": "ann"},
            ]
        )

    ran = project.run("apply", "--yes")

    assert 1 == ran.code
    assert "user/ann matches 2 users in the account" in ran.err
    assert {"ann", "bob", "cid"} <= set(project.users())
    assert ["partial"] == project.ends()
    assert 3 == project.run("plan", "--exit-code").code
    assert "ambiguous: user/ann matches 2 users" in " ".join(project.run("explain", "ann", "--account").out.split())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_it_finishes_what_is_in_flight_and_says_so(project: Project, number: signal.Signals) -> None:
    """In the middle of a slow run, and again when it is over: outcomes for all, exit 1, and its end on record."""
    project.commit(SLOW + many(40))

    process = project.start("apply", "--yes", "--format", "json")
    wait_for_first_user(project, process)
    process.send_signal(number)
    assert process.stderr is not None
    for line in process.stderr:  # said before the end is on record
        if line.startswith("Each attempt is logged:"):
            break
    process.send_signal(number)
    ran = finish(process)

    statuses = [one["status"] for one in ran.document["outcomes"]]
    assert 1 == ran.code
    assert 40 == len(statuses)
    assert {"applied", "skipped"} == set(statuses)
    assert f"interrupted by {number.name}" == ran.document["stopped"]
    assert statuses.count("applied") == len(project.users())
    assert ["partial"] == project.ends()
    logged = [json.loads(line)["status"] for line in project.run("log", "--format", "json").out.splitlines()]
    assert sorted(statuses) == sorted(logged)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_before_its_first_request_it_ends_its_begin(project: Project, number: signal.Signals) -> None:
    """The account never answers its read: the begin is on record, and other runs must not wait an hour for it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/scim/v2"
        project.commit(f'tenants: {{sandbox: {{url: "{url}", token: {{env: TOKEN}}, scope: all}}}}\n' + TEAM)
        process = project.start("apply", "--yes", TOKEN="secret")
        connection, _address = silent.accept()  # the read begins after the begin is on record
        with connection:
            process.send_signal(number)
            ran = finish(process)

    assert (1, "") == (ran.code, ran.out)
    assert "Interrupted: nothing was done." in ran.err
    assert ["nothing done"] == project.ends()


def test_a_run_takes_no_new_change_after_its_time(project: Project) -> None:
    """--max-duration: exit 1 with what is left."""
    people = "users:\n" + "".join(f"  u{number:02}: {{userName: u{number:02}@example.com}}\n" for number in range(40))
    slow = "tenants: {sandbox: {url: sandbox, scope: all, rate: {burst: 10 per 1s, sustained: 3600 per 1h}}}\n"
    project.commit(slow + people)

    ran = project.run("apply", "--yes", "--max-duration", "1", "--format", "json")

    statuses = [one["status"] for one in ran.document["outcomes"]]
    assert (1, 40) == (ran.code, len(statuses))
    assert {"applied", "skipped"} == set(statuses)
    assert "--max-duration" in ran.document["stopped"]


def test_an_apply_that_nobody_listens_to_is_on_record_all_the_same(project: Project) -> None:
    """`reconciler apply --yes | head -0`: the account was changed, so the end must be on record."""
    process = project.start("apply", "--yes")
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    process.communicate(timeout=60)

    assert 3 == len(project.users())
    assert ["whole"] == project.ends()


def test_before_the_first_commit_the_sandbox_is_applied_to_without_a_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`git init`, write, try."""
    fresh = Project(tmp_path / "fresh", monkeypatch)
    fresh.write(SANDBOX + TEAM)

    plan, apply, again = fresh.run("plan"), fresh.run("apply", "--yes"), fresh.run("plan", "--exit-code")

    assert (0, 0, 0) == (plan.code, apply.code, again.code)
    assert "This apply is not on record" in apply.err


def test_without_git_installed_the_sandbox_is_applied_to_without_a_record(project: Project) -> None:
    """The history is not there; the rest is."""
    project.environment["PATH"] = str(project.root)

    plan, apply = project.run("plan"), project.run("apply", "--yes")

    assert (0, 0) == (plan.code, apply.code)
    assert "This apply is not on record" in apply.err


@pytest.mark.parametrize("name", [b"\xff.yaml", 'zoë \'n\n"co".yaml'.encode(), b"-rf.yaml", b"a b/:c.yaml"])
def test_files_may_have_any_name(project: Project, name: bytes) -> None:
    """Git and the file system allow it: read now, and read again from history."""
    path = project.root / "desired-state" / os.fsdecode(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text("users: {dee: {userName: dee@example.com, displayName: Dee}}\n", encoding="utf-8")
    project.commit()

    first = project.run("apply", "--yes")
    path.unlink()
    project.commit()
    second = project.run("apply", "--yes")

    assert (0, 0) == (first.code, second.code), first.said + second.said
    assert project.users()["dee"]["active"] is False


def test_drift_needs_something_that_was_applied(project: Project) -> None:
    """Exit 1, and what to do."""
    ran = project.run("drift")

    assert (1, "") == (ran.code, ran.out)
    assert "no apply to sandbox is on record" in ran.err
    assert "--base" in ran.err


def test_without_drift_there_is_nothing(project: Project) -> None:
    """What is merged and not applied yet is not drift: it is shown as pending, and the exit code is 0."""
    project.run("apply", "--yes")
    project.commit(SANDBOX + CHIEF)

    ran = project.run("drift", "--exit-code")

    assert 0 == ran.code
    assert ran.out.startswith("Drift in sandbox: none; pending: 1 change from git, not applied yet")


def test_a_change_by_hand_is_drift(project: Project) -> None:
    """Exit 3 if asked; the report says from what to what; nothing is changed."""
    project.run("apply", "--yes")
    edit(project, "bob", title="King")

    ran, asked = project.run("drift"), project.run("drift", "--exit-code")

    assert (0, 3) == (ran.code, asked.code)
    assert "Bob (user/bob) was changed" in ran.out
    assert "title: King → Clerk" in ran.out
    assert "King" == project.users()["bob"]["title"]


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_drift_in_a_format(project: Project, form: str) -> None:
    """Drift is a plan, and `show` can render it."""
    project.run("apply", "--yes")
    edit(project, "bob", title="King")

    ran = project.run("drift", "--format", form)

    assert 0 == ran.code
    if form == "json":
        assert ["drift"] == [change["cause"] for change in ran.document["changes"]]
    else:
        assert "King" in ran.out


def test_drift_is_mended_by_apply(project: Project) -> None:
    """Git is the truth."""
    project.run("apply", "--yes")
    edit(project, "bob", title="King", active=False)

    assert 0 == project.run("apply", "--yes").code

    assert ("Clerk", True) == (project.users()["bob"]["title"], project.users()["bob"]["active"])
    assert 0 == project.run("drift", "--exit-code").code


def test_drift_against_a_named_base(project: Project) -> None:
    """Without a record, what was applied can be named."""
    first = project.commit()
    project.run("apply", "--yes")
    project.git("update-ref", "-d", "refs/heads/reconciler/sandbox")
    project.commit(SANDBOX + CHIEF)

    ran = project.run("drift", "--base", first, "--exit-code")

    assert 0 == ran.code
    assert ran.out.startswith("Drift in sandbox: none; pending: 1 change from git, not applied yet")


def test_drift_against_a_base_without_a_desired_state_says_what_is_missing(project: Project) -> None:
    """A commit from before there was one: a whole sentence."""
    project.git("checkout", "--quiet", "--orphan", "other")
    project.git("rm", "-r", "--quiet", "--cached", ".")
    project.git("commit", "--quiet", "--allow-empty", "--message", "nothing yet")
    empty = project.git("rev-parse", "HEAD").strip()
    project.commit()

    ran = project.run("drift", "--base", empty)

    assert 1 == ran.code
    assert "sandbox" in ran.err
    assert not ran.err.rstrip().endswith(":")


def test_two_tenants_have_records_and_accounts_of_their_own(project: Project) -> None:
    """What was applied to the one was not to the other."""
    project.commit("tenants: {qa: {url: sandbox, scope: all}, test: {url: sandbox, scope: all}}\n" + TEAM)

    unnamed, named = project.run("apply", "--yes"), project.run("--tenant", "qa", "apply", "--yes")

    assert (2, 0) == (unnamed.code, named.code)
    assert "which tenant? Name one with --tenant: qa, test" in unnamed.err
    assert (["whole"], []) == (project.ends("qa"), project.ends("test"))
    assert (3, 0) == (len(project.users("qa")), len(project.users("test")))
    assert 1 == project.run("--tenant", "test", "drift").code


@pytest.mark.parametrize("name", ["a..b", "x.lock", "~", "ü", "a:b", "@{u}", "-n", ".qa", "a b?"])
def test_a_tenant_of_any_name_that_validates_can_be_applied_to(project: Project, name: str) -> None:
    """Git refuses some names of branches: better at `validate`, with a line, than after the account was changed."""
    project.commit(f"tenants: {{{json.dumps(name, ensure_ascii=False)}: {{url: sandbox, scope: all}}}}\n" + TEAM)

    validated, applied = project.run("validate"), project.run("apply", "--yes")

    assert (validated.code, applied.code) in {(0, 0), (1, 1)}, applied.said


def test_a_plan_with_fingerprints_of_another_key_approves_none_of_them(project: Project) -> None:
    """Refused, with why; with the same key the values come from git and are applied."""
    keys = project.environment
    keys["RECONCILER_FINGERPRINT_KEY"] = "one-key-of-32-characters-or-more"
    approve(project, SANDBOX + TEAM + "redact: [title]\n")
    assert "Clerk" not in (project.root / "approved.json").read_text()
    same = project.run("apply", "approved.json")
    approve(project, SANDBOX + TEAM.replace("Clerk", "Chief Clerk") + "redact: [title]\n")

    keys["RECONCILER_FINGERPRINT_KEY"] = "another-key-of-32-characters-now"
    other = project.run("apply", "approved.json")

    assert (0, 4) == (same.code, other.code)
    assert "set the same RECONCILER_FINGERPRINT_KEY for both" in " ".join(other.out.split())
    assert "Clerk" == project.users()["bob"]["title"]
