"""Parsed files that are kept: whatever stands there, what is read is what parsing reads."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.desired.git.files import read_folder
from reconciler.desired.yaml.load import load_declarations, read_all
from reconciler.desired.yaml.parse_cache import LEAST_IN_PARALLEL, RUNS_KEPT, ParseCache, restore, seal_of, spell
from reconciler.desired.yaml.reader import Document, YamlSequence, read_yaml
from reconciler.desired.yaml.reader import YamlMapping as Written
from tests.desired.yaml.test_reader import DOCUMENTS, STEADY, WORDS, told

CASES = Path(__file__).parents[2] / "cases"
TEAM = {
    "users.yaml": b"users:\n  ann: {userName: ann@example.com, title: Chief}\n",
    "roles.yaml": b"role_assignments: []\n",
}


@pytest.fixture
def shelf(tmp_path: Path) -> ParseCache:
    return ParseCache(tmp_path / "parsed.db", "1.0")


def marked(value: object) -> object:
    """A value with its types and the place of each part of it."""
    match value:
        case Written():
            return "mapping", value.mark, value.marks, [(key, marked(one)) for key, one in value.items()]
        case YamlSequence():
            return "sequence", value.mark, value.marks, [marked(one) for one in value]
        case _:
            return told(value)


def seen(documents: Mapping[str, Document]) -> dict[str, object]:
    return {name: (one.file, one.text, marked(one.value), one.problems) for name, one in sorted(documents.items())}


def is_same(shelf: ParseCache, contents: Mapping[str, bytes]) -> bool:
    """Whether it reads what parsing reads, before and after it is kept."""
    parsed = seen(read_all(contents))
    return [parsed, parsed] == [seen(shelf.read_all(contents)) for _time in range(2)]


def test_what_is_kept_is_what_is_read(shelf: ParseCache) -> None:
    """Each document of the reader's own tests, sound or not, and every word with a meaning of its own."""
    contents = {f"{number}.yaml": text.encode() for number, text in enumerate(DOCUMENTS)}
    words = {"words.yaml": "".join(f"- {word}\n" for word in WORDS).encode()}
    others = {
        "bad.yaml": b"a: [\n",
        "latin.yaml": b"a: \xff\n",
        "big.yaml": b"a: 0x" + b"f" * 5000,
        "bom.yaml": b"\xef\xbb\xbfa: 1\n",
    }

    assert is_same(shelf, {**contents, **words, **others})


def as_flow(value: object) -> str:
    """A value as YAML in one line."""
    match value:
        case dict():
            return "{" + ", ".join(f"{json.dumps(key)}: {as_flow(one)}" for key, one in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(as_flow, value)) + "]"
        case date():
            return value.isoformat()
        case str():
            return json.dumps(value)
        case float():
            return str(value).replace("inf", ".inf").replace("nan", ".nan")
        case _:
            return json.dumps(value)


@settings(STEADY, max_examples=80)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.datetimes(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
        max_leaves=12,
    )
)
def test_any_value_is_restored_as_it_was_read(value: object) -> None:
    """Or it is not kept at all."""
    content = as_flow(value).encode()
    read = read_yaml("any.yaml", content)

    restored = restore("any.yaml", content, spell(read))

    assert restored is None or seen({"it": read}) == seen({"it": restored})
    assert (restored is None) >= bool(read.problems)


def test_every_story_is_read_alike(shelf: ParseCache) -> None:
    """All folders of all cases, from one shelf."""
    for folder in sorted(CASES.glob("*/desired-state")):
        contents = read_folder(folder)
        assert is_same(shelf, contents)


def test_what_is_declared_is_the_same_to_the_line(shelf: ParseCache) -> None:
    """With the problems of a file that has some."""
    contents = {
        **read_folder(CASES / "two-people-same-name" / "desired-state"),
        "worse.yaml": b"users: {x: {title: 1}}",
    }

    parsed = load_declarations(contents)

    assert [parsed, parsed] == [load_declarations(contents, read=shelf.read_all) for _time in range(2)]
    assert parsed.problems


def test_a_file_that_changed_is_all_that_is_parsed(shelf: ParseCache) -> None:
    shelf.read_all(TEAM)
    changed = {**TEAM, "users.yaml": b"users: {bob: {userName: bob}}\n"}

    assert seen(read_all(changed)) == seen(shelf.read_all(changed))
    assert [1, 2, 2] == sorted(run for (run,) in rows(shelf, "SELECT run FROM documents"))


def test_what_no_run_used_for_long_is_dropped(shelf: ParseCache) -> None:
    """Only what the last runs that found something new have read."""
    for number in range(RUNS_KEPT + 5):
        shelf.read_all({"users.yaml": b"users: {}\n", "roles.yaml": f"# {number}\n".encode()})

    assert 1 + RUNS_KEPT == len(rows(shelf, "SELECT name FROM documents"))


def test_whatever_byte_is_damaged_what_is_read_is_what_is_written(shelf: ParseCache) -> None:
    """Or whatever is cut off."""
    shelf.read_all(TEAM)
    whole, parsed = shelf.path.read_bytes(), seen(read_all(TEAM))
    used = [at for at, byte in enumerate(whole) if byte]

    for at in used[:: max(1, len(used) // 40)]:
        damaged = bytearray(whole)
        damaged[at] ^= 0x15
        for content in (bytes(damaged), whole[:at]):
            shelf.path.write_bytes(content)
            assert parsed == seen(shelf.read_all(TEAM))
            shelf.path.write_bytes(content)
            shelf.path.chmod(0o600)
    shelf.path.write_bytes(b"no database")
    shelf.read_all(TEAM)
    shelf.read_all(TEAM)

    assert 2 == len(rows(shelf, "SELECT name FROM documents"))


def plant(shelf: ParseCache) -> None:
    """Another title for Ann, with a seal that fits."""
    shelf.read_all(TEAM)
    with closing(sqlite3.connect(shelf.path)) as database, database:
        for name, said in database.execute("SELECT name, said FROM documents").fetchall():
            other = said.replace("Chief", "Queen")
            database.execute(
                "UPDATE documents SET said = ?, seal = ? WHERE name = ?", (other, seal_of(name, other), name)
            )


def widen_file(shelf: ParseCache) -> None:
    shelf.path.chmod(0o644)


def widen_folder(shelf: ParseCache) -> None:
    shelf.path.parent.chmod(0o775)


def link(shelf: ParseCache) -> None:
    shelf.path.rename(shelf.path.with_name("elsewhere"))
    shelf.path.symlink_to("elsewhere")


@pytest.mark.parametrize("open_to_others", [widen_file, widen_folder, link])
def test_what_others_could_have_written_is_not_believed(
    open_to_others: Callable[[ParseCache], None], shelf: ParseCache
) -> None:
    """Not even if it adds up. Who can write as ourselves can as well write the YAML."""
    plant(shelf)
    assert seen(read_all(TEAM)) != seen(shelf.read_all(TEAM))

    open_to_others(shelf)

    assert seen(read_all(TEAM)) == seen(shelf.read_all(TEAM))


def test_another_version_reads_for_itself(shelf: ParseCache) -> None:
    plant(shelf)

    assert seen(read_all(TEAM)) == seen(replace(shelf, version="1.1").read_all(TEAM))


def test_a_value_without_its_seal_is_parsed(shelf: ParseCache) -> None:
    shelf.read_all(TEAM)
    with closing(sqlite3.connect(shelf.path)) as database, database:
        database.execute("UPDATE documents SET said = replace(said, 'Chief', 'Queen')")

    assert seen(read_all(TEAM)) == seen(shelf.read_all(TEAM))


@pytest.mark.parametrize("said", ["", "1", "[]", "[[]]", "[[0]]", "[[9,1]]", '[[0,1,[1],["a"],[]]]', "[" * 99_999])
def test_what_spelling_never_writes_is_no_document(said: str) -> None:
    assert restore("x.yaml", b"a: 1\n", said) is None


def test_a_folder_that_can_not_be_written_is_read_all_the_same(tmp_path: Path) -> None:
    """Without keeping anything."""
    (tmp_path / "file").write_text("in the way")

    assert is_same(ParseCache(tmp_path / "file" / "parsed.db", "1.0"), TEAM)
    assert is_same(ParseCache(tmp_path / "missing" / "parsed.db", "1.0"), TEAM)


def test_several_processes_read_what_one_reads(shelf: ParseCache) -> None:
    """Where there is enough for them to do; problems too."""
    padding = b"#" * (LEAST_IN_PARALLEL // 4) + b"\n"
    contents = {f"{number}.yaml": padding + f"a: {number}\n".encode() for number in range(4)}

    assert is_same(replace(shelf, processes=2), {**contents, "bad.yaml": b"a: [\n"})


def test_it_is_private(shelf: ParseCache) -> None:
    shelf.read_all(TEAM)

    assert 0o600 == shelf.path.stat().st_mode & 0o777


def rows(shelf: ParseCache, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(shelf.path)) as database:
        return database.execute(query).fetchall()
