"""Decides what a response of GitHub means: wait and retry, or which error. Pure: status, headers and body in.

GitHub limits requests per hour (primary) and per minute (secondary), and signals both with 403 or 429.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.core.model.messages import Method
from reconciler.core.scim.http_body import read_json
from reconciler.core.scim.http_time import read_used_up_until
from reconciler.core.scim.retry import LONGEST_WAIT, wait_before_retry
from reconciler.errors import Conflict, Failed, Forbidden, NotFound, ReconcilerError, Unreachable

FORBIDDEN, CONFLICT, GONE, TOO_MANY, SERVER_ERROR = 403, 409, 410, 429, 500
DEFAULT_WAIT = 60.0  # "wait for at least one minute", then longer each time
LONGEST_QUOTE = 300


@dataclass(frozen=True, slots=True)
class GitHubResponse:
    """A response of any status."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    next_page: str | None = None

    @property
    def message(self) -> str:
        """Returns GitHub's own error message, or an empty text."""
        try:
            document = read_json(self.body)
        except ValueError:
            return ""
        if not isinstance(document, dict):
            return ""
        errors = document.get("errors")
        listed = errors if isinstance(errors, list) else []
        details = [one.get("message") if isinstance(one, dict) else one for one in listed]
        sentence = "; ".join(str(one) for one in (document.get("message"), *details) if one)
        return " ".join(sentence.split())[:LONGEST_QUOTE]


def wait_before_repeat(method: Method, attempt: int, answer: GitHubResponse | None, now: float) -> float | None:
    """Returns the seconds to wait before a retry, or None if the answer is final; `answer` is None if there was none.

    GitHub does not carry out a limited request, so even a POST is repeated. It never waits five minutes or longer.
    """
    if answer is None or not is_limited(answer):
        status, headers = (answer.status, answer.headers) if answer else (None, {})
        return wait_before_retry(method, attempt, status, headers, now)
    wait = wait_before_retry(method, attempt, TOO_MANY, answer.headers, now, untold=DEFAULT_WAIT)
    return wait if wait is not None and wait < LONGEST_WAIT else None


def is_limited(answer: GitHubResponse) -> bool:
    """Whether GitHub refused the request because of its rate limits."""
    if answer.status != FORBIDDEN:
        return answer.status == TOO_MANY
    return _has_wait(answer) or "rate limit" in answer.message.lower()


def _has_wait(answer: GitHubResponse) -> bool:
    return "retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0"


def judge(method: Method, path: str, answer: GitHubResponse) -> ReconcilerError:
    """Makes the error for an answer that is not a success; its message states what to do."""
    request, message, status = f"{method} {path}", answer.message, answer.status
    if is_limited(answer):
        return Unreachable(
            f"GitHub's rate limit is used up{_until(answer.headers)}: {request} was not done; run this again later"
        )
    match status:
        case 401:
            quoted = f": {message}" if message else ""
            return Unreachable(f"GitHub refuses the token (401{quoted}): check what GITHUB_TOKEN holds")
        case 403:
            return Forbidden(
                f"GitHub does not allow this token to {request} ({message}): {_describe_grant(answer.headers)}"
            )
        case 404 | 410:
            return NotFound(_describe_absence(path, status, message))
        case 301 | 302 | 307 | 308:
            return Failed(f"GitHub redirects {request}; the token is not sent there. Was the repository renamed?")
        case _:
            return _judge_failure(f"GitHub answered {status} to {request}: {message or 'without a message'}", status)


def _judge_failure(answered: str, status: int) -> ReconcilerError:
    if status >= SERVER_ERROR:
        return Unreachable(f"{answered}; run this again later")
    return (
        Conflict(f"{answered}; it changed in the meantime: run this again") if status == CONFLICT else Failed(answered)
    )


def judge_graphql(document: object) -> ReconcilerError | None:
    """Makes the error for the errors in an answer of the GraphQL API; None if it has none."""
    errors = document.get("errors") if isinstance(document, dict) else None
    if not isinstance(errors, list) or not errors:
        return None
    known = [one for one in errors if isinstance(one, dict)]
    sentences = "; ".join(str(one["message"]) for one in known if one.get("message")) or "without a message"
    refused = any(one.get("type") in {"FORBIDDEN", "INSUFFICIENT_SCOPES"} for one in known)
    answered = f"GitHub's GraphQL API refused: {sentences[:LONGEST_QUOTE]}"
    return Forbidden(answered) if refused else Failed(answered)


def _describe_absence(path: str, status: int, message: str) -> str:
    """Returns GitHub's own sentence and what to do; it answers 410 for issues that a repository has disabled."""
    if status == GONE and "/issues" in path and "disabled" in message.lower():
        return (
            f"GitHub has no {path} ({status}: {message}): enable Issues in the settings of the repository, or remove "
            "the workflow that keeps the drift issue"
        )
    quoted = f": {message}" if message and message != "Not Found" else ""
    return f"GitHub does not find {path} ({status}{quoted}), or this token may not read it"


def _describe_grant(headers: Mapping[str, str]) -> str:
    """Returns the permissions to grant; GitHub lists them as `issues=write; pull_requests=write`."""
    needed = headers.get("x-accepted-github-permissions", "")
    grants = [f"`{one.strip().replace('_', '-').replace('=', ': ')}`" for one in needed.split(";") if one.strip()]
    return f"give the job {' or '.join(grants)} under `permissions`" if grants else "give the job that permission"


def _until(headers: Mapping[str, str]) -> str:
    until = read_used_up_until(headers)
    return "" if until is None else f" until {until // 3600 % 24:02}:{until // 60 % 60:02} UTC"
