"""Roles as the account has them → edits of the role assignments, or why none of them can say it.

A role is a set that is written whole, and so what git would say of somebody after the edits is judged as a whole.
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
    """Collects who is given and who loses which role; `users` are the lists of assignments that change, by place."""

    context: AdoptionContext
    users: dict[int, list[str]] = field(default_factory=dict)
    new: dict[str, list[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def adopt(self, user: str, granted: Iterable[str], revoked: Iterable[str]) -> None:
        """Takes over what somebody was granted and what was revoked in the account, or says why not."""
        if not self.context.declarations.assignments:
            told = f"user/{user} holds {', '.join(granted)} in the account, and git assigns no role to anybody any more"
            self._refuse(told, user, f"declare it under `{SECTION}`, or apply revokes it")
            return
        if self._may_wait(user, granted, revoked):
            told = (
                f"user/{user} holds none of their roles in the account: 4me may have linked them since the last apply"
            )
            self._refuse(
                told, user, "apply grants them; if they were taken by hand, take the assignments out by hand too"
            )
            return
        lost = [role for role in revoked if self._can_lose(user, role)]
        held = self.context.holdings.roles(user) - {*lost}
        got = [role for role in granted if role not in held and self._can_hold(user, role)]
        after = held | {*got}
        lacking = after - NEED_NO_SPECIALIST - {PLAIN_ACCESS}
        if lacking and SPECIALIST not in after:
            told = f"user/{user}: in the account they hold {', '.join(sorted(lacking))} without {SPECIALIST}"
            self._refuse(told, user, "mend that in the account, or apply puts back what git says")
            return
        if not after and self.context.tenant.scope == "assigned":
            got = [PLAIN_ACCESS]  # they have access in the account, without a role: that is what this one is called
        for role in lost:
            self._take(user, role)
        for role in got:
            self._give(user, role)

    def _may_wait(self, user: str, granted: Iterable[str], revoked: Iterable[str]) -> bool:
        """Whether somebody has nothing of what git gives: over REST roles wait for a person, and nobody took them."""
        over_rest = self.context.tenant.roles_via == "permissions"
        return over_rest and not {*granted} and {*revoked} >= self.context.holdings.granted(user)

    def edits(self) -> list[Edit]:
        """The edits of all assignments that change, file by file."""
        places = _places(self.context.declarations.assignments)
        emptied = {index for index, users in self.users.items() if not users and not self._assignment(index).groups}
        added = [self._add(role, users, places) for role, users in sorted(self.new.items())]
        edits: list[Edit] = list(added)
        for index, users in sorted(self.users.items()):
            file, place = places[index]
            if index not in emptied:
                edits.append(SetValues(file, (SECTION, place), {("users",): users}))
        for file in sorted({places[index][0] for index in emptied}):
            gone = [places[index][1] for index in sorted(emptied) if places[index][0] == file]
            everything = len(gone) == sum(one == file for one, _place in places.values())
            if everything and file not in {one.file for one in added}:
                edits.append(SetValues(file, (), {(SECTION,): []}))
            else:
                edits.extend(RemoveItem(file, (SECTION,), place) for place in gone)
        return edits

    def _assignment(self, index: int) -> RoleAssignment:
        return self.context.declarations.assignments[index].assignment

    def _can_lose(self, user: str, role: str) -> bool:
        """Whether every assignment that gives the role names the user: one that gives it to a group stays."""
        for _index, declared in self.context.assignments_of(role):
            if groups := self.context.groups_that_give(declared, user):
                told = f"user/{user} does not hold {role} in the account, and has it in git through group/{groups[0]}"
                hint = "take them out of the group, or the group out of the assignment; or apply grants it again"
                self.problems.append(not_adopted(told, declared.source, hint))
                return False
        return True

    def _can_hold(self, user: str, role: str) -> bool:
        if role in CATALOGUE:
            return True
        told = f'user/{user} holds "{role}" in the account, which is no role of 4me that can be assigned'
        self._refuse(told, user, "take it away in the account, or apply does")
        return False

    def _refuse(self, told: str, user: str, hint: str) -> None:
        self.problems.append(not_adopted(told, self.context.declarations.users[user].source, hint))

    def _take(self, user: str, role: str) -> None:
        for index, declared in self.context.assignments_of(role):
            if user in declared.assignment.users:
                self.users[index] = without_keys(self._users(index, declared), [user])

    def _give(self, user: str, role: str) -> None:
        """Adds to the first assignment of the role that is for good and has no reason of its own, else makes one."""
        for index, declared in self.context.assignments_of(role):
            one = declared.assignment
            if one.users and one.expires is None and one.reason is None:
                self.users[index] = with_key(self._users(index, declared), user)
                return
        self.new[role] = with_key(self.new.get(role, []), user)

    def _users(self, index: int, declared: DeclaredAssignment) -> list[str]:
        return self.users.get(index, declared.assignment.users)

    def _add(self, role: str, users: list[str], places: Mapping[int, tuple[str, int]]) -> AddItem:
        """A new assignment, after the last one of its role; else at the end of the file that has the last one."""
        assignments = self.context.declarations.assignments
        alike = [index for index, one in enumerate(assignments) if one.assignment.role == role]
        file, place = places[alike[-1]] if alike else (assignments[-1].source.file, END)
        return AddItem(file, (SECTION,), {"role": role, "users": users}, place)


def _places(assignments: Iterable[DeclaredAssignment]) -> dict[int, tuple[str, int]]:
    """The file of each assignment, and which of that file's it is."""
    counts: dict[str, int] = {}
    places: dict[int, tuple[str, int]] = {}
    for index, one in enumerate(assignments):
        place = counts.get(one.source.file, 0)
        places[index] = (one.source.file, place)
        counts[one.source.file] = place + 1
    return places
