"""The client of GitHub: pages, limits, permissions, and a token that is sent to one host."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from reconciler.errors import Conflict, Failed, Forbidden, NotFound, ReconcilerError, Unreachable, UsageError
from reconciler.github.client import GitHub
from tests.github.conftest import TOKEN, FakeTime
from tests.github.standin import REPOSITORY, Reply, StandIn, Token

API = "https://api.github.example"


def answering(handler: Callable[[httpx.Request], httpx.Response], time: FakeTime) -> GitHub:
    """Returns a client whose requests a function answers."""
    return GitHub(API, REPOSITORY, TOKEN, transport=httpx.MockTransport(handler), clock=time.clock)


def test_all_pages_are_read(standin: StandIn, github: GitHub) -> None:
    """As the Link header says, and no further."""
    for number in range(5):
        standin.comment(7, f"comment {number}")

    found = github.get_all("/issues/7/comments")

    assert [f"comment {number}" for number in range(5)] == [one["body"] for one in found if isinstance(one, dict)]
    assert 3 == len(standin.calls)


def test_a_next_page_at_another_host_is_not_followed(time: FakeTime) -> None:
    """It would be asked for with the token."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(200, json=[], headers={"Link": '<https://evil.example/next>; rel="next"'})

    with answering(answer, time) as github, pytest.raises(Failed, match="another host"):
        github.get_all("/issues")
    assert ["api.github.example"] == asked


def test_an_artifact_is_fetched_without_the_token(standin: StandIn, github: GitHub) -> None:
    """It lies at another host, whose address is signed."""
    artifact = standin.store(standin.start_run("a" * 40), "plan-qa", {"plan.json": "{}"})

    archive = github.download(f"/actions/artifacts/{artifact['id']}/zip")

    assert standin.archives[artifact["id"]] == archive
    assert [TOKEN] == [call.token for call in standin.calls]
    assert "authorization" not in standin.fetched[0]


@pytest.mark.parametrize("place", ["http://evil.example/x", "ftp://files.example/x", "", "https://u:p@files.example/x"])
def test_an_artifact_is_not_fetched_from_a_place_that_is_not_safe(place: str, time: FakeTime) -> None:
    """What comes from there is read as a plan."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(302, headers={"Location": place})

    with answering(answer, time) as github, pytest.raises(Failed, match="not https"):
        github.download("/actions/artifacts/1/zip")
    assert 1 == len(asked)


def test_no_other_redirect_is_followed(time: FakeTime) -> None:
    """A repository that was renamed answers so; the token stays."""
    moved = httpx.Response(301, headers={"Location": "https://evil.example/"})

    with answering(lambda _request: moved, time) as github, pytest.raises(Failed, match="Was the repository renamed"):
        github.get("/issues/7")


@pytest.mark.parametrize(
    ("headers", "waited"),
    [
        ({"Retry-After": "7"}, [7.0]),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1000090"}, [90.0]),
        ({}, [60.0]),
    ],
)
@pytest.mark.parametrize("status", [403, 429])
def test_a_limit_is_waited_for_as_told(
    status: int, headers: dict[str, str], waited: list[float], standin: StandIn, time: FakeTime
) -> None:
    """What is limited was not done: even a comment may be sent again."""
    standin.fail_next("POST", status, headers, "You have exceeded a secondary rate limit")

    with GitHub(standin.api_url, REPOSITORY, TOKEN, clock=time.clock) as github:
        github.post("/issues/7/comments", {"body": "hello"})

    assert waited == time.waits
    assert ["hello"] == [one["body"] for one in standin.comments[7]]


def test_a_limit_that_tells_no_time_is_waited_for_longer_each_time(standin: StandIn, time: FakeTime) -> None:
    """A minute, then two, then four; then it is said."""
    for _ in range(9):
        standin.fail_next("GET", 403, {}, "You have exceeded a secondary rate limit")

    with (
        GitHub(standin.api_url, REPOSITORY, TOKEN, clock=time.clock) as github,
        pytest.raises(Unreachable, match="GitHub's rate limit is used up: GET"),
    ):
        github.get_all("/issues")

    assert [60.0, 120.0, 240.0] == time.waits


def test_nobody_waits_for_most_of_an_hour(standin: StandIn, time: FakeTime) -> None:
    """The end of the hour is told instead."""
    standin.fail_next("GET", 403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1003000"}, "limit")

    with (
        GitHub(standin.api_url, REPOSITORY, TOKEN, clock=time.clock) as github,
        pytest.raises(Unreachable, match="until 14:36 UTC"),
    ):
        github.get_all("/issues")

    assert [] == time.waits


def test_a_broken_read_is_tried_again_and_a_broken_write_is_not(standin: StandIn, github: GitHub) -> None:
    """A comment whose answer was lost may be there: the next run finds it."""
    standin.fail_next("GET", 502)
    standin.fail_next("POST", 502)

    assert [] == github.get_all("/issues/7/comments")
    with pytest.raises(Unreachable, match=r"GitHub answered 502 to POST .*: no; run this again later"):
        github.post("/issues/7/comments", {"body": "hello"})
    assert ["POST /repos/acme/people/issues/7/comments"] == standin.written


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (401, Unreachable, "refuses the token"),
        (403, Forbidden, "does not allow this token to GET /repos/acme/people/issues/7"),
        (404, NotFound, "does not find /repos/acme/people/issues/7"),
        (409, Conflict, "answered 409 to GET /repos/acme/people/issues/7: it is too long; it changed in the meantime"),
        (410, NotFound, "does not find"),
        (422, Failed, "answered 422 to GET /repos/acme/people/issues/7: it is too long"),
    ],
)
def test_every_refusal_has_its_sentence_and_exit_code(
    status: int, kind: type[ReconcilerError], said: str, standin: StandIn, github: GitHub
) -> None:
    """And no message carries the token."""
    standin.fail_next("GET", status, message="it is too long")

    with pytest.raises(kind, match=said) as caught:
        github.get("/issues/7")

    assert {Unreachable: 5, Forbidden: 5, NotFound: 1, Conflict: 1, Failed: 1}[kind] == caught.value.exit_code
    assert TOKEN not in str(caught.value)


def test_a_missing_permission_is_named(standin: StandIn, github: GitHub) -> None:
    """As the workflow writes it."""
    standin.tokens[TOKEN] = Token({"contents": "read"})

    with pytest.raises(Forbidden, match="give the job `issues: write` or `pull-requests: write` under `permissions`"):
        github.post("/issues/7/comments", {"body": "hello"})


def test_no_answer_names_the_host_and_not_the_address(time: FakeTime) -> None:
    """The address of an artifact is a credential."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "api.github.example":
            return httpx.Response(302, headers={"Location": "https://blobs.example/1?signature=secret"})
        raise httpx.ConnectError("refused")

    with (
        answering(answer, time) as github,
        pytest.raises(Unreachable, match=r"no answer from blobs\.example") as caught,
    ):
        github.download("/actions/artifacts/1/zip")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("body", ["<html>", "{", "[" * 100_000])
def test_what_is_not_json_is_said(body: str, time: FakeTime) -> None:
    """A proxy's page, half a document, an absurd one."""
    with (
        answering(lambda _request: httpx.Response(200, text=body), time) as github,
        pytest.raises(Failed, match="not JSON"),
    ):
        github.get("/issues/7")


def test_what_is_no_list_is_said(time: FakeTime) -> None:
    """And never taken for an empty one."""
    with (
        answering(lambda _request: httpx.Response(200, json={"message": "hello"}), time) as github,
        pytest.raises(Failed, match="to /issues is not a list"),
    ):
        github.get_all("/issues")


@pytest.mark.parametrize("repository", ["people", "acme/people/../../user", "acme/people?x", "", "a b/c"])
def test_a_repository_is_an_owner_and_a_name(repository: str) -> None:
    """It is part of every address."""
    with pytest.raises(UsageError, match="owner/name"):
        GitHub(API, repository, TOKEN)


@pytest.mark.parametrize("api_url", ["http://api.github.com", "api.github.com", "https://me:pass@github.example"])
def test_the_api_is_at_a_safe_address(api_url: str) -> None:
    """The token goes there."""
    with pytest.raises(UsageError, match="must be https"):
        GitHub(api_url, REPOSITORY, TOKEN)


def test_a_fault_is_answered_once(standin: StandIn, github: GitHub) -> None:
    """What the stand-in does when nothing is to go wrong: it answers."""
    standin.faults.append(("GET", Reply(404, {"message": "no"})))

    with pytest.raises(NotFound):
        github.get_all("/issues")
    assert [] == github.get_all("/issues")
