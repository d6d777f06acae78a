"""The canonical form of a file: what changes, what stays, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.desired.writing.formatting import CantFormat, format_file, format_files

ROOT = Path(__file__).parents[3]
FILE = "desired-state/all.yaml"


def form(text: str) -> str:
    """Returns the canonical form, and checks that formatting it again changes nothing."""
    formatted = format_file(FILE, text.encode())
    assert formatted == format_file(FILE, formatted)
    return formatted.decode()


def refused(text: str) -> str:
    with pytest.raises(CantFormat) as error:
        format_file(FILE, text.encode())
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a:\n       b:\n              c: 1\n", "a:\n  b:\n    c: 1\n"),
        ("a:\n- x\n-   z\n", "a:\n  - x\n  - z\n"),
        ("a:\n-\n  b: 1\n  c: 2\n", "a:\n  - b: 1\n    c: 2\n"),
        ("a:   {b:   1,c: 2 }\n", "a: {b: 1, c: 2}\n"),
        ("a: [b: 1]\n", "a: [{b: 1}]\n"),
        ("? a\n: b\n", "a: b\n"),
        ("a: 1\n   \nb: 2   \n\n\n", "a: 1\n\nb: 2\n"),
        ("\n  \n\na: # b\n", "a: null # b\n"),
        ("a: 1", "a: 1\n"),
        ("---\na: 1\n...\n", "a: 1\n"),
        ("%YAML 1.1\n---\na: yes\n", "a: 'yes'\n"),
        ("\ufeffa: 1\n", "a: 1\n"),
        ("a: 1\r\nb: # c\r\n- x\r\n", "a: 1\r\nb: # c\r\n  - x\r\n"),
    ],
)
def test_layout_is_one(text: str, expected: str) -> None:
    """Levels have two spaces, items are below their key, and the file ends with one line end; line endings stay."""
    assert expected == form(text)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("'x y'", "x y"),
        ('"x"', "x"),
        ('"0042"', '"0042"'),
        ("'no'", "'no'"),
        ("no", "'no'"),
        ("on", "'on'"),
        ("TRUE", "true"),
        ("~", "null"),
        ("", "null"),
        ("0123", "0123"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("1.50", "1.50"),
        (".nan", ".nan"),
        ("2024-01-02", "2024-01-02"),
        ("2024-13-01", "'2024-13-01'"),
        ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"),
        ("!!str 1", "'1'"),
        ('"a\\u202eb"', '"a\\u202eb"'),
        ('"caf\\u00e9"', "café"),
        ("one\n  two", "one two"),
        ("'one\n\n  two'", '"one\\ntwo"'),
        ("x" * 300, "x" * 300),
        ("word " * 60 + "end", "word " * 60 + "end"),
    ],
)
def test_a_word_keeps_its_meaning_and_the_quotes_that_it_needs(written: str, expected: str) -> None:
    """Numbers and dates are unchanged, invisible characters are escaped, and no line is folded."""
    assert f"a: {expected}\n" == form(f"a: {written}\n")


@pytest.mark.parametrize(
    "text",
    [
        "# head\n\nusers:   # all\n  # before\n  ann:    # ann\n    title: x     # of all\n\n  # end\n",
        "a: &x {b: 1}\nc: *x # note\nd:\n  <<: *x   # m\n  f: &s text\nf: *s\ng: &unused 1\nh: &l [1]\n",
        "a: &x 1\nb: &x 2\nc: *x\n",
        "a: &x   # the model\n  b: 1\n",
        "a: &x {b: 1}\nb: &z {b: 2}\nd:\n  <<: [*x, *z]\n  z: 1\n",
        "a: |  # long\n  two\n   lines\n\nb: >-\n  x\n  y\n\n  z\nc: 1\n",
        "a: |+\n  keep\n\n\nb: 1\n",
        "a: {}  # e\nb: []  # f\n",
        "# nothing\n",
        "",
    ],
)
def test_comments_anchors_merges_and_texts_in_lines_stay(text: str) -> None:
    """Their columns stay too."""
    assert text == form(text)


def test_comments_move_with_the_lines_that_they_stand_at() -> None:
    """Covers comments above, between and below, and above `---`."""
    text = (
        "# yaml-language-server: $schema=x.json\n---\na:\n      # t\n      b:\n      # i\n      - c: 1\n      # after\n"
    )
    expected = "# yaml-language-server: $schema=x.json\na:\n  # t\n  b:\n    # i\n    - c: 1\n    # after\n"

    assert expected == form(text)


def test_brackets_that_do_not_fit_their_line_are_opened() -> None:
    """Inner brackets stay if they fit; a comment behind the brackets moves behind the key or above the dash."""
    names = ", ".join(f"somebody.{number}" for number in range(12))
    text = f"a: [{names}]  # why\n\n# next\nb: {{x: [1, 2], z: [{names}]}}\nc:\n  - {{x: 1, z: [{names}]}} # one\n"
    listed = "".join(f"{{0}}- somebody.{number}\n" for number in range(12))
    expected = (
        f"a:  # why\n{listed.format('  ')}\n# next\nb:\n  x: [1, 2]\n  z:\n{listed.format('    ')}"
        f"c:\n  # one\n  - x: 1\n    z:\n{listed.format('      ')}"
    )

    assert expected == form(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("b: 1\na: [x, # lead\n  y]\n", ":2: is not formatted: the comment '# lead' would be lost or moved"),
        ("a: {x: 1, # one\n  y: 2}\n", ":1: is not formatted: the comment '# one' would be lost or moved"),
        ("# c\n[a, b]\n", ":1: is not formatted: ruamel fails on its form"),
        ("b: 1\na:\t1\n", ":2: is not formatted: found character '\\t' that cannot start any token"),
        ("b: 1\na: [\n", ":3: is not YAML"),
        ("a: 1\na: 2\n", ':2: "a" is declared a second time'),
        ("a: !!binary 1\n", ":1: the tag"),
    ],
)
def test_what_can_not_be_kept_is_refused_with_its_line(text: str, said: str) -> None:
    """Invalid YAML is refused too."""
    assert f"{FILE}{said}" in refused(text)


def test_one_file_that_is_refused_does_not_hold_up_the_others() -> None:
    """Canonical files are not in the result."""
    contents = {"a.yaml": b"a:   1\n", "b.yaml": b"b: [x, # y\n z]\n", "c.yaml": b"c: 1\n"}

    formatted = format_files(contents)

    assert {"a.yaml": b"a: 1\n"} == formatted.files
    assert ["b.yaml:1"] == [str(one.source) for one in formatted.problems]


@pytest.mark.parametrize("folder", ["desired-state", "tests/desired/writing/imported"])
def test_what_import_writes_and_the_worked_example_are_canonical(folder: str) -> None:
    """All YAML of the project has one form."""
    contents = {path.as_posix(): path.read_bytes() for path in (ROOT / folder).rglob("*.yaml")}
    formatted = format_files(contents)

    assert contents
    assert ({}, ()) == (formatted.files, formatted.problems)
