"""The git repository: commits, and the folder at a commit. Uses real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.desired.git.files import read_folder
from reconciler.desired.git.repository import find_repository
from reconciler.errors import UsageError
from tests.desired.repository import Clone, make_clone

FOLDERS = ["desired-state", "infra/people/desired-state", "."]


def test_there_need_be_no_repository(tmp_path: Path) -> None:
    """The folder need not exist either."""
    assert find_repository(tmp_path) is None
    assert find_repository(tmp_path / "missing") is None


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_repository_is_found_from_the_folder_in_it(tmp_path: Path, folder: str) -> None:
    """The folder is the root, or at any depth below it."""
    repository = make_clone(tmp_path, folder).found()

    assert (tmp_path.resolve(), folder) == (repository.root.resolve(), repository.folder)


def test_before_the_first_commit_there_is_no_head(tmp_path: Path) -> None:
    """That is no error."""
    clone = make_clone(tmp_path)

    assert clone.found().head() is None
    first = clone.commit()
    assert first == clone.found().head()


def test_a_revision_is_resolved_to_its_commit(tmp_path: Path) -> None:
    """Covers a branch, a tag, an ancestor, a short hash, and a tag of a tag."""
    clone = make_clone(tmp_path)
    first, second = clone.commit(), clone.commit()
    clone.git("tag", "--annotate", "v1", "--message", "any", first)
    repository = clone.found()

    assert [second, first, first, first] == [repository.resolve(name) for name in ("main", "HEAD~1", "v1", first[:8])]
    assert first == repository.commit_named("HEAD^")


@pytest.mark.parametrize("name", ["nowhere", "", "--all", "-x", "HEAD~9", "HEAD:desired-state", "main..main"])
def test_a_revision_that_names_no_commit_says_so(tmp_path: Path, name: str) -> None:
    """git must not read it as an option."""
    clone = make_clone(tmp_path)
    clone.commit({"desired-state/a.yaml": "a"})

    assert clone.found().resolve(name) is None
    with pytest.raises(UsageError, match="names no commit in this clone: fetch it, or check the spelling"):
        clone.found().commit_named(name)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_folder_at_a_commit_is_what_was_committed(tmp_path: Path, folder: str) -> None:
    """Names and bytes equal the commit's, whatever the working tree has now."""
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
    """That commit declares nothing."""
    clone = make_clone(tmp_path)
    first = clone.commit({"README.md": "x", "desired-state-of-others/a.yaml": "x"})
    clone.commit({"desired-state/a.yaml": "a"})

    assert {} == clone.found().read_folder(first)


def test_a_link_at_a_commit_is_refused_as_in_the_working_tree(tmp_path: Path) -> None:
    """Its blob is the target's path, which is no YAML."""
    clone = make_clone(tmp_path)
    clone.write({"desired-state/a.yaml": "users: {}\n"})
    (tmp_path / "desired-state/b.yaml").symlink_to("a.yaml")
    commit = clone.commit()

    with pytest.raises(UsageError, match=r"desired-state/b\.yaml: this is a link at"):
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
    """Changes outside of the folder do not count; an untracked file in it does."""
    clone = make_clone(tmp_path)
    clone.commit({"desired-state/a.yaml": "a"})
    clone.write(files)

    assert clean is clone.found().is_clean()


def test_a_file_that_git_ignores_makes_the_folder_unlike_its_commit(tmp_path: Path) -> None:
    """An ignored file is read like any other, so the plan is not the commit's."""
    clone = make_clone(tmp_path)
    clone.commit({".gitignore": "local.yaml\n", "desired-state/a.yaml": "a"})
    clone.write({"desired-state/local.yaml": "users: {}\n"})

    assert clone.found().is_clean() is False


@pytest.mark.parametrize("folder", ["odd [ab]*?", ":(top)x", "zoë ☃", " blank "])
def test_a_folder_of_any_name_is_told_clean_or_not(tmp_path: Path, folder: str) -> None:
    """git must not read the name as a pattern, or confuse two folders."""
    clone = make_clone(tmp_path, folder)
    clone.commit({f"{folder}/a.yaml": "a", "odd a/b.yaml": "b"})
    clone.write({"odd a/b.yaml": "changed"})
    repository = clone.found()

    assert folder == repository.folder
    assert repository.is_clean()
    assert [f"{folder}/a.yaml"] == list(repository.read_folder("HEAD"))
    clone.write({f"{folder}/a.yaml": "changed"})
    assert not repository.is_clean()


def test_a_repository_whose_name_ends_in_a_blank_is_found(tmp_path: Path) -> None:
    """Only the last newline of git's output is removed."""
    root = tmp_path / "people "
    repository = make_clone(root).found()

    assert root.resolve() == repository.root.resolve()


def test_a_submodule_at_a_commit_is_refused(tmp_path: Path) -> None:
    """Its users are not in this history, and would look as if they were never declared."""
    other = make_clone(tmp_path / "other")
    other.commit({"a.yaml": "users: {}\n"})
    clone = make_clone(tmp_path / "clone")
    clone.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.root), "desired-state/more")
    commit = clone.commit({"desired-state/a.yaml": "users: {}\n"})

    with pytest.raises(UsageError, match="desired-state/more: this is a submodule at"):
        clone.found().read_folder(commit)


def test_a_desired_state_that_is_a_submodule_has_a_history_of_its_own(tmp_path: Path) -> None:
    """The repository is the submodule."""
    other = make_clone(tmp_path / "other")
    commit = other.commit({"a.yaml": "users: {}\n"})
    clone = make_clone(tmp_path / "clone", "any")
    clone.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.root), "desired-state")
    repository = find_repository(clone.root / "desired-state")

    assert repository is not None
    assert ((clone.root / "desired-state").resolve(), ".") == (repository.root.resolve(), repository.folder)
    assert commit == repository.head()


def test_a_repository_that_git_does_not_open_is_no_missing_repository(tmp_path: Path) -> None:
    """It can belong to another owner or be damaged; without its history, leavers would be missed."""
    clone = make_clone(tmp_path)
    (tmp_path / ".git/HEAD").write_text("nonsense")

    with pytest.raises(UsageError, match=r"git can't open the repository of .*: fatal:"):
        find_repository(clone.root / clone.folder)


def test_the_merge_base_is_where_two_branches_parted(tmp_path: Path) -> None:
    """Covers a branch that went on, a tag, HEAD itself, and a detached HEAD."""
    clone = make_clone(tmp_path)
    first = clone.commit()
    clone.git("tag", "v1")
    clone.git("checkout", "--quiet", "-b", "feature")
    head = clone.commit({"desired-state/a.yaml": "a"})
    clone.git("checkout", "--quiet", "main")
    clone.commit({"elsewhere.txt": "x"})
    clone.git("checkout", "--quiet", "--detach", "feature")
    repository = clone.found()

    assert [first, first, head] == [repository.merge_base(name) for name in ("main", "v1", "HEAD")]


def test_before_the_first_commit_there_is_no_base(tmp_path: Path) -> None:
    """The same holds for a new branch without a commit."""
    clone = make_clone(tmp_path)
    with pytest.raises(UsageError, match="this repository has no commit yet"):
        clone.found().merge_base("main")

    clone.commit()
    clone.git("checkout", "--quiet", "--orphan", "other")
    with pytest.raises(UsageError, match="this repository has no commit yet"):
        clone.found().merge_base("main")


def test_without_a_commit_in_common_there_is_no_base(tmp_path: Path) -> None:
    """The two branches have separate histories."""
    clone = make_clone(tmp_path)
    clone.commit()
    clone.git("checkout", "--quiet", "--orphan", "other")
    clone.commit({"another.txt": "x"})

    with pytest.raises(UsageError, match='"main" and HEAD have no commit in common'):
        clone.found().merge_base("main")


def test_a_shallow_clone_says_what_to_fetch(tmp_path: Path) -> None:
    """Covers a revision that the clone lacks, and a merge base that it lacks."""
    origin = make_clone(tmp_path / "origin")
    origin.commit()
    origin.git("checkout", "--quiet", "-b", "feature")
    origin.commit({"a": "a"})
    origin.git("checkout", "--quiet", "main")
    origin.commit({"b": "b"})
    url = (tmp_path / "origin").as_uri()
    origin.git("clone", "--quiet", "--depth=1", "--no-single-branch", url, str(tmp_path / "clone"))
    repository = Clone(tmp_path / "clone", ".").found()

    assert repository.is_shallow()
    assert not origin.found().is_shallow()
    with pytest.raises(UsageError, match=r"which is shallow: fetch the whole history .*unshallow; fetch-depth: 0"):
        repository.merge_base("HEAD~1")
    with pytest.raises(UsageError, match='shallow, and ends before "origin/feature" and HEAD meet: fetch the whole'):
        repository.merge_base("origin/feature")


def test_what_git_refuses_is_said_in_its_own_words(tmp_path: Path) -> None:
    """The message names the git command, and hides a password in a URL."""
    repository = make_clone(tmp_path).found()

    with pytest.raises(UsageError, match=r"git rev-list: .*HEAD"):
        repository.ask("-c", "user.name=rev-parse", "--no-pager", "rev-list", "HEAD")
    _code, _out, complaint = repository.converse("fetch", "https://ann:secret@127.0.0.1:1/x", seconds=60)
    assert "127.0.0.1:1/x" in complaint
    assert "secret" not in complaint


def test_a_blob_that_git_has_lost_is_said(tmp_path: Path) -> None:
    """The repository is damaged."""
    repository = make_clone(tmp_path).found()

    with pytest.raises(UsageError, match="git lacks the object 000000000000"):
        repository.read_blobs(["0" * 40])


def test_who_is_at_work_is_whom_git_knows_here(tmp_path: Path) -> None:
    """The identity has a name and an address, or is None."""
    clone = make_clone(tmp_path)
    clone.git("config", "user.name", "Ada")
    clone.git("config", "user.email", "ada@example.com")
    assert "Ada <ada@example.com>" == clone.found().identity()

    clone.git("config", "user.name", "")
    assert clone.found().identity() is None
