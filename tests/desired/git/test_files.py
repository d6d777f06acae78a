"""All files of a folder in the working tree, by the names that git gives them; links are refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.desired.git.files import name_file, read_folder
from reconciler.desired.yaml.reader import read_yaml
from reconciler.desired.yaml.syntax_problems import MAX_FILE_BYTES
from reconciler.errors import UsageError


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"# {name}\n", encoding="utf-8")
    return folder


def test_every_yaml_file_is_read_however_deep_it_lies(tmp_path: Path) -> None:
    """Files are sorted by name; other files are ignored."""
    folder = fill(
        tmp_path / "ds", "b.yaml", "users/a.yaml", "users/deep/c.yaml", ".hidden.yaml", "README.md", "x.yaml.bak"
    )

    expected = ["ds/.hidden.yaml", "ds/b.yaml", "ds/users/a.yaml", "ds/users/deep/c.yaml"]
    assert expected == sorted(read_folder(folder))
    assert b"# users/a.yaml\n" == read_folder(folder)["ds/users/a.yaml"]


@pytest.mark.parametrize(
    ("label", "expected"),
    [(None, "ds/a.yaml"), ("infra/ds", "infra/ds/a.yaml"), (".", "a.yaml"), ("", "a.yaml")],
)
def test_a_file_is_called_by_its_path_in_the_repository(tmp_path: Path, label: str | None, expected: str) -> None:
    """Without a label, the folder's name is used."""
    assert [expected] == list(read_folder(fill(tmp_path / "ds", "a.yaml"), label))
    assert expected == name_file("ds" if label is None else label, "a.yaml")


def test_bytes_come_as_they_are(tmp_path: Path) -> None:
    """The YAML reader reports bytes that are not UTF-8, with their line."""
    folder = fill(tmp_path / "ds", "a.yaml")
    (folder / "a.yaml").write_bytes(b"\xff\r\n")

    assert {"ds/a.yaml": b"\xff\r\n"} == read_folder(folder)


@pytest.mark.parametrize("names", [[], ["README.md"], ["users/README.md"]])
def test_an_empty_folder_is_not_an_empty_desired_state(tmp_path: Path, names: list[str]) -> None:
    """An empty desired state would look as if all users had left."""
    (tmp_path / "ds").mkdir()

    with pytest.raises(UsageError, match=r"ds holds no \*\.yaml file"):
        read_folder(fill(tmp_path / "ds", *names))


@pytest.mark.parametrize("what", ["missing", "file"])
def test_what_is_no_folder_says_how_to_name_one(tmp_path: Path, what: str) -> None:
    """A file is no folder."""
    fill(tmp_path, "file")

    with pytest.raises(UsageError, match="is not a folder: name the folder of the desired state with --dir"):
        read_folder(tmp_path / what)


@pytest.mark.parametrize("name", ["users.yml", "deep/users.YAML", "users.Yml"])
def test_a_file_that_looks_as_if_it_were_read_and_is_not_is_refused(tmp_path: Path, name: str) -> None:
    """Users in a skipped file would look like leavers."""
    with pytest.raises(UsageError, match=r"only files that end in \.yaml are read \(rename it to users\.yaml\)"):
        read_folder(fill(tmp_path / "ds", "a.yaml", name))


def test_a_link_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    """The target is not in this repository."""
    folder = fill(tmp_path / "ds", "a.yaml")
    (folder / "b.yaml").symlink_to(fill(tmp_path, "outside.yaml") / "outside.yaml")

    with pytest.raises(UsageError, match=r"b\.yaml: this is a link \(put the file itself there\)"):
        read_folder(folder)


def test_a_folder_may_itself_be_reached_by_a_link(tmp_path: Path) -> None:
    """Links are refused below the folder, because git stores their target path and not the content."""
    folder = fill(tmp_path / "real", "a.yaml")
    (tmp_path / "ds").symlink_to(folder)

    assert [b"# a.yaml\n"] == list(read_folder(tmp_path / "ds").values())


@pytest.mark.parametrize("target", ["nowhere.yaml", "users"])
def test_a_link_that_would_not_be_read_is_refused(tmp_path: Path, target: str) -> None:
    """Users in the target would look like leavers."""
    folder = fill(tmp_path / "ds", "a.yaml")
    fill(tmp_path / "users", "ann.yaml")
    (folder / ("b.yaml" if target == "nowhere.yaml" else "users")).symlink_to(tmp_path / target)

    with pytest.raises(UsageError):
        read_folder(folder)


def test_of_a_file_of_gigabytes_no_more_is_read_than_it_takes_to_refuse_it(tmp_path: Path) -> None:
    """A hundred files of 100 MB would fill the memory; each is a problem, and no traceback."""
    os.truncate(fill(tmp_path / "ds", "a.yaml") / "a.yaml", 100 * 2**30)

    [(name, content)] = read_folder(tmp_path / "ds").items()

    assert MAX_FILE_BYTES + 1 == len(content)
    assert ["file_too_large"] == [problem.code for problem in read_yaml(name, content).problems]
