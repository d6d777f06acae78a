"""A client of GitHub's REST API: token, pages, limits, retries.

The token is sent to the API's own address only: it follows no redirect and no page on another host. An artifact is on
another host, and is fetched without the token. Only GET, POST and PATCH are sent.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeAlias
from urllib.parse import urlsplit

import httpx

from reconciler.bounded_http import describe_failure, find_certificate_fault, open_client, overdue, receive_body
from reconciler.core.model.messages import Method
from reconciler.core.scim.http_body import LARGEST_BODY, UnreadableBody, read_json
from reconciler.errors import Failed, NotFound, Unreachable, UsageError
from reconciler.github.answers import GitHubResponse, judge, judge_graphql, wait_before_repeat
from reconciler.version import __version__

SECONDS_FOR_AN_ANSWER = 30.0  # with its body, which for an artifact may be long
LARGEST_ANSWER = LARGEST_BODY
MOST_PAGES = 200
PAGE = 100
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
Transport: TypeAlias = httpx.AsyncBaseTransport
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class GitHubClock:
    """Seconds since 1970, waiting, and the longest wait for an answer; arguments, so that tests do not wait."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    longest_answer: float = SECONDS_FOR_AN_ANSWER


REAL_CLOCK = GitHubClock()


class GitHub:
    """One repository of GitHub, as far as a token may read it. Paths are relative to the repository."""

    def __init__(
        self,
        api_url: str,
        repository: str,
        token: str,
        *,
        transport: Transport | None = None,
        clock: GitHubClock = REAL_CLOCK,
    ) -> None:
        if not _is_safe(api_url):
            raise UsageError(f"{api_url} is not an address of GitHub's API: it must be https://")
        if not REPOSITORY.fullmatch(repository):
            raise UsageError(f"{repository} is not a repository of GitHub: write owner/name")
        self.repository = repository
        self.host = urlsplit(api_url).hostname or ""
        self._api = api_url.rstrip("/")
        self._clock = clock
        self._loop = asyncio.Runner()  # a deadline for a whole answer needs a request that can be cancelled
        self._http = self._connect(transport, {"Authorization": f"Bearer {token}"})
        self._elsewhere = self._connect(transport, {})

    def _connect(self, transport: Transport | None, headers: Mapping[str, str]) -> httpx.AsyncClient:
        about = {
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": f"reconciler/{__version__}",
        }
        return open_client(self._api, {**about, **headers}, transport, self._clock.longest_answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._loop as loop:
            loop.run(self._http.aclose())
            loop.run(self._elsewhere.aclose())

    def whoami(self) -> object:
        """Returns the account of the token. Raises Forbidden for the token of a workflow or app, which has none."""
        return self._json(self._ask("GET", f"{self._api}/user"))

    def get(self, path: str) -> object:
        """Returns one resource, as JSON."""
        return self._json(self._ask("GET", self._address(path)))

    def get_list(self, path: str) -> list[object]:
        """Returns the items of a list that GitHub sends as a whole, without pages."""
        return _items(self.get(path), None, path)

    def get_of_host(self, path: str) -> object:
        """Returns a resource of the whole host, such as `/meta`, as JSON."""
        return self._json(self._ask("GET", f"{self._api}{path}"))

    def get_all(self, path: str, name: str | None = None, *, most_pages: int | None = None) -> list[object]:
        """Returns the items of all pages, or of the first `most_pages`.

        `name` is the key of the list if pages are objects.
        """
        mark = "&" if "?" in path else "?"
        address: str | None = f"{self._address(path)}{mark}per_page={PAGE}"
        found: list[object] = []
        for _ in range(most_pages or MOST_PAGES):
            answer = self._ask("GET", str(address))
            found += _items(self._json(answer), name, path)
            address = self._check_host(answer.next_page)
            if address is None:
                return found
        if most_pages is not None:
            return found
        raise Failed(f"GitHub has more than {MOST_PAGES * PAGE:,} items at {path}: more are not read")

    def wait(self, seconds: float) -> None:
        """Waits on the client's clock, for an answer that lags."""
        self._clock.sleep(seconds)

    def post(self, path: str, body: Mapping[str, object]) -> object:
        """Creates a resource, and returns it as JSON."""
        return self._json(self._ask("POST", self._address(path), body))

    def patch(self, path: str, body: Mapping[str, object]) -> object:
        """Edits a resource, and returns it as JSON."""
        return self._json(self._ask("PATCH", self._address(path), body))

    def ask_graphql(self, query: str, variables: Mapping[str, object]) -> Mapping[str, object]:
        """Sends a query or a mutation to the GraphQL API, and returns its data.

        Raises Failed or Forbidden, with GitHub's own sentences, if it is refused: its errors come with status 200.
        """
        document = self._json(self._ask("POST", find_graphql(self._api), {"query": query, "variables": variables}))
        if (error := judge_graphql(document)) is not None:
            raise error
        data = document.get("data") if isinstance(document, dict) else None
        return data if isinstance(data, dict) else {}

    def download(self, path: str) -> bytes:
        """Returns the bytes of an artifact, from the address that the API redirects to, without the token."""
        answer = self._request(self._http, "GET", self._address(path), None)
        location = answer.headers.get("location", "")
        if answer.status != httpx.codes.FOUND:
            raise judge("GET", path, answer)
        if not _is_safe(location):
            raise Failed(f"GitHub redirects {path} to an address that is not https: it is not fetched")
        fetched = self._request(self._elsewhere, "GET", location, None)
        if fetched.status == httpx.codes.TOO_MANY_REQUESTS or fetched.status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise Unreachable(f"the host of the file behind {path} answers {fetched.status}: run this again later")
        if fetched.status != httpx.codes.OK:
            raise NotFound(f"the file behind {path} can't be fetched: its host answers {fetched.status}")
        return fetched.body

    def _address(self, path: str) -> str:
        return f"{self._api}/repos/{self.repository}{path}"

    def _ask(self, method: Method, address: str, body: Mapping[str, object] | None = None) -> GitHubResponse:
        answer = self._request(self._http, method, address, body)
        if not httpx.codes.is_success(answer.status):
            raise judge(method, urlsplit(address).path, answer)
        return answer

    def _request(
        self, http: httpx.AsyncClient, method: Method, address: str, body: Mapping[str, object] | None
    ) -> GitHubResponse:
        attempt = 0
        while True:
            attempt += 1
            answer = self._loop.run(_exchange(http, method, address, body, self._clock.longest_answer))
            received = answer if isinstance(answer, GitHubResponse) else None
            wait = wait_before_repeat(method, attempt, received, self._clock.now())
            if isinstance(answer, httpx.HTTPError) and find_certificate_fault(answer):
                wait = None
            if wait is not None:
                self._clock.sleep(wait)
            elif isinstance(answer, GitHubResponse):
                return answer
            else:
                raise _unreachable(address, answer, attempt) from answer

    def _json(self, answer: GitHubResponse) -> object:
        try:
            return read_json(answer.body)
        except ValueError as error:
            raise Failed(f"the answer of {self._api} is not JSON: is it the address of GitHub's API?") from error

    def _check_host(self, address: str | None) -> str | None:
        """Returns the address of the next page, which must be on the same host."""
        if address is not None and urlsplit(address)[:2] != urlsplit(self._api)[:2]:
            raise Failed("GitHub's next page is on another host: the token is not sent there")
        return address


def find_graphql(api_url: str) -> str:
    """Returns the address of the GraphQL API: on GitHub Enterprise Server, https://HOST/api/graphql."""
    return f"{api_url.removesuffix('/v3') if api_url.endswith('/api/v3') else api_url}/graphql"


def _is_safe(address: str) -> bool:
    """Whether requests to the address are encrypted, or stay on this machine."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if parts.username is not None or not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


async def _exchange(
    http: httpx.AsyncClient, method: Method, address: str, body: Mapping[str, object] | None, longest: float
) -> GitHubResponse | httpx.HTTPError | httpx.InvalidURL:
    content = None if body is None else json.dumps(body).encode()
    kind = {"Content-Type": "application/json"} if content is not None else {}
    try:
        async with (
            asyncio.timeout(longest),
            http.stream(method, address, content=content, headers=kind) as answer,
        ):
            received = await receive_body(answer, LARGEST_ANSWER)
            after = answer.links.get("next", {}).get("url")
            return GitHubResponse(answer.status_code, dict(answer.headers), received, after)
    except TimeoutError:
        return overdue(f"no whole answer within {longest:g} s")
    except UnreadableBody as error:
        raise Failed(f"{urlsplit(address).hostname} answers {error}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return error


def _unreachable(address: str, error: httpx.HTTPError | httpx.InvalidURL, attempt: int) -> Unreachable:
    """Makes the error with the host alone, because the address of an artifact is itself a credential."""
    host = urlsplit(address).hostname
    if fault := find_certificate_fault(error):
        return Unreachable(f"{host} can't be trusted: {fault}")
    tries = f" in {attempt} tries" if attempt > 1 else ""
    return Unreachable(f"no answer from {host}{tries} ({describe_failure(error)}): try again, and check the network")


def _items(document: object, name: str | None, path: str) -> list[object]:
    found = document.get(name) if isinstance(document, dict) and name else document
    if not isinstance(found, list):
        raise Failed(f"the answer of GitHub to {path} is not a list")
    return found
