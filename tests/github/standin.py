"""A stand-in for GitHub's REST API on a port of this machine: it keeps state, and records every call.

As at GitHub, tokens have permissions, and artifacts are on another host that accepts no token. Lists have pages of two.
Each request and each answer is checked against GitHub's own description; tests give the fields that they are about, and
the description gives the others.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.github import calls_protection, calls_talk
from tests.github.calls import BOT, READ, WRITE, Call, Reply, Token, UndescribedReply, forbidden
from tests.github.calls_pulls import MERGED, OPENED, PLANNED, PULL_ROUTES, PullCalls
from tests.github.calls_queue import QUEUE_ROUTES, QueueCalls
from tests.github.described.description import read_description
from tests.live.service import listening

REPOSITORY = "acme/people"
FULL = {"contents": WRITE, "pull_requests": WRITE, "issues": WRITE, "actions": WRITE}
WORKFLOW = ".github/workflows/plan.yml"

__all__ = ["BOT", "READ", "WRITE", "Call", "Reply", "Token", "UndescribedReply"]


@dataclass
class StandIn(calls_protection.ProtectionCalls, PullCalls, QueueCalls, calls_talk.TalkCalls):
    """One repository, and its `faults`: each answers one call, before any other answer.

    A fault must be as GitHub describes it too, unless it is an UndescribedReply.
    """

    tokens: dict[str, Token] = field(default_factory=lambda: {"ghs_workflow": Token(FULL)})
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)  # the comments that somebody minimised
    issues: list[dict[str, Any]] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    commits: dict[str, list[int]] = field(default_factory=dict)
    files: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)
    jobs: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    archives: dict[int, bytes] = field(default_factory=dict)
    faults: list[tuple[str, Reply]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    fetched: list[Mapping[str, str]] = field(default_factory=list)
    turned_away: list[str] = field(default_factory=list)  # what git asked for without a token
    violations: list[str] = field(default_factory=list)  # requests and answers that GitHub does not describe
    page_size: int = 2
    ignores_filters: bool = False
    api_url: str = ""
    blob_url: str = ""
    last_id: int = 100

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    # what happened at GitHub

    def open_pull(self, number: int, head: str, *, fork: bool = False) -> dict[str, Any]:
        """Adds a pull request into main, without files."""
        origin = {"full_name": "mallory/people"} if fork else {"full_name": REPOSITORY}
        pull = {
            "number": number,
            "head": {"sha": head, "ref": "change", "repo": origin},
            "base": {"sha": "0" * 40, "ref": "main", "repo": {"full_name": REPOSITORY}},
            "created_at": OPENED,
            "merged_at": None,
            "merge_commit_sha": None,
        }
        self.pulls.append(pull)
        self.files.setdefault(number, [{"filename": "desired-state/all.yaml"}])
        return pull

    def merge(self, number: int, commit: str) -> None:
        pull = next(pull for pull in self.pulls if pull["number"] == number)
        pull |= {"merged_at": MERGED, "merge_commit_sha": commit}
        self.commits.setdefault(commit, []).append(number)

    def start_run(self, head: str, *, event: str = "pull_request", path: str = WORKFLOW) -> dict[str, Any]:
        """Adds an unfinished run of a workflow."""
        run = {
            "id": self.next_id(),
            "path": f"{path}@refs/pull/1/merge",
            "event": event,
            "status": "in_progress",
            "head_sha": head,
            "head_branch": next((one["head"]["ref"] for one in self.pulls if one["head"]["sha"] == head), "main"),
            "created_at": PLANNED,
            "repository": {"full_name": REPOSITORY},
            "head_repository": {"full_name": REPOSITORY},
        }
        self.runs.append(run)
        return run

    def finish_run(self, run: dict[str, Any], jobs: Mapping[str, str]) -> None:
        run["status"] = "completed"
        self.jobs[run["id"]] = [{"name": name, "conclusion": conclusion} for name, conclusion in jobs.items()]

    def store(self, run: Mapping[str, Any], name: str, files: Mapping[str, str | bytes]) -> dict[str, Any]:
        """Adds an artifact of a run."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for path, content in files.items():
                archive.writestr(path, content)
        number = self.next_id()
        artifact = {
            "id": number,
            "name": name,
            "expired": False,
            "digest": "sha256:" + sha256(packed.getvalue()).hexdigest(),
            "workflow_run": {"id": run["id"], "head_sha": run["head_sha"]},
        }
        self.artifacts.append(artifact)
        self.archives[number] = packed.getvalue()
        return artifact

    def fail_next(self, call: str, status: int, headers: Mapping[str, str] | None = None, message: str = "no") -> None:
        """Prepares the answer to the next call with that prefix."""
        self.faults.append((call, Reply(status, {"message": message}, headers or {})))

    @property
    def written(self) -> list[str]:
        """Returns the calls that wrote, or tried to."""
        return [str(call) for call in self.calls if call.method != "GET"]

    # how it answers

    def answer(self, call: Call, query: Mapping[str, Sequence[str]]) -> Reply:
        """Answers a request, which must be as GitHub describes it, and so must the answer."""
        self.calls.append(call)
        described = read_description()
        wrong = list(described.check_request(call.method, call.path, query, call.body))
        reply = self._answer(call, query) if not wrong else Reply(400)
        if isinstance(reply, UndescribedReply):
            return reply
        body = described.fill_answer(call.method, call.path, reply.status, reply.body)
        wrong = wrong or list(described.check_answer(call.method, call.path, reply.status, body))
        if wrong:
            self.violations += wrong
            return Reply(400, {"message": "; ".join(wrong)})
        return Reply(reply.status, body, reply.headers)

    def _answer(self, call: Call, query: Mapping[str, Sequence[str]]) -> Reply:
        for fault in self.faults:
            if str(call).startswith(fault[0]):
                self.faults.remove(fault)
                return fault[1]
        token = self.tokens.get(call.token or "")
        if token is None:
            return Reply(401, {"message": "Bad credentials"})
        below = f"/repos/{REPOSITORY}"
        if call.path.startswith(below):
            return self._route(call, call.path.removeprefix(below), token, query)
        return self._answer_of_host(call, token, query)

    def _answer_of_host(self, call: Call, token: Token, query: Mapping[str, Sequence[str]]) -> Reply:
        match call.path:
            case "/user":
                return Reply(200, calls_talk.account(token.login)) if token.login else forbidden("metadata=read")
            case "/graphql":
                return self.answer_graphql(call, token)
            case path if path == "/meta" or path.startswith("/orgs/"):
                reply: Reply = self.send_document(call, query)
                return reply
            case _:
                return Reply(404, {"message": "Not Found"})

    def _route(self, call: Call, path: str, token: Token, query: Mapping[str, Sequence[str]]) -> Reply:
        for pattern, needed, method in _ROUTES:
            found = re.fullmatch(pattern, path)
            if found and method[0] == call.method:
                if not token.allows(*needed):
                    return forbidden("; ".join(f"{name}={level}" for name, level in needed))
                reply: Reply = getattr(self, method[1])(call, query, *found.groups())
                return reply
        return Reply(404, {"message": "Not Found"})

    def _page(self, items: list[Any], call: Call, query: Mapping[str, Sequence[str]], name: str | None = None) -> Reply:
        size = min(self.page_size, int(query.get("per_page", ["30"])[0]))
        page = int(query.get("page", ["1"])[0])
        shown = items[(page - 1) * size : page * size]
        headers = {}
        if page * size < len(items):
            kept = "&".join(f"{key}={values[0]}" for key, values in query.items() if key != "page")
            headers["Link"] = f'<{self.api_url}{call.path}?{kept}&page={page + 1}>; rel="next"'
        return Reply(200, {"total_count": len(items), name: shown} if name else shown, headers)

    def list_pulls_of(self, call: Call, query: Mapping[str, Sequence[str]], commit: str) -> Reply:
        numbers = self.commits.get(commit, [])
        return self._page([pull for pull in self.pulls if pull["number"] in numbers], call, query)

    def list_files(self, call: Call, query: Mapping[str, Sequence[str]], number: str) -> Reply:
        return self._page(self.files.get(int(number), []), call, query)

    def list_runs(self, call: Call, query: Mapping[str, Sequence[str]], workflow: str) -> Reply:
        if not self.ignores_filters and not any(
            run["path"].partition("@")[0].endswith(f"/{workflow}") for run in self.runs
        ):
            return Reply(404, {"message": "Not Found"})
        wanted = {name: values[0] for name, values in query.items() if name in {"head_sha", "event"}}
        runs = [run for run in self.runs if self.ignores_filters or wanted.items() <= run.items()]
        shown = [{"pull_requests": self.open_pulls_of(run), **run} for run in runs]
        return self._page(shown, call, query, "workflow_runs")

    def list_jobs(self, call: Call, query: Mapping[str, Sequence[str]], run: str) -> Reply:
        return self._page(self.jobs.get(int(run), []), call, query, "jobs")

    def list_artifacts(self, call: Call, query: Mapping[str, Sequence[str]], run: str) -> Reply:
        named = query.get("name", [None])[0]
        of_run = [one for one in self.artifacts if one["workflow_run"]["id"] == int(run)]
        return self._page([one for one in of_run if named in {None, one["name"]}], call, query, "artifacts")

    def send_artifact(self, _call: Call, _query: object, number: str) -> Reply:
        artifact = next((one for one in self.artifacts if one["id"] == int(number)), None)
        if artifact is None:
            return Reply(404, {"message": "Not Found"})
        if artifact["expired"]:
            return Reply(410, {"message": "Artifact has expired"})
        return Reply(302, headers={"Location": f"{self.blob_url}/{number}?signature=secret"})

    def fetch(self, path: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Serves the host of artifacts, which refuses a request with a token."""
        self.fetched.append(headers)
        if "authorization" in headers:
            return 400, b"<Error/>"
        archive = self.archives.get(int(path.strip("/").partition("?")[0]))
        return (404, b"<Error/>") if archive is None else (200, archive)


_ROUTES: tuple[tuple[str, tuple[tuple[str, str], ...], tuple[str, str]], ...] = (
    *calls_talk.ROUTES,
    (r"/commits/(\w+)/pulls", (("pull_requests", READ),), ("GET", "list_pulls_of")),
    (r"/pulls/(\d+)/files", (("pull_requests", READ),), ("GET", "list_files")),
    (r"/actions/workflows/([\w.-]+)/runs", (("actions", READ),), ("GET", "list_runs")),
    (r"/actions/runs/(\d+)/jobs", (("actions", READ),), ("GET", "list_jobs")),
    (r"/actions/runs/(\d+)/artifacts", (("actions", READ),), ("GET", "list_artifacts")),
    (r"/actions/artifacts/(\d+)/zip", (("actions", READ),), ("GET", "send_artifact")),
    *calls_protection.ROUTES,
    *PULL_ROUTES,
    *QUEUE_ROUTES,
)


@contextmanager
def standing_in(standin: StandIn) -> Iterator[StandIn]:
    """Serves the stand-in on a port, and the host of its artifacts on another, while the block runs.

    Fails at the end if a request or an answer was not as GitHub describes it.
    """

    class Api(_Handler):
        def reply(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
            parts = urlsplit(self.path)
            token = (self.headers.get("authorization") or "").removeprefix("Bearer ") or None
            call = Call(self.command, parts.path, json.loads(body) if body else None, token)
            reply = standin.answer(call, parse_qs(parts.query))
            return reply.status, reply.headers, b"" if reply.body is None else json.dumps(reply.body).encode()

    class Blobs(_Handler):
        def reply(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:  # noqa: ARG002  # what both have
            status, content = standin.fetch(self.path, {name.lower(): value for name, value in self.headers.items()})
            return status, {}, content

    with listening(Api) as api, listening(Blobs) as blobs:
        standin.api_url, standin.blob_url = api, blobs
        try:
            yield standin
        finally:
            if standin.violations:
                raise AssertionError("\n".join(standin.violations))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        raise NotImplementedError

    def _serve(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        status, headers, content = self.reply(self.rfile.read(length))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the same
        """Logs nothing."""
