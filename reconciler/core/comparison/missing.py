"""Decides on declared resources without a link: each may be created, or may exist already under another name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Generic, TypeAlias

from reconciler.core.comparison.doubts import DoubtCode, Numbers
from reconciler.core.comparison.identities import Declared, Identity, name_attribute
from reconciler.core.comparison.linking import Linked
from reconciler.core.model.matching import EXACT, MARK, Live, fold, matching_value, written_value
from reconciler.core.model.name_forms import plain_form, wide_form
from reconciler.core.model.person_evidence import read_number
from reconciler.core.model.resources import Key

Form: TypeAlias = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class MissingDoubt(Generic[Live]):
    """A doubt about a resource that would be created: the other key, live resource and attribute, if there are any."""

    code: DoubtCode
    key: Key
    other: Key | None = None
    live: Live | None = None
    attribute: str = ""


@dataclass
class MissingTable(Generic[Live]):
    """Decides on declarations that nothing links, one by one. `applied` is what the last complete apply declared."""

    identities: Mapping[Key, Identity]
    linked: Linked[Live]
    live: Sequence[Live]
    attributes: Sequence[str]
    numbers: Numbers[Live]
    applied: Mapping[Key, Declared] = field(default_factory=dict)

    def find(self, identity: Identity) -> MissingDoubt[Live] | None:
        """Returns the first doubt about a declaration that would be created, or None."""
        return (
            self._looks_like(identity)
            or self._leaver_holds(identity)
            or self._same_form(identity)
            or self._lost(identity)
        )

    def find_alike(self, declared: Declared) -> tuple[str, Live] | None:
        """Returns the attribute and the live resource whose name is equal only without accents, case and width."""
        return _find_form(declared, self._wide, _wide_value)

    def _looks_like(self, identity: Identity) -> MissingDoubt[Live] | None:
        """Finds that an earlier state, or the account, gives the employeeNumber to another key or record."""
        number = read_number(identity.declared.attributes)
        if not number:
            return None
        others = [key for key in self.numbers.keys(number) if key != identity.key]
        records = [record for record in self.numbers.records(number) if record.id not in self._linked_ids]
        if not others and not records:
            return None
        other = next(iter(others), None)
        link = self.linked.links.get(other) if other else None
        return MissingDoubt("looks_like", identity.key, other, link.live if link else next(iter(records), None))

    def _leaver_holds(self, identity: Identity) -> MissingDoubt[Live] | None:
        """Finds that a resource whose identity leaves has the name."""
        holder = self._leavers.get(identity.name) if identity.name else None
        return MissingDoubt("leaver_holds", identity.key, *holder) if holder else None

    def _same_form(self, identity: Identity) -> MissingDoubt[Live] | None:
        """Finds a live resource whose value differs in nothing that can be seen."""
        found = _find_form(identity.declared, self._plain, _plain_value)
        return MissingDoubt("same_but_for_form", identity.key, None, found[1], found[0]) if found else None

    def _lost(self, identity: Identity) -> MissingDoubt[Live] | None:
        """Finds that the last complete apply had the resource, and that names are all by which it can be found."""
        then = self.applied.get(identity.key)
        marked = any(
            MARK in self.attributes and matching_value(MARK, one.attributes) for one in (identity.head, then) if one
        )
        return MissingDoubt("lost", identity.key) if then is not None and then.in_scope and not marked else None

    @cached_property
    def _linked_ids(self) -> frozenset[str]:
        links = self.linked.links.items()
        return frozenset(link.live.id for key, link in links if self.identities[key].head is not None)

    @cached_property
    def _leavers(self) -> Mapping[str, tuple[Key, Live]]:
        """The resources of identities that leave, by name."""
        return {
            matching_value(name_attribute(key.kind), link.live.attributes): (key, link.live)
            for key, link in self.linked.links.items()
            if self.identities[key].head is None
        }

    @cached_property
    def _plain(self) -> Mapping[str, Mapping[str, Live]]:
        return _index_forms(self._free, self.attributes, _plain_value)

    @cached_property
    def _wide(self) -> Mapping[str, Mapping[str, Live]]:
        return _index_forms(self.live, self.attributes, _wide_value)

    @property
    def _free(self) -> Iterable[Live]:
        return (resource for resource in self.live if resource.id not in self._linked_ids)


def _plain_value(attribute: str, value: str) -> str:
    return fold(attribute, plain_form(value))


def _wide_value(attribute: str, value: str) -> str:
    return value if attribute in EXACT else wide_form(value)


def _index_forms(live: Iterable[Live], attributes: Iterable[str], form: Form) -> dict[str, dict[str, Live]]:
    index: dict[str, dict[str, Live]] = {attribute: {} for attribute in attributes}
    for resource in sorted(live, key=lambda one: one.id):
        for attribute, forms in index.items():
            if value := written_value(attribute, resource.attributes):
                forms.setdefault(form(attribute, value), resource)
    return index


def _find_form(declared: Declared, index: Mapping[str, Mapping[str, Live]], form: Form) -> tuple[str, Live] | None:
    """Returns the first attribute with a live value of the same form that is not equal, and the resource."""
    for attribute, forms in index.items():
        value = written_value(attribute, declared.attributes)
        found = forms.get(form(attribute, value)) if value else None
        if found and matching_value(attribute, found.attributes) != fold(attribute, value):
            return attribute, found
    return None
