"""The evidence for verdicts on live users: the states that commits declare, and the applies that covered them.

`desired/evidence` gathers it and `judge` decides on it. Knows compiled states; nothing of git's commands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from reconciler.core.model.resources import Key
from reconciler.core.model.states import DesiredState
from reconciler.core.record.record import ApplyRecord

Place: TypeAlias = Literal["here", "elsewhere", "gone"]


@dataclass(frozen=True, slots=True)
class StateAt:
    """The state that a commit declares, with the records of its applies (empty: never applied).

    `place` is `here` if the commit is in HEAD's history, or its folder equals the folder of a commit in HEAD's history;
    `elsewhere` if only another ref contains it; `gone` if no ref contains it. `earlier` are the commits of other states
    in the evidence that are ancestors of this commit, or of the commit in HEAD's history with the equal folder.
    """

    commit: str
    desired: DesiredState
    place: Place = "here"
    records: tuple[ApplyRecord, ...] = ()
    earlier: frozenset[str] = frozenset()

    def covering(self, key: Key) -> ApplyRecord | None:
        """Returns the newest record of this commit that covers the key, if the commit declares it."""
        if self.desired.resource(key) is None:
            return None
        found = [record for record in self.records if record.covers_key(str(key))]
        return max(found, key=lambda record: record.serial, default=None)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence from git and the record of applies. `states` come newest first.

    `known` is false if the record of applies could not be read: then no user is a leaver. `incomplete` has a sentence
    for each commit that is needed and could not be compiled or read; such a commit makes no user a leaver. `since` is
    the serial of the last complete apply with a full read; `unsettled` and `ignored` are the counts of that and later
    applies, for plans from a partial read. `doubtful` are ids of live users and groups that a commit may have listed
    under `released:` or `left:`, but that commit does not compile: they are no leavers.
    """

    states: tuple[StateAt, ...] = ()
    known: bool = True
    incomplete: tuple[str, ...] = ()
    since: int | None = None
    unsettled: int = 0
    ignored: int = 0
    doubtful: frozenset[str] = frozenset()

    def __iter__(self) -> Iterator[StateAt]:
        return iter(self.states)


NO_EVIDENCE = Evidence()
