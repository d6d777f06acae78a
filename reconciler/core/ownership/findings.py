"""The table of verdicts: decides, row by row, on one live user or group that HEAD does not link.

The same table serves users and groups. Knows sightings and the lines of `left:` and `released:`; nothing of plans.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal

from reconciler.core.model.matching import MARK, Live, Matches, matching_value
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
from reconciler.core.ownership.sightings import Sighting
from reconciler.core.ownership.verdicts import Verdict
from reconciler.errors import Source


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict on a live resource, with the sighting behind it (None: a line names the id alone) and the reason.

    `serial` is the number of the apply that covers a leaver; None if a line of `left:` at `source` confirms the leaver.
    """

    verdict: Verdict | Literal["released"]
    sighting: Sighting | None
    words: str
    serial: int | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class VerdictTable(Generic[Live]):
    """The facts for verdicts on one kind of resource. `names` are HEAD's keys by attribute and folded value.

    `gone_on` has, for each former key, the keys that replaced it, by `was:` in HEAD or in a commit of the evidence.
    """

    desired: DesiredState
    matches: Matches[Live]
    evidence: Evidence
    names: dict[tuple[str, str], Key]
    gone_on: dict[Key, set[Key]]

    def find(self, live_id: str, seen: Sequence[Sighting]) -> Finding | None:
        """Returns the finding of the first row that fits, or None for an unmanaged resource."""
        sure = [sighting for sighting in seen if sighting.sure]
        keys = self._known_as(sure or seen)
        if line := _find_line(self.desired.released, live_id, keys):
            return Finding("released", None, describe_released(line))
        if self.evidence.known and (left := self._left(live_id, sure)):
            return left
        if seen and (released := self._released_since(live_id, keys, seen)):
            return released
        if continued := next((found for sighting in sure if (found := self._continued(sighting))), None):
            return continued
        return self._covered(live_id, keys, sure, seen) or self._declared(seen)

    def _left(self, live_id: str, sure: Sequence[Sighting]) -> Finding | None:
        if line := next((line for line in self.desired.left if line.id == live_id), None):
            return Finding("leaver", sure[0] if sure else None, describe_left(line), source=line.source)
        for sighting in sure:
            if line := next((line for line in self.desired.left if line.key == sighting.key), None):
                return Finding("leaver", sighting, describe_left(line), source=line.source)
        return None

    def _known_as(self, seen: Iterable[Sighting]) -> frozenset[Key]:
        """Returns the keys of the sightings, and the keys that replaced them."""
        keys: set[Key] = set()
        pending = [sighting.key for sighting in seen]
        while pending:
            key = pending.pop()
            if key not in keys:
                keys.add(key)
                pending += self.gone_on.get(key, ())
        return frozenset(keys)

    def _released_since(self, live_id: str, keys: frozenset[Key], seen: Sequence[Sighting]) -> Finding | None:
        """Finds that a release followed every declaration, even if HEAD no longer has its line."""
        states = list(self._releases(live_id, keys))
        if all(any(_follows(state, sighting) for state in states) for sighting in seen):
            line = _find_line(states[0].desired.released, live_id, keys)
            assert line is not None  # noqa: S101  # _releases returns only states with such a line
            return Finding("released", None, describe_released(line, states[0].commit))
        return None

    def _releases(self, live_id: str, keys: frozenset[Key]) -> Iterable[StateAt]:
        return (
            state
            for state in self.evidence
            if (state.place == "here" or state.records) and _find_line(state.desired.released, live_id, keys)
        )

    def _continued(self, sighting: Sighting) -> Finding | None:
        """Finds that HEAD continues a declaration under another key, or declares its name for another live resource."""
        for key in (*self._successors(sighting), *self._namesakes(sighting)):
            live = self.matches.live_of.get(key)
            return Finding("unaccounted", sighting, describe_gone_on(sighting, key, live.id if live else None))
        return None

    def _successors(self, sighting: Sighting) -> Iterable[Key]:
        state = sighting.state.desired
        renamed = (key for key, was in sorted(self.desired.was.items()) if sighting.key in was)
        return (key for key in renamed if self.desired.resource(key) and not state.resource(key))

    def _namesakes(self, sighting: Sighting) -> Iterable[Key]:
        for attribute in _naming(sighting.state.desired, sighting.key.kind):
            key = self.names.get((attribute, matching_value(attribute, sighting.resource.attributes)))
            if key is not None and self.matches.doubts.get(key) != "leaver_holds":
                yield key

    def _covered(
        self, live_id: str, keys: frozenset[Key], sure: Sequence[Sighting], seen: Sequence[Sighting]
    ) -> Finding | None:
        """Decides on a covered declaration, by the place of its commit, later releases and rival matches."""
        covered = self._find_covered(live_id, keys, sure)
        here = [(serial, sighting) for serial, sighting in covered if sighting.state.place == "here"]
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
        if unclear := next((other for other in seen if _contradicts(other, sighting, serial)), None):
            return Finding("unaccounted", unclear, describe_unclear(unclear))
        return Finding("leaver", sighting, describe_covered(sighting, serial), serial)

    def _find_covered(self, live_id: str, keys: frozenset[Key], sure: Sequence[Sighting]) -> list[tuple[int, Sighting]]:
        """Returns the covered sightings without a later release, each with its apply's serial, newest first."""
        releases = list(self._releases(live_id, keys))
        covered = (
            (record.serial, sighting)
            for sighting in sure
            if (record := sighting.record) and not any(sighting.state.commit in state.earlier for state in releases)
        )
        return sorted(covered, key=lambda pair: -pair[0])

    def _declared(self, seen: Sequence[Sighting]) -> Finding | None:
        """Returns the finding of the last row: a commit declares the resource, which alone proves nothing."""
        if not seen:
            return None
        sighting = next((sighting for sighting in seen if sighting.sure), seen[0])
        describe = describe_uncovered if sighting.sure else describe_unclear
        return Finding("unaccounted", sighting, (describe if self.evidence.known else describe_not_read)(sighting))


def _follows(release: StateAt, sighting: Sighting) -> bool:
    """Decides whether a release came after a declaration, by git's history.

    If HEAD's history lacks the commit of the declaration, the order of applies decides.
    """
    if sighting.state.commit in release.earlier:
        return True
    if sighting.state.place == "here" or release.place != "here" or not sighting.state.records:
        return False
    applied = max(record.serial for record in sighting.state.records)
    return any(record.serial > applied for record in release.records)


def _contradicts(other: Sighting, sighting: Sighting, serial: int) -> bool:
    """Decides whether `other` is a later covered declaration of the same key with an ambiguous match."""
    record = other.record
    ambiguous = other.state.place == "here" and other.key == sighting.key and not other.sure
    return ambiguous and record is not None and record.serial > serial


def _find_line(lines: Iterable[Settlement], live_id: str, keys: frozenset[Key]) -> Settlement | None:
    return next((line for line in lines if line.id == live_id or line.key in keys), None)


def _naming(state: DesiredState, kind: Kind) -> list[str]:
    """Returns the matching attributes without the `externalId`, which this program writes itself."""
    return [name for name in (state.matching if kind == "user" else state.group_matching) if name != MARK]


def make_table(desired: DesiredState, matches: Matches[Live], evidence: Evidence, kind: Kind) -> VerdictTable[Live]:
    """Returns the table for users or for groups."""
    declared = desired.users.values() if kind == "user" else desired.groups.values()
    names = {
        (attribute, value): resource.key
        for attribute in _naming(desired, kind)
        for resource in declared
        if (value := matching_value(attribute, resource.attributes))
    }
    gone_on: dict[Key, set[Key]] = {}
    for state in (desired, *(state_at.desired for state_at in evidence)):
        for key, was in state.was.items():
            for former in was:
                gone_on.setdefault(former, set()).add(key)
    return VerdictTable(desired, matches, evidence, names, gone_on)
