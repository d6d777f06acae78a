"""Who holds which role: assignments to users and groups, their end, and 4me's prerequisites.

Knows declarations and who is in which group; nothing of what the account holds. The names are `catalogue`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from reconciler.core.access.membership import Membership, check_name
from reconciler.core.declarations.declared import Declarations, DeclaredAssignment
from reconciler.core.declarations.role_catalogue import (
    ASSIGNABLE,
    NEED_NO_SPECIALIST,
    NO_ACCESS,
    OWNER,
    PLAIN_ACCESS,
    SPECIALIST,
    suggest_role,
)
from reconciler.core.model.resources import Key
from reconciler.errors import Problem, Source

WARN_DAYS = 14


@dataclass(frozen=True, slots=True)
class Holdings:
    """The roles that each user holds (`user` too, `default_access` not), each with the assignment that gave it."""

    of: Mapping[str, Mapping[str, DeclaredAssignment]]
    problems: tuple[Problem, ...]

    def roles(self, user: str) -> frozenset[str]:
        """All that the user holds, in the words of git."""
        return frozenset(self.of.get(user, ()))

    def granted(self, user: str) -> frozenset[str]:
        """What 4me should hold: plain access is access and not a role there."""
        return self.roles(user) - {PLAIN_ACCESS}


def assign_roles(declarations: Declarations, membership: Membership, today: date) -> Holdings:
    """Every assignment that has not expired, given to its users and to everyone in its groups."""
    problems = [problem for one in declarations.assignments for problem in _check_assignment(declarations, one, today)]
    held: dict[str, dict[str, DeclaredAssignment]] = {}
    for declared in declarations.assignments:
        assignment = declared.assignment
        if assignment.role == NO_ACCESS or assignment.role not in ASSIGNABLE or has_expired(declared, today):
            continue
        for user in _holders(declared, membership):
            held.setdefault(user, {}).setdefault(assignment.role, declared)
    return Holdings(held, (*problems, *_missing_prerequisites(held)))


def has_expired(declared: DeclaredAssignment, today: date) -> bool:
    """On the day of `expires` it still counts, from the next it does not."""
    return declared.assignment.expires is not None and today > declared.assignment.expires


def _holders(declared: DeclaredAssignment, membership: Membership) -> Iterable[str]:
    yield from declared.assignment.users
    for group in declared.assignment.groups:
        yield from sorted(membership.users_of.get(group, ()))


def _check_assignment(declarations: Declarations, declared: DeclaredAssignment, today: date) -> Iterable[Problem]:
    assignment, source = declared.assignment, declared.source
    where = f"role_assignments: {assignment.role}"
    if assignment.role == OWNER:
        yield Problem("owner", f"{OWNER} is never touched from here", source, "take the assignment out")
    elif assignment.role not in ASSIGNABLE:
        hint = suggest_role(assignment.role, ASSIGNABLE)
        yield Problem("unknown_role", f'"{assignment.role}" is not a role of 4me', source, hint)
    for user in assignment.users:
        yield from check_name(declarations, Key("user", user), source, where)
    for group in assignment.groups:
        yield from check_name(declarations, Key("group", group), source, where)
    if has_expired(declared, today):
        message = f"the assignment of {assignment.role} expired on {assignment.expires}: it no longer counts"
        yield Problem("expired", message, source, "take it out, or move the date", severity="info")
    elif assignment.expires is not None and (assignment.expires - today).days <= WARN_DAYS:
        message = f"the assignment of {assignment.role} expires on {assignment.expires}: it is revoked after that day"
        yield Problem("expires_soon", message, source, "move the date if it is still needed", severity="warning")


def _missing_prerequisites(held: Mapping[str, Mapping[str, DeclaredAssignment]]) -> Iterable[Problem]:
    """One problem for each assignment that gives a role to people without `specialist`, naming them."""
    lacking: dict[tuple[str, Source], list[str]] = {}
    for user, roles in held.items():
        for role, declared in roles.items():
            if SPECIALIST not in roles and role not in NEED_NO_SPECIALIST and role != PLAIN_ACCESS:
                lacking.setdefault((role, declared.source), []).append(user)
    for (role, source), users in lacking.items():
        message = f"{role} needs the role {SPECIALIST} too, which is not given to {', '.join(sorted(users))}"
        yield Problem("missing_prerequisite", message, source, f"assign {SPECIALIST} to the same users or groups")
