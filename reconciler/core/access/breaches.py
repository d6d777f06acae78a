"""Finds users to whom git gives roles that no user may hold together (separation of duties)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from reconciler.core.access.membership import Membership
from reconciler.core.access.role_paths import find_paths
from reconciler.core.declarations.declared import Declarations
from reconciler.core.declarations.tenant import SeparateDuties
from reconciler.core.model.resources import DesiredUser
from reconciler.core.model.states import AssignedRole, Breach

TOGETHER: Final = 2


def find_breaches(
    declarations: Declarations,
    membership: Membership,
    rules: Sequence[SeparateDuties],
    users: Iterable[DesiredUser],
    today: date,
) -> Iterable[Breach]:
    """Yields each user in scope to whom git gives two roles of a rule, once for each rule, with the roles' paths."""
    if not rules:
        return
    for user in users:
        for rule in rules:
            conflicting = (user.roles or frozenset()) & {*rule.roles}
            if len(conflicting) >= TOGETHER:
                assigned = tuple(_assigned(declarations, membership, user.key.name, conflicting, today))
                yield Breach(user.key, user.name, assigned, rule.reason)


def _assigned(
    declarations: Declarations, membership: Membership, user: str, conflicting: frozenset[str], today: date
) -> Iterable[AssignedRole]:
    paths = [path for path in find_paths(declarations, membership, user) if path.counts(today)]
    for role in sorted(conflicting):
        giving = [path for path in paths if path.role == role]
        yield AssignedRole(role, tuple(map(str, giving)), giving[0].declared.source)
