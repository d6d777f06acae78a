"""Letters that services change or that nobody sees; the spelling to write is one that YAML reads."""

from __future__ import annotations

from unicodedata import normalize

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.access.text_faults import find_text_fault, show_text


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ("Chief ", "edge_space", 'write "Chief"'),
        ("\u00a0Chief", "edge_space", 'write "Chief"'),
        ("Chief\n", "edge_space", 'write "Chief"'),
        ("  ", "edge_space", "write null to clear it"),
        ("Jose\u0301", "decomposed", 'write "José"'),
        ("a\u200bb", "invisible", 'write "ab"'),
        ("\u202eann", "invisible", 'write "ann"'),
        ("\u200dann", "invisible", 'write "ann"'),
        ("x\u200cy", "invisible", 'write "xy"'),
        ("{{ key }}", "literal_braces", "to compute a value, write an `expression:` under attribute_mappings"),
    ],
)
def test_a_text_that_a_service_changes_has_what_to_write(text: str, code: str, hint: str) -> None:
    """Spaces at an end, accents apart, characters without width, braces."""
    fault = find_text_fault(text)

    assert fault is not None
    assert (code, hint) == (fault.code, fault.hint)


@pytest.mark.parametrize("text", ["Chief", "José", "Zoë O'Neill", "", "a  b", "\u0645\u06cc\u200c\u062e", "a { b"])
def test_a_text_that_stays_has_no_fault(text: str) -> None:
    """A joiner belongs to the word in Persian and in other scripts."""
    assert find_text_fault(text) is None


def test_what_is_found_elsewhere_is_not_found_twice() -> None:
    """Names are checked for invisible characters, and computed values are no YAML."""
    assert find_text_fault("a\u200bb", is_name=True) is None
    assert find_text_fault("{{ x", is_computed=True) is None


@given(st.text(max_size=8) | st.text(alphabet=" \u00a0e\u0301\u200b\u200c\u0627{", max_size=8))
def test_what_is_to_be_written_has_no_fault_but_perhaps_another(text: str) -> None:
    """Advice that is followed ends: each step leaves less to say."""
    seen = set()
    while (fault := find_text_fault(text)) is not None and fault.hint.startswith('write "'):
        assert text not in seen
        seen.add(text)
        text = yaml.safe_load(fault.hint.removeprefix("write "))

    assert text == text.strip() or fault is not None
    assert fault is None or fault.hint == "write null to clear it" or "{{" in text


def test_a_text_is_shown_with_escapes_only_where_it_needs_them() -> None:
    """Two letters that look the same are told apart; a long text is cut."""
    assert '"José"' == show_text("José")
    assert '"Jose\\u0301"' == show_text(normalize("NFD", "José"))
    assert '"a\\u200bb"' == show_text("a\u200bb")
    assert '"xxx"…' == show_text("xxxx", 3)
