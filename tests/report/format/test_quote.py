"""What comes from outside, made harmless: no value breaks out of its code span, its line or its page."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reconciler.report.format.quote import LONGEST, code, code_line, plain, plain_line

STEADY = settings(max_examples=300, derandomize=True, deadline=None, database=None)
ATTACKS = [
    "@acme/everyone",
    "#1",
    "[click](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "<img src=x onerror=alert(1)>",
    "</details>",
    "<!-- ",
    "https://evil.example",
    "a | b",
    "|---|---|",
    "`",
    "``",
    "` <b> `",
    "```\ncode",
    "~~~",
    "- item\n# heading\n> quote",
    "a\r\n\r\n# heading",
    "\\`",
    "\\",
    "&lt;b&gt; &#x60;",
    "\u2028\u2029\x85\x0b\x0c",
    "\x1b[2J\x1b]8;;https://evil.example\x07",
    "\u202eevil\u202c",
    "\ufeff\u200b",
    "\ud800",
    "\x00",
    " ",
    "",
    "   `   ",
    "`" * 199,
]
hostile = st.text(st.characters() | st.sampled_from("`<>[]()!@#*_~\\|&\n\r\t -+=.:/$")) | st.sampled_from(ATTACKS)
PAGES = [
    "a {} b",
    "{}",
    "- {} ({}) changes\n  - {}: {} → {}\n",
    "### Plan for {}: nothing\n\n> **{}**\n",
    "because {}, {}",
]


def shape(text: str) -> list[tuple[str, str]]:
    """The tree of a Markdown page: every token by its type and tag."""

    def walk(tokens: list[Token]) -> list[tuple[str, str]]:
        return [one for token in tokens for one in [(token.type, token.tag), *walk(token.children or [])]]

    return walk(MarkdownIt("commonmark").enable("table").parse(text))


def spans(text: str) -> list[str]:
    """What stands in code spans."""
    tokens = MarkdownIt("commonmark").parse(text)
    return [child.content for token in tokens for child in token.children or [] if child.type == "code_inline"]


@STEADY
@given(hostile, st.sampled_from(PAGES))
@example("`", PAGES[0])
def test_no_value_breaks_out_of_a_code_span(value: str, page: str) -> None:
    """The page has the same structure as with a plain word, wherever the value stands in it."""
    for quoted in (code(value), code_line(value)):
        assert shape(page.replace("{}", "`word`")) == shape(page.replace("{}", quoted))


@pytest.mark.parametrize("value", ATTACKS)
def test_an_attack_is_shown_and_does_nothing(value: str) -> None:
    """In one code span, whole."""
    assert [plain(value).strip()] == [shown.strip() for shown in spans(f"a {code(value)} b")]


@STEADY
@given(hostile)
def test_no_value_makes_a_line_or_hides(value: str) -> None:
    """What can't be seen, and what turns the direction of writing, is spelled out by its number."""
    for shown in (plain(value), plain_line(value)):
        assert len(shown.splitlines()) <= 1
        assert not [letter for letter in shown if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}]
        assert shown == shown.encode().decode()


@STEADY
@given(st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=LONGEST))
def test_what_can_be_seen_is_shown_as_it_is(value: str) -> None:
    """Names in any script, but for what begins a command in the log of a workflow."""
    assume("::" not in value and "##[" not in value)
    assert value == plain(value) == plain_line(value)
    assert [value] == spans(f"a {code(value)} b")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a\nb", "a\\nb"),
        ("a\tb", "a\\tb"),
        ("\x1b[2J", "\\u001b[2J"),
        ("\x7f", "\\u007f"),
        ("\u202eevil", "\\u202eevil"),
        ("\u2028", "\\u2028"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\udb40\\udc01"),
        ("::add-mask::a", ":\\u003aadd-mask::a"),
        ("a :::x", "a :\\u003a:x"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("a ##[error]x", "a #\\u0023[error]x"),
        ("a: b # c [d]", "a: b # c [d]"),
        ("Zoë", "Zoë"),
    ],
)
def test_what_can_not_be_seen_or_is_a_command_is_spelled_as_json_has_it(value: str, expected: str) -> None:
    """A reader can tell what it was."""
    assert expected == plain(value) == plain_line(value)


def test_a_value_is_cut_and_a_sentence_is_not() -> None:
    """Two hundred letters of a display name are enough."""
    assert ("x" * LONGEST, "x" * LONGEST + "…") == (plain("x" * LONGEST), plain("x" * (LONGEST + 1)))
    assert "x" * 5_000 == plain_line("x" * 5_000)
    assert (f"`{'x' * LONGEST}…`", f"`{'x' * 5_000}`") == (code("x" * 999), code_line("x" * 5_000))
