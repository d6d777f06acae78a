"""Lookups of resources by their matching attributes, many in one request, and the check of their answers.

An answer reports a missing resource by leaving it out. So each lookup also asks for *witnesses*: resources that should
exist, by each matching attribute, at the end of the filter, in another case if the attribute ignores case. A witness in
the answer proves that the service applied the whole filter. Without a witness, a missing resource may exist.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal, TypeAlias
from urllib.parse import quote

from reconciler.core.comparison.link import matching_terms
from reconciler.core.model.matching import EXACT, fold, matching_value
from reconciler.core.model.messages import Request
from reconciler.core.model.name_forms import lower_name
from reconciler.core.model.resources import Attributes, Key, LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState
from reconciler.core.scim.wire import scim_path

MOST_RESULTS = 25
MOST_CHARACTERS = 2000
WITNESSES = 2
LONGEST_WITNESS = 200
BESIDE_THE_FILTER = 60
OR = "%20or%20"
UNPROVEN = "found no resource by {}, though some should exist"
NO_WITNESS = "did not find every resource, and no witness by {} is left to prove that the whole filter was applied"

Endpoint: TypeAlias = Literal["Users", "Groups"]


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison of a filter, `attribute eq "value"`."""

    attribute: str
    value: str

    @property
    def spelled(self) -> str:
        """Returns the term as part of a URL (RFC 7644 section 3.4.2.2): the value is a JSON string, quoted again."""
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"')
        return quote(f'{scim_path(self.attribute)} eq "{escaped}"', safe="")

    def is_met_by(self, attributes: Attributes) -> bool:
        """Whether the term holds for the attributes of a resource."""
        value = matching_value(self.attribute, attributes)
        return bool(value) and value == fold(self.attribute, self.value)


Witnesses: TypeAlias = Mapping[str, tuple[Term, ...]]


@dataclass(frozen=True, slots=True)
class LookUp:
    """One request: `terms` has the terms of each key, any of which may hold; the witnesses follow at the end.

    `witnesses` has each attribute that needs a proof, with its witnesses, which may be none.
    """

    endpoint: Endpoint
    terms: tuple[tuple[Term, ...], ...]
    witnesses: Witnesses = field(default_factory=dict)

    def request(self, start: int, count: int) -> Request:
        """Returns the request for one page of the answer."""
        spelled = OR.join(term.spelled for term in (*chain(*self.terms), *chain(*self.witnesses.values())))
        return Request("GET", f"/{self.endpoint}?filter={spelled}&startIndex={start}&count={count}")

    @property
    def joins(self) -> bool:
        """Whether the filter has an `or`."""
        return len([*chain(*self.terms), *chain(*self.witnesses.values())]) > 1

    def find_unrelated(self, found: Iterable[LiveUser | LiveGroup]) -> str:
        """Returns the fault if a found resource fits no term of the filter, else an empty text."""
        terms = [*chain(*self.terms), *chain(*self.witnesses.values())]
        other = next((resource for resource in found if not _is_any_of(resource, terms)), None)
        return f"returned {other.id}, which does not fit the filter: the service ignores filters" if other else ""

    def check_answer(self, found: Sequence[LiveUser | LiveGroup]) -> tuple[list[LiveUser | LiveGroup], str]:
        """Returns the found resources without the witnesses, and an empty text; or no resources, and the fault."""
        all_terms = list(chain(*self.terms))
        if fault := self.find_unrelated(found):
            return [], fault
        missing = any(not any(_is_any_of(resource, terms) for resource in found) for terms in self.terms)
        for attribute, proofs in self.witnesses.items():
            if (proofs or missing) and not any(_is_any_of(resource, proofs) for resource in found):
                return [], (UNPROVEN if proofs else NO_WITNESS).format(attribute)
        return [resource for resource in found if _is_any_of(resource, all_terms)], ""


def _is_any_of(resource: LiveUser | LiveGroup, terms: Iterable[Term]) -> bool:
    return any(term.is_met_by(resource.attributes) for term in terms)


def make_look_ups(
    endpoint: Endpoint, terms_by_key: Iterable[Sequence[Term]], witnesses: Witnesses, most_results: int = MOST_RESULTS
) -> tuple[LookUp, ...]:
    """Returns the fewest requests that hold all terms: keys within one page of results, letters within a URL.

    The terms of a key stay together if they fit; a term that is too long gets a request of its own.
    """
    proofs = list(chain(*witnesses.values()))
    most, room = most_results - len(proofs), MOST_CHARACTERS - BESIDE_THE_FILTER - _length(proofs)
    chunks: list[list[tuple[Term, ...]]] = []
    keys, used = most, room
    for terms in terms_by_key:
        for part in [tuple(terms)] if _length(terms) <= room else [(term,) for term in terms]:
            if keys >= most or used + _length(part) > room:
                chunks.append([])
                keys, used = 0, 0
            chunks[-1].append(part)
            keys, used = keys + 1, used + _length(part)
    return tuple(LookUp(endpoint, tuple(chunk), witnesses) for chunk in chunks)


def make_single_look_ups(endpoint: Endpoint, terms_by_key: Iterable[Sequence[Term]]) -> tuple[LookUp, ...]:
    """Returns one request for each term, for services without `or`."""
    return tuple(LookUp(endpoint, ((term,),)) for terms in terms_by_key for term in terms)


def _length(terms: Iterable[Term]) -> int:
    return sum(len(OR) + len(term.spelled) for term in terms)


def choose_witnesses(
    endpoint: Endpoint, desired: DesiredState, before: DesiredState, looked_up: Container[Key]
) -> dict[str, tuple[Term, ...]]:
    """Returns, by attribute, resources that exist if the state `before` was applied, and that are not `looked_up`.

    Each is a witness for one attribute only, so that it is clear which term found it. Values that are long in a URL
    (nine characters for a Chinese letter) are left out: they would take the room of the keys to look up.
    """
    keys: Iterable[Key] = desired.users if endpoint == "Users" else desired.groups
    matching = desired.matching if endpoint == "Users" else desired.group_matching
    known = (terms for key in keys if key not in looked_up and (terms := _unchanged(key, desired, before)))
    chosen: dict[str, tuple[Term, ...]] = dict.fromkeys(matching, ())
    for attribute in matching * WITNESSES:
        testing = (term for terms in known if (term := _make_testing_term(attribute, terms)))
        found = next((term for term in testing if len(term.spelled) <= LONGEST_WITNESS), None)
        chosen[attribute] += (found,) if found else ()
    return chosen


def _unchanged(key: Key, desired: DesiredState, before: DesiredState) -> dict[str, str]:
    """Returns the values of a key's matching attributes, if they did not change; else nothing."""
    now, then = desired.resource(key), before.resource(key)
    if now is None or then is None or not (now.in_scope and then.in_scope):
        return {}
    terms = dict(matching_terms(desired, now))
    return terms if terms == dict(matching_terms(desired, then)) else {}


def _make_testing_term(attribute: str, terms: Mapping[str, str]) -> Term | None:
    """Returns a term in the other case, if the attribute ignores case: only a correct comparison finds it."""
    value = terms.get(attribute)
    if value is None or attribute in EXACT:
        return Term(attribute, value) if value else None
    swapped = value.swapcase()
    return Term(attribute, swapped) if swapped != value and lower_name(swapped) == lower_name(value) else None
