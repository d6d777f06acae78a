"""One issue for each tenant: opened, updated in place, closed without drift, and opened again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import ReconcilerError
from reconciler.github.client import GitHub
from reconciler.github.comments.comment import CommentMark, OwnAuthor
from reconciler.github.drift_issue import (
    LABEL,
    Report,
    carry_on,
    close_further,
    find_issues,
    keep_issue,
    read_since,
    write_since,
)
from reconciler.github.models import Issue
from tests.github.calls_talk import account
from tests.github.standin import StandIn

QA = CommentMark("drift", "qa")
TITLE = "Drift in qa: 1 person changes"
WELL = Report("qa needs attention", "", {})


def drifted(text: str = "Ann has another title", **since: str) -> Report:
    return Report(TITLE, text, since or {"update_user user/ann": "2026-11-20"})


def found(github: GitHub) -> Issue | None:
    """The issue that a workflow's token would keep."""
    return find_issues(github, OwnAuthor(), QA).kept


def keep(github: GitHub, report: Report) -> str:
    """Updates the issue as the command does."""
    return keep_issue(github, found(github), QA, report)


def test_drift_opens_an_issue(standin: StandIn, github: GitHub) -> None:
    """With a label to find it by, and a mark."""
    assert "opened" == keep(github, drifted())

    [issue] = standin.issues
    assert (TITLE, [{"name": LABEL}]) == (issue["title"], issue["labels"])
    assert issue["body"].startswith("Ann has another title\n\n<!-- since: ")
    assert issue["body"].endswith(str(QA))


def test_the_same_drift_is_not_said_twice(standin: StandIn, github: GitHub) -> None:
    """No call but the look-up."""
    keep(github, drifted())

    assert "unchanged" == keep(github, drifted())
    assert 1 == len(standin.written)


def test_more_drift_updates_it_in_place(standin: StandIn, github: GitHub) -> None:
    """One issue, one call."""
    keep(github, drifted())

    assert "updated" == keep(github, drifted("Ann and Bob"))
    assert 1 == len(standin.issues)
    assert 2 == len(standin.written)


def test_it_is_closed_when_nothing_drifts_and_keeps_what_it_said(standin: StandIn, github: GitHub) -> None:
    """The record of what was mended."""
    keep(github, drifted())

    assert "closed" == keep(github, WELL)
    [issue] = standin.issues
    assert ("closed", "completed") == (issue["state"], issue["state_reason"])
    assert issue["body"].startswith("Ann has another title")
    assert "nothing to report" == keep(github, WELL)
    assert 2 == len(standin.written)


def test_it_is_opened_again_when_something_drifts_again(standin: StandIn, github: GitHub) -> None:
    """The same issue rolls on."""
    keep(github, drifted())
    keep(github, WELL)

    assert "opened again" == keep(github, drifted("Bob"))
    [issue] = standin.issues
    assert "open" == issue["state"]


def test_where_all_is_well_nothing_is_opened(standin: StandIn, github: GitHub) -> None:
    """Quiet is quiet."""
    assert "nothing to report" == keep(github, WELL)
    assert [] == standin.written


@pytest.mark.parametrize(
    "edit",
    [
        {"user": {"login": "mallory"}},
        {"body": "somebody took this over"},
        {"body": CommentMark("drift", "production").on("another tenant")},
        {"pull_request": {"url": "…"}},
        {"user": None},
    ],
    ids=["author", "mark", "tenant", "a pull request", "a deleted account"],
)
def test_it_is_found_by_author_and_mark_together(edit: dict[str, object], standin: StandIn, github: GitHub) -> None:
    """What lacks one of them is somebody else's."""
    keep(github, drifted())
    standin.issues[0] |= edit

    assert found(github) is None


def test_it_is_found_on_any_page(standin: StandIn, github: GitHub) -> None:
    """Other tenants have issues too."""
    for name in ("a", "b", "c", "d"):
        keep_issue(github, None, CommentMark("drift", name), drifted())
    keep(github, drifted())

    kept = found(github)

    assert kept is not None
    assert standin.issues[-1]["number"] == kept.number


def test_since_when_is_carried_on(github: GitHub) -> None:
    """What drifted before began then, what is new begins today, what is mended is forgotten."""
    keep(github, drifted(ann="2026-11-20", bob="2026-11-22"))

    since = carry_on(found(github), ["bob", "cid"], "2026-11-25")

    assert {"bob": "2026-11-22", "cid": "2026-11-25"} == since


def test_after_it_was_closed_everything_begins_anew(github: GitHub) -> None:
    """What drifts again was mended in between."""
    keep(github, drifted(ann="2026-11-20"))
    keep(github, WELL)

    assert {"ann": "2026-11-25"} == carry_on(found(github), ["ann"], "2026-11-25")


def test_without_its_label_it_is_found_among_open_issues_and_labelled_again(standin: StandIn, github: GitHub) -> None:
    """A person tidied the labels: a second issue would report everything twice. Their own labels stay."""
    keep(github, drifted())
    standin.issues[0]["labels"] = [{"name": "access"}]

    assert "updated" == keep(github, drifted("Ann and Bob"))
    [issue] = standin.issues
    assert [{"name": "access"}, {"name": LABEL}] == issue["labels"]
    assert "unchanged" == keep(github, drifted("Ann and Bob"))


def test_without_its_label_it_is_closed_too(standin: StandIn, github: GitHub) -> None:
    """An open issue about mended drift would stand as if it were true."""
    keep(github, drifted())
    standin.issues[0]["labels"] = []

    assert "closed" == keep(github, WELL)


def test_open_issues_are_looked_through_to_a_bound(standin: StandIn, github: GitHub) -> None:
    """A repository with thousands of open issues costs a few requests a day and no more."""
    standin.issues += [
        {"number": number, "title": "x", "state": "open", "body": "x", "user": {"login": "ada"}, "labels": []}
        for number in range(1_000, 1_100)
    ]

    assert found(github) is None
    assert 11 == len(standin.calls)


@pytest.mark.parametrize("login", ["acme-access[bot]", "github-actions[bot]"])
def test_an_issue_by_any_bot_is_ours(login: str, standin: StandIn, github: GitHub) -> None:
    """A team that moves to an app of its own keeps its issue."""
    keep(github, drifted())
    standin.issues[0]["user"] = account(login)

    assert "updated" == keep(github, drifted("Bob"))
    assert 1 == len(standin.issues)


def test_further_issues_with_the_mark_are_closed(standin: StandIn, github: GitHub) -> None:
    """The oldest open one goes on; nobody is notified by a comment."""
    for _ in range(3):
        keep_issue(github, None, QA, drifted())
    standin.issues[0]["state"] = "closed"

    every = find_issues(github, OwnAuthor(), QA)
    close_further(github, every)

    assert every.kept is not None
    assert standin.issues[1]["number"] == every.kept.number
    assert ["closed", "open", "closed"] == [one["state"] for one in standin.issues]
    assert "not_planned" == standin.issues[2]["state_reason"]
    assert (every.kept, ()) == ((again := find_issues(github, OwnAuthor(), QA)).kept, again.further)


def test_of_closed_issues_the_newest_is_opened_again(standin: StandIn, github: GitHub) -> None:
    """It is the one that people remember."""
    for _ in range(2):
        keep_issue(github, None, QA, drifted())
    for issue in standin.issues:
        issue["state"] = "closed"

    assert "opened again" == keep(github, drifted())
    assert ["closed", "open"] == [one["state"] for one in standin.issues]


@pytest.mark.parametrize(
    ("status", "message", "sentence"),
    [
        (
            410,
            "Issues has been disabled in this repository.",
            "disabled in this repository.): enable Issues in the set",
        ),
        (403, "Resource not accessible by integration", "(Resource not accessible by integration): give the job"),
        (404, "Not Found", "does not find /repos/acme/people/issues (404), or this token may not read it"),
        (404, "This repository moved", "(404: This repository moved)"),
    ],
)
def test_github_s_own_sentence_is_kept(
    status: int, message: str, sentence: str, standin: StandIn, github: GitHub
) -> None:
    """With what to do about it."""
    standin.fail_next("GET", status, message=message)

    with pytest.raises(ReconcilerError) as caught:
        find_issues(github, OwnAuthor(), QA)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("line", ["", "<!-- since: {broken -->", "<!-- since: [1] -->", '<!-- since: {"ann": 7} -->'])
def test_what_somebody_edited_away_begins_anew(line: str) -> None:
    """And breaks nothing."""
    assert {} == read_since(f"text\n\n{line}\n\n{QA}")


@given(st.dictionaries(st.text(), st.text()))
def test_what_is_hidden_is_read_back_and_stays_hidden(since: dict[str, str]) -> None:
    """No name can end the comment that hides it."""
    line = write_since(since)

    assert since == read_since(line)
    assert "\n" not in line
    assert line.endswith(" -->")
    assert "--" not in line.removeprefix("<!--").removesuffix("-->")
    assert ">" not in line.removesuffix("-->")


def test_of_very_many_the_longest_standing_are_remembered() -> None:
    """GitHub takes 65,536 characters, and the report needs some of them."""
    since = {f"update_user user/{number:05}": f"2026-11-{1 + number % 28:02}" for number in range(5_000)}
    line = write_since(since)
    kept = read_since(line)

    assert len(line) < 31_000
    assert kept == {name: since[name] for name in kept}
    assert max(kept.values()) <= min(day for name, day in since.items() if name not in kept)
