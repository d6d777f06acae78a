"""Links identities to live resources: all together, by one matching attribute after the other.

A link closes the identity and the resource for all others, so that chains of values (b → c, c → d) come apart link by
link, before, during and after an apply. Links that are possible at the same time are made at the same time: neither
the order of keys nor the order of the account has an effect. Every identity and every resource is looked at only when
one of its candidates was closed, so the work grows with the number of shared values, not with its square.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeAlias

from reconciler.core.comparison.identities import Identity
from reconciler.core.model.matching import MARK, Live, index_values, matching_value
from reconciler.core.model.resources import Key

MOST_ALIKE: Final = 50  # live resources with one value: more are no candidates, and only named


@dataclass(frozen=True, slots=True)
class Link(Generic[Live]):
    """A link by an attribute; `own` means that git declared this very resource under the key, now or before."""

    live: Live
    attribute: str
    own: bool


@dataclass(frozen=True, slots=True)
class Tangle(Generic[Live]):
    """Identities and live resources that share values of one attribute and can't be distinguished by it."""

    attribute: str
    keys: tuple[Key, ...]
    live: tuple[Live, ...]


@dataclass(slots=True)
class Linked(Generic[Live]):
    """The links, the doubtful ones by key, and the tangles. `closed` are ids that no further link may use."""

    links: dict[Key, Link[Live]] = field(default_factory=dict)
    doubtful: dict[Key, Link[Live]] = field(default_factory=dict)
    tangles: list[Tangle[Live]] = field(default_factory=list)
    tangled: set[Key] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)

    def is_open(self, key: Key) -> bool:
        """Whether a key has neither a link nor an answer why not."""
        return key not in self.links and key not in self.doubtful and key not in self.tangled


Accept: TypeAlias = Callable[[Identity, Link[Live]], bool]


def link_identities(
    identities: Mapping[Key, Identity],
    live: Sequence[Live],
    attributes: Sequence[str],
    accept: Accept[Live],
    linked: Linked[Live],
) -> None:
    """Adds to `linked` the links of the open identities. `accept` decides whether a link is beyond doubt."""
    owners: Mapping[str, set[Key]] = {}
    for position, attribute in enumerate(attributes):
        free = [resource for resource in live if resource.id not in linked.closed]
        still_open = {key: identity for key, identity in identities.items() if linked.is_open(key)}
        if not free or not still_open:
            return
        if MARK in attributes[:position]:
            owners = owners or _owners_of_marks(identities)
        _Pass(attribute, still_open, index_values(free, attribute), owners, accept, linked).run()


def _owners_of_marks(identities: Mapping[Key, Identity]) -> dict[str, set[Key]]:
    """Returns the keys that claim each externalId, live or leaving, now or before."""
    owners: dict[str, set[Key]] = {}
    for key, identity in identities.items():
        for value in (*identity.values(MARK), *identity.formerly):
            owners.setdefault(value, set()).add(key)
    return owners


@dataclass(slots=True)
class _Pass(Generic[Live]):
    """The links by one attribute. `candidates` has the ids of each key, `claims` the keys of each id.

    A candidate is true if an earlier declaration has its value. `marks` are the keys that claim each externalId: by a
    later attribute no resource with the externalId of another key is a candidate.
    """

    attribute: str
    identities: Mapping[Key, Identity]
    index: Mapping[str, list[Live]]
    marks: Mapping[str, set[Key]]
    accept: Accept[Live]
    linked: Linked[Live]
    candidates: dict[Key, dict[str, bool]] = field(default_factory=dict)
    claims: dict[str, set[Key]] = field(default_factory=dict)
    live: dict[str, Live] = field(default_factory=dict)

    def run(self) -> None:
        self._find_candidates()
        plain = [
            (key, next(iter(ids)))
            for key, ids in self.candidates.items()
            if len(ids) == 1 and len(self.claims[next(iter(ids))]) == 1
        ]
        self._close(plain)
        pending = {key for key, ids in self.candidates.items() if ids}
        by_base, by_only = set(pending), set(pending)
        while by_base or by_only:
            picks = [(key, found) for key in by_base if (found := self._pick_by_base(key))]
            by_base.clear()
            if not picks:
                picks = self._keep_possible([(key, found) for key in by_only if (found := self._pick_only(key))])
                by_only.clear()
            touched = self._close(picks)
            by_base |= touched
            by_only |= touched
        self._find_tangles()

    def _find_candidates(self) -> None:
        hopeless: dict[str, set[Key]] = {}
        for key, identity in self.identities.items():
            values = self._values(identity)
            crowded = [value for value in values if len(self.index.get(value, ())) > MOST_ALIKE]
            for value in crowded:
                hopeless.setdefault(value, set()).add(key)
            for value, was_there in values.items() if not crowded else ():
                for resource in self.index.get(value, ()):
                    if not self._is_others(key, resource):
                        ids = self.candidates.setdefault(key, {})
                        ids[resource.id] = was_there
                        self.claims.setdefault(resource.id, set()).add(key)
                        self.live[resource.id] = resource
        for value, keys in hopeless.items():
            self._tangle(keys, self.index[value])

    def _values(self, identity: Identity) -> Mapping[str, bool]:
        """Returns the values of an identity; for a changed key the externalId of before, if its own finds nothing."""
        values = identity.values(self.attribute)
        if identity.formerly and self.attribute == MARK and not any(map(self.index.get, values)):
            return dict.fromkeys(identity.formerly, True)
        return values

    def _tangle(self, keys: set[Key], found: Sequence[Live]) -> None:
        ordered = tuple(sorted(found, key=lambda resource: resource.id))
        self.linked.tangles.append(Tangle(self.attribute, tuple(sorted(keys)), ordered))
        self.linked.tangled |= keys
        self.linked.closed |= {resource.id for resource in found}

    def _is_others(self, key: Key, resource: Live) -> bool:
        """Whether the resource carries the externalId of another key."""
        keys = self.marks.get(matching_value(MARK, resource.attributes))
        return bool(keys) and keys != {key}

    def _pick_by_base(self, key: Key) -> str | None:
        """Returns the resource with an earlier value of the key that no other open key claims.

        The other candidates of the key must all be claimed by others too.
        """
        ids = self.candidates.get(key, {})
        own = [live_id for live_id, was_there in ids.items() if was_there and len(self.claims[live_id]) == 1]
        shared = sum(len(self.claims[live_id]) > 1 for live_id in ids)
        return own[0] if len(own) == 1 and shared == len(ids) - 1 else None

    def _pick_only(self, key: Key) -> str | None:
        """Returns the only candidate of a key, if no other open key claims it.

        A key that earlier states declare gets it too if all others who claim it have another candidate.
        """
        ids = self.candidates.get(key, {})
        if len(ids) != 1:
            return None
        [live_id] = ids
        claims = self.claims[live_id]
        if len(claims) == 1:
            return live_id
        was_there = self.identities[key].was_there
        return live_id if was_there and all(key == one or len(self.candidates[one]) > 1 for one in claims) else None

    def _keep_possible(self, picks: list[tuple[Key, str]]) -> list[tuple[Key, str]]:
        """Drops the links that together would take the last candidate of another key."""
        taken = {live_id for _key, live_id in picks}
        linked = {key for key, _live_id in picks}

        def leaves_all(live_id: str) -> bool:
            others = self.claims[live_id] - linked
            return all(not self.candidates[other].keys() <= taken for other in others)

        return [(key, live_id) for key, live_id in picks if leaves_all(live_id)]

    def _close(self, picks: Collection[tuple[Key, str]]) -> set[Key]:
        """Makes links, and returns the open keys that they concern."""
        freed: set[str] = set()
        concerned: set[Key] = set()
        for key, live_id in picks:
            self._link(key, live_id)
            for one in self.candidates.pop(key):
                self.claims[one].discard(key)
                freed.add(one)
        for _key, live_id in picks:
            for other in self.claims.pop(live_id):
                del self.candidates[other][live_id]
                concerned.add(other)
        for one in freed & self.claims.keys():
            concerned |= self.claims[one]
        return concerned

    def _link(self, key: Key, live_id: str) -> None:
        identity, live = self.identities[key], self.live[live_id]
        own = self.attribute == MARK or _is_own(identity, live, self.attribute)
        link = Link(live, self.attribute, own)
        accepted = self.accept(identity, link)
        (self.linked.links if accepted else self.linked.doubtful)[key] = link
        self.linked.closed.add(live_id)

    def _find_tangles(self) -> None:
        """Leaves the keys that still have candidates alone, those with common candidates together."""
        pending = {key for key, ids in self.candidates.items() if ids}
        while pending:
            keys, ids = _reach(pending.pop(), self.candidates, self.claims)
            pending -= keys
            self._tangle(keys, [self.live[live_id] for live_id in ids])


def _reach(
    start: Key, candidates: Mapping[Key, Mapping[str, bool]], claims: Mapping[str, set[Key]]
) -> tuple[set[Key], set[str]]:
    """Returns the keys and ids that are connected with a key by common candidates."""
    keys, ids, pending = {start}, set[str](), [start]
    while pending:
        for live_id in candidates[pending.pop()]:
            if live_id not in ids:
                ids.add(live_id)
                new = claims[live_id] - keys
                keys |= new
                pending += new
    return keys, ids


def _is_own(identity: Identity, live: Live, attribute: str) -> bool:
    """Whether an earlier state declares the resource: by this attribute, and by externalId if it manages that."""
    value = matching_value(attribute, live.attributes)
    return any(
        matching_value(attribute, declared.attributes) == value
        and (
            MARK not in declared.attributes
            or matching_value(MARK, declared.attributes) == matching_value(MARK, live.attributes)
        )
        for declared in identity.earlier
    )
