"""Looking up resources by their matching attributes, many in one request, and whether an answer can be believed.

An answer says "nobody" by leaving out, so each look-up also asks for *witnesses*: resources that should be there, by
each matching attribute, at the end of the filter, and in another case where case must not matter. A witness that comes
proves that the filter was read to its end, by that attribute; without one, who did not come may be there all the same.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal, TypeAlias
from urllib.parse import quote

from reconciler.core.comparison.link import matching_terms
from reconciler.core.model.matching import EXACT, fold
from reconciler.core.model.messages import Request
from reconciler.core.model.resources import Attributes, Key, LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState
from reconciler.core.scim.wire import scim_path

MOST_RESULTS = 25
MOST_CHARACTERS = 2000
WITNESSES = 2
LONGEST_WITNESS = 200
BESIDE_THE_FILTER = 60
OR = "%20or%20"
UNPROVEN = "found nothing by {} of what should be there"
NO_WITNESS = "did not find everybody, and nobody is left by whose {} to tell that it was read to its end"

Endpoint: TypeAlias = Literal["Users", "Groups"]


@dataclass(frozen=True, slots=True)
class Term:
    """`attribute eq "value"`."""

    attribute: str
    value: str

    @property
    def spelled(self) -> str:
        """The term as it stands in a url, RFC 7644 section 3.4.2.2: the value is a JSON string, and quoted again."""
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"')
        return quote(f'{scim_path(self.attribute)} eq "{escaped}"', safe="")

    def is_met_by(self, attributes: Attributes) -> bool:
        """Whether a resource really is one that was asked for."""
        value = attributes.get(self.attribute)
        return isinstance(value, str) and fold(self.attribute, value) == fold(self.attribute, self.value)


Witnesses: TypeAlias = Mapping[str, tuple[Term, ...]]


@dataclass(frozen=True, slots=True)
class LookUp:
    """One request: the terms of each key asked for, of which any may hold, and the witnesses at the end of them.

    The witnesses are by the attribute that they prove, where one is needed; there may be none to be had.
    """

    endpoint: Endpoint
    asked: tuple[tuple[Term, ...], ...]
    witnesses: Witnesses = field(default_factory=dict)

    def request(self, start: int, count: int) -> Request:
        """A page of the answer."""
        spelled = OR.join(term.spelled for term in (*chain(*self.asked), *chain(*self.witnesses.values())))
        return Request("GET", f"/{self.endpoint}?filter={spelled}&startIndex={start}&count={count}")

    @property
    def joins(self) -> bool:
        """Whether the filter has an `or`."""
        return len([*chain(*self.asked), *chain(*self.witnesses.values())]) > 1

    def find_stranger(self, found: Iterable[LiveUser | LiveGroup]) -> str:
        """What to say of a resource that nobody asked for, or nothing."""
        terms = [*chain(*self.asked), *chain(*self.witnesses.values())]
        stranger = next((one for one in found if not _is_any_of(one, terms)), None)
        return f"was answered with others than were asked for ({stranger.id}): filters are ignored" if stranger else ""

    def judge(self, found: Sequence[LiveUser | LiveGroup]) -> tuple[list[LiveUser | LiveGroup], str]:
        """Those that were asked for, and what is wrong with the answer if it can't be believed."""
        terms = list(chain(*self.asked))
        if strange := self.find_stranger(found):
            return [], strange
        missing = any(not any(_is_any_of(one, terms) for one in found) for terms in self.asked)
        for attribute, proofs in self.witnesses.items():
            if (proofs or missing) and not any(_is_any_of(one, proofs) for one in found):
                return [], (UNPROVEN if proofs else NO_WITNESS).format(attribute)
        return [one for one in found if _is_any_of(one, terms)], ""


def _is_any_of(one: LiveUser | LiveGroup, terms: Iterable[Term]) -> bool:
    return any(term.is_met_by(one.attributes) for term in terms)


def make_look_ups(
    endpoint: Endpoint, asked: Iterable[Sequence[Term]], witnesses: Witnesses, most_results: int = MOST_RESULTS
) -> tuple[LookUp, ...]:
    """As few requests as hold all terms: no more keys than come back on a page, no more letters than a url holds.

    The terms of a key stay together where they fit; a term that is too long by itself goes alone.
    """
    proofs = list(chain(*witnesses.values()))
    most, room = most_results - len(proofs), MOST_CHARACTERS - BESIDE_THE_FILTER - _length(proofs)
    chunks: list[list[tuple[Term, ...]]] = []
    keys, used = most, room
    for terms in asked:
        for part in [tuple(terms)] if _length(terms) <= room else [(term,) for term in terms]:
            if keys >= most or used + _length(part) > room:
                chunks.append([])
                keys, used = 0, 0
            chunks[-1].append(part)
            keys, used = keys + 1, used + _length(part)
    return tuple(LookUp(endpoint, tuple(chunk), witnesses) for chunk in chunks)


def make_single_look_ups(endpoint: Endpoint, asked: Iterable[Sequence[Term]]) -> tuple[LookUp, ...]:
    """One for each term, for services that know no `or`."""
    return tuple(LookUp(endpoint, ((term,),)) for terms in asked for term in terms)


def _length(terms: Iterable[Term]) -> int:
    return sum(len(OR) + len(term.spelled) for term in terms)


def choose_witnesses(
    endpoint: Endpoint, desired: DesiredState, before: DesiredState, asked: Container[Key]
) -> dict[str, tuple[Term, ...]]:
    """Resources that are in the account if what git said `before` was applied, and are not among those `asked` for.

    Each is a witness for one attribute alone: which term found it must not be in doubt. One whose name is long in a url
    (nine characters for a letter of Chinese) is none: it would take the room of those who are asked for.
    """
    keys: Iterable[Key] = desired.users if endpoint == "Users" else desired.groups
    matching = desired.matching if endpoint == "Users" else desired.group_matching
    known = (terms for key in keys if key not in asked and (terms := _unchanged(key, desired, before)))
    chosen: dict[str, tuple[Term, ...]] = dict.fromkeys(matching, ())
    for attribute in matching * WITNESSES:
        testing = (term for terms in known if (term := _testing(attribute, terms)))
        found = next((term for term in testing if len(term.spelled) <= LONGEST_WITNESS), None)
        chosen[attribute] += (found,) if found else ()
    return chosen


def _unchanged(key: Key, desired: DesiredState, before: DesiredState) -> dict[str, str]:
    """The values by which a key is found, if they are what they were."""
    now, then = desired.resource(key), before.resource(key)
    if now is None or then is None or not (now.in_scope and then.in_scope):
        return {}
    terms = dict(matching_terms(desired, now))
    return terms if terms == dict(matching_terms(desired, then)) else {}


def _testing(attribute: str, terms: Mapping[str, str]) -> Term | None:
    """The term that only a service finds which compares as it should."""
    value = terms.get(attribute)
    if value is None or attribute in EXACT:
        return Term(attribute, value) if value else None
    swapped = value.swapcase()
    return Term(attribute, swapped) if swapped != value and swapped.casefold() == value.casefold() else None
