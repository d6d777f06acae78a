"""What comes from outside, made harmless: no value breaks out of its code span, its line or its page."""

from __future__ import annotations

import re
import unicodedata
from html.parser import HTMLParser

import pytest
from cmarkgfm import github_flavored_markdown_to_html
from cmarkgfm.cmark import Options
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reconciler.report.format.quote import LONGEST, code, plain, plain_line, prose, prose_line

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
    assert shape(page.replace("{}", "`word`")) == shape(page.replace("{}", code(value)))


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
    assert (f"`{'x' * LONGEST}…`", f"{'x' * LONGEST}…") == (code("x" * 999), prose("x" * 999))
    assert "x" * 5_000 == prose_line("x" * 5_000)


class Rendered(HTMLParser):
    """What GitHub's parser makes of a page: the tags but for code spans, all text, and the text outside of code."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.outside_code = ""
        self._in_code = 0
        self.feed(github_flavored_markdown_to_html(page, Options.CMARK_OPT_UNSAFE))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_code += tag == "code"
        if tag != "code":
            self.tags.append(f"{tag} {attrs}")

    def handle_endtag(self, tag: str) -> None:
        self._in_code -= tag == "code"
        if tag != "code":
            self.tags.append(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        self.tags.append(f"comment {data}")

    def handle_data(self, data: str) -> None:
        self.text += data
        self.outside_code += "" if self._in_code else data


def read_back(text: str) -> str:
    """What a reader sees, but for backticks and the width of spaces."""
    return "".join(text.replace("`", "").split())


INTERPRETED = re.compile(
    r"@\w|#\d|\b[A-Za-z]+-\d|\b[0-9a-f]{7,40}\b|:[\w+-]+:|[$<>\[\]{}|\\*_~^]|https?://|www\.\w|&\w+;"
)


@STEADY
@given(hostile, st.sampled_from([*PAGES, "x\n{}\n", "> [!WARNING]\n> {}\n", "<sub>{}</sub>"]))
@example("1. a", "{}")
@example("1)", "{}")
@example("-", "{}")
@example("===", "x\n{}\n")
@example("`a` (`b`) `", "{}")
@example("`" * 199 + " `", "a {} b")
@example("b `a`(`@team`)", "a {} b")
@example("(`@team`)$`x`$", "{}")
@example("b(`@team`)", "{}")
@example("x :smile: $y$ GH-12 &lt; www.evil.example a@b.example deadbee", "a {} b")
def test_no_value_does_anything_in_prose(value: str, page: str) -> None:
    """The page has the same structure as with a plain word, and outside of code nothing that GitHub interprets."""
    with_word = Rendered(page.replace("{}", "word"))
    for quoted in (prose(value), prose_line(value)):
        actual = Rendered(page.replace("{}", quoted))
        assert with_word.tags == actual.tags
        assert not INTERPRETED.search(actual.outside_code.replace("[!WARNING]", ""))


@STEADY
@given(hostile)
def test_prose_shows_every_letter(value: str) -> None:
    """A code span around a word takes nothing away; a text of nothing but spaces and backticks may look empty."""
    assert read_back(plain(value)) == read_back(Rendered(f"a {prose(value)}").text)[1:]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("nobody was asked, and (really) nothing was done.", "nobody was asked, and (really) nothing was done."),
        ('the filter "Zoë\'s team" wants 2 % of 1,204', 'the filter "Zoë\'s team" wants 2 % of 1,204'),
        ("कर on 2026-11-30 at 12:30 → now", "कर on 2026-11-30 at 12:30 → now"),
        ("max_updates: 4, userName (user/ada)", "`max_updates`: 4, `userName` (`user/ada`)"),
        ("covered by apply #1 at commit 9f8e7d6", "covered by apply `#1` at commit `9f8e7d6`"),
        ("run `reconciler ownership fetch`, then plan", "run `reconciler ownership fetch`, then plan"),
        ('called "<b> @acme/all" now', 'called "`<b> @acme/all`" now'),
        ('read (`a b`), then "`c`".', 'read (`a b`), then "`c`".'),
        ("b(`@team`)", "`` b(`@team` ``)"),
        ("a\n# b", "`a\\n#` b"),
        ("12. a", "12\\. a"),
        ("", "` `".replace(" ", "   ")),
    ],
)
def test_words_are_prose_and_values_are_code(sentence: str, expected: str) -> None:
    """Only a word that a parser could interpret is in code font."""
    assert expected == prose(sentence) == prose_line(sentence)
