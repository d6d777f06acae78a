"""The private folder and the plans beside the desired state: nothing that a repository brings along is believed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.office import Office, opening
from tests.cli.project import SANDBOX, TEAM, Project

REDACTED = f"{SANDBOX}redact: [title]\n{TEAM}"
COMMANDS = {"plan": ["plan"], "apply": ["apply", "--yes"], "log": ["log"], "sandbox": ["sandbox", "reset"]}
KEY = "deadbeef" * 8


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An account on a port, and a repository for it."""
    with opening(Project(tmp_path / "office", monkeypatch)) as one:
        yield one


def modes(folder: Path) -> set[int]:
    """Returns the permissions of the files in a folder."""
    return {path.stat().st_mode & 0o777 for path in folder.iterdir() if path.name != ".gitignore"}


def test_the_private_folder_and_its_files_are_their_owners_alone(project: Project) -> None:
    """Whatever rights they had before."""
    private = project.root / ".reconciler"
    private.mkdir(0o755)
    project.commit(REDACTED)

    assert 0 == project.run("apply", "--yes").code
    assert 0 == project.run("drift").code

    assert 0o700 == private.stat().st_mode & 0o777
    assert {0o600} == modes(private)
    assert {"fingerprint.key", "sandbox.sqlite", "provisioning-log.db", "sandbox.snapshot"} <= {
        path.name for path in private.iterdir()
    }


@pytest.mark.parametrize("command", ["plan", "apply", "log", "sandbox"])
def test_a_private_folder_that_is_committed_is_refused(project: Project, command: str) -> None:
    """With the key of fingerprints, everyone who reads the repository can compute them."""
    project.commit(REDACTED)
    assert 0 == project.run("apply", "--yes").code
    project.write(KEY, ".reconciler/fingerprint.key")
    project.git("add", "--force", ".reconciler/fingerprint.key")
    project.git("commit", "--quiet", "--message", "with a key")

    arguments = {"plan": ["plan"], "apply": ["apply", "--yes"], "log": ["log"], "sandbox": ["sandbox", "reset"]}[
        command
    ]
    ran = project.run(*arguments)

    assert (2, "") == (ran.code, ran.out)
    assert "'.reconciler/fingerprint.key' is committed, so the private folder is not private: run `git rm -r" in ran.err


def test_a_provisioning_log_that_is_committed_is_not_believed(office: Office) -> None:
    """Else another person's rows say in our plans what the service never took, and what to write instead."""
    office.commit(TEAM)
    assert 0 == office.project.run("apply", "--yes").code
    assert 0 == office.project.run("plan").code
    office.project.git("add", "--force", ".reconciler/provisioning-log.db")
    office.project.git("commit", "--quiet", "--message", "with a log")

    ran = office.project.run("plan")

    assert (2, "") == (ran.code, ran.out)
    assert "'.reconciler/provisioning-log.db' is committed, so the private folder is not private" in ran.err


@pytest.mark.parametrize("command", ["plan", "apply", "sandbox"])
def test_a_private_folder_that_is_a_link_is_refused(project: Project, tmp_path: Path, command: str) -> None:
    project.commit(REDACTED)
    (tmp_path / "elsewhere").mkdir()
    (project.root / ".reconciler").symlink_to(tmp_path / "elsewhere")

    ran = project.run(*COMMANDS[command])

    assert 2 == ran.code
    assert "can't be used: it is a link, and a repository may contain one: remove it" in ran.err
    assert [] == list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("link", "it is a link"),
        ("hard link", "it has a second name (a hard link)"),
        ("readable", "other users can read or write it"),
        ("folder", "it is not a file"),
    ],
)
def test_a_key_that_came_along_is_not_believed(project: Project, tmp_path: Path, kind: str, said: str) -> None:
    """As of a repository that was unpacked from an archive, where git knows nothing of it."""
    project.commit(REDACTED)
    foreign, key = tmp_path / "foreign", project.root / ".reconciler" / "fingerprint.key"
    foreign.write_text(KEY)
    foreign.chmod(0o600)
    key.parent.mkdir(0o700)
    match kind:
        case "link":
            key.symlink_to(foreign)
        case "hard link":
            key.hardlink_to(foreign)
        case "readable":
            key.write_text(KEY)
            key.chmod(0o644)
        case _:
            key.mkdir()

    ran = project.run("plan")

    assert (2, "") == (ran.code, ran.out)
    assert f"is not believed as the key of fingerprints: {said}; delete this file, and the next run makes a" in ran.err


@pytest.mark.parametrize("name", ["sandbox.sqlite", "provisioning-log.db"])
@pytest.mark.parametrize("kind", ["link", "hard link"])
def test_a_database_that_is_a_link_is_refused(project: Project, tmp_path: Path, name: str, kind: str) -> None:
    project.commit(f"{SANDBOX}{TEAM}")
    foreign, path = tmp_path / "foreign", project.root / ".reconciler" / name
    foreign.write_bytes(b"")
    path.parent.mkdir(0o700)
    path.symlink_to(foreign) if kind == "link" else path.hardlink_to(foreign)

    ran = project.run("apply", "--yes")

    assert {"sandbox.sqlite": 2, "provisioning-log.db": 4}[name] == ran.code
    assert "can't be opened: it is a link to another file: remove it" in ran.err
    assert "Errno" not in ran.err
    assert b"" == foreign.read_bytes()


def test_a_snapshot_that_is_a_link_is_replaced_after_a_full_read(project: Project, tmp_path: Path) -> None:
    project.commit(f"{SANDBOX}{TEAM}")
    assert [0, 0] == [project.run(*one).code for one in (("apply", "--yes"), ("drift",))]
    snapshot, foreign = project.root / ".reconciler" / "sandbox.snapshot", tmp_path / "foreign"
    snapshot.rename(foreign)
    snapshot.symlink_to(foreign)

    ran = project.run("drift")

    assert 0 == ran.code
    assert f"Full read: the snapshot {snapshot} is not used: it is a link" in ran.err
    assert not snapshot.is_symlink()


def test_plans_are_written_to_no_place_that_a_link_names(project: Project, tmp_path: Path) -> None:
    project.commit(f"{SANDBOX}{TEAM}")
    (tmp_path / "elsewhere").mkdir()
    (project.root / "plans").symlink_to(tmp_path / "elsewhere")

    ran = project.run("plan")

    assert 2 == ran.code
    assert "plans is a link, and a repository may contain one: remove it, or name a file with -o" in ran.err
    assert [] == list((tmp_path / "elsewhere").iterdir())


def test_a_private_folder_that_was_named_may_be_a_link(project: Project, tmp_path: Path) -> None:
    """RECONCILER_PRIVATE is of the person who runs the command, and not of the repository."""
    project.commit(REDACTED)
    (tmp_path / "mine").mkdir(0o700)
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    project.environment["RECONCILER_PRIVATE"] = str(tmp_path / "link")

    assert 0 == project.run("apply", "--yes").code
    assert (tmp_path / "mine" / "fingerprint.key").is_file()
