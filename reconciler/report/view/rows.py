"""Makes rows from changes: removals first, equal changes in one row, names before attributes. Quotes nothing."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.core.changes.plan import AttributeChange, Change, Effect, Plan
from reconciler.core.comparison.references import ID_PREFIX
from reconciler.core.model.diff import begin_before_difference, describe, show_change, show_quoted
from reconciler.core.model.resources import Value
from reconciler.report.format.words import SIGNS, Voice, describe_change, describe_sources

EFFECTS: tuple[Effect, ...] = ("shrink", "grow", "change")
CREATES = frozenset({"create_user", "create_group"})
OWN_LABELS = frozenset(
    {"leaves", "leave", "loses roles", "lose roles", "each with"}
)  # labels that are not names of attributes
MANY_CREATES = 10  # up to this number, new users or groups have a row each, with their attributes
UPDATES = frozenset({"update_user", "update_group"})
LONGEST_VALUE = 1_000  # characters of a value that a report shows
MANY_UPDATES = 10  # up to this number, updates by one line of git with different values have a row each


@dataclass(frozen=True, slots=True)
class ResourceName:
    """The name and key of a user or group."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Detail:
    """What changes: `before → after`, or only the new value if `before` is None.

    `parts` are the new values. With `each`, part n belongs to user or group n of the row. With `whole`, all parts
    are shown, because each of them is a value that changes.
    """

    label: str
    before: str | None
    parts: tuple[str, ...]
    each: bool = False
    whole: bool = False

    @property
    def after(self) -> str:
        """Returns all parts on one line."""
        return ", ".join(self.parts)


@dataclass(frozen=True, slots=True)
class Row:
    """One change, or many equal ones. `what` has the members or roles that come or go, `notes` further facts."""

    sign: str
    resources: tuple[ResourceName, ...]
    verb: str
    what: tuple[str, ...]
    details: tuple[Detail, ...]
    reasons: tuple[str, ...]
    sources: tuple[str, ...]
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """The names of the users and groups that a plan mentions, by key."""

    of: Mapping[str, str]

    def label(self, key: str) -> str:
        """Returns `Ada Lee (user/ada)`, or the key if the name is unknown."""
        name = self.of.get(key)
        return f"{name} ({key.removeprefix(ID_PREFIX)}{', not in git' * key.startswith(ID_PREFIX)})" if name else key


def describe_content(change: Change, names: Names) -> str:
    """Returns the content of a change on one line: `title: Clerk → Chief; members: Ann (user/ann)`."""
    return "; ".join(
        f"{one.label}: {one.after if one.before is None else f'{one.before} → {one.after}'}"
        for one in _all_details(change, names)
    )


def _all_details(change: Change, names: Names) -> Iterable[Detail]:
    yield from _details(change, names)
    if change.action not in CREATES and change.roles:
        yield Detail("roles", None, change.roles)
    if change.action not in CREATES and change.members:
        yield Detail("members", None, tuple(map(names.label, change.members)))


def names_of(plan: Plan) -> Names:
    """Returns the names of the users and groups that change or are unmanaged."""
    unmanaged = {f"{ID_PREFIX}{one.id}": one.name for one in plan.unmanaged}
    return Names(unmanaged | {change.key: change.name for change in plan.changes})


def make_rows(changes: Sequence[Change], plan: Plan, voice: Voice) -> tuple[Row, ...]:
    """Makes rows of the changes of one cause: lost access, other removals, additions, updates."""
    names = names_of(plan)
    leaving = leaving_of(plan.changes)
    single = [row for change in changes for row in _row(change, names, leaving, voice)]
    ordered = sorted(single, key=lambda row: (_rank(row.changes[0]), row.changes[0].action != "deactivate_user"))
    return tuple(_join(alike, names, leaving, voice) for alike in _merge(list(_alike(ordered))))


def leaving_of(changes: Iterable[Change]) -> Mapping[str, list[Change]]:
    """Returns for each deactivated user the changes that take away groups and roles; its row shows them."""
    leaving: dict[str, list[Change]] = {change.key: [] for change in changes if change.action == "deactivate_user"}
    for change in changes:
        if change.action == "revoke_roles" and change.key in leaving:
            leaving[change.key].append(change)
        if change.action == "remove_members":
            for member in leaving.keys() & set(change.members):
                leaving[member].append(change)
    return leaving


def _rank(change: Change) -> int:
    return EFFECTS.index(change.effect)


def _row(change: Change, names: Names, leaving: Mapping[str, list[Change]], voice: Voice) -> Iterable[Row]:
    """Yields the row of a change, unless the rows of deactivated users show all of it."""
    remaining = [member for member in change.members if change.action != "remove_members" or member not in leaving]
    revoked = change.action == "revoke_roles" and change.key in leaving
    if revoked or (change.action == "remove_members" and not remaining):
        return
    yield Row(
        sign=SIGNS[change.effect],
        resources=(ResourceName(change.name, change.key),),
        verb=describe_change(change, voice, 1),
        what=() if change.action in CREATES else (*change.roles, *map(names.label, remaining)),
        details=tuple(_details(change, names)),
        reasons=(change.reason,) if change.reason else (),
        sources=describe_sources([change.source] if change.source else []),
        changes=(change,),
    )


def _alike(rows: Iterable[Row]) -> Iterable[list[Row]]:
    """Yields groups of equal rows, each at the position of its first row."""
    groups: dict[Hashable, list[Row]] = {}
    for row in rows:
        groups.setdefault(_likeness(row), []).append(row)
    for alike in groups.values():
        if alike[0].changes[0].action in CREATES and len(alike) <= MANY_CREATES:
            yield from ([row] for row in alike)
        else:
            yield alike


def _merge(groups: Sequence[list[Row]]) -> Iterable[list[Row]]:
    """Joins groups of updates that come from one line of git and differ only in their values."""
    by_line: dict[Hashable, list[list[Row]]] = {}
    for alike in groups:
        by_line.setdefault(_line_of(alike[0]), []).append(alike)
    for some in by_line.values():
        if len(some) > MANY_UPDATES:
            yield [row for alike in some for row in alike]
        else:
            yield from some


def _line_of(row: Row) -> Hashable:
    """Returns the source line and attributes of an update; every other row is unique."""
    change = row.changes[0]
    if change.action not in UPDATES or change.source is None:
        return id(row)
    return (change.action, change.source, tuple(one.label for one in row.details))


def _likeness(row: Row) -> Hashable:
    """Returns the key by which rows are joined: reason and roles for creations, all changed values for other rows.

    Roles that wait for a person are apart from other roles, and those of new users apart from those of users.
    """
    change = row.changes[0]
    why = row.reasons if change.action in {*CREATES, "deactivate_user", "reactivate_user"} else ()
    waits = change.awaits_person and ("new" if change.target_id is None else "not linked")
    return (change.action, why, waits, change.roles if change.action in CREATES else (row.what, row.details))


def _join(alike: Sequence[Row], names: Names, leaving: Mapping[str, list[Change]], voice: Voice) -> Row:
    """Joins equal rows; a deactivation also has the roles and groups that go with it."""
    first = alike[0]
    if len(alike) == 1 and first.changes[0].action != "deactivate_user":
        return first
    changes = tuple(change for row in alike for change in row.changes)
    details = _details_of(alike)
    if first.changes[0].action == "deactivate_user":
        removals = [one for change in changes for one in leaving[change.key]]
        details = (*details, *_taken(removals, names, one_only=len(alike) == 1))
    return replace(
        first,
        resources=tuple(one for row in alike for one in row.resources),
        verb=describe_change(first.changes[0], voice, len(alike)),
        details=details,
        reasons=_reasons(alike, details),
        sources=describe_sources(change.source for change in changes if change.source),
        changes=changes,
    )


def _reasons(alike: Sequence[Row], details: Sequence[Detail]) -> tuple[str, ...]:
    """Returns each reason once; none for rows with different values, whose reason is the source line."""
    if any(one.each for one in details):
        return ()
    return tuple(dict.fromkeys(reason for row in alike for reason in row.reasons))


def _details_of(alike: Sequence[Row]) -> tuple[Detail, ...]:
    first = alike[0]
    if all(row.details == first.details for row in alike):
        return first.details
    return _common(alike) if first.changes[0].action in CREATES else _each(alike)


def _taken(changes: Iterable[Change], names: Names, *, one_only: bool) -> Iterable[Detail]:
    """Yields the roles and groups that go with deactivations."""
    roles = sorted({role for change in changes for role in change.roles})
    if roles:
        yield Detail("loses roles" if one_only else "lose roles", None, tuple(roles))
    left = dict.fromkeys(change.key for change in changes if change.action == "remove_members")
    if left:
        yield Detail("leaves" if one_only else "leave", None, tuple(map(names.label, left)))


def _common(alike: Sequence[Row]) -> tuple[Detail, ...]:
    """Returns the details that all new users or groups share, and the names of their other attributes."""
    shared = [one for one in alike[0].details if all(one in row.details for row in alike[1:])]
    labels = dict.fromkeys(one.label for row in alike for one in row.details)
    own = tuple(label for label in labels if label not in {one.label for one in shared})
    return (*shared, *([Detail("each with", None, own)] if own else []))


def _each(alike: Sequence[Row]) -> tuple[Detail, ...]:
    """Returns for each attribute the changes of its values, user by user."""
    columns = zip(*(row.details for row in alike), strict=True)
    return tuple(
        Detail(
            column[0].label, None, tuple(_value_of(row, one) for row, one in zip(alike, column, strict=True)), each=True
        )
        for column in columns
    )


def _value_of(row: Row, detail: Detail) -> str:
    change = detail.after if detail.before is None else f"{detail.before} → {detail.after}"
    return f"{change} for {row.resources[0].name or row.resources[0].key}"


def _details(change: Change, names: Names) -> Iterable[Detail]:
    for one in change.attributes:
        if change.action not in CREATES:
            yield _attribute(one, names)
        elif not _is_known_by_name(change, one):
            yield Detail(one.path, None, (_value(one, names),))
    if change.action in CREATES and change.roles:
        yield Detail("roles", None, change.roles)
    if change.action in CREATES and change.members:
        yield Detail("members", None, tuple(map(names.label, change.members)))


def _is_known_by_name(change: Change, one: AttributeChange) -> bool:
    """Whether an attribute of a new user or group repeats its name or key."""
    _kind, _slash, name = change.key.partition("/")
    return one.after == {"displayName": change.name, "externalId": name}.get(one.path, "")


def _attribute(one: AttributeChange, names: Names) -> Detail:
    """Returns `title: Analyst → Senior Analyst`; a list shows the items that come and go."""
    if isinstance(one.after, list) and (isinstance(one.before, list) or (one.before is None and len(one.after) > 1)):
        lines = describe(one.path, one.before, one.after)
        if lines:  # there are none if both are redacted
            return Detail(one.path, None, tuple(lines), whole=True)
    before, after = show_change(one.before, one.after, one.path)
    if one.path == "manager":
        before, after = (_manager(value, shown, names) for value, shown in ((one.before, before), (one.after, after)))
    before, after = begin_before_difference(before, after, LONGEST_VALUE)
    return Detail(one.path, before, (after,))


def _value(one: AttributeChange, names: Names) -> str:
    shown = show_quoted(one.after)
    return _manager(one.after, shown, names) if one.path == "manager" else shown


def _manager(value: Value, shown: str, names: Names) -> str:
    return names.label(value) if isinstance(value, str) else shown
