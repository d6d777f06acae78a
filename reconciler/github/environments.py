"""Reads the environments of a repository: their reviewers, and the branches that may use them."""

from __future__ import annotations

from urllib.parse import quote

from pydantic import Field

from reconciler.errors import NotFound
from reconciler.github.client import GitHub
from reconciler.github.models import GitHubModel, parse

REVIEWERS_RULE = "required_reviewers"


class EnvironmentRule(GitHubModel):
    """A protection rule of an environment: `required_reviewers`, `wait_timer` or `branch_policy`."""

    type: str
    reviewers: list[object] = Field(default_factory=list)
    prevent_self_review: bool = False


class BranchPolicy(GitHubModel):
    """The branches that may use an environment: protected ones, or those of a list."""

    protected_branches: bool
    custom_branch_policies: bool


class Environment(GitHubModel):
    """An environment; without a branch policy, every branch may use it."""

    name: str
    protection_rules: list[EnvironmentRule] = Field(default_factory=list)
    deployment_branch_policy: BranchPolicy | None = None

    @property
    def reviewers(self) -> EnvironmentRule | None:
        """The rule that requires reviewers, if the environment has one with reviewers."""
        rules = (rule for rule in self.protection_rules if rule.type == REVIEWERS_RULE and rule.reviewers)
        return next(rules, None)


class PolicyPattern(GitHubModel):
    """A branch or tag, or a pattern of their names, that may use an environment."""

    name: str
    type: str = "branch"


def list_environments(github: GitHub) -> list[Environment]:
    """Returns all environments of the repository."""
    return [parse(Environment, one) for one in github.get_all("/environments", "environments")]


def list_policy_patterns(github: GitHub, environment: str) -> list[PolicyPattern]:
    """Returns the branches and tags that may use an environment with a list of them."""
    path = f"/environments/{quote(environment, safe='')}/deployment-branch-policies"
    return [parse(PolicyPattern, one) for one in github.get_all(path, "branch_policies")]


def has_reviewers(github: GitHub, environment: str) -> bool:
    """Whether the environment requires reviewers now; one that does not exist has none."""
    try:
        found = parse(Environment, github.get(f"/environments/{quote(environment, safe='')}"))
    except NotFound:
        return False
    return found.reviewers is not None
