"""What reports say of users in doubt, of partial plans, and of what is pending beside drift."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from unicodedata import category

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.core.changes.notification import RunResult, find_events
from reconciler.core.changes.plan import Plan, plan_to_json
from reconciler.errors import Problem
from reconciler.report.drift_issue import list_tracked_names, needs_attention, render_drift_issue, title_of
from reconciler.report.format.quote import code_block
from reconciler.report.notification import render_notification
from reconciler.report.pull_requests.plan_comment import render_comment
from reconciler.report.render import Format, render_drift, render_plan
from tests.report.doubt_plans import DOUBTS, DRIFTS, RECORD, TARGETED, doubt, doubt_about, title
from tests.report.plans import HOSTILE, make
from tests.report.test_comment import MENTION, as_page
from tests.report.test_page import NEVER, Page, hostile

GOLDEN = Path(__file__).parent / "doubts"
ENDINGS: dict[str, Format] = {"md": "markdown", "txt": "text"}
PAGES = ("one-unaccounted", "drift-and-pending")  # the others differ in nothing that a golden page would show


def golden_files() -> dict[str, str]:
    """Every story as text and Markdown, two of them as pages too."""
    told: dict[str, str] = {}
    for name, plan in DOUBTS.items():
        told |= {f"{name}.{ending}": render_plan(plan, form) for ending, form in ENDINGS.items()}
    for name, plan in DRIFTS.items():
        told |= {f"{name}.{ending}": render_drift(plan, form) for ending, form in ENDINGS.items()}
    one, other = PAGES
    return {
        **told,
        f"{one}.html": render_plan(DOUBTS[one], "html"),
        f"{other}.html": render_drift(DRIFTS[other], "html"),
    }


FILES = golden_files()


@pytest.mark.parametrize("name", FILES)
def test_a_story_is_told_as_written(name: str, *, update_cases: bool) -> None:
    """Golden bytes."""
    golden = GOLDEN / name
    if update_cases:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(FILES[name], encoding="utf-8")

    assert golden.read_text(encoding="utf-8") == FILES[name]


def first(plan: Plan) -> str:
    """The first line of a plan in text."""
    return render_plan(plan, "text").splitlines()[0]


def first_of_drift(plan: Plan) -> str:
    """The verdict of a drift report, however it is wrapped."""
    return " ".join(render_drift(plan, "text").split("\n\n")[0].split())


def test_the_headline_counts_those_in_doubt() -> None:
    """A plan that changes nothing and names somebody is never "nothing to do"."""
    assert "Plan for production: 1 person changes; 1 user is unaccounted for" == first(DOUBTS["one-unaccounted"])
    assert "Plan for production: no changes; 3 users and 1 group are named below, not changed" == first(
        DOUBTS["only-named"]
    )
    assert "Plan for qa: no changes; 1 user is named below, not changed" == first(make(named=(doubt(1),)))
    assert "Drift in qa: no changes; 1 user is named below, not changed" == first_of_drift(make(named=(doubt(1),)))


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
@pytest.mark.parametrize("name", ["one-unaccounted", "only-named"])
def test_everybody_in_doubt_is_named_with_what_is_known_and_the_line_that_settles_it(name: str, form: Format) -> None:
    """In every format, and the line of YAML is whole."""
    rendered = render_plan(DOUBTS[name], form).replace("&#34;", '"')

    for one in DOUBTS[name].named:
        words = " ".join(rendered.replace("`", "").split())
        assert all(part in words for part in (one.name, one.key, one.id, one.witnesses))
        assert [one.settle] == [line.strip() for line in re.split(r"\n|<[^>]*>", rendered) if one.settle in line]


def test_of_very_many_the_first_are_told_in_full_and_the_rest_is_counted() -> None:
    """The page has all of them."""
    plan = DOUBTS["very-many-named"]
    text, page = render_plan(plan, "text"), render_plan(plan, "html")
    comment = render_comment(plan, full_plan="https://github.com/acme/access/actions/runs/1")

    assert (20, 10, 300) == tuple(told.count("left: [{id: ") for told in (text, comment, page))
    assert "? and 280 more, all in the HTML page (--format html)" in text
    assert "- and 290 more: all are in [full plan](https://github.com/acme/access/actions/runs/1)" in comment
    assert "<summary>and 280 more</summary>" in page


@settings(max_examples=25, derandomize=True, deadline=None, database=None)
@given(st.integers(0, 400), hostile, st.integers(0, 200), st.integers(0, 300))
@example(400, "x" * 4_000, 200, 300)
def test_however_many_are_in_doubt_the_comment_fits_and_counts_them_all(
    number: int, word: str, problems: int, changes: int
) -> None:
    """Beside many problems and changes, and with the longest words."""
    verdicts = ("unaccounted", "elsewhere", "unsettled")
    plan = make(
        *(title(one, word[:300], "Chief", cause=("drift", "merged")[one % 2]) for one in range(changes)),
        named=tuple(doubt_about(word, verdicts[one % 3]) for one in range(number)),  # type: ignore[arg-type]
        problems=tuple(Problem(f"c{one}", word[:300] * 3) for one in range(problems)),
    )
    for rendered in (render_comment(plan, limit=10_000), render_drift_issue(plan, since={}, limit=10_000)):
        told = len(re.findall(r"^- \*\*\?\*\*", rendered, re.MULTILINE))
        more = sum(int(one) for one in re.findall(r"^- and (\d+) more: all are in", rendered, re.MULTILINE))
        assert len(rendered) <= 10_000
        assert number == told + more


@settings(max_examples=80, derandomize=True, deadline=None, database=None)
@given(hostile)
@example("</code></pre></details><script>alert(1)</script>")
@example("```\n\n# x\n\n@acme/everyone")
@example("`" * 300)
@example("~~~\n::error::x")
@example(HOSTILE)
@example(" ")
def test_a_hostile_word_changes_nothing_but_itself(word: str) -> None:
    """No name, key, id, witness or line of YAML makes a mention, a link, HTML, or a line of its own."""
    plans = [make(named=(doubt_about(one), doubt_about(one, "unsettled"))) for one in ("word", word)]
    since = [dict.fromkeys(list_tracked_names(plan), one) for plan, one in zip(plans, ("word", word), strict=True)]
    comments = [as_page(render_comment(plan)) for plan in plans]
    issues = [as_page(render_drift_issue(plan, since=days)) for plan, days in zip(plans, since, strict=True)]
    pages = [Page(render_plan(plan, "html")) for plan in plans]
    texts = [render_plan(plan, "text").split("\n") for plan in plans]

    for expected, actual in (comments, issues):
        assert expected.tags == actual.tags
        assert not MENTION.search("".join(actual.text))
    assert pages[0].tags == pages[1].tags
    assert not NEVER & {tag[0] for tag in pages[1].tags}
    assert not {category(sign) for line in texts[1] for sign in line} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert [line for line in texts[0] if line[:1] != " "] == [line for line in texts[1] if line[:1] != " "]


@pytest.mark.parametrize(
    ("line", "block"),
    [
        ("left: [x]", "```yaml\nleft: [x]\n```\n"),
        ("a ``` b", "````yaml\na ``` b\n````\n"),
        ("a\nb", "```yaml\na\\nb\n```\n"),
        ("`" * 300, "```yaml\n" + "'" * 300 + "\n```\n"),
    ],
)
def test_a_line_of_yaml_is_a_block_of_its_own(line: str, block: str) -> None:
    """Its fence is longer than any in the line."""
    assert block == code_block(line)


def test_a_partial_plan_says_what_it_does_not_show() -> None:
    """And never that there is nothing to do for everybody; who is unmanaged is not its business."""
    text, nothing = (" ".join(render_plan(DOUBTS[name], "text").split()) for name in ("partial", "partial-and-nothing"))

    assert (
        "i Partial read: 6 users, 0 groups. 3 users were unresolved and 2 ignored at apply #41; "
        "drift and unmanaged users elsewhere are not shown"
    ) in text
    assert nothing.startswith(
        "Plan for production: nothing to do for the 6 users and 0 groups that were read i Partial read: "
        "6 users, 0 groups. No user was unresolved or ignored at apply #41; drift and"
    )
    assert "Setup Account" not in render_plan(DOUBTS["partial"], "html")
    assert "Unmanaged" not in text
    assert "No drift in qa for the 6 users and 0 groups that were read" in first_of_drift(make(read=TARGETED))


@pytest.mark.parametrize("record", [None, RECORD.model_copy(update={"serial": None, "full_since": None})])
def test_a_partial_plan_without_an_apply_on_record_has_no_counts(record: object) -> None:
    """And the note of the plan itself is not told twice."""
    note = Problem("focus", "partial plan: 1 user and 0 groups; …", severity="info")
    text = render_plan(make(read=TARGETED, record=record, problems=(note,)), "text")

    assert "i Partial read: 6 users, 0 groups. Drift and unmanaged users elsewhere are not shown\n" in text
    assert "partial plan" not in text


def test_a_plan_about_some_keys_of_an_account_that_was_read_whole_says_so() -> None:
    """It is not about everybody."""
    note = Problem("focus", "partial plan: 1 user and 0 groups; changes elsewhere are not shown", severity="info")
    text = render_plan(make(problems=(note,)), "text")

    assert "Plan for qa: nothing to do for the selected keys" == text.splitlines()[0]
    assert "i partial plan: 1 user and 0 groups" in text


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_that_ownership_is_not_known_is_a_warning_before_any_change(form: Format) -> None:
    """In words of the plan's own where it has some."""
    plan = DOUBTS["ownership-not-known"]
    own = Problem("record_unknown", "the record of applies can't be fetched (no route), so ownership is not known")
    told = render_plan(plan.model_copy(update={"problems": (own,)}), form)
    text = " ".join(render_plan(plan, form).split()).replace("&#39;", "'")

    assert "Ownership is unknown, because the record of applies could not be read" in text
    assert "users who left git are not found" in text
    assert "blocked: " in text.casefold().replace("*", "")
    assert "ownership is not known" in text
    assert "could not be read" not in told
    assert "ownership is not known; users who left git" in " ".join(told.split())


def test_without_the_record_nothing_is_never_all_there_is_to_do() -> None:
    """A user who left could be there unseen: the issue stays open."""
    plan = make(record=RECORD.model_copy(update={"known": False}), applyable=False)

    assert "Plan for qa: no changes; blocked: ownership is not known" == first(plan)
    assert first_of_drift(plan).startswith("Drift in qa: no changes; blocked: ownership is not known")
    assert needs_attention(plan)


def test_drift_and_what_is_pending_are_told_apart() -> None:
    """In the headline, and in sections of their own."""
    plan = DRIFTS["drift-and-pending"]
    text = render_drift(plan, "text")

    assert (
        "Drift in production: 3 people changed by hand; pending: 3 changes from git, not applied yet; "
        "1 user is unaccounted for"
    ) == first_of_drift(plan)
    assert text.index("Drift: changed by hand") < text.index("King → Clerk") < text.index("Pending: in git")
    assert text.index("Pending: in git") < text.index("Erin Walsh (user/erin.walsh) gets access")
    assert render_drift(plan, "json") == plan_to_json(plan)


def test_a_leaver_who_is_switched_on_again_is_told_by_name() -> None:
    """As drift, and in a plan as somebody who loses access."""
    plan = DRIFTS["drift-and-pending"]

    assert "- Gita Shrestha (user/gita.shrestha) left git, and was reactivated by hand" in render_drift(plan, "text")
    assert "left git, was reactivated by hand, and loses access" in render_plan(plan, "text")


def test_an_account_that_is_as_git_says_has_no_drift() -> None:
    """And no issue."""
    assert "No drift in qa" == first_of_drift(make(record=RECORD)).partition(" 2 requests")[0]
    assert "<h1>No drift</h1>" in render_drift(make(record=RECORD), "html")
    assert not needs_attention(make(record=RECORD))


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (
            DRIFTS["only-pending"],
            "Drift in production: none; pending: 1 change from git, not applied yet",
        ),
        (DRIFTS["drift-only-named"], "production: 3 users and 1 group are unaccounted for"),
        (make(problems=(Problem("expired", "x"),)), "qa needs attention"),
    ],
)
def test_an_issue_is_opened_for_drift_pending_and_doubts(plan: Plan, sentence: str) -> None:
    """Its title says which."""
    assert needs_attention(plan)
    assert sentence == title_of(plan)


def test_an_issue_keeps_since_when_of_drift_and_doubts() -> None:
    """What is pending has no such day; only drift can be taken over into git."""
    plan = DRIFTS["drift-and-pending"]
    names = list_tracked_names(plan)
    issue = render_drift_issue(plan, since={name: f"2026-11-0{day}" for day, name in enumerate(names, 1)})

    assert "named user 47003" in names
    assert "update_user user/chidi.okafor" not in names
    assert "`Dalia Haddad` (`user/dalia.haddad`), id `47003` · since 2026-11-0" in issue
    assert issue.count("since 2026-11-0") == len(names) - 1  # roles go with the leaver, on one row
    assert "import --adopt" not in render_drift_issue(DRIFTS["only-pending"], since={})


def test_a_message_counts_those_in_doubt_and_what_is_pending() -> None:
    """It names nobody; those in doubt are told though nothing drifted, what is pending alone is not."""
    named, both = (RunResult("drift", "qa", drifted=DRIFTS[name]) for name in ("drift-only-named", "drift-and-pending"))
    message = render_notification(named, find_events(named), None)
    other = render_notification(both, find_events(both), None)

    assert () == find_events(RunResult("drift", "qa", drifted=DRIFTS["only-pending"]))
    assert "[reconciler] qa: 3 users and 1 group are unaccounted for" == message.subject
    assert "add the lines of YAML that the run shows" in message.text
    assert {"named": 4} == message.facts["counts"]
    assert "3 people changed by hand; pending: 3 changes" in other.text
    assert "; 1 user is unaccounted for." in other.text
    assert {"deactivate_user": 1, "update_user": 2, "revoke_roles": 1, "pending": 3, "named": 1} == other.facts[
        "counts"
    ]
    assert "Bram" not in str(other)
    waiting = DRIFTS["drift-and-pending"].model_copy(update={"changes": DRIFTS["drift-and-pending"].changes[:0]})
    assert other.thread != render_notification(replace(both, drifted=waiting), ["drift"], None).thread
