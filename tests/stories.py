"""Reads the stories of tests/cases, and tells each of them again in another order. Knows files; plans nothing.

A story is a folder: `desired-state/` is what git says, `live.json` what the account says, and beside them is the plan
that must follow. Where the past matters, `base/` is what git said at the pull request's base, and `applied/` at the
last applied commit.
`applied/`, or `base/` where there is none, was applied whole and leads here. Where more is on record, `case.yaml` lists
the `commits` by `folder`, oldest first: the `place` of each (here, elsewhere, gone), the serial of the apply of it
(`applied`), its day (`as_of`), and whom that `covers`. With `known: false` the record could not be read.
`case.yaml` may say `as_of`, `tenant`, what was wrong with the read (`faults`), the keys left to the `next_plan`, and
what earlier applies within the time of the limits did (`done`), by guardrail.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from random import Random
from typing import Any, TypeVar, cast

import yaml

from reconciler.core.access.compile import compile_state
from reconciler.core.access.filter_change import warn_of_filter_change
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.declared import Declarations, DeclaredAssignment, DeclaredGroup, DeclaredUser
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.states import DesiredState
from reconciler.core.ownership.evidence import Evidence, Place, StateAt
from reconciler.core.record.record import ApplyRecord, Covers, salted
from reconciler.desired.git.files import read_folder
from reconciler.desired.yaml.load import load_declarations
from reconciler.errors import Problem
from reconciler.live.snapshot import Snapshot, read_snapshot_file

SALT = "story"
EVERYBODY = Covers(kind="all")
CASES = Path(__file__).parent / "cases"
ANY_DAY = date(2026, 11, 23)

T = TypeVar("T")


@dataclass(frozen=True)
class StoryCommit:
    """What git said at a commit, where that leads, and the apply of it that is on record, if there was one."""

    name: str
    said: Declarations
    place: Place = "here"
    serial: int | None = None
    covers: Covers = EVERYBODY
    as_of: date | None = None


@dataclass(frozen=True)
class Story:
    """What a plan is made from; `next_plan` are the keys of what can only be done once this one is applied."""

    head: Declarations
    base: Declarations | None
    applied: Declarations | None
    live: Snapshot
    tenant_name: str
    as_of: date
    faults: tuple[str, ...]
    next_plan: tuple[str, ...]
    done: Mapping[str, int]
    commits: tuple[StoryCommit, ...] = ()
    known: bool = True

    @property
    def tenant(self) -> Tenant:
        """The tenant that the plan is for."""
        return self.head.tenants[self.tenant_name].tenant

    @cached_property
    def desired(self) -> DesiredState:
        """What git says."""
        return compile_state(self.head, self.tenant_name, self.as_of)

    @cached_property
    def earlier(self) -> Earlier:
        """What git said before."""
        base, applied = (
            compile_state(said, self.tenant_name, self.as_of) if said else None for said in (self.base, self.applied)
        )
        return Earlier(base, applied)

    @cached_property
    def evidence(self) -> Evidence:
        """What the commits before prove, the newest first; each leads to the next that is here."""
        states = []
        before: list[str] = []
        for commit in self.commits:
            desired = compile_state(commit.said, self.tenant_name, commit.as_of or self.as_of)
            records = () if commit.serial is None else (self._record(commit),)
            states.append(StateAt(commit.name, desired, commit.place, records, frozenset(before)))
            before += [commit.name] if commit.place == "here" else []
        return Evidence(tuple(reversed(states)), known=self.known)

    def _record(self, commit: StoryCommit) -> ApplyRecord:
        assert commit.serial is not None
        return ApplyRecord(
            serial=commit.serial,
            state="ended",
            commit=commit.name,
            tree=None,
            folder="desired-state",
            run="story",
            at="2026-11-22T12:00:00Z",
            as_of="2026-11-22",
            mode="full",
            whole=commit.covers.kind == "all",
            salt=SALT,
            covers=commit.covers,
        )

    @cached_property
    def filter_changes(self) -> tuple[Problem, ...]:
        """What the edits of the scoping filters since then do."""
        earlier = [said for said in (self.base, self.applied) if said]
        told = [warn_of_filter_change(said, self.head, self.tenant_name, self.as_of) for said in earlier]
        return tuple(dict.fromkeys(problem for problems in told for problem in problems))


def story_names() -> list[str]:
    """The names of all stories, in order."""
    return sorted(folder.name for folder in CASES.iterdir() if folder.is_dir())


@cache
def read_story(name: str) -> Story:
    """The story in the folder of that name."""
    folder = CASES / name
    settings = folder / "case.yaml"
    case: dict[str, Any] = yaml.safe_load(settings.read_bytes()) if settings.exists() else {}
    head = read_declarations(folder / "desired-state")
    base = read_declarations(folder / "base") if (folder / "base").exists() else None
    applied = read_declarations(folder / "applied") if (folder / "applied").exists() else None
    return Story(
        head=head,
        base=base,
        applied=applied,
        live=read_snapshot_file(folder / "live.json"),
        tenant_name=case.get("tenant") or next(iter(head.tenants)),
        as_of=case.get("as_of", ANY_DAY),
        faults=tuple(case.get("faults", ())),
        next_plan=tuple(case.get("next_plan", ())),
        commits=tuple(read_commits(folder, case.get("commits"), applied or base)),
        known=case.get("known", True),
        done=case.get("done", {}),
    )


def read_commits(folder: Path, listed: list[dict[str, Any]] | None, last: Declarations | None) -> Iterator[StoryCommit]:
    """The commits that `case.yaml` lists, oldest first; else the one that was applied last."""
    if listed is None and last is not None:
        yield StoryCommit("a" * 40, last, serial=1)
    for number, one in enumerate(listed or (), start=1):
        covers = one.get("covers", {})
        keys = tuple(sorted(salted(SALT, key) for key in covers.get("keys", ())))
        yield StoryCommit(
            name=f"{number:x}" * 40,
            said=read_declarations(folder / one["folder"]),
            place=one.get("place", "here"),
            serial=one.get("applied"),
            as_of=one.get("as_of"),
            covers=Covers(kind=covers.get("kind", "all"), keys=keys),
        )


def read_declarations(folder: Path) -> Declarations:
    """What the files of a folder declare; a story about people has nothing wrong in its YAML."""
    loaded = load_declarations(read_folder(folder))
    assert () == loaded.problems
    return loaded.declarations


def shuffle_story(story: Story, random: Random) -> Story:
    """The same story, with everything whose order means nothing in another order."""
    return replace(
        story,
        head=shuffle_declarations(story.head, random),
        base=story.base and shuffle_declarations(story.base, random),
        applied=story.applied and shuffle_declarations(story.applied, random),
        commits=tuple(replace(one, said=shuffle_declarations(one.said, random)) for one in story.commits),
        live=Snapshot(
            shuffle_values(story.live.users, random),
            shuffle_values(story.live.groups, random),
            story.live.people and replace(story.live.people, people=tuple(shuffle(story.live.people.people, random))),
        ),
    )


def shuffle_declarations(said: Declarations, random: Random) -> Declarations:
    """Users, groups and role assignments in another order, and so whatever is listed in them."""
    return replace(
        said,
        users={name: shuffle_user(user, random) for name, user in shuffle(said.users.items(), random)},
        groups={name: shuffle_group(group, random) for name, group in shuffle(said.groups.items(), random)},
        assignments=tuple(shuffle_assignment(one, random) for one in shuffle(said.assignments, random)),
    )


def shuffle_user(user: DeclaredUser, random: Random) -> DeclaredUser:
    """The attributes in another order, and the values of those that have many."""
    return replace(user, attributes=shuffle_values(user.attributes, random))


def shuffle_group(group: DeclaredGroup, random: Random) -> DeclaredGroup:
    """The members and the clauses in another order."""
    return replace(
        group,
        members=None if group.members is None else tuple(shuffle(group.members, random)),
        members_where=None if group.members_where is None else tuple(shuffle(group.members_where, random)),
    )


def shuffle_assignment(declared: DeclaredAssignment, random: Random) -> DeclaredAssignment:
    """The users and the groups that are given the role in another order."""
    given = declared.assignment
    others = {"users": shuffle(given.users, random), "groups": shuffle(given.groups, random)}
    return replace(declared, assignment=given.model_copy(update=others))


def shuffle_values(value: T, random: Random) -> T:
    """A document with every mapping and every list in it in another order."""
    match value:
        case Mapping():
            shuffled: object = {name: shuffle_values(inner, random) for name, inner in shuffle(value.items(), random)}
        case list():
            shuffled = [shuffle_values(inner, random) for inner in shuffle(value, random)]
        case _:
            shuffled = value
    return cast("T", shuffled)


def shuffle(values: Iterable[T], random: Random) -> list[T]:
    """The values in another order."""
    shuffled = list(values)
    random.shuffle(shuffled)
    return shuffled
