"""Checks the rules for the branches with the records of applies: nothing may block the apply, or erase a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.core.model.protection import ProtectionCheck
from reconciler.github.doctor.branch_checks import RULES, WITH_ADMIN
from reconciler.github.doctor.facts import BranchAbout, BranchRule, Fact, KnownFact
from reconciler.github.doctor.read import ProtectionFacts

HARMLESS = frozenset({"non_fast_forward", "deletion", "copilot_code_review", "tag_name_pattern"})
LISTED = frozenset({"creation", "update"})  # they exempt a bypass list, on which the workflow may be
NOT_APPLIED = "an apply sends nothing if its begin can't be pushed"
FORGED = (
    "everyone who may write can add to a record. A forged record takes access from no user by itself, as git and "
    "the account must agree. But it can stop applies, and let a change that git asks for run though no reviewer saw "
    "its plan. `reconciler ownership show` lists every entry"
)


def check_record_branches(facts: ProtectionFacts, records: Mapping[str, str]) -> Iterator[ProtectionCheck]:
    """Yields the checks of the branch of each tenant's record."""
    for branch in records.values():
        rules = facts.record_rules[branch]
        yield _check_push(facts, branch, rules)
        yield _check_history(branch, rules)
    if records:
        name = ", ".join(f"`{branch}`" for branch in records.values())
        remedy = (
            f"{RULES}: a rule that restricts updates of `reconciler/*` needs an app on its bypass list, whose "
            "token the job apply then uses"
        )
        yield ProtectionCheck("record.writers", name, "note", f"{name}: {FORGED}", "", remedy)


def _check_push(facts: ProtectionFacts, branch: str, rules: Fact[tuple[BranchRule, ...]]) -> ProtectionCheck:
    code, where = "record.push", f"{RULES} → exclude `reconciler/*`"
    if not isinstance(rules, KnownFact):
        found = f"`{branch}`: its rules can't be read: {rules.reason}"
        return ProtectionCheck(code, branch, "not_known", found, NOT_APPLIED, f"{where}; {WITH_ADMIN}")
    blocking = {rule.type: rule.ruleset_source for rule in rules.value if rule.type not in HARMLESS}
    certain = [f"`{kind}` (of {source or 'a ruleset'})" for kind, source in blocking.items() if kind not in LISTED]
    if certain:
        found = f"`{branch}`: rules forbid the pushes of an apply: {', '.join(certain)}"
        return ProtectionCheck(code, branch, "lacking", found, NOT_APPLIED, where)
    if blocking or _may_be_protected(facts.record_branches[branch]):
        kinds = ", ".join(f"`{kind}`" for kind in blocking) or "a classic protection"
        found = f"`{branch}`: {kinds} limits who may push, and it is not known whether the workflow may"
        return ProtectionCheck(
            code, branch, "not_known", found, NOT_APPLIED, f"{where}, or see whether an apply was recorded"
        )
    return ProtectionCheck(code, branch, "set", f"`{branch}`: no rule stops an apply from pushing its record")


def _may_be_protected(branch: Fact[BranchAbout | None]) -> bool:
    """Whether a classic protection covers the branch, or that is not known; a branch that is not there has none."""
    return not isinstance(branch, KnownFact) or (branch.value is not None and branch.value.protected)


def _check_history(branch: str, rules: Fact[tuple[BranchRule, ...]]) -> ProtectionCheck:
    code = "record.history"
    where = f"{RULES} → a ruleset for `reconciler/*` with Block force pushes and Restrict deletions alone"
    opens = "a person who may write can delete or rewrite the record: leavers are then named, and not deactivated"
    if not isinstance(rules, KnownFact):
        found = f"`{branch}`: it is not known whether the record can be erased: {rules.reason}"
        return ProtectionCheck(code, branch, "not_known", found, opens, where)
    kinds = {rule.type for rule in rules.value}
    if {"non_fast_forward", "deletion"} <= kinds:
        return ProtectionCheck(code, branch, "set", f"`{branch}`: no person can rewrite or delete the record")
    return ProtectionCheck(code, branch, "lacking", f"`{branch}`: no rule keeps the record", opens, where)
