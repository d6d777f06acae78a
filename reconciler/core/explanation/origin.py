"""Which statements of git a change rests on: those that ask for it, and those that are gone and whose absence does.

Knows declarations, now and before; nothing of lines or commits, which `desired` finds for the statements named here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Final

from reconciler.core.access.membership import GROUP_PREFIX, Membership, expand_membership
from reconciler.core.access.role_paths import RolePath, find_chain, find_paths
from reconciler.core.access.roles import has_expired
from reconciler.core.changes.plan import Change
from reconciler.core.declarations.clause import Clause
from reconciler.core.declarations.declared import Declarations, DeclaredGroup, DeclaredUser
from reconciler.core.model.resources import Key, parse_key
from reconciler.errors import Source

OWN: Final = "attributes"


@dataclass(frozen=True, slots=True)
class Statement:
    """Something that git says, by the path of keys to it, as `("groups", "finance", "members", "alice.lee")`.

    `source` is where the declaration stands that it is part of; without a path that line is the statement. `stood_at`
    is the commit that had it, where it is gone.
    """

    source: Source
    path: tuple[str, ...] = ()
    stood_at: str | None = None


@dataclass(frozen=True, slots=True)
class BlamedLine:
    """A line, by whom it was written last (or taken away), and when, in seconds; -1 where that is not known."""

    source: Source
    at: int = -1


def newest(lines: Sequence[BlamedLine]) -> Source:
    """The line that was touched last, for that is what made a difference; of those that are alike the first."""
    return max(lines, key=lambda line: line.at).source


@dataclass(frozen=True)  # without slots, for what is found out once it is asked for
class Revision:
    """What git says, or said at an earlier commit."""

    declarations: Declarations
    commit: str | None = None

    @cached_property
    def membership(self) -> Membership:
        """Who is in which group; most changes do not ask."""
        return expand_membership(self.declarations)


@dataclass(frozen=True, slots=True)
class Origins:
    """Finds the statements behind one change after another; `before` are the earlier states, the base's first."""

    tenant: str
    today: date
    now: Revision
    before: tuple[Revision, ...] = ()

    def find(self, change: Change) -> tuple[Statement, ...]:
        """The statements that a change may rest on, the likeliest first; none for what git never declared."""
        section, name = _split(change.key)
        found = tuple(dict.fromkeys(self._behind(change, name)))
        return found or tuple(self._declaration(section, name))

    def _behind(self, change: Change, name: str) -> Iterable[Statement]:
        match change.action:
            case "update_user" | "update_group":
                return self._attributes(change, name)
            case "add_members":
                return (one for user in _users(change.members) for one in _membership(self.now, name, user))
            case "remove_members":
                return self._removal(name, change.members)
            case "create_group":
                return ()  # its own line
            case _:
                return self._behind_access(change, name)

    def _behind_access(self, change: Change, name: str) -> Iterable[Statement]:
        """Of a change to what somebody may do."""
        match change.action:
            case "deactivate_user":
                return self._exit(name)
            case "grant_roles":
                ways = find_paths(self.now.declarations, self.now.membership, name)
                return (one for way in ways if way.role in change.roles for one in _way(self.now, way, name))
            case "revoke_roles":
                return self._lost_roles(name, change.roles)
            case "reactivate_user":
                return (*self._entry(change, name), *self._attributes(change, name))
            case _:
                return self._entry(change, name)

    def _declaration(self, section: str, name: str) -> Iterable[Statement]:
        """The key of a user or group; where it left git, as the first earlier state has it that does."""
        for said in (self.now, *self.before):
            declared = _section(said.declarations, section).get(name)
            if declared is not None:
                yield Statement(declared.source, (section, name), said.commit)
                return

    def _entry(self, change: Change, name: str) -> Iterable[Statement]:
        """Why somebody is to have access: they are new, or something that decides about their scope is."""
        yield from self._declaration("users", name)
        known = any(name in said.declarations.users for said in self.before)
        if known and change.cause != "drift":
            yield from self._judged_by(name)
            for way in find_paths(self.now.declarations, self.now.membership, name):
                yield from _way(self.now, way, name)

    def _exit(self, name: str) -> Iterable[Statement]:
        """Why somebody is to lose access: they left git, are declared inactive, hold no role, or pass no filter."""
        user = self.now.declarations.users.get(name)
        if user is None:  # the declaration that is gone says it, if no line says that they left
            yield from (Statement(one.source) for one in self.now.declarations.left if one.key == Key("user", name))
            return
        if user.attributes.get("active") is False:
            yield Statement(user.source, ("users", name, "active"))
            return
        ways = find_paths(self.now.declarations, self.now.membership, name)
        needs_role = self.now.declarations.tenants[self.tenant].tenant.scope == "assigned"
        if needs_role and not any(way.counts(self.today) for way in ways):
            yield from self._lost_roles(name, None)
        else:
            yield from self._judged_by(name)

    def _judged_by(self, name: str) -> Iterable[Statement]:
        """The clauses that decide about a user's scope, and the attributes that they look at."""
        declarations = self.now.declarations
        user = declarations.users[name]
        filters = declarations.tenants[self.tenant].filters or declarations.filters
        for attribute in ("active", *(clause.attribute for one in filters.users for clause in one.clauses)):
            yield from _attribute(user, name, attribute)
        yield from (Statement(clause.source) for one in filters.users for clause in one.clauses)

    def _attributes(self, change: Change, name: str) -> Iterable[Statement]:
        """Where each attribute's value is written, and the rules that make it what it is."""
        declarations = self.now.declarations
        mappings = declarations.tenants[self.tenant].mappings or declarations.mappings
        section, _name = _split(change.key)
        declared = _section(declarations, section)[name]
        located = {one.rule.target: one for one in (mappings.users if section == "users" else mappings.groups)}
        for attribute in change.attributes:
            rule = located.get(attribute.path)
            if rule is None:
                yield from _attribute(declared, name, attribute.path)
                continue
            named = [rule.rule.source or "", *re.findall(r"[\w.]+", rule.rule.expression or "")]
            for source in named:
                yield from _attribute(declared, name, source)
            yield Statement(rule.source)

    def _removal(self, group: str, members: Iterable[str]) -> Iterable[Statement]:
        declared = self.now.declarations.groups.get(group)
        if declared is None:
            return  # the group's declaration that is gone says it
        left = [statement for user in _users(members) for statement in self._left(group, user)]
        yield from left
        if not left:
            yield from (Statement(declared.source, ("groups", group, key)) for key in ("members", "membership"))

    def _left(self, group: str, user: str) -> Iterable[Statement]:
        """Why a user is no longer in a group that they were in before; nothing where they never were."""
        if user in self.now.membership.users_of[group]:
            yield from self._exit(user)  # it has those alone who have access
            return
        for said in self.before:
            if user in said.membership.users_of.get(group, ()):
                yield from self._gone(said, _membership(said, group, user))
                yield from _matched(self.now, self.now.declarations.groups[group].members_where or (), user)
        if user not in self.now.declarations.users:
            yield from self._declaration("users", user)

    def _lost_roles(self, name: str, roles: Sequence[str] | None) -> Iterable[Statement]:
        """What gave roles before (all of them where none is named) and gives them no longer, by expiry too."""
        for way in find_paths(self.now.declarations, self.now.membership, name):
            if has_expired(way.declared, self.today) and (roles is None or way.role in roles):
                yield Statement(way.declared.source, ("role_assignments", way.role, "expires"))
        for said in self.before:
            for way in find_paths(said.declarations, said.membership, name):
                if roles is None or way.role in roles:
                    yield from self._gone(said, _way(said, way, name))

    def _gone(self, said: Revision, statements: Iterable[Statement]) -> Iterable[Statement]:
        return (
            replace(one, stood_at=said.commit)
            for one in statements
            if one.path and not _is_stated(self.now.declarations, one.path)
        )


def _section(declarations: Declarations, section: str) -> Mapping[str, DeclaredUser | DeclaredGroup]:
    return declarations.users if section == "users" else declarations.groups


def _split(key: str) -> tuple[str, str]:
    """The section that a key is declared in, and the name there."""
    kind, _, name = key.partition("/")
    return f"{kind}s", name


def _users(members: Iterable[str]) -> Iterable[str]:
    keys = (parse_key(member) for member in members)
    return (key.name for key in keys if key is not None)


def _way(said: Revision, way: RolePath, user: str) -> Iterable[Statement]:
    """Everything by which a role comes to a user: the assignment names them, or a group that they are in."""
    assignment = way.declared.assignment
    kind, item = ("groups", way.through[0]) if way.through else ("users", user)
    yield Statement(way.declared.source, ("role_assignments", assignment.role, kind, item))
    if way.through:
        yield from _membership(said, way.through[0], user)


def _membership(said: Revision, group: str, user: str) -> Iterable[Statement]:
    """Everything by which a user is in a group: named in it or in one nested in it, or matched by clauses."""
    chain = find_chain(said.declarations, said.membership, group, user)
    groups = said.declarations.groups
    for outer, inner in pairwise(chain):
        yield Statement(groups[outer].source, ("groups", outer, "members", f"{GROUP_PREFIX}{inner}"))
    last = groups[chain[-1]]
    if user in (last.members or ()):
        yield Statement(last.source, ("groups", chain[-1], "members", user))
    else:
        yield from _matched(said, last.members_where or (), user)


def _matched(said: Revision, clauses: Iterable[Clause], name: str) -> Iterable[Statement]:
    user = said.declarations.users.get(name)
    for clause in clauses:
        if user is not None:
            yield from _attribute(user, name, clause.attribute)
        yield Statement(clause.source)


def _attribute(declared: DeclaredUser | DeclaredGroup, name: str, attribute: str) -> Iterable[Statement]:
    """Where a source attribute of a user or group is written: `title`, `name.givenName`, `contractType`; or nothing."""
    section = "users" if isinstance(declared, DeclaredUser) else "groups"
    written: Mapping[str, object] = declared.attributes
    first, _, rest = attribute.partition(".")
    own = written.get(OWN)
    if first in written:
        inner = written[first]
        within = (rest,) if isinstance(inner, Mapping) and rest in inner else ()
        yield Statement(declared.source, (section, name, first, *within))
    elif isinstance(own, Mapping) and first in own:
        yield Statement(declared.source, (section, name, OWN, first))


def _is_stated(declarations: Declarations, path: tuple[str, ...]) -> bool:
    """Whether git says it, wherever it stands."""
    match path:
        case ("role_assignments", role, kind, item):
            given = (one.assignment for one in declarations.assignments if one.assignment.role == role)
            return any(item in (one.users if kind == "users" else one.groups) for one in given)
        case ("groups", name, "members", item):
            group = declarations.groups.get(name)
            return group is not None and item in (group.members or ())
        case _:
            section, name, *_ = path
            return name in _section(declarations, section)
