"""A desired state is complete or an error, whatever git's settings and environment do to the working tree."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.project import SANDBOX, TEAM, Project

NEW = "users:\n  dan: {userName: dan@example.com, displayName: Dan}\n"
EVE = "users:\n  eve: {userName: eve@example.com, displayName: Eve}\n"


@pytest.fixture(scope="session")
def applied_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three files, applied: who is missing from one of them would look as if they had left."""
    root = tmp_path_factory.mktemp("complete") / "project"
    with pytest.MonkeyPatch.context() as monkeypatch:
        project = Project(root, monkeypatch)
        project.write("*.sqlite\n.reconciler/\nplans/\n", ".gitignore")
        project.write(NEW, "desired-state/users/dan.yaml")
        project.write(EVE, "desired-state/more/eve.yaml")
        project.commit(SANDBOX + TEAM)
        assert 0 == project.run("apply", "--yes").code
    return root


@pytest.fixture
def team(applied_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of it, for one test."""
    project = Project(Path(shutil.copytree(applied_template, tmp_path / "project")), monkeypatch)
    project.git("update-index", "--refresh", "-q")  # the copies are other files to git, which it would not take away
    return project


def short(project: Project) -> str:
    """The checked-out commit as messages have it."""
    return project.git("rev-parse", "HEAD")[:7]


def assert_complete(project: Project) -> None:
    """Everybody is where they were: read from the commit, and nothing to do."""
    ran = project.run("plan", "--exit-code", "--read", "full")
    assert (0, True) == (ran.code, f"3 of 3 files of desired-state read at {short(project)}" in ran.err), ran.said


def assert_refused(project: Project, *told: str) -> None:
    """`plan`, `drift`, `apply` and `validate` refuse, each with every name; nobody is reported as having left."""
    for command in (["plan"], ["drift"], ["apply", "--yes"], ["validate"]):
        ran = project.run(*command)
        assert 2 == ran.code, ran.said
        assert all(one in ran.said for one in told), ran.said
        assert "deactivate" not in ran.out


def test_a_clean_folder_is_read_from_its_commit_and_the_count_is_said(team: Project) -> None:
    """On stderr of plan and drift, in what validate prints; quiet is quiet."""
    assert_complete(team)
    count = f"3 of 3 files of desired-state read at {short(team)}\n"
    assert team.run("drift").err.endswith(count)
    assert team.run("validate").out.endswith(count)
    as_json = team.run("validate", "--format", "json")
    assert ([], True) == (as_json.document, as_json.err.endswith(count))
    assert "" == team.run("-q", "drift").err


def test_what_is_not_committed_is_said_to_be_of_the_working_tree(team: Project) -> None:
    """Changed, new, ignored, staged, meant to be added."""
    told = "files of desired-state read from the working tree, not committed"
    team.write("users: {}\n", "desired-state/new.yaml")
    assert f"4 of 4 {told}" in team.run("plan").err
    team.git("add", "--intent-to-add", "desired-state/new.yaml")
    assert f"4 of 4 {told}" in team.run("plan").err
    team.git("add", "desired-state/new.yaml")
    assert f"4 of 4 {told}" in team.run("plan").err
    team.git("rm", "--quiet", "--force", "desired-state/new.yaml")
    team.write("*.yaml\n", ".git/info/exclude")
    team.write("users: {}\n", "desired-state/local.yaml")
    assert f"4 of 4 {told}" in team.run("plan").err


def test_what_is_really_deleted_has_left(team: Project) -> None:
    """By hand, or out of the index."""
    (team.root / "desired-state/users/dan.yaml").unlink()
    ran = team.run("plan", "--read", "full")
    assert "2 of 2 files of desired-state read from the working tree, not committed" in ran.err
    assert "dan" in ran.out
    team.git("rm", "--quiet", "--cached", "desired-state/users/dan.yaml")
    assert "2 of 2 files" in team.run("plan").err


def test_a_folder_in_the_place_of_a_file_has_left(team: Project) -> None:
    """And a file in the place of a folder."""
    shutil.rmtree(team.root / "desired-state/users")
    team.write("no YAML", "desired-state/users")
    assert "2 of 2 files" in team.run("validate").out


@pytest.mark.parametrize("cone", ["--cone", "--no-cone"])
@pytest.mark.parametrize("index", ["--sparse-index", "--no-sparse-index"])
def test_a_sparse_checkout_is_read_from_its_commit(team: Project, cone: str, index: str) -> None:
    """Who is in files that are not checked out has not left."""
    if cone == "--no-cone":
        team.git("sparse-checkout", "set", "--no-cone", "/desired-state/*.yaml", "!/desired-state/users/")
    else:
        team.git("sparse-checkout", "set", cone, index, "desired-state/more")
    assert not (team.root / "desired-state/users").exists()

    assert_complete(team)


def test_a_sparse_checkout_without_the_folder_is_read_from_its_commit(team: Project) -> None:
    """Nothing of it is in the working tree."""
    team.write("x", "other/file")
    team.git("add", "other")
    team.git("commit", "--quiet", "-m", "other")
    team.git("sparse-checkout", "set", "--cone", "other")
    assert not (team.root / "desired-state").exists()

    assert_complete(team)


def test_a_sparse_checkout_that_was_edited_names_what_it_lacks(team: Project) -> None:
    """All files at once."""
    team.git("sparse-checkout", "set", "--no-cone", "/desired-state/all.yaml")
    team.write(SANDBOX + TEAM.replace("Clerk", "Chief"))

    assert_refused(team, "desired-state/users/dan.yaml: ", "desired-state/more/eve.yaml: ", "git sparse-checkout")
    assert "1 of 3 files of the desired state can be read" in team.run("plan").err
    assert "1 of 3 files of desired-state read from the working tree" in team.run("validate").out


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_flag_hides_no_change(team: Project, flag: str) -> None:
    """Another content is not the commit's; a file that is gone is read from the commit."""
    file = team.root / "desired-state/users/dan.yaml"
    team.git("update-index", flag, "desired-state/users/dan.yaml")
    assert_complete(team)
    team.write(NEW.replace("Dan", "Daniel"), "desired-state/users/dan.yaml")
    ran = team.run("plan")
    assert ("Daniel" in ran.out, "not committed" in ran.err) == (True, True)
    file.unlink()
    assert_complete(team)
    team.write("users: {}\n", "desired-state/new.yaml")
    assert_refused(team, "desired-state/users/dan.yaml: HEAD has this file, it is not checked out")


def test_a_file_system_monitor_that_has_seen_nothing_hides_no_change(team: Project) -> None:
    """Git asks it which files to look at; the desired state does not depend on its answer."""
    monitor = team.write("#!/bin/sh\nprintf 'token\\0'\n", "monitor")
    monitor.chmod(0o755)
    team.git("config", "core.fsmonitor", str(monitor))
    team.git("status")
    team.write(NEW.replace("Dan", "Daniel"), "desired-state/users/dan.yaml")
    assert "users/dan.yaml" not in team.git("status", "--porcelain")

    ran = team.run("plan")
    assert ("Daniel" in ran.out, "not committed" in ran.err) == (True, True)


@pytest.mark.parametrize(
    ("attributes", "content"),
    [
        ("*.yaml text eol=crlf", NEW),
        ("*.yaml working-tree-encoding=UTF-16", NEW),
        ("*.yaml ident", "# $Id$\n" + NEW),
        ("*.yaml filter=shout", NEW),
        ("*.yaml export-ignore", NEW),
    ],
)
def test_what_a_checkout_makes_of_a_file_does_not_count(team: Project, attributes: str, content: str) -> None:
    """Line ends, encodings, filters: what git holds is read."""
    team.git("config", "filter.shout.smudge", "tr a-z A-Z")
    team.git(
        "config", "filter.shout.clean", "tr A-Z a-z | sed 's/username/userName/;s/displayname: dan/displayName: Dan/'"
    )
    team.commit(content, "desired-state/users/dan.yaml")
    team.write(attributes, "desired-state/users/.gitattributes")
    team.git("add", "desired-state/users/.gitattributes")
    team.git("commit", "--quiet", "-m", "attributes")
    (team.root / "desired-state/users/dan.yaml").unlink()
    team.git("checkout", "--", "desired-state/users/dan.yaml")

    assert_complete(team)


def test_a_pointer_of_lfs_is_no_file(team: Project) -> None:
    """Nor one that was smudged into the working tree."""
    team.commit("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n", "desired-state/users/dan.yaml")

    assert_refused(team, "desired-state/users/dan.yaml: git has only a Git LFS pointer")


def test_links_and_names_that_would_not_be_read_are_told_at_once(team: Project) -> None:
    """Files, folders, pipes; committed or not."""
    (team.root / "desired-state/a.yaml").symlink_to("all.yaml")
    (team.root / "desired-state/people").symlink_to("users")
    (team.root / "desired-state/loop").symlink_to("loop")
    os.mkfifo(team.root / "desired-state/pipe.yaml")
    team.write("", "desired-state/users/b.yml")
    team.write("", "desired-state/users/c.YAML")
    told = [f"desired-state/{name}: " for name in ("a.yaml", "people", "loop", "users/b.yml", "users/c.YAML")]

    assert_refused(team, *told, "desired-state/pipe.yaml: this is neither a file nor a folder")
    (team.root / "desired-state/pipe.yaml").unlink()
    team.commit()
    assert_refused(team, *told)
    assert 2 == team.run("validate", "--format", "github").out.count("this is a link at") - 1


def test_a_path_too_long_to_be_opened_is_named(team: Project) -> None:
    """A folder that nobody can list holds people who have not left."""
    here = os.open(team.root / "desired-state", os.O_RDONLY)
    try:
        for _level in range(17):
            os.mkdir("d" * 250, dir_fd=here)
            below = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
    finally:
        os.close(here)
    team.write("users: {}\n", "desired-state/new.yaml")

    assert_refused(team, "this can't be read: File name too long")


def test_a_folder_that_is_a_link_out_of_its_repository_is_refused(team: Project, tmp_path: Path) -> None:
    """What is there has another history, or none; one that stays inside is followed."""
    (team.root / "inside").symlink_to("desired-state")
    ran = team.run("--dir", "inside", "plan", "--exit-code")
    assert (0, True) == (ran.code, "3 of 3 files of desired-state read at" in ran.err)
    shutil.move(team.root / "desired-state", tmp_path / "outside")
    (team.root / "desired-state").symlink_to(tmp_path / "outside")

    assert_refused(team, "is a link out of the repository")


def test_a_submodule_that_is_not_checked_out_is_named(team: Project) -> None:
    """Its folder is empty."""
    other = Project(team.root.parent / "other", team.monkeypatch)
    other.commit(NEW, "desired-state/x.yaml")
    add = ("submodule", "--quiet", "add", str(other.root), "desired-state/sub")
    team.git("-c", "protocol.file.allow=always", *add)
    team.git("commit", "--quiet", "-m", "sub")
    team.git("submodule", "--quiet", "deinit", "--force", "desired-state/sub")

    assert_refused(team, "desired-state/sub: this is a submodule")
    team.write("users: {}\n", "desired-state/new.yaml")
    assert_refused(team, "desired-state/sub: this is a submodule")


def test_a_merge_that_is_not_settled_is_named(team: Project) -> None:
    """Also where one side has deleted the file, and no marks stand in it."""
    team.git("checkout", "--quiet", "-b", "side")
    team.commit(NEW.replace("Dan", "Daniel"), "desired-state/users/dan.yaml")
    team.git("checkout", "--quiet", "main")
    team.git("rm", "--quiet", "desired-state/users/dan.yaml")
    team.commit()
    with pytest.raises(AssertionError):
        team.git("merge", "side")

    assert_refused(team, "desired-state/users/dan.yaml: this file has a merge conflict")


def test_names_that_differ_by_case_alone_are_both_read(team: Project) -> None:
    """Where the file system has both."""
    team.commit("users: {}\n", "desired-state/users/Dan.yaml")

    assert "4 of 4 files of desired-state read at" in team.run("plan").err


def test_names_that_read_the_same_are_refused(team: Project) -> None:
    """One of the two would be lost: a byte that is no text, and how it is spelled."""
    folder = os.fsencode(team.root / "desired-state")
    for name in (b"x\xff.yaml", b"x\\xff.yaml"):
        Path(os.fsdecode(folder + b"/" + name)).write_text("users: {}\n")

    assert_refused(team, "two files have names that look the same")
    team.commit()
    assert_refused(team, "two files have names that look the same")


def _worktree(team: Project) -> Path:
    team.git("worktree", "add", "--quiet", "--detach", "../worktree")
    return team.root.parent / "worktree"


def _sparse_clone(team: Project) -> Path:
    team.git("clone", "--quiet", "--sparse", team.root.as_uri(), "../worktree")
    team.git("-C", "../worktree", "fetch", "--quiet", "origin", "+refs/notes/*:refs/notes/*")
    return team.root.parent / "worktree"


def _shallow_clone(team: Project) -> Path:
    team.commit()
    team.git("clone", "--quiet", "--depth=1", team.root.as_uri(), "../worktree")
    return team.root.parent / "worktree"


@pytest.mark.parametrize("make", [_worktree, _sparse_clone, _shallow_clone])
def test_a_plan_is_the_same_in_every_kind_of_checkout(team: Project, make: Callable[[Project], Path]) -> None:
    """A worktree, a sparse clone, a shallow one, which says what it does not know."""
    other = Project(make(team), team.monkeypatch)
    shutil.copytree(team.root / ".reconciler", other.root / ".reconciler")

    if make is _shallow_clone:
        ran = other.run("plan")
        assert (4, True) == (ran.code, f"3 of 3 files of desired-state read at {short(other)}" in ran.err)
        assert "no changes; blocked: ownership is not known" in ran.out
        return
    assert_complete(other)


def test_no_variable_of_git_changes_a_plan(team: Project, tmp_path: Path) -> None:
    """Another repository, another index, other objects, settings that colour or sign: the same plan."""
    other = Project(tmp_path / "other", team.monkeypatch)
    other.commit(SANDBOX)
    team.write(NEW.replace("Dan", "Daniel"), "desired-state/users/dan.yaml")
    expected = team.run("plan", "--format", "json")
    redirects = {
        "GIT_DIR": str(other.root / ".git"),
        "GIT_WORK_TREE": str(other.root),
        "GIT_INDEX_FILE": str(other.root / ".git/index"),
        "GIT_OBJECT_DIRECTORY": str(other.root / ".git/objects"),
        "GIT_NAMESPACE": "other",
        "GIT_CEILING_DIRECTORIES": str(team.root),
        "GIT_CONFIG_PARAMETERS": "'core.bare=true'",
        "GIT_LITERAL_PATHSPECS": "0",
        "GIT_COMMON_DIR": str(other.root / ".git"),
        "GIT_TRACE": "1",
        "LC_ALL": "de_DE.UTF-8",
    }
    for name, value in redirects.items():
        team.environment = {name: value}
        ran = team.run("plan", "--format", "json")
        assert (expected.code, expected.out, expected.err) == (ran.code, ran.out, ran.err), name


@pytest.mark.parametrize(
    "settings",
    [
        ["color.ui=always", "log.showSignature=true", "core.quotePath=false", "status.showStash=true"],
        ["diff.external=false", "diff.noprefix=true", "diff.orderFile=/nowhere", "diff.algorithm=patience"],
        ["core.fsmonitor=true", "core.untrackedCache=true", "status.showUntrackedFiles=no", "core.pager=false"],
    ],
)
def test_no_setting_of_git_changes_a_plan(team: Project, settings: list[str]) -> None:
    """What a person sets for their own eyes."""
    team.commit(NEW.replace("Dan", "Daniel"), "desired-state/users/dan.yaml")
    expected = team.run("plan", "--base", "HEAD~1", "--format", "json")
    for setting in settings:
        team.git("config", *setting.split("="))

    ran = team.run("plan", "--base", "HEAD~1", "--format", "json")
    assert (expected.code, expected.out, expected.err) == (ran.code, ran.out, ran.err)


def test_neither_replaced_objects_nor_grafts_change_what_is_read(team: Project) -> None:
    """A blob that is replaced is what it was committed as."""
    (team.root / "empty").write_text("users: {}\n")
    blob = team.git("hash-object", "-w", "empty").strip()
    team.git("replace", team.git("rev-parse", "HEAD:desired-state/users/dan.yaml").strip(), blob)

    assert_complete(team)


def test_a_partial_clone_names_what_it_does_not_have(team: Project) -> None:
    """Every file whose content was not fetched, where the remote can't be reached."""
    team.git("config", "uploadpack.allowFilter", "true")
    team.git("clone", "--quiet", "--filter=blob:none", "--no-checkout", team.root.as_uri(), "../partial")
    partial = Project(team.root.parent / "partial", team.monkeypatch)
    partial.git("sparse-checkout", "set", "--cone", "nothing")
    partial.git("checkout", "--quiet", "main")
    partial.git("remote", "set-url", "origin", "file:///nowhere")

    names = [f"desired-state/{name}: " for name in ("all.yaml", "users/dan.yaml", "more/eve.yaml")]
    ran = partial.run("validate")
    assert 2 == ran.code
    assert all(f"{name}this clone lacks the content" in ran.out for name in names), ran.said
    assert "git fetch --refetch" in ran.out


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("link", "desired-state/more.yaml: this is a link at"),
        ("pointer", "desired-state/more.yaml: git has only a Git LFS pointer"),
        ("misnamed", "desired-state/more.yml: only files that end in .yaml are read"),
    ],
)
def test_a_base_that_can_not_be_read_whole_is_named(project: Project, kind: str, told: str) -> None:
    """The same checks as of HEAD; nobody counts as having left since."""
    file = project.root / ("desired-state/more.yml" if kind == "misnamed" else "desired-state/more.yaml")
    if kind == "link":
        file.symlink_to("all.yaml")
    else:
        file.write_text("version https://git-lfs.github.com/spec/v1\n" if kind == "pointer" else "users: {}\n")
    project.commit()
    file.unlink()
    project.commit()

    ran = project.run("plan", "--base=HEAD~1")
    assert (0, True) == (ran.code, told in ran.told)


def test_a_repository_of_sha256_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its names are longer; its root may be the desired state."""
    (tmp_path / "project").mkdir()
    project = Project(tmp_path / "project", monkeypatch)
    project.git("init", "--quiet", "--initial-branch=main", "--object-format=sha256")
    project.git("config", "user.name", "Ada")
    project.git("config", "user.email", "ada@example.com")
    project.write(SANDBOX + TEAM, "all.yaml")
    assert "1 of 1 file of project read from the working tree" in project.run("--dir", ".", "validate").out
    project.git("add", "--all")
    project.git("commit", "--quiet", "-m", "first")

    assert f"1 of 1 file of project read at {short(project)}" in project.run("--dir", ".", "validate").out


def test_a_bare_repository_is_not_without_history(team: Project) -> None:
    """Git opens no working tree there."""
    team.git("clone", "--quiet", "--bare", ".", "../bare")
    folder = team.root.parent / "bare/desired-state"
    shutil.copytree(team.root / "desired-state", folder)

    ran = team.run("--dir", folder, "plan")
    assert (2, True) == (ran.code, "git can't open the repository of" in ran.err)


@pytest.mark.parametrize("setting", ["core.worktree=/nowhere", "core.bare=true", "core.sparseCheckout=true", "x.y=z"])
def test_settings_that_come_with_a_token_redirect_nothing(team: Project, setting: str) -> None:
    """They are passed on to git, for the token is among them; the plan is the same, or git's own words say why not."""
    name, value = setting.split("=")
    team.environment = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": name, "GIT_CONFIG_VALUE_0": value}

    ran = team.run("plan", "--exit-code", "--read", "full")
    assert (0, True) == (ran.code, f"3 of 3 files of desired-state read at {short(team)}" in ran.err), ran.said
