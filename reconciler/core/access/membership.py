"""Expands direct members, nested groups and `members_where` to the users of each group, and checks references."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.core.access.clause_check import check_clauses
from reconciler.core.access.population import Population
from reconciler.core.declarations.declared import Declarations, DeclaredGroup
from reconciler.core.model.resources import Key
from reconciler.core.model.suggest import did_you_mean
from reconciler.errors import Problem, Source

GROUP_PREFIX = "group/"


@dataclass(frozen=True, slots=True)
class Membership:
    """The names of each group's users, and of each user's groups."""

    users_of: Mapping[str, frozenset[str]]
    groups_of: Mapping[str, frozenset[str]]
    problems: tuple[Problem, ...]


def expand_membership(declarations: Declarations) -> Membership:
    """Expands all groups to users; a cycle or an unknown name is a problem, and the other groups still expand."""
    population = Population({name: user.source_attributes for name, user in declarations.users.items()})
    problems = [problem for name in declarations.groups for problem in _check_group(declarations, name, population)]
    expansion = _Expansion(declarations.groups, population)
    for name in declarations.groups:
        expansion.expand(name)
    users_of = expansion.done

    groups_of: dict[str, set[str]] = {}
    for group, users in users_of.items():
        for user in users:
            groups_of.setdefault(user, set()).add(group)
    return Membership(
        users_of=users_of,
        groups_of={user: frozenset(groups) for user, groups in groups_of.items()},
        problems=(*problems, *expansion.problems),
    )


class _Expansion:
    """Expands each group once, after the groups nested in it; without recursion, as the depth is unbounded."""

    def __init__(self, groups: Mapping[str, DeclaredGroup], population: Population) -> None:
        self.groups = groups
        self.population = population
        self.nested = {name: list(_nested(group)) for name, group in groups.items()}
        self.done: dict[str, frozenset[str]] = {}
        self.cut: set[tuple[str, str]] = set()  # the last link of each cycle
        self.problems: list[Problem] = []

    def expand(self, start: str) -> None:
        """Expands a group and all groups nested in it; `path` is the current chain, which reveals cycles."""
        path = [start] if start not in self.done else []
        while path:
            name = path[-1]
            waiting = next((group for group in self.nested[name] if self._waits_for(name, group)), None)
            if waiting is None:
                self.done[name] = self._users(name)
                path.pop()
            elif waiting in path:
                self._cycle((*path[path.index(waiting) :], waiting))
                self.cut.add((name, waiting))
            else:
                path.append(waiting)

    def _waits_for(self, name: str, nested: str) -> bool:
        return nested in self.groups and nested not in self.done and (name, nested) not in self.cut

    def _users(self, name: str) -> frozenset[str]:
        """Returns the users that are named, match the clauses, or are in an expanded nested group."""
        group = self.groups[name]
        named = (member for member in group.members or () if not member.startswith(GROUP_PREFIX))
        matched = self.population.satisfying(group.members_where) if group.members_where else frozenset[str]()
        return matched.union(named, *(self.done.get(group, frozenset()) for group in self.nested[name]))

    def _cycle(self, chain: tuple[str, ...]) -> None:
        message = f"these groups contain each other: {' → '.join(chain)}"
        hint = "remove one of these groups from the members of another"
        self.problems.append(Problem("group_cycle", message, self.groups[chain[0]].source, hint))


def _nested(group: DeclaredGroup) -> Iterable[str]:
    """Yields the names of the groups that are members of a group."""
    return (member.removeprefix(GROUP_PREFIX) for member in group.members or () if member.startswith(GROUP_PREFIX))


def _check_group(declarations: Declarations, name: str, population: Population) -> Iterable[Problem]:
    group = declarations.groups[name]
    known = declarations.users
    for member in (name for name in group.members or () if name not in known):  # a fast path: most members are known
        yield from check_reference(declarations, member, group.source, f"groups.{name}.members")
    yield from check_clauses(group.members_where or (), population, declarations.groups, nested=True)


def check_reference(declarations: Declarations, reference: str, source: Source, where: str) -> Iterable[Problem]:
    """Yields a problem if `alice.lee` or `group/finance` is not declared."""
    if reference.startswith(GROUP_PREFIX):
        yield from check_name(declarations, Key("group", reference.removeprefix(GROUP_PREFIX)), source, where)
    else:
        yield from check_name(declarations, Key("user", reference), source, where)


def check_name(declarations: Declarations, key: Key, source: Source, where: str) -> Iterable[Problem]:
    """Yields a problem if the user or group is not declared; an invalid declaration counts as declared."""
    names = declarations.users if key.kind == "user" else declarations.groups
    if key.name not in names and key not in declarations.broken:
        hint = did_you_mean(key.name, names) or f"declare it under `{key.kind}s`, or remove it here"
        yield Problem(f"unknown_{key.kind}", f'{where}: no {key.kind} "{key.name}" is declared', source, hint)
