"""What git said before: at a pull request's base, and at the commits that were applied.

Gathers and says what is missing; what follows from it is decided in `core`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date

from reconciler.core.changes.plan_notes import RecordNote
from reconciler.core.comparison.earlier import Earlier
from reconciler.desired.evidence.apply_line import (
    check_line,
    check_own_folder,
    find_last_apply,
    find_last_full,
    find_last_whole,
)
from reconciler.desired.evidence.front import find_front
from reconciler.desired.evidence.gather import start_pass
from reconciler.desired.evidence.graph import CommitGraph
from reconciler.desired.evidence.line_pass import LinePass
from reconciler.desired.git.repository import Repository, explain_absence
from reconciler.errors import Problem, Refused, UsageError
from reconciler.pipeline.desired.commit_states import CommitStates, find_tenant_name
from reconciler.pipeline.desired.current_state import Base, Head, now_in_utc
from reconciler.pipeline.record.tenant_record import RecordMode, TenantRecord, describe_refusal, read_record


@dataclass(frozen=True, slots=True)
class History:
    """What a command knows of the past: the record, the states of commits, and the pass over git's lines.

    `work` is None where there is no commit that anything could be known from; `cut` says why the history can't be read.
    """

    head: Head
    record: TenantRecord
    states: CommitStates
    work: LinePass | None = None
    graph: CommitGraph | None = None
    cut: Problem | None = None

    @property
    def unknown(self) -> Problem | None:
        """Why it can't be known who was ours, if so."""
        return self.record.unknown or self.cut

    def raise_unknown(self) -> None:
        """Raises Refused where ownership is not known."""
        if self.unknown is not None:
            raise Refused(str(self.unknown), (self.unknown,))


@contextmanager
def open_history(head: Head, mode: RecordMode = "remote") -> Iterator[History]:
    """Reads the record and starts the pass over git's lines, which works until the end of the block."""
    record = read_record(head, mode)
    days = {entry.record.commit: date.fromisoformat(entry.record.as_of) for entry in record.history.entries}
    history = History(head, record, CommitStates(head, days))
    if head.repository is None or record.branch is None:
        yield history
        return
    with start_pass(head.repository, record.history) as work:
        try:
            history = replace(history, work=work, graph=work.graph())
        except Refused as error:
            history = replace(history, cut=describe_refusal(error))
        yield history


def find_base(history: History, named: str | None, *, front: bool = False) -> Base:
    """Returns the state where this branch parted from `--base`, else that of the last whole apply, and what they say.

    With a base, the state applied last shows which merged changes still wait to be applied. With `front`, the
    states of all commits that were begun or applied since the last whole apply come with it.
    """
    commit = _repository(history.head, named).merge_base(named) if named is not None else None
    return _find_base(history, commit, front=front)


def find_applied(history: History, named: str | None) -> Base:
    """Returns the state at exactly that revision, which was applied, else that of the last whole apply.

    Where none was whole, that of the last apply there was.
    """
    if named is not None:
        return _find_base(history, _repository(history.head, named).commit_named(named), front=False)
    base = _find_base(history, None, front=False)
    last = find_last_apply(history.graph, history.record.history) if history.graph and base.commit is None else None
    return _find_base(history, last.record.commit, front=False) if last else base


def _repository(head: Head, named: str) -> Repository:
    if head.repository is None:
        raise UsageError(f'"{named}" is a revision of git, and {explain_absence()}')
    return head.repository


def _find_base(history: History, named: str | None, *, front: bool) -> Base:
    last = find_last_whole(history.graph, history.record.history) if history.graph else None
    applied = last.record.commit if last else None
    commits = [one for one in dict.fromkeys((named, applied)) if one is not None]
    states = [history.states.at(commit) for commit in commits]
    problems = [one.problem for one in states if one.problem is not None]
    base = Base(
        earlier=Earlier(
            base=states[0].state if states else None,
            applied=states[-1].state if len(states) > 1 else None,
        ),
        commit=commits[0] if commits else None,
        population=_population(history),
        applied=last is not None and states[-1].state is not None,
        problems=tuple(
            dict.fromkeys(
                [
                    *problems,
                    *(problem for commit in commits for problem in history.states.tell_filter_changes(commit)),
                    *_warn_of_history(history),
                ]
            )
        ),
        loaded={one.commit: one.loaded for one in states if one.loaded is not None},
        record=_note(history),
        done=history.record.history.effects_since(now_in_utc() - history.head.guardrails.within),
        refusals=tuple(_refusals(history)),
    )
    return with_front(history, base) if front else base


def with_front(history: History, base: Base) -> Base:
    """Returns the base with the states of the commits begun or applied since the last whole apply."""
    if history.work is None or history.unknown is not None:
        return base
    found = find_front(history.work, history.record.history, history.states.compile, history.head.desired)
    earlier = replace(base.earlier, front=tuple(found.states.values()), touched=found.keys)
    missing = tuple(Problem("incomplete_history", one, severity="warning") for one in found.incomplete)
    return replace(base, earlier=earlier, problems=(*base.problems, *missing))


def _population(history: History) -> int | None:
    """How many active users the account had after the last apply that counted them."""
    counted = reversed(history.record.history.counted())
    return next((one.record.population for one in counted if one.record.population is not None), None)


def _note(history: History) -> RecordNote:
    ended, full = history.record.history.last_ended(), history.record.history.last_full()
    return RecordNote(
        serial=ended.record.serial if ended else None,
        full_since=full.record.serial if full else None,
        known=history.unknown is None,
        unsettled=history.record.history.unsettled,
        ignored=history.record.history.ignored,
        made_on=now_in_utc().date().isoformat(),
    )


def _refusals(history: History) -> Iterator[Problem]:
    """What the record has against any apply of this folder."""
    if history.unknown is not None:
        yield history.unknown
        return
    branch = history.record.branch
    if branch is not None and history.head.repository is not None:
        refusal = check_own_folder(history.head.repository, branch.name, history.record.history)
        if refusal is not None:
            yield refusal.as_problem()


def _warn_of_history(history: History) -> Iterator[Problem]:
    """Yields what is missing of the past and refuses no plan."""
    head = history.head
    if history.unknown is not None:
        return
    if head.repository is None:
        yield _no_history(explain_absence())
    elif history.graph is None:
        yield _no_history("nothing is committed here yet")
    elif not history.record.history.entries:
        yield _no_history(f"no apply to {head.tenant_name} is on record")
    else:
        refusal = check_line(history.graph, history.record.history)
        if refusal is not None and refusal.exit_code:
            yield replace(refusal.as_problem(), severity="warning")


def _no_history(why: str) -> Problem:
    return Problem("no_history", f"{why}: the plan can't tell who left git", severity="info")


SETTINGS = ("url", "scope", "on_out_of_scope", "on_removed", "dialect", "roles_via", "permissions")


def find_full_reason(history: History) -> str | None:
    """Returns why a plan must read the whole account, or None where a plan about git's changes is enough.

    It is enough after a whole full apply of a commit that leads to HEAD, with the settings of HEAD.
    """
    head, record, graph = history.head, history.record.history, history.graph
    if history.unknown is not None:
        return history.unknown.message
    if record.recovered:
        return "no whole apply that looked at everybody followed the recovery of the record"
    full = find_last_full(graph, record) if graph else None
    if full is None:
        return "no whole apply that looked at everybody is on record for this line"
    then = history.states.at(full.record.commit)
    if then.loaded is None or then.state is None:
        return f"what apply #{full.record.serial} applied can't be compiled any more"
    name = find_tenant_name(head, then.loaded)
    before = then.loaded.declarations.tenants[str(name)].tenant
    changed = [one for one in SETTINGS if getattr(before, one) != getattr(head.tenant, one)]
    matching = (then.state.matching, then.state.group_matching)
    if matching != (head.desired.matching, head.desired.group_matching):
        changed.append("the matching attributes")
    return f"{', '.join(changed)} changed since apply #{full.record.serial}" if changed else None
