"""`sandbox` serves, fills and empties the embedded 4me."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest

from tests.cli.project import TEAM, Project, Ran, finish

LIVE = {
    "format": 1,
    "users": [
        {"id": "u1", "userName": "ann@example.com", "externalId": "ann"},
        {"id": "u2", "userName": "x@example.com", "externalId": "x"},
    ],
    "groups": [{"id": "g1", "displayName": "Staff", "externalId": "staff", "members": [{"value": "u1"}]}],
}


@dataclass
class Served:
    """A sandbox on a port, and once it was stopped, what it came to."""

    url: str
    process: subprocess.Popen[str]
    ran: Ran | None = None


@contextmanager
def serving(project: Project, *arguments: str) -> Iterator[Served]:
    process = project.start("sandbox", "serve", "--port", "0", *arguments)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        served = Served(next(word for word in line.split() if word.startswith("http")).rstrip("."), process)
        yield served
        process.send_signal(signal.SIGINT)
        served.ran = finish(process)
    finally:
        process.kill()
        process.wait()


def test_the_sandbox_is_served_until_it_is_interrupted(project: Project) -> None:
    """On a port of this machine; Ctrl-C is an orderly end."""
    project.run("apply", "--yes")

    with serving(project) as served:
        found = httpx.get(f"{served.url}/Users", headers={"Authorization": "Bearer sandbox"}, trust_env=False)
        refused = httpx.get(f"{served.url}/Users", headers={"Authorization": "Bearer other"}, trust_env=False)

    assert (200, 3, 401) == (found.status_code, found.json()["totalResults"], refused.status_code)
    assert served.url.startswith("http://127.0.0.1:")
    assert served.ran is not None
    assert (0, "", "") == (served.ran.code, served.ran.out, served.ran.err)


def test_a_tenant_may_be_the_sandbox_on_its_port(project: Project) -> None:
    """The whole line over HTTP: another repository's tenant is this one's sandbox."""
    with serving(project, "--token", "secret") as served:
        remote = f"{{url: '{served.url}', token: {{env: TOKEN}}, scope: all}}"
        project.commit(f"tenants: {{sandbox: {{url: sandbox}}, remote: {remote}}}\n" + TEAM)
        project.environment["TOKEN"] = "secret"
        applied = project.run("--tenant", "remote", "apply", "--yes")
        again = project.run("--tenant", "remote", "plan", "--exit-code")
        checked = project.run("--tenant", "remote", "check")

    assert (0, 0, 0) == (applied.code, again.code, checked.code)
    assert {"ann", "bob", "cid"} == set(project.users("sandbox"))
    assert "secret" not in applied.said + again.said + checked.said


def test_it_listens_on_this_machine_only(project: Project) -> None:
    """The embedded 4me has no secrets worth a name."""
    ran = project.run("sandbox", "serve", "--host", "0.0.0.0")  # noqa: S104  # it is refused

    assert 2 == ran.code
    assert "0.0.0.0 is not a loopback address" in ran.err


def test_it_is_filled_from_a_saved_live_state(project: Project) -> None:
    """Ids are kept; who is there already stays."""
    project.run("apply", "--yes")
    project.write(json.dumps(LIVE), "live.json")

    ran = project.run("sandbox", "seed", "live.json")

    assert (0, "2 users and 1 groups added to the sandbox\n") == (
        ran.code,
        ran.out.replace("1 group added", "1 groups added"),
    )
    with project.account() as store:
        assert {"u1", "u2"} < set(store.simulator().users)
        assert 5 == len(store.simulator().users)


def test_what_was_saved_can_be_put_back(project: Project) -> None:
    """plan --save-live, reset, seed: the account is as it was."""
    project.run("apply", "--yes")
    project.run("plan", "--save-live", "live.json", "-o", "plan.json")
    reset = project.run("sandbox", "reset")
    assert (0, {}) == (reset.code, dict(project.users()))
    project.run("sandbox", "seed", "live.json")

    assert {"ann", "bob", "cid"} == set(project.users())
    assert 0 == project.run("plan", "--exit-code").code


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"format": 1, "users": [{}], "groups": [{"members": 5}]}'])
def test_what_is_no_saved_live_state_is_refused(project: Project, content: str) -> None:
    """A usage error, and the account stays as it is."""
    project.write(content, "live.json")

    ran = project.run("sandbox", "seed", "live.json")

    assert 2 == ran.code
    with project.account() as store:
        assert {} == store.simulator().users


def test_of_several_sandboxes_one_must_be_named(project: Project) -> None:
    """And it must be one."""
    project.commit(
        "tenants: {a: {url: sandbox}, b: {url: sandbox}, c: {url: 'https://c.example', token: {env: T}}}\n" + TEAM
    )

    unnamed, named = project.run("sandbox", "reset"), project.run("--tenant", "b", "sandbox", "reset")
    other, unknown = project.run("--tenant", "c", "sandbox", "reset"), project.run("--tenant", "x", "sandbox", "reset")

    assert (2, 0, 2, 2) == (unnamed.code, named.code, other.code, unknown.code)
    assert "a, b" in unnamed.err


def test_a_desired_state_that_can_not_be_read_says_what_is_wrong_with_it(project: Project) -> None:
    """Not that there is no sandbox."""
    project.write("tenants: {sandbox: {url: sandbox\n")

    ran = project.run("sandbox", "reset")

    assert 1 == ran.code
    assert "desired-state/all.yaml:" in ran.err


def test_its_file_is_for_its_owner_alone_and_not_for_git(project: Project) -> None:
    """Beside the desired state, or where RECONCILER_PRIVATE says."""
    project.run("apply", "--yes")
    project.environment["RECONCILER_PRIVATE"] = str(project.root / "elsewhere")
    project.run("apply", "--yes")

    for folder in (".reconciler", "elsewhere"):
        path = project.root / folder / "sandbox.sqlite"
        assert 0o600 == path.stat().st_mode & 0o777
    assert ".reconciler" not in project.git("status", "--porcelain", "--untracked-files=all")
