"""Keys and live ids: the live id of a reference in git, and the key of an id in the account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.core.model.cycles import find_cycles
from reconciler.core.model.matching import Matches
from reconciler.core.model.resources import Key, Kind, LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState

ID_PREFIX = "id/"


def key_by_id(kind: Kind, live_id: str) -> Key:
    """Returns the key of a live resource that git names by its id alone: `user/id/4711`."""
    return Key(kind, ID_PREFIX + live_id)


def id_of_key(key: Key) -> str | None:
    """Returns the live id in a key such as `user/id/4711`, or None for a declared key."""
    return key.name.removeprefix(ID_PREFIX) if key.name.startswith(ID_PREFIX) else None


@dataclass(frozen=True, slots=True)
class References:
    """The `ids` of linked keys, the `keys` of linked users' ids, and the keys that the plan creates (`created`).

    Managers and members are users; a service may give a user and a group the same id. `deferred` are users that are
    created before their manager. `contested` are the ids of users that may be those of an unclear key.
    """

    ids: Mapping[str, str]
    keys: Mapping[str, str]
    created: frozenset[str]
    deferred: frozenset[str]
    contested: frozenset[str]

    def key_of(self, live_id: str) -> str:
        """Returns the key of a live user, or `id/…` if no key is linked to it."""
        return self.keys.get(live_id, ID_PREFIX + live_id)

    @property
    def creates_group(self) -> bool:
        """Whether the plan creates a group."""
        return any(key.startswith("group/") for key in self.created)

    def will_exist(self, key: str) -> bool:
        """Whether a reference to the key can be written: the key is linked, or the plan creates it."""
        return key in self.ids or key in self.created


def make_references(
    desired: DesiredState, users: Iterable[Matches[LiveUser]], groups: Iterable[Matches[LiveGroup]]
) -> References:
    """Returns the references of a plan, from the links that matching found."""
    users = list(users)
    all_matches: list[Matches[LiveUser] | Matches[LiveGroup]] = [*users, *groups]
    linked = {str(key): live.id for matches in all_matches for key, live in matches.live_of.items()}
    unclear = {key for matches in all_matches for key in matches.unclear}
    created = frozenset(
        str(resource.key)
        for resource in desired
        if resource.in_scope
        and desired.is_selected(resource.key)
        and str(resource.key) not in linked
        and resource.key not in unclear
    )
    return References(
        ids=linked,
        keys={live.id: str(key) for matches in users for key, live in matches.live_of.items()},
        created=created,
        deferred=_break_circles(desired, created),
        contested=frozenset(live_id for matches in users for live_id in matches.contested),
    )


def _break_circles(desired: DesiredState, created: frozenset[str]) -> frozenset[str]:
    """Returns, for each circle of new users who manage each other, the first by key: it is created without a manager.

    An update sets the manager later.
    """
    manager_of = {
        str(user.key): str(manager)
        for user in desired.users.values()
        if str(user.key) in created and (manager := user.attributes.get("manager")) in created
    }
    return frozenset(map(min, find_cycles(manager_of, manager_of.get)))
