"""YAML 1.2 with positions: the values are ruamel's, each has its line, and bad files are refused."""

from __future__ import annotations

import json
import math
import warnings
from datetime import date, datetime
from io import StringIO
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from reconciler.desired.yaml.reader import (
    MAX_ALIASED_NODES,
    MAX_SCALAR,
    Document,
    YamlMapping,
    YamlSequence,
    read_yaml,
)
from reconciler.desired.yaml.syntax_problems import MAX_DEPTH, MAX_FILE_BYTES
from reconciler.errors import Source

STEADY = settings(max_examples=200, derandomize=True, deadline=None, database=None)
FILE = "desired-state/x.yaml"
LINE_BREAKS_OF_YAML_1_1 = "\x85\u2028\u2029"  # libyaml still breaks lines at them; see the last test


def read(text: str) -> Document:
    return read_yaml(FILE, text.encode())


def value_of(text: str) -> object:
    document = read(text)
    assert [] == document.problems
    return document.value


def read_by_ruamel(text: str) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a repeated anchor, which our reader reads the same way
        return YAML(typ="safe", pure=True).load(text)


def with_types(value: object) -> object:
    """Returns a value with its types, so that `1` differs from `true` and `1.0`, and a time with its offset."""
    if isinstance(value, dict):
        return {key: with_types(one) for key, one in value.items()}
    if isinstance(value, list):
        return [with_types(one) for one in value]
    if isinstance(value, datetime):
        return "datetime", value.replace(tzinfo=None), value.utcoffset()
    return type(value).__name__, "nan" if isinstance(value, float) and math.isnan(value) else value


WORDS = tuple(Path(__file__).with_name("words.txt").read_text(encoding="utf-8").split())
DOCUMENTS = [
    "",
    "\n",
    "# nothing but a comment\n",
    "---\n",
    "--- \n...\n",
    "a: 1\n...\n",
    "a",
    "- a\n- b\n",
    "- - - a\n",
    "[a, [b, {c: d}]]",
    "{a: , b}",
    '{"a":1}',
    "{'a':1, \"b\" : 2}",
    "a: {b:c}\n",
    "a: [b: c, d]\n",
    "a:\n  b: c\n  d: [e, f]\n",
    "a:\n- b\n- c\n",
    "- a: b\n  c: d\n- e\n",
    "? a\n: b\n",
    "? |\n  block\n: v\n",
    "'1': a\n",
    "key with spaces: v\n",
    '"a\\nb": v\n',
    "a: &x 1\nb: *x\n",
    "a: &x [1, 2]\nb: *x\n",
    "a: &x 1\nc: &x 2\nb: *x\n",
    "a: &x\nb: *x\n",
    "a: |\n  text\n   more\n",
    "a: >\n  text\n  more\n\n  x\n",
    "a: |-\n  t\n",
    "a: |+\n  t\n\n",
    "--- |\n x\n",
    "a: 'it''s'\n",
    'a: "\\u263a\\x41\\n"\n',
    'a: "x\\\n  y"\n',
    "a: x\n  y\n  z\n",
    "a: ''\nb: \"\"\nc:\nd: ~\n",
    "a: #c\n  b\n",
    "a: b #c\n",
    "a: b#c\n",
    "a: !!str 12\n",
    "a: !!str\n",
    "a: !!map {b: c}\nd: !!seq [1]\n",
    "a: !<tag:yaml.org,2002:str> 1\n",
    "%YAML 1.2\n---\na: yes\n",
    "\ufeffa: 1\n",
    "a: 1\r\nb: 2\r\n",
    "a: \U0001f600\nb: é\n",
    "a: &x {k: v}\nb:\n  <<: *x\n  j: w\n",
    "a: &x {k: v}\nb:\n  k: own\n  <<: *x\n",
    "a: &x {k: v}\nc: &y {k: w, z: 1}\nb:\n  <<: [*x, *y]\n",
    "b: {<<: {k: v}, k: own}",
    "b: {<<: []}",
]


@pytest.mark.parametrize("word", WORDS)
def test_a_plain_word_means_what_ruamel_says_it_means(word: str) -> None:
    """Numbers, dates, booleans and null follow YAML 1.2; `yes` and `NO` are text."""
    text = f"k: {word}\nl: [{word}]\n"

    assert with_types(read_by_ruamel(text)) == with_types(value_of(text))


@pytest.mark.parametrize("text", DOCUMENTS)
def test_a_document_has_the_values_that_ruamel_reads(text: str) -> None:
    """Covers block and flow style, quotes, folds, anchors, merges, comments, directives."""
    assert with_types(read_by_ruamel(text)) == with_types(value_of(text))


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        (".5e3", 500.0),  # ruamel reads text; YAML 1.2's core schema has it
        ("-_1", "-_1"),  # ruamel reads -1
        ("._5", "._5"),  # ruamel reads 0.5
        ("2023-02-29", "2023-02-29"),  # ruamel refuses a date that does not exist
        ("2024-02-29T25:00:00", "2024-02-29T25:00:00"),
        ("2024-02-29 10:00:00 -5", "2024-02-29 10:00:00 -5"),  # ruamel reads half an offset
        ("2024-02-29", date(2024, 2, 29)),
        ("0x_", "0x_"),
        ("=", "="),
        ("<<", "<<"),
        ("! 12", "12"),  # YAML 1.2: the tag ! makes text
        pytest.param("9" * 5000, "9" * 5000, id="5000 digits"),
        pytest.param("9" * 301, "9" * 301, id="301 digits"),
        pytest.param("-0x" + "f" * 4000, "-0x" + "f" * 4000, id="a hexadecimal number of 4000 digits"),
        pytest.param("0b" + "1" * 15000, "0b" + "1" * 15000, id="a binary number of 15000 digits"),
    ],
)
def test_where_ruamel_reads_otherwise_the_value_is_what_is_written(word: str, expected: object) -> None:
    """A word that is no valid number, date or time is text; validation refuses it if another type is needed."""
    assert with_types({"k": expected}) == with_types(value_of(f"k: {word}\n"))


words = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=LINE_BREAKS_OF_YAML_1_1))
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.dates()
    | words
    | st.sampled_from(WORDS)
    | st.sampled_from(["a\nb", "\n", " a ", "a: b", "- a", "#", "'", '"', "a\tb", "\\", "<<", "|"])
)
keys = st.text("ab <>1:-#'é\U0001f600", max_size=6).filter(lambda key: key != "<<" and not key.startswith(":"))
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)


def dump_by_ruamel(value: object) -> str:
    stream = StringIO()
    dumper = YAML(typ="safe", pure=True)
    dumper.default_flow_style = False  # ruamel can't read all its own flow style: {a: ?0}
    dumper.dump(value, stream)
    return stream.getvalue()


@settings(STEADY, max_examples=100)
@given(st.dictionaries(keys, values, max_size=5))
def test_whatever_is_dumped_is_read_as_ruamel_reads_it(value: dict[str, Any]) -> None:
    """ruamel and PyYAML quote, fold and anchor in different ways."""
    flow = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True)
    for text in (dump_by_ruamel(value), yaml.safe_dump(value), flow):
        assert with_types(read_by_ruamel(text)) == with_types(value_of(text))


@STEADY
@given(st.recursive(st.none() | st.booleans() | st.integers() | words, st.lists, max_leaves=8))
def test_json_is_yaml(value: object) -> None:
    """YAML 1.2 is a superset of JSON."""
    assert with_types({"k": value}) == with_types(value_of(json.dumps({"k": value}, ensure_ascii=False)))


PUNCTUATION = tuple(":-?'\"[]{},#&*!|> \n")
MORE = ("a", "1", "<<: ", "&x ", "*x ", "!!str ", "0x1F", "yes", "~", "\n  ", "\n- ", ": ", "a: ", "b: ")
LINES = (
    "a: 1\n",
    "b: {c: d}\n",
    "  e: [f, g]\n",
    "- h\n",
    "- i: j\n",
    "k:\n",
    "l: 'm'\n",
    "n: |\n",
    "  o\n",
    "p: &x [q]\n",
)
fragments = st.lists(st.sampled_from([*PUNCTUATION, *MORE, *LINES * 3]), max_size=10)


@settings(STEADY, max_examples=1500)
@given(fragments.map("".join))
def test_whatever_two_readers_accept_they_read_alike(text: str) -> None:
    """No text makes our reader raise."""
    document = read(text)
    if document.problems:
        return
    try:
        expected = read_by_ruamel(text)
    except (YAMLError, ValueError):
        return  # ruamel is stricter than YAML about tabs, quoted keys and flow commas
    assert with_types(expected) == with_types(document.value) or "!" in text or "<<" in text


@given(st.binary(max_size=60))
def test_no_bytes_make_the_reader_raise(content: bytes) -> None:
    """Every fault is a problem with a file and a line."""
    document = read_yaml(FILE, content)

    assert all(problem.source is not None and problem.source.file == FILE for problem in document.problems)


POSITIONS = """# a comment
first: 1

second:
  - a   # é, \U0001f600: two bytes, four bytes
  - {b: 1, c: [x,
      y]}
"third key": >
  folded

  text
fourth: &x {k: v}
fifth:
  <<: *x
  own: 1
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_key_and_item_knows_its_line(newline: str) -> None:
    """Comments, multi-byte letters, folded text, flow style and line endings do not shift lines."""
    document = read(POSITIONS.replace("\n", newline))

    def line(container: object, key: object) -> int:
        return document.source(document.mark_of(container, key)).line

    top = document.value
    assert isinstance(top, YamlMapping)
    second, fifth = top["second"], top["fifth"]
    assert isinstance(second, YamlSequence)
    assert isinstance(fifth, YamlMapping)
    assert [2, 4, 8, 12, 13] == [line(top, key) for key in top]
    assert [5, 6] == [line(second, index) for index in range(len(second))]
    assert isinstance(second[1], YamlMapping)
    assert [6, 6, 6, 7] == [
        line(second[1], "b"),
        line(second[1], "c"),
        line(second[1]["c"], 0),
        line(second[1]["c"], 1),
    ]
    assert [("own", 15), ("k", 12)] == [(key, line(fifth, key)) for key in fifth]


def test_what_is_not_there_is_placed_where_it_should_have_been() -> None:
    """The position is that of the container; without one, the start of the file."""
    document = read("a: 1\nb:\n  c: 1\nd:\n  - 1\n")
    top = document.value
    assert isinstance(top, YamlMapping)

    assert 3 == document.source(document.mark_of(top["b"], "missing")).line
    assert 5 == document.source(document.mark_of(top["d"], 7)).line
    assert 1 == document.source(document.mark_of(None, "x")).line


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["x", "'é'", "\U0001f600", "{a: [b]}", '"\\u0041"']))))
def test_each_line_is_counted(items: list[tuple[int, str]]) -> None:
    """Blank lines count too."""
    text = "".join("\n" * blank + f"- {item}\n" for blank, item in items)
    document = read(text)
    expected = [number for number, line in enumerate(text.split("\n"), start=1) if line]
    listed = document.value if isinstance(document.value, YamlSequence) else []

    assert expected == [document.source(document.mark_of(listed, index)).line for index in range(len(listed))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 0123\n", "0123"),
        ("a:   no  # comment\n", "no"),
        ("{a: 1.50, b: x}", "1.50"),
        ("a: ''\n", "''"),
    ],
)
def test_a_plain_value_is_known_as_it_was_spelled(text: str, expected: str) -> None:
    """Hints quote the spelling."""
    document = read(text)

    assert expected == document.written(document.mark_of(document.value, "a"))


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        ("a: 1\n---\nb: 2\n", 2, "a second document (`---`) in one file", "move it to a file of its own"),
        ("a: 1\nb:\n  c: 1\n  c: 2\n", 4, '"c" is declared a second time; the first is at', "keep one of the two"),
        ("a: 1\n'a': 2\n", 2, '"a" is declared a second time', "keep one of the two"),
        ("a: &x\n  b: *x\n", 2, "the alias *x has no finished anchor &x above it", None),
        ("- *nobody\n", 1, "the alias *nobody has no finished anchor &nobody above it", None),
        ("a: 1\n12: b\n", 2, "the key '12' is not text", 'quote it: "12"'),
        ("a: 1\nno: b\ntrue: c\n", 3, "the key 'true' is not text", 'quote it: "true"'),
        ("2024-01-02: a\n", 1, "the key '2024-01-02' is not text", 'quote it: "2024-01-02"'),
        ("? [a]\n: b\n", 1, "the key '[a]' is not text", 'quote it: "[a]"'),
        ("a: !!int '1'\n", 1, "the tag 'tag:yaml.org,2002:int' is not allowed here", "write the value without it"),
        ("b: {<<: 1}\n", 1, "`<<` merges a value that is not a mapping", None),
        ("b:\n  <<: [1]\n", 2, "`<<` merges a value that is not a mapping", None),
        ("a: b: c\n", 1, "is not YAML: mapping values are not allowed", None),
        ("a: 'x\n", 2, "is not YAML: found unexpected end of stream", None),
        ("a: [x\n", 2, "is not YAML: did not find expected ',' or ']'", None),
        ("%YAML 2.0\n---\na: 1\n", 1, "is not YAML: found incompatible YAML document", None),
        ("a: @x\n", 1, "is not YAML: found character that cannot start any token", None),
    ],
)
def test_what_is_refused_has_a_line_and_a_reason(text: str, line: int, message: str, hint: str | None) -> None:
    """The hint says what to do."""
    [problem] = read(text).problems

    assert (Source(FILE, line), hint) == (problem.source, hint and problem.hint)
    assert problem.message.startswith(message)


@pytest.mark.parametrize(
    "tagged",
    [
        "!!python/object/apply:os.system ['echo pwned']",
        "!!python/name:os.system x",
        "!!python/object/new:os.system [x]",
        "!!python/module:os x",
        "!!binary aGk=",
        "!!set {a, b}",
        "!!omap [a: b]",
        "!!timestamp 2024-01-01",
        "!!null ''",
        "!secret token",
        "!<tag:example.com,2026:thing> x",
        "!x [1]",
    ],
)
@pytest.mark.parametrize("form", ["{}", "a: {}", "- {}", "? {}\n: b"])
def test_no_tag_builds_an_object(tagged: str, form: str) -> None:
    """The reader makes only text, numbers, dates, mappings and sequences."""
    document = read(form.format(tagged))
    [problem] = document.problems

    assert document.value is None
    assert "is not allowed here" in problem.message


def test_a_key_declared_twice_keeps_its_first_value() -> None:
    """It is a problem, but the rest of the file is still read."""
    document = read("a: 1\na: {b: 2}\nc: 3\n")

    assert {"a": 1, "c": 3} == document.value
    assert ["duplicate_key"] == [problem.code for problem in document.problems]


def test_laughs_by_the_billion_are_refused_before_they_unfold() -> None:
    """Aliases are nested ten times, ten at each level."""
    lines = ["a0: &a0 [lol]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    started = perf_counter()
    [problem] = read("\n".join(lines)).problems

    assert f"the aliases expand to more than {MAX_ALIASED_NODES:,} values" == problem.message
    assert perf_counter() - started < 5


def test_merges_by_the_billion_are_refused_too() -> None:
    """A merge copies values, so it counts like an alias."""
    wide = "a0: &a0 {" + ", ".join(f"k{n}: 1" for n in range(1_000)) + "}\n"
    merges = "".join(f"b{n}: {{<<: *a0}}\n" for n in range(1_000))
    [problem] = read(wide + merges).problems

    assert "the aliases expand to more than" in problem.message


def test_an_alias_used_often_is_one_value() -> None:
    """A moderate number of aliases is allowed."""
    document = read("a: &a [1, 2]\nb: [" + ", ".join(["*a"] * 1_000) + "]\n")

    assert ([], 1_000) == (document.problems, len(document.value["b"]))  # type: ignore[index]


@pytest.mark.parametrize(
    "text", ["a: " + "x" * 10_000_000, 'a: "' + "x" * 10_000_000 + '"', "- |\n  " + "x" * 10_000_000]
)
def test_a_value_of_ten_megabytes_is_refused(text: str) -> None:
    """The limit holds in every style."""
    [problem] = read(text).problems

    assert f"the value has 10,000,000 characters; at most {MAX_SCALAR:,} are read" == problem.message.strip()


def test_a_value_at_the_limit_is_read() -> None:
    """One more letter is refused."""
    assert [] == read("a: " + "x" * MAX_SCALAR).problems
    assert 1 == len(read("a: " + "x" * (MAX_SCALAR + 1)).problems)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}")])
def test_depth_has_an_end(opening: str, closing: str) -> None:
    """The limit is read, one more level is refused, and 100,000 levels do not crash."""
    assert [] == read(opening * MAX_DEPTH + "x" + closing * MAX_DEPTH).problems
    for depth in (MAX_DEPTH + 1, 100_000):
        [problem] = read(opening * depth + "x" + closing * depth).problems
        assert f"is nested more than {MAX_DEPTH} levels deep" == problem.message


def test_a_file_too_large_to_be_one_is_not_read_at_all() -> None:
    """The hint is to split the file."""
    document = read_yaml(FILE, b"#" * (MAX_FILE_BYTES + 1))
    [problem] = document.problems

    assert ("file_too_large", "is larger than 64 MiB, the largest size that is read") == (
        problem.code,
        problem.message,
    )
    assert problem.hint is not None


@pytest.mark.parametrize(
    ("content", "line", "byte"),
    [(b"a: 1\nb: caf\xe9\n", 2, "e9"), (b"\xff\xfea\x00", 1, "ff"), (b"a: \xed\xa0\x80\n", 1, "ed")],
)
def test_what_is_not_utf_8_says_where(content: bytes, line: int, byte: str) -> None:
    """Covers Latin-1, UTF-16 and an unpaired surrogate."""
    [problem] = read_yaml(FILE, content).problems

    assert ("encoding", Source(FILE, line)) == (problem.code, problem.source)
    assert f"is not UTF-8: the byte 0x{byte}" == problem.message


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\ufffe"])
def test_a_control_character_is_no_yaml(character: str) -> None:
    """It is refused in plain and quoted text and in comments."""
    for text in (f"a: {character}\n", f"a: '{character}'\n", f"# {character}\n"):
        [problem] = read(text).problems
        assert problem.message.startswith("is not YAML: the character U+")


def test_a_control_character_has_a_line() -> None:
    """Every problem has a line."""
    [problem] = read("a: 1\nb: 2\nc: \x07\n").problems

    assert Source(FILE, 3) == problem.source


@pytest.mark.parametrize("key", ["'<<'", '"<<"', "!!str <<"])
def test_a_quoted_merge_key_is_a_key(key: str) -> None:
    """Only a plain `<<` merges."""
    assert {"b": {"<<": {"k": "v"}}} == value_of(f"b: {{{key}: {{k: v}}}}\n")


@pytest.mark.parametrize("character", list(LINE_BREAKS_OF_YAML_1_1))
def test_a_line_ends_where_everybody_sees_it_end(character: str) -> None:
    """A reviewer who sees one line must not approve two keys; refusing the character is right too."""
    document = read(f"users: {{a: {{title: x}}}}\nb: x{character}c: y\n")

    assert document.problems or "c" not in document.value  # type: ignore[operator]
