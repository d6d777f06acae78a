"""Sentences about plans: the verdict, what blocks, the cost, the source lines. Quotes nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
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
LEFT = "left git"  # the reason of every leaver begins like this
SIGNS = {"shrink": "-", "grow": "+", "change": "~"}
TITLES: dict[Cause, str] = {
    "conflict": "Conflicts: changed in git and in the account",
    "this_change": "This change",
    "merged": "Merged earlier, not applied yet",
    "drift": "Applying this also puts back what was changed in the account",
}
# What happens to one user or group, and to many.
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
# What happened in the account, which the change would revert.
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
    """Returns in one line how many people lose access, lose roles, get access or change, and how many groups."""
    return describe_tally(_tally(changes))


def make_losses(changes: Iterable[Change]) -> str:
    """Returns the start of the verdict: what is lost; empty if nothing is."""
    return ", ".join(_count_losses(_tally(changes)))


def _tally(changes: Iterable[Change]) -> Tally:
    return [NO_TALLY, *tally_each(changes)][-1]


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of changes, and of people and groups by the gravest change of each, so that each counts once."""

    changes: int = 0
    loses: int = 0
    loses_roles: int = 0
    loses_members: int = 0
    gets: int = 0
    others: int = 0
    groups: int = 0


NO_TALLY = Tally()
GRAVEST = ("loses", "gets", "loses_roles", "loses_members", "others", "groups")


def tally_each(changes: Iterable[Change]) -> Iterable[Tally]:
    """Yields for each change the tally of it and all changes before it.

    A group that loses only users who lose access changes, and is no loss of its own.
    """
    listed = list(changes)
    leaving = {change.key for change in listed if change.action == "deactivate_user"}
    ranks = dict[str, int]()
    numbers = dict.fromkeys(GRAVEST, 0)
    for number, change in enumerate(listed, 1):
        rank, before = GRAVEST.index(_weigh(change, leaving)), ranks.get(change.key)
        if before is None or rank < before:
            ranks[change.key] = rank
            numbers[GRAVEST[rank]] += 1
            if before is not None:
                numbers[GRAVEST[before]] -= 1
        yield Tally(number, **numbers)


def _weigh(change: Change, leaving: Collection[str]) -> str:
    """Returns the field of a tally that counts the change."""
    if change.action in GETS:
        return "gets"
    if change.action == "remove_members" and not all(member in leaving for member in change.members):
        return "loses_members"
    weights = {"deactivate_user": "loses", "revoke_roles": "loses_roles"}
    return weights.get(change.action, "others" if change.key.startswith("user/") else "groups")


def describe_tally(tally: Tally) -> str:
    """Returns `272 people lose access, 1 group loses members, 40 people get access, 3 groups change`: losses first."""
    return ", ".join(
        [
            *_count_losses(tally),
            *_count_verb(tally.gets, count_people, "gets access", "get access"),
            *_count_verb(tally.others, count_people, "changes", "change"),
            *_count_verb(tally.groups, _count_groups, "changes", "change"),
        ]
    )


def _count_losses(tally: Tally) -> list[str]:
    return [
        *_count_verb(tally.loses, count_people, "loses access", "lose access"),
        *_count_verb(tally.loses_roles, count_people, "loses roles", "lose roles"),
        *_count_verb(tally.loses_members, _count_groups, "loses members", "lose members"),
    ]


def _count_verb(number: int, noun: Callable[[int], str], one: str, many: str) -> list[str]:
    return [f"{noun(number)} {one if number == 1 else many}"] if number else []


def _count_groups(number: int) -> str:
    return count(number, "group")


def make_drift_verdict(plan: Plan) -> str:
    """Returns `2 people changed by hand; pending: 3 changes …; 1 user is unaccounted for`, or an empty text."""
    drift, pending = split_drift(plan)
    by_hand = f"{count_changed(drift)} changed by hand" if drift else "none" if pending else ""
    waiting = f"pending: {count(len(pending), 'change')} from git, not applied yet"
    return "; ".join(filter(None, [by_hand, waiting if pending else "", describe_named(plan.named)]))


def count_changed(changes: Iterable[Change]) -> str:
    """Returns `2 people and 1 group`: those that the changes are about."""
    keys = {change.key for change in changes}
    users = sum(key.startswith("user/") for key in keys)
    groups = len(keys) - users
    return " and ".join([count_people(users)] * bool(users) + [count(groups, "group")] * bool(groups))


def describe_named(named: Sequence[NamedResource]) -> str:
    """Returns `2 users and 1 group are unaccounted for`, or an empty text."""
    return f"{count_named(named)} {'is' if len(named) == 1 else 'are'} unaccounted for" if named else ""


def count_named(named: Sequence[NamedResource]) -> str:
    """Returns `2 users and 1 group`."""
    users = sum(one.kind == "user" for one in named)
    return count_both(users, len(named) - users)


def describe_action(action: Action, voice: Voice, number: int) -> str:
    """Returns the verb for an action: `gets access` for one user or group, `get access` for many."""
    one, many = (VERBS if voice == "plan" else DRIFTED)[action]
    return one if number == 1 else many


def describe_change(change: Change, voice: Voice, number: int) -> str:
    """Returns the verb for a change; a leaver who was reactivated by hand has a verb of their own."""
    came_back = change.action == "deactivate_user" and change.cause == "drift" and change.reason.startswith(LEFT)
    if not came_back:
        return describe_action(change.action, voice, number)
    was, loses = ("was", "loses") if number == 1 else ("were", "lose")
    if voice == "drift":
        return f"left git, and {was} reactivated by hand"
    return f"left git, {was} reactivated by hand, and {loses} access"


def count_resources(keys: Sequence[str]) -> str:
    """Returns `12 people` or `3 groups`; all keys are of one kind."""
    return count_people(len(keys)) if keys[0].startswith("user/") else count(len(keys), "group")


NOT_APPLIED = {
    "another_account": "this is not the account of the last apply",
    "another_tenant": "this is the account of another tenant",
    "two_folders": "another folder uses this record of applies",
    "beside": "HEAD's history does not contain the last applied commit",
    "behind": "a later commit is already applied",
}


def describe_block(plan: Plan) -> str:
    """Returns why the plan can't be applied; empty if it can, or if it was made from a saved live state."""
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
    """Yields notes on a plan that was made from a saved live state, or that does not converge."""
    if plan.read.mode == "snapshot":
        yield "made from a saved live state; an apply reads the account and plans again"
    if not plan.converges and not any(problem.code == "does_not_converge" for problem in plan.problems):
        yield "does not converge: a second plan, after applying this one, would not be empty"


def describe_unmanaged(plan: Plan) -> str:
    """Returns how many users and groups of the account git does not declare; empty after a targeted read."""
    if plan.read.mode == "targeted":
        return ""
    users = sum(one.kind == "user" for one in plan.unmanaged)
    counted = count_both(users, len(plan.unmanaged) - users)
    known = plan.record is None or plan.record.known
    title = "Unmanaged (not in git, not changed)" if known else "Not in git, ownership unknown"
    return f"{title}: {counted} of the account" if counted else ""


def describe_cost(plan: Plan) -> str:
    """Returns the requests and the time to apply, and the requests that reading took."""
    read, cost = plan.read, plan.cost
    wait = f", {spell_at_least(cost.seconds)} at the tenant's pace" if cost.seconds else ""
    applying = f"{count(cost.requests, 'request')} to apply{wait}; " if plan.changes else ""
    held = f"{count(read.users, 'user')} and {count(read.groups, 'group')}"
    if read.mode == "incremental":
        held = f"{count(read.groups, 'group')}, and which of {count(read.users, 'user')} changed since the last read"
    return f"{applying}{count(read.requests, 'request')} made to read {held}"


def describe_source(source: Source) -> str:
    """Returns `file:line, 1a2b3c4 by Ada`; without the commit or author if unknown."""
    return f"{source}{_describe_commit(source)}"


def describe_sources(sources: Iterable[Source]) -> tuple[str, ...]:
    """Returns one text for each file and commit: `file:8, 15, 22 and 211 more, 1a2b3c4 by Ada`."""
    lines: dict[tuple[str, str], list[str]] = {}
    for source in sorted(set(sources), key=lambda one: (one.file, one.line)):
        lines.setdefault((source.file, _describe_commit(source)), []).extend([str(source.line)] * bool(source.line))
    return tuple(
        f"{file}:{few(listed, MOST_LINES)}{commit}" if listed else f"{file}{commit}"
        for (file, commit), listed in lines.items()
    )


def _describe_commit(source: Source) -> str:
    commit = f", {source.commit[:7]}" if source.commit else ""
    author = f" by {source.author}" if source.author else ""
    return f"{commit}{author}"
