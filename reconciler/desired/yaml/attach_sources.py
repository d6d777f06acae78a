"""What was read and is valid → declarations whose filters, clauses and rules know their places. Judges nothing."""

from __future__ import annotations

from reconciler.core.declarations.clause import (
    Clause,
    ClauseDeclaration,
    Filter,
    FilterDeclaration,
    Filters,
    ScopingFilters,
)
from reconciler.core.declarations.declared import DeclaredGroup, DeclaredTenant, GroupDeclaration
from reconciler.core.declarations.rule import AttributeMappings, LocatedRule, MappingRule, Mappings
from reconciler.core.declarations.settlement import parse_was
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.resources import Kind
from reconciler.desired.yaml.messages import Entry, child
from reconciler.desired.yaml.reader import Document

GROUP_ATTRIBUTES = ("externalId", "displayName", "groupType")


def attach_tenant_sources(tenant: Tenant, entry: Entry) -> DeclaredTenant:
    """The tenant, with the filters and mappings of its own."""
    filters, mappings = tenant.scoping_filters, tenant.attribute_mappings
    return DeclaredTenant(
        tenant=tenant,
        source=entry.source,
        filters=attach_filter_sources(entry.document, entry.value, filters) if filters else None,
        mappings=attach_mapping_sources(entry.document, entry.value, mappings) if mappings else None,
    )


def attach_group_sources(group: GroupDeclaration, entry: Entry) -> DeclaredGroup:
    """The group, with what was written of it; what was not is unmanaged."""
    where = group.members_where
    return DeclaredGroup(
        attributes={name: getattr(group, name) for name in GROUP_ATTRIBUTES if name in group.model_fields_set},
        membership=group.membership,
        members=tuple(group.members or ()) if "members" in group.model_fields_set else None,
        members_where=None if where is None else _locate_clauses(entry.document, entry.value, "members_where", where),
        source=entry.source,
        was=parse_was("group", group.was),
    )


def attach_filter_sources(document: Document, container: object, declared: ScopingFilters) -> Filters:
    """The filters under `container["scoping_filters"]`, each clause with its place."""
    written = child(container, "scoping_filters")

    def located(kind: Kind, filters: list[FilterDeclaration]) -> tuple[Filter, ...]:
        listed = child(written, f"{kind}s")
        return tuple(
            Filter(
                title=declaration.title,
                clauses=_locate_clauses(document, child(listed, index), "clauses", declaration.clauses),
                source=document.source(document.mark_of(listed, index)),
            )
            for index, declaration in enumerate(filters)
        )

    return Filters(located("user", declared.users), located("group", declared.groups))


def attach_mapping_sources(document: Document, container: object, declared: AttributeMappings) -> Mappings:
    """The rules under `container["attribute_mappings"]`, each with its place."""
    written = child(container, "attribute_mappings")

    def located(kind: str, rules: list[MappingRule]) -> tuple[LocatedRule, ...]:
        listed = child(written, kind)
        places = (document.source(document.mark_of(listed, index)) for index in range(len(rules)))
        return tuple(LocatedRule(rule, place) for rule, place in zip(rules, places, strict=True))

    return Mappings(located("users", declared.users), located("groups", declared.groups))


def _locate_clauses(
    document: Document, container: object, key: str, declared: list[ClauseDeclaration]
) -> tuple[Clause, ...]:
    listed = child(container, key)
    return tuple(
        Clause(
            attribute=clause.attribute,
            operator=clause.operator,
            value=clause.value,
            case_sensitive=clause.case_sensitive,
            quantifier=clause.quantifier,
            source=document.source(document.mark_of(listed, index)),
        )
        for index, clause in enumerate(declared)
    )
