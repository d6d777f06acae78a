"""Attaches to each change of a plan the line, commit and author that it comes from.

`core/explanation/origin` names the statements; git names their lines and authors. Nothing else of the plan changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    """Returns the plan, each change with its line and the last author of the line, or the author who removed it."""
    if not plan.changes:
        return plan
    lines = _find_lines(current, prior, plan.changes)

    def attach_source(change: Change) -> Change:
        return change.model_copy(update={"source": newest(lines[change.id])}) if lines[change.id] else change

    return plan.model_copy(update={"changes": tuple(map(attach_source, plan.changes))})


def find_commits(current: CurrentState, prior: PriorState, changes: Sequence[Change]) -> Mapping[str, frozenset[str]]:
    """Returns, by the id of each change, the commits that wrote or removed any of the lines behind it."""
    return {
        change: frozenset(line.source.commit for line in lines if line.source.commit is not None)
        for change, lines in _find_lines(current, prior, changes).items()
    }


def _find_lines(
    current: CurrentState, prior: PriorState, changes: Sequence[Change]
) -> Mapping[str, Sequence[BlamedLine]]:
    """Returns the blamed lines of the statements behind each change, by the id of the change."""
    before = tuple(Revision(loaded.declarations, commit) for commit, loaded in prior.loaded.items())
    origins = Origins(current.tenant_name, current.today, Revision(current.loaded.declarations), before)
    statements = {change.id: origins.find(change) for change in changes}
    blamed = _blame(current, prior, {statement for found in statements.values() for statement in found})
    return {change: [blamed[statement] for statement in found] for change, found in statements.items()}


def _blame(current: CurrentState, prior: PriorState, statements: Iterable[Statement]) -> Mapping[Statement, BlamedLine]:
    """Returns the line of each statement, with the commit that wrote it, or removed it since the prior state."""
    lines = {
        statement: _find_line(statement, prior.loaded[statement.stood_at] if statement.stood_at else current.loaded)
        for statement in statements
    }
    if current.repository is None:
        return lines
    present = {statement: line for statement, line in lines.items() if not statement.stood_at}
    written = blame(current.repository, current.commit, [line.source for line in present.values()])
    lines |= {statement: written.get(line.source, line) for statement, line in present.items()}
    if current.commit is None:
        return lines  # an uncommitted removal has no commit
    for commit in prior.loaded:
        removed = {statement: line for statement, line in lines.items() if statement.stood_at == commit}
        if removed:
            folders = [find_folder_at(current.repository, commit), current.repository.folder]
            lines |= find_removals(current.repository, commit, current.commit, folders, removed)
    return lines


def _find_line(statement: Statement, loaded: Loaded) -> BlamedLine:
    """Returns the statement's own line in its file, or the line of its declaration."""
    file = loaded.files.get(statement.source.file)
    line = find_line(file.document, statement) if file is not None else None
    return BlamedLine(replace(statement.source, line=line or statement.source.line))
