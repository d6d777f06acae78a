"""The warnings of a plan that asks again for what the service did not do: no plan fights a service in silence."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from reconciler.core.changes.asked import ASKS_FOR_ACCESS, AskedBefore, NotTaken, resource_kind
from reconciler.core.changes.plan import Change
from reconciler.core.changes.undone import ACTIVE, MEMBERS, ROLES, Undone, show_difference, show_exactly
from reconciler.core.declarations.redaction import Redaction
from reconciler.core.model.amounts import few
from reconciler.core.model.resources import Kind, Value, parse_key
from reconciler.core.model.states import DesiredState
from reconciler.errors import Problem, Source

MOST_NAMED = 10
INSTEAD = {
    ACTIVE: "set it in the account by hand, or find out there why it is not taken",
    ROLES: "leave these roles out of role_assignments, or give them in the account in another way",
    MEMBERS: "leave these members out of the group, or find out in the account why it does not take them",
}
HIDDEN = "if the service never lists members, add `quirks: [hides_members]` to the tenant, else leave these members out"
TIMES = {1: "once", 2: "twice"}


class _Again(NamedTuple):
    """An attribute, role or member that a plan asks for again; `row` is None if it was refused for other keys only."""

    key: str
    path: str
    of: str
    asked: Value
    live: Value
    row: NotTaken | None
    error: str

    @property
    def is_unlisted(self) -> bool:
        """Whether it is a member that the answer did not show because it had no `members`."""
        return self.path == MEMBERS and self.row is not None and (self.row.why, self.row.got) == ("changed", None)


def warn_of_asked_before(
    changes: Iterable[Change],
    before: AskedBefore,
    desired: DesiredState,
    redaction: Redaction,
    quirks: Collection[str] = (),
) -> list[Problem]:
    """Returns a warning for each attribute that was refused or never taken, with the line to write instead.

    Members that were not listed prove nothing about a service that hides them.
    """
    if not before.not_taken and not before.refused:
        return []
    alike: dict[tuple[str, Kind, str, str], list[_Again]] = {}
    for again in (one for change in changes for one in _find_again(change, before, redaction)):
        if again.is_unlisted and "hides_members" in quirks:
            continue
        refused = again.row is None or again.row.why == "refused"
        how = "" if refused or again.row is None else _spell_times(again.row.times)
        alike.setdefault((how, resource_kind(again.key), again.path, again.error), []).append(again)
    return [
        _describe(how, sorted(some, key=lambda one: one[:3]), desired, redaction)
        for (how, *_), some in sorted(alike.items(), key=lambda item: item[0])
    ]


def _find_again(change: Change, before: AskedBefore, redaction: Redaction) -> Iterator[_Again]:
    kind = resource_kind(change.key)
    for attribute in change.attributes:
        path = attribute.path
        asked, live = (redaction.redact(path, value) for value in (attribute.after, attribute.before))
        row = before.find(change.key, path, "", asked)
        error = row.error if row is not None else before.refused.get((kind, path), "")
        if row is not None or error:
            yield _Again(change.key, path, "", asked, live, row, error)
    access = ASKS_FOR_ACCESS.get(change.action)
    row = before.find(change.key, ACTIVE, "", access)
    if row is not None:
        yield _Again(change.key, ACTIVE, "", access, not access, row, row.error)
    gains = change.action not in {"revoke_roles", "remove_members"}
    for path, item in (*((ROLES, role) for role in change.roles), *((MEMBERS, member) for member in change.members)):
        row = before.find(change.key, path, item, gains)
        if row is not None:
            yield _Again(change.key, path, item, gains, not gains, row, row.error)


def _describe(how: str, some: Sequence[_Again], desired: DesiredState, redaction: Redaction) -> Problem:
    first = some[0]
    kind = resource_kind(first.key)
    rule = desired.rules.get((kind, first.path))
    if how:
        message = f"asked {how}, never taken: {few(some, MOST_NAMED, _show, '; ')}"
        instead = _how_to_end(some, mapped=rule is not None, hidden=redaction.covers(first.path))
        hint = f"{instead}; until then, every plan contains this change again"
        return Problem("never_taken", message, rule or _source(first.key, desired), hint, severity="warning")
    names = few([f"{one.of} of {one.key}" if one.of else one.key for one in some], MOST_NAMED)
    message = f"asked before and refused: {first.path} ({first.error}), now for {names}"
    leave_out = f"leave out the mapping to {first.path}" if rule else f"leave out {kind}s.*.{first.path} or map it away"
    leave_out = INSTEAD.get(first.path, leave_out)
    hint = f"{leave_out}; until then, each apply asks for it again, apart from the other attributes"
    return Problem("refused_before", message, rule or _source(first.key, desired), hint, severity="warning")


def _show(again: _Again) -> str:
    got = again.row.got if again.row else None
    part = Undone(path=again.path, of=again.of, why="changed", asked=again.asked, got=got)
    return f"{again.key}: {show_difference(part)}"


def _how_to_end(some: Sequence[_Again], *, mapped: bool, hidden: bool) -> str:
    """Returns what to write instead: the value that the account has, unless it is redacted."""
    path = some[0].path
    if any(one.is_unlisted for one in some):
        return HIDDEN
    if path in INSTEAD:
        return INSTEAD[path]
    if mapped:
        return f"let the mapping to {path} make the value that the account keeps, or leave the mapping out"
    if hidden:
        return f"write the value that the account keeps as {path}, or leave it out"
    kept = [one for one in some if one.live is not None]
    lines = [f"{resource_kind(one.key)}s.{one.key.partition('/')[2]}.{path}: {show_exactly(one.live)}" for one in kept]
    no_key = "write externalId: null, so that it is matched by its name"  # left out, it is the key
    left_out = no_key if path == "externalId" else f"leave {path} out, of which the account keeps nothing"
    if not lines:
        return left_out
    written = f"write what the account keeps: {few(lines, MOST_NAMED)}"
    return written if len(lines) == len(some) else f"{written}; or {left_out}"


def _spell_times(times: int) -> str:
    return TIMES.get(times, f"{times} times")


def _source(key: str, desired: DesiredState) -> Source | None:
    """Returns where a key is declared; None if it left git."""
    parsed = parse_key(key)
    resource = desired.resource(parsed) if parsed else None
    return resource.source if resource else None
