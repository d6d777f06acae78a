"""Files are written to a folder all together, or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.desired.writing.atomic_write import place_new, replace_files
from reconciler.errors import UsageError

FILES = {"tenants.yaml": "tenants:\n", "users/it.yaml": "users: {}\n"}


def below(folder: Path) -> dict[str, str]:
    """Returns the text of every file below a folder, by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()
    }


def test_a_new_folder_is_made(tmp_path: Path) -> None:
    """Its parents are made too, and other users can read it."""
    folder = tmp_path / "deep" / "desired-state"

    place_new(folder, FILES)

    assert FILES == below(folder)
    assert 0o755 == folder.stat().st_mode & 0o777
    assert [folder] == list(folder.parent.iterdir())


def test_a_folder_that_is_there_gets_the_files(tmp_path: Path) -> None:
    """Its own files stay."""
    (tmp_path / "desired-state" / "users").mkdir(parents=True)
    (tmp_path / "desired-state" / "README.md").write_text("ours")

    place_new(tmp_path / "desired-state", FILES)

    assert {**FILES, "README.md": "ours"} == below(tmp_path / "desired-state")
    assert [tmp_path / "desired-state"] == list(tmp_path.iterdir())


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    """No other file is written."""
    (tmp_path / "tenants.yaml").write_text("ours")

    with pytest.raises(UsageError, match=r"tenants\.yaml exists and is not overwritten"):
        place_new(tmp_path, FILES)

    assert {"tenants.yaml": "ours"} == below(tmp_path)


def test_half_of_the_files_are_never_left(tmp_path: Path) -> None:
    """A file is where a folder must be: the files that were already moved are removed."""
    folder = tmp_path / "desired-state"
    folder.mkdir()
    (folder / "users").write_text("a file")

    with pytest.raises(UsageError, match="can't be written"):
        place_new(folder, FILES)

    assert {"users": "a file"} == below(folder)
    assert [folder] == list(tmp_path.iterdir())


def test_a_place_that_can_not_be_written_says_so(tmp_path: Path) -> None:
    """A file is no folder."""
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match="can't be written"):
        place_new(tmp_path / "file" / "desired-state", FILES)


def test_files_are_replaced_with_the_mode_that_they_had(tmp_path: Path) -> None:
    """All files are replaced, and no temporary file remains."""
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text("1")
    other.write_text("2")
    one.chmod(0o640)

    replace_files({one: (b"1", b"one"), other: (b"2", b"two")})

    assert {"one.yaml": "one", "other.yaml": "two"} == below(tmp_path)
    assert 0o640 == one.stat().st_mode & 0o777


def test_a_file_that_was_changed_meanwhile_stops_all(tmp_path: Path) -> None:
    """The other change is not lost."""
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text("1")
    other.write_text("theirs")

    with pytest.raises(UsageError, match=r"other\.yaml was changed since it was read: nothing was written; try again"):
        replace_files({one: (b"1", b"one"), other: (b"2", b"two")})

    assert {"one.yaml": "1", "other.yaml": "theirs"} == below(tmp_path)


def test_a_file_that_is_gone_stops_all(tmp_path: Path) -> None:
    """A missing file can't be replaced."""
    with pytest.raises(UsageError, match="can't be written: No such file"):
        replace_files({tmp_path / "one.yaml": (b"1", b"one")})


class LateFolder(dict[Path, tuple[bytes, bytes]]):
    """Files of which the last becomes a folder when all were read, so that it can't be replaced."""

    def items(self) -> Any:
        """Yields the files, then puts a folder in the place of the last."""
        yield from super().items()
        last = list(self)[-1]
        last.unlink()
        (last / "inner").mkdir(parents=True)


def test_a_file_that_can_not_be_replaced_gives_the_others_back(tmp_path: Path) -> None:
    """All files or none, also if the fault comes late."""
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text("1")
    other.write_text("2")

    with pytest.raises(UsageError, match="can't be written"):
        replace_files(LateFolder({one: (b"1", b"one"), other: (b"2", b"two")}))

    assert {"one.yaml": "1"} == below(tmp_path)
