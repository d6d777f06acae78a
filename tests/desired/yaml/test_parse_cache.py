"""The parse cache returns what parsing returns, whatever the cache file contains."""

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
from tests.desired.yaml.test_reader import DOCUMENTS, STEADY, WORDS, with_types

CASES = Path(__file__).parents[2] / "cases"
TEAM = {
    "users.yaml": b"users:\n  ann: {userName: ann@example.com, title: Chief}\n",
    "roles.yaml": b"role_assignments: []\n",
}


@pytest.fixture
def cache(tmp_path: Path) -> ParseCache:
    return ParseCache(tmp_path / "parsed.db", "1.0")


def marked(value: object) -> object:
    """Returns a value with its types and the offset of each part."""
    match value:
        case Written():
            return "mapping", value.mark, value.marks, [(key, marked(one)) for key, one in value.items()]
        case YamlSequence():
            return "sequence", value.mark, value.marks, [marked(one) for one in value]
        case _:
            return with_types(value)


def seen(documents: Mapping[str, Document]) -> dict[str, object]:
    return {name: (one.file, one.text, marked(one.value), one.problems) for name, one in sorted(documents.items())}


def is_same(cache: ParseCache, contents: Mapping[str, bytes]) -> bool:
    """Whether the cache returns what parsing returns, before and after it stores the documents."""
    parsed = seen(read_all(contents))
    return [parsed, parsed] == [seen(cache.read_all(contents)) for _time in range(2)]


def test_what_is_kept_is_what_is_read(cache: ParseCache) -> None:
    """Covers each document of the reader's tests, valid or not, and every word with a type."""
    contents = {f"{number}.yaml": text.encode() for number, text in enumerate(DOCUMENTS)}
    words = {"words.yaml": "".join(f"- {word}\n" for word in WORDS).encode()}
    others = {
        "bad.yaml": b"a: [\n",
        "latin.yaml": b"a: \xff\n",
        "big.yaml": b"a: 0x" + b"f" * 5000,
        "bom.yaml": b"\xef\xbb\xbfa: 1\n",
    }

    assert is_same(cache, {**contents, **words, **others})


def as_flow(value: object) -> str:
    """Returns a value as YAML on one line."""
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
    """A value that JSON can't hold is not stored at all."""
    content = as_flow(value).encode()
    read = read_yaml("any.yaml", content)

    restored = restore("any.yaml", content, spell(read))

    assert restored is None or seen({"it": read}) == seen({"it": restored})
    assert (restored is None) >= bool(read.problems)


def test_every_story_is_read_alike(cache: ParseCache) -> None:
    """One cache serves the folders of all cases."""
    for folder in sorted(CASES.glob("*/desired-state")):
        contents = read_folder(folder)
        assert is_same(cache, contents)


def test_what_is_declared_is_the_same_to_the_line(cache: ParseCache) -> None:
    """The problems of an invalid file are the same too."""
    contents = {
        **read_folder(CASES / "two-people-same-name" / "desired-state"),
        "worse.yaml": b"users: {x: {title: 1}}",
    }

    parsed = load_declarations(contents)

    assert [parsed, parsed] == [load_declarations(contents, read=cache.read_all) for _time in range(2)]
    assert parsed.problems


def test_a_file_that_changed_is_all_that_is_parsed(cache: ParseCache) -> None:
    cache.read_all(TEAM)
    changed = {**TEAM, "users.yaml": b"users: {bob: {userName: bob}}\n"}

    assert seen(read_all(changed)) == seen(cache.read_all(changed))
    assert [1, 2, 2] == sorted(run for (run,) in rows(cache, "SELECT run FROM documents"))


def test_what_no_run_used_for_long_is_dropped(cache: ParseCache) -> None:
    """Only entries of the last runs that added one remain."""
    for number in range(RUNS_KEPT + 5):
        cache.read_all({"users.yaml": b"users: {}\n", "roles.yaml": f"# {number}\n".encode()})

    assert 1 + RUNS_KEPT == len(rows(cache, "SELECT name FROM documents"))


def test_whatever_byte_is_damaged_what_is_read_is_what_is_written(cache: ParseCache) -> None:
    """The same holds for a cache file that is cut off."""
    cache.read_all(TEAM)
    whole, parsed = cache.path.read_bytes(), seen(read_all(TEAM))
    used = [at for at, byte in enumerate(whole) if byte]

    for at in used[:: max(1, len(used) // 40)]:
        damaged = bytearray(whole)
        damaged[at] ^= 0x15
        for content in (bytes(damaged), whole[:at]):
            cache.path.write_bytes(content)
            assert parsed == seen(cache.read_all(TEAM))
            cache.path.write_bytes(content)
            cache.path.chmod(0o600)
    cache.path.write_bytes(b"no database")
    cache.read_all(TEAM)
    cache.read_all(TEAM)

    assert 2 == len(rows(cache, "SELECT name FROM documents"))


def plant(cache: ParseCache) -> None:
    """Stores another title for Ann, with a correct seal."""
    cache.read_all(TEAM)
    with closing(sqlite3.connect(cache.path)) as database, database:
        for name, said in database.execute("SELECT name, said FROM documents").fetchall():
            other = said.replace("Chief", "Queen")
            database.execute(
                "UPDATE documents SET said = ?, seal = ? WHERE name = ?", (other, seal_of(name, other), name)
            )


def widen_file(cache: ParseCache) -> None:
    cache.path.chmod(0o644)


def widen_folder(cache: ParseCache) -> None:
    cache.path.parent.chmod(0o775)


def link(cache: ParseCache) -> None:
    cache.path.rename(cache.path.with_name("elsewhere"))
    cache.path.symlink_to("elsewhere")


@pytest.mark.parametrize("open_to_others", [widen_file, widen_folder, link])
def test_what_others_could_have_written_is_not_believed(
    open_to_others: Callable[[ParseCache], None], cache: ParseCache
) -> None:
    """A correct seal is not enough. A process of the same user could edit the YAML itself."""
    plant(cache)
    assert seen(read_all(TEAM)) != seen(cache.read_all(TEAM))

    open_to_others(cache)

    assert seen(read_all(TEAM)) == seen(cache.read_all(TEAM))


def test_another_version_reads_for_itself(cache: ParseCache) -> None:
    plant(cache)

    assert seen(read_all(TEAM)) == seen(replace(cache, version="1.1").read_all(TEAM))


def test_a_value_without_its_seal_is_parsed(cache: ParseCache) -> None:
    cache.read_all(TEAM)
    with closing(sqlite3.connect(cache.path)) as database, database:
        database.execute("UPDATE documents SET said = replace(said, 'Chief', 'Queen')")

    assert seen(read_all(TEAM)) == seen(cache.read_all(TEAM))


@pytest.mark.parametrize("said", ["", "1", "[]", "[[]]", "[[0]]", "[[9,1]]", '[[0,1,[1],["a"],[]]]', "[" * 99_999])
def test_what_spelling_never_writes_is_no_document(said: str) -> None:
    assert restore("x.yaml", b"a: 1\n", said) is None


def test_a_folder_that_can_not_be_written_is_read_all_the_same(tmp_path: Path) -> None:
    """Nothing is stored."""
    (tmp_path / "file").write_text("in the way")

    assert is_same(ParseCache(tmp_path / "file" / "parsed.db", "1.0"), TEAM)
    assert is_same(ParseCache(tmp_path / "missing" / "parsed.db", "1.0"), TEAM)


def test_several_processes_read_what_one_reads(cache: ParseCache) -> None:
    """Large files are parsed by several processes, with the same values and problems."""
    padding = b"#" * (LEAST_IN_PARALLEL // 4) + b"\n"
    contents = {f"{number}.yaml": padding + f"a: {number}\n".encode() for number in range(4)}

    assert is_same(replace(cache, processes=2), {**contents, "bad.yaml": b"a: [\n"})


def test_it_is_private(cache: ParseCache) -> None:
    cache.read_all(TEAM)

    assert 0o600 == cache.path.stat().st_mode & 0o777


def rows(cache: ParseCache, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(cache.path)) as database:
        return database.execute(query).fetchall()
