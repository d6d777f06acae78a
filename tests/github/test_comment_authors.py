"""Comments by any bot: a team changes to an app of its own and back, and one true comment is seen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import Forbidden
from reconciler.github.client import GitHub, find_graphql
from reconciler.github.comments.comment import (
    CommentMark,
    KeptComment,
    MarkedText,
    OwnAuthor,
    find_author,
    keep_comment,
    read_pull_head,
)
from reconciler.github.comments.pull_head import PullHead
from tests.github.conftest import FakeTime
from tests.github.standin import BOT, FULL, REPOSITORY, StandIn, Token, standing_in

PLAN = CommentMark("plan", "qa")
HEAD = PullHead("a" * 40, "main")
APP = "acme-access[bot]"
APP_TOKEN, PERSON_TOKEN = "ghs_app", "ghp_person"


@pytest.fixture
def app(standin: StandIn, time: FakeTime) -> Iterator[GitHub]:
    """A client with the token of an app of the team's own."""
    standin.tokens[APP_TOKEN] = Token(FULL, app=APP)
    with GitHub(standin.api_url, REPOSITORY, APP_TOKEN, clock=time.clock) as client:
        yield client


@pytest.fixture
def person(standin: StandIn, time: FakeTime) -> Iterator[GitHub]:
    """A client with a personal token."""
    standin.tokens[PERSON_TOKEN] = Token(FULL, login="acme-machine")
    with GitHub(standin.api_url, REPOSITORY, PERSON_TOKEN, clock=time.clock) as client:
        yield client


def keep(github: GitHub, text: str, mark: CommentMark = PLAN) -> KeptComment:
    """Keeps the comment as the command does."""
    return keep_comment(github, 7, find_author(github), MarkedText(mark, text))


def test_to_an_app_of_its_own_and_back_one_comment_is_seen_and_true(
    standin: StandIn, github: GitHub, app: GitHub
) -> None:
    """What the other bot wrote can't be edited, so it is hidden; back again, it is shown and the other is hidden."""
    keep(github, "one")
    assert KeptComment("created") == keep(app, "two")
    assert [PLAN.on("two")] == standin.shown(7)

    assert KeptComment("edited") == keep(app, "three")
    assert [PLAN.on("three")] == standin.shown(7)

    assert KeptComment("edited") == keep(github, "four")
    assert [PLAN.on("four")] == standin.shown(7)
    assert 2 == len(standin.comments[7])

    assert KeptComment("unchanged") == keep(github, "four")
    assert [PLAN.on("four")] == standin.shown(7)


def test_a_personal_token_edits_what_the_bot_wrote(standin: StandIn, github: GitHub, person: GitHub) -> None:
    """And the other way round: a bot may not, and writes its own; the person's is no bot's, and is left."""
    keep(github, "one")

    assert "edited" == keep(person, "two").result
    assert [PLAN.on("two")] == standin.shown(7)


def test_its_own_user_s_comment_is_found(standin: StandIn, person: GitHub) -> None:
    """Of a machine account that is a user."""
    keep(person, "one")

    assert "edited" == keep(person, "two").result
    assert {"login": "acme-machine", "type": "User"} == standin.comments[7][0]["user"]


@pytest.mark.parametrize("login", ["mallory", "github-actions", "acme-machine"])
def test_a_person_s_comment_with_our_mark_is_left_alone(login: str, standin: StandIn, github: GitHub) -> None:
    """Neither edited nor hidden, nor taken for the plan."""
    forged = standin.comment(7, PLAN.on("Plan for qa: nothing to do"), login=login)

    assert KeptComment("created") == keep(github, "one")
    assert PLAN.on("Plan for qa: nothing to do") == forged["body"]
    assert set() == standin.hidden


def test_a_duplicate_is_hidden_once(standin: StandIn, github: GitHub) -> None:
    """Two runs raced. Later runs ask which are hidden, and hide nothing twice."""
    for text in ("first", "second", "third"):
        standin.comment(7, PLAN.on(text))

    keep(github, "fourth")
    assert [PLAN.on("fourth")] == standin.shown(7)
    mutations = [one for one in standin.calls if one.path == "/graphql" and "mutation" in one.body["query"]]
    assert 2 == len(mutations)
    assert all("classifier: OUTDATED" in one.body["query"] for one in mutations)

    keep(github, "fifth")
    assert 2 == len([one for one in standin.calls if one.path == "/graphql" and "mutation" in one.body["query"]])


def test_without_duplicates_graphql_is_not_asked(standin: StandIn, github: GitHub) -> None:
    """It costs a request."""
    keep(github, "one")
    keep(github, "two")

    assert [] == [str(one) for one in standin.calls if one.path == "/graphql"]


@pytest.mark.parametrize(
    ("status", "message", "sentence"),
    [
        (403, "Resource not accessible by integration", "Resource not accessible by integration"),
        (401, "Bad credentials", "GitHub refuses the token (401: Bad credentials)"),
        (404, "Not Found", "does not find /graphql"),
    ],
)
def test_a_duplicate_that_can_not_be_hidden_fails_nothing(
    status: int, message: str, sentence: str, standin: StandIn, github: GitHub
) -> None:
    """It is logged with GitHub's sentence."""
    standin.comment(7, PLAN.on("first"))
    standin.comment(7, PLAN.on("second"))
    standin.fail_next("POST /graphql", status, message=message)

    kept = keep(github, "third")

    assert "edited" == kept.result
    [note] = kept.notes
    assert sentence in note


def test_what_graphql_refuses_with_status_200_is_a_note(standin: StandIn, time: FakeTime) -> None:
    """Its errors come in the body."""
    standin.tokens["ghs_narrow"] = Token({"pull_requests": "read", "issues": "read"})
    with GitHub(standin.api_url, REPOSITORY, "ghs_narrow", clock=time.clock) as narrow:
        standin.comment(7, PLAN.on("first"))
        standin.comment(7, PLAN.on("first"))

        kept = keep(narrow, "first")

    assert "unchanged" == kept.result
    [note] = kept.notes
    assert note.endswith("GitHub's GraphQL API refused: Resource not accessible by integration")


def test_a_token_that_only_reads_writes_nothing_and_names_the_permission(standin: StandIn, time: FakeTime) -> None:
    """Every edit is refused, and then the new comment is."""
    standin.tokens["ghs_fork"] = Token({"pull_requests": "read", "issues": "read"})
    standin.comment(7, PLAN.on("first"), login=BOT)
    with (
        GitHub(standin.api_url, REPOSITORY, "ghs_fork", clock=time.clock) as fork,
        pytest.raises(Forbidden, match="pull-requests: write"),
    ):
        keep(fork, "second")


@pytest.mark.parametrize(
    ("api", "graphql"),
    [
        ("https://api.github.com", "https://api.github.com/graphql"),
        ("https://github.acme.example/api/v3", "https://github.acme.example/api/graphql"),
        ("https://api.acme.ghe.com", "https://api.acme.ghe.com/graphql"),
    ],
)
def test_graphql_is_beside_the_rest_api(api: str, graphql: str) -> None:
    """On GitHub Enterprise Server it is no version of the REST API."""
    assert graphql == find_graphql(api)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.text(), st.text())
def test_head_and_base_are_read_back_and_stay_hidden(head: str, base: str) -> None:
    """No name of a branch ends the HTML comment; the mark stays the last line."""
    body = PLAN.on("text", PullHead(head, base))
    *_, hidden, mark = body.splitlines()

    assert PullHead(head, base) == read_pull_head(body)
    assert PullHead(head, base) == read_pull_head(body.replace("\n", "\r\n"))
    assert str(PLAN) == mark
    assert PLAN.is_on(body)
    assert "--" not in hidden.removeprefix("<!--").removesuffix("-->")


@pytest.mark.parametrize(
    "line", ["", "text", "<!-- of: {", "<!-- of: [] -->", '<!-- of: {"head": "a"} -->', '<!-- of: {"head": 1} -->']
)
def test_an_older_comment_is_found_and_has_no_head(line: str, standin: StandIn, github: GitHub) -> None:
    """So it is not of the current head."""
    body = f"text\n\n{line}\n{PLAN}"
    standin.comment(7, body)

    assert read_pull_head(body) is None
    assert read_pull_head(None) is None
    assert "edited" == keep(github, "one").result


accounts = st.sampled_from(["bot", "app", "person"])


@settings(max_examples=15, derandomize=True, deadline=None)
@given(st.lists(st.tuples(accounts, st.sampled_from("abc")), min_size=1, max_size=6))
def test_whoever_writes_the_last_text_is_the_one_that_bots_show(turns: list[tuple[str, str]]) -> None:
    """In any order of tokens and texts: of all bots' comments one is seen, and it has the text of the last run."""
    tokens = {"bot": Token(FULL), "app": Token(FULL, app=APP), "person": Token(FULL, login="acme-machine")}
    with standing_in(StandIn(tokens=dict(tokens))) as standin:
        standin.page_size = 30
        standin.comment(7, PLAN.on("first"))
        for name, text in turns:
            with GitHub(standin.api_url, REPOSITORY, name) as client:
                keep(client, text)
        bots = [one for one in standin.comments[7] if one["user"]["type"] == "Bot"]
        seen = [one["body"] for one in bots if one["node_id"] not in standin.hidden]

    assert [PLAN.on(turns[-1][1])] == seen


def test_the_author_of_a_personal_token_is_its_user(person: GitHub, github: GitHub) -> None:
    """An app's token answers 403 to that."""
    assert OwnAuthor("acme-machine") == find_author(person)
    assert OwnAuthor() == find_author(github)
