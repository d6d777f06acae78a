"""Members as the account has them → the `members` to declare, or why no edit of that list can say it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from reconciler.core.adoption.adoption_context import AdoptionContext, not_adopted, with_key, without_keys
from reconciler.core.comparison.references import ID_PREFIX
from reconciler.core.model.resources import Key, parse_key
from reconciler.errors import Problem


@dataclass(frozen=True, slots=True)
class MembershipDrift:
    """Who came into a group and who went, in the account."""

    came: tuple[str, ...] = ()
    went: tuple[str, ...] = ()


def adopt_members(
    context: AdoptionContext, group: Key, moved: MembershipDrift, in_scope: Collection[str]
) -> tuple[list[str], list[Problem]]:
    """The list of members after that, and who can't come or go by it, and why; `in_scope` are names."""
    declared = context.declarations.groups[group.name]
    members, problems = list(declared.members or ()), list[Problem]()
    for reference in moved.went:
        name = reference.removeprefix("user/")
        if ways := context.other_ways_in(declared, name):
            told = f"{group}: {reference} is not in it in the account, and is in git by {' and '.join(ways)}"
            hint = "change who is in that, or apply puts them back"
            problems.append(not_adopted(told, declared.source, hint))
        else:
            members = without_keys(members, [name])
    for reference in moved.came:
        if problem := _unfit(context, group, reference, in_scope):
            problems.append(problem)
        else:
            members = with_key(members, reference.removeprefix("user/"))
    return members, problems


def _unfit(context: AdoptionContext, group: Key, reference: str, in_scope: Collection[str]) -> Problem | None:
    """Why somebody can't be declared a member, or None."""
    source = context.source(group)
    key = parse_key(reference)
    user = context.desired.users.get(key) if key else None
    if user is None:
        told = f"{group}: {reference.removeprefix(ID_PREFIX)} is in it in the account, and git does not declare them"
        return not_adopted(told, source, "declare them, or apply takes them out")
    if user.key.name not in in_scope:
        reason = user.reason if not user.in_scope else "they are inactive in the account too"
        told = f"{group}: {reference} is in it in the account, and only who is in scope can be a member ({reason})"
        return not_adopted(told, source, "bring them into scope, or apply takes them out")
    return None
