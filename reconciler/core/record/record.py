"""One record of an apply: the fields of `apply.json`, and the salted hashes that replace users in it.

Knows nothing of git, branches or clocks. A record has no name, key, address or id of a user: keys and ids are hashed
with the record's own salt. A reader of the YAML in the same repository can still recompute the hashes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, ValidationError

from reconciler.core.model.frozen import Frozen
from reconciler.errors import NotARecord

RECORD_FILE = "apply.json"
MOST_OPEN = 1_000
MOST_PLANS = 1_000
SAMPLE_SIZE = 25
MOST_BYTES = 8_000_000
MOST_KEYS = 250_000
LONGEST = 1_000
HIGHEST_SERIAL = 10**9
FORMAT = 1

State: TypeAlias = Literal["begun", "ended", "recovered"]
Hash: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Word: TypeAlias = Annotated[str, Field(max_length=LONGEST)]
Count: TypeAlias = Annotated[int, Field(ge=0, le=10**9)]
Counts: TypeAlias = Annotated[dict[Annotated[str, Field(max_length=64)], Count], Field(max_length=100)]

_SAMPLE = b',"sample":['  # a quote within a string would be escaped: this is a field
_OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def salted(salt: str, *parts: str) -> str:
    """Returns the hash of `parts` in records with that salt: 64 bits as 16 hex digits."""
    return hashlib.sha256("\0".join((salt, *parts)).encode()).hexdigest()[:16]


class Covers(Frozen):
    """The declared users and groups that an apply covers: all, all but `keys`, or only `keys` (hashed)."""

    kind: Literal["all", "all_but", "only"]
    keys: tuple[Hash, ...] = Field(default=(), max_length=MOST_KEYS)


class SampleEntry(Frozen):
    """A user who was linked at a complete read: the hash of the key, and the hash of the key and the live id."""

    key: Hash
    linked: Hash


class OpenAtom(Frozen):
    """An approved effect that is still needed and not done, as hashes, and the plan in which reviewers saw it.

    `effect` is the hash of the whole atom. `outcome` is the hash without the value before, so that the approval still
    holds if only an earlier apply changed that value. `serial` and `date` belong to the plan.
    """

    effect: Hash
    outcome: Hash
    serial: Count
    date: Word


class ApplyRecord(Frozen):
    """The begin or end of one apply, or a recovery, as `apply.json` holds it.

    `serial` counts applies; a begin and its end share it. `at` and `until` are times in UTC: when the record was
    written, and until when the apply may send requests. `tree` is the tree id of the desired-state folder at `commit`.
    `whole` means that every change was done or was found in the account. `counts` are outcomes by status; `effects`
    are done effects by the guardrail that limits them. `unsettled` counts unresolved users, `ignored` the leavers that
    stay active. `plans` are the digests of the approved plan files. Each record passes its salt and sample on.
    """

    format: Literal[1] = 1
    serial: int = Field(ge=1, le=HIGHEST_SERIAL)
    state: State
    commit: Word
    tree: Word | None
    folder: str = Field(max_length=4_096)
    run: Word
    at: Word
    until: Word | None = None
    as_of: Word
    mode: Literal["full", "incremental", "targeted"] | None = None
    only: bool = False
    whole: bool = False
    digest: Word | None = None
    counts: Counts = Field(default_factory=dict)
    effects: Counts = Field(default_factory=dict)
    population: Count | None = None
    salt: Word
    covers: Covers
    sample: tuple[SampleEntry, ...] = Field(default=(), max_length=SAMPLE_SIZE)
    open: Annotated[tuple[OpenAtom, ...], Field(max_length=MOST_OPEN)] | Literal["all"] = ()
    plans: Annotated[tuple[Word, ...], Field(max_length=MOST_PLANS)] = ()
    unsettled: Count = 0
    ignored: Count = 0

    @property
    def full(self) -> bool:
        """Whether this apply was complete and read the whole account."""
        return self.moves_front and self.mode in {"full", "incremental"}

    @property
    def moves_front(self) -> bool:
        """Whether this apply was complete: then later plans need no record before it."""
        return self.state == "ended" and self.whole and not self.only

    @property
    def abandoned(self) -> bool:
        """Whether this apply ended without any effect, because it was refused after its begin."""
        nothing = self.covers.kind == "only" and not self.covers.keys
        return (
            self.state == "ended" and nothing and not self.whole and not self.effects and not any(self.counts.values())
        )

    @property
    def written_at(self) -> datetime:
        """The time at which the record was written, in UTC."""
        return read_moment(self.at)

    @property
    def sends_until(self) -> datetime:
        """The time until which a begun apply may send requests, in UTC."""
        return read_moment(self.until or self.at)

    def covers_key(self, key: str) -> bool:
        """Returns whether the apply covers a key such as `user/alice.lee`; its commit must declare the key."""
        if self.covers.kind == "all":
            return True
        listed = salted(self.salt, key) in self.covers.keys
        return listed if self.covers.kind == "only" else not listed


@dataclass(frozen=True, slots=True)
class RecordEntry:
    """A record on the branch: the id of the commit that holds it, and the ids of the records right before it."""

    id: str
    parents: tuple[str, ...]
    record: ApplyRecord

    def is_on(self, line: Collection[str], trees: Collection[str]) -> bool:
        """Returns whether the applied commit is in `line`, or its folder equals one of `trees`."""
        return self.record.commit in line or (self.record.tree is not None and self.record.tree in trees)


def make_sample(salt: str, linked: Iterable[tuple[str, str]]) -> tuple[SampleEntry, ...]:
    """Returns the sample of an account: the 25 of these (key, live id) pairs whose keys have the lowest hashes."""
    entries = sorted(
        (SampleEntry(key=salted(salt, key), linked=salted(salt, key, live_id)) for key, live_id in linked),
        key=lambda entry: entry.key,
    )
    return tuple(entries[:SAMPLE_SIZE])


def read_moment(text: str) -> datetime:
    """Returns the time of an ISO 8601 text in UTC; a text without a zone is in UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def spell_record(record: ApplyRecord) -> bytes:
    """Returns the bytes of `apply.json`: one line of JSON without fields that have their default, and a newline."""
    fields = record.model_dump_json(exclude_defaults=True)
    return f'{{"format":{FORMAT},{fields[1:]}\n'.encode()


def parse_record(content: bytes, samples: dict[bytes, tuple[SampleEntry, ...]] | None = None) -> ApplyRecord:
    """Reads the bytes of `apply.json`. Raises NotARecord with a sentence that names the fault.

    Records pass the same sample on, so `samples` caches parsed samples by their bytes.
    """
    if len(content) > MOST_BYTES:
        raise NotARecord(f"{RECORD_FILE} has {len(content):,} bytes; a record has at most {MOST_BYTES:,}")
    try:
        record = _parse_with(content, {} if samples is None else samples)
    except ValidationError as error:
        raise NotARecord(f"{RECORD_FILE} is not a record of an apply: {_explain(error)}") from None
    fault = next(_find_faults(record), None)
    if fault:
        raise NotARecord(f"{RECORD_FILE} is not a record of an apply: {fault}")
    return record


def _parse_with(content: bytes, samples: dict[bytes, tuple[SampleEntry, ...]]) -> ApplyRecord:
    start = content.find(_SAMPLE)
    end = content.find(b"]", start) + 1
    found = content[start:end]
    if start < 0 or not end or found.count(b"[") != 1 or _SAMPLE in content[end:]:
        return ApplyRecord.model_validate_json(content)
    record = ApplyRecord.model_validate_json(content[:start] + content[end:])
    if found not in samples:
        samples[found] = ApplyRecord.model_validate_json(content).sample
    return record.model_copy(update={"sample": samples[found]})


def _explain(error: ValidationError) -> str:
    """Returns the first error without its value, because a forged record may hold any text."""
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    first = next((detail for detail in errors if detail["loc"] == ("format",)), errors[0])
    where = ".".join(part if isinstance(part, str) and part.isidentifier() else "*" for part in first["loc"])[:80]
    if where == "format":
        return f"its format is not {FORMAT}; a newer version of this program may have written it"
    if first["type"] == "json_invalid":
        return "it is not JSON"
    return f"{where}: {first['msg']}" if where else first["msg"]


def _find_faults(record: ApplyRecord) -> Iterator[str]:
    if not _OBJECT.fullmatch(record.commit):
        yield "commit is not a commit id"
    if record.tree is not None and not _OBJECT.fullmatch(record.tree):
        yield "tree is not a tree id"
    if not record.salt:
        yield "salt is empty"
    if record.state == "begun" and record.until is None:
        yield "state is begun, and until is missing"
    moments = (record.at,) if record.until is None else (record.at, record.until)
    if not all(_is_valid(read_moment, moment) for moment in moments):
        yield "at or until is not a time"
    days = {record.as_of, *(atom.date for atom in record.open if isinstance(atom, OpenAtom))}
    if not all(_is_valid(date.fromisoformat, day) for day in days):
        yield "as_of, or the date of an open effect, is not a date"


def _is_valid(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except (ValueError, OverflowError):
        return False
    return True
