"""Checks the environments of each tenant: `T` for applies, and `plan-T` for plans and drift."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.core.model.protection import ProtectionCheck
from reconciler.github.doctor.facts import KnownFact
from reconciler.github.doctor.read import ProtectionFacts
from reconciler.github.environments import Environment

SETTINGS = "Settings → Environments"
PULL_REFS = ("refs/pull/*/merge", "refs/pull/*/*", "*")
WITH_READ = "run this with a token that may read the repository's actions"


def check_environments(facts: ProtectionFacts, tenants: Sequence[str]) -> Iterator[ProtectionCheck]:
    """Yields the checks of all tenants' environments."""
    if not isinstance(facts.environments, KnownFact):
        found = f"the environments can't be read: {facts.environments.reason}"
        yield ProtectionCheck(
            "environment.exists", "all tenants", "not_known", found, "", f"{WITH_READ}, or look at {SETTINGS}"
        )
        return
    named = {one.name.casefold(): one for one in facts.environments.value}
    for tenant in tenants:
        for name in (tenant, f"plan-{tenant}"):
            environment = named.get(name.casefold())
            yield _check_exists(name, environment)
            if environment is not None and name == tenant:
                yield _check_branches(facts, environment)
            elif environment is not None:
                yield from _check_plan_branches(facts, environment)
    yield from _check_reviewers(facts, [one for tenant in tenants if (one := named.get(tenant.casefold()))])


def _check_exists(name: str, environment: Environment | None) -> ProtectionCheck:
    if environment is not None:
        return ProtectionCheck("environment.exists", name, "set", f"the environment `{name}` exists")
    return ProtectionCheck(
        "environment.exists",
        name,
        "lacking",
        f"the environment `{name}` does not exist",
        "the first job that names it creates it, without any protection",
        f"{SETTINGS} → New environment: `{name}`, with the secret SCIM_TOKEN",
    )


def _check_branches(facts: ProtectionFacts, environment: Environment) -> ProtectionCheck:
    code, name, default = "environment.branches", environment.name, facts.about.default_branch
    where = f"{SETTINGS} → {name} → Deployment branches and tags: selected branches, `{default}` alone"
    opens = f"a person who can push a branch can change its workflow, and use the token of `{name}` without a review"
    policy = environment.deployment_branch_policy
    if policy is None:
        return ProtectionCheck(code, name, "lacking", f"every branch may use `{name}`", opens, where)
    if policy.protected_branches:
        protected = isinstance(facts.branch, KnownFact) and facts.branch.value.protected
        if protected:
            return ProtectionCheck(code, name, "set", f"protected branches alone may use `{name}`")
        found = f"protected branches alone may use `{name}`, and `{default}` is not known to be one"
        return ProtectionCheck(code, name, "not_known", f"{found}; without any, GitHub lets every branch", opens, where)
    patterns = facts.patterns[name]
    if not isinstance(patterns, KnownFact):
        return ProtectionCheck(
            code, name, "not_known", f"the branches that may use `{name}` can't be read: {patterns.reason}", "", where
        )
    others = [one.name for one in patterns.value if (one.type, one.name) != ("branch", default)]
    if others:
        found = f"besides `{default}`, `{name}` may be used by {_list(others)}"
        return ProtectionCheck(code, name, "lacking", found, opens, where)
    return ProtectionCheck(code, name, "set", f"`{default}` alone may use `{name}`")


def _check_plan_branches(facts: ProtectionFacts, environment: Environment) -> Iterator[ProtectionCheck]:
    """Yields a check only if the branches are limited, because then pull requests may have no plan."""
    code, name, policy = "environment.plan_branches", environment.name, environment.deployment_branch_policy
    if policy is None:
        return
    patterns = facts.patterns.get(name, KnownFact(()))
    if isinstance(patterns, KnownFact) and any(one.name in PULL_REFS for one in patterns.value):
        yield ProtectionCheck(code, name, "set", f"pull requests may use `{name}`")
        return
    found = f"the branches that may use `{name}` are limited, and `refs/pull/*/merge` is not known to be one"
    opens = "GitHub refuses the job that plans, because a pull request runs at refs/pull/NUMBER/merge: it has no plan"
    yield ProtectionCheck(
        code, name, "lacking", found, opens, f"{SETTINGS} → {name} → Deployment branches: no restriction"
    )


def _check_reviewers(facts: ProtectionFacts, environments: Sequence[Environment]) -> Iterator[ProtectionCheck]:
    code = "environment.reviewers"
    without = [one.name for one in environments if one.reviewers is None]
    for one in environments:
        if one.reviewers is None:
            continue
        found = f"`{one.name}` requires reviewers: for applies by hand, and for those of merges too"
        yield ProtectionCheck(code, one.name, "set", found)
        yield _check_self_review(one.name, prevented=one.reviewers.prevent_self_review)
    if without:
        plans = (
            "On a private repository, GitHub offers reviewers with Enterprise only, not with Team or Pro. "
            if facts.about.private
            else ""
        )
        way = (
            "A plan by hand is approved by a file instead: run Apply by hand, and it prints the file "
            "`approvals/<digest>-<tenant>.yaml` to add in a pull request that another person approves"
        )
        yield ProtectionCheck(
            code, _list(without), "note", f"no reviewers are required for {_list(without)}", "", plans + way
        )


def _check_self_review(name: str, *, prevented: bool) -> ProtectionCheck:
    code = "environment.self_review"
    if prevented:
        return ProtectionCheck(code, name, "set", f"in `{name}`, the person who started a run can't approve it")
    return ProtectionCheck(
        code,
        name,
        "lacking",
        f"in `{name}`, the person who started a run may approve it",
        "one person alone can apply a plan by hand",
        f"{SETTINGS} → {name} → Required reviewers: Prevent self-review",
    )


def _list(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
