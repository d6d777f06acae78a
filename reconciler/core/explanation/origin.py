"""Finds the statements of git that cause a change: those that ask for it, and removed ones whose absence does.

Reads declarations, of HEAD and of earlier commits. The lines and commits of these statements are found in `desired`.
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
    """A statement of git, by its path of keys, such as `("groups", "finance", "members", "alice.lee")`.

    `source` is the line of the declaration that contains it; without a path, that line is the statement. `stood_at` is
    the commit that contained a removed statement.
    """

    source: Source
    path: tuple[str, ...] = ()
    stood_at: str | None = None


@dataclass(frozen=True, slots=True)
class BlamedLine:
    """A line, and the time of the commit that wrote or removed it, in seconds since 1970; -1 if unknown."""

    source: Source
    at: int = -1


def newest(lines: Sequence[BlamedLine]) -> Source:
    """Returns the line that changed last, because it made the difference; the first of several with the same time."""
    return max(lines, key=lambda line: line.at).source


@dataclass(frozen=True)  # without slots, because `membership` is cached
class Revision:
    """The declarations of HEAD, or of an earlier commit."""

    declarations: Declarations
    commit: str | None = None

    @cached_property
    def membership(self) -> Membership:
        """The users of each group; computed on first use, because most changes do not need it."""
        return expand_membership(self.declarations)


@dataclass(frozen=True, slots=True)
class Origins:
    """Finds the statements behind changes; `before` holds the earlier states, the base first."""

    tenant: str
    today: date
    now: Revision
    before: tuple[Revision, ...] = ()

    def find(self, change: Change) -> tuple[Statement, ...]:
        """Returns the statements that may cause the change, likeliest first; empty if git never declared its key."""
        section, name = _split(change.key)
        found = tuple(dict.fromkeys(self._behind(change, name)))
        return found or tuple(self._declaration(section, name))

    def _behind(self, change: Change, name: str) -> Iterable[Statement]:
        match change.action:
            case "update_user" | "update_group":
                return self._attributes(change, name)
            case "add_members":
                users = _users(change.members)
                return (statement for user in users for statement in _behind_membership(self.now, name, user))
            case "remove_members":
                return self._removal(name, change.members)
            case "create_group":
                return ()  # `find` falls back to the line of the group
            case _:
                return self._behind_access(change, name)

    def _behind_access(self, change: Change, name: str) -> Iterable[Statement]:
        """Yields the statements behind a change to the access or roles of a user."""
        match change.action:
            case "deactivate_user":
                return self._exit(name)
            case "grant_roles":
                paths = find_paths(self.now.declarations, self.now.membership, name)
                granted = (path for path in paths if path.role in change.roles)
                return (statement for path in granted for statement in _behind_role(self.now, path, name))
            case "revoke_roles":
                return self._lost_roles(name, change.roles)
            case "reactivate_user":
                return (*self._entry(change, name), *self._attributes(change, name))
            case _:
                return self._entry(change, name)

    def _declaration(self, section: str, name: str) -> Iterable[Statement]:
        """Yields the declaration of a user or group; if HEAD has none, the first one of the earlier states."""
        for revision in (self.now, *self.before):
            declared = _section(revision.declarations, section).get(name)
            if declared is not None:
                yield Statement(declared.source, (section, name), revision.commit)
                return

    def _entry(self, change: Change, name: str) -> Iterable[Statement]:
        """Yields why a user gets access: their declaration is new, or a statement that decides their scope is."""
        yield from self._declaration("users", name)
        known = any(name in revision.declarations.users for revision in self.before)
        if known and change.cause != "drift":
            yield from self._judged_by(name)
            for path in find_paths(self.now.declarations, self.now.membership, name):
                yield from _behind_role(self.now, path, name)

    def _exit(self, name: str) -> Iterable[Statement]:
        """Yields why a user loses access: they left git, are declared inactive, hold no role, or pass no filter."""
        user = self.now.declarations.users.get(name)
        if user is None:  # without a line under `left:`, `find` falls back to the removed declaration
            left = self.now.declarations.left
            yield from (Statement(confirmed.source) for confirmed in left if confirmed.key == Key("user", name))
            return
        if user.attributes.get("active") is False:
            yield Statement(user.source, ("users", name, "active"))
            return
        paths = find_paths(self.now.declarations, self.now.membership, name)
        needs_role = self.now.declarations.tenants[self.tenant].tenant.scope == "assigned"
        if needs_role and not any(path.counts(self.today) for path in paths):
            yield from self._lost_roles(name, None)
        else:
            yield from self._judged_by(name)

    def _judged_by(self, name: str) -> Iterable[Statement]:
        """Yields the attributes that decide the scope of a user, and the clauses that test them."""
        declarations = self.now.declarations
        user = declarations.users[name]
        filters = declarations.tenants[self.tenant].filters or declarations.filters
        clauses = [clause for declared in filters.users for clause in declared.clauses]
        for attribute in ("active", *(clause.attribute for clause in clauses)):
            yield from _attribute(user, name, attribute)
        yield from (Statement(clause.source) for clause in clauses)

    def _attributes(self, change: Change, name: str) -> Iterable[Statement]:
        """Yields the source attributes behind each changed attribute, and the mapping rules that compute it."""
        declarations = self.now.declarations
        mappings = declarations.tenants[self.tenant].mappings or declarations.mappings
        section, _name = _split(change.key)
        declared = _section(declarations, section)[name]
        rules = mappings.users if section == "users" else mappings.groups
        rule_of = {located.rule.target: located for located in rules}
        for attribute in change.attributes:
            located = rule_of.get(attribute.path)
            if located is None:
                yield from _attribute(declared, name, attribute.path)
                continue
            sources = [located.rule.source or "", *re.findall(r"[\w.]+", located.rule.expression or "")]
            for source in sources:
                yield from _attribute(declared, name, source)
            yield Statement(located.source)

    def _removal(self, group: str, members: Iterable[str]) -> Iterable[Statement]:
        declared = self.now.declarations.groups.get(group)
        if declared is None:
            return  # `find` falls back to the removed declaration of the group
        left = [statement for user in _users(members) for statement in self._left(group, user)]
        yield from left
        if not left:
            yield from (Statement(declared.source, ("groups", group, key)) for key in ("members", "membership"))

    def _left(self, group: str, user: str) -> Iterable[Statement]:
        """Yields why a former member is no longer in the group; nothing if the user never was a member."""
        if user in self.now.membership.users_of[group]:
            yield from self._exit(user)  # the account's group contains only users with access
            return
        for revision in self.before:
            if user in revision.membership.users_of.get(group, ()):
                yield from self._gone(revision, _behind_membership(revision, group, user))
                yield from _matched(self.now, self.now.declarations.groups[group].members_where or (), user)
        if user not in self.now.declarations.users:
            yield from self._declaration("users", user)

    def _lost_roles(self, name: str, roles: Sequence[str] | None) -> Iterable[Statement]:
        """Yields the expired or removed statements that gave these roles, or any role if `roles` is None."""
        for path in find_paths(self.now.declarations, self.now.membership, name):
            if has_expired(path.declared, self.today) and (roles is None or path.role in roles):
                yield Statement(path.declared.source, ("role_assignments", path.role, "expires"))
        for revision in self.before:
            for path in find_paths(revision.declarations, revision.membership, name):
                if roles is None or path.role in roles:
                    yield from self._gone(revision, _behind_role(revision, path, name))

    def _gone(self, revision: Revision, statements: Iterable[Statement]) -> Iterable[Statement]:
        return (
            replace(statement, stood_at=revision.commit)
            for statement in statements
            if statement.path and not _is_stated(self.now.declarations, statement.path)
        )


def _section(declarations: Declarations, section: str) -> Mapping[str, DeclaredUser | DeclaredGroup]:
    return declarations.users if section == "users" else declarations.groups


def _split(key: str) -> tuple[str, str]:
    """Returns the section of YAML that declares a key, and the name in that section."""
    kind, _, name = key.partition("/")
    return f"{kind}s", name


def _users(members: Iterable[str]) -> Iterable[str]:
    keys = (parse_key(member) for member in members)
    return (key.name for key in keys if key is not None)


def _behind_role(revision: Revision, path: RolePath, user: str) -> Iterable[Statement]:
    """Yields the assignment that gives the role, and the membership in the group that it names, if any."""
    assignment = path.declared.assignment
    kind, item = ("groups", path.through[0]) if path.through else ("users", user)
    yield Statement(path.declared.source, ("role_assignments", assignment.role, kind, item))
    if path.through:
        yield from _behind_membership(revision, path.through[0], user)


def _behind_membership(revision: Revision, group: str, user: str) -> Iterable[Statement]:
    """Yields what makes a user a member of a group: an entry in it or in a nested group, or clauses that match."""
    chain = find_chain(revision.declarations, revision.membership, group, user)
    groups = revision.declarations.groups
    for outer, inner in pairwise(chain):
        yield Statement(groups[outer].source, ("groups", outer, "members", f"{GROUP_PREFIX}{inner}"))
    last = groups[chain[-1]]
    if user in (last.members or ()):
        yield Statement(last.source, ("groups", chain[-1], "members", user))
    else:
        yield from _matched(revision, last.members_where or (), user)


def _matched(revision: Revision, clauses: Iterable[Clause], name: str) -> Iterable[Statement]:
    user = revision.declarations.users.get(name)
    for clause in clauses:
        if user is not None:
            yield from _attribute(user, name, clause.attribute)
        yield Statement(clause.source)


def _attribute(declared: DeclaredUser | DeclaredGroup, name: str, attribute: str) -> Iterable[Statement]:
    """Yields the statement of a source attribute, such as `title` or `name.givenName`, if it is declared."""
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
    """Checks whether git declares the statement, in any file or line."""
    match path:
        case ("role_assignments", role, kind, item):
            assignments = (declared.assignment for declared in declarations.assignments)
            return any(
                item in (assignment.users if kind == "users" else assignment.groups)
                for assignment in assignments
                if assignment.role == role
            )
        case ("groups", name, "members", item):
            group = declarations.groups.get(name)
            return group is not None and item in (group.members or ())
        case _:
            section, name, *_ = path
            return name in _section(declarations, section)
