"""One file of a desired-state folder → its declarations and problems. Knows the schema of each top-level key.

Knows no other file: `load` finds names that two files declare.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Generic, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from reconciler.core.declarations.clause import ClauseDeclaration, FilterDeclaration, Filters, ScopingFilters
from reconciler.core.declarations.declared import (
    DeclaredAssignment,
    DeclaredGroup,
    DeclaredTenant,
    DeclaredUser,
    GroupDeclaration,
    NameDeclaration,
    RedactDeclaration,
    RoleAssignment,
    UserDeclaration,
    UserEntry,
    ValueDeclaration,
)
from reconciler.core.declarations.notifier import Email, Notifier, Webhook
from reconciler.core.declarations.rule import AttributeMappings, MappingRule, Mappings
from reconciler.core.declarations.secret import SecretName
from reconciler.core.declarations.settlement import SettlementDeclaration, parse_was
from reconciler.core.declarations.tenant import (
    Guardrails,
    Limit,
    LimitException,
    OAuth,
    Permissions,
    Rate,
    SecretDeclaration,
    SeparateDuties,
    Tenant,
)
from reconciler.core.model.states import Settlement
from reconciler.core.model.suggest import did_you_mean
from reconciler.desired.yaml.attach_sources import (
    attach_filter_sources,
    attach_group_sources,
    attach_mapping_sources,
    attach_tenant_sources,
)
from reconciler.desired.yaml.messages import Entry, explain_errors
from reconciler.desired.yaml.null_words import find_null_words
from reconciler.desired.yaml.reader import Document, YamlMapping, YamlSequence
from reconciler.errors import Problem, Source

T = TypeVar("T")
NAME_HINT = "use letters, digits, dots and dashes"
TENANT_HINT = "start with a letter or digit, and use at most 64 characters"
TENANT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
BAD_IN_NAMES = frozenset("/ \t\r\n") | frozenset(map(chr, range(32)))


@dataclass(frozen=True, slots=True)
class NamedDeclaration(Generic[T]):
    """A declaration under a name; `declared` is None where it has problems."""

    name: str
    source: Source
    declared: T | None


@dataclass(slots=True)
class FileContents:
    """The declarations of one file, in its order, and its problems; `fingerprint` is the hash of its bytes.

    The document is kept because only few of its lines are needed: each is computed on demand.
    """

    fingerprint: bytes
    document: Document
    tenants: list[NamedDeclaration[DeclaredTenant]] = field(default_factory=list)
    users: list[NamedDeclaration[DeclaredUser]] = field(default_factory=list)
    groups: list[NamedDeclaration[DeclaredGroup]] = field(default_factory=list)
    assignments: list[DeclaredAssignment] = field(default_factory=list)
    filters: Filters = field(default_factory=Filters)
    mappings: Mappings = field(default_factory=Mappings)
    guardrails: NamedDeclaration[Guardrails] | None = None
    notifications: list[tuple[Notifier, Source]] = field(default_factory=list)
    redact: tuple[str, ...] = ()
    released: list[Settlement] = field(default_factory=list)
    left: list[Settlement] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_file(content: bytes, document: Document) -> FileContents:
    """Returns everything that a file declares, from its bytes and document. Raises nothing: problems are collected."""
    contents = FileContents(fingerprint(content), document)
    contents.problems.extend(document.problems)
    match document.value:
        case YamlMapping() as sections:
            _FileReader(document, sections, contents).read()
            contents.problems.extend(find_null_words(document))
        case None:
            pass
        case _:
            hint = f"start with a top-level key: {', '.join(SECTIONS)}"
            problem = Problem("invalid", "is not a mapping at its top level", Source(document.file, 1), hint)
            contents.problems.append(problem)
    return contents


def fingerprint(content: bytes) -> bytes:
    """Returns the SHA-256 hash of a file's bytes."""
    return sha256(content).digest()


def _names(*types: type) -> frozenset[str]:
    return frozenset(name for declared in types for name in declared.__annotations__)


@dataclass(frozen=True, slots=True)
class _Schema(Generic[T]):
    """A type of the contract, and the keys that a suggestion may offer for it."""

    adapter: TypeAdapter[T]
    names: frozenset[str]


_USER = _Schema(TypeAdapter(UserEntry), _names(UserEntry, NameDeclaration, ValueDeclaration))
_GROUP = _Schema(TypeAdapter(GroupDeclaration), _names(GroupDeclaration, ClauseDeclaration))
_TENANT = _Schema(
    TypeAdapter(Tenant),
    _names(
        *(Tenant, Rate, Guardrails, SeparateDuties, LimitException, ScopingFilters, AttributeMappings),
        *(Permissions, OAuth, SecretDeclaration, SecretName, Notifier, Email, Webhook),
    ),
)
_ASSIGNMENT = _Schema(TypeAdapter(RoleAssignment), _names(RoleAssignment))
_FILTERS = _Schema(TypeAdapter(ScopingFilters), _names(ScopingFilters, FilterDeclaration, ClauseDeclaration))
_MAPPINGS = _Schema(TypeAdapter(AttributeMappings), _names(AttributeMappings, MappingRule))
_NOTIFIER = _Schema(TypeAdapter(Notifier), _names(Notifier, Email, Webhook, SecretName))
_REDACT: _Schema[list[str]] = _Schema(TypeAdapter(RedactDeclaration), frozenset())
_GUARDRAILS = _Schema(TypeAdapter(Guardrails), _names(Guardrails, Limit, SeparateDuties, LimitException))
_SETTLEMENT = _Schema(TypeAdapter(SettlementDeclaration), _names(SettlementDeclaration))


@dataclass(frozen=True, slots=True)
class _FileReader:
    document: Document
    sections: YamlMapping
    contents: FileContents

    def read(self) -> None:
        for section in self.sections:
            if section in SECTIONS:
                SECTIONS[section](self)
            else:
                self._refuse_section(section)

    def _refuse_section(self, section: str) -> None:
        hint = did_you_mean(section, SECTIONS) or f"the top-level keys are: {', '.join(SECTIONS)}"
        source = self.document.source(self.document.mark_of(self.sections, section))
        self._add(Problem("unknown_key", f'"{section}" is not a top-level key', source, hint))

    def read_users(self) -> None:
        for entry in self._entries("users", "user"):
            user = self._validate(_USER, entry)
            declared = None if user is None else _attach_user_source(user, entry.source)
            self.contents.users.append(NamedDeclaration(entry.name, entry.source, declared))

    def read_groups(self) -> None:
        for entry in self._entries("groups", "group"):
            group = self._validate(_GROUP, entry)
            declared = None if group is None else attach_group_sources(group, entry)
            self.contents.groups.append(NamedDeclaration(entry.name, entry.source, declared))

    def read_tenants(self) -> None:
        for entry in self._entries("tenants", "tenant"):
            tenant = self._validate(_TENANT, entry)
            declared = None if tenant is None else attach_tenant_sources(tenant, entry)
            self.contents.tenants.append(NamedDeclaration(entry.name, entry.source, declared))

    def read_assignments(self) -> None:
        for entry in self._items("role_assignments"):
            assignment = self._validate(_ASSIGNMENT, entry)
            if assignment is not None:
                self.contents.assignments.append(DeclaredAssignment(assignment, entry.source))

    def read_notifications(self) -> None:
        for entry in self._items("notifications"):
            notifier = self._validate(_NOTIFIER, entry)
            if notifier is not None:
                self.contents.notifications.append((notifier, entry.source))

    def read_filters(self) -> None:
        declared = self._validate(_FILTERS, self._section("scoping_filters"))
        if declared is not None:
            self.contents.filters = attach_filter_sources(self.document, self.sections, declared)

    def read_mappings(self) -> None:
        declared = self._validate(_MAPPINGS, self._section("attribute_mappings"))
        if declared is not None:
            self.contents.mappings = attach_mapping_sources(self.document, self.sections, declared)

    def read_guardrails(self) -> None:
        entry = self._section("guardrails")
        self.contents.guardrails = NamedDeclaration("guardrails", entry.source, self._validate(_GUARDRAILS, entry))

    def read_redact(self) -> None:
        names = self._validate(_REDACT, self._section("redact"))
        self.contents.redact = tuple(names or ())

    def read_released(self) -> None:
        self._read_settlements("released", self.contents.released)

    def read_left(self) -> None:
        self._read_settlements("left", self.contents.left)

    def _read_settlements(self, section: str, settlements: list[Settlement]) -> None:
        for entry in self._items(section):
            declared = self._validate(_SETTLEMENT, entry)
            if declared is not None:
                settlements.append(declared.located(entry.source))

    def _section(self, section: str) -> Entry:
        source = self.document.source(self.document.mark_of(self.sections, section))
        return Entry(self.document, self.sections, section, section, source)

    def _entries(self, section: str, kind: str) -> Iterator[Entry]:
        """Yields the entries of a mapping whose names are valid."""
        named = self.sections[section]
        if not isinstance(named, YamlMapping):
            hint = f"write each {kind}'s name below it, indented, as `name:`"
            self._refuse_shape(section, f"a mapping of {kind} names", hint)
            return
        for name, mark in zip(named, named.marks, strict=True):
            source = self.document.source(mark)
            if problem := _check_name(kind, name):
                hint = TENANT_HINT if kind == "tenant" else NAME_HINT
                self._add(Problem("bad_name", f'"{name}" is not a valid {kind} name: {problem}', source, hint))
            else:
                yield Entry(self.document, named, name, f"{section}.{name}", source)

    def _items(self, section: str) -> Iterator[Entry]:
        """Yields the items of a list."""
        listed = self.sections[section]
        if not isinstance(listed, YamlSequence):
            self._refuse_shape(section, "a list", "start each item below it with `- `")
            return
        for index, mark in enumerate(listed.marks):
            yield Entry(self.document, listed, index, f"{section}[{index}]", self.document.source(mark))

    def _validate(self, schema: _Schema[T], entry: Entry) -> T | None:
        """Returns the entry as its type, or adds its problems and returns None."""
        try:
            return schema.adapter.validate_python(entry.value)
        except ValidationError as error:
            self.contents.problems.extend(explain_errors(entry, error, schema.names))
            return None

    def _refuse_shape(self, section: str, expected: str, hint: str) -> None:
        """Adds a problem, unless the section is empty: then it declares nothing."""
        if self.sections[section] is not None:
            source = self.document.source(self.document.mark_of(self.sections, section))
            self._add(Problem("invalid", f"{section}: is not {expected}", source, hint))

    def _add(self, problem: Problem) -> None:
        self.contents.problems.append(problem)


SECTIONS: dict[str, Callable[[_FileReader], None]] = {
    "tenants": _FileReader.read_tenants,
    "guardrails": _FileReader.read_guardrails,
    "users": _FileReader.read_users,
    "groups": _FileReader.read_groups,
    "role_assignments": _FileReader.read_assignments,
    "scoping_filters": _FileReader.read_filters,
    "attribute_mappings": _FileReader.read_mappings,
    "notifications": _FileReader.read_notifications,
    "redact": _FileReader.read_redact,
    "released": _FileReader.read_released,
    "left": _FileReader.read_left,
}


def _attach_user_source(entry: UserEntry, source: Source) -> DeclaredUser:
    """Returns the user with its source; the previous key, `was`, is no attribute."""
    was = entry.pop("was", None)
    return DeclaredUser(cast("UserDeclaration", entry), source, parse_was("user", was))


def _check_name(kind: str, name: str) -> str | None:
    """Returns why a name is not valid, or None. A tenant's name is part of file names and git refs, so it has less."""
    if kind == "tenant":
        return None if TENANT_NAME.fullmatch(name) else "a tenant name has only letters, digits, _ and -"
    if not name or BAD_IN_NAMES & {*name}:
        return "it is empty, or contains white space, a slash or a control character"
    return None
