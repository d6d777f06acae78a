"""Finds all problems of a desired state at once, for every tenant or one. Needs no account."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from reconciler.core.access.compile import compile_state
from reconciler.core.access.value_check import ValueFinding, find_errors, find_warnings
from reconciler.core.declarations.declared import Declarations
from reconciler.core.declarations.redaction import Redaction
from reconciler.core.declarations.secret_variables import check_secret_variables
from reconciler.core.declarations.token_expiry import warn_of_token
from reconciler.core.explanation.origin import Statement
from reconciler.core.model.amounts import count
from reconciler.core.model.states import DesiredState
from reconciler.core.safety.duties import warn_of_breaches
from reconciler.desired.git.checkout import DesiredFiles
from reconciler.desired.yaml.load import Loaded
from reconciler.desired.yaml.statement_lines import find_line
from reconciler.errors import Problem
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.desired.current_state import choose_tenant, load_files
from reconciler.pipeline.workspace import Workspace


def check_files(workspace: Workspace, as_of: date | None, files: DesiredFiles) -> tuple[list[Problem], str]:
    """Returns the problems of reading, and of compiling for the named tenant or for each; and the counts in words.

    Raises IncompleteInput if a file can't be read.
    """
    loaded = load_files(workspace, files)
    declarations = loaded.declarations
    tenants = [choose_tenant(declarations, workspace.tenant)] if workspace.tenant else list(declarations.tenants)
    today = as_of or now_in_utc().date()
    states = [compile_state(declarations, tenant, today) for tenant in tenants]
    compiling = [problem for state in states for problem in (*state.problems, *warn_of_breaches(state.breaches))]
    values = {found.problem: _locate(found, loaded) for state in states for found in _check_values(declarations, state)}
    named = (ValueFinding(problem, path) for problem, path in check_secret_variables(declarations))
    values |= {found.problem: _locate(found, loaded) for found in named}
    ending = [problem for name in tenants for problem in warn_of_token(name, declarations.tenants[name], today)]
    problems = (values.get(problem, problem) for problem in [*loaded.problems, *compiling, *ending])
    found = dict.fromkeys([*problems, *values.values()])
    counted = {"user": declarations.users, "group": declarations.groups, "tenant": tenants, "file": loaded.files}
    users, groups, accounts, read = (count(len(items), noun) for noun, items in counted.items())
    return list(found), f"{users}, {groups}, {accounts} in {read}"


def _check_values(declarations: Declarations, state: DesiredState) -> list[ValueFinding]:
    """Returns the errors and warnings about the values; a plan shows the errors only."""
    return [
        *find_errors(state.users.values(), Redaction(declarations.redact)),
        *find_warnings(declarations, state),
    ]


def _locate(found: ValueFinding, loaded: Loaded) -> Problem:
    """Returns the problem at the line of the value, else at the line of the user or group."""
    source = found.problem.source
    file = loaded.files.get(source.file) if source else None
    if source is None or file is None:
        return found.problem
    line = find_line(file.document, Statement(source, found.path))
    return replace(found.problem, source=replace(source, line=line or source.line))
