"""The files of a desired-state folder → Declarations, and every problem of all of them.

Puts together what `read_file` reads of each. Reads no file itself: contents come in by name.
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
    """What the files declare, what is wrong with them, and each as it was read, for another load to use again."""

    declarations: Declarations
    problems: tuple[Problem, ...]
    files: Mapping[str, FileContents] = field(default_factory=dict)


def read_all(contents: Mapping[str, bytes]) -> Mapping[str, Document]:
    """Every file as YAML, one after the other."""
    return {file: read_yaml(file, content) for file, content in contents.items()}


def load_declarations(contents: Mapping[str, bytes], known: Loaded | None = None, read: ReadAll = read_all) -> Loaded:
    """Everything that the files declare, in the order of their names. Never raises: problems are collected.

    A file that `known` has with the same bytes is not read again: a base costs what differs from the head.
    """
    read_before = known.files if known else {}
    with collector_off():
        same = {file: before for file, before in read_before.items() if _is_same(before, contents.get(file))}
        documents = read({file: content for file, content in contents.items() if file not in same})
        files = {
            file: same[file] if file in same else read_file(contents[file], documents[file])
            for file in sorted(contents)
        }
    return _put_together(files)


def _is_same(before: FileContents, content: bytes | None) -> bool:
    return content is not None and before.fingerprint == fingerprint(content)


def _put_together(files: Mapping[str, FileContents]) -> Loaded:
    every = list(files.values())
    problems = [problem for one in every for problem in one.problems]
    tenants = _by_name("tenant", [named for one in every for named in one.tenants], problems)
    users = _by_name("user", [named for one in every for named in one.users], problems)
    groups = _by_name("group", [named for one in every for named in one.groups], problems)
    guardrails = _by_name("the section", [one.guardrails for one in every if one.guardrails], problems)
    redaction = Redaction(tuple(sorted({name for one in every for name in one.redact})))
    declarations = Declarations(
        tenants={name: _redacted(one, redaction) for name, one in _sound(tenants).items()},
        users=_sound(users),
        groups=_sound(groups),
        assignments=tuple(assignment for one in every for assignment in one.assignments),
        filters=redact_filters(_joined([one.filters for one in every]), redaction),
        mappings=_only("attribute_mappings", [one.mappings for one in every if one.mappings != Mappings()], problems),
        guardrails=_sound(guardrails).get("guardrails", Guardrails()),
        notifications=tuple(notifier for one in every for notifier in one.notifications),
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


def _joined(filters: Sequence[Filters]) -> Filters:
    return Filters(
        users=tuple(declared for one in filters for declared in one.users),
        groups=tuple(declared for one in filters for declared in one.groups),
    )


def _redacted(tenant: DeclaredTenant, redaction: Redaction) -> DeclaredTenant:
    return replace(tenant, filters=redact_filters(tenant.filters, redaction)) if tenant.filters else tenant


def _only(section: str, declared: Sequence[Mappings], problems: list[Problem]) -> Mappings:
    """Rules are by target: one file holds them, or which of two wins would depend on its name."""
    if len(declared) > 1:
        places = " and ".join(str((one.users or one.groups)[0].source) for one in declared)
        problems.append(
            Problem("duplicate", f"{section} stand in more than one file: {places}", hint="put them together")
        )
    return declared[0] if declared else Mappings()


def _by_name(
    kind: str, listed: Iterable[NamedDeclaration[T]], problems: list[Problem]
) -> dict[str, NamedDeclaration[T]]:
    """Each name once; a second declaration is a problem that names both places."""
    by_name: dict[str, NamedDeclaration[T]] = {}
    for named in listed:
        first = by_name.setdefault(named.name, named)
        if first is not named:
            message = f"{kind} {named.name} is declared a second time; the first is at {first.source}"
            problems.append(Problem("duplicate", message, named.source, "keep one of the two"))
    return by_name


def _sound(by_name: Mapping[str, NamedDeclaration[T]]) -> dict[str, T]:
    """Those without problems."""
    return {name: named.declared for name, named in by_name.items() if named.declared is not None}
