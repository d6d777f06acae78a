"""Files and a drifted account → files that declare what the account has. Pure: reads and writes no file.

Adopts in rounds: the roles and groups of a reactivated user can be adopted only after the user is active in git.
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
    """What to adopt: the tenant, the day, the state of the last apply, and the named keys (if empty, all drift).

    `evidence` shows which users were owned, and so who left.
    """

    tenant_name: str
    today: date
    earlier: Earlier
    named: frozenset[str] = frozenset()
    evidence: Evidence = NO_EVIDENCE


@dataclass(frozen=True, slots=True)
class NotAdopted:
    """A change that follows from the edits: its action, its key, its members, roles or attributes, and its reason."""

    action: str
    key: str
    about: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Adopted:
    """The changed files, the drift that was not adopted, and `left`: the changes that only the edits cause."""

    files: Mapping[str, bytes]
    problems: tuple[Problem, ...]
    left: tuple[NotAdopted, ...]


@dataclass(frozen=True, slots=True)
class _State:
    """The files after some edits, their declarations, and the adoption context of these."""

    contents: Mapping[str, bytes]
    loaded: Loaded
    context: AdoptionContext


def adopt_drift(contents: Mapping[str, bytes], loaded: Loaded, live: LiveState, request: AdoptionRequest) -> Adopted:
    """Edits the files, whose declarations are `loaded` and have no errors, until they declare the drift."""
    state = _State(contents, loaded, make_adoption_context(loaded.declarations, request.tenant_name, request.today))
    before = after = _plan(state, live, request)
    problems: dict[str, Problem] = {}  # by message: each round repeats them, at the lines of the files as edited
    whole = request.named
    for _round in range(ROUNDS):
        drifted = find_drift(after, request.earlier, whole)
        adoption = adopt(state.context, [one for one in drifted if not request.named or str(one.key) in request.named])
        edited, refused = _edit(state, adoption.edits, request)
        problems |= {problem.message: problem for problem in (*adoption.problems, *refused)}
        if edited is state:
            break
        state, whole = edited, whole | adoption.reactivated
        after = _plan(state, live, request)
    return Adopted(
        files={file: content for file, content in state.contents.items() if content != contents[file]},
        problems=tuple(problems.values()),
        left=tuple(_find_left(before, after)),
    )


def _find_left(before: Sequence[Change], after: Sequence[Change]) -> Iterator[NotAdopted]:
    planned = {(change.key, change.action): {*_list_targets(change)} for change in before}
    for change in after:
        targets = planned.get((change.key, change.action))
        about = tuple(one for one in _list_targets(change) if targets is None or one not in targets)
        if targets is None or about:
            yield NotAdopted(change.action, change.key, about, change.reason)


def _list_targets(change: Change) -> tuple[str, ...]:
    return (*change.members, *change.roles, *(one.path for one in change.attributes))


def _plan(state: _State, live: LiveState, request: AdoptionRequest) -> Sequence[Change]:
    context = state.context
    return decide_changes(context.desired, live, context.tenant, request.earlier, request.evidence).changes


def _edit(state: _State, edits: Sequence[Edit], request: AdoptionRequest) -> tuple[_State, list[Problem]]:
    """Returns the state after all edits; if together they cause an error, after each edit that causes none."""
    after, refused = _try_edits(state, edits, request)
    if _find_error(after) is None:
        return after, refused
    kept: list[Edit] = []
    problems: list[Problem] = []
    after = state
    for edit in edits:
        tried, refused = _try_edits(state, [*kept, edit], request)
        problems += refused
        if error := _find_error(tried):
            path = ".".join(map(str, edit.path))
            message = f"{path} is not adopted: the edited files would have an error ({error.message})"
            problems.append(replace(error, code="not_adopted", message=message, severity="warning"))
        else:
            kept, after = [*kept, edit], tried
    return after, list(dict.fromkeys(problems))


def _try_edits(state: _State, edits: Sequence[Edit], request: AdoptionRequest) -> tuple[_State, list[Problem]]:
    """Returns the state after the edits that can be made, or the same state if none can."""
    edited = edit_files(state.contents, edits)
    refused = [one.problem for one in edited.refused]
    if not edited.files:
        return state, refused
    contents = {**state.contents, **edited.files}
    loaded = load_declarations(contents, known=state.loaded)
    context = make_adoption_context(loaded.declarations, request.tenant_name, request.today)
    return _State(contents, loaded, context), refused


def _find_error(state: _State) -> Problem | None:
    """Returns the first error in the declarations, or None."""
    problems = (*state.loaded.problems, *state.context.desired.problems)
    return next((problem for problem in problems if problem.severity == "error"), None)
