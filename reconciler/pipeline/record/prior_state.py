"""Finds the desired state of earlier commits: at the base of a pull request, and at the applied commits.

Gaps are named here; `core` decides what follows from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from reconciler.core.changes.plan_notes import RecordNote
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.targeting.reading import FullApply, find_full_reason
from reconciler.desired.evidence.apply_line import (
    check_line,
    check_own_folder,
    find_last_apply,
    find_last_full,
    find_last_whole,
)
from reconciler.desired.evidence.front import find_front
from reconciler.desired.git.repository import Repository, explain_absence
from reconciler.desired.yaml.load import Loaded
from reconciler.errors import Problem, UsageError
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.desired.commit_states import find_tenant_name
from reconciler.pipeline.desired.current_state import CurrentState
from reconciler.pipeline.record.history import History


@dataclass(frozen=True, slots=True)
class PriorState:
    """The desired state before, with its facts and problems.

    `loaded` are the files of the earlier states by commit, the base first. `applied` is true if a complete apply is on
    record, so that pending changes are known. `record` is the note on the record for a plan, and `refusals` are the
    record's reasons against an apply. `done` counts the effects of recent applies by the guardrail that limits them.
    """

    earlier: Earlier = field(default_factory=Earlier)
    commit: str | None = None
    population: int | None = None
    applied: bool = False
    problems: tuple[Problem, ...] = ()
    loaded: Mapping[str, Loaded] = field(default_factory=dict)
    record: RecordNote | None = None
    done: Mapping[str, int] = field(default_factory=dict)
    refusals: tuple[Problem, ...] = ()


def find_prior_state(history: History, named: str | None, *, front: bool = False) -> PriorState:
    """Returns the state at the commit where this branch left `named`, or without `named` at the last complete apply.

    With a base, the state applied last shows which merged changes are pending. With `front`, the states of all commits
    begun or applied since the last complete apply are included.
    """
    commit = _repository(history.current, named).merge_base(named) if named is not None else None
    return _find_base(history, commit, front=front)


def find_applied_state(history: History, named: str | None) -> PriorState:
    """Returns the state at the revision `named`, which was applied, or without `named` at the last complete apply.

    If no apply was complete, returns the state at the last apply.
    """
    if named is not None:
        prior = _find_base(history, _repository(history.current, named).commit_named(named), front=False)
        return replace(prior, earlier=replace(prior.earlier, never_applied=False))
    prior = _find_base(history, None, front=False)
    last = find_last_apply(history.graph, history.record.history) if history.graph and prior.commit is None else None
    return _find_base(history, last.record.commit, front=False) if last else prior


def _repository(current: CurrentState, named: str) -> Repository:
    if current.repository is None:
        raise UsageError(f'the revision "{named}" needs a git repository, and {explain_absence()}')
    return current.repository


def _find_base(history: History, named: str | None, *, front: bool) -> PriorState:
    last = find_last_whole(history.graph, history.record.history) if history.graph else None
    applied = last.record.commit if last else None
    commits = [commit for commit in dict.fromkeys((named, applied)) if commit is not None]
    states = [history.states.at(commit) for commit in commits]
    problems = [state.problem for state in states if state.problem is not None]
    prior = PriorState(
        earlier=Earlier(
            base=states[0].state if states else None,
            applied=states[-1].state if len(states) > 1 else None,
            base_applied=last is not None and len(states) == 1,
            never_applied=history.unknown is None
            and history.record.branch is not None
            and not history.record.history.entries,
        ),
        commit=commits[0] if commits else None,
        population=_population(history),
        applied=last is not None and states[-1].state is not None,
        problems=tuple(
            dict.fromkeys(
                [
                    *problems,
                    *(problem for commit in commits for problem in history.states.find_filter_changes(commit)),
                    *_warn_of_history(history),
                ]
            )
        ),
        loaded={state.commit: state.loaded for state in states if state.loaded is not None},
        record=_make_note(history),
        done=history.record.history.effects_since(now_in_utc() - history.current.guardrails.within),
        refusals=tuple(_find_refusals(history)),
    )
    return with_front(history, prior) if front else prior


def with_front(history: History, prior: PriorState) -> PriorState:
    """Returns the prior state with the states of the commits begun or applied since the last complete apply."""
    if history.work is None or history.unknown is not None:
        return prior
    found = find_front(history.work, history.record.history, history.states.compile, history.current.desired)
    states = tuple(found.states.values())
    earlier = replace(prior.earlier, front=states, touched=found.keys, reached=found.reached, written=found.written)
    missing = tuple(Problem("incomplete_history", gap, severity="warning") for gap in found.incomplete)
    return replace(prior, earlier=earlier, problems=(*prior.problems, *missing))


def _population(history: History) -> int | None:
    """Returns the number of active users after the last apply that counted them."""
    counted = reversed(history.record.history.counted())
    return next((entry.record.population for entry in counted if entry.record.population is not None), None)


def _make_note(history: History) -> RecordNote:
    ended, full = history.record.history.last_ended(), history.record.history.last_full()
    return RecordNote(
        serial=ended.record.serial if ended else None,
        full_since=full.record.serial if full else None,
        known=history.unknown is None,
        unsettled=history.record.history.unsettled,
        ignored=history.record.history.ignored,
        made_on=now_in_utc().date().isoformat(),
    )


def _find_refusals(history: History) -> Iterator[Problem]:
    """Yields the record's reasons against every apply of this folder."""
    if history.unknown is not None:
        yield history.unknown
        return
    branch = history.record.branch
    if branch is not None and history.current.repository is not None:
        refusal = check_own_folder(history.current.repository, branch.name, history.record.history)
        if refusal is not None:
            yield refusal.as_problem()


def _warn_of_history(history: History) -> Iterator[Problem]:
    """Yields the gaps in the past that don't refuse a plan."""
    current = history.current
    if history.unknown is not None:
        return
    if current.repository is None:
        yield _no_history(explain_absence())
    elif history.graph is None:
        yield _no_history("nothing is committed here yet")
    elif not history.record.history.entries:
        yield _no_history(f"no apply to {current.tenant_name} is on record yet")
    else:
        refusal = check_line(history.graph, history.record.history)
        if refusal is not None and refusal.exit_code:
            yield replace(refusal.as_problem(), severity="warning")


def _no_history(why: str) -> Problem:
    return Problem("no_history", f"{why}, so this plan can't find leavers", severity="info")


def explain_full_read(history: History) -> str | None:
    """Returns why a plan must read the whole account, or None if a plan about git's changes is enough."""
    if history.unknown is not None:
        return history.unknown.message
    current, record = history.current, history.record.history
    return find_full_reason(current.desired, current.tenant, _find_full(history), recovered=record.recovered)


def _find_full(history: History) -> FullApply | None:
    full = find_last_full(history.graph, history.record.history) if history.graph else None
    if full is None:
        return None
    applied = history.states.at(full.record.commit)
    if applied.loaded is None:
        return FullApply(full.record.serial, None, None)
    name = find_tenant_name(history.current, applied.loaded)
    declared = applied.loaded.declarations.tenants.get(str(name))
    return FullApply(full.record.serial, declared.tenant if declared else None, applied.state)
