"""Finds all problems of a desired state at once, for every tenant or one. Needs no account."""

from __future__ import annotations

from datetime import date

from reconciler.core.access.compile import compile_state
from reconciler.core.declarations.token_expiry import warn_of_token
from reconciler.core.model.amounts import count
from reconciler.core.safety.duties import warn_of_breaches
from reconciler.desired.git.checkout import DesiredFiles
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
    ending = [problem for name in tenants for problem in warn_of_token(name, declarations.tenants[name], today)]
    found = dict.fromkeys([*loaded.problems, *compiling, *ending])
    counted = {"user": declarations.users, "group": declarations.groups, "tenant": tenants, "file": loaded.files}
    users, groups, accounts, read = (count(len(items), noun) for noun, items in counted.items())
    return list(found), f"{users}, {groups}, {accounts} in {read}"
