"""The files of a desired-state folder → Declarations, and the problems of all files.

Merges what `read_file` returns for each file. Reads no file itself: the contents are an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

from reconciler.collector import collector_off
from reconciler.core.declarations.clause import Filters
from reconciler.core.declarations.declared import Declarations, DeclaredTenant
from reconciler.core.declarations.redaction import Redaction, redact_filters
from reconciler.core.declarations.rule import Mappings
from reconciler.core.declarations.tenant import Guardrails
from reconciler.core.model.resources import Key
from reconciler.desired.yaml.read_file import FileContents, NamedDeclaration, fingerprint, read_file
from reconciler.desired.yaml.reader import Document, read_yaml
from reconciler.errors import Problem

ReadAll: TypeAlias = Callable[[Mapping[str, bytes]], Mapping[str, Document]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Loaded:
    """The declarations and problems of the files, and the contents of each file, which another load can reuse."""

    declarations: Declarations
    problems: tuple[Problem, ...]
    files: Mapping[str, FileContents] = field(default_factory=dict)


def read_all(contents: Mapping[str, bytes]) -> Mapping[str, Document]:
    """Reads every file as YAML, one after the other."""
    return {file: read_yaml(file, content) for file, content in contents.items()}


def load_declarations(contents: Mapping[str, bytes], known: Loaded | None = None, read: ReadAll = read_all) -> Loaded:
    """Loads everything that the files declare, in the order of their names. Raises nothing: problems are collected.

    A file that `known` has with the same bytes is not read again, so a base costs only the files that differ.
    """
    read_before = known.files if known else {}
    with collector_off():
        same = {
            file: before
            for file, before in read_before.items()
            if file in contents and before.fingerprint == fingerprint(contents[file])
        }
        documents = read({file: content for file, content in contents.items() if file not in same})
        files = {
            file: same[file] if file in same else read_file(contents[file], documents[file])
            for file in sorted(contents)
        }
    return _merge_files(files)


def _merge_files(files: Mapping[str, FileContents]) -> Loaded:
    every = list(files.values())
    problems = [problem for one in every for problem in one.problems]
    tenants = _index_by_name("tenant", [named for one in every for named in one.tenants], problems)
    users = _index_by_name("user", [named for one in every for named in one.users], problems)
    groups = _index_by_name("group", [named for one in every for named in one.groups], problems)
    guardrails = _index_by_name("the section", [one.guardrails for one in every if one.guardrails], problems)
    redaction = Redaction(tuple(sorted({name for one in every for name in one.redact})))
    declarations = Declarations(
        tenants={name: _redact_tenant(tenant, redaction) for name, tenant in _select_valid(tenants).items()},
        users=_select_valid(users),
        groups=_select_valid(groups),
        assignments=tuple(assignment for one in every for assignment in one.assignments),
        filters=redact_filters(_join_filters([one.filters for one in every]), redaction),
        mappings=_select_mappings([one.mappings for one in every if one.mappings != Mappings()], problems),
        guardrails=_select_valid(guardrails).get("guardrails", Guardrails()),
        notifications=tuple(notifier for one in every for notifier, _source in one.notifications),
        notification_sources=tuple(source for one in every for _notifier, source in one.notifications),
        redact=redaction.names,
        broken=frozenset(
            [
                *(Key("user", name) for name, named in users.items() if named.declared is None),
                *(Key("group", name) for name, named in groups.items() if named.declared is None),
            ]
        ),
        released=tuple(settlement for one in every for settlement in one.released),
        left=tuple(settlement for one in every for settlement in one.left),
    )
    return Loaded(declarations, tuple(problems), files)


def _join_filters(filters: Sequence[Filters]) -> Filters:
    return Filters(
        users=tuple(declared for one in filters for declared in one.users),
        groups=tuple(declared for one in filters for declared in one.groups),
    )


def _redact_tenant(tenant: DeclaredTenant, redaction: Redaction) -> DeclaredTenant:
    return replace(tenant, filters=redact_filters(tenant.filters, redaction)) if tenant.filters else tenant


def _select_mappings(declared: Sequence[Mappings], problems: list[Problem]) -> Mappings:
    """Returns the mappings of one file; with several files, the winner of two rules would depend on file names."""
    if len(declared) > 1:
        sources = " and ".join(str((one.users or one.groups)[0].source) for one in declared)
        message = f"attribute_mappings is declared in more than one file: {sources}"
        problems.append(Problem("duplicate", message, hint="move all mappings to one file"))
    return declared[0] if declared else Mappings()


def _index_by_name(
    kind: str, listed: Iterable[NamedDeclaration[T]], problems: list[Problem]
) -> dict[str, NamedDeclaration[T]]:
    """Returns the first declaration of each name; a second one is a problem that names both lines."""
    by_name: dict[str, NamedDeclaration[T]] = {}
    for named in listed:
        first = by_name.setdefault(named.name, named)
        if first is not named:
            message = f"{kind} {named.name} is declared a second time; the first is at {first.source}"
            problems.append(Problem("duplicate", message, named.source, "keep one of the two"))
    return by_name


def _select_valid(by_name: Mapping[str, NamedDeclaration[T]]) -> dict[str, T]:
    """Returns the declarations without problems."""
    return {name: named.declared for name, named in by_name.items() if named.declared is not None}
