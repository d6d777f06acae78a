"""Desired × live (× what git said before) → the changes of a plan. Set algebra over what was compiled and read.

`plan_users` and `plan_groups` hold the decision tables; this module links, asks them about every key, and gathers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.earlier import Earlier
from reconciler.core.match import Matches, match_resources
from reconciler.core.model import DesiredGroup, DesiredState, DesiredUser, LiveGroup, LiveState, LiveUser
from reconciler.core.plan import Change, Skipped, Unmanaged, order_changes
from reconciler.core.plan_groups import GroupPlanner
from reconciler.core.plan_users import UserPlanner
from reconciler.core.references import make_references
from reconciler.core.tenant import Tenant
from reconciler.errors import Problem


@dataclass(frozen=True, slots=True)
class Decided:
    """What is to be done, what is left alone, and `ids`: the live id of every key that has one, for apply.

    `unclear` are keys that could be several live resources, and `contested` the ids of those.
    """

    changes: tuple[Change, ...]
    unmanaged: tuple[Unmanaged, ...]
    skipped: tuple[Skipped, ...]
    problems: tuple[Problem, ...]
    ids: Mapping[str, str]
    unclear: frozenset[str] = frozenset()
    contested: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Links:
    """What is linked to the account: what git declares, and what it declared before."""

    users: Matches[LiveUser]
    groups: Matches[LiveGroup]
    gone_users: Matches[LiveUser]
    gone_groups: Matches[LiveGroup]


def decide_changes(desired: DesiredState, live: LiveState, tenant: Tenant, earlier: Earlier) -> Decided:
    """What makes the account what git says; what `earlier` declares and `desired` does not has left git."""
    gone_users = [user for key, user in earlier.users().items() if key not in desired.users]
    gone_groups = [group for key, group in earlier.groups().items() if key not in desired.groups]
    links = _link(desired, gone_users, gone_groups, live)
    references = make_references(desired, (links.users, links.gone_users), (links.groups, links.gone_groups))
    users = UserPlanner(links.users, references, earlier, tenant)
    removed_users = UserPlanner(links.gone_users, references, earlier, tenant)
    groups = GroupPlanner(links.groups, references, earlier)
    removed_groups = GroupPlanner(links.gone_groups, references, earlier)

    results = [
        *map(users.plan, desired.users.values()),
        *map(removed_users.plan_removed, gone_users),
        *map(groups.plan, desired.groups.values()),
        *map(removed_groups.plan_removed, gone_groups),
    ]
    return Decided(
        changes=order_changes(change for result in results for change in result.changes),
        unmanaged=_unmanaged(links, live),
        skipped=tuple(sorted((one for result in results for one in result.skipped), key=lambda one: one.key)),
        problems=(*_match_problems(links), *(problem for result in results for problem in result.problems)),
        ids=references.ids,
        unclear=frozenset(map(str, links.users.unclear | links.groups.unclear)),
        contested=references.contested,
    )


def _link(
    desired: DesiredState, gone_users: Sequence[DesiredUser], gone_groups: Sequence[DesiredGroup], live: LiveState
) -> _Links:
    """What git declares is linked first: a key that was renamed keeps its person, who has not left."""
    users = match_resources(desired.users.values(), live.users, desired.matching)
    groups = match_resources(desired.groups.values(), live.groups, desired.group_matching)
    return _Links(
        users=users,
        groups=groups,
        gone_users=match_resources(gone_users, users.unmatched(live.users), desired.matching),
        gone_groups=match_resources(gone_groups, groups.unmatched(live.groups), desired.group_matching),
    )


def _match_problems(links: _Links) -> list[Problem]:
    every = (links.users, links.groups, links.gone_users, links.gone_groups)
    return [problem for matches in every for problem in matches.problems]


def _unmanaged(links: _Links, live: LiveState) -> tuple[Unmanaged, ...]:
    """What git never declared; a group that left git is among it, for it stays."""
    gone = {one.id for one in links.gone_users.live_of.values()}
    users = [user for user in links.users.unmatched(live.users) if user.id not in gone]
    found = [
        *(Unmanaged(kind="user", id=user.id, name=user.name) for user in users),
        *(Unmanaged(kind="group", id=group.id, name=group.name) for group in links.groups.unmatched(live.groups)),
    ]
    return tuple(sorted(found, key=lambda one: (one.kind, one.name, one.id)))
