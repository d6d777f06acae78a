"""`log` lists the provisioning log, and with `--applies` the record of applies in git, also of another clone."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.project import SANDBOX, TEAM, Project, finish
from tests.cli.remote import reaching

PROMOTED = TEAM.replace("Clerk", "Head")


def with_origin(project: Project, tmp_path: Path) -> Project:
    """The project with a bare remote that has its commits, as a checkout has one."""
    project.git("clone", "--quiet", "--bare", str(project.root), str(tmp_path / "origin.git"))
    project.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    return project


def clone_of(project: Project, root: Path) -> Project:
    project.git("clone", "--quiet", str(project.root.parent / "origin.git"), str(root))
    return Project(root, project.monkeypatch, project.environment)


def test_applies_are_shown_beside_their_commits_newest_first(project: Project) -> None:
    """One whose commit does not lead to HEAD any more is marked."""
    project.run("apply", "--yes")
    project.commit(SANDBOX + PROMOTED)
    project.run("apply", "--yes")
    project.git("reset", "--quiet", "--hard", "HEAD~1")

    shown = project.run("log", "--applies")

    lines = shown.out.splitlines()
    assert (0, 4) == (shown.code, len(lines))
    assert lines[0].startswith("#2 ")
    assert lines[0].endswith("as it is (Ada)")
    assert lines[1].startswith("      1 applied; 3 active users after it; not in the history of HEAD; sha256:")
    assert lines[2].startswith("#1 ")
    assert lines[2].endswith("  as it is (Ada)")
    assert lines[3].startswith("      4 applied; 3 active users after it; sha256:")
    assert shown.out == project.run("ownership", "show").out


def test_applies_are_shown_to_machines(project: Project) -> None:
    """As JSON and as CSV, of one tenant or of all; the hashes of users are not among it."""
    project.run("apply", "--yes")

    shown = project.run("log", "--applies", "--format=json")
    table = project.run("log", "--applies", "--format=csv")

    commit = project.git("rev-parse", "HEAD").strip()
    assert [("sandbox", 1, "ended", commit, True, True)] == [
        tuple(one[name] for name in ("tenant", "serial", "state", "commit", "whole", "leads_here"))
        for one in shown.document
    ]
    assert [commit] == [row["commit"] for row in csv.DictReader(io.StringIO(table.out))]
    assert not {"sample", "covers", "salt", "open"} & set(shown.document[0])
    assert [] == project.run("--tenant=qa", "log", "--applies", "--format=json").document


def test_where_no_apply_is_on_record_it_says_what_to_do(project: Project) -> None:
    """The record may be in another clone."""
    assert "reconciler ownership fetch" in project.run("log", "--applies").out


def test_where_there_is_no_log_it_says_where_it_would_be(project: Project) -> None:
    """And makes none."""
    for ran in (project.run("log"), project.run("log", "--prune", "--older-than", "1d")):
        assert (0, "") == (ran.code, ran.out)
        assert "No provisioning log at" in ran.err
        assert ".reconciler/provisioning-log.db" in ran.err
    assert ["desired-state/all.yaml"] == project.written()


def test_every_change_of_an_apply_is_on_record(project: Project) -> None:
    """Under the run that the apply told, by whom git knows here, newest first."""
    told = project.run("apply", "--yes").err
    run = told.rpartition("reconciler log --run ")[2].strip()

    shown = project.run("log", "--run", run, "--format", "json")

    attempts = [json.loads(line) for line in shown.out.splitlines()]
    assert ["group/staff", "user/cid", "user/bob", "user/ann"] == [one["key"] for one in attempts]
    assert {("applied", 1, "sandbox", "Ada <ada@example.com>")} == {
        (one["status"], one["requests"], one["tenant"], one["who"]) for one in attempts
    }
    assert {project.git("rev-parse", "HEAD").strip()} == {one["commit"] for one in attempts}
    assert 0o600 == (project.root / ".reconciler/provisioning-log.db").stat().st_mode & 0o777


def test_who_started_it_is_whom_the_build_service_names(project: Project) -> None:
    """Before whom git knows."""
    project.environment["GITHUB_ACTOR"] = "octocat"
    project.run("apply", "--yes")

    assert "by octocat (GitHub Actions)" in project.run("log").out


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ((), 5),
        (("--key", "ann"), 2),
        (("--key", "user/ann", "--key", "group/staff"), 3),
        (("--key", "ann", "--action", "update_user"), 1),
        (("--status", "applied"), 5),
        (("--status", "failed", "--status", "started"), 0),
        (("--since", "1h"), 5),
        (("--since", "2999-01-01"), 0),
        (("--until", "1h"), 0),
        (("--since", "2020-01-01T00:00", "--until", "2999-12-31"), 5),
        (("--limit", "2"), 2),
        (("--run", "none"), 0),
    ],
)
def test_attempts_are_found_by_options(project: Project, options: tuple[str, ...], count: int) -> None:
    """Alone and together, in every format."""
    project.run("apply", "--yes")
    project.commit(SANDBOX + TEAM.replace("displayName: Ann}", "displayName: Ann, title: Chief}"))
    project.run("apply", "--yes")

    ran = project.run("log", *options, "--format", "json")

    assert (0, count) == (ran.code, len(ran.out.splitlines()))
    rows = csv.reader(io.StringIO(project.run("log", *options, "--format", "csv").out, newline=""))
    assert count + 1 == len(list(rows))
    assert count == project.run("log", *options).out.count("  applied  ")
    assert ("No attempt in the provisioning log passes these filters" in ran.err) is (count == 0)


def test_a_day_alone_counts_to_its_end(project: Project) -> None:
    """`--until` today has what was done today."""
    project.run("apply", "--yes")
    today = datetime.now(UTC).date().isoformat()

    assert 4 == len(project.run("log", "--until", today, "--since", today, "--format", "json").out.splitlines())


def test_text_shows_the_newest_hundred_and_says_so(project: Project) -> None:
    """The other formats have all of them: they are exports."""
    people = "users:\n" + "".join(f"  u{number:03}: {{userName: u{number}@example.com}}\n" for number in range(120))
    project.commit(SANDBOX + people)
    project.run("apply", "--yes")

    shown = project.run("log")

    assert (100, True) == (shown.out.count("create_user"), "the newest 100" in shown.err)
    assert 120 == project.run("log", "--limit", "1000").out.count("create_user")
    assert 120 == len(project.run("log", "--format", "json").out.splitlines())


def test_what_is_older_is_removed_when_somebody_says_so(project: Project) -> None:
    """And what is younger stays."""
    project.run("apply", "--yes")

    assert "Removed 0 attempts" in project.run("log", "--prune", "--older-than", "1h").err
    assert "Removed 4 attempts" in project.run("log", "--prune", "--older-than", "0h").err
    assert "" == project.run("log").out


@pytest.mark.parametrize(
    "options",
    [
        ("--prune",),
        ("--older-than", "1d"),
        ("--prune", "--older-than", "1d", "--key", "ann"),
        ("--applies", "--status", "failed"),
        ("--applies", "--prune", "--older-than", "1d"),
        ("--older-than", "soon"),
        ("--since", "yesterday"),
        ("--action", "delete_user"),
        ("--limit", "0"),
    ],
)
def test_what_does_not_go_together_is_said(project: Project, options: tuple[str, ...]) -> None:
    """A usage error, and nothing is shown or removed."""
    project.run("apply", "--yes")

    ran = project.run("log", *options)

    assert (2, "") == (ran.code, ran.out)
    assert "Error: " in ran.err
    assert 4 == len(project.run("log", "--format", "json").out.splitlines())


def test_nothing_is_applied_without_a_record(project: Project) -> None:
    """The log can't be opened: refused, after showing."""
    project.write("x" * 4096, ".reconciler/provisioning-log.db")

    ran = project.run("apply", "--yes")

    assert (4, "") == (ran.code, ran.out)
    assert ran.err.startswith("Plan for sandbox: 3 people get access")
    assert "provisioning-log.db can't be used: file is not a database. Nothing was applied" in ran.err
    assert {} == project.users()
    assert 2 == project.run("log").code


def test_applies_on_record_travel_between_clones(project: Project, tmp_path: Path) -> None:
    """As between the machines that two workflows run on: who left is known there too, and nothing is pushed by hand."""
    origin = with_origin(project, tmp_path)
    with reaching(origin) as remote:
        remote.says(TEAM, scope="all")
        origin.git("push", "--quiet", "origin", "main")
        assert 0 == origin.run("apply", "--yes").code
        other = clone_of(origin, tmp_path / "other")
        other.git("update-ref", "-d", "refs/remotes/origin/reconciler/remote")

        before = other.run("log", "--applies")
        fetched = other.run("ownership", "fetch")

        assert "No apply is on record" in before.out
        assert "The record reconciler/remote was fetched from origin\n" == fetched.out
        assert origin.run("log", "--applies").out == other.run("log", "--applies").out
        assert "no_history" not in other.run("plan", "--format=json").out


def test_without_a_fetch_of_its_own_a_plan_asks_the_remote(project: Project, tmp_path: Path) -> None:
    """Also in a clone of one branch, where git itself would fetch nothing of the record."""
    with reaching(with_origin(project, tmp_path)) as remote:
        remote.says(TEAM, scope="all")
        project.git("push", "--quiet", "origin", "main")
        assert 0 == project.run("apply", "--yes").code
        project.git("clone", "--quiet", "--single-branch", f"file://{tmp_path}/origin.git", str(tmp_path / "other"))
        other = Project(tmp_path / "other", project.monkeypatch, project.environment)

        planned = other.run("plan", "--format=json")

        assert (0, 1) == (planned.code, planned.document["record"]["serial"])


def test_applies_that_race_on_two_machines_lose_no_record(project: Project, tmp_path: Path) -> None:
    """Each begins at once: one after the other applies, or is refused and told until when; all of that is on record."""
    with reaching(with_origin(project, tmp_path)) as remote:
        remote.says(TEAM, scope="all")
        project.git("push", "--quiet", "origin", "main")
        others = [clone_of(project, tmp_path / f"other{number}") for number in range(3)]

        ran = [finish(one) for one in [one.start("-q", "apply", "--yes") for one in others]]

        done = [one for one in ran if one.code == 0]
        held = [one for one in ran if one.code == 4]
        assert (True, 3) == (len(done) >= 1, len(done) + len(held)), [one.err for one in ran]
        others_said = [one.err for one in held if "has begun, has no end on record" not in one.err]
        assert [] == others_said
        assert 0 == project.run("ownership", "fetch").code
        begun = [one for one in project.applies("remote") if one["state"] == "begun"]
        ended = [one for one in project.applies("remote") if one["state"] == "ended"]
        assert (len(done), len(done)) == (len(begun), len(ended))
        assert [3, 1] == [len(remote.store.simulator().users), len(remote.store.simulator().groups)], (
            "nobody is there twice"
        )


@pytest.mark.parametrize("command", ["fetch", "push"])
def test_a_record_without_a_remote_is_this_clones_own(project: Project, command: str) -> None:
    """It says so, and there is nothing to do."""
    ran = project.run("ownership", command)

    assert (0, "", True) == (ran.code, ran.err, "stays in this clone: the repository has no remote" in ran.out)


@pytest.mark.parametrize("command", ["fetch", "push"])
def test_of_several_remotes_none_is_guessed(project: Project, command: str) -> None:
    """They are named, and what to do."""
    project.commit("tenants: {remote: {url: 'https://4me.example/scim/v2', token: {env: SCIM_TOKEN}, scope: all}}\n")
    for name in ("theirs", "upstream"):
        project.git("remote", "add", name, "https://git.example/x.git")

    ran = project.run("ownership", command)

    assert (4, "") == (ran.code, ran.out)
    assert "several remotes could have the record of applies (theirs, upstream)" in ran.err
    assert "check out a branch that tracks the right one, or name it origin" in ran.err


def test_without_a_repository_no_apply_is_on_record(project: Project, tmp_path: Path) -> None:
    """Nor a folder: it says where to run this."""
    ran = project.run("--dir", str(tmp_path / "missing"), "log", "--applies")

    assert 2 == ran.code
    assert "the record of applies is kept in git, and the desired state is not in a git repository: run this" in ran.err


def test_what_was_approved_and_is_true_already_is_on_record(project: Project) -> None:
    """With that status, and nothing sent for it."""
    assert 0 == project.run("plan", "-o", "approved.json").code
    assert 0 == project.run("apply", "--yes").code

    assert 0 == project.run("apply", "approved.json").code

    logged = project.run("log", "--status", "already", "--format", "json").out.splitlines()
    assert 4 == len(logged)
    assert {("the account was compared and has this already; there is nothing to do", 0)} == {
        (one["detail"], one["requests"]) for one in map(json.loads, logged)
    }
