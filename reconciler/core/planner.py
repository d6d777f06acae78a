"""Desired × live (× what git said before) → the changes of a plan. Set algebra over what was compiled and read.

`plan_users` and `plan_groups` hold the decision tables; this module links, asks them about every key, and gathers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.core.earlier import Earlier
from reconciler.core.link import Links, find_gone, link_resources
from reconciler.core.model import DesiredState, DesiredUser, LiveState
from reconciler.core.people import Sought
from reconciler.core.plan import Change, Skipped, Unmanaged, order_changes
from reconciler.core.plan_groups import GroupPlanner
from reconciler.core.plan_roles import wanted_roles
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


def decide_changes(desired: DesiredState, live: LiveState, tenant: Tenant, earlier: Earlier) -> Decided:
    """What makes the account what git says; what `earlier` declares and `desired` does not has left git."""
    gone = find_gone(desired, earlier)
    links = link_resources(desired, gone, live)
    references = make_references(desired, (links.users, links.gone_users), (links.groups, links.gone_groups))
    users = UserPlanner(links.users, references, earlier, tenant, live.me)
    removed_users = UserPlanner(links.gone_users, references, earlier, tenant, live.me)
    groups = GroupPlanner(links.groups, references, earlier, desired)
    removed_groups = GroupPlanner(links.gone_groups, references, earlier, desired)

    results = [
        *(users.plan(user) for user in desired.users.values() if desired.is_asked(user.key)),
        *(removed_users.plan_removed(user) for user in gone.users.values() if desired.is_asked(user.key)),
        *(groups.plan(group) for group in desired.groups.values() if desired.is_asked(group.key)),
        *(removed_groups.plan_removed(group) for group in gone.groups.values() if desired.is_asked(group.key)),
    ]
    return Decided(
        changes=order_changes(change for result in results for change in result.changes),
        unmanaged=_unmanaged(links, live),
        skipped=tuple(sorted((one for result in results for one in result.skipped), key=lambda one: one.key)),
        problems=(*links.problems(desired), *(problem for result in results for problem in result.problems)),
        ids=references.ids,
        unclear=frozenset(map(str, links.users.unclear | links.groups.unclear)),
        contested=references.contested,
    )


def list_sought(desired: DesiredState, live: LiveState, tenant: Tenant, earlier: Earlier) -> list[Sought]:
    """The users the roles of whose person decide something: none, unless roles take effect over REST."""
    if tenant.roles_via == "scim":
        return []
    links = link_resources(desired, find_gone(desired, earlier), live)
    pairs = [(key, user, _wanted(desired.users[key], tenant, earlier)) for key, user in links.users.live_of.items()]
    if tenant.on_removed == "deactivate":
        pairs += [(key, user, frozenset()) for key, user in links.gone_users.live_of.items()]
    return [Sought(user, roles) for key, user, roles in pairs if roles is not None and desired.is_asked(key)]


def _wanted(user: DesiredUser, tenant: Tenant, earlier: Earlier) -> frozenset[str] | None:
    if user.in_scope:
        return wanted_roles(user, earlier)
    return frozenset() if tenant.on_out_of_scope == "deactivate" else None


def _unmanaged(links: Links, live: LiveState) -> tuple[Unmanaged, ...]:
    """What git never declared; a group that left git is among it, for it stays."""
    gone = {one.id for one in links.gone_users.live_of.values()}
    users = [user for user in links.users.unmatched(live.users) if user.id not in gone]
    found = [
        *(Unmanaged(kind="user", id=user.id, name=user.name) for user in users),
        *(Unmanaged(kind="group", id=group.id, name=group.name) for group in links.groups.unmatched(live.groups)),
    ]
    return tuple(sorted(found, key=lambda one: (one.kind, one.name, one.id)))
