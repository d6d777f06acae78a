"""The readers and renderers of foreign text, each with the property that must hold for any input.

A target returns a result or raises an error of the program, in time, and never another exception. A rendered page or
comment has no link, mention or tag from the text.
"""

from __future__ import annotations

import asyncio
import gzip
import re
import zlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any

import httpx
from hypothesis import strategies as st

from reconciler.core.changes.plan import Plan, plan_to_json
from reconciler.core.expressions.expression import Expression
from reconciler.core.expressions.wrong_expression import WrongExpression
from reconciler.core.model.messages import Request
from reconciler.core.scim.people import NotPeople, read_people
from reconciler.core.scim.wire import DIALECTS, describe_error
from reconciler.desired.yaml.load import load_declarations
from reconciler.errors import ReconcilerError
from reconciler.github.client import GitHub, GitHubClock
from reconciler.live.client import Client
from reconciler.live.oauth import Credentials
from reconciler.live.read import read_snapshot
from reconciler.live.rest import RestAddress, open_rest_line
from reconciler.live.snapshot import to_live_state
from reconciler.pipeline.saved_plans import read_saved
from reconciler.report.format.quote import prose_line
from reconciler.report.markdown import link_or_code
from reconciler.report.render import render_plan, render_run
from tests.fuzz.edits import edited, edited_bytes
from tests.fuzz.sound import (
    ANSWERS,
    EXPRESSIONS,
    HEADER_VALUES,
    HEADERS,
    JINJA_WORDS,
    JSON_WORDS,
    MARKUP,
    MARKUP_WORDS,
    OTHER_ANSWERS,
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


def an_answer_is_a_response_or_an_error(answer: tuple[int, Sequence[tuple[bytes, bytes]], bytes]) -> None:
    """Checks every client that reads foreign headers and bodies, and the sentences that they make."""
    status, headers, body = answer

    def reply(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers=headers, stream=OnTheWire(body))

    async def ask() -> None:
        time = FakeTime()
        transport, clock = httpx.MockTransport(reply), time.clock
        async with Client("https://acme.example", "t", (), transport=transport, clock=clock) as client:
            for request in (Request("GET", "/Users"), Request("POST", "/Users", {})):
                with suppress(ReconcilerError):
                    describe_error(await client.send(request))
        address = RestAddress("https://acme.example", "acme", "https://acme.example/token")
        async with AsyncExitStack() as stack:
            line = await open_rest_line(stack, address, Credentials("i", "s"), transport, clock)
            with suppress(ReconcilerError):
                await line.tokens.send(Request("POST", "", {}))
            with suppress(ReconcilerError, NotPeople):
                read_people(await line.client.send(Request("GET", "/people")))

    asyncio.run(ask())
    clock = GitHubClock(now=lambda: 0.0, sleep=lambda _seconds: None)
    with GitHub("https://api.example", "a/b", "t", transport=httpx.MockTransport(reply), clock=clock) as github:
        for work in (lambda: github.get("/x"), lambda: github.get_all("/x", "items"), lambda: github.download("/x")):
            with suppress(ReconcilerError):
                work()


class OnTheWire(httpx.AsyncByteStream):
    """A body as it is sent, which httpx does not unfold."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.content


@st.composite
def answers(draw: st.DrawFn) -> tuple[int, Sequence[tuple[bytes, bytes]], bytes]:
    """Draws a status, headers that clients read with values that break readers, and a body, perhaps compressed."""
    status = draw(st.sampled_from((200, 201, 204, 301, 302, 400, 401, 403, 404, 409, 429, 500, 503)))
    value = st.sampled_from(HEADER_VALUES) | st.text(max_size=20)
    names = draw(st.lists(st.sampled_from(HEADERS), max_size=4, unique=True))
    headers = [(name.encode(), draw(value).encode("utf-8", "replace").replace(b"\n", b" ")) for name in names]
    body = draw(edited_bytes([*ANSWERS, *OTHER_ANSWERS], JSON_WORDS))
    for _ in range(draw(st.integers(0, 2))):
        body = draw(st.sampled_from((gzip.compress, zlib.compress)))(body)
    return status, headers, body[: draw(st.none() | st.integers(0, len(body)))]


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
    "answer": Target(answers(), an_answer_is_a_response_or_an_error),
    "expression": Target(edited(EXPRESSIONS, JINJA_WORDS), an_expression_makes_text_or_is_wrong),
    "markdown": Target(edited(MARKUP, MARKUP_WORDS), a_word_changes_no_comment),
    "html": Target(edited(MARKUP, MARKUP_WORDS), a_word_changes_no_page),
}
