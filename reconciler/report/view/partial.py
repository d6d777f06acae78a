"""Sentences about what a plan does not show, after a partial read or with unknown ownership. Quotes nothing."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.changes.plan import Plan
from reconciler.core.model.amounts import count
from reconciler.errors import Problem

UNKNOWN_OWNERSHIP = "record_unknown"
NOT_FOUND = "users who left git are not found"
FOCUS = "focus"
MISSING_STATE = "ownership_unknown"


def describe_partial(plan: Plan) -> str:
    """Returns `Partial read: 6 users, 0 groups. 3 users were unresolved and 2 ignored at apply #41; drift …`."""
    counts = _describe_counts(plan)
    missing = "drift and unmanaged users elsewhere are not shown"
    rest = f"{counts}; {missing}" if counts else missing.capitalize()
    return f"Partial read: {count(plan.read.users, 'user')}, {count(plan.read.groups, 'group')}. {rest}"


def _describe_counts(plan: Plan) -> str:
    """Returns how many users were unresolved or ignored at the last full apply; a partial plan does not look."""
    record = plan.record
    if record is None or not record.known:
        return ""
    serial = record.serial if record.full_since is None else record.full_since
    if serial is None:
        return ""
    if not record.unsettled and not record.ignored:
        return f"No user was unresolved or ignored at apply #{serial}"
    were = "was" if record.unsettled == 1 else "were"
    return f"{count(record.unsettled, 'user')} {were} unresolved and {record.ignored:,} ignored at apply #{serial}"


def describe_scope(plan: Plan) -> str:
    """Returns ` for the 6 users and 0 groups that were read` for a plan of a partial read, else an empty text."""
    if plan.read.mode == "targeted":
        users, groups = count(plan.read.users, "user"), count(plan.read.groups, "group")
        return f" for the {users} and {groups} that were read"
    return " for the selected keys" if any(problem.code == FOCUS for problem in plan.problems) else ""


def knows_ownership(plan: Plan) -> bool:
    """Whether users who left git can be found: the plan has read the record of applies, or has none."""
    return plan.record is None or plan.record.known


def misses_states(plan: Plan) -> bool:
    """Whether an earlier commit that may declare users of the account does not compile any more."""
    return any(problem.code == MISSING_STATE for problem in plan.problems)


def list_problems(plan: Plan) -> tuple[Problem, ...]:
    """Returns the problems that a report shows: unknown ownership in full, a partial read only in its note."""
    stated = any(problem.code == UNKNOWN_OWNERSHIP for problem in plan.problems)
    shown = (_describe_in_full(one) for one in plan.problems if plan.read.mode != "targeted" or one.code != FOCUS)
    return (*([_OWNERSHIP] if not knows_ownership(plan) and not stated else []), *shown)


def _describe_in_full(problem: Problem) -> Problem:
    if problem.code != UNKNOWN_OWNERSHIP:
        return problem
    return replace(problem, message=f"{problem.message}; {NOT_FOUND}")


_OWNERSHIP = Problem(
    UNKNOWN_OWNERSHIP,
    f"Ownership is unknown, because the record of applies could not be read; {NOT_FOUND}",
    hint="fetch the record of applies, and plan again",
)
