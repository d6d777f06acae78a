"""Computes the roles of each user from the assignments in git, and checks their names, end and prerequisites."""

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
    """The roles of each user, with the assignment that gives each; with `user`, but without `default_access`."""

    of: Mapping[str, Mapping[str, DeclaredAssignment]]
    problems: tuple[Problem, ...]

    def roles(self, user: str) -> frozenset[str]:
        """Returns all roles of the user in git, with `user`."""
        return frozenset(self.of.get(user, ()))

    def granted(self, user: str) -> frozenset[str]:
        """Returns the roles that the user should have in 4me, where `user` is access and not a role."""
        return self.roles(user) - {PLAIN_ACCESS}


def assign_roles(declarations: Declarations, membership: Membership, today: date) -> Holdings:
    """Gives each role whose assignment has not expired to its users and to all members of its groups."""
    problems = [
        problem for declared in declarations.assignments for problem in _check_assignment(declarations, declared, today)
    ]
    assigned: dict[str, dict[str, DeclaredAssignment]] = {}
    for declared in declarations.assignments:
        assignment = declared.assignment
        if assignment.role == NO_ACCESS or assignment.role not in ASSIGNABLE or has_expired(declared, today):
            continue
        for user in _holders(declared, membership):
            assigned.setdefault(user, {}).setdefault(assignment.role, declared)
    return Holdings(assigned, (*problems, *_missing_prerequisites(assigned)))


def has_expired(declared: DeclaredAssignment, today: date) -> bool:
    """Decides whether an assignment has expired: it still counts on the day of `expires`."""
    return declared.assignment.expires is not None and today > declared.assignment.expires


def _holders(declared: DeclaredAssignment, membership: Membership) -> Iterable[str]:
    yield from declared.assignment.users
    for group in declared.assignment.groups:
        yield from sorted(membership.users_of.get(group, ()))


def _check_assignment(declarations: Declarations, declared: DeclaredAssignment, today: date) -> Iterable[Problem]:
    assignment, source = declared.assignment, declared.source
    where = f"role_assignments: {assignment.role}"
    if assignment.role == OWNER:
        yield Problem("owner", f"{OWNER} can't be assigned in git", source, "remove the assignment")
    elif assignment.role not in ASSIGNABLE:
        hint = suggest_role(assignment.role, ASSIGNABLE)
        yield Problem("unknown_role", f'"{assignment.role}" is not a role of 4me', source, hint)
    for user in assignment.users:
        yield from check_name(declarations, Key("user", user), source, where)
    for group in assignment.groups:
        yield from check_name(declarations, Key("group", group), source, where)
    if has_expired(declared, today):
        message = f"the assignment of {assignment.role} expired on {assignment.expires}: it no longer counts"
        yield Problem("expired", message, source, "remove it, or change the date", severity="info")
    elif assignment.expires is not None and (assignment.expires - today).days <= WARN_DAYS:
        message = f"the assignment of {assignment.role} expires on {assignment.expires}: it is revoked after that day"
        yield Problem("expires_soon", message, source, "change the date if it is still needed", severity="warning")


def _missing_prerequisites(assigned: Mapping[str, Mapping[str, DeclaredAssignment]]) -> Iterable[Problem]:
    """Yields a problem for each assignment that gives a role to users without `specialist`, with their names."""
    lacking: dict[tuple[str, Source], list[str]] = {}
    for user, roles in assigned.items():
        for role, declared in roles.items():
            if SPECIALIST not in roles and role not in NEED_NO_SPECIALIST and role != PLAIN_ACCESS:
                lacking.setdefault((role, declared.source), []).append(user)
    for (role, source), users in lacking.items():
        message = f"{role} needs the role {SPECIALIST} too, which is not given to {', '.join(sorted(users))}"
        yield Problem("missing_prerequisite", message, source, f"assign {SPECIALIST} to the same users or groups")
