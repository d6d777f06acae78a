"""One record of an apply: the fields of `apply.json`, and the salted hashes that stand for people in it.

Knows what is written down; nothing of git, branches or clocks. No name, key, address or id of a person is in it:
keys and ids are hashed with the record's own salt. The hashes hide nothing from a reader of the YAML beside them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from reconciler.core.plan import Frozen

RECORD_FILE = "apply.json"
MOST_OPEN = 1_000
SAMPLE_SIZE = 25

State: TypeAlias = Literal["begun", "ended", "recovered"]
Hash: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


def salted(salt: str, *parts: str) -> str:
    """Returns the hash that stands for some words in a record with that salt: 64 bits as 16 hex digits."""
    return hashlib.sha256("\0".join((salt, *parts)).encode()).hexdigest()[:16]


class Covers(Frozen):
    """Whom an apply covers, of those whom its commit declares: all, all but some, or only some, by hashes of keys."""

    kind: Literal["all", "all_but", "only"]
    keys: tuple[Hash, ...] = ()


class SampleEntry(Frozen):
    """A user who was linked at a complete read: the hash of the key, and of the key with the live id."""

    key: Hash
    linked: Hash


class OpenAtom(Frozen):
    """An approved effect that is still needed and was not carried out, by hash, and the plan that it was seen in.

    `effect` is the hash of the whole atom; `outcome` is that without what was there before, so that an approval still
    holds where only an earlier apply changed the value. `serial` and `date` are those of the plan.
    """

    effect: Hash
    outcome: Hash
    serial: int
    date: str


class ApplyRecord(Frozen):
    """One step of one apply, as `apply.json` holds it.

    `serial` counts applies; a begin and its end share it. `at` and `until` are times in UTC: when this was written, and
    until when a begun apply may send requests. `tree` is git's name of the desired-state folder at `commit`.
    `whole` says that every change ran or was seen to be so, without `--only`. `counts` are outcomes by status, `effects`
    what was done by the name of the guardrail that limits it. `unsettled` and `ignored` count the users who were named
    and not acted on.
    """

    format: Literal[1] = 1
    serial: int = Field(ge=1)
    state: State
    commit: str
    tree: str | None
    folder: str
    run: str
    at: str
    until: str | None = None
    as_of: str
    mode: Literal["full", "incremental", "targeted"] | None = None
    only: bool = False
    whole: bool = False
    digest: str | None = None
    counts: dict[str, int] = Field(default_factory=dict)
    effects: dict[str, int] = Field(default_factory=dict)
    population: int | None = None
    salt: str
    covers: Covers
    sample: tuple[SampleEntry, ...] = ()
    open: tuple[OpenAtom, ...] | Literal["all"] = ()
    unsettled: int = 0
    ignored: int = 0

    @property
    def full(self) -> bool:
        """Whether this apply was whole and looked at everybody."""
        return self.state == "ended" and self.whole and self.mode in {"full", "incremental"}

    def covers_key(self, key: str) -> bool:
        """Whether the apply covers a key such as `user/alice.lee`, if its commit declares it."""
        if self.covers.kind == "all":
            return True
        named = salted(self.salt, key) in self.covers.keys
        return named if self.covers.kind == "only" else not named


@dataclass(frozen=True, slots=True)
class RecordEntry:
    """A record and its place on the branch: the commit that holds it, and the records that came right before it."""

    id: str
    parents: tuple[str, ...]
    record: ApplyRecord


def make_sample(salt: str, linked: Iterable[tuple[str, str]]) -> tuple[SampleEntry, ...]:
    """Returns the sample of an account: of (key, live id) pairs, the 25 with the lowest hash of the key."""
    entries = sorted(
        (SampleEntry(key=salted(salt, key), linked=salted(salt, key, live_id)) for key, live_id in linked),
        key=lambda entry: entry.key,
    )
    return tuple(entries[:SAMPLE_SIZE])
