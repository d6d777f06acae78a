"""Who is in which group: direct members, nested groups and `members_where`, expanded to users.

Knows references by name and what is wrong with them; nothing of tenants, scope or SCIM.
"""

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
    """The names of the users in each group, and of the groups that each user is in."""

    users_of: Mapping[str, frozenset[str]]
    groups_of: Mapping[str, frozenset[str]]
    problems: tuple[Problem, ...]


def expand_membership(declarations: Declarations) -> Membership:
    """Nested groups become users; a cycle or an unknown name is a problem, and the rest still expands."""
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
    """Expands each group once, those nested in it first; without recursion, for nothing bounds how deep groups nest."""

    def __init__(self, groups: Mapping[str, DeclaredGroup], population: Population) -> None:
        self.groups = groups
        self.population = population
        self.nested = {name: list(_nested(group)) for name, group in groups.items()}
        self.done: dict[str, frozenset[str]] = {}
        self.cut: set[tuple[str, str]] = set()  # where a circle closes
        self.problems: list[Problem] = []

    def expand(self, start: str) -> None:
        """Walks down from a group; `path` is the chain of groups that led here, to see a cycle."""
        path = [start] if start not in self.done else []
        while path:
            name = path[-1]
            waiting = next((one for one in self.nested[name] if self._waits_for(name, one)), None)
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
        """The users named, matched, and in those nested groups that are expanded."""
        group = self.groups[name]
        named = (member for member in group.members or () if not member.startswith(GROUP_PREFIX))
        matched = self.population.satisfying(group.members_where) if group.members_where else frozenset[str]()
        return matched.union(named, *(self.done.get(one, frozenset()) for one in self.nested[name]))

    def _cycle(self, chain: tuple[str, ...]) -> None:
        message = f"these groups contain each other: {' → '.join(chain)}"
        self.problems.append(Problem("group_cycle", message, self.groups[chain[0]].source, "take one of them out"))


def _nested(group: DeclaredGroup) -> Iterable[str]:
    """The names of the groups that are members of it."""
    return (one.removeprefix(GROUP_PREFIX) for one in group.members or () if one.startswith(GROUP_PREFIX))


def _check_group(declarations: Declarations, name: str, population: Population) -> Iterable[Problem]:
    group = declarations.groups[name]
    known = declarations.users
    for member in (one for one in group.members or () if one not in known):  # most are known, and there are many
        yield from check_reference(declarations, member, group.source, f"groups.{name}.members")
    yield from check_clauses(group.members_where or (), population, declarations.groups, nested=True)


def check_reference(declarations: Declarations, reference: str, source: Source, where: str) -> Iterable[Problem]:
    """A problem if `alice.lee` or `group/finance` names nothing that git declares."""
    if reference.startswith(GROUP_PREFIX):
        yield from check_name(declarations, Key("group", reference.removeprefix(GROUP_PREFIX)), source, where)
    else:
        yield from check_name(declarations, Key("user", reference), source, where)


def check_name(declarations: Declarations, key: Key, source: Source, where: str) -> Iterable[Problem]:
    """A problem if git declares no such user or group; one that is declared with problems is known all the same."""
    names = declarations.users if key.kind == "user" else declarations.groups
    if key.name not in names and key not in declarations.broken:
        hint = did_you_mean(key.name, names) or f"declare it under `{key.kind}s`, or take it out"
        yield Problem(f"unknown_{key.kind}", f'{where}: no {key.kind} "{key.name}" is declared', source, hint)
