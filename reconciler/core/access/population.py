"""Indexes users or groups by their values, so that a clause tests each different value once, not each user.

A thousand groups with `members_where` then cost as many tests as the attributes have values, not as many as users.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Final

from reconciler.core.access.scope import SourceAttributes, compile_value_test, path_steps, read_each
from reconciler.core.declarations.clause import Clause, Operator
from reconciler.core.declarations.declared import AddressDeclaration, NameDeclaration, UserDeclaration, ValueDeclaration
from reconciler.core.declarations.rule import GROUP_TARGETS, OF_MANY
from reconciler.core.model.resources import Kind
from reconciler.core.model.scalar import as_text

NAMES_VALUES: Final = frozenset({Operator.EQUALS, Operator.IN})
_PARTS: Final = (
    (NameDeclaration, ("name",)),
    (ValueDeclaration, OF_MANY - {"addresses"}),
    (AddressDeclaration, ("addresses",)),
)
SCHEMA_PATHS: Final[Mapping[Kind, frozenset[str]]] = {
    "user": frozenset(
        {
            *(name for name in UserDeclaration.__annotations__ if name != "attributes"),
            *(
                f"{outer}.{part}"
                for declared, outers in _PARTS
                for outer in outers
                for part in declared.__annotations__
            ),
        }
    ),
    "group": GROUP_TARGETS,
}
CUSTOM: Final = "customFields"


@dataclass(frozen=True, slots=True)
class Holders:
    """A value, and the names of the users or groups that have it; a user who has it twice is named twice."""

    value: object
    names: list[str] = field(default_factory=list)


class Population:
    """Users or groups by name, with their source attributes; each attribute is indexed at its first use."""

    def __init__(self, subjects: Mapping[str, SourceAttributes], kind: Kind = "user") -> None:
        self.subjects = subjects
        self.kind = kind
        self._holders: dict[str, dict[str, list[Holders]]] = {}
        self._declared: dict[str, bool] = {}

    @cached_property
    def attribute_names(self) -> frozenset[str]:
        """Every attribute that a clause may test: SCIM's, and all declared own attributes and custom fields."""
        own = [names for subject in self.subjects.values() if isinstance(names := subject.get("attributes"), Mapping)]
        custom = [names for subject in self.subjects.values() if isinstance(names := subject.get(CUSTOM), Mapping)]
        return SCHEMA_PATHS[self.kind].union(*own, (f"{CUSTOM}.{name}" for names in custom for name in names))

    def is_in_schema(self, path: str) -> bool:
        """Decides whether users or groups may have the attribute at a dotted path: `title`, `name.givenName`."""
        return path in SCHEMA_PATHS[self.kind] or (self.kind == "user" and path.startswith(f"{CUSTOM}."))

    def is_declared(self, path: str) -> bool:
        """Decides whether a declaration has the attribute at a dotted path, also without a value: `badge: null`."""
        if path not in self._declared:
            steps = path_steps(path)
            self._declared[path] = any(_has_key(subject, steps) for subject in self.subjects.values())
        return self._declared[path]

    def holders(self, attribute: str) -> list[Holders]:
        """Returns each value of the attribute with its holders; values of two types (`1`, `"1"`) are two values."""
        return list(chain.from_iterable(self._by_text(attribute).values()))

    def _by_text(self, attribute: str) -> Mapping[str, list[Holders]]:
        """Returns the holders by the text as which a value is compared."""
        if attribute not in self._holders:
            found: dict[tuple[type, str], Holders] = {}
            for name, values in zip(self.subjects, read_each(self.subjects.values(), attribute), strict=True):
                for value in values:
                    found.setdefault((type(value), as_text(value)), Holders(value)).names.append(name)
            by_text: dict[str, list[Holders]] = {}
            for (_, text), holders in found.items():
                by_text.setdefault(text, []).append(holders)
            self._holders[attribute] = by_text
        return self._holders[attribute]

    def satisfying(self, clauses: Iterable[Clause]) -> frozenset[str]:
        """Returns the names for which all clauses hold, or all names without clauses; IS_MEMBER_OF never holds."""
        chosen = [self._satisfying(clause) for clause in clauses]
        return frozenset(set.intersection(*chosen) if chosen else self.subjects)

    def _satisfying(self, clause: Clause) -> set[str]:
        if clause.operator is Operator.IS_MEMBER_OF:
            return set()
        if clause.operator is Operator.IS_NULL:
            return set(self.subjects).difference(*(holder.names for holder in self.holders(clause.attribute)))
        holds = compile_value_test(clause)
        fitting = {name for holder in self._find_likely(clause) if holds(holder.value) for name in holder.names}
        if clause.quantifier == "all":
            others = (holder.names for holder in self.holders(clause.attribute) if not holds(holder.value))
            fitting.difference_update(*others)
        return fitting

    def _find_likely(self, clause: Clause) -> Iterable[Holders]:
        """Returns the values for which the clause may hold: only its operands, if it compares them exactly."""
        if clause.operator not in NAMES_VALUES or not clause.case_sensitive:
            return self.holders(clause.attribute)
        operands = clause.value if isinstance(clause.value, list) else [clause.value]
        by_text = self._by_text(clause.attribute)
        return chain.from_iterable(by_text.get(as_text(operand), ()) for operand in operands)


def _has_key(value: object, steps: Sequence[str]) -> bool:
    """Decides whether a value has the keys of a path, one inside the other; in a list, an item may have them."""
    if not steps:
        return True
    if isinstance(value, list):
        return any(_has_key(item, steps) for item in value)
    return isinstance(value, Mapping) and steps[0] in value and _has_key(value[steps[0]], steps[1:])
