"""The evidence that a verdict on a live user rests on: what git said at some commits, and which applies covered them.

Gathered by the rooms that ask git; judged by `judge`. Knows compiled states; nothing of git's commands.
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
    """What git said at one commit, and the records of the applies of that commit (none: never applied).

    `place` is `here` for a commit that leads to HEAD or whose folder is equal to that of one that does, `elsewhere` for
    one that only another ref leads to, `gone` for one that no ref leads to any more. `earlier` are the commits of the
    other states in the evidence that lead to this one (for a state that is `here` by an equal folder: to the commit
    that it is equal to).
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
    """What git and the record know about ownership. `states` come newest first.

    `known` is false where the record of applies could not be read: then there are no leavers. `incomplete` are
    sentences on commits that are needed and could not be compiled or read; such a commit makes no user a leaver.
    `since` is the serial of the last whole full apply; `unsettled` and `ignored` are the counts that it and later
    applies left, for plans of a partial read. `doubtful` are ids of live users and groups about whom a
    commit that does not compile may have said `released` or `left`: none of them is a leaver.
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
