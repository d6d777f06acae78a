"""The lines that decide ownership (`released`, `left` and `was`), and their problems across all files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from reconciler.core.declarations.strict import Declaration, Text
from reconciler.core.model.resources import Key, Kind, parse_key
from reconciler.core.model.states import Settlement
from reconciler.errors import Problem, Source

Section: TypeAlias = Literal["released", "left"]
KEY_HINT = "write it like user/jo.kerr or group/finance"


class SettlementDeclaration(Declaration):
    """A line of `released` or `left`: a user or group by key, or by the id in the account."""

    key: str | None = None
    id: Annotated[str, Field(min_length=1)] | None = None
    reason: Text = None

    @model_validator(mode="after")
    def _names_one(self) -> SettlementDeclaration:
        if (self.key is None) is (self.id is None):
            raise ValueError("must name one user or group: give either `key` or `id`")
        if self.key is not None and parse_key(self.key) is None:
            raise ValueError(f'has the malformed key "{self.key}": {KEY_HINT}')
        return self

    def located(self, source: Source) -> Settlement:
        """Returns the settlement with its line in YAML."""
        return Settlement(source, parse_key(self.key or ""), self.id, self.reason)


def _check_previous(kind: Kind) -> Callable[[str | list[str]], str | list[str]]:
    """Returns the validator of `was` for users or for groups."""

    def check(written: str | list[str]) -> str | list[str]:
        if not written:
            raise ValueError("names no key: write the previous key, or remove it")
        for key in [written] if isinstance(written, str) else written:
            name = key.removeprefix(f"{kind}/")
            if not name or "/" in name or any(letter.isspace() for letter in name):
                raise ValueError(f'names "{key}", which is not the key of a {kind}: write it like {kind}/name')
        return written

    return check


UserWas: TypeAlias = Annotated[str | list[str], AfterValidator(_check_previous("user"))]
GroupWas: TypeAlias = Annotated[str | list[str], AfterValidator(_check_previous("group"))]


def parse_was(kind: Kind, written: str | Sequence[str] | None) -> tuple[Key, ...]:
    """Returns the previous keys of a user or group, without duplicates; the kind may be left out (`jo.kerr`)."""
    listed = [written] if isinstance(written, str) else written or ()
    return tuple(dict.fromkeys(Key(kind, key.removeprefix(f"{kind}/")) for key in listed))


def check_settlements(
    released: Iterable[Settlement], left: Iterable[Settlement], declared: Mapping[Key, Source | None]
) -> Iterator[Problem]:
    """Finds lines of `released` and `left` that name a declared user or group, or one that an earlier line names.

    `declared` has the line of each declared key, or None if the line is unknown.
    """
    first: dict[Key | str, tuple[str, Settlement]] = {}
    listed: list[tuple[Section, Settlement]] = [
        *(("released", line) for line in released),
        *(("left", line) for line in left),
    ]
    for section, line in listed:
        named = line.key or line.id or ""
        before, other = first.setdefault(named, (section, line))
        if other is not line:
            message = f"{section}: {_spell(line)} is named a second time; the first is under {before} at {other.source}"
            yield Problem("duplicate", message, line.source, "keep one of the two")
        if line.key is not None and line.key in declared:
            message = f"{section}: {line.key} is declared{_at(declared[line.key])}"
            hint = f"remove this line or the declaration: a declared user or group can't be under `{section}`"
            yield Problem("settled_and_declared", message, line.source, hint)


def check_was(was: Mapping[Key, Sequence[Key]], declared: Mapping[Key, Source | None]) -> Iterator[Problem]:
    """Finds previous keys that are still declared, and those that two users or groups name."""
    first: dict[Key, Key] = {}
    for key, former in was.items():
        for previous in former:
            other = first.setdefault(previous, key)
            if previous == key:
                message = f"{key}: was names {previous}, which is its own key"
                yield Problem("bad_was", message, declared.get(key), "write the previous key, or remove `was`")
            elif previous in declared:
                message = f"{key}: was names {previous}, which is declared{_at(declared[previous])}"
                hint = f"a key that is still declared was not renamed: remove `was`, or the declaration of {previous}"
                yield Problem("bad_was", message, declared.get(key), hint)
            elif other != key:
                message = f"{key}: was names {previous}, and so does {other}{_at(declared.get(other))}"
                hint = "a key has only one successor: keep it under one of the two"
                yield Problem("bad_was", message, declared.get(key), hint)


def _spell(settlement: Settlement) -> str:
    return f'the id "{settlement.id}"' if settlement.key is None else str(settlement.key)


def _at(source: Source | None) -> str:
    return f" at {source}" if source else ""
