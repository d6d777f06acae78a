"""Pages of HTML: everything of the plan, nothing that runs or loads, whatever stands in a value."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.errors import Problem
from reconciler.report.render import render_drift, render_plan, render_run
from tests.report.plans import HOSTILE, STORIES, make, partial_run
from tests.report.test_comment import plan_about, run_about

hostile = st.text(st.characters(codec="utf-8") | st.sampled_from("`<>\"'&=/;!-\n "), min_size=1)
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
NEVER = {"script", "a", "img", "iframe", "object", "link", "form", "base", "svg"}
VOID = {"meta"}


class Page(HTMLParser):
    """The tags of a page, with their attributes, and whether each that opens is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, ...]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, *(f"{name}={value}" for name, value in attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()
        self.tags.append((f"/{tag}",))

    def handle_comment(self, data: str) -> None:
        self.tags.append(("comment", data))


def pages() -> dict[str, str]:
    """Every story as a page, and a run."""
    told = {name: render_plan(plan, "html") for name, plan in STORIES.items()}
    drift = render_drift(STORIES["only-drift"], "html")
    return {**told, "drift": drift, "nothing": render_plan(make(), "html"), "run": render_run(partial_run(), "html")}


PAGES = pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_can_load_nothing(name: str) -> None:
    """Every tag is closed; a policy forbids what is not there anyway."""
    page = Page(PAGES[name])

    assert [] == page.open
    assert ("meta", "http-equiv=Content-Security-Policy", f"content={POLICY}") in page.tags
    assert not NEVER & {tag[0] for tag in page.tags}
    assert not [part for tag in page.tags for part in tag[1:] if part.startswith(("on", "style=", "href=", "src="))]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_by_ear(name: str) -> None:
    """A language, a title, one first heading, no level left out, and tables whose headings say what they head."""
    page = Page(PAGES[name])
    tags = [tag[0] for tag in page.tags]

    assert ("html", "lang=en") in page.tags
    assert (1, 1, 1) == (tags.count("h1"), tags.count("main"), tags.count("title"))
    assert not {"h3", "h4"} & set(tags)
    assert all(tag[1:] in {("scope=col",), ("scope=row",)} for tag in page.tags if tag[0] == "th")


@pytest.mark.parametrize("name", STORIES)
def test_a_page_tells_every_change(name: str) -> None:
    """Nothing is cut, and of those who are alike everybody is named."""
    told = {change.key for change in STORIES[name].changes if "<" not in change.key}

    assert [] == [key for key in told if key not in PAGES[name]]


def test_a_page_tells_a_problem_to_its_end() -> None:
    """However many people are in it."""
    long = "; ".join(f"user/somebody.{number} is out" for number in range(100))
    html = render_plan(make(problems=(Problem("filter_change", long, hint=long),)), "html")

    assert 2 == html.count(long)


def test_what_is_folded_is_on_paper_all_the_same() -> None:
    """Nobody can unfold it there."""
    _screen, _media, paper = PAGES["mass-change"].partition("@media print")

    assert "details::details-content { content-visibility: visible;" in paper


def test_the_verdict_stands_on_top() -> None:
    """And what blocks, under it."""
    html = PAGES["guardrail-refuses"]

    assert "<h1>30 people lose access, 1 person loses roles, 1 group changes</h1>" in html
    assert html.index("</h1>") < html.index("Blocked: 1 guardrail refuses it") < html.index("max_deactivations")
    assert "<h1>Nothing to do</h1>" in PAGES["nothing"]
    assert "Nothing blocks it" not in PAGES["nothing"]


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@given(hostile)
@example("</title></style><script>alert(1)</script>")
@example('" onmouseover="alert(1)')
@example("<!-- ")
@example("&lt;b&gt;")
@example(HOSTILE)
def test_a_hostile_word_changes_nothing_but_itself(word: str) -> None:
    """The page is made like one about a plain word."""
    for expected, actual in (
        (render_plan(plan_about("word"), "html"), render_plan(plan_about(word), "html")),
        (render_drift(plan_about("word"), "html"), render_drift(plan_about(word), "html")),
        (render_run(run_about("word"), "html"), render_run(run_about(word), "html")),
    ):
        assert Page(expected).tags == Page(actual).tags
