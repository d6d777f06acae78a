"""Reads everything that the checks need, one question after the other. A missing permission leaves a fact unread."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

from reconciler.errors import Failed, NotFound
from reconciler.github.client import GitHub
from reconciler.github.doctor.code_owners import LOCATIONS
from reconciler.github.doctor.facts import (
    ActionsSwitch,
    BranchAbout,
    BranchRule,
    ClassicProtection,
    CodeOwnersError,
    Fact,
    FileContent,
    KnownFact,
    RepositoryAbout,
    Ruleset,
    WorkflowAbout,
    WorkflowPermissions,
    ask,
)
from reconciler.github.environments import Environment, PolicyPattern, list_environments, list_policy_patterns
from reconciler.github.models import GitHubModel, parse

CLOUD = "api.github.com"
DATA_RESIDENCY = ".ghe.com"
M = TypeVar("M", bound=GitHubModel)


@dataclass(frozen=True, slots=True)
class DoctorSubject:
    """The tenants with the names of their record branches, and the folder of the desired state in the repository."""

    records: Mapping[str, str]
    folder: str


@dataclass(frozen=True, slots=True)
class OwnersFile:
    """CODEOWNERS: its path, and its text."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class ProtectionFacts:
    """The answers. `plan` is the organization's; `server` is the version of a GitHub Enterprise Server, else None.

    `patterns` has the branches that may use an environment with a list of them; `classic` is None if no classic rule
    covers the default branch. By record branch, `record_rules` and `record_branches` have rules and classic rules.
    """

    about: RepositoryAbout
    plan: str | None
    server: Fact[str] | None
    environments: Fact[tuple[Environment, ...]]
    patterns: Mapping[str, Fact[tuple[PolicyPattern, ...]]]
    rules: Fact[tuple[BranchRule, ...]]
    rulesets: Mapping[int, Fact[Ruleset]]
    branch: Fact[BranchAbout]
    classic: Fact[ClassicProtection] | None
    record_rules: Mapping[str, Fact[tuple[BranchRule, ...]]]
    record_branches: Mapping[str, Fact[BranchAbout | None]]
    owners: Fact[OwnersFile | None]
    owners_errors: Fact[tuple[CodeOwnersError, ...]]
    workflows: Fact[tuple[WorkflowAbout, ...]]
    actions: Fact[ActionsSwitch]
    permissions: Fact[WorkflowPermissions]


def read_protections(github: GitHub, subject: DoctorSubject) -> ProtectionFacts:
    """Asks GitHub for all facts. Raises if the repository itself can't be read."""
    about = parse(RepositoryAbout, github.get(""))
    environments = ask(lambda: tuple(list_environments(github)))
    branch = ask(lambda: _one(github, f"/branches/{_quoted(about.default_branch)}", BranchAbout))
    rules = _read_rules(github, about.default_branch)
    return ProtectionFacts(
        about=about,
        plan=read_plan_name(github, about),
        server=read_server(github),
        environments=environments,
        patterns=_read_patterns(github, environments, subject.records),
        rules=rules,
        rulesets=_read_rulesets(github, rules),
        branch=branch,
        classic=_read_classic(github, about.default_branch, branch),
        record_rules={name: _read_rules(github, name) for name in subject.records.values()},
        record_branches={name: _read_branch(github, name) for name in subject.records.values()},
        owners=ask(lambda: _read_owners(github)),
        owners_errors=ask(lambda: _read_errors(github)),
        workflows=ask(lambda: tuple(_all(github, "/actions/workflows", WorkflowAbout, "workflows"))),
        actions=ask(lambda: _one(github, "/actions/permissions", ActionsSwitch)),
        permissions=ask(lambda: _one(github, "/actions/permissions/workflow", WorkflowPermissions)),
    )


def read_plan_name(github: GitHub, about: RepositoryAbout) -> str | None:
    """Returns the plan of the organization; None unless GitHub shows it to this token."""
    found = ask(lambda: github.get_of_host(f"/orgs/{_quoted(about.owner.login)}"))
    plan = found.value.get("plan") if isinstance(found, KnownFact) and isinstance(found.value, dict) else None
    name = plan.get("name") if isinstance(plan, dict) else None
    return name if isinstance(name, str) else None


def read_server(github: GitHub) -> Fact[str] | None:
    """Returns the version of a GitHub Enterprise Server; None for github.com, and for GitHub with data residency."""
    if github.host == CLOUD or github.host.endswith(DATA_RESIDENCY):
        return None
    meta = ask(lambda: github.get_of_host("/meta"))
    if not isinstance(meta, KnownFact):
        return meta
    version = meta.value.get("installed_version") if isinstance(meta.value, dict) else None
    return KnownFact(version) if isinstance(version, str) else None  # a proxy of github.com has no version


def _one(github: GitHub, path: str, kind: type[M]) -> M:
    return parse(kind, github.get(path))


def _all(github: GitHub, path: str, kind: type[M], name: str | None = None) -> list[M]:
    return [parse(kind, one) for one in github.get_all(path, name)]


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _read_rules(github: GitHub, branch: str) -> Fact[tuple[BranchRule, ...]]:
    return ask(lambda: tuple(_all(github, f"/rules/branches/{_quoted(branch)}", BranchRule)))


def _read_rulesets(github: GitHub, rules: Fact[tuple[BranchRule, ...]]) -> Mapping[int, Fact[Ruleset]]:
    known = rules.value if isinstance(rules, KnownFact) else ()
    ids = sorted({rule.ruleset_id for rule in known if rule.ruleset_id is not None})
    return {number: _read_ruleset(github, number) for number in ids}


def _read_ruleset(github: GitHub, number: int) -> Fact[Ruleset]:
    return ask(lambda: _one(github, f"/rulesets/{number}", Ruleset))


def _read_classic(github: GitHub, name: str, branch: Fact[BranchAbout]) -> Fact[ClassicProtection] | None:
    if isinstance(branch, KnownFact) and not branch.value.protected:
        return None
    return ask(lambda: _one(github, f"/branches/{_quoted(name)}/protection", ClassicProtection))


def _read_patterns(
    github: GitHub, environments: Fact[tuple[Environment, ...]], tenants: Iterable[str]
) -> Mapping[str, Fact[tuple[PolicyPattern, ...]]]:
    known = environments.value if isinstance(environments, KnownFact) else ()
    wanted = {name.casefold() for tenant in tenants for name in (tenant, f"plan-{tenant}")}
    listed = [
        one.name
        for one in known
        if one.deployment_branch_policy is not None
        and one.deployment_branch_policy.custom_branch_policies
        and one.name.casefold() in wanted
    ]
    return {name: _read_patterns_of(github, name) for name in listed}


def _read_patterns_of(github: GitHub, environment: str) -> Fact[tuple[PolicyPattern, ...]]:
    return ask(lambda: tuple(list_policy_patterns(github, environment)))


def _read_branch(github: GitHub, name: str) -> Fact[BranchAbout | None]:
    """Returns the branch of a record, or None if it does not exist yet."""

    def read() -> BranchAbout | None:
        try:
            return _one(github, f"/branches/{_quoted(name)}", BranchAbout)
        except NotFound:
            return None

    return ask(read)


def _read_owners(github: GitHub) -> OwnersFile | None:
    """Returns the first CODEOWNERS of the default branch, in GitHub's order."""
    for path in LOCATIONS:
        try:
            found = _one(github, f"/contents/{path}", FileContent)
        except NotFound:
            continue
        if found.encoding != "base64":
            raise Failed(f"GitHub does not send the text of {path}: it is too large")
        return OwnersFile(path, base64.b64decode(found.content).decode("utf-8", "replace"))
    return None


def _read_errors(github: GitHub) -> tuple[CodeOwnersError, ...]:
    document = github.get("/codeowners/errors")
    errors = document.get("errors") if isinstance(document, dict) else None
    if not isinstance(errors, list):
        raise Failed("the answer of GitHub to /codeowners/errors has no errors")
    return tuple(parse(CodeOwnersError, one) for one in errors)
