"""One file of a desired-state folder → what it declares, and its problems. Knows what may stand under which key.

What other files declare is not its business: names that are declared twice are found where files are put together.
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
from reconciler.desired.yaml.reader import Document, YamlMapping, YamlSequence
from reconciler.errors import Problem, Source

T = TypeVar("T")
NAME_HINT = "use letters, digits, dots and dashes"
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
    """What one file declares, in its order, and what is wrong with it; `fingerprint` is of its bytes.

    The document is kept for the lines in it, which few ask for.
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
    notifications: list[Notifier] = field(default_factory=list)
    redact: tuple[str, ...] = ()
    released: list[Settlement] = field(default_factory=list)
    left: list[Settlement] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_file(content: bytes, document: Document) -> FileContents:
    """Everything that the file declares, which was read as that document. Never raises: problems are collected."""
    contents = FileContents(fingerprint(content), document)
    contents.problems.extend(document.problems)
    match document.value:
        case YamlMapping() as sections:
            _FileReader(document, sections, contents).read()
        case None:
            pass
        case _:
            hint = f"start with one of: {', '.join(SECTIONS)}"
            contents.problems.append(Problem("invalid", "is not a mapping at its top", Source(document.file, 1), hint))
    return contents


def fingerprint(content: bytes) -> bytes:
    """What two files have in common only if they are the same."""
    return sha256(content).digest()


def _names(*types: type) -> frozenset[str]:
    return frozenset(name for declared in types for name in declared.__annotations__)


@dataclass(frozen=True, slots=True)
class _Schema(Generic[T]):
    """A type of the contract, and the keys that a did-you-mean may offer for it."""

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
                self._unknown_section(section)

    def _unknown_section(self, section: str) -> None:
        hint = did_you_mean(section, SECTIONS) or f"the top-level keys are: {', '.join(SECTIONS)}"
        source = self.document.source(self.document.mark_of(self.sections, section))
        self._add(Problem("unknown_key", f'"{section}" is not a top-level key', source, hint))

    def read_users(self) -> None:
        for entry in self._entries("users", "user"):
            user = self._valid(_USER, entry)
            declared = None if user is None else _located_user(user, entry.source)
            self.contents.users.append(NamedDeclaration(entry.name, entry.source, declared))

    def read_groups(self) -> None:
        for entry in self._entries("groups", "group"):
            group = self._valid(_GROUP, entry)
            declared = None if group is None else attach_group_sources(group, entry)
            self.contents.groups.append(NamedDeclaration(entry.name, entry.source, declared))

    def read_tenants(self) -> None:
        for entry in self._entries("tenants", "tenant"):
            tenant = self._valid(_TENANT, entry)
            declared = None if tenant is None else attach_tenant_sources(tenant, entry)
            self.contents.tenants.append(NamedDeclaration(entry.name, entry.source, declared))

    def read_assignments(self) -> None:
        for entry in self._items("role_assignments"):
            assignment = self._valid(_ASSIGNMENT, entry)
            if assignment is not None:
                self.contents.assignments.append(DeclaredAssignment(assignment, entry.source))

    def read_notifications(self) -> None:
        valid = (self._valid(_NOTIFIER, entry) for entry in self._items("notifications"))
        self.contents.notifications.extend(notifier for notifier in valid if notifier is not None)

    def read_filters(self) -> None:
        declared = self._valid(_FILTERS, self._section("scoping_filters"))
        if declared is not None:
            self.contents.filters = attach_filter_sources(self.document, self.sections, declared)

    def read_mappings(self) -> None:
        declared = self._valid(_MAPPINGS, self._section("attribute_mappings"))
        if declared is not None:
            self.contents.mappings = attach_mapping_sources(self.document, self.sections, declared)

    def read_guardrails(self) -> None:
        entry = self._section("guardrails")
        self.contents.guardrails = NamedDeclaration("guardrails", entry.source, self._valid(_GUARDRAILS, entry))

    def read_redact(self) -> None:
        names = self._valid(_REDACT, self._section("redact"))
        self.contents.redact = tuple(names or ())

    def read_released(self) -> None:
        self._read_settlements("released", self.contents.released)

    def read_left(self) -> None:
        self._read_settlements("left", self.contents.left)

    def _read_settlements(self, section: str, settlements: list[Settlement]) -> None:
        for entry in self._items(section):
            declared = self._valid(_SETTLEMENT, entry)
            if declared is not None:
                settlements.append(declared.located(entry.source))

    def _section(self, section: str) -> Entry:
        source = self.document.source(self.document.mark_of(self.sections, section))
        return Entry(self.document, self.sections, section, section, source)

    def _entries(self, section: str, kind: str) -> Iterator[Entry]:
        """The named entries of a section whose names can be names."""
        named = self.sections[section]
        if not isinstance(named, YamlMapping):
            self._wrong_shape(section, f"a mapping of {kind} names")
            return
        for name, mark in zip(named, named.marks, strict=True):
            source = self.document.source(mark)
            if problem := _bad_name(kind, name):
                self._add(Problem("bad_name", f'"{name}" can not be a name: {problem}', source, NAME_HINT))
            else:
                yield Entry(self.document, named, name, f"{section}.{name}", source)

    def _items(self, section: str) -> Iterator[Entry]:
        """The items of a section that is a list."""
        listed = self.sections[section]
        if not isinstance(listed, YamlSequence):
            self._wrong_shape(section, "a list")
            return
        for index, mark in enumerate(listed.marks):
            yield Entry(self.document, listed, index, f"{section}[{index}]", self.document.source(mark))

    def _valid(self, schema: _Schema[T], entry: Entry) -> T | None:
        """The entry as its type, or None and its problems."""
        try:
            return schema.adapter.validate_python(entry.value)
        except ValidationError as error:
            self.contents.problems.extend(explain_errors(entry, error, schema.names))
            return None

    def _wrong_shape(self, section: str, expected: str) -> None:
        """A section that is there and empty is nothing; any other shape is a problem."""
        if self.sections[section] is not None:
            source = self.document.source(self.document.mark_of(self.sections, section))
            self._add(Problem("invalid", f"{section}: is not {expected}", source))

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


def _located_user(entry: UserEntry, source: Source) -> DeclaredUser:
    """The user with their place; what they were called before is no attribute."""
    was = entry.pop("was", None)
    return DeclaredUser(cast("UserDeclaration", entry), source, parse_was("user", was))


def _bad_name(kind: str, name: str) -> str | None:
    """What is wrong with a name. A tenant's is part of a file's and of a git ref's, and so is held to less."""
    if kind == "tenant":
        return None if TENANT_NAME.fullmatch(name) else "a tenant's has letters, digits, _ and - only"
    return (
        "it is empty, or has white space, a slash or a control character"
        if not name or BAD_IN_NAMES & {*name}
        else None
    )
