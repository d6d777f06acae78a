"""Histories in a real git repository, with applies of some commits, and the evidence about some live users."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from reconciler.core.access.compile import compile_state
from reconciler.core.model.resources import Key, LiveGroup, LiveUser, parse_key
from reconciler.core.model.states import Certificate, DesiredState, LiveState, Settlement
from reconciler.core.ownership.candidates import Candidate, find_candidates
from reconciler.core.ownership.evidence import Evidence, StateAt
from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import ApplyRecord, Covers, RecordEntry
from reconciler.desired.evidence.gather import gather_evidence, start_pass
from reconciler.desired.git.folder_renames import find_folder_at
from reconciler.desired.git.repository import Repository
from reconciler.desired.yaml.load import load_declarations
from reconciler.errors import Problem, Source, UsageError
from tests.desired.repository import Clone, make_clone

TENANTS = "tenants: {sandbox: {url: sandbox, scope: all}}\n"
TODAY = date(2026, 11, 29)
ALL = Covers(kind="all")


def user(name: str, **attributes: str) -> str:
    """A user as a file of its own declares them, one attribute a line."""
    said = {"userName": f"{name}@example.com", "displayName": name.title(), **attributes}
    return f"  {name}:\n" + "".join(f"    {attribute}: {value}\n" for attribute, value in said.items())


def users(*names: str) -> str:
    """A file that declares some users."""
    return "users:\n" + "".join(map(user, names)) if names else "users: {}\n"


def live(name: str, **attributes: Any) -> LiveUser:
    """An active live user as the default mapping makes them."""
    said: dict[str, Any] = {"externalId": name, "userName": f"{name}@example.com", "displayName": name.title()}
    return LiveUser(f"id-{name}", said | attributes, active=True)


def candidate_of(one: LiveUser | LiveGroup) -> Candidate:
    """The candidate that a live user or group is where HEAD declares nobody."""
    nothing = DesiredState("sandbox", {}, {})
    account = LiveState(
        (one,) if isinstance(one, LiveUser) else (),
        (one,) if isinstance(one, LiveGroup) else (),
        Certificate("full", 1, 0, 1),
    )
    (found,) = find_candidates(nothing, {}, {}, account)
    return found


def record(serial: int, commit: str, **fields: Any) -> ApplyRecord:
    """A whole apply of a commit that covers all."""
    said: dict[str, Any] = {"state": "ended", "mode": "full", "whole": True, "covers": ALL, "run": f"run {serial}"}
    fixed: dict[str, Any] = {
        "tree": None,
        "folder": "desired-state",
        "at": f"2026-11-{serial:02}",
        "as_of": "2026-11-29",
    }
    return ApplyRecord(serial=serial, commit=commit, salt="salt", **(fixed | said | fields))


def history_of(*records: ApplyRecord) -> ApplyHistory:
    """The history that these records are."""
    return ApplyHistory(tuple(RecordEntry(f"entry {number}", (), one) for number, one in enumerate(records)))


def compile_commit(repository: Repository, commit: str) -> DesiredState | Problem:
    """What git said at a commit, or why that can't be told; `released:` and `left:` stand in a file of their own."""
    try:
        contents = dict(repository.read_folder(commit, find_folder_at(repository, commit)))
    except UsageError as error:
        return Problem("unreadable_base", f"{commit[:12]} can't be read: {error}")
    apart = {name: contents.pop(name) for name in list(contents) if name.endswith(("released.yaml", "left.yaml"))}
    loaded = load_declarations(contents)
    if errors := [one for one in loaded.problems if one.severity == "error"]:
        return Problem("unreadable_base", f"{commit[:12]} does not compile: {errors[0].message}")
    if "sandbox" not in loaded.declarations.tenants:
        return Problem("no_history", f"sandbox was not declared at {commit[:12]}")
    state = compile_state(loaded.declarations, "sandbox", TODAY)
    said = [yaml.safe_load(content) or {} for content in apart.values()]
    released = tuple(one for content in said for one in _settlements(content.get("released") or ()))
    left = tuple(one for content in said for one in _settlements(content.get("left") or ()))
    return DesiredState("sandbox", state.users, state.groups, state.matching, released=released, left=left)


def _settlements(entries: Iterable[Mapping[str, str]]) -> Iterable[Settlement]:
    for entry in entries:
        yield Settlement(Source("released.yaml"), parse_key(entry.get("key", "")), entry.get("id"), entry.get("reason"))


@dataclass
class Project:
    """A clone, its applies, and which commits were compiled for the last evidence."""

    clone: Clone
    applied: list[ApplyRecord] = field(default_factory=list)
    compiled: list[str] = field(default_factory=list)

    def commit(self, files: Mapping[str, str], *, folder: str | None = None) -> str:
        """A commit of some files of the desired state."""
        return self.clone.commit({f"{folder or self.clone.folder}/{name}": text for name, text in files.items()})

    def people(self, *names: str) -> str:
        """A commit after which exactly these people are declared, in one file."""
        return self.commit({"users.yaml": users(*names)})

    def apply(self, commit: str | None = None, **fields: Any) -> ApplyRecord:
        """Puts an apply of HEAD, or of a commit, on record."""
        one = record(len(self.applied) + 1, commit or self.clone.git("rev-parse", "HEAD"), **fields)
        self.applied.append(one)
        return one

    def compile(self, commit: str) -> DesiredState | Problem:
        """What git said at a commit; noted down."""
        self.compiled.append(commit)
        return compile_commit(self.clone.found(), commit)

    def evidence(self, *people: LiveUser | LiveGroup, candidates: Sequence[Candidate] = (), **others: Any) -> Evidence:
        """The evidence about some live users and groups."""
        self.compiled.clear()
        history = history_of(*self.applied)
        asked = [*map(candidate_of, people), *candidates]
        with start_pass(self.clone.found(), history) as work:
            return gather_evidence(work, history, self.compile, asked, **others)


def make_project(root: Path, folder: str = "desired-state") -> Project:
    """A repository whose first commit declares the tenant and nobody."""
    project = Project(make_clone(root, folder))
    project.commit({"tenants.yaml": TENANTS, "users.yaml": users()})
    return project


def declaring(evidence: Evidence, name: str, kind: Any = "user") -> list[StateAt]:
    """The states of the evidence that declare a key."""
    return [one for one in evidence.states if one.desired.resource(Key(kind, name)) is not None]


def commits(states: Iterable[StateAt]) -> list[str]:
    """The commits of some states."""
    return [one.commit for one in states]
