"""Decides which moves of names are possible, and which of them are exchanges; all moves that stay can be carried out.

A move is struck if the holder of the wanted name does not free it in this plan; a struck move frees nothing, so that
others are struck in turn. Moves that want each other's names in a ring go over a third name. Linear in the number of
moves: a work list, and one walk along each chain.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from reconciler.core.model.cycles import find_cycles
from reconciler.core.model.logins import MOST_COUNTED, THIRD_NAME, fold_name, make_third_name, name_of
from reconciler.core.model.resources import Key, Kind, LiveGroup, LiveUser
from reconciler.core.ordering.moves import Move

WhyStruck: TypeAlias = Literal["held", "claimed", "nameless", "reserved"]


@dataclass(frozen=True, slots=True)
class Struck:
    """A move that this plan can't make.

    `held`: the live resource `holder` keeps the wanted name. `claimed`: the move of `other` takes it. `nameless`: it is
    in a ring of names of which no member is found by more than a name. `reserved`: the name has the form of a third
    name.
    """

    move: Move
    why: WhyStruck
    holder: str = ""
    other: Key | None = None


@dataclass(frozen=True, slots=True)
class NameRing:
    """Moves that want each other's names: each wants the name of the next, and the last that of the first.

    The first goes over the name `third`.
    """

    members: tuple[Move, ...]
    third: str


@dataclass(frozen=True, slots=True)
class NameOrder:
    """The possible moves by key, the struck ones, the rings, and the keys whose present name another move takes."""

    moves: Mapping[Key, Move] = field(default_factory=dict)
    struck: Mapping[Key, Struck] = field(default_factory=dict)
    rings: tuple[NameRing, ...] = ()
    wanted: frozenset[Key] = frozenset()


def order_names(
    kind: Kind,
    moves: Iterable[Move],
    live: Sequence[LiveUser | LiveGroup],
    find_declared: Callable[[], Container[str]] = frozenset,
) -> NameOrder:
    """Returns the possible moves of one kind; all names that git declares are looked through only for an exchange."""
    moves = sorted(moves, key=lambda move: (move.on_demand, move.live is None, move.key))
    if not moves:
        return NameOrder()
    holders: dict[str, list[str]] = {}
    for resource in live:
        if name := name_of(kind, resource.attributes):
            holders.setdefault(fold_name(kind, name), []).append(resource.id)
    sorting = _Sorting({move.live.id: move for move in moves if move.live}, holders)
    sorting.start(moves)
    sorting.strike_blocked()
    found = sorting.find_rings()
    declared = find_declared() if found else ()
    rings = [_make_ring(members, holders, declared) for members in found]
    wanted = {holder.key for move in sorting.active.values() if (holder := sorting.holder_of(move))}
    return NameOrder(sorting.active, sorting.struck, tuple(rings), frozenset(wanted))


@dataclass(slots=True)
class _Sorting:
    """The moves by the id of the live resource, and the ids of the holders of each name."""

    by_id: Mapping[str, Move]
    holders: Mapping[str, Sequence[str]]
    active: dict[Key, Move] = field(default_factory=dict)
    struck: dict[Key, Struck] = field(default_factory=dict)
    taker_of: dict[str, Move] = field(default_factory=dict)
    suspects: list[Move] = field(default_factory=list)

    def start(self, moves: Iterable[Move]) -> None:
        """Activates all moves but those on demand, and these if an active move wants their names."""
        waiting = [move for move in moves if not move.on_demand]
        for move in waiting:  # grows
            if move.key in self.active or not self._is_admitted(move):
                continue
            self.active[move.key] = move
            self.taker_of[move.wanted] = move
            waiting += [other for holder in self._others(move) if (other := self.by_id.get(holder)) and other.on_demand]
        self.suspects = list(self.active.values())

    def _is_admitted(self, move: Move) -> bool:
        """Whether the wanted name may be taken at all, and no other move takes it; else the move is struck."""
        taker = self.taker_of.get(move.wanted)
        if THIRD_NAME.fullmatch(move.wants):
            self.struck[move.key] = Struck(move, "reserved")
        elif taker is not None:
            self.struck[move.key] = Struck(move, "claimed", other=taker.key)
        return move.key not in self.struck

    def _others(self, move: Move) -> list[str]:
        """Returns the ids of the other live resources that have the wanted name."""
        own = move.live.id if move.live else None
        return [holder for holder in self.holders.get(move.wanted, ()) if holder != own]

    def holder_of(self, move: Move) -> Move | None:
        """Returns the active move that frees the wanted name; None if the name is free."""
        others = self._others(move)
        return self.by_id.get(others[0]) if others else None

    def strike_blocked(self) -> None:
        """Strikes every move whose wanted name stays held, until no such move is left."""
        while self.suspects:
            move = self.suspects.pop()
            if move.key in self.active and (holder := self._find_keeper(move)):
                self._strike(Struck(move, "held", holder))

    def _find_keeper(self, move: Move) -> str | None:
        """Returns the id of a live resource that keeps the wanted name, or None; of several holders, the first does."""
        others = self._others(move)
        if len(others) > 1:
            return others[0]
        return next((one for one in others if (by := self.by_id.get(one)) is None or by.key not in self.active), None)

    def _strike(self, struck: Struck) -> None:
        del self.active[struck.move.key]
        self.struck[struck.move.key] = struck
        if struck.move.left is not None and (taker := self.taker_of.get(struck.move.left)):
            self.suspects.append(taker)

    def find_rings(self) -> list[list[Move]]:
        """Returns the rings; strikes those without a strong member."""
        holders = {key: holder.key for key, move in self.active.items() if (holder := self.holder_of(move))}
        rings = [[self.active[key] for key in ring] for ring in find_cycles(holders, holders.get)]
        for ring in rings:
            if not any(move.strong for move in ring):
                for index, move in enumerate(ring):
                    self._strike(Struck(move, "nameless", other=ring[(index + 1) % len(ring)].key))
        self.strike_blocked()
        return [ring for ring in rings if ring[0].key in self.active]


def _make_ring(members: list[Move], holders: Container[str], declared: Container[str]) -> NameRing:
    """Returns the ring with the member first that goes over a third name: a strong, then an inactive one, by key."""
    first = min(range(len(members)), key=lambda index: _preference(members[index]))
    ordered = (*members[first:], *members[:first])
    kind, live = ordered[0].key.kind, ordered[0].live
    live_id, name = (live.id if live else ""), ordered[0].name or ""
    names = [make_third_name(kind, live_id, name, counter) for counter in range(MOST_COUNTED)]
    free = (one for one in names if fold_name(kind, one) not in holders and fold_name(kind, one) not in declared)
    return NameRing(ordered, next(free, names[0]))


def _preference(move: Move) -> tuple[bool, bool, Key]:
    return not move.strong, move.active, move.key
