"""`github doctor`: which protections a repository has, and what each lacking one leaves open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cli.project import Project, Ran
from tests.github.calls_protection import Listed, Undescribed
from tests.github.standin import FULL, REPOSITORY, StandIn, Token, standing_in

WORKFLOW, ADMIN = "ghs_workflow", "ghp_admin"
TENANTS = """\
tenants:
  qa: {url: 'https://qa.example', token: {env: QA_TOKEN}, scope: all}
  production: {url: 'https://production.example', token: {env: PRODUCTION_TOKEN}, scope: all}
  sandbox: {url: sandbox, scope: all}
"""
OWNERS = "* @acme/people\n/.github/ @acme/admins\n/approvals/ @acme/admins\n"
PULL_RULE = {
    "type": "pull_request",
    "parameters": {
        "required_approving_review_count": 1,
        "require_code_owner_review": True,
        "dismiss_stale_reviews_on_push": True,
        "require_last_push_approval": False,
        "required_review_thread_resolution": False,
    },
}
CHECK_RULE = {
    "type": "required_status_checks",
    "parameters": {
        "required_status_checks": [{"context": "other"}, {"context": "reconciler"}],
        "strict_required_status_checks_policy": False,
    },
}
HISTORY = ({"type": "non_fast_forward"}, {"type": "deletion"})
RECORDS = ("reconciler/qa", "reconciler/production")


@dataclass
class Repository:
    """A repository at GitHub with two tenants, and the one who asks about it."""

    project: Project
    standin: StandIn

    def ask(self, *options: str, token: str = ADMIN) -> Ran:
        self.project.environment |= {
            "GITHUB_API_URL": self.standin.api_url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_TOKEN": token,
        }
        return self.project.run("github", "doctor", *options)

    def checks(self, token: str = ADMIN) -> dict[tuple[str, str], dict[str, Any]]:
        """Returns the checks by code and subject."""
        document = self.ask("--format", "json", token=token).document
        return {(one["code"], one["subject"]): one for one in document["checks"]}

    def states(self, *states: str, token: str = ADMIN) -> set[tuple[str, str]]:
        """Returns the checks in one of these states."""
        return {name for name, one in self.checks(token).items() if one["state"] in states}


def protect(standin: StandIn) -> None:
    """Sets everything that an organization on the plan Enterprise can set."""
    for tenant in ("qa", "production"):
        standin.set_environment(tenant, reviewers=2, branches=["main"])
        standin.set_environment(f"plan-{tenant}")
    standin.set_rules("main", PULL_RULE, CHECK_RULE, *HISTORY)
    standin.documents["/rulesets/7"] = {"id": 7, "name": "main", "bypass_actors": []}
    standin.documents["/branches/main"] = {"name": "main", "protected": False}
    for record in RECORDS:
        standin.set_rules(record.replace("/", "%2F"), *HISTORY)
    standin.set_code_owners(OWNERS)
    files = ("plan.yml", "apply.yml", "drift.yml")
    workflows = [{"id": 1, "name": "x", "path": f".github/workflows/{name}", "state": "active"} for name in files]
    standin.documents["/actions/workflows"] = Listed(workflows, "workflows")
    standin.documents["/actions/permissions"] = {"enabled": True}
    standin.documents["/actions/permissions/workflow"] = {
        "default_workflow_permissions": "read",
        "can_approve_pull_request_reviews": False,
    }
    standin.documents["/meta"] = {"verifiable_password_authentication": False}


@pytest.fixture
def repository(project: Project) -> Iterator[Repository]:
    project.commit(TENANTS)
    with standing_in(StandIn()) as standin:
        standin.tokens[ADMIN] = Token({**FULL, "administration": "read"}, "grace")
        protect(standin)
        yield Repository(project, standin)


def test_where_everything_is_set_nothing_is_lacking(repository: Repository) -> None:
    """Exit code 0, also with --exit-code; nothing is written."""
    ran = repository.ask("--exit-code")

    assert (0, "") == (ran.code, ran.err)
    assert ran.out.startswith(f"Protections of {REPOSITORY} (127.0.0.1): 0 lacking, 0 not known, ")
    assert set() == repository.states("lacking", "not_known")
    assert [] == repository.standin.written


def test_the_embedded_4me_has_no_environments(repository: Repository) -> None:
    """It lives where the command runs."""
    assert not [subject for _code, subject in repository.checks() if "sandbox" in subject]


def test_one_tenant_can_be_asked_about(repository: Repository) -> None:
    """By the option of all commands; a tenant that is not declared is a mistake."""
    ran = repository.project.run("--tenant", "qa", "github", "--api-url", repository.standin.api_url, "doctor")
    assert 2 == ran.code  # no repository is named yet
    repository.ask()

    ran = repository.project.run("--tenant", "qa", "github", "doctor")

    assert (0, False) == (ran.code, "production" in ran.out)
    assert 2 == repository.project.run("--tenant", "q", "github", "doctor").code


Change = Callable[[StandIn], object]


def drop(*paths: str) -> Change:
    return lambda standin: [standin.documents.pop(path) for path in paths]


def rules(*some: dict[str, Any]) -> Change:
    return lambda standin: standin.set_rules("main", *some)


def pull_rule(**changed: object) -> Change:
    return rules({"type": "pull_request", "parameters": {**PULL_RULE["parameters"], **changed}}, CHECK_RULE, *HISTORY)  # type: ignore[dict-item]


def environment(name: str, **options: Any) -> Change:
    def change(standin: StandIn) -> None:
        listed = standin.documents["/environments"].items
        listed[:] = [one for one in listed if one["name"] != name]
        standin.set_environment(name, **options)

    return change


def remove_environment(name: str) -> Change:
    return lambda standin: standin.documents["/environments"].items.remove(standin.documents[f"/environments/{name}"])


def about(**fields: object) -> Change:
    return lambda standin: standin.documents.update({"": {**standin.documents[""], **fields}})


def rule_of_next_year(standin: StandIn) -> None:
    """Adds a rule of a type that GitHub does not describe yet."""
    standin.set_rules("reconciler%2Fqa", *HISTORY, {"type": "a_rule_of_next_year"})
    listed = standin.documents["/rules/branches/reconciler%2Fqa"].items
    standin.documents["/rules/branches/reconciler%2Fqa"] = Undescribed(listed)


def record_rules(*some: dict[str, Any]) -> Change:
    return lambda standin: standin.set_rules("reconciler%2Fqa", *HISTORY, *some)


@pytest.mark.parametrize(
    ("change", "lacking"),
    [
        (about(private=False), {("repository.private", REPOSITORY)}),
        (about(has_issues=False), {("repository.issues", REPOSITORY)}),
        (remove_environment("qa"), {("environment.exists", "qa")}),
        (remove_environment("plan-qa"), {("environment.exists", "plan-qa")}),
        (environment("qa", reviewers=1), {("environment.branches", "qa")}),
        (environment("qa", reviewers=1, branches=["main", "release/*"]), {("environment.branches", "qa")}),
        (environment("qa", reviewers=1, branches=["main"], self_review=True), {("environment.self_review", "qa")}),
        (environment("plan-qa", branches=["main"]), {("environment.plan_branches", "plan-qa")}),
        (environment("plan-qa", branches=[]), {("environment.plan_branches", "plan-qa")}),
        (environment("plan-qa", branches=["main", "refs/pull/*/merge"]), set()),
        (
            rules(CHECK_RULE, *HISTORY),
            {(f"branch.{name}", "main") for name in ("pull_requests", "reviews", "code_owners", "stale_reviews")},
        ),
        (pull_rule(required_approving_review_count=0), {("branch.reviews", "main")}),
        (pull_rule(require_code_owner_review=False), {("branch.code_owners", "main")}),
        (pull_rule(dismiss_stale_reviews_on_push=False), {("branch.stale_reviews", "main")}),
        (pull_rule(dismiss_stale_reviews_on_push=False, require_last_push_approval=True), set()),
        (rules(PULL_RULE, *HISTORY), {("branch.check", "main")}),
        (rules(PULL_RULE, CHECK_RULE, HISTORY[0]), {("branch.history", "main")}),
        (rules(PULL_RULE, CHECK_RULE, HISTORY[1]), {("branch.history", "main")}),
        (
            lambda standin: standin.documents["/rulesets/7"].update(bypass_actors=[{"actor_type": "Team"}]),
            {("branch.bypass", "main")},
        ),
        (drop("/contents/.github/CODEOWNERS"), {("code_owners.file", ".github/CODEOWNERS")}),
        (
            lambda standin: standin.set_code_owners("/.github/ @acme/admins\n"),
            {("code_owners.covers", "approvals/"), ("code_owners.covers", "desired-state/")},
        ),
        (
            lambda standin: standin.set_code_owners(OWNERS + "/.github/workflows/\n"),
            {("code_owners.covers", ".github/")},
        ),
        (
            lambda standin: standin.documents.update(
                {"/codeowners/errors": {"errors": [{"line": 3, "kind": "Unknown owner", "path": "CODEOWNERS"}] * 7}}
            ),
            {("code_owners.errors", ".github/CODEOWNERS")},
        ),
        (record_rules({"type": "pull_request"}), {("record.push", "reconciler/qa")}),
        (record_rules({"type": "required_linear_history"}), {("record.push", "reconciler/qa")}),
        (rule_of_next_year, {("record.push", "reconciler/qa")}),
        (lambda standin: standin.set_rules("reconciler%2Fqa", HISTORY[0]), {("record.history", "reconciler/qa")}),
        (
            lambda standin: standin.documents["/actions/workflows"].items[0].update(state="disabled_inactivity"),
            {("workflow.active", ".github/workflows/plan.yml")},
        ),
        (
            lambda standin: standin.documents["/actions/workflows"].items.pop(),
            {("workflow.active", ".github/workflows/drift.yml")},
        ),
        (
            lambda standin: standin.documents.update({"/actions/permissions": {"enabled": False}}),
            {("actions.enabled", "GitHub Actions")},
        ),
        (
            lambda standin: standin.documents["/actions/permissions/workflow"].update(
                can_approve_pull_request_reviews=True
            ),
            {("actions.approve", "GitHub Actions")},
        ),
    ],
)
def test_what_is_lacking_is_named_with_what_it_leaves_open(
    change: Change, lacking: set[tuple[str, str]], repository: Repository
) -> None:
    """And with where to set it. Nothing else changes."""
    change(repository.standin)

    checks = repository.checks()

    assert lacking == {name for name, one in checks.items() if one["state"] in {"lacking", "not_known"}}
    assert all(checks[name]["opens"] and checks[name]["remedy"] for name in lacking)
    assert (3 if lacking else 0) == repository.ask("--exit-code").code
    assert 0 == repository.ask().code


@pytest.mark.parametrize(
    ("change", "unknown"),
    [
        (drop("/environments"), {("environment.exists", "all tenants")}),
        (drop("/environments/qa/deployment-branch-policies"), {("environment.branches", "qa")}),
        (environment("qa", reviewers=1, branches=[]), {("environment.branches", "qa")}),
        (drop("/rulesets/7"), {("branch.bypass", "main")}),
        (lambda standin: standin.documents["/rulesets/7"].pop("bypass_actors"), {("branch.bypass", "main")}),
        (drop("/codeowners/errors"), {("code_owners.errors", ".github/CODEOWNERS")}),
        (
            lambda standin: standin.documents.update({"/codeowners/errors": Undescribed({})}),
            {("code_owners.errors", ".github/CODEOWNERS")},
        ),
        (
            lambda standin: standin.documents["/contents/.github/CODEOWNERS"].update(encoding="none"),
            {("code_owners.file", ".github/CODEOWNERS")},
        ),
        (
            drop("/rules/branches/reconciler%2Fqa"),
            {("record.push", "reconciler/qa"), ("record.history", "reconciler/qa")},
        ),
        (record_rules({"type": "update"}), {("record.push", "reconciler/qa")}),
        (
            lambda standin: standin.documents.update(
                {"/branches/reconciler%2Fqa": {"name": "reconciler/qa", "protected": True}}
            ),
            {("record.push", "reconciler/qa")},
        ),
        (drop("/actions/workflows"), {("workflow.active", "all")}),
        (drop("/actions/permissions"), {("actions.enabled", "GitHub Actions")}),
        (drop("/actions/permissions/workflow"), {("actions.approve", "GitHub Actions")}),
    ],
)
def test_what_can_not_be_read_is_not_known(
    change: Change, unknown: set[tuple[str, str]], repository: Repository
) -> None:
    """Missing information is never good news: it is named with how to find out."""
    change(repository.standin)

    checks = repository.checks()

    assert unknown == {name for name, one in checks.items() if one["state"] == "not_known"}
    assert all(checks[name]["remedy"] for name in unknown)
    assert 3 == repository.ask("--exit-code").code


CLASSIC = {
    "required_pull_request_reviews": {
        "required_approving_review_count": 2,
        "require_code_owner_reviews": True,
        "dismiss_stale_reviews": True,
    },
    "required_status_checks": {"contexts": ["reconciler"], "strict": True},
    "enforce_admins": {"enabled": True},
}


def test_a_classic_protection_counts_like_rules(repository: Repository) -> None:
    """Force pushes and deletions are forbidden unless it allows them; administrators may be exempt."""
    repository.standin.set_rules("main")
    repository.standin.documents["/branches/main"]["protected"] = True
    repository.standin.documents["/branches/main/protection"] = CLASSIC
    assert set() == repository.states("lacking", "not_known")
    assert ("branch.up_to_date", "main") in repository.states("note")

    exempt = {"enforce_admins": {"enabled": False}, "allow_deletions": {"enabled": True}}
    repository.standin.documents["/branches/main/protection"] = {**CLASSIC, **exempt}

    assert {("branch.bypass", "main"), ("branch.history", "main")} == repository.states("lacking", "not_known")


def test_rules_that_are_seen_count_though_the_classic_protection_is_not(repository: Repository) -> None:
    """The token of a workflow may not read it."""
    repository.standin.documents["/branches/main"]["protected"] = True
    repository.standin.set_rules("main", PULL_RULE)

    unknown = repository.states("not_known", token=WORKFLOW)

    assert {("branch.rules", "main"), ("branch.check", "main"), ("branch.history", "main")} <= unknown
    assert ("branch.reviews", "main") in repository.states("set", token=WORKFLOW)
    assert set() == repository.states("lacking", token=WORKFLOW)


def test_without_any_rule_that_can_be_read_nothing_is_set(repository: Repository) -> None:
    """Neither rules nor the branch."""
    drop("/rules/branches/main", "/branches/main")(repository.standin)

    checks = repository.checks()

    assert {"not_known"} == {one["state"] for (code, _subject), one in checks.items() if code.startswith("branch.")}


def test_a_merge_queue_is_noted(repository: Repository) -> None:
    """It needs nothing else."""
    repository.standin.set_rules("main", PULL_RULE, CHECK_RULE, {"type": "merge_queue"}, *HISTORY)

    assert ("branch.merge_queue", "main") in repository.states("note")
    assert set() == repository.states("lacking", "not_known")


def test_on_a_private_repository_without_reviewers_the_files_are_named_once(repository: Repository) -> None:
    """On the plan Team they can't be set, so their lack is no gap."""
    for tenant in ("qa", "production"):
        environment(tenant, branches=["main"])(repository.standin)

    ran = repository.ask("--exit-code")

    assert 0 == ran.code
    assert 1 == ran.told.count("with Enterprise only, not with Team or Pro")
    assert 1 == ran.told.count("approvals/<digest>-<tenant>.yaml")
    assert ("environment.reviewers", "`qa`, `production`") in repository.states("note")


def test_the_plan_of_the_organization_is_shown_if_the_token_may_see_it(repository: Repository) -> None:
    """Owners see it; for everyone else it is left out."""
    assert "on the plan" not in repository.ask().out
    repository.standin.documents["/orgs/acme"] = {"login": "acme", "plan": {"name": "team"}}

    assert "belongs to an organization (on the plan team)" in repository.ask().out


def test_names_of_environments_ignore_case(repository: Repository) -> None:
    """As at GitHub."""
    remove_environment("qa")(repository.standin)
    repository.standin.set_environment("QA", reviewers=1, branches=["main"])

    assert set() == repository.states("lacking", "not_known")


def test_protected_branches_may_use_an_environment_if_the_branch_is_one(repository: Repository) -> None:
    """Without any protected branch, GitHub lets every branch."""
    environment("qa", reviewers=1, branches=[])(repository.standin)
    repository.standin.documents["/branches/main"]["protected"] = True
    repository.standin.documents["/branches/main/protection"] = CLASSIC

    assert ("environment.branches", "qa") in repository.states("set")


def test_a_server_of_its_own_is_told_what_does_not_work(repository: Repository) -> None:
    """By its version, which github.com does not have."""
    repository.standin.documents["/meta"] = Undescribed({"installed_version": "3.17.2"})

    document = repository.ask("--format", "json").document

    assert "3.17.2" == document["version"]
    states = {one["code"]: one["state"] for one in document["checks"] if one["code"].startswith("server.")}
    assert {
        "server.version": "note",
        "server.artifacts": "lacking",
        "server.concurrency": "lacking",
        "server.deployment": "not_known",
    } == states

    drop("/meta")(repository.standin)
    assert ("server.version", "GitHub Enterprise Server") in repository.states("not_known")


def test_the_markdown_is_the_summary_of_the_job(repository: Repository) -> None:
    """With foreign names in code spans."""
    summary = repository.project.write("", "summary.md")
    repository.project.environment["GITHUB_STEP_SUMMARY"] = str(summary)
    record_rules({"type": "pull_request", "ruleset_source": "<b>@acme</b>"})(repository.standin)

    ran = repository.ask("--format", "markdown")

    assert ran.out.strip() == summary.read_text().strip()
    assert "### Protections of `acme/people`: 1 lacking" in ran.out
    assert "`<b>@acme</b>" in ran.out


def test_the_json_has_stable_names(repository: Repository) -> None:
    """For scripts."""
    document = repository.ask("--format", "json").document

    assert ["format", "repository", "host", "version", "default_branch", "checks", "has_gaps"] == list(document)
    assert {("code", "subject", "state", "found", "opens", "remedy")} == {tuple(one) for one in document["checks"]}


def test_a_repository_that_can_not_be_read_is_an_error(repository: Repository) -> None:
    """With GitHub's reason; a wrong token too."""
    assert 5 == repository.ask(token="ghp_unknown").code
    repository.standin.documents.pop("")

    ran = repository.ask()

    assert 1 == ran.code
    assert "GitHub does not find" in ran.err
