"""The line, commit and author that each change of a plan comes from.

Gathers from git what `core.origin` names, and puts it into the plan. Nothing else of the plan changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.core.changes.plan import Change, Plan
from reconciler.core.explanation.origin import BlamedLine, Origins, Revision, Statement, newest
from reconciler.desired.git.blame import blame
from reconciler.desired.git.folder_renames import find_folder_at
from reconciler.desired.git.removal_blame import find_removals
from reconciler.desired.yaml.load import Loaded
from reconciler.desired.yaml.statement_lines import find_line
from reconciler.pipeline.desired.current_state import CurrentState
from reconciler.pipeline.record.prior_state import PriorState


def trace(current: CurrentState, prior: PriorState, plan: Plan) -> Plan:
    """Returns the plan, each change with its line and the last author of that line, or the one who removed it."""
    if not plan.changes:
        return plan
    origins = _origins(current, prior)
    behind = {change.id: origins.find(change) for change in plan.changes}
    touched = _find_touched(current, prior, {statement for found in behind.values() for statement in found})

    def traced(change: Change) -> Change:
        if not behind[change.id]:
            return change
        return change.model_copy(update={"source": newest([touched[one] for one in behind[change.id]])})

    return plan.model_copy(update={"changes": tuple(map(traced, plan.changes))})


def _origins(current: CurrentState, prior: PriorState) -> Origins:
    before = tuple(Revision(loaded.declarations, commit) for commit, loaded in prior.loaded.items())
    return Origins(current.tenant_name, current.today, Revision(current.loaded.declarations), before)


def _find_touched(
    current: CurrentState, prior: PriorState, statements: Iterable[Statement]
) -> Mapping[Statement, BlamedLine]:
    touched = {one: _place(one, prior.loaded[one.stood_at] if one.stood_at else current.loaded) for one in statements}
    if current.repository is None:
        return touched
    written = blame(
        current.repository, current.commit, [line.source for one, line in touched.items() if not one.stood_at]
    )
    touched |= {one: written.get(line.source, line) for one, line in touched.items() if not one.stood_at}
    if current.commit is None:
        return touched  # what is not committed is taken away by no commit
    for stood_at in prior.loaded:
        gone = {one: line for one, line in touched.items() if one.stood_at == stood_at}
        if gone:
            folders = [find_folder_at(current.repository, stood_at), current.repository.folder]
            touched |= find_removals(current.repository, stood_at, current.commit, folders, gone)
    return touched


def _place(statement: Statement, loaded: Loaded) -> BlamedLine:
    """Returns the statement's own line in its file, or the line of its declaration."""
    file = loaded.files.get(statement.source.file)
    line = find_line(file.document, statement) if file is not None else None
    return BlamedLine(replace(statement.source, line=line or statement.source.line))
