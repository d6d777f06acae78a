"""What git declares, and what it declared before, linked to the account: matching decides, this is the order.

What git declares is linked first: a key that was renamed keeps its person, who has not left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.core.earlier import Earlier
from reconciler.core.match import Matches, match_resources
from reconciler.core.model import DesiredGroup, DesiredState, DesiredUser, Key, LiveGroup, LiveState, LiveUser
from reconciler.errors import Problem


@dataclass(frozen=True, slots=True)
class Gone:
    """What git declared before, and no longer does."""

    users: Mapping[Key, DesiredUser]
    groups: Mapping[Key, DesiredGroup]

    def __iter__(self) -> Iterator[DesiredUser | DesiredGroup]:
        yield from self.users.values()
        yield from self.groups.values()


def find_gone(desired: DesiredState, earlier: Earlier) -> Gone:
    """What left git since the earlier states."""
    return Gone(
        users={key: user for key, user in earlier.users().items() if key not in desired.users},
        groups={key: group for key, group in earlier.groups().items() if key not in desired.groups},
    )


@dataclass(frozen=True, slots=True)
class Links:
    """What is linked to the account: what git declares, and what it declared before."""

    users: Matches[LiveUser]
    groups: Matches[LiveGroup]
    gone_users: Matches[LiveUser]
    gone_groups: Matches[LiveGroup]

    def user(self, key: Key) -> LiveUser | None:
        """The live user of a key, declared now or before."""
        return self.users.live_of.get(key) or self.gone_users.live_of.get(key)

    def group(self, key: Key) -> LiveGroup | None:
        """The live group of a key, declared now or before."""
        return self.groups.live_of.get(key) or self.gone_groups.live_of.get(key)

    def problems(self, desired: DesiredState) -> Iterator[Problem]:
        """What matching could not settle about the keys that are asked about."""
        every = (self.users, self.groups, self.gone_users, self.gone_groups)
        for matches in every:
            yield from (problem for problem, keys in matches.problems.items() if any(map(desired.is_asked, keys)))


def link_resources(desired: DesiredState, gone: Gone, live: LiveState) -> Links:
    """Links all of it; nobody is linked twice."""
    users = match_resources(desired.users.values(), live.users, desired.matching)
    groups = match_resources(desired.groups.values(), live.groups, desired.group_matching)
    return Links(
        users=users,
        groups=groups,
        gone_users=match_resources(gone.users.values(), users.unmatched(live.users), desired.matching),
        gone_groups=match_resources(gone.groups.values(), groups.unmatched(live.groups), desired.group_matching),
    )


def matching_terms(desired: DesiredState, resource: DesiredUser | DesiredGroup) -> Iterable[tuple[str, str]]:
    """The matching attributes of a resource and its values of them, in order of precedence."""
    attributes = desired.matching if resource.key.kind == "user" else desired.group_matching
    for attribute in attributes:
        value = resource.attributes.get(attribute)
        if isinstance(value, str) and value:
            yield attribute, value
