"""Checks the rules for the default branch: those of rulesets, and those of a classic protection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.core.model.protection import REQUIRED_CHECK, ProtectionCheck
from reconciler.github.doctor.facts import (
    BranchRule,
    ClassicChecks,
    ClassicProtection,
    ClassicReviews,
    Fact,
    KnownFact,
    UnknownFact,
)
from reconciler.github.doctor.read import ProtectionFacts

RULES = "Settings → Rules (or Branches)"
WITH_ADMIN = "look there, or run this with the token of an administrator (Administration: read)"


@dataclass(frozen=True, slots=True)
class BranchRules:
    """The rules of a branch by type, and its classic protection; None for what can't be read."""

    rules: Mapping[str, tuple[BranchRule, ...]] | None
    classic: ClassicProtection | None

    def ask(
        self, rule: str, holds: Callable[[Mapping[str, object]], bool], by_classic: Callable[[ClassicProtection], bool]
    ) -> bool | None:
        """Whether a rule or the classic protection has the property; None if neither has it, and one can't be read."""
        if self.rules is not None and any(holds(one.parameters) for one in self.rules.get(rule, ())):
            return True
        if self.classic is not None and by_classic(self.classic):
            return True
        return None if self.rules is None or self.classic is None else False


NOT_PROTECTED = ClassicProtection(
    allow_force_pushes={"enabled": True},  # type: ignore[arg-type]
    allow_deletions={"enabled": True},  # type: ignore[arg-type]
)


def gather_rules(rules: Fact[tuple[BranchRule, ...]], classic: Fact[ClassicProtection] | None) -> BranchRules:
    """Returns the rules by type. A branch without a classic protection has one that requires nothing."""
    by_type: dict[str, tuple[BranchRule, ...]] = {}
    for rule in rules.value if isinstance(rules, KnownFact) else ():
        by_type[rule.type] = (*by_type.get(rule.type, ()), rule)
    protection = NOT_PROTECTED if classic is None else classic.value if isinstance(classic, KnownFact) else None
    return BranchRules(by_type if isinstance(rules, KnownFact) else None, protection)


def is_at_least(value: object, least: int) -> bool:
    """Whether a parameter is a number of at least `least`."""
    return isinstance(value, int) and value >= least


def reviews_of(classic: ClassicProtection) -> ClassicReviews:
    """Returns the reviews that a classic protection requires, or none."""
    return classic.required_pull_request_reviews or ClassicReviews()


def checks_of(classic: ClassicProtection) -> ClassicChecks:
    """Returns the checks that a classic protection requires, or none."""
    return classic.required_status_checks or ClassicChecks()


def requires_check(parameters: Mapping[str, object]) -> bool:
    """Whether a rule of status checks requires the one that always reports."""
    checks = parameters.get("required_status_checks")
    return isinstance(checks, list) and any(
        isinstance(one, dict) and one.get("context") == REQUIRED_CHECK for one in checks
    )


@dataclass(frozen=True, slots=True)
class _Row:
    code: str
    rule: str
    holds: Callable[[Mapping[str, object]], bool]
    classic: Callable[[ClassicProtection], bool]
    found: str  # when it is set; `lacks` when it is not
    lacks: str
    opens: str
    where: str


_ROWS = (
    _Row(
        "branch.pull_requests",
        "pull_request",
        lambda _parameters: True,
        lambda classic: classic.required_pull_request_reviews is not None,
        "changes come by pull request only",
        "changes may be pushed without a pull request",
        "a person who may write can push a change of the desired state that no person reviewed. Such a push is refused "
        "by an apply, but it also changes workflows and guardrails",
        "Require a pull request before merging",
    ),
    _Row(
        "branch.reviews",
        "pull_request",
        lambda parameters: is_at_least(parameters.get("required_approving_review_count"), 1),
        lambda classic: reviews_of(classic).required_approving_review_count > 0,
        "a pull request needs an approving review",
        "a pull request needs no review",
        "its author can merge it alone, and the merge applies its plan",
        "Require a pull request: required approvals, 1 or more",
    ),
    _Row(
        "branch.code_owners",
        "pull_request",
        lambda parameters: parameters.get("require_code_owner_review") is True,
        lambda classic: reviews_of(classic).require_code_owner_reviews,
        "code owners must review their files",
        "no review by code owners is required",
        "any reviewer can approve changes of workflows, tenants, guardrails and files in `approvals/`",
        "Require a pull request: Require review from Code Owners",
    ),
    _Row(
        "branch.stale_reviews",
        "pull_request",
        lambda parameters: (
            parameters.get("dismiss_stale_reviews_on_push") is True
            or parameters.get("require_last_push_approval") is True
        ),
        lambda classic: reviews_of(classic).dismiss_stale_reviews or reviews_of(classic).require_last_push_approval,
        "a push after a review needs another review",
        "a review stays valid for later pushes",
        "its author can add a commit after the review, and merge what no person approved",
        "Require a pull request: Dismiss stale approvals when new commits are pushed",
    ),
    _Row(
        "branch.check",
        "required_status_checks",
        requires_check,
        lambda classic: REQUIRED_CHECK in checks_of(classic).contexts,
        f"the check `{REQUIRED_CHECK}` must succeed",
        f"the check `{REQUIRED_CHECK}` is not required",
        "a pull request can be merged whose plan failed or was refused; its changes are then not applied",
        f"Require status checks to pass: `{REQUIRED_CHECK}`",
    ),
)


def check_default_branch(facts: ProtectionFacts) -> Iterator[ProtectionCheck]:
    """Yields the checks of the default branch."""
    name, found = facts.about.default_branch, gather_rules(facts.rules, facts.classic)
    if unread := _list_unread(facts):
        text = f"`{name}`: {'; '.join(unread)}"
        yield ProtectionCheck("branch.rules", name, "not_known", text, "", f"{RULES}: {WITH_ADMIN}")
    for row in _ROWS:
        value = found.ask(row.rule, row.holds, row.classic)
        yield _make(name, row.code, value, (row.found, row.lacks, row.opens, row.where))
    history = _has_history(found)
    texts = ("force pushes and its deletion are forbidden", "it may be pushed by force, or deleted")
    opens = "commits of applies get lost: the next apply is refused, until `ownership recover`"
    yield _make(name, "branch.history", history, (*texts, opens, "Block force pushes, and Restrict deletions"))
    yield _check_bypass(facts)
    yield from _note_queue(name, found)


def _has_history(found: BranchRules) -> bool | None:
    force = found.ask(
        "non_fast_forward", lambda _parameters: True, lambda classic: not classic.allow_force_pushes.enabled
    )
    deletion = found.ask("deletion", lambda _parameters: True, lambda classic: not classic.allow_deletions.enabled)
    if force is False or deletion is False:
        return False
    return None if force is None or deletion is None else True


def _list_unread(facts: ProtectionFacts) -> list[str]:
    """Returns why the rules, or the classic protection, of the default branch can't be read."""
    sources = {"the rules": facts.rules, "the classic protection": facts.classic}
    return [f"{name} can't be read: {one.reason}" for name, one in sources.items() if isinstance(one, UnknownFact)]


def _make(name: str, code: str, value: bool | None, texts: tuple[str, str, str, str]) -> ProtectionCheck:  # noqa: FBT001
    is_set, lacks, opens, where = texts
    if value is None:
        found = f"`{name}`: it is not known whether {is_set}"
        return ProtectionCheck(code, name, "not_known", found, opens, f"{RULES} → {where}")
    if value:
        return ProtectionCheck(code, name, "set", f"`{name}`: {is_set}")
    return ProtectionCheck(code, name, "lacking", f"`{name}`: {lacks}", opens, f"{RULES} → `{name}` → {where}")


def _check_bypass(facts: ProtectionFacts) -> ProtectionCheck:
    """Checks who is exempt from the rules: the bypass lists of rulesets, and administrators by a classic protection."""
    code, name = "branch.bypass", facts.about.default_branch
    opens = "they can merge or push without a review"
    passing, unread = [], []
    for fact in facts.rulesets.values():
        if not isinstance(fact, KnownFact):
            unread.append(fact.reason)
        elif fact.value.bypass_actors is None:
            unread.append(f"the bypass list of the ruleset `{fact.value.name}` is not shown to this token")
        elif fact.value.bypass_actors:
            passing.append(f"{len(fact.value.bypass_actors):,} on the bypass list of the ruleset `{fact.value.name}`")
    if isinstance(facts.classic, KnownFact) and not facts.classic.value.enforce_admins.enabled:
        passing.append("administrators, who are exempt from the classic protection")
    unread += ["not all of its rules can be read"] if _list_unread(facts) else []
    if passing:
        found = f"`{name}`: its rules do not hold for {'; '.join(passing)}"
        return ProtectionCheck(code, name, "lacking", found, opens, f"{RULES} → `{name}` → Bypass list: empty")
    if unread:
        found = f"`{name}`: it is not known for whom its rules do not hold: {'; '.join(dict.fromkeys(unread))}"
        return ProtectionCheck(code, name, "not_known", found, opens, f"{RULES} → `{name}` → Bypass list: {WITH_ADMIN}")
    return ProtectionCheck(code, name, "set", f"`{name}`: its rules, if it has any, hold for everyone")


def _note_queue(name: str, found: BranchRules) -> Iterator[ProtectionCheck]:
    if found.rules is not None and "merge_queue" in found.rules:
        text = f"`{name}` has a merge queue: the check `{REQUIRED_CHECK}` also runs for its groups"
        yield ProtectionCheck("branch.merge_queue", name, "note", text)
    strict = found.ask(
        "required_status_checks",
        lambda parameters: parameters.get("strict_required_status_checks_policy") is True,
        lambda classic: checks_of(classic).strict,
    )
    if strict:
        text = f"`{name}` requires branches to be up to date, which is not needed: plans of several merges are joined"
        yield ProtectionCheck("branch.up_to_date", name, "note", text)
