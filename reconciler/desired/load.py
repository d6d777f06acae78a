"""The files of a desired-state folder → Declarations, and every problem of all of them.

Knows which top-level keys there are and what stands under each. Reads no file itself: contents come in by name.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from collections.abc import Mapping as AnyMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from reconciler.core.clause import Clause, ClauseDeclaration, Filter, FilterDeclaration, Filters, ScopingFilters
from reconciler.core.declared import (
    Declarations,
    DeclaredAssignment,
    DeclaredGroup,
    DeclaredTenant,
    DeclaredUser,
    GroupDeclaration,
    NameDeclaration,
    RoleAssignment,
    UserDeclaration,
    ValueDeclaration,
)
from reconciler.core.model import Key, Kind
from reconciler.core.suggest import did_you_mean
from reconciler.core.tenant import Guardrails, Limit, Rate, SecretDeclaration, Tenant
from reconciler.desired.messages import Entry, child, explain_errors
from reconciler.desired.yaml_reader import Document, Mapping, Sequence, read_yaml
from reconciler.errors import Problem, Source

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the files declare, and what is wrong with them."""

    declarations: Declarations
    problems: tuple[Problem, ...]


def load_declarations(contents: AnyMapping[str, bytes]) -> Loaded:
    """Everything that the files declare, in the order of their names. Never raises: problems are collected."""
    loader = _Loader()
    with _collector_off():
        for file in sorted(contents):
            loader.read(file, contents[file])
    return Loaded(loader.declarations(), tuple(loader.problems))


@contextmanager
def _collector_off() -> Iterator[None]:
    """Loading makes a million objects and no garbage; without the cyclic collector it takes half the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


GROUP_ATTRIBUTES = ("displayName", "groupType")
_BAD_NAME = frozenset("/ \t\r\n") | frozenset(map(chr, range(32)))


def _names(*types: type) -> frozenset[str]:
    return frozenset(name for declared in types for name in declared.__annotations__)


@dataclass(frozen=True, slots=True)
class _Schema(Generic[T]):
    """A type of the contract, and the keys that a did-you-mean may offer for it."""

    adapter: TypeAdapter[T]
    names: frozenset[str]


_USER = _Schema(TypeAdapter(UserDeclaration), _names(UserDeclaration, NameDeclaration, ValueDeclaration))
_GROUP = _Schema(TypeAdapter(GroupDeclaration), _names(GroupDeclaration, ClauseDeclaration))
_TENANT = _Schema(TypeAdapter(Tenant), _names(Tenant, Rate, Guardrails, ScopingFilters, SecretDeclaration))
_ASSIGNMENT = _Schema(TypeAdapter(RoleAssignment), _names(RoleAssignment))
_FILTERS = _Schema(TypeAdapter(ScopingFilters), _names(ScopingFilters, FilterDeclaration, ClauseDeclaration))
_GUARDRAILS = _Schema(TypeAdapter(Guardrails), _names(Guardrails, Limit))


@dataclass(slots=True)
class _Loader:
    tenants: dict[str, DeclaredTenant] = field(default_factory=dict)
    users: dict[str, DeclaredUser] = field(default_factory=dict)
    groups: dict[str, DeclaredGroup] = field(default_factory=dict)
    assignments: list[DeclaredAssignment] = field(default_factory=list)
    user_filters: list[Filter] = field(default_factory=list)
    group_filters: list[Filter] = field(default_factory=list)
    guardrails: tuple[Guardrails, Source] | None = None
    broken: set[Key] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    places: dict[tuple[str, str], Source] = field(default_factory=dict)  # (kind, name) → where it was first declared

    def declarations(self) -> Declarations:
        """What was read so far."""
        return Declarations(
            tenants=self.tenants,
            users=self.users,
            groups=self.groups,
            assignments=tuple(self.assignments),
            filters=Filters(tuple(self.user_filters), tuple(self.group_filters)),
            guardrails=self.guardrails[0] if self.guardrails else Guardrails(),
            broken=frozenset(self.broken),
        )

    def read(self, file: str, content: bytes) -> None:
        """Adds what one file declares."""
        document = read_yaml(file, content)
        self.problems.extend(document.problems)
        readers = self._readers()
        match document.value:
            case Mapping() as sections:
                for section in sections:
                    if section in readers:
                        readers[section](document, sections)
                    else:
                        self._unknown_section(document, sections, section)
            case None:
                return
            case _:
                hint = f"start with one of: {', '.join(readers)}"
                self.problems.append(Problem("invalid", "is not a mapping at its top", Source(file, 1), hint))

    def _readers(self) -> dict[str, Callable[[Document, Mapping], None]]:
        """What may stand at the top of a file, and who reads it."""
        return {
            "tenants": self._read_tenants,
            "guardrails": self._read_guardrails,
            "users": self._read_users,
            "groups": self._read_groups,
            "role_assignments": self._read_assignments,
            "scoping_filters": self._read_filters,
        }

    def _unknown_section(self, document: Document, sections: Mapping, section: str) -> None:
        hint = did_you_mean(section, self._readers()) or f"the top-level keys are: {', '.join(self._readers())}"
        source = document.source(document.mark_of(sections, section))
        self.problems.append(Problem("unknown_key", f'"{section}" is not a top-level key', source, hint))

    def _read_users(self, document: Document, sections: Mapping) -> None:
        for entry in self._entries(document, sections, "users", "user"):
            attributes = self._valid(_USER, entry)
            if attributes is not None:
                self.users[entry.name] = DeclaredUser(attributes, entry.source)
            else:
                self.broken.add(Key("user", entry.name))

    def _read_groups(self, document: Document, sections: Mapping) -> None:
        for entry in self._entries(document, sections, "groups", "group"):
            group = self._valid(_GROUP, entry)
            if group is not None:
                self.groups[entry.name] = _declared_group(group, entry)
            else:
                self.broken.add(Key("group", entry.name))

    def _read_tenants(self, document: Document, sections: Mapping) -> None:
        for entry in self._entries(document, sections, "tenants", "tenant"):
            tenant = self._valid(_TENANT, entry)
            if tenant is not None:
                filters = _filters(document, entry.value, tenant.scoping_filters) if tenant.scoping_filters else None
                self.tenants[entry.name] = DeclaredTenant(tenant, entry.source, filters)

    def _read_assignments(self, document: Document, sections: Mapping) -> None:
        listed = sections["role_assignments"]
        if not isinstance(listed, Sequence):
            self._wrong_shape(document, sections, "role_assignments", "a list")
            return
        for index, mark in enumerate(listed.marks):
            entry = Entry(document, listed, index, f"role_assignments[{index}]", document.source(mark))
            assignment = self._valid(_ASSIGNMENT, entry)
            if assignment is not None:
                self.assignments.append(DeclaredAssignment(assignment, entry.source))

    def _read_filters(self, document: Document, sections: Mapping) -> None:
        declared = self._valid(_FILTERS, _section(document, sections, "scoping_filters"))
        if declared is not None:
            filters = _filters(document, sections, declared)
            self.user_filters.extend(filters.users)
            self.group_filters.extend(filters.groups)

    def _read_guardrails(self, document: Document, sections: Mapping) -> None:
        entry = _section(document, sections, "guardrails")
        if self.guardrails:
            self._declared_twice("guardrails", entry.source, self.guardrails[1])
            return
        guardrails = self._valid(_GUARDRAILS, entry)
        if guardrails is not None:
            self.guardrails = (guardrails, entry.source)

    def _entries(self, document: Document, sections: Mapping, section: str, kind: str) -> Iterator[Entry]:
        """The named entries of a section; a name that an earlier file declared is a problem and not an entry."""
        named = sections[section]
        if not isinstance(named, Mapping):
            self._wrong_shape(document, sections, section, f"a mapping of {kind} names")
            return
        for name, mark in zip(named, named.marks, strict=True):
            entry = Entry(document, named, name, f"{section}.{name}", document.source(mark))
            if _BAD_NAME.intersection(name) or not name:
                message = f'"{name}" can not be a name: it has white space, a slash or a control character'
                self.problems.append(Problem("bad_name", message, entry.source, "use letters, digits, dots and dashes"))
            elif (kind, name) in self.places:
                self._declared_twice(f"{kind} {name}", entry.source, self.places[kind, name])
            else:
                self.places[kind, name] = entry.source
                yield entry

    def _valid(self, schema: _Schema[T], entry: Entry) -> T | None:
        """The entry as its type, or None and its problems."""
        try:
            return schema.adapter.validate_python(entry.value)
        except ValidationError as error:
            self.problems.extend(explain_errors(entry, error, schema.names))
            return None

    def _declared_twice(self, what: str, second: Source, first: Source) -> None:
        message = f"{what} is declared a second time; the first is at {first}"
        self.problems.append(Problem("duplicate", message, second, "keep one of the two"))

    def _wrong_shape(self, document: Document, sections: Mapping, section: str, expected: str) -> None:
        if sections[section] is not None:
            source = document.source(document.mark_of(sections, section))
            self.problems.append(Problem("invalid", f"{section}: is not {expected}", source))


def _section(document: Document, sections: Mapping, section: str) -> Entry:
    return Entry(document, sections, section, section, document.source(document.mark_of(sections, section)))


def _declared_group(group: GroupDeclaration, entry: Entry) -> DeclaredGroup:
    where = group.members_where
    return DeclaredGroup(
        attributes={
            name: getattr(group, name) for name in ("displayName", "groupType") if name in group.model_fields_set
        },
        membership=group.membership,
        members=None if group.members is None else tuple(group.members),
        members_where=None if where is None else _clauses(entry.document, entry.value, "members_where", where),
        source=entry.source,
    )


def _filters(document: Document, container: object, declared: ScopingFilters) -> Filters:
    """The filters under `container["scoping_filters"]`, each clause with its place."""
    written = child(container, "scoping_filters")

    def located(kind: Kind, filters: list[FilterDeclaration]) -> tuple[Filter, ...]:
        listed = child(written, f"{kind}s")
        return tuple(
            Filter(
                title=declaration.title,
                clauses=_clauses(document, child(listed, index), "clauses", declaration.clauses),
                source=document.source(document.mark_of(listed, index)),
            )
            for index, declaration in enumerate(filters)
        )

    return Filters(located("user", declared.users), located("group", declared.groups))


def _clauses(document: Document, container: object, key: str, declared: list[ClauseDeclaration]) -> tuple[Clause, ...]:
    listed = child(container, key)
    return tuple(
        Clause(
            attribute=clause.attribute,
            operator=clause.operator,
            value=clause.value,
            case_sensitive=clause.case_sensitive,
            quantifier=clause.quantifier,
            source=document.source(document.mark_of(listed, index)),
        )
        for index, clause in enumerate(declared)
    )
