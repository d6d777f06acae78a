"""Values as YAML that a person would write, and that every reader reads back."""

from __future__ import annotations

from datetime import date
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from reconciler.desired.writing.spell import spell, spell_key
from reconciler.desired.yaml.reader import read_yaml

STEADY = settings(max_examples=300, derandomize=True, deadline=None, database=None)
ALPHABET = st.sampled_from("aZé0.-_ :#,[]{}&*!|>'\"%@`?=~<\\\n\t\r\x85\u2028\u200b\xa0\ufeff😀") | st.characters(
    exclude_categories=["Cs"], exclude_characters="\0"
)
texts = st.text(ALPHABET, max_size=12)
scalars = (
    texts | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.dates()
)


def read(text: str) -> object:
    document = read_yaml("x.yaml", text.encode())
    assert [] == document.problems
    return document.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Alice Lee", "Alice Lee"),
        ("alice.lee@example.com", "alice.lee@example.com"),
        ("https://example.com/a#b", "https://example.com/a#b"),
        ("Zoë 日本 😀", "Zoë 日本 😀"),
        ("2nd floor", "2nd floor"),
        ("O'Neill", "O'Neill"),
        ("no", "'no'"),
        ("Null", "'Null'"),
        ("0042", "'0042'"),
        ("4.2", "'4.2'"),
        ("12:30", "'12:30'"),
        ("2026-03-01", "'2026-03-01'"),
        ("+44 20 7946 0142", "'+44 20 7946 0142'"),
        ("'t Hooft", "'''t Hooft'"),
        ("a: b", "'a: b'"),
        ("a #b", "'a #b'"),
        ("end:", "'end:'"),
        (" x", "' x'"),
        ("x ", "'x '"),
        ("", "''"),
        ("two\nlines", '"two\\nlines"'),
        ("a\tb", '"a\\tb"'),
        ("\u202etxt", '"\\u202etxt"'),
        ("no\xa0break", '"no\\xa0break"'),
        ('tab\t"q"\\', '"tab\\t\\"q\\"\\\\"'),
        ("\U000e0001", '"\\U000e0001"'),
    ],
)
def test_a_text_is_quoted_where_it_must_be(text: str, expected: str) -> None:
    """Quotes are needed if YAML would read another value, or a character is invisible."""
    assert expected == spell(text)
    assert {"k": text} == read(f"k: {expected}\n")


def test_between_brackets_more_is_quoted() -> None:
    """A comma would end the value."""
    assert "{a: 'Lee, Ann', b: ['[x]', z]}" == spell({"a": "Lee, Ann", "b": ["[x]", "z"]})
    assert "Lee, Ann" == spell("Lee, Ann")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, "null"), (True, "true"), (False, "false"), (42, "42"), (0.5, "0.5"), (date(2026, 3, 1), "2026-03-01")],
)
def test_what_is_no_text_is_as_yaml_has_it(value: object, expected: str) -> None:
    """These values have no quotes."""
    assert expected == spell(value)


def test_the_style_that_was_there_is_kept() -> None:
    """The style is kept if the new text allows it."""
    assert "'Head'" == spell("Head", style="single")
    assert '"Head"' == spell("Head", style="double")
    assert '"a\\"b"' == spell('a"b', style="double")
    assert '"a\\nb"' == spell("a\nb", style="single")


@STEADY
@given(st.dictionaries(texts, scalars, max_size=3), st.lists(scalars, max_size=3), scalars)
def test_every_value_is_read_back(mapping: dict[str, object], listed: list[object], value: object) -> None:
    """Our reader and ruamel read the same value, in block and flow style."""
    lines = [f"k: {spell(value)}", f"m: {spell(mapping)}", f"l: {spell(listed)}", "b:", f"  - {spell(value)}", "n:"]
    lines += [f"  {spell_key(key)}: {spell(one)}" for key, one in mapping.items()]
    text = "\n".join(lines) + "\n"
    expected = {"k": value, "m": mapping, "l": listed, "b": [value], "n": mapping or None}

    assert with_types(expected) == with_types(read(text))
    assert with_types(expected) == with_types(YAML(typ="safe", pure=True).load(StringIO(text)))


def with_types(value: object) -> object:
    """Returns a value with its types: `1` differs from `true`."""
    if isinstance(value, dict):
        return {key: with_types(one) for key, one in value.items()}
    return [with_types(one) for one in value] if isinstance(value, list) else (type(value).__name__, value)
