"""`github comment` and `drift-issue`, as a workflow runs them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.project import SANDBOX, TEAM, Project, Ran
from tests.github.standin import BOT, REPOSITORY, StandIn, Token, standing_in

TOKEN = "ghs_workflow"
CHIEF = TEAM.replace("displayName: Ann}", "displayName: Ann, title: Chief}")
JOBS = {"plan sandbox": "success", "comment sandbox": "success"}


@dataclass
class Reviewed:
    """A project whose repository is at GitHub, and pull request 7."""

    project: Project
    standin: StandIn

    def __post_init__(self) -> None:
        self.project.environment |= {
            "GITHUB_API_URL": self.standin.api_url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_RUN_ID": "42",
        }

    def run(self, *arguments: str | Path) -> Ran:
        return self.project.run("github", *arguments)

    def tree(self) -> str:
        return self.project.git("rev-parse", "HEAD:desired-state").strip()

    def propose(self, text: str) -> dict[str, Any]:
        """A pull request that says this, planned and stored; its artifact."""
        head = self.project.commit(text)
        self.standin.open_pull(7, head)
        self.project.write(json.dumps({"pull_request": {"number": 7}}), "event.json")
        self.project.environment["GITHUB_EVENT_PATH"] = str(self.project.root / "event.json")
        assert 0 == self.project.run("plan", "-o", "plan.json").code
        run = self.standin.start_run(head)
        plan = (self.project.root / "plan.json").read_text()
        artifact = self.standin.store(run, "plan-sandbox", {"plan.json": plan, "tree": self.tree()})
        self.standin.finish_run(run, JOBS)
        return artifact

    def merge(self) -> str:
        """As a squash: another commit, with the same desired state."""
        commit = self.project.commit()
        self.standin.merge(7, commit)
        del self.project.environment["GITHUB_EVENT_PATH"]
        return commit

    def drift(self, **attributes: object) -> None:
        """Somebody changes Bob in the account, and what `drift` says of it is in a file."""
        seed = [{**self.project.users()["bob"], **attributes}]
        with self.project.account() as store:
            store.seed(seed)
        self.project.write(self.project.run("drift", "--format", "json").out, "drift.json")

    def bodies(self) -> list[str]:
        return [comment["body"] for comment in self.standin.comments.get(7, [])]


@pytest.fixture
def reviewed(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reviewed]:
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH", "GITHUB_SHA"):
        monkeypatch.delenv(name, raising=False)
    assert 0 == project.run("apply", "--yes").code
    with standing_in(StandIn()) as standin:
        yield Reviewed(project, standin)


def test_a_plan_is_told_on_its_pull_request_once(reviewed: Reviewed) -> None:
    """Which one, the event says. The same plan again is no call."""
    reviewed.propose(SANDBOX + CHIEF)

    ran = reviewed.run("comment", "plan.json")

    assert (0, "The comment on #7 for sandbox was created\n") == (ran.code, ran.err)
    assert "Chief" in reviewed.bodies()[0]
    assert reviewed.bodies()[0].endswith("\n\n<!-- reconciler:plan:sandbox -->")
    assert "was unchanged" in reviewed.run("comment", "plan.json").err
    assert 1 == len(reviewed.standin.written)


def test_the_summary_of_the_job_says_the_same(reviewed: Reviewed) -> None:
    """Added to what other steps wrote."""
    reviewed.propose(SANDBOX + CHIEF)
    summary = reviewed.project.write("before\n", "summary.md")
    reviewed.project.environment["GITHUB_STEP_SUMMARY"] = str(summary)

    reviewed.run("comment", "plan.json")

    text = summary.read_text()
    assert text.startswith("before\n")
    assert "Chief" in text
    assert "<!--" not in text


def test_problems_are_annotations(reviewed: Reviewed) -> None:
    """On the lines of the YAML, where reviewers look."""
    soon = "role_assignments: [{role: auditor, users: [ann], expires: 2026-12-01}]\n"
    reviewed.project.commit(SANDBOX + TEAM + soon)
    reviewed.project.run("plan", "-o", "plan.json", "--as-of", "2026-11-25")
    reviewed.standin.open_pull(7, "a" * 40)

    ran = reviewed.run("comment", "plan.json", "--pull", "7")

    assert 0 == ran.code
    assert "::warning file=desired-state/all.yaml,line=" in ran.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("comment",), "give a plan file"),
        (("comment", "plan.json", "--outcome", "x.json"), "give a plan file"),
        (("comment", "missing.json", "--pull", "7"), "missing.json can't be read"),
        (("comment", "--outcome", "plan.json", "--pull", "7"), "plan.json is a plan, not the outcome of an apply"),
        (("comment", "--outcome", "missing.json", "--pull", "7"), "name the tenant that it is about: --tenant NAME"),
        (("drift-issue", "desired-state/all.yaml"), "is not a plan file"),
        (("--repository", "people", "comment", "plan.json"), "write owner/name"),
        (("--api-url", "http://api.github.com", "comment", "plan.json"), "must be https://"),
        (("approved-plans", "-o", "approved", "--commit", "beef"), "names no commit in this clone"),
    ],
)
def test_what_can_not_be_used_is_said(arguments: tuple[str, ...], sentence: str, reviewed: Reviewed) -> None:
    """Exit code 2, and nothing was written anywhere."""
    reviewed.propose(SANDBOX + CHIEF)

    ran = reviewed.run(*arguments)

    assert 2 == ran.code
    assert sentence in ran.err
    assert "Traceback" not in ran.said
    assert [] == reviewed.standin.written


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("GITHUB_TOKEN", "", "the environment variable GITHUB_TOKEN is not set"),
        ("GITHUB_TOKEN", "a b", "does not hold a valid token"),
        ("GITHUB_REPOSITORY", "", "which repository? Name it with --repository"),
    ],
)
def test_what_the_environment_lacks_is_named(name: str, value: str, sentence: str, reviewed: Reviewed) -> None:
    """And no token is repeated."""
    reviewed.propose(SANDBOX + CHIEF)
    reviewed.project.environment[name] = value

    ran = reviewed.run("comment", "plan.json")

    assert (2, True) == (ran.code, sentence in ran.err)


@pytest.mark.parametrize("event", ["", "{", "[]", '{"pull_request": 7}', '{"pull_request": {"number": "7"}}'])
def test_an_event_of_something_else_names_no_pull_request(event: str, reviewed: Reviewed) -> None:
    """Then the commit is asked for; a commit that came without one has none."""
    reviewed.propose(SANDBOX + CHIEF)
    reviewed.project.write(event, "event.json")

    ran = reviewed.run("comment", "plan.json")

    assert 4 == ran.code
    assert "pushed without a pull request" in ran.err
    assert [] == reviewed.standin.written


def test_an_apply_that_refused_to_begin_is_told_with_its_last_words(reviewed: Reviewed) -> None:
    """It leaves no outcome. What it said is quoted."""
    reviewed.propose(SANDBOX + CHIEF)
    commit = reviewed.merge()
    stderr = (
        "Plan for sandbox\nError: 2 guardrails; @everyone <b>look</b>\n"
        "Refused, because no approved plan shows it: user/x\n"
    )
    reviewed.project.write(stderr, "said.txt")
    reviewed.project.write("", "outcome.json")

    ran = reviewed.project.run(
        "--tenant",
        "sandbox",
        "github",
        "comment",
        "--outcome",
        "outcome.json",
        "--said",
        "said.txt",
        "--commit",
        commit,
    )

    assert 0 == ran.code
    [body] = reviewed.bodies()
    assert [
        "### Nothing was applied to `sandbox`",
        "",
        "- Error: 2 guardrails; `@everyone <b>look</b>`",
        "- Refused, because no approved plan shows it: `user/x`",
        "",
        "More: https://github.example/acme/people/actions/runs/42",
        "",
        "<!-- reconciler:outcome:sandbox -->",
    ] == body.splitlines()


def test_the_outcome_of_what_was_pushed_has_nowhere_to_be_told(reviewed: Reviewed) -> None:
    """That is no failure: the job's summary has it."""
    reviewed.project.commit()
    reviewed.project.write("", "outcome.json")

    ran = reviewed.project.run("--tenant", "sandbox", "github", "comment", "--outcome", "outcome.json")

    assert 0 == ran.code
    assert "was pushed without a pull request" in ran.err


def test_drift_has_one_issue(reviewed: Reviewed) -> None:
    """Opened, left alone while nothing changes, closed when mended."""
    reviewed.drift(title="Queen")

    opened, again = reviewed.run("drift-issue", "drift.json"), reviewed.run("drift-issue", "drift.json")
    reviewed.project.run("apply", "--yes")
    reviewed.project.write(reviewed.project.run("drift", "--format", "json").out, "drift.json")
    closed = reviewed.run("drift-issue", "drift.json")

    assert ["opened", "unchanged", "closed"] == [ran.err.split(": ")[1].strip() for ran in (opened, again, closed)]
    [issue] = reviewed.standin.issues
    assert ("Drift in sandbox: 1 person changed by hand", "closed", BOT) == (
        issue["title"],
        issue["state"],
        issue["user"]["login"],
    )
    assert "`Queen`" in issue["body"]
    assert "`reconciler --tenant sandbox import --adopt user/bob`" in issue["body"]
    assert "`reconciler --tenant sandbox apply`" in issue["body"]


REFUSED = "Refused, because no approved plan shows it: user/x\n"


def test_an_issue_that_somebody_edits_at_that_moment_is_looked_at_again(reviewed: Reviewed) -> None:
    """And nothing is opened twice."""
    reviewed.drift(title="Queen")
    reviewed.standin.fail_next("POST", 409)

    ran = reviewed.run("drift-issue", "drift.json")

    assert (0, "The issue on sandbox: opened\n") == (ran.code, ran.err)
    assert 1 == len(reviewed.standin.issues)


@pytest.fixture
def half_done(reviewed: Reviewed) -> Reviewed:
    """Two were approved, one of them moved: an apply in part, whose outcome and drift are in files."""
    reviewed.propose(SANDBOX + CHIEF.replace("title: Clerk", "title: Head Clerk"))
    with reviewed.project.account() as store:
        store.seed([{**reviewed.project.users()["bob"], "title": "Queen"}])
    applied = reviewed.project.run("apply", "plan.json", "--format", "json")
    assert 4 == applied.code
    reviewed.project.write(applied.out, "outcome.json")
    reviewed.project.write(reviewed.project.run("drift", "--format", "json").out, "drift.json")
    return reviewed


def stored(reviewed: Reviewed, **files: str) -> None:
    """The workflow that applies stored these."""
    run = reviewed.standin.start_run(
        reviewed.project.git("rev-parse", "HEAD").strip(), event="push", path=".github/workflows/apply.yml"
    )
    reviewed.standin.store(run, "outcome-sandbox", {name.replace("_", "."): text for name, text in files.items()})
    reviewed.standin.finish_run(run, {})


def body_of(reviewed: Reviewed) -> str:
    [issue] = reviewed.standin.issues
    body: str = issue["body"]
    return body


def test_what_the_last_apply_did_not_do_is_told_with_the_drift(half_done: Reviewed) -> None:
    """By name, from a file; nothing is said twice, and once it is done nothing is said."""
    opened = half_done.run("drift-issue", "drift.json", "--outcome", "outcome.json")

    body = body_of(half_done)
    assert (0, True) == (opened.code, "did not do everything: 1 applied, 1 refused" in body)
    drifted = "- **~** `Bob` (`user/bob`) was changed: `title`: `Queen` → `Head Clerk`<br><sub>since "
    assert "the account changed since this was approved" in body.partition(drifted)[2].partition("\n")[0]
    assert 1 == body.count("the account changed since this was approved")

    assert 0 == half_done.project.run("apply", "--yes").code
    half_done.project.write(half_done.project.run("drift", "--format", "json").out, "drift.json")
    assert "closed" in half_done.run("drift-issue", "drift.json", "--outcome", "outcome.json").err


def test_what_the_last_apply_did_not_do_is_looked_for_at_github(half_done: Reviewed) -> None:
    """In what the workflow stored for the commit that was applied last."""
    stored(half_done, outcome_json=(half_done.project.root / "outcome.json").read_text(), said_txt=REFUSED)

    assert 0 == half_done.run("drift-issue", "drift.json").code
    assert "the account changed since this was approved" in body_of(half_done)
    assert "it reported" not in body_of(half_done)


def test_an_apply_that_never_began_is_told_by_its_last_words(reviewed: Reviewed) -> None:
    """It was merged, and is not applied; there is no outcome, nor anything on record."""
    reviewed.project.commit(SANDBOX + CHIEF)
    reviewed.project.write(reviewed.project.run("drift", "--format", "json").out, "drift.json")
    stored(reviewed, outcome_json="", said_txt=f"Plan for sandbox\n{REFUSED}")

    reviewed.run("drift-issue", "drift.json")

    assert "the changes merged since the last apply (" in body_of(reviewed)
    assert "- it reported: Refused, because no approved plan shows it: `user/x`" in body_of(reviewed)


@pytest.mark.parametrize(
    ("token", "outcome", "sentence"),
    [
        (Token({"issues": "write"}), None, "`actions: read`"),
        (Token({"issues": "write", "actions": "read"}), None, "GitHub does not find"),
        (Token({"issues": "write", "actions": "read"}), "{}", "is not a plan file"),
    ],
)
def test_without_names_it_is_told_all_the_same(
    token: Token, outcome: str | None, sentence: str, half_done: Reviewed
) -> None:
    """A token that may not see it, or nothing that can be read: git's own word is enough for an issue."""
    half_done.standin.tokens[TOKEN] = token
    if outcome:
        stored(half_done, outcome_json=outcome)

    ran = half_done.run("drift-issue", "drift.json")

    assert (0, True) == (ran.code, sentence in ran.err)
    assert "did not do everything" in body_of(half_done)


def test_a_later_apply_is_not_mistaken_for_the_failed_one(half_done: Reviewed) -> None:
    """An outcome of another plan, or of another commit, says nothing any more."""
    outcome = (half_done.project.root / "outcome.json").read_text()
    half_done.project.write(outcome.replace('"digest": "sha256:', '"digest": "sha256:0'), "other.json")

    half_done.run("drift-issue", "drift.json", "--outcome", "other.json")

    assert "- refused" not in body_of(half_done)


def test_a_plan_is_no_outcome(half_done: Reviewed) -> None:
    """Exit code 2."""
    ran = half_done.run("drift-issue", "drift.json", "--outcome", "plan.json")

    assert (2, True) == (ran.code, "plan.json is a plan, not the outcome of an apply" in ran.err)
