"""The lines that settle ownership, `released`, `left` and `was`, and their problems across all files.

Knows keys and declarations; nothing of evidence or verdicts.
"""

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
            raise ValueError("names one user or group: give `key` or `id`, and not both")
        if self.key is not None and parse_key(self.key) is None:
            raise ValueError(f'has the key "{self.key}", which is not one: {KEY_HINT}')
        return self

    def located(self, source: Source) -> Settlement:
        """Returns the line with its place."""
        return Settlement(source, parse_key(self.key or ""), self.id, self.reason)


def _former(kind: Kind) -> Callable[[str | list[str]], str | list[str]]:
    """Returns the check of the keys that a user or group had before."""

    def check(written: str | list[str]) -> str | list[str]:
        if not written:
            raise ValueError("names no key: write the key it was, or leave it out")
        for one in [written] if isinstance(written, str) else written:
            name = one.removeprefix(f"{kind}/")
            if not name or "/" in name or any(letter.isspace() for letter in name):
                raise ValueError(f'names "{one}", which is not the key of a {kind}: write it like {kind}/name')
        return written

    return check


UserWas: TypeAlias = Annotated[str | list[str], AfterValidator(_former("user"))]
GroupWas: TypeAlias = Annotated[str | list[str], AfterValidator(_former("group"))]


def parse_was(kind: Kind, written: str | Sequence[str] | None) -> tuple[Key, ...]:
    """Returns the keys that a user or group had before, each once; names may be written bare."""
    listed = [written] if isinstance(written, str) else written or ()
    return tuple(dict.fromkeys(Key(kind, one.removeprefix(f"{kind}/")) for one in listed))


def check_settlements(
    released: Iterable[Settlement], left: Iterable[Settlement], declared: Mapping[Key, Source | None]
) -> Iterator[Problem]:
    """Finds lines that settle a declared user or group, and those that name one a second time.

    `declared` has the place of each key that is declared; None where only that it is declared is known.
    """
    first: dict[Key | str, tuple[str, Settlement]] = {}
    listed: list[tuple[Section, Settlement]] = [
        *(("released", one) for one in released),
        *(("left", one) for one in left),
    ]
    for section, one in listed:
        named = one.key or one.id or ""
        before, other = first.setdefault(named, (section, one))
        if other is not one:
            message = f"{section}: {_spell(one)} is named a second time; the first is under {before} at {other.source}"
            yield Problem("duplicate", message, one.source, "keep one of the two")
        if one.key is not None and one.key in declared:
            message = f"{section}: {one.key} is declared{_at(declared[one.key])}"
            hint = "take out this line, or the declaration: a user or group is either in git or gone from it"
            yield Problem("settled_and_declared", message, one.source, hint)


def check_was(was: Mapping[Key, Sequence[Key]], declared: Mapping[Key, Source | None]) -> Iterator[Problem]:
    """Finds former keys that are declared themselves, and those that two users or groups name."""
    first: dict[Key, Key] = {}
    for key, former in was.items():
        for one in former:
            other = first.setdefault(one, key)
            if one == key:
                message = f"{key}: was names {one}, which is its own key"
                yield Problem(
                    "bad_was", message, declared.get(key), "write the key from before it changed, or leave it out"
                )
            elif one in declared:
                message = f"{key}: was names {one}, which is declared{_at(declared[one])}"
                yield Problem(
                    "bad_was",
                    message,
                    declared.get(key),
                    "a key that is still declared was not renamed: keep one of the two",
                )
            elif other != key:
                message = f"{key}: was names {one}, and so does {other}{_at(declared.get(other))}"
                yield Problem(
                    "bad_was", message, declared.get(key), "one key became one other: keep it under one of the two"
                )


def _spell(settlement: Settlement) -> str:
    return f'the id "{settlement.id}"' if settlement.key is None else str(settlement.key)


def _at(source: Source | None) -> str:
    return f" at {source}" if source else ""
