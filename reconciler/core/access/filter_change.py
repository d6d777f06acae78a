"""What an edit of the scoping filters does, told before the list of changes: who gains access by it, and who loses it.

People are told together by the filter and the clause that moves them. The same people are judged by the filters as they
were and as they are, so that what else changed does not show here.
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
    """A warning for those who lose access by the edit, a note for those who gain it; groups in the same way."""
    if tenant not in before.tenants:
        return []
    old, new = filters_of(before, tenant), filters_of(now, tenant)
    if _meaning(old.users) == _meaning(new.users) and _meaning(old.groups) == _meaning(new.groups):
        return []
    access, (users, groups) = make_access(now, tenant, today), compile_filters(old)
    return [
        *_tell(_Edit(users, access.users).moves(_people(now, access)), _USERS),
        *_tell(_Edit(groups, access.groups).moves(_groups(now)), _GROUPS),
    ]


def _meaning(filters: Sequence[Filter]) -> list[object]:
    """What filters say, without where they stand."""
    return [
        [(one.attribute, one.operator, repr(one.value), one.case_sensitive, one.quantifier) for one in each.clauses]
        for each in filters
    ]


class _Judged(NamedTuple):
    """Somebody or something that filters are put to, and what it is called."""

    name: str
    subject: Subject


def _people(declarations: Declarations, access: Access) -> Iterable[_Judged]:
    """Whoever has access if a filter lets them in."""
    for name, user in sorted(declarations.users.items()):
        if not access.shut_out(name, user):
            called = user.attributes.get("displayName") or user.attributes["userName"]
            yield _Judged(f"{called} (user/{name})", access.subject(name, user))


def _groups(declarations: Declarations) -> Iterable[_Judged]:
    for name, group in sorted(declarations.groups.items()):
        called = group.attributes.get("displayName") or name
        yield _Judged(f"{called} (group/{name})", group_subject(name, group.attributes))


class _Reason(NamedTuple):
    """What in the edit moves people one way or the other, and the line of it that is still there."""

    way: Literal["out", "in"]
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
        """One for each whom the edit moves."""
        return [move for one in judged if (move := self._move(one))]

    def _move(self, one: _Judged) -> _Move | None:
        before, now = _first_holding(self.old, one.subject), _first_holding(self.new, one.subject)
        was_in, is_in = not self.old or before is not None, not self.new or now is not None
        if was_in and not is_in:
            return self._lost(one, before)
        return self._gained(one, now) if is_in and not was_in else None

    def _lost(self, one: _Judged, before: CompiledFilter | None) -> _Move:
        """Kept out by the filter they passed, as it is now, or by the one they come nearest to where there was none."""
        if before is None:
            return _kept_out(one, min(self.new, key=lambda compiled: len(compiled.failing(one.subject))))
        edited = _titled(before.filter.title, self.new)
        if edited is None:
            return _Move(
                _Reason("out", f'the filter "{before.filter.title}", which let them in, is gone', None), one.name
            )
        return _kept_out(one, edited)

    def _gained(self, one: _Judged, now: CompiledFilter | None) -> _Move:
        """By the clause that is no longer asked of them, or the filter that is new."""
        if now is None:
            return _Move(_Reason("in", "there are no scoping filters any more", None), one.name)
        edited = _titled(now.filter.title, self.old)
        why = f'the filter "{now.filter.title}" is new'
        if edited is not None:
            why = f'the filter "{now.filter.title}" no longer wants {spell(edited.failing(one.subject)[0])}'
        return _Move(_Reason("in", why, now.filter.source), one.name)


def _first_holding(filters: Iterable[CompiledFilter], subject: Subject) -> CompiledFilter | None:
    return next((one for one in filters if one.holds(subject)), None)


def _titled(title: str, filters: Iterable[CompiledFilter]) -> CompiledFilter | None:
    return next((one for one in filters if one.filter.title == title), None)


def _kept_out(one: _Judged, by: CompiledFilter) -> _Move:
    clause = by.failing(one.subject)[0]
    reason = _Reason("out", f'the filter "{by.filter.title}" wants {spell(clause)}', clause.source)
    return _Move(reason, f"{one.name}, {show_values(one.subject, clause)}")


class _Words(NamedTuple):
    """How moves are told of people, or of groups: for one and for several of them."""

    out: tuple[str, str]
    in_: tuple[str, str]


_USERS = _Words(
    out=("takes access from 1 person", "takes access from {} people"),
    in_=("gives access to 1 person", "gives access to {} people"),
)
_GROUPS = _Words(
    out=("leaves 1 group alone from now on", "leaves {} groups alone from now on"),
    in_=("brings 1 group into scope", "brings {} groups into scope"),
)


def _tell(moves: Iterable[_Move], words: _Words) -> Iterable[Problem]:
    by_reason: dict[_Reason, list[str]] = {}
    for move in moves:
        by_reason.setdefault(move.reason, []).append(move.named)
    for reason, named in by_reason.items():
        one, several = words.out if reason.way == "out" else words.in_
        does = one if len(named) == 1 else several.format(len(named))
        message = f"the edit of the scoping filters {does}: {reason.why}: {few(named, MOST_NAMED, between='; ')}"
        yield Problem("filter_change", message, reason.source, severity="warning" if reason.way == "out" else "info")
