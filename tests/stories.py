"""Reads the stories of tests/cases, and shuffles their input. Knows files; plans nothing.

A story is a folder. `desired-state/` has the YAML of git, `live.json` the account, and the plan files the expected
plan. If the past matters, `base/` has the YAML at the pull request's base, and `applied/` the YAML of the last applied
commit. The commit of `applied/`, or else of `base/`, got a complete apply and leads to HEAD. If more is on record,
`case.yaml` lists the `commits` by `folder`, oldest first. A commit has its `place` (here, elsewhere, gone), the serial
of its apply (`applied`), the day of the apply (`as_of`), and the keys that the apply `covers`. With `known: false` the
record could not be read. `case.yaml` may also have `as_of`, `tenant`, the faults of the read (`faults`), the keys that
only the `next_plan` changes, and the effects of earlier applies within the time of the limits (`done`), by guardrail.
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
    """The declarations at a commit, the place of the commit, and its apply on record, if any."""

    name: str
    said: Declarations
    place: Place = "here"
    serial: int | None = None
    covers: Covers = EVERYBODY
    as_of: date | None = None


@dataclass(frozen=True)
class Story:
    """The input of a plan; `next_plan` are the keys that can only change once this plan is applied."""

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
        """Returns the tenant of the plan."""
        return self.head.tenants[self.tenant_name].tenant

    @cached_property
    def desired(self) -> DesiredState:
        """Returns the desired state of HEAD."""
        return compile_state(self.head, self.tenant_name, self.as_of)

    @cached_property
    def earlier(self) -> Earlier:
        """Returns the desired states at the base and at the last applied commit."""
        base, applied = (
            compile_state(said, self.tenant_name, self.as_of) if said else None for said in (self.base, self.applied)
        )
        return Earlier(base, applied)

    @cached_property
    def evidence(self) -> Evidence:
        """Returns the evidence of earlier commits, newest first; each leads to the next one whose place is here."""
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
        """Returns the warnings about edits of scoping filters since the earlier states."""
        earlier = [said for said in (self.base, self.applied) if said]
        told = [warn_of_filter_change(said, self.head, self.tenant_name, self.as_of) for said in earlier]
        return tuple(dict.fromkeys(problem for problems in told for problem in problems))


def story_names() -> list[str]:
    """Returns the names of all stories, sorted."""
    return sorted(folder.name for folder in CASES.iterdir() if folder.is_dir())


@cache
def read_story(name: str) -> Story:
    """Reads the story in the folder of that name."""
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
    """Yields the commits that `case.yaml` lists, oldest first; without a list, the last applied commit."""
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
    """Reads the declarations of a folder, whose YAML must have no problem."""
    loaded = load_declarations(read_folder(folder))
    assert () == loaded.problems
    return loaded.declarations


def shuffle_story(story: Story, random: Random) -> Story:
    """Returns the same story, with everything shuffled that has no meaningful order."""
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
    """Returns users, groups and role assignments in another order, and the lists in them too."""
    return replace(
        said,
        users={name: shuffle_user(user, random) for name, user in shuffle(said.users.items(), random)},
        groups={name: shuffle_group(group, random) for name, group in shuffle(said.groups.items(), random)},
        assignments=tuple(shuffle_assignment(one, random) for one in shuffle(said.assignments, random)),
    )


def shuffle_user(user: DeclaredUser, random: Random) -> DeclaredUser:
    """Returns the user with attributes, and lists of values, in another order."""
    return replace(user, attributes=shuffle_values(user.attributes, random))


def shuffle_group(group: DeclaredGroup, random: Random) -> DeclaredGroup:
    """Returns the group with members and clauses in another order."""
    return replace(
        group,
        members=None if group.members is None else tuple(shuffle(group.members, random)),
        members_where=None if group.members_where is None else tuple(shuffle(group.members_where, random)),
    )


def shuffle_assignment(declared: DeclaredAssignment, random: Random) -> DeclaredAssignment:
    """Returns the assignment with its users and groups in another order."""
    given = declared.assignment
    others = {"users": shuffle(given.users, random), "groups": shuffle(given.groups, random)}
    return replace(declared, assignment=given.model_copy(update=others))


def shuffle_values(value: T, random: Random) -> T:
    """Returns a document with every mapping and every list in another order."""
    match value:
        case Mapping():
            shuffled: object = {name: shuffle_values(inner, random) for name, inner in shuffle(value.items(), random)}
        case list():
            shuffled = [shuffle_values(inner, random) for inner in shuffle(value, random)]
        case _:
            shuffled = value
    return cast("T", shuffled)


def shuffle(values: Iterable[T], random: Random) -> list[T]:
    """Returns the values in another order."""
    shuffled = list(values)
    random.shuffle(shuffled)
    return shuffled
