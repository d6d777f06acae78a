"""Links declared resources to the account: `core/model/matching.py` decides what fits, this module the order.

First by HEAD's values; then, for a key without a link, by its values at the base; last by the values of the key that it
`was`. A live resource is linked to one key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.model.matching import Live, Matches, match_resources
from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key, LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState, LiveState
from reconciler.errors import Problem

Declared = Mapping[Key, DesiredUser | DesiredGroup]


@dataclass(frozen=True, slots=True)
class FormerDeclarations:
    """Declarations of earlier states: they are looked up, and link changed keys. They make no leavers.

    `users` and `groups` are those whose key HEAD no longer declares. `base` has the base's declarations of HEAD's keys,
    and `was` the earlier declarations under the previous keys of HEAD's keys.
    """

    users: Mapping[Key, DesiredUser]
    groups: Mapping[Key, DesiredGroup]
    base: Declared = field(default_factory=dict)
    was: Mapping[Key, tuple[DesiredUser | DesiredGroup, ...]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[DesiredUser | DesiredGroup]:
        yield from self.users.values()
        yield from self.groups.values()


def find_former(desired: DesiredState, earlier: Earlier) -> FormerDeclarations:
    """Returns the earlier declarations: of keys that left git, and of keys that HEAD still declares or renamed."""
    users, groups = earlier.users(), earlier.groups()
    declared: Declared = {**users, **groups}
    base = [] if earlier.base is None else [resource for resource in earlier.base if desired.resource(resource.key)]
    was = {
        key: tuple(declared.get(former) or _make_stand_in(resource, former) for former in formers)
        for key, formers in desired.was.items()
        if (resource := desired.resource(key))
    }
    return FormerDeclarations(
        users={key: user for key, user in users.items() if key not in desired.users},
        groups={key: group for key, group in groups.items() if key not in desired.groups},
        base={resource.key: resource for resource in base},
        was=was,
    )


def _make_stand_in(resource: DesiredUser | DesiredGroup, former: Key) -> DesiredUser | DesiredGroup:
    """Returns a declaration for a key that no known state declares, with the externalId of the default mapping."""
    return replace(resource, key=former, attributes={"externalId": former.name})


@dataclass(frozen=True, slots=True)
class Links:
    """The links to the account: of resources that HEAD declares, and of earlier declarations whose keys left git."""

    users: Matches[LiveUser]
    groups: Matches[LiveGroup]
    former_users: Matches[LiveUser]
    former_groups: Matches[LiveGroup]

    def user(self, key: Key) -> LiveUser | None:
        """Returns the live user of a key that HEAD or an earlier state declares, or None."""
        return self.users.live_of.get(key) or self.former_users.live_of.get(key)

    def group(self, key: Key) -> LiveGroup | None:
        """Returns the live group of a key that HEAD or an earlier state declares, or None."""
        return self.groups.live_of.get(key) or self.former_groups.live_of.get(key)

    def problems(self, desired: DesiredState) -> Iterator[Problem]:
        """Yields the problems of matching for the selected keys."""
        for matches in (self.users, self.groups):
            yield from (problem for problem, keys in matches.problems.items() if any(map(desired.is_selected, keys)))


def link_account(desired: DesiredState, earlier: Earlier, live: LiveState) -> Links:
    """Links the declarations of HEAD and of earlier states to an account."""
    return link_resources(desired, find_former(desired, earlier), live)


def link_resources(desired: DesiredState, former: FormerDeclarations, live: LiveState) -> Links:
    """Links HEAD's declarations, then earlier declarations to the live resources that are left."""
    users = _link(desired, former, desired.users, live.users, desired.matching)
    groups = _link(desired, former, desired.groups, live.groups, desired.group_matching)
    return Links(
        users=users,
        groups=groups,
        former_users=match_resources(former.users.values(), users.unmatched(live.users), desired.matching),
        former_groups=match_resources(former.groups.values(), groups.unmatched(live.groups), desired.group_matching),
    )


def _link(
    desired: DesiredState,
    former: FormerDeclarations,
    declared: Declared,
    live: Sequence[Live],
    attributes: Sequence[str],
) -> Matches[Live]:
    """Links first to resources whose id is not under `left:` or `released:`, then to all."""
    settled = {line.id for line in (*desired.left, *desired.released) if line.id}
    others = [resource for resource in live if resource.id not in settled] if settled else live
    matches = match_resources(declared.values(), others, attributes)
    if settled:
        _link_more(matches, {key: (resource,) for key, resource in declared.items()}, live, attributes)
    _link_more(matches, {key: (former.base[key],) for key in declared.keys() & former.base.keys()}, others, attributes)
    _link_more(matches, {key: former.was[key] for key in declared.keys() & former.was.keys()}, others, attributes)
    return matches


def _link_more(
    matches: Matches[Live],
    declared: Mapping[Key, tuple[DesiredUser | DesiredGroup, ...]],
    live: Sequence[Live],
    attributes: Sequence[str],
) -> None:
    """Links keys without a link by their other declarations, in order; an unclear key gets no link."""
    for index in range(max(map(len, declared.values()), default=0)):
        unlinked = [
            replace(declarations[index], key=key)
            for key, declarations in declared.items()
            if len(declarations) > index and key not in matches.live_of and key not in matches.unclear
        ]
        if unlinked:
            matches.live_of.update(match_resources(unlinked, matches.unmatched(live), attributes).live_of)


def matching_terms(desired: DesiredState, resource: DesiredUser | DesiredGroup) -> Iterable[tuple[str, str]]:
    """Yields the matching attributes of a resource with its values, in order of precedence."""
    attributes = desired.matching if resource.key.kind == "user" else desired.group_matching
    for attribute in attributes:
        value = resource.attributes.get(attribute)
        if isinstance(value, str) and value:
            yield attribute, value
