"""The table of verdicts, row by row: what is found about one live user or group that HEAD does not link.

Works on users and groups alike. Knows sightings and the lines that settle; nothing of plans.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal

from reconciler.core.model.matching import Matches, fold
from reconciler.core.model.resources import Key, Kind
from reconciler.core.model.states import DesiredState, Settlement
from reconciler.core.ownership.evidence import Evidence, StateAt
from reconciler.core.ownership.sentences import (
    describe_covered,
    describe_gone_on,
    describe_left,
    describe_not_read,
    describe_perhaps_released,
    describe_place,
    describe_released,
    describe_unclear,
    describe_uncovered,
    describe_unreadable,
)
from reconciler.core.ownership.sightings import MARK, Live, Sighting
from reconciler.core.ownership.verdicts import Verdict
from reconciler.errors import Source


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict on a live resource, the sighting that it rests on (None: an id alone), and why in one sentence.

    `serial` is the number of the covering apply of a leaver, None where a line of `left:` at `source` says so.
    """

    verdict: Verdict | Literal["released"]
    sighting: Sighting | None
    words: str
    serial: int | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class VerdictTable(Generic[Live]):
    """All that verdicts on one kind rest on. `names` are HEAD's declarations by attribute and folded value.

    `gone_on` has the keys under which a key went on, by HEAD's `was:` or an earlier commit's.
    """

    desired: DesiredState
    matches: Matches[Live]
    evidence: Evidence
    names: dict[tuple[str, str], Key]
    gone_on: dict[Key, set[Key]]

    def find(self, live_id: str, seen: Sequence[Sighting]) -> Finding | None:
        """Returns the first row of the table that fits, or None for a resource that is unmanaged."""
        sure = [one for one in seen if one.sure]
        keys = self._known_as(sure or seen)
        if line := _find_line(self.desired.released, live_id, keys):
            return Finding("released", None, describe_released(line))
        if self.evidence.known and (left := self._left(live_id, sure)):
            return left
        if seen and (released := self._released_since(live_id, keys, seen)):
            return released
        if gone_on := next((found for one in sure if (found := self._gone_on(one))), None):
            return gone_on
        return self._covered(live_id, keys, sure, seen) or self._declared(seen)

    def _left(self, live_id: str, sure: Sequence[Sighting]) -> Finding | None:
        if line := next((line for line in self.desired.left if line.id == live_id), None):
            return Finding("leaver", sure[0] if sure else None, describe_left(line), source=line.source)
        for sighting in sure:
            if line := next((line for line in self.desired.left if line.key == sighting.key), None):
                return Finding("leaver", sighting, describe_left(line), source=line.source)
        return None

    def _known_as(self, seen: Iterable[Sighting]) -> frozenset[Key]:
        """The keys that git knew a resource by, and those under which they went on."""
        keys: set[Key] = set()
        todo = [one.key for one in seen]
        while todo:
            key = todo.pop()
            if key not in keys:
                keys.add(key)
                todo += self.gone_on.get(key, ())
        return frozenset(keys)

    def _released_since(self, live_id: str, keys: frozenset[Key], seen: Sequence[Sighting]) -> Finding | None:
        """Whether a release followed every declaration; its line may be gone by now."""
        states = list(self._releases(live_id, keys))
        if all(any(_follows(state, one) for state in states) for one in seen):
            line = _find_line(states[0].desired.released, live_id, keys)
            assert line is not None  # noqa: S101  # that is why it is among the states
            return Finding("released", None, describe_released(line, states[0].commit))
        return None

    def _releases(self, live_id: str, keys: frozenset[Key]) -> Iterable[StateAt]:
        return (
            state
            for state in self.evidence
            if (state.place == "here" or state.records) and _find_line(state.desired.released, live_id, keys)
        )

    def _gone_on(self, sighting: Sighting) -> Finding | None:
        """Whether HEAD goes on with a declaration under another key, or by the same name, with another record."""
        for key in (*self._successors(sighting), *self._namesakes(sighting)):
            live = self.matches.live_of.get(key)
            return Finding("unaccounted", sighting, describe_gone_on(sighting, key, live.id if live else None))
        return None

    def _successors(self, sighting: Sighting) -> Iterable[Key]:
        there = sighting.state.desired
        renamed = (key for key, was in sorted(self.desired.was.items()) if sighting.key in was)
        return (key for key in renamed if self.desired.resource(key) and not there.resource(key))

    def _namesakes(self, sighting: Sighting) -> Iterable[Key]:
        for attribute in _naming(sighting.state.desired, sighting.key.kind):
            value = sighting.resource.attributes.get(attribute)
            if isinstance(value, str) and (key := self.names.get((attribute, fold(attribute, value)))):
                yield key

    def _covered(
        self, live_id: str, keys: frozenset[Key], sure: Sequence[Sighting], seen: Sequence[Sighting]
    ) -> Finding | None:
        """Whether an apply covers a declaration, where that leads, and whether it is about this resource alone."""
        covered = self._find_covered(live_id, keys, sure)
        here = [(serial, one) for serial, one in covered if one.state.place == "here"]
        if not covered or not self.evidence.known:
            return None
        if not here:
            serial, sighting = covered[0]
            verdict: Verdict = "elsewhere" if sighting.state.place == "elsewhere" else "unsettled"
            return Finding(verdict, sighting, describe_place(sighting, serial))
        serial, sighting = here[0]
        if live_id in self.evidence.doubtful:
            return Finding("unaccounted", sighting, describe_unreadable(sighting, serial))
        perhaps = self._releases(live_id, self._known_as(seen))
        if any(sighting.state.commit in state.earlier for state in perhaps):
            return Finding("unaccounted", sighting, describe_perhaps_released(sighting, serial))
        if doubtful := next((one for one in seen if _contradicts(one, sighting, serial)), None):
            return Finding("unaccounted", doubtful, describe_unclear(doubtful))
        return Finding("leaver", sighting, describe_covered(sighting, serial), serial)

    def _find_covered(self, live_id: str, keys: frozenset[Key], sure: Sequence[Sighting]) -> list[tuple[int, Sighting]]:
        """Returns the covered sightings that no release followed, the newest apply first, with its serial."""
        releases = list(self._releases(live_id, keys))
        covered = (
            (record.serial, one)
            for one in sure
            if (record := one.record) and not any(one.state.commit in state.earlier for state in releases)
        )
        return sorted(covered, key=lambda pair: -pair[0])

    def _declared(self, seen: Sequence[Sighting]) -> Finding | None:
        """The last row: a commit declares the resource, which alone proves nothing."""
        if not seen:
            return None
        sighting = next((one for one in seen if one.sure), seen[0])
        describe = describe_uncovered if sighting.sure else describe_unclear
        return Finding("unaccounted", sighting, (describe if self.evidence.known else describe_not_read)(sighting))


def _follows(release: StateAt, one: Sighting) -> bool:
    """Whether a release came after a declaration: by git, or for one that leads elsewhere by the order of applies."""
    if one.state.commit in release.earlier:
        return True
    if one.state.place == "here" or release.place != "here" or not one.state.records:
        return False
    applied = max(record.serial for record in one.state.records)
    return any(record.serial > applied for record in release.records)


def _contradicts(one: Sighting, sighting: Sighting, serial: int) -> bool:
    """Whether a later covered declaration of the same key could be another resource as well."""
    record = one.record
    here = one.state.place == "here" and one.key == sighting.key and not one.sure
    return here and record is not None and record.serial > serial


def _find_line(lines: Iterable[Settlement], live_id: str, keys: frozenset[Key]) -> Settlement | None:
    return next((line for line in lines if line.id == live_id or line.key in keys), None)


def _naming(state: DesiredState, kind: Kind) -> list[str]:
    """The matching attributes that are a name, not a mark that this program writes."""
    return [one for one in (state.matching if kind == "user" else state.group_matching) if one != MARK]


def make_table(desired: DesiredState, matches: Matches[Live], evidence: Evidence, kind: Kind) -> VerdictTable[Live]:
    """Returns the table for users, or for groups."""
    declared = desired.users.values() if kind == "user" else desired.groups.values()
    names = {
        (attribute, fold(attribute, value)): one.key
        for attribute in _naming(desired, kind)
        for one in declared
        if isinstance(value := one.attributes.get(attribute), str) and value
    }
    gone_on: dict[Key, set[Key]] = {}
    for state in (desired, *(one.desired for one in evidence)):
        for key, was in state.was.items():
            for former in was:
                gone_on.setdefault(former, set()).add(key)
    return VerdictTable(desired, matches, evidence, names, gone_on)
