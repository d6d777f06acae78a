"""Keys and live ids: who a reference in git is in the account, and who an id in the account is in git."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.core.model.matching import Matches
from reconciler.core.model.resources import Key, Kind, LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState

ID_PREFIX = "id/"


def key_by_id(kind: Kind, live_id: str) -> Key:
    """Returns the key that stands for a live resource which git knows by its id alone: `user/id/4711`."""
    return Key(kind, ID_PREFIX + live_id)


def id_of_key(key: Key) -> str | None:
    """Returns the live id in a key such as `user/id/4711`, or None for a key that is declared."""
    return key.name.removeprefix(ID_PREFIX) if key.name.startswith(ID_PREFIX) else None


@dataclass(frozen=True, slots=True)
class References:
    """`ids` of the keys that are live, `keys` of the ids that have one, `created`: keys that the plan will create.

    `deferred` are created before their manager; `contested` are ids of which it is unclear whose they are.
    """

    ids: Mapping[str, str]
    keys: Mapping[str, str]
    created: frozenset[str]
    deferred: frozenset[str]
    contested: frozenset[str]

    def key_of(self, live_id: str) -> str:
        """The key of a live resource; `id/…` where git knows none."""
        return self.keys.get(live_id, ID_PREFIX + live_id)

    def will_exist(self, key: str) -> bool:
        """Whether a reference to the key can be written: it is live, or the plan creates it."""
        return key in self.ids or key in self.created


def make_references(
    desired: DesiredState, users: Iterable[Matches[LiveUser]], groups: Iterable[Matches[LiveGroup]]
) -> References:
    """From the links that matching found."""
    every: list[Matches[LiveUser] | Matches[LiveGroup]] = [*users, *groups]
    linked = {str(key): live.id for matches in every for key, live in matches.live_of.items()}
    unclear = {key for matches in every for key in matches.unclear}
    created = frozenset(
        str(resource.key)
        for resource in desired
        if resource.in_scope
        and desired.is_asked(resource.key)
        and str(resource.key) not in linked
        and resource.key not in unclear
    )
    return References(
        ids=linked,
        keys={live_id: key for key, live_id in linked.items()},
        created=created,
        deferred=_break_circles(desired, created),
        contested=frozenset(live_id for matches in every for live_id in matches.contested),
    )


def _break_circles(desired: DesiredState, created: frozenset[str]) -> frozenset[str]:
    """In each circle of new users who manage each other, the first by key: created first, given the manager after."""
    manager_of = {
        str(user.key): str(manager)
        for user in desired.users.values()
        if str(user.key) in created and (manager := user.attributes.get("manager")) in created
    }
    deferred: set[str] = set()
    settled: set[str] = set()
    for start in sorted(manager_of):
        chain: list[str] = []
        key: str | None = start
        while key is not None and key not in settled and key not in chain:
            chain.append(key)
            key = manager_of.get(key)
        if key is not None and key in chain:
            deferred.add(min(chain[chain.index(key) :]))
        settled.update(chain)
    return frozenset(deferred)
