"""Git as the program asks it: commits, the folder at one, notes. Against real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.desired.files import read_folder
from reconciler.desired.git import find_repository
from reconciler.errors import UsageError
from tests.desired.repository import make_clone

FOLDERS = ["desired-state", "infra/people/desired-state", "."]


def test_there_need_be_no_repository(tmp_path: Path) -> None:
    """Nor a folder."""
    assert find_repository(tmp_path) is None
    assert find_repository(tmp_path / "missing") is None


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_repository_is_found_from_the_folder_in_it(tmp_path: Path, folder: str) -> None:
    """At its root, below it, or deep below it."""
    repository = make_clone(tmp_path, folder).found()

    assert (tmp_path.resolve(), folder) == (repository.root.resolve(), repository.folder)


def test_before_the_first_commit_there_is_no_head(tmp_path: Path) -> None:
    """And that is no error."""
    clone = make_clone(tmp_path)

    assert clone.found().head() is None
    first = clone.commit()
    assert first == clone.found().head()


def test_a_revision_is_resolved_to_its_commit(tmp_path: Path) -> None:
    """A branch, a tag, an ancestor, half a hash; a tag's tag too."""
    clone = make_clone(tmp_path)
    first, second = clone.commit(), clone.commit()
    clone.git("tag", "--annotate", "v1", "--message", "any", first)
    repository = clone.found()

    assert [second, first, first, first] == [repository.resolve(name) for name in ("main", "HEAD~1", "v1", first[:8])]
    assert first == repository.commit_named("HEAD^")


@pytest.mark.parametrize("name", ["nowhere", "", "--all", "-x", "HEAD~9", "HEAD:desired-state", "main..main"])
def test_a_revision_that_names_no_commit_says_so(tmp_path: Path, name: str) -> None:
    """It is never taken for an option."""
    clone = make_clone(tmp_path)
    clone.commit({"desired-state/a.yaml": "a"})

    assert clone.found().resolve(name) is None
    with pytest.raises(UsageError, match="names no commit here: fetch it, or check the spelling"):
        clone.found().commit_named(name)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_folder_at_a_commit_is_what_was_committed(tmp_path: Path, folder: str) -> None:
    """Under the same names as in the working tree, bytes and all, whatever stands there now."""
    clone = make_clone(tmp_path, folder)
    first = clone.commit(
        {
            f"{folder}/users/zoë lee.yaml": "users: {}\n",
            f"{folder}/b.yaml": b"\xff\r\n\0",
            f"{folder}/empty.yaml": b"",
            f"{folder}/README.md": "no",
            "elsewhere.txt": "no",
        }
    )
    repository = clone.found()
    expected = read_folder(tmp_path / folder, repository.folder)
    clone.commit({f"{folder}/b.yaml": "changed", f"{folder}/new.yaml": "new"})

    assert expected == repository.read_folder(first)
    assert 3 == len(expected)
    assert read_folder(tmp_path / folder, repository.folder) == repository.read_folder("HEAD")


def test_a_folder_that_was_not_there_yet_is_empty(tmp_path: Path) -> None:
    """Nothing was declared then."""
    clone = make_clone(tmp_path)
    first = clone.commit({"README.md": "x", "desired-state-of-others/a.yaml": "x"})
    clone.commit({"desired-state/a.yaml": "a"})

    assert {} == clone.found().read_folder(first)


def test_a_link_at_a_commit_is_refused_as_in_the_working_tree(tmp_path: Path) -> None:
    """Its blob is where it leads, which is no YAML of ours."""
    clone = make_clone(tmp_path)
    clone.write({"desired-state/a.yaml": "users: {}\n"})
    (tmp_path / "desired-state/b.yaml").symlink_to("a.yaml")
    commit = clone.commit()

    with pytest.raises(UsageError, match="has links below desired-state"):
        clone.found().read_folder(commit)


@pytest.mark.parametrize(
    ("files", "clean"),
    [
        ({}, True),
        ({"elsewhere.txt": "x"}, True),
        ({"desired-state/a.yaml": "changed"}, False),
        ({"desired-state/new.yaml": "new"}, False),
        ({"desired-state/deep/new.yaml": "new"}, False),
    ],
)
def test_a_folder_is_clean_when_it_is_as_committed(tmp_path: Path, files: dict[str, str], clean: bool) -> None:  # noqa: FBT001
    """What else changed in the repository does not count; a file that git does not know yet does."""
    clone = make_clone(tmp_path)
    clone.commit({"desired-state/a.yaml": "a"})
    clone.write(files)

    assert clean is clone.found().is_clean()


def test_a_file_that_git_ignores_makes_the_folder_unlike_its_commit(tmp_path: Path) -> None:
    """It is read like any other, so the plan is not the commit's."""
    clone = make_clone(tmp_path)
    clone.commit({".gitignore": "local.yaml\n", "desired-state/a.yaml": "a"})
    clone.write({"desired-state/local.yaml": "users: {}\n"})

    assert clone.found().is_clean() is False


def test_ancestors_are_told_newest_first(tmp_path: Path) -> None:
    """The checked-out commit among them."""
    clone = make_clone(tmp_path)
    commits = [clone.commit() for _ in range(3)]

    assert commits[::-1] == clone.found().ancestors()


def test_notes_are_kept_by_commit_and_ref(tmp_path: Path) -> None:
    """Another line is added, and never replaces the first."""
    clone = make_clone(tmp_path)
    first, second = clone.commit(), clone.commit()
    repository = clone.found()

    assert {} == repository.notes("reconciler/qa")
    repository.append_note("reconciler/qa", first, "one")
    repository.append_note("reconciler/qa", first, "two é ☃")
    repository.append_note("reconciler/qa", second, "three")
    repository.append_note("reconciler/production", second, "four")

    notes = repository.notes("reconciler/qa")
    assert {first, second} == set(notes)
    assert ["one", "two é ☃"] == [line for line in notes[first].splitlines() if line]
    assert "three\n" == notes[second]
    assert {second: "four\n"} == repository.notes("reconciler/production")


def test_a_note_can_be_written_where_nobody_has_a_name(tmp_path: Path) -> None:
    """As on a build machine, where git knows no committer."""
    clone = make_clone(tmp_path)
    commit = clone.commit()
    clone.git("config", "user.useConfigOnly", "true")
    clone.found().append_note("reconciler/qa", commit, "one")

    assert {commit: "one\n"} == clone.found().notes("reconciler/qa")


def test_what_git_refuses_is_said_in_its_own_words(tmp_path: Path) -> None:
    """With the command that it refused."""
    clone = make_clone(tmp_path)

    with pytest.raises(UsageError, match=r"git rev-list: .*HEAD"):
        clone.found().ancestors()
