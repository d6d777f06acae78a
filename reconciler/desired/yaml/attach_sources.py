"""Valid declarations → declarations whose filters, clauses and rules have their file and line. Checks nothing."""

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
    """Returns the tenant, with its own filters and mappings."""
    filters, mappings = tenant.scoping_filters, tenant.attribute_mappings
    return DeclaredTenant(
        tenant=tenant,
        source=entry.source,
        filters=attach_filter_sources(entry.document, entry.value, filters) if filters else None,
        mappings=attach_mapping_sources(entry.document, entry.value, mappings) if mappings else None,
    )


def attach_group_sources(group: GroupDeclaration, entry: Entry) -> DeclaredGroup:
    """Returns the group, with the attributes that the file declares; the others are unmanaged."""
    where = group.members_where
    return DeclaredGroup(
        attributes={name: getattr(group, name) for name in GROUP_ATTRIBUTES if name in group.model_fields_set},
        membership=group.membership,
        members=tuple(group.members or ()) if "members" in group.model_fields_set else None,
        members_where=None if where is None else _attach_clauses(entry.document, entry.value, "members_where", where),
        source=entry.source,
        was=parse_was("group", group.was),
    )


def attach_filter_sources(document: Document, container: object, declared: ScopingFilters) -> Filters:
    """Returns the filters under `container["scoping_filters"]`, each clause with its line."""
    written = child(container, "scoping_filters")

    def attach(kind: Kind, filters: list[FilterDeclaration]) -> tuple[Filter, ...]:
        listed = child(written, f"{kind}s")
        return tuple(
            Filter(
                title=declaration.title,
                clauses=_attach_clauses(document, child(listed, index), "clauses", declaration.clauses),
                source=document.source(document.mark_of(listed, index)),
            )
            for index, declaration in enumerate(filters)
        )

    return Filters(attach("user", declared.users), attach("group", declared.groups))


def attach_mapping_sources(document: Document, container: object, declared: AttributeMappings) -> Mappings:
    """Returns the rules under `container["attribute_mappings"]`, each with its line."""
    written = child(container, "attribute_mappings")

    def attach(kind: str, rules: list[MappingRule]) -> tuple[LocatedRule, ...]:
        listed = child(written, kind)
        sources = (document.source(document.mark_of(listed, index)) for index in range(len(rules)))
        return tuple(LocatedRule(rule, source) for rule, source in zip(rules, sources, strict=True))

    return Mappings(attach("users", declared.users), attach("groups", declared.groups))


def _attach_clauses(
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
