"""Finds the doubts about a link: a declaration that may be about another person's record.

A wrong link overwrites another person's record, so none is made in doubt. `missing` has the doubts about resources
that would be created, and `doubt_words` the sentences.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeAlias

from reconciler.core.comparison.identities import Declared, Identity, name_attribute
from reconciler.core.comparison.linking import Link
from reconciler.core.model.matching import MARK, Live, matching_value
from reconciler.core.model.person_evidence import PersonEvidence, compare_people, read_number
from reconciler.core.model.resources import Attributes, Key, LiveGroup, LiveUser

DoubtCode: TypeAlias = Literal[
    "reused_key", "another_person", "inactive_holder", "leaver_holds", "looks_like", "lost", "same_but_for_form"
]


@dataclass(slots=True)
class LinkDoubts(Generic[Live]):
    """Decides whether a link is beyond doubt, and collects the doubts by key. Groups have no evidence of a person."""

    numbers: Numbers[Live]
    found: dict[Key, DoubtCode] = field(default_factory=dict)

    def accept(self, identity: Identity, link: Link[Live]) -> bool:
        """Returns whether the link may be made."""
        code = self._find(identity, link)
        if code is not None:
            self.found[identity.key] = code
        return code is None

    def _find(self, identity: Identity, link: Link[Live]) -> DoubtCode | None:
        head, live = identity.head, link.live
        if head is None:
            return None
        if head.in_scope and _is_reused(identity, head, live.attributes):
            return "reused_key"
        if link.attribute == MARK:
            return None
        evidence = _compare(identity, head, live.attributes)
        if link.own:
            # A name that was given to another record by hand: the own one still has the number.
            moved = evidence == "contradicts" and self.numbers.is_of_another(head, live)
            return "looks_like" if moved else None
        return self._doubt_adoption(identity, head, live, evidence)

    def _doubt_adoption(
        self, identity: Identity, head: Declared, live: Live, evidence: PersonEvidence
    ) -> DoubtCode | None:
        if evidence == "contradicts":
            return "another_person"
        if not identity.was_there and self.numbers.is_of_another(head, live):
            return "looks_like"
        return "inactive_holder" if is_inactive(live) and evidence == "silent" and head.in_scope else None


def is_inactive(live: LiveUser | LiveGroup) -> bool:
    """Whether a live resource is an inactive user."""
    return isinstance(live, LiveUser) and not live.active


def _is_reused(identity: Identity, head: Declared, live: Attributes) -> bool:
    """Whether name and evidence of a key both change, and the record still has the evidence of before."""
    attribute = name_attribute(identity.key.kind)
    written = head.attributes.get(attribute)
    return any(
        matching_value(attribute, then.attributes) not in ("", identity.name)
        and compare_people(then.attributes, head.attributes) == "contradicts"
        and compare_people(then.attributes, live) == "agrees"
        for then in identity.earlier
        if written and then.attributes.get(attribute) != written
    )


def _compare(identity: Identity, head: Declared, live: Attributes) -> PersonEvidence:
    """Compares a record with a declaration; a record as an earlier one has it agrees, if HEAD corrects a number."""
    evidence = compare_people(head.attributes, live)
    before = (compare_people(then.attributes, live) for then in identity.earlier)
    return "agrees" if evidence == "contradicts" and "agrees" in before else evidence


@dataclass(slots=True)
class Numbers(Generic[Live]):
    """The employeeNumbers of the account and of git. A number that git gives to several people is no evidence."""

    identities: Mapping[Key, Identity]
    live: Sequence[Live]
    _of_records: dict[str, list[Live]] | None = None
    _of_keys: dict[str, list[Key]] = field(default_factory=dict)
    _shared: set[str] = field(default_factory=set)

    def is_of_another(self, head: Declared, live: Live) -> bool:
        """Whether another record has the number of a declaration."""
        number = read_number(head.attributes)
        return bool(number) and any(record.id != live.id for record in self.records(number))

    def records(self, number: str) -> Sequence[Live]:
        """Returns the records with a number; none if git gives it to several people."""
        return () if number in self._shared else self._index().get(number, ())

    def keys(self, number: str) -> Sequence[Key]:
        """Returns the keys to which an earlier state gives a number; none if git gives it to several people."""
        self._index()
        return () if number in self._shared else self._of_keys.get(number, ())

    def _index(self) -> Mapping[str, list[Live]]:
        """Indexes the numbers on first use: most plans need none."""
        if self._of_records is not None:
            return self._of_records
        declared = Counter[str]()
        for key, identity in self.identities.items():
            if identity.head is not None:
                declared[read_number(identity.head.attributes)] += 1
            for number in {read_number(then.attributes) for then in identity.earlier} - {""}:
                self._of_keys.setdefault(number, []).append(key)
        self._shared = {number for number, times in declared.items() if times > 1}
        self._shared |= {number for number, keys in self._of_keys.items() if len(keys) > 1}
        self._of_records = {}
        for record in self.live:
            if number := read_number(record.attributes):
                self._of_records.setdefault(number, []).append(record)
        return self._of_records
