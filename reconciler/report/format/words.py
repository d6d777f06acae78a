"""Sentences about plans: the verdict, what blocks, what it costs, which line of git asks for it. Quotes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from reconciler.core.changes.drift import split_drift
from reconciler.core.changes.plan import Action, Cause, Change, Plan
from reconciler.core.changes.plan_notes import NamedResource
from reconciler.core.model.amounts import count, count_both, count_people, few, spell_at_least
from reconciler.errors import Source

Voice: TypeAlias = Literal["plan", "drift"]

MOST_LINES = 3
GETS = frozenset({"create_user", "reactivate_user"})
LEFT = ("left git", "left, says")  # how the reason of every leaver begins
SIGNS = {"shrink": "-", "grow": "+", "change": "~"}
TITLES: dict[Cause, str] = {
    "conflict": "Conflicts: changed in git and in the account",
    "this_change": "This change",
    "merged": "Merged earlier, and waiting to be applied",
    "drift": "Drift: changed in the account, whatever becomes of this change",
}
# What becomes of the resource, told of one and of many.
VERBS: dict[Action, tuple[str, str]] = {
    "create_user": ("gets access", "get access"),
    "reactivate_user": ("gets access back", "get access back"),
    "update_user": ("changes", "change"),
    "deactivate_user": ("loses access", "lose access"),
    "create_group": ("is created", "are created"),
    "update_group": ("changes", "change"),
    "add_members": ("gains members", "gain members"),
    "remove_members": ("loses members", "lose members"),
    "grant_roles": ("gains roles", "gain roles"),
    "revoke_roles": ("loses roles", "lose roles"),
}
# What somebody did in the account that the change would undo.
DRIFTED: dict[Action, tuple[str, str]] = {
    "create_user": ("is gone from the account", "are gone from the account"),
    "reactivate_user": ("was deactivated", "were deactivated"),
    "update_user": ("was changed", "were changed"),
    "deactivate_user": ("has access that git does not give", "have access that git does not give"),
    "create_group": ("is gone from the account", "are gone from the account"),
    "update_group": ("was changed", "were changed"),
    "add_members": ("lost members that git lists", "lost members that git lists"),
    "remove_members": ("has members that git does not list", "have members that git does not list"),
    "grant_roles": ("lost roles that git gives", "lost roles that git gives"),
    "revoke_roles": ("has roles that git does not give", "have roles that git does not give"),
}


def make_verdict(changes: Iterable[Change]) -> str:
    """How many people get, change and lose access, and how many groups change, in one line; people are counted once."""
    return describe_tally([NO_TALLY, *tally_each(changes)][-1])


@dataclass(frozen=True, slots=True)
class Tally:
    """How many changes there are; how many people get access, change and lose access, and how many groups change."""

    changes: int
    gets: int
    others: int
    loses: int
    groups: int


NO_TALLY = Tally(0, 0, 0, 0, 0)


def tally_each(changes: Iterable[Change]) -> Iterable[Tally]:
    """For each change, the tally of it and of all before it."""
    gets, loses, users, groups = set[str](), set[str](), set[str](), set[str]()
    for number, change in enumerate(changes, 1):
        (users if change.key.startswith("user/") else groups).add(change.key)
        if change.action in GETS:
            gets.add(change.key)
        if change.action == "deactivate_user":
            loses.add(change.key)
        yield Tally(number, len(gets), len(users) - len(gets) - len(loses), len(loses), len(groups))


def describe_tally(tally: Tally) -> str:
    """`40 people get access, 272 people change, 3 groups change`."""
    parts = [
        (tally.gets, "gets access", "get access"),
        (tally.others, "changes", "change"),
        (tally.loses, "loses access", "lose access"),
    ]
    told = [f"{count_people(number)} {one if number == 1 else many}" for number, one, many in parts if number]
    if tally.groups:
        told.append(f"{tally.groups:,} {'group changes' if tally.groups == 1 else 'groups change'}")
    return ", ".join(told)


def make_drift_verdict(plan: Plan) -> str:
    """`2 people changed by hand; pending: 3 changes …; 1 user is unaccounted for`; empty where there is nothing."""
    drift, pending = split_drift(plan)
    by_hand = f"{_count_changed(drift)} changed by hand" if drift else "none" if pending else ""
    asked = f"pending: {count(len(pending), 'change')} that git asks for and that no apply has carried out"
    return "; ".join(filter(None, [by_hand, asked if pending else "", describe_named(plan.named)]))


def _count_changed(changes: Iterable[Change]) -> str:
    keys = {change.key for change in changes}
    users = sum(key.startswith("user/") for key in keys)
    groups = len(keys) - users
    return " and ".join([count_people(users)] * bool(users) + [count(groups, "group")] * bool(groups))


def describe_named(named: Sequence[NamedResource]) -> str:
    """`2 users and 1 group are unaccounted for`; empty where there are none."""
    return f"{count_named(named)} {'is' if len(named) == 1 else 'are'} unaccounted for" if named else ""


def count_named(named: Sequence[NamedResource]) -> str:
    """`2 users and 1 group`."""
    users = sum(one.kind == "user" for one in named)
    return count_both(users, len(named) - users)


def describe_action(action: Action, voice: Voice, number: int) -> str:
    """What becomes of one resource, or of many."""
    one, many = (VERBS if voice == "plan" else DRIFTED)[action]
    return one if number == 1 else many


def describe_change(change: Change, voice: Voice, number: int) -> str:
    """What becomes of the resource of a change, or of the many that the same happens to."""
    came_back = change.action == "deactivate_user" and change.cause == "drift" and change.reason.startswith(LEFT)
    if not came_back:
        return describe_action(change.action, voice, number)
    was, loses = ("was", "loses") if number == 1 else ("were", "lose")
    if voice == "drift":
        return f"left git, and {was} switched on again by hand"
    return f"left git, {was} switched on again by hand, and {loses} access"


def count_resources(keys: Sequence[str]) -> str:
    """`12 people`, `3 groups`; they are of one kind."""
    return count_people(len(keys)) if keys[0].startswith("user/") else count(len(keys), "group")


NOT_APPLIED = {
    "another_account": "this is another account than that of the last apply",
    "another_tenant": "this is the account of another tenant",
    "two_folders": "another folder uses this record of applies",
    "beside": "HEAD is beside the last apply",
    "behind": "a later commit was applied already",
}


def describe_block(plan: Plan) -> str:
    """What stands between this plan and its apply; nothing where it can be applied, or is only a rehearsal."""
    guarded = sum(problem.code == "guardrail" for problem in plan.problems)
    reasons = []
    if not plan.read.complete:
        reasons.append("the account was not read completely")
    if guarded:
        reasons.append(f"{guarded} {'guardrail refuses' if guarded == 1 else 'guardrails refuse'} it")
    if not plan.applyable and plan.record is not None and not plan.record.known:
        reasons.append("ownership is not known")
    codes = {problem.code for problem in plan.problems}
    reasons += [reason for code, reason in NOT_APPLIED.items() if code in codes]
    if not reasons and not plan.applyable and plan.read.mode != "snapshot":
        reasons.append("this plan can't be applied")
    return " and ".join(reasons)


def describe_notes(plan: Plan) -> Iterable[str]:
    """What to know before reading on: how the account was looked at, and whether anything would come back."""
    if plan.read.mode == "snapshot":
        yield "made from a saved live state: apply plans again from the account"
    if not plan.converges and not any(problem.code == "does_not_converge" for problem in plan.problems):
        yield "does not converge: planning again after it would leave something to do"


def describe_unmanaged(plan: Plan) -> str:
    """How many resources of the account git does not declare; empty where the read was not made to find them."""
    if plan.read.mode == "targeted":
        return ""
    users = sum(one.kind == "user" for one in plan.unmanaged)
    counted = count_both(users, len(plan.unmanaged) - users)
    known = plan.record is None or plan.record.known
    never = "Not in git, and left as they are" if known else "Not in git; whether they were ours is not known"
    return f"{never}: {counted} of the account" if counted else ""


def describe_cost(plan: Plan) -> str:
    """Requests and time to apply, and what reading took."""
    read, cost = plan.read, plan.cost
    wait = f", {spell_at_least(cost.seconds)} at the tenant's pace" if cost.seconds else ""
    applying = f"{count(cost.requests, 'request')} to apply{wait}; " if plan.changes else ""
    held = f"{count(read.users, 'user')} and {count(read.groups, 'group')}"
    if read.mode == "incremental":
        held = f"{count(read.groups, 'group')}, and who of {count(read.users, 'user')} changed since the last read"
    return f"{applying}{count(read.requests, 'request')} made to read {held}"


def describe_source(source: Source) -> str:
    """`file:line, 1a2b3c4 by Ada`, as far as it is known."""
    return f"{source}{_tell_commit(source)}"


def describe_sources(sources: Iterable[Source]) -> tuple[str, ...]:
    """Lines of one file and commit together: `file:8, 15, 22 and 211 more, 1a2b3c4 by Ada`."""
    lines: dict[tuple[str, str], list[str]] = {}
    for source in sorted(set(sources), key=lambda one: (one.file, one.line)):
        lines.setdefault((source.file, _tell_commit(source)), []).extend([str(source.line)] * bool(source.line))
    return tuple(
        f"{file}:{few(listed, MOST_LINES)}{commit}" if listed else f"{file}{commit}"
        for (file, commit), listed in lines.items()
    )


def _tell_commit(source: Source) -> str:
    commit = f", {source.commit[:7]}" if source.commit else ""
    author = f" by {source.author}" if source.author else ""
    return f"{commit}{author}"
