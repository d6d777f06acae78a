"""The front of a targeted plan: the states applied since the last whole apply, and the keys on lines touched since."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.core.access.scope import SCHEMA_NAMES
from reconciler.core.model.resources import Key
from reconciler.core.model.states import DesiredState
from reconciler.core.record.applied import find_applied
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
class DifferingStates:
    """The states by commit, newest first; the keys that stand on touched lines; and what is not known, in words."""

    states: Mapping[str, DesiredState] = field(default_factory=dict)
    keys: frozenset[Key] = frozenset()
    incomplete: tuple[str, ...] = ()


def find_front(work: LinePass, history: ApplyHistory, compile_at: CompileAt, desired: DesiredState) -> DifferingStates:
    """Returns the front: the commits of the last whole apply and of all since, and what came and went between.

    What a state between declares, and neither HEAD (`desired`) nor the others do, is found too: its state is among the
    states. Raises Refused where history is cut off or lost.
    """
    lines = work.join_recent()
    commits = find_applied(history).front()
    compiled = CompiledCommits(lines.graph, compile_at, MOST_TREES)
    states = {one: found.desired for one in commits if (found := compiled.at(one)) is not None}
    touched = list(_read_touched(lines))
    names = frozenset(name for _edges, _gone, every in touched for name in every)
    states |= _find_between(touched, compiled, [desired, *states.values()])
    missing = [f"{one[:12]}, which was applied, is not in this clone" for one in commits if one in lines.graph.missing]
    keys = {one.key for state in (desired, *states.values()) for one in state if one.key.name in names}
    return DifferingStates(states, frozenset(keys), (*compiled.refused, *missing))


def _read_touched(lines: Lines) -> Iterator[tuple[FolderCommits, frozenset[str], frozenset[str]]]:
    """The edges to commits since, with the names that lines which went declare, and all names on touched lines."""
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
    """The states of commits before a line went that declares a key which no known state has, newest first."""
    names = {one.key.name for state in known for one in state}
    order = compiled.graph.order
    found: dict[str, DesiredState] = {}
    gone = [(parent, some) for edges, some, _every in touched for parent in edges.parents]
    for commit, some in sorted(gone, key=lambda one: order[one[0]]):
        if some <= names or len(found) >= MOST_BETWEEN:
            continue
        state = compiled.near(commit)
        if state is not None and not {one.key.name for one in state.desired} <= names:
            names |= {one.key.name for one in state.desired}
            found[state.commit] = state.desired
    return found
