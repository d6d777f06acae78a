"""The comment for a reviewer: ten stories as they are read, whatever stands in a value, however long the plan is.

`--update-cases` writes the comments anew. Look at them as rendered pages.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args

import pytest
from cmarkgfm import github_flavored_markdown_to_html
from cmarkgfm.cmark import Options
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.core.changes.outcome import Outcome, Run, Status
from reconciler.core.changes.plan import (
    Cause,
    Change,
    CreateUser,
    DeactivateUser,
    GrantRoles,
    Plan,
    RemoveMembers,
    RevokeRoles,
    Skipped,
    Unmanaged,
    UpdateUser,
)
from reconciler.errors import Problem, Source
from reconciler.report.drift_issue import UndoneWork, name_drift, render_drift_issue
from reconciler.report.pull_requests.outcome_comment import render_outcome_comment
from reconciler.report.pull_requests.plan_comment import render_comment
from tests.report.plans import HOSTILE, STORIES, attribute, make, partial_run

COMMENTS = Path(__file__).parent / "comments"
FULL_PLAN = "https://github.com/acme/access/actions/runs/1"
LIMITS = {"huge-plan-cut": 12_000}  # a smaller page is easier to look at
STEADY = settings(max_examples=60, derandomize=True, deadline=None, database=None)
hostile = st.text(st.characters(codec="utf-8") | st.sampled_from("`<>[]()!@#*_~\\|&\n\r\t -+=.:/$"), min_size=1)
MENTION = re.compile(r"(?:^|[^\w`])@\w|#\d|\b[A-Za-z]+-\d|\b[0-9a-f]{7,40}\b|:[\w+-]+:|\$")


class Tree(HTMLParser):
    """What a page is made of: its tags in order, with their attributes, and the text outside of code.

    Code spans are no part of the structure: prose puts one around each word that a parser could interpret.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, ...]] = []
        self.text: list[str] = []
        self.in_code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "code":
            self.tags.append((tag, *(f"{name}={value}" for name, value in attrs)))
        self.in_code += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        if tag != "code":
            self.tags.append((f"/{tag}",))
        self.in_code -= tag == "code"

    def handle_comment(self, data: str) -> None:
        self.tags.append(("comment", data))

    def handle_data(self, data: str) -> None:
        if not self.in_code:
            self.text.append(data)


def as_page(markdown: str) -> Tree:
    """What GitHub's own parser makes of a comment; raw HTML is left in, so that it would be found."""
    tree = Tree()
    tree.feed(github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE))
    tree.close()
    return tree


@pytest.mark.parametrize("name", STORIES)
def test_a_story_is_told_as_written(name: str, *, update_cases: bool) -> None:
    """Golden bytes."""
    golden = COMMENTS / name / "comment.md"
    rendered = render_comment(STORIES[name], full_plan=FULL_PLAN, limit=LIMITS.get(name, 60_000))
    if update_cases:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(rendered, encoding="utf-8")

    assert golden.read_text(encoding="utf-8") == rendered


def test_an_outcome_and_a_drift_issue_are_told_as_written(*, update_cases: bool) -> None:
    """Beside the stories that they are about."""
    drift = STORIES["only-drift"].model_copy(update={"problems": STORIES["new-hire"].problems})
    since = {name_drift(change): f"2026-11-2{number}" for number, change in enumerate(drift.changes)}
    told = {
        COMMENTS / "conflict" / "outcome.md": render_outcome_comment(partial_run()),
        COMMENTS / "only-drift" / "issue.md": render_drift_issue(
            drift, since=since, not_done=UndoneWork(partial_run())
        ),
    }
    for golden, rendered in told.items():
        if update_cases:
            golden.write_text(rendered, encoding="utf-8")

        assert golden.read_text(encoding="utf-8") == rendered


@pytest.mark.parametrize("name", STORIES)
def test_the_first_line_is_the_verdict(name: str) -> None:
    """And whether anything blocks."""
    first = render_comment(STORIES[name]).splitlines()[0]

    assert first.startswith("### Plan for `production`: ")
    assert ("**blocked**: " in first) != ("nothing blocks " in first)
    assert ("**blocked**" in first) == (not STORIES[name].applyable)


def test_an_empty_plan_is_one_calm_line() -> None:
    """With what was looked at, in small print."""
    rendered = render_comment(make())

    assert 1 == len(rendered.splitlines())
    assert rendered.startswith("**Plan for `qa`: nothing to do.** <sub>2 requests made to read 4 users and 1 group.")


@pytest.mark.parametrize(
    ("full_plan", "sentence"),
    [
        (FULL_PLAN, f"[full plan]({FULL_PLAN})"),
        ("the artifact `plan`", "the artifact `plan`"),
        ("javascript:alert(1)", "`javascript:alert(1`)"),
        ("https://evil.example/) <b>", "`https://evil.example/`) `<b>`"),
    ],
)
def test_the_whole_plan_is_pointed_to(full_plan: str, sentence: str) -> None:
    """Only what is plainly an address is a link."""
    assert f"All changes: {sentence}." in render_comment(STORIES["leaver"], full_plan=full_plan)


def plan_about(word: str, cause: Cause = "this_change") -> Plan:
    """A plan in which everything that comes from outside is that word."""
    told: dict[str, Any] = {
        "key": f"user/{word}",
        "name": word,
        "reason": word,
        "source": Source(word, 3, "1a2b3c4d", word),
        "cause": cause,
    }
    two = [{**told, "key": f"user/{word}{number}", "target_id": str(number)} for number in range(2)]
    return make(
        CreateUser(**told, attributes=(attribute("title", None, word), attribute(f"customFields.{word}", None, word))),
        UpdateUser(
            **told, target_id="1", attributes=(attribute("title", word, f"new {word}"), attribute(word, word, None))
        ),
        *(GrantRoles(**one, roles=(word,)) for one in two),
        *(DeactivateUser(**one) for one in two),
        RemoveMembers(key=f"group/{word}", name=word, target_id="1", members=(f"id/{word}", f"user/{word}0")),
        tenant=word,
        unmanaged=(Unmanaged(kind="user", id=word, name=word),),
        skipped=(Skipped(key=f"user/{word}", reason=word),),
        problems=(
            *(Problem("x", word, Source(word, 3), word, severity) for severity in ("error", "warning", "info")),
            *(Problem(code, word, Source(word), word) for code in ("guardrail", "filter_change", "expired")),
        ),
    )


def run_about(word: str) -> Run:
    """A run in which everything that comes from outside is that word."""
    outcomes = tuple(
        Outcome(change=DeactivateUser(key=f"user/{word}{number}", name=word, target_id="1"), status=status, detail=word)
        for number, status in enumerate(get_args(Status))
    )
    return Run(tenant=word, commit=None, digest="sha256:0", outcomes=outcomes, requests=1, stopped=word)


def every_page(word: str) -> list[Tree]:
    """Every page of Markdown there is, about that word."""
    plan, run = plan_about(word), run_about(word)
    since = {name_drift(change): word for change in plan.changes}
    return [
        as_page(render_comment(plan)),
        as_page(render_comment(plan_about(word, "conflict"), full_plan=word)),
        as_page(render_comment(plan, limit=10)),
        as_page(render_outcome_comment(run)),
        as_page(render_drift_issue(plan, since=since, not_done=UndoneWork(run, (word,)))),
    ]


@STEADY
@given(hostile)
@example("</details>\n\n# x\n\n@acme/everyone")
@example("``` ` `` <script>alert(1)</script>")
@example("https://evil.example www.evil.example a@evil.example")
@example(HOSTILE)
@example("`" * 300)
@example(" ")
def test_a_hostile_word_changes_nothing_but_itself(word: str) -> None:
    """To GitHub's own parser the page is made like one about a plain word: no link, no HTML, no mention of its own."""
    for expected, actual in zip(every_page("word"), every_page(word), strict=True):
        assert expected.tags == actual.tags
        assert "a" not in {tag[0] for tag in actual.tags}
        assert not MENTION.search("".join(actual.text))


shrinks = st.sampled_from(["deactivate", "revoke", "remove"])


def many(kinds: list[str], grows: int, word: str, cause: Cause) -> list[Change]:
    """A long list of changes, with long names."""
    taken: dict[str, Any] = {
        "deactivate": lambda key: DeactivateUser(key=f"user/{key}", name=f"{word}{key}", target_id=key, cause=cause),
        "revoke": lambda key: RevokeRoles(key=f"user/{key}", name=word, target_id=key, roles=(word, key), cause=cause),
        "remove": lambda key: RemoveMembers(
            key=f"group/{key}", name=word, target_id=key, members=(f"user/{key}x", f"user/{key}y"), cause=cause
        ),
    }
    lost = [taken[kind](f"{kind}-{number}") for number, kind in enumerate(kinds)]
    told = [
        UpdateUser(key=f"user/grow-{number}", target_id="1", attributes=(attribute("title", word, f"{number}"),))
        for number in range(grows)
    ]
    return [*lost, *told]


@settings(max_examples=25, derandomize=True, deadline=None, database=None)
@given(
    st.lists(shrinks, max_size=30),
    st.integers(1, 30),
    st.integers(0, 200),
    hostile,
    st.sampled_from(["this_change", "drift"]),
    st.integers(0, 400),
)
@example(["deactivate", "revoke", "remove"], 200, 0, "x" * 300, "drift", 100)
@example(["deactivate"], 1, 200, "\U000e0001" * 200, "this_change", 400)
def test_however_long_the_plan_the_comment_fits_and_hides_no_shrink(  # noqa: PLR0913, PLR0917  # one plan each
    kinds: list[str], times: int, grows: int, word: str, cause: Cause, problems: int
) -> None:
    """Every one that loses something is there by key, or counted."""
    plan = make(
        *many(kinds * times, grows, word, cause),
        tenant=word,
        problems=tuple(Problem(f"c{number}", word * 9, Source(word, number), word) for number in range(problems)),
        skipped=tuple(Skipped(key=f"user/s{number}", reason=f"{word}{number}") for number in range(problems)),
    )
    for rendered in (
        render_comment(plan, full_plan="x" * 1_000, limit=10_000),
        render_drift_issue(plan, since={}, limit=10_000),
    ):
        assert len(rendered) <= 10_000
        for kind in set(kinds):
            keys = [change.key for change in plan.changes if f"/{kind}-" in change.key]
            counted = re.search(rf"\*\*{len(keys):,} (?:people|groups)\*\*", rendered)
            assert counted or all(f"`{key}`" in rendered for key in keys)


def test_a_long_plan_is_cut_on_whole_changes() -> None:
    """The ends of items are whole, the rest is counted, and the whole plan is pointed to."""
    rendered = render_comment(STORIES["huge-plan-cut"], full_plan=FULL_PLAN, limit=12_000)
    told = len(re.findall(r"`employeeNumber`: `\d+` → `\d{6}`<br><sub>because holds user · `[^`]+`</sub>\n", rendered))
    groups = len(re.findall(r"`group/g\d+`\) is created", rendered))
    rest = re.search(r"- and ([\d,]+) changes: ", rendered)

    assert 11_000 < len(rendered) <= 12_000
    assert rest is not None
    assert 809 == told + groups + int(rest[1].replace(",", ""))
    assert f"> **Cut to fit:** all changes are in [full plan]({FULL_PLAN})." in rendered


@pytest.mark.parametrize("count", [0, 1, 5_000])
def test_an_outcome_fits_however_many_failed(count: int) -> None:
    """What is not done comes first."""
    outcomes = tuple(
        Outcome(
            change=DeactivateUser(key=f"user/u{number}", target_id="1"), status="failed", detail=f"refused {number}"
        )
        for number in range(count)
    )
    run = Run(tenant="qa", commit=None, digest="sha256:0", outcomes=outcomes, requests=1)
    rendered = render_outcome_comment(run, limit=10_000)

    assert len(rendered) <= 10_000
    assert (f"{count:,} failed" in rendered) == bool(count)
