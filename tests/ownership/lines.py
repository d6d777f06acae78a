"""A git history in memory: commits that declare a few users and one group, with branches, merges and rewrites.

Knows what a commit declares and its ancestors; nothing of applies or of the account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import Literal, TypeAlias

from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key
from reconciler.core.model.states import DesiredState, Settlement
from reconciler.errors import Source

Membership: TypeAlias = Literal["authoritative", "additive"]
TEAM = Key("group", "team")
FILE = Source("desired-state/all.yaml", 1)
numbers = count(1)


@dataclass(frozen=True)
class Person:
    """The declaration of one key: the login, whether the account gets the externalId, and the access."""

    login: str
    marked: bool
    member: bool = False
    auditor: bool = False
    was: str | None = None


@dataclass(frozen=True)
class Saying:
    """The content of one commit; equal contents are equal trees. `filtered` marks a rewritten tree."""

    people: tuple[tuple[str, Person], ...] = ()
    team: Membership | None = "authoritative"
    released: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()
    filtered: bool = False

    @property
    def named(self) -> dict[str, Person]:
        """Returns the users by key."""
        return dict(self.people)


@dataclass(frozen=True, eq=False)
class Commit:
    """A commit. `origin` are the numbers of the first commits with this content, before any rewrite."""

    saying: Saying
    parents: tuple[Commit, ...] = ()
    origin: frozenset[int] = frozenset()
    number: int = field(default_factory=lambda: next(numbers))

    @property
    def id(self) -> str:
        """Returns the name of the commit."""
        return f"{self.number:040x}"

    @property
    def first(self) -> frozenset[int]:
        """Returns the number of the commit that has this content first."""
        return self.origin or frozenset({self.number})

    def leading(self) -> dict[str, Commit]:
        """Returns the commit and its ancestors, by id."""
        seen: dict[str, Commit] = {}
        todo: list[Commit] = [self]
        while todo:
            one = todo.pop()
            if one.id not in seen:
                seen[one.id] = one
                todo += one.parents
        return seen


def origins(commits: Iterable[Commit]) -> frozenset[int]:
    """Returns the origins of some commits."""
    return frozenset().union(*(one.first for one in commits))


@cache
def compile_saying(saying: Saying) -> DesiredState:
    """Compiles the content of a commit to a desired state."""
    roles = any(person.auditor for _name, person in saying.people)
    users = {Key("user", name): _user(name, person, roles=roles) for name, person in saying.people}
    members = frozenset(Key("user", name) for name, person in saying.people if person.member)
    declared = {"externalId": "team", "displayName": "Team"}
    authoritative = saying.team == "authoritative"
    team = DesiredGroup(TEAM, FILE, declared, members, authoritative, in_scope=True, reason="declared")
    return DesiredState(
        "production",
        users,
        {TEAM: team} if saying.team else {},
        released=tuple(_settlement(name) for name in sorted(saying.released)),
        left=tuple(_settlement(name) for name in sorted(saying.left)),
        was={Key("user", name): (Key("user", person.was),) for name, person in saying.people if person.was},
    )


def _user(name: str, person: Person, *, roles: bool) -> DesiredUser:
    attributes = {"userName": person.login, **({"externalId": name} if person.marked else {})}
    held = frozenset({"auditor"} if person.auditor else set())
    return DesiredUser(Key("user", name), FILE, attributes, in_scope=True, reason="", roles=held if roles else None)


def _settlement(name: str) -> Settlement:
    by_id = name.startswith("id-")
    return Settlement(FILE, key=None if by_id else Key("user", name), id=name if by_id else None)


def say(people: Mapping[str, Person], saying: Saying, **others: object) -> Saying:
    """Returns a content with these users, without settling lines for declared keys, which would be a problem."""
    words = {"team": saying.team, "released": saying.released, "left": saying.left, **others}
    settled = {word: frozenset(words[word]).difference(people) for word in ("released", "left")}  # type: ignore[call-overload]
    return Saying(tuple(sorted(people.items())), words["team"], **settled)  # type: ignore[arg-type]


def merge(main: Commit, side: Commit) -> Commit:
    """Returns the three-way merge of two commits, where git has no conflict."""
    shared = [one for name, one in main.leading().items() if name in side.leading()]
    base = max(shared, key=lambda one: one.number).saying if shared else Saying()
    ours, theirs = main.saying, side.saying
    people = _merged(base.named, ours.named, theirs.named)
    logins = [person.login for _name, person in sorted(people.items())]
    once = {
        name: person
        for index, (name, person) in enumerate(sorted(people.items()))
        if person.login not in logins[:index]
    }
    team = theirs.team if ours.team == base.team else ours.team
    lists = {word: _merged_set(word, base, ours, theirs) for word in ("released", "left")}
    return Commit(say(once, ours, team=team, **lists), (main, side))


def _merged(base: Mapping[str, Person], ours: Mapping[str, Person], theirs: Mapping[str, Person]) -> dict[str, Person]:
    chosen = {
        name: theirs.get(name) if ours.get(name) == base.get(name) else ours.get(name) for name in {**ours, **theirs}
    }
    return {name: person for name, person in chosen.items() if person is not None}


def _merged_set(word: str, base: Saying, ours: Saying, theirs: Saying) -> frozenset[str]:
    was, mine, yours = (getattr(one, word) for one in (base, ours, theirs))
    return frozenset(
        name for name in mine | yours if (name in yours if (name in mine) == (name in was) else name in mine)
    )


def rewrite(head: Commit, way: int) -> Commit:
    """Rewrites the history of a branch: squashed to one commit, with the same trees, or with other trees."""
    every = origins(head.leading().values())
    if way == 0:
        return Commit(head.saying, (), every)
    chain: list[Commit] = []
    one: Commit | None = head
    while one:
        chain.append(one)
        one = one.parents[0] if one.parents else None
    new: tuple[Commit, ...] = ()
    renew: Callable[[Saying], Saying] = (lambda saying: saying) if way == 1 else _filtered
    for old in reversed(chain):
        new = (Commit(renew(old.saying), new, every if old is head else old.first),)
    return new[0]


def _filtered(saying: Saying) -> Saying:
    return Saying(saying.people, saying.team, saying.released, saying.left, filtered=True)
