"""Assumes the members of groups whose service hides them: those of the last complete apply.

So a plan sends only what git changed since then: no member is added again at each apply, none is removed by a guess.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.comparison.link import Links, link_account
from reconciler.core.model.resources import Key, LiveGroup
from reconciler.core.model.states import DesiredState, LiveState


def assume_members(desired: DesiredState, earlier: Earlier, live: LiveState) -> LiveState:
    """Returns the live state in which each group without listed members has those of the last complete apply.

    Only for a service that hides members: elsewhere a group without `members` is empty (RFC 7643 section 4.2).
    """
    if all(group.lists_members for group in live.groups):
        return live
    links = link_account(desired, earlier, live)
    assumed = {group.id: members for group, members in applied_members(earlier, links) if not group.lists_members}
    groups = (replace(group, members=assumed.get(group.id, group.members)) for group in live.groups)
    return replace(live, groups=tuple(groups))


def applied_members(earlier: Earlier, links: Links) -> Iterator[tuple[LiveGroup, frozenset[str]]]:
    """Yields each live group that git managed at the last apply, else at the base, with the live ids of its members."""
    before = earlier.applied or earlier.base  # without a named base, the base is the commit of the last complete apply
    for key, group in (before.groups if before else {}).items():
        live = links.group(key)
        if live and group.in_scope and group.members is not None:
            yield live, frozenset(_ids_of(links, group.members))


def _ids_of(links: Links, members: frozenset[Key]) -> Iterator[str]:
    for member in members:
        user = links.user(member)
        if user:
            yield user.id
