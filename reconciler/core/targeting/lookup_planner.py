"""The lookups that a plan of selected keys needs: round after round, from the answers so far.

Knows git and the answers of the account, and decides the next lookups; sends nothing. It ends when no lookup is left:
then a plan from the answers is, for the selection, the plan from a full read.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.comparison.identities import Identities, make_identities
from reconciler.core.comparison.link import Links, link_resources
from reconciler.core.comparison.references import id_of_key
from reconciler.core.model.matching import can_be_asked, matching_value
from reconciler.core.model.resources import Attributes, DesiredGroup, DesiredUser, Key, Kind, LiveGroup, LiveUser
from reconciler.core.model.states import Certificate, DesiredState, Selection
from reconciler.core.targeting.known_account import KnownAccount, LookupRound
from reconciler.core.targeting.names import find_givers, index_names, list_new_names
from reconciler.core.targeting.selection import manager_of

NOT_READ = Certificate("targeted", 0, 0, 0)


@dataclass(frozen=True, slots=True)
class LookupPlanner:
    """Plans the lookups for the selection of `desired`, which may grow: it takes in needed resources that do not exist.

    `before` is the state of git that was applied last, as far as is known: users and groups to expect in the account.
    `sample` are keys that are looked up and not planned: they show whether this is the account of earlier applies.
    """

    desired: DesiredState
    before: DesiredState
    identities: Identities
    claims: Mapping[tuple[Kind, str, str], frozenset[Key]]
    sample: frozenset[Key] = frozenset()
    dialect: str = "4me"

    def next_round(self, known: KnownAccount) -> tuple[LookupPlanner, LookupRound]:
        """Returns the planner with its current selection, and the next round; an empty round if all is known."""
        links = link_resources(self.desired, self.identities, known.live_state(NOT_READ))
        lookup_planner = replace(self, desired=grow_selection(self.desired, links, known.keys))
        return lookup_planner, lookup_planner.questions(links, known)

    def questions(self, links: Links, known: KnownAccount) -> LookupRound:
        """Returns the lookups of the selection, and of its references, that are not answered yet."""
        selection = self.desired.selection.keys if self.desired.selection else frozenset[Key]()
        former = [
            group.earlier[0]
            for group in self.identities.groups.values()
            if group.head is None and group.key in selection
        ]
        former_groups = [group for group in former if isinstance(group, DesiredGroup)]
        groups = [*(group for group in self.desired.groups.values() if group.key in selection), *former_groups]
        keys = {
            *selection,
            *references(self.desired),
            *references(replace(self.before, selection=self.desired.selection)),
            *_members(self.desired, former_groups),
            *self._claimants(known),
        }
        users = {*_managers_in_doubt(self.desired, links), *self._members_in_doubt(groups, links, known)}
        return LookupRound(
            keys=frozenset(keys) - known.keys,
            users=frozenset({*users, *filter(None, map(id_of_key, selection))}) - known.users.keys() - known.user_ids,
            sample=self.sample - known.keys - keys,
            groups=frozenset(self._groups_in_doubt(groups, links, known)) - known.group_ids,
        )

    def terms(self, key: Key) -> tuple[tuple[str, str], ...]:
        """Returns the matching attributes of a key with its values, as git declares and declared them.

        Attributes for which the service can't be asked are left out.
        """
        identity = self.identities.find(key)
        terms = identity.terms(self._asked(key.kind)) if identity else ()
        return (*terms, *list_new_names(self.desired, self.before, key))

    def _asked(self, kind: Kind) -> tuple[str, ...]:
        return tuple(one for one in _matching(self.desired, kind) if can_be_asked(one, self.dialect))

    def unconcluded(self, known: KnownAccount) -> frozenset[Key]:
        """Returns the looked-up keys without a match that may have one by an attribute that can't be asked."""
        unasked: dict[Kind, list[str]] = {
            "user": [one for one in self.desired.matching if not can_be_asked(one, self.dialect)],
            "group": [one for one in self.desired.group_matching if not can_be_asked(one, self.dialect)],
        }
        if not any(unasked.values()):
            return frozenset()
        links = link_resources(self.desired, self.identities, known.live_state(NOT_READ))
        return frozenset(
            key
            for key in known.keys
            if (identity := self.identities.find(key)) and identity.head is not None and identity.head.in_scope
            if (links.user(key) if key.kind == "user" else links.group(key)) is None
            if any(map(identity.values, unasked[key.kind]))
        )

    def _claimants(self, known: KnownAccount) -> Iterator[Key]:
        """Yields every key that could match a found resource: the match is decided among all of them."""
        found: list[tuple[Kind, Iterable[str], Attributes]] = [
            *(("user", self.desired.matching, user.attributes) for user in known.users.values()),
            *(("group", self.desired.group_matching, group.attributes) for group in known.groups.values()),
        ]
        for kind, matching, attributes in found:
            for attribute in matching:
                if value := matching_value(attribute, attributes):
                    yield from self.claims.get((kind, attribute, value), ())

    def _members_in_doubt(self, groups: Iterable[DesiredGroup], links: Links, known: KnownAccount) -> Iterator[str]:
        """Yields ids of members that the plan may remove: a change names them by key, if they have one."""
        for group in groups:
            live = links.group(group.key)
            whole = self.desired.selected_members(group.key) is None
            if live and whole and live.id in known.with_members and _is_decided(group) and group.authoritative:
                yield from live.members

    def _groups_in_doubt(self, groups: Iterable[DesiredGroup], links: Links, known: KnownAccount) -> Iterator[str]:
        """Yields ids of the groups that must be read with their members."""
        for group in groups:
            live = links.group(group.key)
            if live is None or live.id in known.with_members or not _is_decided(group):
                continue
            selected = self.desired.selected_members(group.key)
            if selected is None or any(_is_in_doubt(group, live, links.user(key), key, known) for key in selected):
                yield live.id


def make_lookup_planner(
    desired: DesiredState, earlier: Earlier, sample: Iterable[Key] = (), dialect: str = "4me"
) -> LookupPlanner:
    """Returns a lookup planner for the selection of `desired`, and for a sample of keys beside it."""
    identities = make_identities(desired, earlier)
    claims: dict[tuple[Kind, str, str], set[Key]] = {}
    for identity in identities:
        kind = identity.key.kind
        for attribute in _matching(desired, kind):
            for value in identity.values(attribute):
                claims.setdefault((kind, attribute, value), set()).add(identity.key)
    before = earlier.applied or earlier.base or desired
    return LookupPlanner(
        desired,
        before,
        identities,
        {claim: frozenset(keys) for claim, keys in claims.items()},
        frozenset(sample),
        dialect,
    )


def _matching(desired: DesiredState, kind: Kind) -> tuple[str, ...]:
    return desired.matching if kind == "user" else desired.group_matching


def grow_selection(desired: DesiredState, links: Links, looked_up: Container[Key]) -> DesiredState:
    """Adds needed resources to a selection that may grow, if they are among `looked_up`.

    These are references that do not exist, and users and groups that must give up a name first.
    """
    if desired.selection is None or not desired.selection.grows:
        return desired
    holders = index_names(links)
    while True:
        selection = desired.selection
        needed = {*references(desired), *_members(desired, ()), *selection.members}
        missing = {key for key in needed if key in looked_up and _is_missing(key, desired, links)}
        members = {key: some for key, some in selection.members.items() if key not in missing}
        giving = set(find_givers(desired, holders)) - missing
        members |= {key: frozenset[Key]() for key in giving if key.kind == "group"}
        grown = Selection(selection.keys | missing | giving, members, grows=True)
        if grown == selection:
            break
        desired = replace(desired, selection=grown)
    return desired


def references(desired: DesiredState) -> Iterator[Key]:
    """Yields the managers that a plan of the selection refers to."""
    for user in _users(desired):
        if user.in_scope and (manager := manager_of(user)):
            yield manager


def _members(desired: DesiredState, former: Iterable[DesiredGroup]) -> Iterator[Key]:
    """Yields the members that a plan of the selection refers to."""
    declared = (desired.groups.get(key) for key in (desired.selection.keys if desired.selection else ()))
    for group in chain(
        (group for group in declared if group), (group for group in former if desired.is_selected(group.key))
    ):
        selected = desired.selected_members(group.key)
        if _is_decided(group):
            yield from (group.members or ()) if selected is None else selected


def _users(desired: DesiredState) -> list[DesiredUser]:
    return [user for key in (desired.selection.keys if desired.selection else ()) if (user := desired.users.get(key))]


def _is_missing(key: Key, desired: DesiredState, links: Links) -> bool:
    """Whether the plan would create the resource."""
    resource = desired.resource(key)
    matches = links.users if key.kind == "user" else links.groups
    matched = key in matches.live_of or key in matches.unclear
    return resource is not None and resource.in_scope and not matched


def _managers_in_doubt(desired: DesiredState, links: Links) -> Iterator[str]:
    """Yields ids of the managers that users have now: a change names them by key, if they have one."""
    for user in _users(desired):
        live = links.users.live_of.get(user.key)
        if live and user.in_scope and "manager" in user.attributes and live.attributes.get("manager"):
            yield str(live.attributes["manager"])


def _is_decided(group: DesiredGroup) -> bool:
    """Whether git declares the group's members."""
    return group.in_scope and group.members is not None


def _is_in_doubt(group: DesiredGroup, live: LiveGroup, user: LiveUser | None, key: Key, known: KnownAccount) -> bool:
    """Whether the user's resource is not enough to plan the membership, so that the group must be read.

    If the resource shows a needed change, it is enough: at worst the change is sent twice. If it shows no needed
    change, or lists no groups, the group is read. A user that does not exist is in no group.
    """
    if user is None or not known.lists_groups:
        return user is not None
    is_in = live.id in known.groups_of.get(user.id, ())
    return is_in if key in (group.members or ()) else group.authoritative and not is_in
