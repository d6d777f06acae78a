"""What an edit of the scoping filters does, told before the list of changes: who gains access by it, and who loses it.

The same people are judged by the filters as they were and as they are, so that what else changed does not show here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from reconciler.core.clause import Filter
from reconciler.core.compile import compile_state
from reconciler.core.declared import Declarations
from reconciler.core.model import DesiredUser
from reconciler.errors import Problem, Source

MOST_NAMED = 10


def tell_filter_change(before: Declarations, now: Declarations, tenant: str, today: date) -> list[Problem]:
    """A warning for those who lose access by the edit of the user filters, a note for those who gain it."""
    old, new = _filters(before, tenant), _filters(now, tenant)
    if tenant not in before.tenants or _meaning(old) == _meaning(new):
        return []
    declared = now.tenants[tenant]
    as_before = replace(declared, filters=before.tenants[tenant].filters or before.filters)
    was = compile_state(replace(now, tenants={**now.tenants, tenant: as_before}), tenant, today).users
    is_now = compile_state(now, tenant, today).users
    gained = [user for key, user in is_now.items() if user.in_scope and not was[key].in_scope]
    lost = [user for key, user in is_now.items() if was[key].in_scope and not user.in_scope]
    place = new[0].source if new else None
    return [
        *_tell("lost", lost, place),
        *_tell("gained", gained, place),
    ]


def _filters(declarations: Declarations, tenant: str) -> tuple[Filter, ...]:
    declared = declarations.tenants.get(tenant)
    return (declared.filters if declared and declared.filters else declarations.filters).users


def _meaning(filters: Sequence[Filter]) -> list[object]:
    """What filters say, without where they stand."""
    return [
        [(one.attribute, one.operator, repr(one.value), one.case_sensitive, one.quantifier) for one in each.clauses]
        for each in filters
    ]


def _tell(what: str, users: Sequence[DesiredUser], place: Source | None) -> Iterable[Problem]:
    if not users:
        return
    named = "; ".join(f"{user.name} ({user.reason})" for user in users[:MOST_NAMED])
    more = f" and {len(users) - MOST_NAMED} more" if len(users) > MOST_NAMED else ""
    message = f"access {what} by the edit of the scoping filters, {len(users)} in all: {named}{more}"
    yield Problem("filter_change", message, place, severity="warning" if what == "lost" else "info")
