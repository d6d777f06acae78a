"""Checks the repository itself: who can read it, its code owners, its workflows, and what GitHub Actions may do."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.model.protection import ProtectionCheck
from reconciler.github.doctor.branch_checks import WITH_ADMIN
from reconciler.github.doctor.code_owners import LOCATIONS, has_owner
from reconciler.github.doctor.facts import KnownFact, UnknownFact
from reconciler.github.doctor.read import ProtectionFacts

WORKFLOWS = {
    "plan.yml": "no pull request has a plan, so no merge approves anything",
    "apply.yml": "no merge is applied",
    "drift.yml": "changes by hand in an account are not reported",
}
MOST_LINES = 5  # wrong lines that a message names
GENERAL, ACTIONS = "Settings → General", "Settings → Actions → General"
PROBED = {".github/": ".github/workflows/apply.yml", "approvals/": f"approvals/{'0' * 64}-tenant.yaml"}


def check_repository(facts: ProtectionFacts) -> Iterator[ProtectionCheck]:
    """Yields the checks of the repository's settings."""
    about = facts.about
    kind = "an organization" if about.owner.type == "Organization" else "a person"
    plan = f" (on the plan `{facts.plan}`)" if facts.plan else ""
    if about.private:
        yield ProtectionCheck(
            "repository.private", about.full_name, "set", f"the repository is private, and belongs to {kind}{plan}"
        )
    else:
        yield ProtectionCheck(
            "repository.private",
            about.full_name,
            "lacking",
            "the repository is public",
            "everyone can read the plans and outcomes, which name users with their roles",
            f"{GENERAL} → Danger Zone → Change visibility",
        )
    if about.has_issues:
        yield ProtectionCheck("repository.issues", about.full_name, "set", "issues are on")
    else:
        opens = "drift is reported in no issue: each run of Drift fails"
        where = f"{GENERAL} → Features → Issues"
        yield ProtectionCheck("repository.issues", about.full_name, "lacking", "issues are off", opens, where)


def check_code_owners(facts: ProtectionFacts, folder: str) -> Iterator[ProtectionCheck]:
    """Yields the checks of CODEOWNERS; `folder` is the desired state's."""
    code, where = "code_owners.file", LOCATIONS[0]
    if not isinstance(facts.owners, KnownFact):
        found = f"CODEOWNERS can't be read: {facts.owners.reason}"
        yield ProtectionCheck(
            code, where, "not_known", found, "", "look at the file, or give the token `contents: read`"
        )
        return
    owners = facts.owners.value
    if owners is None:
        opens = "a review by code owners requires nothing: any reviewer can approve workflows, guardrails and tenants"
        lines = ", ".join(f"`/{name}/ @OWNER/TEAM`" for name in (".github", "approvals", folder))
        remedy = f"add {where} with lines such as {lines}"
        yield ProtectionCheck(code, where, "lacking", "there is no CODEOWNERS", opens, remedy)
        return
    yield ProtectionCheck(code, owners.path, "set", f"{owners.path} exists")
    yield _check_errors(facts, owners.path)
    probes = {**PROBED, **({f"{folder}/": f"{folder}/tenants.yaml"} if folder != "." else {})}
    for name, probe in probes.items():
        if has_owner(owners.text, probe):
            yield ProtectionCheck("code_owners.covers", name, "set", f"`{name}` has code owners")
        else:
            opens = f"any reviewer can approve changes of `{name}`"
            line = f"add the line `/{name} @OWNER/TEAM` at the end of {owners.path}"
            yield ProtectionCheck("code_owners.covers", name, "lacking", f"`{name}` has no code owners", opens, line)


def _check_errors(facts: ProtectionFacts, path: str) -> ProtectionCheck:
    code = "code_owners.errors"
    if isinstance(facts.owners_errors, UnknownFact):
        found = f"it is not known whether GitHub can read every line of {path}: {facts.owners_errors.reason}"
        return ProtectionCheck(code, path, "not_known", found, "", f"open {path} on GitHub: it marks wrong lines")
    errors = facts.owners_errors.value
    if not errors:
        return ProtectionCheck(code, path, "set", f"GitHub can read every line of {path}")
    shown = "; ".join(f"line {one.line}: {one.kind}" for one in errors[:MOST_LINES])
    more = f"; and {len(errors) - MOST_LINES:,} more" if len(errors) > MOST_LINES else ""
    opens = "GitHub ignores these lines, so their files may have no code owner"
    return ProtectionCheck(code, path, "lacking", f"{path} has wrong lines: {shown}{more}", opens, f"correct {path}")


def check_actions(facts: ProtectionFacts) -> Iterator[ProtectionCheck]:
    """Yields the checks of the workflows, and of what GitHub Actions may do."""
    yield from _check_workflows(facts)
    if not isinstance(facts.actions, KnownFact):
        found = f"it is not known whether GitHub Actions is on: {facts.actions.reason}"
        yield ProtectionCheck("actions.enabled", "GitHub Actions", "not_known", found, "", f"{ACTIONS}: {WITH_ADMIN}")
    elif facts.actions.value.enabled:
        yield ProtectionCheck("actions.enabled", "GitHub Actions", "set", "GitHub Actions is on")
    else:
        opens = "no pull request has a plan, and no merge is applied"
        yield ProtectionCheck("actions.enabled", "GitHub Actions", "lacking", "GitHub Actions is off", opens, ACTIONS)
    yield _check_approving(facts)


def _check_approving(facts: ProtectionFacts) -> ProtectionCheck:
    code, name = "actions.approve", "GitHub Actions"
    opens = "a workflow of any branch can approve a pull request, as the one review that is required"
    where = f"{ACTIONS} → Allow GitHub Actions to create and approve pull requests: off"
    if not isinstance(facts.permissions, KnownFact):
        found = f"it is not known whether workflows may approve pull requests: {facts.permissions.reason}"
        return ProtectionCheck(code, name, "not_known", found, opens, f"{where}; {WITH_ADMIN}")
    if facts.permissions.value.can_approve_pull_request_reviews:
        return ProtectionCheck(code, name, "lacking", "workflows may approve pull requests", opens, where)
    return ProtectionCheck(code, name, "set", "workflows may not approve pull requests")


def _check_workflows(facts: ProtectionFacts) -> Iterator[ProtectionCheck]:
    code = "workflow.active"
    if not isinstance(facts.workflows, KnownFact):
        found = f"the workflows can't be read: {facts.workflows.reason}"
        yield ProtectionCheck(code, "all", "not_known", found, "", "look at the page Actions, or give `actions: read`")
        return
    states = {one.path: one.state for one in facts.workflows.value}
    for name, opens in WORKFLOWS.items():
        path = f".github/workflows/{name}"
        state = states.get(path)
        if state == "active":
            yield ProtectionCheck(code, path, "set", f"{path} is active")
        elif state is None:
            yield ProtectionCheck(
                code, path, "lacking", f"{path} does not exist", opens, "write it with `reconciler init`"
            )
        else:
            found = f"{path} does not run ({state})"
            yield ProtectionCheck(code, path, "lacking", found, opens, f"Actions → {name} → Enable workflow")
