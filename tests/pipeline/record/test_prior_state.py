"""Plans with a base, with the last apply, and with every reason why either is missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from reconciler.core.model.resources import Key
from reconciler.core.model.states import DesiredState
from reconciler.errors import Problem
from reconciler.pipeline.desired.commit_states import CommitStates
from reconciler.pipeline.desired.current_state import load_current_state
from reconciler.pipeline.workspace import Workspace
from tests.cli.project import SANDBOX, TEAM, Project, Ran

WITHOUT_CID = "\n".join(line for line in TEAM.splitlines() if "cid" not in line) + "\n"
REMOTE = "tenants: {remote: {url: 'http://127.0.0.1:1/scim/v2', token: {env: REMOTE_TOKEN}, scope: all}}\n"
PROMOTED = TEAM.replace("Clerk", "Head")


def causes(project: Project, *arguments: str) -> dict[str, str]:
    """The cause of each change of a plan, by key."""
    ran = project.run("plan", "--format=json", *arguments)
    assert 0 == ran.code, ran.err
    return {change["key"]: change["cause"] for change in ran.document["changes"]}


def test_a_base_is_where_this_branch_parted_from_it(project: Project) -> None:
    """What was merged meanwhile by others is not undone by this branch: it is not this branch's to say."""
    project.run("apply", "--yes")
    project.git("checkout", "--quiet", "-b", "feature")
    project.commit(SANDBOX + PROMOTED)
    project.git("checkout", "--quiet", "main")
    project.commit(SANDBOX + WITHOUT_CID)
    parted = project.git("rev-parse", "HEAD~1").strip()
    project.git("checkout", "--quiet", "--detach", "feature")

    assert {"user/bob": "this_change"} == causes(project, "--base=main")
    assert parted == project.run("plan", "--format=json", "--base=main").document["base"]


def test_what_is_merged_and_waits_is_told_apart_with_a_base_only(project: Project) -> None:
    """Without one everything since the last apply is what this apply would do."""
    project.run("apply", "--yes")
    project.commit(SANDBOX + PROMOTED)
    project.git("tag", "merged")
    project.commit(SANDBOX + PROMOTED.replace("Ann}", "Ann Lee}"))

    assert {"user/ann": "this_change", "user/bob": "merged"} == causes(project, "--base=merged")
    assert {"user/ann": "this_change", "user/bob": "this_change"} == causes(project)


def test_a_base_before_the_first_commit_is_a_usage_error(project: Project) -> None:
    """An unborn branch is planned without one."""
    project.git("checkout", "--quiet", "--orphan", "other")

    ran = project.run("plan", "--base=main")

    assert (2, "Error: this repository has no commit yet, so it has no base: commit first\n") == (ran.code, ran.err)
    assert 0 == project.run("plan").code


@pytest.mark.parametrize("applied_here", [True, False])
def test_a_history_that_was_rewritten_is_told_and_not_applied(project: Project, *, applied_here: bool) -> None:
    """The last apply was of a commit that does not lead here, with an older one that does, or without."""
    if applied_here:
        project.run("apply", "--yes")
    project.commit(SANDBOX + WITHOUT_CID)
    project.run("apply", "--yes")
    last = project.git("rev-parse", "HEAD").strip()
    project.git("reset", "--quiet", "--hard", "HEAD~1")
    project.commit(SANDBOX + PROMOTED)
    before = project.applies()

    planned, applied = project.run("plan"), project.run("apply", "--yes")

    assert (0, 4) == (planned.code, applied.code)
    assert last[:12] in planned.out
    assert last[:12] in applied.err
    assert "reconciler ownership recover" in applied.err
    assert before == project.applies()


def shallow_clone(project: Project, tmp_path: Path, *options: str) -> Project:
    """What actions/checkout fetches unless it is told otherwise."""
    project.git("clone", "--quiet", "--depth=1", *options, project.root.as_uri(), str(tmp_path / "shallow"))
    return Project(tmp_path / "shallow", project.monkeypatch)


def share_account(project: Project, other: Project) -> None:
    """The embedded 4me and its record are those of the other clone too."""
    shutil.copytree(project.root / ".reconciler", other.root / ".reconciler", dirs_exist_ok=True)
    record = "+refs/heads/reconciler/*:refs/heads/reconciler/*"
    other.git("fetch", "--quiet", project.root.as_uri(), record)


def assert_not_known(ran: Ran) -> None:
    """The plan is shown, names nobody as a leaver, says that ownership is not known, and can't be applied."""
    assert 4 == ran.code
    assert "ownership is not known" in ran.told
    assert "loses access" not in ran.out


def test_a_shallow_clone_shows_a_plan_and_takes_nobody_for_a_leaver(project: Project, tmp_path: Path) -> None:
    """It says what to fetch, for a base that is not there too; nothing is applied, nor on record."""
    project.run("apply", "--yes")
    project.commit(SANDBOX + WITHOUT_CID)
    shallow = shallow_clone(project, tmp_path)
    share_account(project, shallow)
    before = shallow.applies()

    with_base, without = shallow.run("plan", "--base=HEAD~1"), shallow.run("plan")
    refused = shallow.run("apply", "--yes")

    assert 2 == with_base.code
    assert "which is shallow: fetch the whole history (git fetch --unshallow; fetch-depth: 0 for" in with_base.err
    assert_not_known(without)
    assert "git fetch --unshallow" in without.told
    assert (4, True) == (refused.code, "git fetch --unshallow" in refused.err)
    assert before == shallow.applies()
    shallow.git("fetch", "--quiet", "--unshallow")
    assert "Cid (user/cid) loses access" in shallow.run("plan").out


def test_a_remote_that_is_not_there_leaves_a_plan_without_leavers(project: Project, tmp_path: Path) -> None:
    """The plan is shown, the way out is named, and nothing is applied; nor is `--record local` a way around a fetch."""
    project.commit(REMOTE + TEAM)
    project.environment["REMOTE_TOKEN"] = "secret"  # of nothing
    project.write('{"format": 1, "faults": [], "users": [], "groups": []}', "live.json")
    project.git("remote", "add", "origin", (tmp_path / "nowhere").as_uri())

    remote, local = (project.run("plan", "--live", "live.json", f"--record={one}") for one in ("remote", "local"))
    refused = project.run("apply", "--yes")

    assert_not_known(remote)
    assert "the record of applies can't be fetched" in remote.told
    assert_not_known(local)
    assert "reconciler ownership fetch" in local.told
    assert (4, True) == (refused.code, "can't be fetched" in refused.err)
    assert [] == project.applies("remote")


def test_a_head_that_is_on_no_branch_is_as_good_as_one(project: Project) -> None:
    """As in every workflow: it is the commit that is planned, applied and on record."""
    project.run("apply", "--yes")
    left = project.commit(SANDBOX + WITHOUT_CID)
    project.git("checkout", "--quiet", "--detach")

    with_base, planned, applied = (
        project.run("plan", "--base=main~1"),
        project.run("plan"),
        project.run("apply", "--yes"),
    )

    assert (0, 0, 0) == (with_base.code, planned.code, applied.code)
    assert "Cid (user/cid) loses access" in with_base.out
    assert "Cid (user/cid) loses access" in planned.out
    assert (left, ["whole", "whole"]) == (project.applies()[-1]["commit"], project.ends())
    assert "No drift in sandbox" in project.run("drift").out


def test_a_desired_state_that_moved_is_read_where_it_was(project: Project) -> None:
    """Who left with the move, or after it, has left."""
    before = project.commit()
    project.run("apply", "--yes")
    project.git("mv", "desired-state", "people")
    project.write(SANDBOX + WITHOUT_CID, "people/all.yaml")
    project.git("commit", "--quiet", "--all", "--message", "moved, without Cid")

    ran = project.run("--dir=people", "plan", f"--base={before}")

    assert "Cid (user/cid) loses access" in ran.out
    assert "[desired-state/all.yaml:5" in ran.out


def test_a_base_before_the_desired_state_is_told(project: Project) -> None:
    """Nobody can have left since."""
    project.git("checkout", "--quiet", "--orphan", "other")
    project.git("rm", "-r", "--quiet", "--cached", ".")
    project.git("commit", "--quiet", "--allow-empty", "--message", "nothing yet")
    project.commit()

    ran = project.run("plan", "--base=HEAD~1")

    assert 0 == ran.code
    assert "(desired-state had no *.yaml), so that commit has no desired state for it" in ran.told


@pytest.mark.parametrize(
    ("text", "why"), [("users: [", "is not YAML"), ("users: {ann: {userName: a, surname: Lee}}", "surname")]
)
def test_a_base_with_problems_is_a_warning(project: Project, text: str, why: str) -> None:
    """It is history, and can't be mended; who left since is not known, and so nobody is taken for somebody who left."""
    project.commit(text)
    project.commit(SANDBOX + WITHOUT_CID)

    ran = project.run("plan", "--base=HEAD~1")

    assert 0 == ran.code
    assert f"? the desired state at {project.git('rev-parse', 'HEAD~1')[:12]} has problems (" in ran.out
    assert why in ran.out


def test_a_base_with_links_is_a_warning(project: Project) -> None:
    """Like any other that can't be read."""
    link = project.root / "desired-state/more.yaml"
    link.symlink_to("all.yaml")
    project.commit()
    link.unlink()
    project.commit()

    ran = project.run("plan", "--base=HEAD~1")

    assert 0 == ran.code
    assert "(put the file itself there)), so its declarations are unknown" in ran.told


def test_a_submodule_below_the_desired_state_is_refused(project: Project) -> None:
    """Its files have a history of their own."""
    Project(project.root / "desired-state/more", project.monkeypatch).commit("users: {}")

    ran = project.run("plan")

    assert 2 == ran.code
    assert "desired-state/more: this is another git repository, with its own history" in ran.err


def test_without_git_the_plan_says_so(project: Project, tmp_path: Path) -> None:
    """Not installed at all; and a base can't be named then."""
    project.environment["PATH"] = str(tmp_path)

    plan, with_base = project.run("plan"), project.run("plan", "--base=main")

    assert 0 == plan.code
    assert "i git is not installed here, so this plan can't find leavers" in plan.out
    refusal = 'Error: the revision "main" needs a git repository, and git is not installed here\n'
    assert (2, refusal) == (with_base.code, with_base.err)


def test_a_repository_that_git_does_not_open_is_a_usage_error(project: Project) -> None:
    """As where it belongs to somebody else: without its history people who left go unnoticed."""
    (project.root / ".git/HEAD").write_bytes(os.urandom(8).hex().encode())

    ran = project.run("plan")

    assert 2 == ran.code
    assert "Error: git can't open the repository of desired-state: fatal:" in ran.err


def test_drift_is_held_against_exactly_the_revision_that_is_named(project: Project) -> None:
    """Which was applied, whatever is checked out: what git says otherwise since then is pending, and no drift."""
    project.git("checkout", "--quiet", "-b", "hotfix")
    project.commit(SANDBOX + PROMOTED)
    project.run("apply", "--yes")
    project.git("checkout", "--quiet", "-b", "later")
    project.commit(SANDBOX + PROMOTED.replace("Ann}", "Ann Lee}"))

    drift = project.run("drift", "--base=hotfix")
    assert "Drift in sandbox: none; pending: 1 change from git, not applied yet" in drift.told


def test_the_states_of_commits_are_compiled_once_for_each_folder(project: Project) -> None:
    """Two commits with the same folder cost one; each is told by its own name, as is what does not compile."""
    first = project.commit()
    project.git("commit", "--quiet", "--allow-empty", "--message", "any")
    second = project.git("rev-parse", "HEAD").strip()
    broken = project.commit("users: [")
    project.git("commit", "--quiet", "--allow-empty", "--message", "any")
    same = project.git("rev-parse", "HEAD").strip()
    project.commit(SANDBOX + WITHOUT_CID)
    cache = CommitStates(load_current_state(Workspace(project.root / "desired-state")))

    states = [cache.compile(first), cache.compile(second)]

    assert isinstance(states[0], DesiredState)
    assert Key("user", "cid") in states[0].users
    assert states[0] is states[1]
    assert cache.at(first).loaded is cache.at(second).loaded
    assert [first, second] == [cache.at(first).commit, cache.at(second).commit]
    for commit in (broken, same):
        problem = cache.compile(commit)
        assert isinstance(problem, Problem)
        assert commit[:12] in problem.message


def test_a_commit_before_the_desired_state_has_no_state(project: Project) -> None:
    """And says so."""
    project.git("checkout", "--quiet", "--orphan", "other")
    project.git("rm", "-r", "--quiet", "--cached", ".")
    project.git("commit", "--quiet", "--allow-empty", "--message", "nothing yet")
    empty = project.git("rev-parse", "HEAD").strip()
    project.commit()
    cache = CommitStates(load_current_state(Workspace(project.root / "desired-state")))

    problem = cache.compile(empty)

    assert isinstance(problem, Problem)
    assert "had no *.yaml" in problem.message
