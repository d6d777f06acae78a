"""The members of a live group → the `members` to declare, or the reason why no edit of that list can adopt them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from reconciler.core.adoption.adoption_context import AdoptionContext, not_adopted, with_key, without_keys
from reconciler.core.comparison.references import ID_PREFIX
from reconciler.core.model.resources import Key, parse_key
from reconciler.errors import Problem


@dataclass(frozen=True, slots=True)
class MembershipDrift:
    """The members that were added to a group in the account, and those that were removed."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def adopt_members(
    context: AdoptionContext, group: Key, drift: MembershipDrift, in_scope: Collection[str]
) -> tuple[list[str], list[Problem]]:
    """Returns the new list of members, and a problem for each member that no edit adds or removes.

    `in_scope` holds the names of users with access.
    """
    declared = context.declarations.groups[group.name]
    members, problems = list(declared.members or ()), list[Problem]()
    for reference in drift.removed:
        name = reference.removeprefix("user/")
        if ways := context.other_ways_in(declared, name):
            message = f"{group}: {reference} was removed in the account; git adds them through {' and '.join(ways)}"
            hint = "remove the user there, or apply adds them again"
            problems.append(not_adopted(message, declared.source, hint))
        else:
            members = without_keys(members, [name])
    for reference in drift.added:
        if problem := _unfit(context, group, reference, in_scope):
            problems.append(problem)
        else:
            members = with_key(members, reference.removeprefix("user/"))
    return members, problems


def _unfit(context: AdoptionContext, group: Key, reference: str, in_scope: Collection[str]) -> Problem | None:
    """Returns the problem of a live member that can't be declared as one, or None."""
    source = context.source(group)
    key = parse_key(reference)
    user = context.desired.users.get(key) if key else None
    if user is None:
        message = (
            f"{group}: {reference.removeprefix(ID_PREFIX)} was added in the account, and git does not declare them"
        )
        return not_adopted(message, source, "declare them, or apply removes them from the group")
    if user.key.name not in in_scope:
        reason = user.reason if not user.in_scope else "they are inactive in the account too"
        message = f"{group}: {reference} was added in the account, and only users in scope can be members ({reason})"
        return not_adopted(message, source, "bring them into scope, or apply removes them from the group")
    return None
