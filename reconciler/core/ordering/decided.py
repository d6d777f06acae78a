"""Decides on the names of a plan, for the planners of users and groups: which move, and which stay where they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from reconciler.core.comparison.link import Links
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.logins import PLACES, fold_name, list_login_paths, name_of
from reconciler.core.model.matching import Live, Matches
from reconciler.core.model.resources import Attributes, DesiredUser, Key, Kind, LiveUser
from reconciler.core.model.states import DesiredState, LiveState
from reconciler.core.ordering.held import CALLED, NameHolders, describe_ring, describe_struck
from reconciler.core.ordering.moves import list_group_moves, list_user_moves
from reconciler.core.ordering.names import NameOrder, Struck, order_names
from reconciler.core.ownership.verdicts import Ownership
from reconciler.errors import Problem

LEFT_OVER = "left over from an exchange of names, which was not ended"


@dataclass(frozen=True, slots=True)
class NameDecisions:
    """The possible moves of names, the struck ones, and the problems and notes about them.

    `over` has the third name of each user or group that goes over one.
    """

    users: NameOrder = NameOrder()  # noqa: RUF009  # frozen, and empty
    groups: NameOrder = NameOrder()  # noqa: RUF009  # frozen, and empty
    problems: tuple[Problem, ...] = ()
    over: Mapping[Key, str] = field(default_factory=dict)

    def _of(self, key: Key) -> NameOrder:
        return self.users if key.kind == "user" else self.groups

    def held_back(self, key: Key) -> str | None:
        """Returns why nothing at all is done for a key, or None: a create or an adoption needs its name."""
        struck = self._of(key).struck.get(key)
        if struck is None or struck.move.settled:
            return None
        return f'its {CALLED[key.kind]} "{struck.move.wants}" is not free'

    @property
    def struck(self) -> tuple[Struck, ...]:
        """Returns the moves that this plan can't make."""
        return (*self.users.struck.values(), *self.groups.struck.values())

    @property
    def held(self) -> frozenset[str]:
        """Returns the keys that are neither created nor adopted, because another one has their name."""
        return frozenset(str(one.move.key) for one in self.struck if not one.move.settled)

    @property
    def keepers(self) -> frozenset[str]:
        """Returns the live ids behind the struck moves: of those that keep their names, and of those in their way."""
        ids = (
            one for struck in self.struck for one in (struck.holder, struck.move.live.id if struck.move.live else "")
        )
        return frozenset(filter(None, ids))

    def problems_of(self, key: Key) -> list[Problem]:
        """Returns the problems of a key whose name another one keeps."""
        struck = (*sorted(self.users.struck), *sorted(self.groups.struck))  # the first problems, in this order
        return [problem for one, problem in zip(struck, self.problems, strict=False) if one == key]

    def without_held(self, key: Key, attributes: Attributes) -> Attributes:
        """Returns the attributes to write, without the name if it is held, and the primary e-mail that goes with it."""
        struck = self._of(key).struck.get(key)
        if struck is None:
            return attributes
        left_out = list_login_paths(key.kind, attributes)
        return {path: value for path, value in attributes.items() if path not in left_out}

    def moves(self, key: Key) -> bool:
        """Whether the name of a key moves in this plan."""
        return key in self._of(key).moves

    def is_left_over(self, key: Key) -> bool:
        """Whether the name of a key moves away from a third name."""
        move = self._of(key).moves.get(key)
        return move is not None and move.is_left_over

    def is_wanted(self, key: Key) -> bool:
        """Whether another user or group takes the name that this one has now."""
        return key in self._of(key).wanted

    def blocks(self, links: Links) -> Links:
        """Returns the links without those that are held back: they count as unclear, so that nothing refers to them."""
        return replace(
            links,
            users=_without(links.users, self.users.struck.values()),
            groups=_without(links.groups, self.groups.struck.values()),
        )


def decide_names(
    desired: DesiredState, links: Links, live: LiveState, ownership: Ownership, tenant: Tenant
) -> NameDecisions:
    """Returns the decisions about the names of a plan. If no name moves, nothing is looked through."""
    user_moves, group_moves = list_user_moves(desired, links, ownership, tenant), list_group_moves(desired, links)
    users = order_names("user", user_moves, live.users, partial(_declared_names, "user", desired))
    groups = order_names("group", group_moves, live.groups, partial(_declared_names, "group", desired))
    rings = (*users.rings, *groups.rings)
    problems = (
        *describe_struck(users.struck.values(), desired, partial(_find_users, links, live)),
        *describe_struck(groups.struck.values(), desired, partial(_find_groups, links, live)),
        *map(describe_ring, rings),
    )
    return NameDecisions(users, groups, problems, {ring.members[0].key: ring.third for ring in rings})


def _declared_names(kind: Kind, desired: DesiredState) -> frozenset[str]:
    resources = desired.users if kind == "user" else desired.groups
    names = (name_of(kind, resource.attributes) for resource in resources.values())
    return frozenset(fold_name(kind, name) for name in names if name)


def _find_users(links: Links, live: LiveState) -> NameHolders:
    return NameHolders({user.id: user for user in live.users}, _keys_of(links.users, links.former_users))


def _find_groups(links: Links, live: LiveState) -> NameHolders:
    return NameHolders({group.id: group for group in live.groups}, _keys_of(links.groups, links.former_groups))


def _keys_of(matches: Matches[Live], former: Matches[Live]) -> Mapping[str, Key]:
    return {live.id: key for links in (former, matches) for key, live in links.live_of.items()}


def _without(matches: Matches[Live], struck: Iterable[Struck]) -> Matches[Live]:
    held = [one.move for one in struck if not one.move.settled]
    if not held:
        return matches
    keys = {move.key for move in held}
    return replace(
        matches,
        live_of={key: live for key, live in matches.live_of.items() if key not in keys},
        unclear=matches.unclear | keys,
        contested=matches.contested | {move.live.id for move in held if move.live},
    )


def named_by_users(desired: DesiredState, links: Links) -> frozenset[str]:
    """Returns the names of organizations and sites that the plan writes to users, as the service compares names."""
    return frozenset(
        fold_name("group", value)
        for user in desired.users.values()
        if user.in_scope and desired.is_selected(user.key)
        for value in _new_places(user, links.users.live_of.get(user.key))
    )


def _new_places(user: DesiredUser, live: LiveUser | None) -> Iterator[str]:
    declared = user.attributes if live else {**user.on_create, **user.attributes}
    for path in PLACES:
        value = declared.get(path)
        if isinstance(value, str) and value and (live is None or live.attributes.get(path) != value):
            yield value
