"""Warns of users who lose or gain access by an edit of the scoping filters.

Users are listed together by the filter and the clause that moves them. The declarations of today are judged by the
filters before and after the edit, so that other changes have no effect here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from reconciler.core.access.access import Access, compile_filters, filters_of, group_subject, make_access
from reconciler.core.access.scope import CompiledFilter, Subject, show_values, spell
from reconciler.core.declarations.clause import Filter
from reconciler.core.declarations.declared import Declarations
from reconciler.core.model.amounts import few
from reconciler.errors import Problem, Source

MOST_NAMED = 10


def warn_of_filter_change(before: Declarations, now: Declarations, tenant: str, today: date) -> list[Problem]:
    """Returns a warning for the users who lose access by the edit, and a note for those who gain it; groups too."""
    if tenant not in before.tenants:
        return []
    old, new = filters_of(before, tenant), filters_of(now, tenant)
    if _meaning(old.users) == _meaning(new.users) and _meaning(old.groups) == _meaning(new.groups):
        return []
    access, (users, groups) = make_access(now, tenant, today), compile_filters(old)
    return [
        *_report(_Edit(users, access.users).moves(_users(now, access)), _USERS),
        *_report(_Edit(groups, access.groups).moves(_groups(now)), _GROUPS),
    ]


def _meaning(filters: Sequence[Filter]) -> list[object]:
    """Returns the filters without titles and lines, for comparison."""
    return [
        [
            (clause.attribute, clause.operator, repr(clause.value), clause.case_sensitive, clause.quantifier)
            for clause in each.clauses
        ]
        for each in filters
    ]


class _Judged(NamedTuple):
    """A user or group that the filters test, with its name."""

    name: str
    subject: Subject


def _users(declarations: Declarations, access: Access) -> Iterable[_Judged]:
    """Yields the users whose access depends on filters only."""
    for name, user in sorted(declarations.users.items()):
        if not access.shut_out(name, user):
            called = user.attributes.get("displayName") or user.attributes["userName"]
            yield _Judged(f"{called} (user/{name})", access.subject(name, user))


def _groups(declarations: Declarations) -> Iterable[_Judged]:
    for name, group in sorted(declarations.groups.items()):
        called = group.attributes.get("displayName") or name
        yield _Judged(f"{called} (group/{name})", group_subject(name, group.attributes))


class _Reason(NamedTuple):
    """The part of the edit that moves users or groups out of scope or into it, and its line, if it still exists."""

    direction: Literal["out", "in"]
    why: str
    source: Source | None


class _Move(NamedTuple):
    reason: _Reason
    named: str


@dataclass(frozen=True, slots=True)
class _Edit:
    """The filters before and after."""

    old: Sequence[CompiledFilter]
    new: Sequence[CompiledFilter]

    def moves(self, judged: Iterable[_Judged]) -> list[_Move]:
        """Returns a move for each user or group whose verdict changes."""
        return [move for resource in judged if (move := self._move(resource))]

    def _move(self, resource: _Judged) -> _Move | None:
        before, now = _first_holding(self.old, resource.subject), _first_holding(self.new, resource.subject)
        was_in, is_in = not self.old or before is not None, not self.new or now is not None
        if was_in and not is_in:
            return self._lost(resource, before)
        return self._gained(resource, now) if is_in and not was_in else None

    def _lost(self, resource: _Judged, before: CompiledFilter | None) -> _Move:
        """Returns the move out of scope: by the filter that held before, or without filters before, by the nearest."""
        if before is None:
            return _kept_out(resource, min(self.new, key=lambda compiled: len(compiled.failing(resource.subject))))
        edited = _titled(before.filter.title, self.new)
        if edited is None:
            return _Move(_Reason("out", f'the filter "{before.filter.title}" was removed', None), resource.name)
        return _kept_out(resource, edited)

    def _gained(self, resource: _Judged, now: CompiledFilter | None) -> _Move:
        """Returns the move into scope: by the clause that no longer applies, or by the filter that is new."""
        if now is None:
            return _Move(_Reason("in", "all scoping filters were removed", None), resource.name)
        edited = _titled(now.filter.title, self.old)
        why = f'the filter "{now.filter.title}" is new'
        if edited is not None:
            why = f'the filter "{now.filter.title}" no longer requires {spell(edited.failing(resource.subject)[0])}'
        return _Move(_Reason("in", why, now.filter.source), resource.name)


def _first_holding(filters: Iterable[CompiledFilter], subject: Subject) -> CompiledFilter | None:
    return next((compiled for compiled in filters if compiled.holds(subject)), None)


def _titled(title: str, filters: Iterable[CompiledFilter]) -> CompiledFilter | None:
    return next((compiled for compiled in filters if compiled.filter.title == title), None)


def _kept_out(resource: _Judged, by: CompiledFilter) -> _Move:
    clause = by.failing(resource.subject)[0]
    reason = _Reason("out", f'the filter "{by.filter.title}" requires {spell(clause)}', clause.source)
    return _Move(reason, f"{resource.name}, {show_values(resource.subject, clause)}")


class _Words(NamedTuple):
    """The words for moves of users or of groups: for one of them and for several."""

    out: tuple[str, str]
    in_: tuple[str, str]


_USERS = _Words(
    out=("takes access from 1 user", "takes access from {} users"),
    in_=("gives access to 1 user", "gives access to {} users"),
)
_GROUPS = _Words(
    out=("takes 1 group out of scope", "takes {} groups out of scope"),
    in_=("brings 1 group into scope", "brings {} groups into scope"),
)


def _report(moves: Iterable[_Move], words: _Words) -> Iterable[Problem]:
    by_reason: dict[_Reason, list[str]] = {}
    for move in moves:
        by_reason.setdefault(move.reason, []).append(move.named)
    for reason, named in by_reason.items():
        one, several = words.out if reason.direction == "out" else words.in_
        does = one if len(named) == 1 else several.format(len(named))
        message = f"the edit of the scoping filters {does}: {reason.why}: {few(named, MOST_NAMED, between='; ')}"
        severity: Literal["warning", "info"] = "warning" if reason.direction == "out" else "info"
        yield Problem("filter_change", message, reason.source, severity=severity)
