"""The readers and renderers of foreign text, each with the property that must hold for any input.

A target returns a result or raises an error of the program, in time, and never another exception. A rendered page or
comment has no link, mention or tag from the text.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx
from hypothesis import strategies as st

from reconciler.core.changes.plan import Plan, plan_to_json
from reconciler.core.expressions.expression import Expression
from reconciler.core.expressions.wrong_expression import WrongExpression
from reconciler.core.scim.wire import DIALECTS
from reconciler.desired.yaml.load import load_declarations
from reconciler.errors import ReconcilerError
from reconciler.live.client import Client
from reconciler.live.read import read_snapshot
from reconciler.live.snapshot import to_live_state
from reconciler.pipeline.saved_plans import read_saved
from reconciler.report.format.quote import prose_line
from reconciler.report.markdown import link_or_code
from reconciler.report.render import render_plan, render_run
from tests.fuzz.edits import edited, edited_bytes
from tests.fuzz.sound import (
    ANSWERS,
    EXPRESSIONS,
    JINJA_WORDS,
    JSON_WORDS,
    MARKUP,
    MARKUP_WORDS,
    VALUES,
    YAML,
    YAML_WORDS,
)
from tests.live.service import FakeTime
from tests.report.plans import STORIES
from tests.report.test_comment import MENTION, every_page, plan_about, run_about
from tests.report.test_page import Page

PLANS = [plan_to_json(STORIES[name]) for name in ("new-hire", "leaver", "conflict")]


@dataclass(frozen=True)
class Target:
    """A strategy for inputs, and a check: `holds` raises if the target mishandles an input."""

    given: st.SearchStrategy[Any]
    holds: Callable[[Any], None]


def yaml_is_read_or_told(content: bytes) -> None:
    """Checks that every problem has a message, and names the file."""
    loaded = load_declarations({"company.yaml": content})
    assert all(one.message and (one.source is None or one.source.file == "company.yaml") for one in loaded.problems)


def a_plan_is_read_or_refused(text: str) -> None:
    """Checks that a plan that was read can be written and rendered."""
    with suppress(ReconcilerError):
        saved = read_saved(text, "plan.json")
        assert render_plan(saved, "text") if isinstance(saved, Plan) else render_run(saved, "text")


def answers_make_an_account_or_faults(body: bytes) -> None:
    """Checks that a read of any answers gives a certificate, or finds the account unreachable."""

    async def read() -> None:
        transport = httpx.MockTransport(lambda _request: httpx.Response(200, content=body))
        async with Client("https://acme.example", "t", (), transport=transport, clock=FakeTime().clock) as client:
            snapshot, certificate = await read_snapshot(client, DIALECTS["4me"])
            state = to_live_state(snapshot, certificate)
            assert len(state.users) <= certificate.users
            assert state.certificate.complete or state.certificate.faults

    with suppress(ReconcilerError):
        asyncio.run(read())


def an_expression_makes_text_or_is_wrong(text: str) -> None:
    """Checks that an expression makes text from its own values, inside the sandbox."""
    with suppress(WrongExpression):
        made = Expression(text).evaluate(VALUES)
        assert isinstance(made, str)
        assert not re.search(r"<(?:bound |built-in )?(?:method|function|class|module)\b", made), made


PLAIN_PAGES = every_page("word")
PLAIN_HTML = [render_plan(plan_about("word"), "html"), render_run(run_about("word"), "html")]
SHORT = 250  # a comment about longer words is cut to fit, and then has fewer tags


def _as_it_comes(text: str) -> str:
    """Returns words without lone surrogates, which neither YAML nor the client accepts."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") or "word"


def a_word_changes_no_comment(word: str) -> None:
    """Checks that GitHub's parser finds the same tags as with a plain word: no link, no HTML, no mention."""
    word = _as_it_comes(word)
    word = word if not link_or_code(word).startswith("[") else f"{word} "  # a plain address may be a link
    for expected, actual in zip(PLAIN_PAGES, every_page(word), strict=True):
        assert {*expected.tags} >= {*actual.tags} if len(prose_line(word)) > SHORT else expected.tags == actual.tags
        assert not MENTION.search("".join(actual.text))


def a_word_changes_no_page(word: str) -> None:
    """Checks that the page has the same tags as with a plain word."""
    word = _as_it_comes(word)
    pages = (render_plan(plan_about(word), "html"), render_run(run_about(word), "html"))
    for expected, actual in zip(PLAIN_HTML, pages, strict=True):
        assert Page(expected).tags == Page(actual).tags


TARGETS: Mapping[str, Target] = {
    "yaml": Target(edited_bytes(YAML, YAML_WORDS), yaml_is_read_or_told),
    "plan": Target(edited(PLANS, JSON_WORDS), a_plan_is_read_or_refused),
    "scim": Target(edited_bytes(ANSWERS, JSON_WORDS), answers_make_an_account_or_faults),
    "expression": Target(edited(EXPRESSIONS, JINJA_WORDS), an_expression_makes_text_or_is_wrong),
    "markdown": Target(edited(MARKUP, MARKUP_WORDS), a_word_changes_no_comment),
    "html": Target(edited(MARKUP, MARKUP_WORDS), a_word_changes_no_page),
}
