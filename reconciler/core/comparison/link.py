"""Links what git declares to the account: `match` decides what fits, this module in which order it is tried.

First by HEAD's values; then, for a key that these link to nothing, by the values that its base had; last by those of
the key that it `was`. A record goes to one key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.model.matching import Live, Matches, match_resources
from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key, LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState, LiveState, Settlement
from reconciler.errors import Problem

Declared = Mapping[Key, DesiredUser | DesiredGroup]


@dataclass(frozen=True, slots=True)
class FormerDeclarations:
    """What earlier states declare: it is looked up, and links keys that changed. It makes no leavers.

    `users` and `groups` are those whose key HEAD no longer declares. `base` is what the base declares of HEAD's keys,
    and `was` what earlier states declare of the keys that HEAD's keys were before.
    """

    users: Mapping[Key, DesiredUser]
    groups: Mapping[Key, DesiredGroup]
    base: Declared = field(default_factory=dict)
    was: Mapping[Key, tuple[DesiredUser | DesiredGroup, ...]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[DesiredUser | DesiredGroup]:
        yield from self.users.values()
        yield from self.groups.values()


def find_former(desired: DesiredState, earlier: Earlier) -> FormerDeclarations:
    """Returns what earlier states declare of keys that HEAD does not, and of those that it goes on with."""
    users, groups = earlier.users(), earlier.groups()
    declared: Declared = {**users, **groups}
    base = [] if earlier.base is None else [one for one in earlier.base if desired.resource(one.key)]
    was = {
        key: tuple(declared.get(former) or _marked(resource, former) for former in formers)
        for key, formers in desired.was.items()
        if (resource := desired.resource(key))
    }
    return FormerDeclarations(
        users={key: user for key, user in users.items() if key not in desired.users},
        groups={key: group for key, group in groups.items() if key not in desired.groups},
        base={one.key: one for one in base},
        was=was,
    )


def _marked(resource: DesiredUser | DesiredGroup, former: Key) -> DesiredUser | DesiredGroup:
    """Returns a stand-in for a key that no known state declares: with the externalId of the default mapping."""
    return replace(resource, key=former, attributes={"externalId": former.name})


@dataclass(frozen=True, slots=True)
class Links:
    """What is linked to the account: what git declares, and what it declared before under keys that are gone."""

    users: Matches[LiveUser]
    groups: Matches[LiveGroup]
    former_users: Matches[LiveUser]
    former_groups: Matches[LiveGroup]

    def user(self, key: Key) -> LiveUser | None:
        """The live user of a key, declared now or before."""
        return self.users.live_of.get(key) or self.former_users.live_of.get(key)

    def group(self, key: Key) -> LiveGroup | None:
        """The live group of a key, declared now or before."""
        return self.groups.live_of.get(key) or self.former_groups.live_of.get(key)

    def problems(self, desired: DesiredState) -> Iterator[Problem]:
        """What matching could not settle about the keys that are asked about."""
        for matches in (self.users, self.groups):
            yield from (problem for problem, keys in matches.problems.items() if any(map(desired.is_asked, keys)))


def link_account(desired: DesiredState, earlier: Earlier, live: LiveState) -> Links:
    """Links what git declares, and declared at earlier states, to an account."""
    return link_resources(desired, find_former(desired, earlier), live)


def link_resources(desired: DesiredState, former: FormerDeclarations, live: LiveState) -> Links:
    """Links what git declares, then what earlier states declare to the records left over."""
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
    """Links to records that no line of `left:` or `released:` names by id, where those do; then to any."""
    settled = {line.id for line in _settlements(desired) if line.id}
    others = [one for one in live if one.id not in settled] if settled else live
    matches = match_resources(declared.values(), others, attributes)
    if settled:
        _link_more(matches, {key: (one,) for key, one in declared.items()}, live, attributes)
    _link_more(matches, {key: (former.base[key],) for key in declared.keys() & former.base.keys()}, others, attributes)
    _link_more(matches, {key: former.was[key] for key in declared.keys() & former.was.keys()}, others, attributes)
    return matches


def _settlements(desired: DesiredState) -> Iterable[Settlement]:
    return (*desired.left, *desired.released)


def _link_more(
    matches: Matches[Live],
    declared: Mapping[Key, tuple[DesiredUser | DesiredGroup, ...]],
    live: Sequence[Live],
    attributes: Sequence[str],
) -> None:
    """Links keys without a record by other values, the first that find one; an unclear key stays without."""
    for turn in range(max(map(len, declared.values()), default=0)):
        waiting = [
            replace(every[turn], key=key)
            for key, every in declared.items()
            if len(every) > turn and key not in matches.live_of and key not in matches.unclear
        ]
        if waiting:
            matches.live_of.update(match_resources(waiting, matches.unmatched(live), attributes).live_of)


def matching_terms(desired: DesiredState, resource: DesiredUser | DesiredGroup) -> Iterable[tuple[str, str]]:
    """The matching attributes of a resource and its values of them, in order of precedence."""
    attributes = desired.matching if resource.key.kind == "user" else desired.group_matching
    for attribute in attributes:
        value = resource.attributes.get(attribute)
        if isinstance(value, str) and value:
            yield attribute, value
