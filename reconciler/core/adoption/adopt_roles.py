"""Roles in the account → edits of the role assignments, or the reason why no edit can adopt them.

4me stores the roles of a user as one set, so the whole set after the edits must be valid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from reconciler.core.adoption.adoption_context import AdoptionContext, not_adopted, with_key, without_keys
from reconciler.core.adoption.edits import END, AddItem, Edit, RemoveItem, SetValues
from reconciler.core.declarations.declared import DeclaredAssignment, RoleAssignment
from reconciler.core.declarations.role_catalogue import CATALOGUE, NEED_NO_SPECIALIST, PLAIN_ACCESS, SPECIALIST
from reconciler.errors import Problem

SECTION: Final = "role_assignments"


@dataclass(slots=True)
class RoleAdoption:
    """Collects adopted grants and revocations.

    `users` maps the index of a changed assignment to its new list of users; `new` maps a role to the users to add.
    """

    context: AdoptionContext
    users: dict[int, list[str]] = field(default_factory=dict)
    new: dict[str, list[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def adopt(self, user: str, granted: Iterable[str], revoked: Iterable[str]) -> None:
        """Adopts the roles that a user was granted and lost in the account, or adds a problem with the reason."""
        if not self.context.declarations.assignments:
            message = f"user/{user} holds {', '.join(granted)} in the account, and git no longer assigns any role"
            self._refuse(message, user, f"declare it under `{SECTION}`, or apply revokes it")
            return
        if self._may_wait(user, granted, revoked):
            message = (
                f"user/{user} holds no role from git in the account: 4me may have linked them since the last apply"
            )
            self._refuse(
                message, user, "apply grants the roles; if they were revoked by hand, remove the assignments from git"
            )
            return
        lost = [role for role in revoked if self._can_lose(user, role)]
        kept = self.context.holdings.roles(user) - {*lost}
        gained = [role for role in granted if role not in kept and self._can_hold(user, role)]
        after = kept | {*gained}
        lacking = after - NEED_NO_SPECIALIST - {PLAIN_ACCESS}
        if lacking and SPECIALIST not in after:
            message = f"user/{user} holds {', '.join(sorted(lacking))} without {SPECIALIST} in the account"
            self._refuse(message, user, "correct the roles in the account, or apply reverts them")
            return
        if not after and self.context.tenant.scope == "assigned":
            gained = [PLAIN_ACCESS]  # access without a role is declared by this role
        for role in lost:
            self._revoke(user, role)
        for role in gained:
            self._grant(user, role)

    def _may_wait(self, user: str, granted: Iterable[str], revoked: Iterable[str]) -> bool:
        """Checks whether all roles from git are missing: over REST, they may wait for 4me to link the person."""
        over_rest = self.context.tenant.roles_via == "permissions"
        return over_rest and not {*granted} and {*revoked} >= self.context.holdings.granted(user)

    def edits(self) -> list[Edit]:
        """Returns the edits of all changed assignments, file by file."""
        positions = _positions(self.context.declarations.assignments)
        emptied = {index for index, users in self.users.items() if not users and not self._assignment(index).groups}
        added = [self._add(role, users, positions) for role, users in sorted(self.new.items())]
        edits: list[Edit] = list(added)
        for index, users in sorted(self.users.items()):
            file, position = positions[index]
            if index not in emptied:
                edits.append(SetValues(file, (SECTION, position), {("users",): users}))
        for file in sorted({positions[index][0] for index in emptied}):
            removed = [positions[index][1] for index in sorted(emptied) if positions[index][0] == file]
            everything = len(removed) == sum(other == file for other, _position in positions.values())
            if everything and file not in {item.file for item in added}:
                edits.append(SetValues(file, (), {(SECTION,): []}))
            else:
                edits.extend(RemoveItem(file, (SECTION,), position) for position in removed)
        return edits

    def _assignment(self, index: int) -> RoleAssignment:
        return self.context.declarations.assignments[index].assignment

    def _can_lose(self, user: str, role: str) -> bool:
        """Checks that no group gives the user the role, because only the user's own assignments are edited."""
        for _index, declared in self.context.assignments_of(role):
            if groups := self.context.groups_that_give(declared, user):
                message = f"user/{user} lost {role} in the account, and has it in git through group/{groups[0]}"
                hint = "remove the user from the group, or the group from the assignment; or apply grants it again"
                self.problems.append(not_adopted(message, declared.source, hint))
                return False
        return True

    def _can_hold(self, user: str, role: str) -> bool:
        if role in CATALOGUE:
            return True
        message = f'user/{user} holds "{role}" in the account, which is not a role of 4me that git can assign'
        self._refuse(message, user, "revoke it in the account, or apply does")
        return False

    def _refuse(self, message: str, user: str, hint: str) -> None:
        self.problems.append(not_adopted(message, self.context.declarations.users[user].source, hint))

    def _revoke(self, user: str, role: str) -> None:
        for index, declared in self.context.assignments_of(role):
            if user in declared.assignment.users:
                self.users[index] = without_keys(self._users(index, declared), [user])

    def _grant(self, user: str, role: str) -> None:
        """Adds the user to the first assignment of the role with users, no end and no reason, else to a new one."""
        for index, declared in self.context.assignments_of(role):
            assignment = declared.assignment
            if assignment.users and assignment.expires is None and assignment.reason is None:
                self.users[index] = with_key(self._users(index, declared), user)
                return
        self.new[role] = with_key(self.new.get(role, []), user)

    def _users(self, index: int, declared: DeclaredAssignment) -> list[str]:
        return self.users.get(index, declared.assignment.users)

    def _add(self, role: str, users: list[str], positions: Mapping[int, tuple[str, int]]) -> AddItem:
        """Returns a new assignment, after the last one of its role; else at the end of the file with the last one."""
        assignments = self.context.declarations.assignments
        same_role = [index for index, declared in enumerate(assignments) if declared.assignment.role == role]
        file, position = positions[same_role[-1]] if same_role else (assignments[-1].source.file, END)
        return AddItem(file, (SECTION,), {"role": role, "users": users}, position)


def _positions(assignments: Iterable[DeclaredAssignment]) -> dict[int, tuple[str, int]]:
    """Returns the file of each assignment, and its position in the list of that file."""
    counts: dict[str, int] = {}
    positions: dict[int, tuple[str, int]] = {}
    for index, declared in enumerate(assignments):
        position = counts.get(declared.source.file, 0)
        positions[index] = (declared.source.file, position)
        counts[declared.source.file] = position + 1
    return positions
