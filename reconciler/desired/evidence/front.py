"""The front of a targeted plan: the states applied since the last complete apply, and the keys on changed lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from reconciler.core.access.scope import SCHEMA_NAMES
from reconciler.core.model.resources import Key
from reconciler.core.model.states import DesiredState
from reconciler.core.record.applied import AppliedCommits, find_applied
from reconciler.core.record.history import ApplyHistory
from reconciler.desired.evidence.compiled import CompileAt, CompiledCommits
from reconciler.desired.evidence.line_pass import FolderCommits, LinePass, Lines

MOST_TREES = 40
MOST_BETWEEN = 10
NAME = r"""["']?(?:(?:user|group)/)?([\w.@+-]+)["']?"""
DECLARED = re.compile(rf"(?:^|[{{,])\s*{NAME}\s*:", re.MULTILINE)
LISTED = re.compile(rf"(?:^\s*-\s+|[\[,]\s*){NAME}\s*(?=$|[,\]#])", re.MULTILINE)
SECTIONS = frozenset({"users", "groups", "members", "role_assignments", "released", "left", "value", "type", "primary"})


@dataclass(frozen=True, slots=True)
class Front:
    """The states by commit, newest first, the keys on changed lines, and sentences on what is missing.

    `reached` are the states without the keys that no apply covered, though another state or HEAD declares them.
    `written` are those of incomplete applies.
    """

    states: Mapping[str, DesiredState] = field(default_factory=dict)
    reached: tuple[DesiredState, ...] = ()
    written: tuple[DesiredState, ...] = ()
    keys: frozenset[Key] = frozenset()
    incomplete: tuple[str, ...] = ()


def find_front(work: LinePass, history: ApplyHistory, compile_at: CompileAt, desired: DesiredState) -> Front:
    """Returns the front: the states of the last complete apply and of all later applies, and the keys changed since.

    Includes states between applies that declare keys which neither HEAD (`desired`) nor an applied state has. Raises
    Refused if history is cut off or lost.
    """
    lines = work.join_recent()
    applied = find_applied(history)
    commits = applied.front()
    compiled = CompiledCommits(lines.graph, compile_at, MOST_TREES)
    states = {commit: found.desired for commit in commits if (found := compiled.at(commit)) is not None}
    touched = list(_read_touched(lines))
    names = frozenset(name for _edges, _gone, every in touched for name in every)
    states |= _find_between(touched, compiled, [desired, *states.values()])
    missing = [
        f"the applied commit {commit[:12]} is not in this clone" for commit in commits if commit in lines.graph.missing
    ]
    keys = {resource.key for state in (desired, *states.values()) for resource in state if resource.key.name in names}
    reached = _drop_uncovered(applied, states, desired)
    written = tuple(state for commit, state in reached.items() if applied.is_incomplete(commit))
    return Front(states, tuple(reached.values()), written, frozenset(keys), (*compiled.refused, *missing))


def _drop_uncovered(
    applied: AppliedCommits, states: Mapping[str, DesiredState], desired: DesiredState
) -> dict[str, DesiredState]:
    """Returns the states, by commit, without the keys that no apply of the commit covers.

    An apply leaves out what is in doubt. A key that nothing else declares stays: the account is searched for it.
    """
    covered = {
        commit: {one.key for one in state if applied.covers(commit, one.key)} for commit, state in states.items()
    }
    known = {one.key for one in desired}.union(*covered.values())

    def stays(commit: str, key: Key) -> bool:
        return key in covered[commit] or key not in known

    return {
        commit: replace(
            state,
            users={key: user for key, user in state.users.items() if stays(commit, key)},
            groups={key: group for key, group in state.groups.items() if stays(commit, key)},
        )
        for commit, state in states.items()
    }


def _read_touched(lines: Lines) -> Iterator[tuple[FolderCommits, frozenset[str], frozenset[str]]]:
    """Yields the edges in HEAD's history, the names that removed lines declared, and all names on changed lines."""
    for edges, trees in lines.read():
        if lines.graph.here.isdisjoint(edges.children):
            continue
        removed = "\n".join(line for file in trees.files for line in file.removed)
        added = "\n".join(line for file in trees.files for line in file.added)
        gone = frozenset(DECLARED.findall(removed)) - SCHEMA_NAMES - SECTIONS
        yield edges, gone, gone.union(DECLARED.findall(added), LISTED.findall(removed), LISTED.findall(added))


def _find_between(
    touched: Iterable[tuple[FolderCommits, frozenset[str], frozenset[str]]],
    compiled: CompiledCommits,
    known: Iterable[DesiredState],
) -> dict[str, DesiredState]:
    """Returns the states before a removal, newest first, that declare a key which no known state has."""
    names = {resource.key.name for state in known for resource in state}
    order = compiled.graph.order
    found: dict[str, DesiredState] = {}
    gone = [(parent, some) for edges, some, _every in touched for parent in edges.parents]
    for commit, some in sorted(gone, key=lambda pair: order[pair[0]]):
        if some <= names or len(found) >= MOST_BETWEEN:
            continue
        state = compiled.near(commit)
        if state is not None and not {resource.key.name for resource in state.desired} <= names:
            names |= {resource.key.name for resource in state.desired}
            found[state.commit] = state.desired
    return found
