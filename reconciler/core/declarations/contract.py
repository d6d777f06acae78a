"""Makes the JSON Schema (draft 2020-12) of the YAML contract, from the same types that validate the files.

Editors use it to complete and check a file. `validate` also checks references between files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import TypeAdapter

from reconciler.core.declarations.clause import ScopingFilters
from reconciler.core.declarations.declared import GroupDeclaration, RedactDeclaration, RoleAssignment, UserEntry
from reconciler.core.declarations.notifier import Notifier
from reconciler.core.declarations.rule import AttributeMappings
from reconciler.core.declarations.settlement import SettlementDeclaration
from reconciler.core.declarations.tenant import Guardrails, Tenant
from reconciler.core.model.messages import JsonObject

SECTIONS: Final[Mapping[str, TypeAdapter[Any]]] = {
    "tenants": TypeAdapter(dict[str, Tenant]),
    "guardrails": TypeAdapter(Guardrails),
    "users": TypeAdapter(dict[str, UserEntry]),
    "groups": TypeAdapter(dict[str, GroupDeclaration]),
    "role_assignments": TypeAdapter(list[RoleAssignment]),
    "scoping_filters": TypeAdapter(ScopingFilters),
    "attribute_mappings": TypeAdapter(AttributeMappings),
    "notifications": TypeAdapter(list[Notifier]),
    "redact": TypeAdapter(RedactDeclaration),
    "released": TypeAdapter(list[SettlementDeclaration]),
    "left": TypeAdapter(list[SettlementDeclaration]),
}


def make_schema() -> JsonObject:
    """Returns the schema of one file: every section is optional and may be empty; other sections are errors."""
    named, shared = TypeAdapter.json_schemas(
        [(name, "validation", adapter) for name, adapter in SECTIONS.items()], title="A file of the desired state"
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": shared["title"],
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"anyOf": [schema, {"type": "null"}]} for (name, _mode), schema in named.items()},
        "$defs": shared["$defs"],
    }
