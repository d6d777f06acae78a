"""The names of 4me's roles, and which of them need the role `specialist`.

Source: 4me's people permissions reference. `user` is plain access without a 4me role; `default_access` grants nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, TypeAlias

from pydantic import AfterValidator

from reconciler.core.model.suggest import did_you_mean

PLAIN_ACCESS = "user"
NO_ACCESS = "default_access"
OWNER = "account_owner"
SPECIALIST = "specialist"
NEED_NO_SPECIALIST = frozenset({SPECIALIST, "auditor", "account_designer", "account_administrator", "key_contact"})
CATALOGUE = NEED_NO_SPECIALIST | {
    "financial_manager",
    "service_desk_analyst",
    "service_desk_manager",
    "knowledge_manager",
    "problem_manager",
    "workflow_manager",
    "release_manager",
    "project_manager",
    "service_level_manager",
    "configuration_manager",
    "directory_auditor",
    "directory_designer",
    "directory_administrator",
    "workflow_automator_auditor",
    "workflow_automator_specialist",
}
ASSIGNABLE = CATALOGUE | {PLAIN_ACCESS, NO_ACCESS}
HELD = CATALOGUE | {OWNER}


def suggest_role(name: str, roles: Iterable[str]) -> str:
    """Returns a hint for a name that is not a role: the nearest role, else all roles."""
    return did_you_mean(name, roles) or f"the roles are: {', '.join(sorted(roles))}"


def _check_role(name: str) -> str:
    if name not in HELD:
        raise ValueError(f"is not a role of 4me ({suggest_role(name, HELD)})")
    return name


RoleName: TypeAlias = Annotated[str, AfterValidator(_check_role)]
