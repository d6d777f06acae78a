"""`validate` reports tenants that GitHub can't keep apart, and secrets in variables that a run uses itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.project import Project

TENANTS = """\
tenants:
  qa:
    url: https://qa.example/scim/v2
    token:
      env: PATH
  QA:
    url: https://other.example/scim/v2
    token: {env: FOURME_TOKEN}
    notifications:
      - {on: [drift], webhook: {url: {env: GITHUB_TOKEN}}}
"""
NOTIFICATIONS = """\
notifications:
  - {on: [failure], email: {to: [iam@example.com], smtp: {env: SMTP_URL}}}
  - {on: [failure], webhook: {url: {env: OUT}}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return Project(tmp_path / "company", monkeypatch)


def test_each_problem_has_its_file_its_line_and_what_to_do(project: Project) -> None:
    """All at once, each once, though there are two tenants to compile for."""
    project.write(TENANTS, "desired-state/tenants.yaml")
    project.write(NOTIFICATIONS, "desired-state/notifications.yaml")

    ran = project.run("validate")

    assert 1 == ran.code
    said = "\n".join(line.strip() for line in ran.out.splitlines())
    for place, problem, advice in (
        ("desired-state/tenants.yaml:5", 'tenants.qa.token.env: "PATH" can\'t hold a secret', "FOURME_QA_TOKEN"),
        ("desired-state/tenants.yaml:6", 'tenants.QA: the environment "plan-QA" is also one of tenant qa', "rename"),
        ("desired-state/tenants.yaml:9", "tenants.QA.notifications[0].webhook.url.env", "{env: CHAT_WEBHOOK}"),
        ("desired-state/notifications.yaml:3", 'notifications[1].webhook.url.env: "OUT"', "{env: CHAT_WEBHOOK}"),
    ):
        assert 1 == said.count(problem)
        found = said[: said.index(problem)].splitlines()[-1], said[said.index(problem) :].split("\n\n")[0]
        assert place in found[0], said
        assert advice in found[1], said
    assert "4 problems in " in ran.out


def test_an_earlier_commit_with_such_a_variable_is_still_a_base(project: Project) -> None:
    """A variable that worked until an update must not turn leavers into strangers: only the name changes."""
    before = "tenants: {qa: {url: 'https://127.0.0.1:9', token: {env: RECONCILER_QA_TOKEN}, scope: all}}\n"
    project.commit(before, "desired-state/tenants.yaml")
    assert 1 == project.run("plan").code

    project.commit(before.replace("RECONCILER_QA", "FOURME_QA"), "desired-state/tenants.yaml")
    ran = project.run("plan", "--base", "HEAD^")

    assert 5 == ran.code, ran.said
    assert "FOURME_QA_TOKEN is not set" in ran.err
    assert "has problems" not in ran.err
