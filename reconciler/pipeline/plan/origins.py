"""Which line, commit and author each change of a plan comes from.

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
from reconciler.pipeline.desired.current_state import Base, Head


def trace(head: Head, base: Base, plan: Plan) -> Plan:
    """The plan, each change with the line that it rests on, and who wrote that line last, or took it away."""
    if not plan.changes:
        return plan
    origins = _origins(head, base)
    behind = {change.id: origins.find(change) for change in plan.changes}
    touched = _find_touched(head, base, {statement for found in behind.values() for statement in found})

    def traced(change: Change) -> Change:
        if not behind[change.id]:
            return change
        return change.model_copy(update={"source": newest([touched[one] for one in behind[change.id]])})

    return plan.model_copy(update={"changes": tuple(map(traced, plan.changes))})


def _origins(head: Head, base: Base) -> Origins:
    before = tuple(Revision(loaded.declarations, commit) for commit, loaded in base.loaded.items())
    return Origins(head.tenant_name, head.today, Revision(head.loaded.declarations), before)


def _find_touched(head: Head, base: Base, statements: Iterable[Statement]) -> Mapping[Statement, BlamedLine]:
    touched = {one: _place(one, base.loaded[one.stood_at] if one.stood_at else head.loaded) for one in statements}
    if head.repository is None:
        return touched
    written = blame(head.repository, head.commit, [line.source for one, line in touched.items() if not one.stood_at])
    touched |= {one: written.get(line.source, line) for one, line in touched.items() if not one.stood_at}
    if head.commit is None:
        return touched  # what is not committed is taken away by no commit
    for stood_at in base.loaded:
        gone = {one: line for one, line in touched.items() if one.stood_at == stood_at}
        if gone:
            folders = [find_folder_at(head.repository, stood_at), head.repository.folder]
            touched |= find_removals(head.repository, stood_at, head.commit, folders, gone)
    return touched


def _place(statement: Statement, loaded: Loaded) -> BlamedLine:
    """The statement's own line in its file, or that of the declaration that it is part of."""
    file = loaded.files.get(statement.source.file)
    line = find_line(file.document, statement) if file is not None else None
    return BlamedLine(replace(statement.source, line=line or statement.source.line))
