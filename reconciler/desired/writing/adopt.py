"""Files, and an account that drifted → the files as they should be, so that git says what the account has.

In rounds: who is active again has roles and groups to adopt only once git says so. Pure: reads and writes no file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from reconciler.core.adoption.adopting import adopt
from reconciler.core.adoption.adoption_context import AdoptionContext, make_adoption_context
from reconciler.core.adoption.drifted import find_drift
from reconciler.core.adoption.edits import Edit
from reconciler.core.changes.plan import Change
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.model.states import LiveState
from reconciler.core.ownership.evidence import NO_EVIDENCE, Evidence
from reconciler.core.planner.planner import decide_changes
from reconciler.desired.writing.edits import edit_files
from reconciler.desired.yaml.load import Loaded, load_declarations
from reconciler.errors import Problem

ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class AdoptionRequest:
    """What to adopt: the tenant, the day, what was applied last, and the keys named (none: all that drifted).

    `evidence` says who was ours, and so who left.
    """

    tenant_name: str
    today: date
    earlier: Earlier
    named: frozenset[str] = frozenset()
    evidence: Evidence = NO_EVIDENCE


@dataclass(frozen=True, slots=True)
class NotAdopted:
    """A change that follows from the edits: its action, its key, whom or what it is about, and why."""

    action: str
    key: str
    about: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Adopted:
    """The files that are different, what was not adopted, and `left`: what the next plan wants only since the edits."""

    files: Mapping[str, bytes]
    problems: tuple[Problem, ...]
    left: tuple[NotAdopted, ...]


@dataclass(frozen=True, slots=True)
class _State:
    """The files as they are by now, what they declare, and what follows from that."""

    contents: Mapping[str, bytes]
    loaded: Loaded
    context: AdoptionContext


def adopt_drift(contents: Mapping[str, bytes], loaded: Loaded, live: LiveState, asked: AdoptionRequest) -> Adopted:
    """The files, which are sound and say what is loaded, after all edits that adopt what drifted."""
    state = _State(contents, loaded, make_adoption_context(loaded.declarations, asked.tenant_name, asked.today))
    before = after = _plan(state, live, asked)
    problems: dict[Problem, None] = {}
    whole = asked.named
    for _round in range(ROUNDS):
        drifted = find_drift(after, asked.earlier, whole)
        adoption = adopt(state.context, [one for one in drifted if not asked.named or str(one.key) in asked.named])
        edited, refused = _edit(state, adoption.edits, asked)
        problems |= dict.fromkeys((*adoption.problems, *refused))
        if edited is state:
            break
        state, whole = edited, whole | adoption.reactivated
        after = _plan(state, live, asked)
    return Adopted(
        files={file: content for file, content in state.contents.items() if content != contents[file]},
        problems=tuple(problems),
        left=tuple(_find_left(before, after)),
    )


def _find_left(before: Sequence[Change], after: Sequence[Change]) -> Iterator[NotAdopted]:
    known = {(change.key, change.action): {*_about(change)} for change in before}
    for change in after:
        there = known.get((change.key, change.action))
        about = tuple(one for one in _about(change) if there is None or one not in there)
        if there is None or about:
            yield NotAdopted(change.action, change.key, about, change.reason)


def _about(change: Change) -> tuple[str, ...]:
    return (*change.members, *change.roles, *(one.path for one in change.attributes))


def _plan(state: _State, live: LiveState, asked: AdoptionRequest) -> Sequence[Change]:
    context = state.context
    return decide_changes(context.desired, live, context.tenant, asked.earlier, asked.evidence).changes


def _edit(state: _State, edits: Sequence[Edit], asked: AdoptionRequest) -> tuple[_State, list[Problem]]:
    """The state after the edits; where they are not sound together, after those that are, one after another."""
    after, refused = _edited(state, edits, asked)
    if _wrong(after) is None:
        return after, refused
    kept: list[Edit] = []
    problems: list[Problem] = []
    after = state
    for edit in edits:
        tried, refused = _edited(state, [*kept, edit], asked)
        problems += refused
        if wrong := _wrong(tried):
            told = f"{'.'.join(map(str, edit.path))} is not adopted: git could not say it ({wrong.message})"
            problems.append(replace(wrong, code="not_adopted", message=told, severity="warning"))
        else:
            kept, after = [*kept, edit], tried
    return after, list(dict.fromkeys(problems))


def _edited(state: _State, edits: Sequence[Edit], asked: AdoptionRequest) -> tuple[_State, list[Problem]]:
    """The state after the edits that can be made; the state itself where none can."""
    edited = edit_files(state.contents, edits)
    refused = [one.problem for one in edited.refused]
    if not edited.files:
        return state, refused
    contents = {**state.contents, **edited.files}
    loaded = load_declarations(contents, known=state.loaded)
    return _State(contents, loaded, make_adoption_context(loaded.declarations, asked.tenant_name, asked.today)), refused


def _wrong(state: _State) -> Problem | None:
    """The first thing that is wrong with what the files declare, or None."""
    problems = (*state.loaded.problems, *state.context.desired.problems)
    return next((problem for problem in problems if problem.severity == "error"), None)
