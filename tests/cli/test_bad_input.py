"""Mistakes of new users, and broken services: a clear message, the right exit code, nothing written."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.cli.project import SANDBOX, TEAM, Project, Ran, finish
from tests.live.service import listening

TOKEN = "deadbeef" * 8
MOST_LINES = 10  # of progress, in 16 seconds
KEPT = {".reconciler/.gitignore", ".reconciler/parsed.db"}  # what files say, where they are large
BOMB = (
    "a: &a [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "users: *i\n"
)

BAD_YAML: dict[str, tuple[bytes, str]] = {
    "a file that is not UTF-8": (b"users:\n  j\xf6rg: {userName: x}\n", "bad.yaml:2: is not UTF-8: the byte 0xf6"),
    "UTF-16": ("users: {}".encode("utf-16"), "bad.yaml:1: is not UTF-8"),
    "a bomb": (BOMB.encode(), "the aliases expand to more than"),
    "a tag that would build an object": (b"users: !!python/object/apply:os.system [id]\n", "is not allowed here"),
    "a tag of our own making": (
        b"users:\n  ann: {userName: !secret x}\n",
        "bad.yaml:2: the tag '!secret' is not allowed",
    ),
    "a value of 10 MB": (
        b"users:\n  ann: {userName: " + b"x" * 10_000_000 + b"}\n",
        "the value has 10,000,000 characters",
    ),
    "a key of 10 MB": (b"users:\n  " + b"x" * 10_000_000 + b": {}\n", "characters"),
    "brackets in brackets": (b"users: " + b"[" * 100_000, "is nested more than 32 levels deep"),
    "mappings in mappings": (b"users: " + b"{a: " * 100_000, "is nested more than 32 levels deep"),
    "a character that YAML has not": (b"users: {ann: {userName: 'a\x00b'}}\n", "bad.yaml:1: is not YAML"),
    "an alias to nothing": (b"users: *nobody\n", "alias"),
    "an alias to itself": (b"users: &a {ann: *a}\n", "alias"),
    "two documents": (b"users: {}\n---\nusers: {}\n", "bad.yaml:2: a second document"),
    "a list": (b"- users\n", "bad.yaml:1: is not a mapping at its top"),
    "a word": (b"hello\n", "bad.yaml:1: is not a mapping at its top"),
    "an unknown section": (b"user: {}\n", 'bad.yaml:1: "user" is not a top-level key (did you mean "users"?)'),
    "a key declared twice": (b"users: {dee: {userName: d}, dee: {userName: e}}\n", "is declared a second time"),
    "a user declared twice": (b"users: {ann: {userName: d}}\n", "is declared a second time; the first is at"),
    "a brace too few": (b"users: {dee: {userName: d}\n", "is not YAML"),
    "a tab": (b"users:\n\tdee: {userName: d}\n", "bad.yaml:2: is not YAML"),
    "a number for a key": (b"users: {1: {userName: d}}\n", "quote it"),
    "no for a boolean": (b"users: {dee: {userName: d, active: no}}\n", "write false"),
    "a token written down": (
        f"tenants: {{t: {{url: https://t.example, token: {TOKEN}}}}}\n".encode(),
        "name the variable that holds the token",
    ),
    "plain http": (b"tenants: {t: {url: http://t.example, token: {env: T}}}\n", "https://"),
    "a password in the url": (b"tenants: {t: {url: 'https://u:p@t.example', token: {env: T}}}\n", "an address without"),
    "a name that no branch can have": (
        b"tenants: {t: {url: sandbox, record: a..b}}\n",
        "can't be a branch name",
    ),
    "a duration that is none": (b"guardrails: {within: 1w}\n", "'1w' is not a duration: write it like `24h` or `14d`"),
    "an exception without an end": (
        f"guardrails: {{exceptions: [{{plan: 'sha256:{'0' * 64}', reason: CHG-1}}]}}\n".encode(),
        "guardrails.exceptions[0].expires: this key is missing (add it)",
    ),
    "an exception for no digest": (
        b"guardrails: {exceptions: [{plan: abc, reason: CHG-1, expires: 2026-12-24}]}\n",
        "guardrails.exceptions[0].plan: 'abc'",
    ),
    "an id that is a number": (b"left:\n  - {id: 4711}\n", "bad.yaml:2: left[0].id: '4711' is not text (YAML reads"),
    "a pattern that does not compile": (
        b"scoping_filters: {users: [{title: t, clauses: [{attribute: site, operator: REGEX MATCH, value: '('}]}]}\n",
        "is not a pattern",
    ),
}


@pytest.mark.sweep(one_in=3)
@pytest.mark.parametrize("command", [("validate",), ("plan",), ("apply", "--yes")], ids=lambda command: command[0])
@pytest.mark.parametrize(("content", "said"), BAD_YAML.values(), ids=BAD_YAML)
def test_yaml_that_can_not_be_read_names_the_file_the_line_and_what_to_do(
    project: Project, content: bytes, said: str, command: Sequence[str]
) -> None:
    """Exit 1; the account is not even opened."""
    project.write(content, "desired-state/bad.yaml")
    before = project.written()

    ran = project.run(*command)

    assert 1 == ran.code
    assert said in ran.said
    assert "desired-state/bad.yaml:" in ran.said
    assert before == [one for one in project.written() if one not in KEPT]
    assert len(ran.said) < 3_000
    assert TOKEN not in ran.said


OWNERSHIP = """\
tenants:
  sandbox: {url: sandbox, scope: all, record: Eu, beside: sandbox}
  other: {url: sandbox, record: eu}
left:
  - {key: user/ann}
  - {id: "4711"}
released:
  - {id: "4711", reason: CHG-1}
users:
  ann: {userName: ann@example.com, was: bob}
  bob: {userName: bob@example.com, was: [old, bob]}
  cid: {userName: cid@example.com, was: user/old}
"""
WRONG_ABOUT_OWNERSHIP = (
    'all.yaml:2: tenants.sandbox.beside: "sandbox" is this tenant itself (name the other tenant on the same account',
    'all.yaml:3: tenants.other.record: "eu" is also the record of tenant sandbox (names compare without case); tenant',
    "all.yaml:5: left: user/ann is declared at desired-state/all.yaml:10 (remove this line or the declaration",
    'all.yaml:6: left: the id "4711" is named a second time; the first is under released at desired-state/all.yaml:8',
    "all.yaml:10: user/ann: was names user/bob, which is declared at desired-state/all.yaml:11 (a key that is still",
    "all.yaml:11: user/bob: was names user/bob, which is its own key (write the previous key, or remove",
    "all.yaml:12: user/cid: was names user/old, and so does user/bob at desired-state/all.yaml:11 (a key has only",
)


def test_all_that_is_wrong_about_who_is_ours_is_told_in_one_run(project: Project) -> None:
    """Each with its place, the other place, and what to do; before the account is opened."""
    project.write(OWNERSHIP)
    before = project.written()

    ran = project.run("validate")
    planned = project.run("--tenant", "sandbox", "plan")

    assert (1, 1) == (ran.code, planned.code)
    for said in WRONG_ABOUT_OWNERSHIP:
        assert said in ran.out
        assert said in planned.said
    assert "7 problems in" in ran.out
    assert before == project.written()


@pytest.mark.parametrize("command", ["validate", "plan", "apply", "drift", "check", "tenants"])
def test_a_folder_that_is_missing_says_which_option_names_it(project: Project, command: str) -> None:
    """Exit 2."""
    ran = project.run("--dir", "nowhere", command)

    assert (2, "") == (ran.code, ran.out)
    assert "nowhere is not a folder: name the folder of the desired state with --dir" in ran.err


@pytest.mark.parametrize("command", ["validate", "plan", "apply", "drift", "check", "tenants"])
def test_a_folder_without_yaml_says_so(project: Project, command: str) -> None:
    """Exit 2: an empty desired state would be everybody leaving."""
    project.write("nothing", "empty/readme.txt")

    ran = project.run("--dir", "empty", command)

    assert (2, "") == (ran.code, ran.out)
    assert "empty holds no *.yaml file" in ran.err


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("drift",), ("check",), ("validate",)], ids=str)
def test_an_unknown_tenant_is_a_usage_error_with_a_hint(project: Project, command: Sequence[str]) -> None:
    """Exit 2, nothing written."""
    before = project.written()

    ran = project.run("--tenant", "sandbix", *command)

    assert (2, "", before) == (ran.code, ran.out, project.written())
    assert 'no tenant "sandbix" is declared (did you mean "sandbox"?)' in ran.err


def remote(project: Project, url: str, **more: str) -> None:
    """The project's tenant is at that address."""
    settings = "".join(f", {name}: {value}" for name, value in more.items())
    project.commit(
        f"tenants: {{remote: {{url: '{url}', token: {{env: REMOTE_TOKEN}}, scope: all{settings}}}}}\n" + TEAM
    )
    project.environment["REMOTE_TOKEN"] = TOKEN


def assert_left_nothing(project: Project, command: str) -> None:
    """Nothing is written, but that an apply keeps its lock in its own folder, and is on record: it did nothing."""
    begins = command == "apply"
    assert ["desired-state/all.yaml"] == [one for one in project.written() if not begins or one not in LOCKED]
    assert (["nothing done"] if begins else []) == project.ends("remote")


LOCKED = (".reconciler/.gitignore", ".reconciler/remote.lock", ".reconciler/run-id")


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("check",)], ids=str)
@pytest.mark.parametrize("token", ["", "   ", "two words", "päss", "line\nline"])
def test_a_token_that_is_unset_or_none_names_its_variable(project: Project, token: str, command: Sequence[str]) -> None:
    """Exit 5, and not its value."""
    remote(project, "https://127.0.0.1:1/scim/v2")
    project.environment["REMOTE_TOKEN"] = token

    ran = project.run(*command)

    assert (5, "") == (ran.code, ran.out)
    assert "REMOTE_TOKEN" in ran.err
    assert not token.strip() or token.strip() not in ran.err
    assert [] == project.ends("remote"), "without a token nothing is begun"
    assert ["desired-state/all.yaml"] == [one for one in project.written() if one not in LOCKED]


Edit: TypeAlias = Callable[[dict[str, Any]], object]


def a_delete(plan: dict[str, Any]) -> None:
    plan["changes"][0] |= {"action": "delete_user", "effect": "shrink", "id": ""}


def another_change(plan: dict[str, Any]) -> None:
    plan["changes"][0]["attributes"][0]["after"] = "Mallory"


def another_change_without_its_id(plan: dict[str, Any]) -> None:
    plan["changes"][0]["attributes"][0]["after"] = "Mallory"
    plan["changes"][0]["id"] = ""


BAD_PLANS: dict[str, tuple[Edit, str]] = {
    "another format": (lambda plan: plan.update(format=2), "has format 2, and this version reads format 1: plan again"),
    "no format": (lambda plan: plan.pop("format"), "has format None"),
    "format as text": (lambda plan: plan.update(format="1"), "has format '1'"),
    "a delete": (a_delete, "delete_user"),
    "another digest": (lambda plan: plan.update(digest="sha256:" + "0" * 64), "the plan was edited"),
    "another change": (another_change, "the plan was edited"),
    "another change without its id": (another_change_without_its_id, "the plan was edited"),
    "a change less": (lambda plan: plan["changes"].pop(), "the plan was edited"),
    "one field more": (lambda plan: plan.update(force=True), "force"),
    "one field less": (lambda plan: plan.pop("applyable"), "applyable"),
    "a change that is no change": (lambda plan: plan["changes"].append("x"), "changes.4"),
    "changes that are none": (lambda plan: plan.update(changes="all"), "changes"),
}


@pytest.mark.parametrize("command", ["apply", "show"])
@pytest.mark.parametrize(("edit", "said"), BAD_PLANS.values(), ids=BAD_PLANS)
def test_a_plan_file_that_was_changed_is_not_trusted(project: Project, edit: Edit, said: str, command: str) -> None:
    """Exit 2, nothing is applied."""
    document = project.run("plan", "-o", "plan.json", "--format", "json").document
    edit(document)
    project.write(json.dumps(document), "plan.json")

    ran = project.run(command, "plan.json")

    assert (2, "") == (ran.code, ran.out)
    assert "plan.json" in ran.err
    assert said in ran.err
    assert {} == project.users()


@pytest.mark.parametrize("command", ["apply", "show"])
@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"{}", b"\xff\xfe", b"[" * 100_000, b'{"changes": ' + b"[" * 100_000, b"<html>"],
)
def test_what_is_no_plan_file_says_so(project: Project, content: bytes, command: str) -> None:
    """Exit 2."""
    project.write(content, "plan.json")

    ran = project.run(command, "plan.json")

    assert (2, "") == (ran.code, ran.out)
    assert "plan.json" in ran.err
    assert len(ran.err) < 2_000


def test_an_outcome_is_not_a_plan_to_approve(project: Project) -> None:
    """Though `show` can render it."""
    project.write(project.run("apply", "--yes", "--format", "json").out, "run.json")

    ran = project.run("apply", "run.json")

    assert 2 == ran.code
    assert "is the outcome of an apply, not a plan" in ran.err


@pytest.mark.parametrize(("field", "value"), [("tenant", "production"), ("url", "https://api.xurrent.com/scim/v2")])
def test_a_plan_for_another_account_is_refused(project: Project, field: str, value: str) -> None:
    """Exit 4, nothing is applied, no receipt."""
    document = project.run("plan", "-o", "plan.json", "--format", "json").document
    project.write(json.dumps(document | {field: value}), "plan.json")

    ran = project.run("apply", "plan.json")

    assert 4 == ran.code
    assert "the approved plan is for another account: it is for " in ran.err
    assert ({}, ["nothing done"]) == (project.users(), project.ends())


Answer: TypeAlias = Callable[[BaseHTTPRequestHandler], None]


def reply(content: bytes, status: int = 200, **headers: str) -> Answer:
    """Always this, whatever is asked."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def listed(total: int, count: int) -> bytes:
    rows = [{"id": f"u{number}", "userName": f"u{number}@example.com", "displayName": "U"} for number in range(count)]
    return json.dumps({"totalResults": total, "Resources": rows}).encode()


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * 1_000_000)


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Half of what was announced."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"totalResults": 3, "Resources": [')


@pytest.fixture
def answering() -> Iterator[Callable[[Answer], tuple[str, list[str]]]]:
    """Starts a service that answers everything alike; its address, and what it was asked."""
    running: list[Any] = []

    def start(answer: Answer) -> tuple[str, list[str]]:
        asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            """Answers as it is told."""

            def do_GET(self) -> None:
                asked.append(f"{self.command} {self.path}")
                try:
                    answer(self)
                except OSError:
                    self.close_connection = True

            do_POST = do_PATCH = do_PUT = do_DELETE = do_GET

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name for it
                """Says nothing."""

        context = listening(Handler)
        running.append(context)
        return context.__enter__(), asked

    yield start
    for context in running:
        context.__exit__(None, None, None)


NOT_SCIM: dict[str, tuple[Answer, str]] = {
    "HTML": (reply(b"<!doctype html><title>Sign in</title>"), "answers HTML where SCIM was expected"),
    "half a JSON": (reply(b'{"totalResults": 3, "Resou'), "not JSON"),
    "another JSON": (reply(b'{"name": "Acme", "version": 3}'), "totalResults is nothing and not a number"),
    "a list": (reply(b'[{"id": "u1"}]'), "a SCIM list was expected, not list"),
    "a word": (reply(b'"hello"'), "a SCIM list was expected, not str"),
    "nothing": (reply(b""), "a SCIM list was expected, not nothing"),
    "a total that is text": (reply(b'{"totalResults": "3", "Resources": []}'), "totalResults is str '3'"),
    "rows that are none": (reply(b'{"totalResults": 1, "Resources": {"id": "u1"}}'), "Resources is not a list"),
    "brackets in brackets": (reply(b"[" * 100_000), "answers JSON that is nested too deeply"),
    "NaN": (reply(b'{"totalResults": NaN}'), "not JSON"),
    "a page without end": (endless, "answers more than 64 MiB to one request"),
    "not found": (reply(b"nothing here", 404), "404"),
    "forbidden": (reply(b'{"detail": "not yours"}', 403), "403 not yours"),
    "the token is refused": (reply(b'{"detail": "who?"}', 401), "refuses the token (401)"),
    "another address": (reply(b"", 302, Location="https://login.example/"), "redirects elsewhere"),
}


@pytest.mark.sweep(one_in=3)
@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("check",)], ids=str)
@pytest.mark.parametrize(("answer", "said"), NOT_SCIM.values(), ids=NOT_SCIM)
def test_what_answers_is_not_scim_and_the_sentence_says_where(
    project: Project,
    answering: Callable[[Answer], tuple[str, list[str]]],
    answer: Answer,
    said: str,
    command: Sequence[str],
) -> None:
    """Exit 5 with the address and what to do; nothing is written, and nothing but reads was asked."""
    url, asked = answering(answer)
    remote(project, f"{url}/scim/v2")

    ran = project.run(*command)

    assert (5, "") == (ran.code, ran.out)
    assert said in ran.err
    assert url in ran.err
    assert re.search(r"^Error: ", ran.err, re.MULTILINE)
    assert 1 == ran.err.count("\n")
    assert_left_nothing(project, command[0])
    assert {"GET"} == {one.partition(" ")[0] for one in asked}
    assert TOKEN not in ran.said


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes")], ids=str)
@pytest.mark.parametrize("total", [10**9, 10**30], ids=["10^9", "10^30"])
def test_a_billion_people_are_not_believed(
    project: Project, answering: Callable[[Answer], tuple[str, list[str]]], total: int, command: Sequence[str]
) -> None:
    """Exit 5 after one page: nobody asks for forty million more."""
    url, asked = answering(reply(listed(total, 25)))
    remote(project, f"{url}/scim/v2")

    ran = project.run(*command)

    assert (5, "", 1) == (ran.code, ran.out, len(asked))
    assert "not believed" in ran.err


def then(spoilt: Answer) -> Answer:
    """A first page of 30 people, and after it something else."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        (reply(listed(30, 25)) if "startIndex=1&" in handler.path else spoilt)(handler)

    return answer


INCOMPLETE: dict[str, tuple[Answer, str]] = {
    "a page of another snapshot": (then(reply(listed(31, 5))), "31"),
    "a page that may not be read": (then(reply(b"{}", 404)), "Users from 26"),
    "the same page for ever": (reply(listed(100, 25)), "came twice"),
    "fewer than announced": (reply(listed(7, 5)), "7 were announced and 5 came"),
    "more than announced": (reply(listed(3, 5)), "3 were announced and 5 came"),
    "nobody of many": (reply(listed(7, 0)), "7 were announced and 0 came"),
}


@pytest.mark.parametrize(("answer", "said"), INCOMPLETE.values(), ids=INCOMPLETE)
def test_a_read_that_does_not_add_up_is_shown_and_refused(
    project: Project, answering: Callable[[Answer], tuple[str, list[str]]], answer: Answer, said: str
) -> None:
    """Exit 4: the plan is shown, can't be applied, and does not take away anything."""
    url, asked = answering(answer)
    remote(project, f"{url}/scim/v2", rate="{burst: 1000 per 1s, sustained: 100000 per 1h}")

    planned, applied = project.run("plan", "-o", "plan.json"), project.run("apply", "--yes")

    assert (4, 4) == (planned.code, applied.code)
    assert "blocked: the account was not read completely" in planned.out.splitlines()[0]
    assert said in planned.out
    assert said in applied.err
    assert json.loads((project.root / "plan.json").read_text("utf-8"))["applyable"] is False
    assert {"GET"} == {one.partition(" ")[0] for one in asked}
    assert ["nothing done"] == project.ends("remote")


def test_a_saved_plan_of_an_incomplete_read_is_no_approval(
    project: Project, answering: Callable[[Answer], tuple[str, list[str]]]
) -> None:
    """It says of itself that it is not applicable."""
    url, asked = answering(reply(listed(7, 5)))
    remote(project, f"{url}/scim/v2")
    project.run("plan", "-o", "plan.json")

    ran = project.run("apply", "plan.json")

    assert 4 == ran.code
    assert {"GET"} == {one.partition(" ")[0] for one in asked}


def test_an_incomplete_read_that_was_saved_does_not_become_complete(
    project: Project, answering: Callable[[Answer], tuple[str, list[str]]]
) -> None:
    """A partial read must never look like people who left (DESIGN 5.2), not on the way through a file either."""
    url, _asked = answering(reply(listed(7, 5)))
    remote(project, f"{url}/scim/v2")
    project.run("plan", "--save-live", "live.json", "-o", "plan.json")

    if (project.root / "live.json").exists():
        ran = project.run("plan", "--live", "live.json", "-o", "plan.json")
        assert 4 == ran.code
        assert "the account was not read completely" in ran.out


def test_a_token_past_its_last_day_is_not_tried(
    project: Project, answering: Callable[[Answer], tuple[str, list[str]]]
) -> None:
    """Exit 5 with how to renew it (SEMANTICS 7), before anything is sent."""
    url, asked = answering(reply(listed(0, 0)))
    remote(project, f"{url}/scim/v2")
    text = (project.root / "desired-state/all.yaml").read_text(encoding="utf-8")
    project.commit(text.replace("{env: REMOTE_TOKEN}", "{env: REMOTE_TOKEN, expires: 2026-01-31}"))

    for command in (("plan",), ("apply", "--yes"), ("check",)):
        ran = project.run(*command)
        assert (5, "") == (ran.code, ran.out), command
        assert "expired on 2026-01-31" in ran.err
        assert "Settings, Apps, SCIM" in ran.err
    assert [] == asked


def test_a_run_that_is_told_to_wait_for_minutes_still_ends_after_its_time(
    project: Project, answering: Callable[[Answer], tuple[str, list[str]]]
) -> None:
    """--max-duration 3 and Retry-After 120: no new change is taken, and nobody waits for one that was turned away."""

    def busy(handler: BaseHTTPRequestHandler) -> None:
        if handler.command == "GET":
            reply(listed(0, 0))(handler)
        else:
            reply(b"", 429, **{"Retry-After": "120"})(handler)

    url, _asked = answering(busy)
    remote(project, f"{url}/scim/v2")
    process = project.start("apply", "--yes", "--max-duration", "3", "--format", "json")

    try:
        out, err = process.communicate(timeout=60)  # far less than 120, and enough for a busy machine
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        pytest.fail("after a minute it still waits")
    assert 1 == process.returncode, err
    assert 4 == len(json.loads(out)["outcomes"])


def test_a_port_that_can_not_be_one_says_so(project: Project) -> None:
    """Best where it is written, with the line; at the latest when it is used. Never a traceback."""
    remote(project, "http://127.0.0.1:99999/scim/v2")

    ran = project.run("plan", "-o", "plan.json")

    assert ran.code in {1, 5}
    assert "Error: " in ran.err
    assert not (project.root / "plan.json").exists()


def free_port() -> int:
    """One on which nobody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])


Started: TypeAlias = dict[str, tuple[Project, subprocess.Popen[str]]]


@pytest.fixture(scope="module", autouse=True)
def unreachable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Tenants that are not there, each tried for a quarter of a minute: asked while the other tests run."""
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        listening(_handler_of(hang_up)) as broken,
        listening(_handler_of(reply(b"<h1>oops</h1>", 502))) as failing,
    ):
        urls = {"refused": f"http://127.0.0.1:{free_port()}", "hangs up": broken, "502": failing}
        started: Started = {}
        for name, url in urls.items():
            for command in (("plan",), ("apply", "--yes"), ("check",)):
                project = Project(tmp_path_factory.mktemp("unreachable") / "project", monkeypatch)
                remote(project, f"{url}/scim/v2")
                started[f"{name} {command[0]}"] = (project, project.start(*command))
        yield started
        for _project, process in started.values():
            process.kill()
            process.communicate()


def _handler_of(answer: Answer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers as it is told."""

        def do_GET(self) -> None:
            answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name for it
            """Says nothing."""

    return Handler


def test_a_private_folder_that_can_not_be_made_says_so(project: Project) -> None:
    """A file stands where the embedded 4me would be kept."""
    project.write("", "taken")
    project.environment["RECONCILER_PRIVATE"] = str(project.root / "taken")

    ran = project.run("plan")

    assert 2 == ran.code
    assert "can't be used: File exists" in ran.err


def test_a_sandbox_file_that_is_something_else_says_so(project: Project) -> None:
    """And is left as it is."""
    project.write("not a database" * 100, ".reconciler/sandbox.sqlite")

    ran = project.run("plan")

    assert 2 == ran.code
    assert "is not a sandbox file" in ran.err


def test_all_problems_of_all_files_are_told_at_once(project: Project) -> None:
    """One bad file does not hide the other nine."""
    for number, (content, _said) in enumerate(BAD_YAML.values()):
        if len(content) < 1_000_000:
            project.write(content, f"desired-state/{number:02}.yaml")

    ran = project.run("validate")

    named = {line.partition(":")[0] for line in ran.out.splitlines()}
    expected = {
        f"desired-state/{number:02}.yaml"
        for number, (content, _) in enumerate(BAD_YAML.values())
        if len(content) < 1_000_000
    }
    assert 1 == ran.code
    assert expected <= named


def test_a_sound_start_is_told_to_whoever_has_nothing(project: Project) -> None:
    """No tenant at all: what to write for a start."""
    project.commit(TEAM)

    ran = project.run("plan")

    assert 2 == ran.code
    assert "tenants: {sandbox: {url: sandbox}}" in ran.err


def test_the_sandbox_needs_no_token_and_no_git(project: Project, tmp_path: Path) -> None:
    """The first thing a new user tries."""
    project.write(SANDBOX + TEAM, "elsewhere/all.yaml")

    ran = project.run("--dir", "elsewhere", "plan", "-o", tmp_path / "plan.json")

    assert 0 == ran.code


@pytest.mark.parametrize("command", ["plan", "apply", "check"])
@pytest.mark.parametrize("trouble", ["refused", "hangs up", "502"])
def test_a_tenant_that_is_not_there_is_a_sentence(unreachable: Started, trouble: str, command: str) -> None:
    """Exit 5, with the address; nothing written, no traceback."""
    project, process = unreachable[f"{trouble} {command}"]

    ran: Ran = finish(process)

    assert (5, "") == (ran.code, ran.out)
    assert "Traceback" not in ran.err
    assert "http://127.0.0.1:" in ran.err
    *waits, error = ran.err.splitlines()
    assert error.startswith("Error: ")
    assert all(line.startswith("Reading: ") for line in waits)
    assert len(waits) <= MOST_LINES
    if trouble != "502":
        assert re.search(r" in 5 tries over \d\d s \(", error)
        assert re.match(r"Reading: waiting for 127\.0\.0\.1 for \d s, try [12] of 5; ", waits[0])
    assert_left_nothing(project, command)
    assert TOKEN not in ran.err
