"""Compiles declarations into the desired state of one tenant on one day: membership, roles, scope, mapping.

Every verdict has one reason. Problems are collected, and all valid declarations still compile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from reconciler.core.access.access import Access, filters_of, make_access
from reconciler.core.access.breaches import find_breaches
from reconciler.core.access.clause_check import check_clauses
from reconciler.core.access.filter_sense import check_sense
from reconciler.core.access.lookalike import check_lookalikes
from reconciler.core.access.mapping import Mapper, matching_of
from reconciler.core.access.mapping_check import check_rules
from reconciler.core.access.matching_check import check_matching
from reconciler.core.access.membership import check_name
from reconciler.core.access.population import Population
from reconciler.core.access.value_check import find_errors
from reconciler.core.declarations.clause import Filters
from reconciler.core.declarations.declared import Declarations, DeclaredGroup, DeclaredUser
from reconciler.core.declarations.limit_exceptions import warn_of_exceptions
from reconciler.core.declarations.redaction import Redaction
from reconciler.core.declarations.secret_variables import check_secret_variables
from reconciler.core.declarations.settlement import check_settlements, check_was
from reconciler.core.declarations.tenant import Guardrails
from reconciler.core.declarations.tenant_names import check_tenant_names
from reconciler.core.model.matching import EXACT
from reconciler.core.model.name_forms import lower_name
from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key, parse_key
from reconciler.core.model.states import DesiredState
from reconciler.errors import Problem, Source


def compile_state(declarations: Declarations, tenant_name: str, today: date) -> DesiredState:
    """Compiles the desired state of a tenant on that day; the tenant must be declared. Problems are in the result."""
    declared_tenant = declarations.tenants[tenant_name]
    access = make_access(declarations, tenant_name, today)
    rules = declared_tenant.mappings or declarations.mappings
    mappers = _Mappers(Mapper(rules.users), Mapper(rules.groups))
    compiler = _Compiler(declarations, access, mappers)

    users = {Key("user", name): compiler.user(name, user) for name, user in declarations.users.items()}
    in_scope = {key.name: key for key, user in users.items() if user.in_scope}
    guardrails, dialect = guardrails_of(declarations, tenant_name), declared_tenant.tenant.dialect
    groups = {Key("group", name): compiler.group(name, group, in_scope) for name, group in declarations.groups.items()}
    return DesiredState(
        tenant=tenant_name,
        users=users,
        groups=groups,
        matching=matching_of("user", rules.users),
        group_matching=matching_of("group", rules.groups),
        problems=(
            *access.membership.problems,
            *access.holdings.problems,
            *_check_filters(declarations, filters_of(declarations, tenant_name)),
            *_check_managers(declarations, users.values()),
            *(found.problem for found in find_errors(users.values(), Redaction(declarations.redact))),
            *_check_mappings(mappers, *_populations(declarations)),
            *_check_protected(declarations, guardrails),
            *warn_of_exceptions(guardrails, today),
            *_check_names(users.values(), groups.values(), Redaction(declarations.redact)),
            *check_tenant_names(declarations.tenants),
            *(problem for problem, _path in check_secret_variables(declarations)),
            *_check_ownership(declarations),
            *check_matching("user", matching_of("user", rules.users), users, rules.places, dialect),
            *check_matching("group", matching_of("group", rules.groups), groups, rules.places, dialect),
        ),
        rules=rules.places,
        redact=declarations.redact,
        released=declarations.released,
        left=declarations.left,
        was=_previous_keys(declarations),
        ignores_removed=declared_tenant.tenant.on_removed == "ignore",
        ignores_out_of_scope=declared_tenant.tenant.on_out_of_scope == "ignore",
        breaches=tuple(
            find_breaches(declarations, access.membership, guardrails.separation_of_duties, users.values(), today)
        ),
    )


def guardrails_of(declarations: Declarations, tenant_name: str) -> Guardrails:
    """Returns the common guardrails, with each limit that the tenant declares in place of the common one."""
    common, own = declarations.guardrails, declarations.tenants[tenant_name].tenant.guardrails
    return common.model_copy(update={name: getattr(own, name) for name in own.model_fields_set}) if own else common


def _previous_keys(declarations: Declarations) -> dict[Key, tuple[Key, ...]]:
    """Returns the previous keys of each user and group that has some."""
    return {
        **{Key("user", name): user.was for name, user in declarations.users.items() if user.was},
        **{Key("group", name): group.was for name, group in declarations.groups.items() if group.was},
    }


def _check_ownership(declarations: Declarations) -> Iterable[Problem]:
    """Checks `released`, `left` and `was` against all declared keys."""
    declared: dict[Key, Source | None] = dict.fromkeys(declarations.broken)
    declared |= {Key("user", name): user.source for name, user in declarations.users.items()}
    declared |= {Key("group", name): group.source for name, group in declarations.groups.items()}
    yield from check_settlements(declarations.released, declarations.left, declared)
    yield from check_was(_previous_keys(declarations), declared)


@dataclass(frozen=True, slots=True)
class _Mappers:
    users: Mapper
    groups: Mapper


@dataclass(frozen=True, slots=True)
class _Compiler:
    declarations: Declarations
    access: Access
    mappers: _Mappers

    def user(self, name: str, declared: DeclaredUser) -> DesiredUser:
        key = Key("user", name)
        verdict = self.access.of_user(name, declared)
        mapped = self.mappers.users.map(key, declared.attributes)
        return DesiredUser(
            key=key,
            source=declared.source,
            attributes=mapped.always,
            on_create=mapped.on_create,
            in_scope=verdict.passes,
            reason=verdict.reason,
            roles=self._roles(name) if verdict.passes else None,
            declared_inactive=declared.attributes.get("active") is False,
        )

    def _roles(self, name: str) -> frozenset[str] | None:
        """Returns the roles of a user, or None if git has no role assignment at all: roles are then unmanaged."""
        return self.access.holdings.granted(name) if self.declarations.assignments else None

    def group(self, name: str, declared: DeclaredGroup, in_scope: Mapping[str, Key]) -> DesiredGroup:
        key = Key("group", name)
        mapped = self.mappers.groups.map(key, declared.attributes)
        verdict = self.access.of_group(name, declared.attributes)
        managed = declared.members is not None or declared.members_where is not None
        members = (in_scope[user] for user in self.access.membership.users_of[name] if user in in_scope)
        return DesiredGroup(
            key=key,
            source=declared.source,
            attributes=mapped.always,
            on_create=mapped.on_create,
            members=frozenset(members) if managed else None,
            authoritative=declared.membership == "authoritative",
            in_scope=verdict.passes,
            reason=f"declared in git; {verdict.reason}" if verdict.passes else verdict.reason,
        )


def _populations(declarations: Declarations) -> tuple[Population, Population]:
    """Returns the declared users and groups, as clauses and mappings read them."""
    users = Population({name: user.source_attributes for name, user in declarations.users.items()})
    groups = {name: {"externalId": name, **group.attributes} for name, group in declarations.groups.items()}
    return users, Population(groups, "group")


def _check_mappings(mappers: _Mappers, users: Population, groups: Population) -> Iterable[Problem]:
    """Yields what is wrong with a rule for all, else for which users or groups it fails."""
    for mapper, population in ((mappers.users, users), (mappers.groups, groups)):
        found = check_rules(mapper.rules, population)
        wrong = {problem.source for problem in found if problem.severity == "error"}
        yield from found
        yield from (problem for problem in mapper.problems() if problem.source not in wrong)


def _check_filters(declarations: Declarations, filters: Filters) -> Iterable[Problem]:
    users, groups = _populations(declarations)
    yield from check_clauses(
        [clause for scoping_filter in filters.users for clause in scoping_filter.clauses], users, declarations.groups
    )
    yield from check_clauses(
        [clause for scoping_filter in filters.groups for clause in scoping_filter.clauses], groups, declarations.groups
    )
    yield from check_sense(declarations, filters)


def _check_managers(declarations: Declarations, users: Iterable[DesiredUser]) -> Iterable[Problem]:
    for user in users:
        manager = parse_key(str(user.attributes.get("manager") or ""))
        if manager:
            yield from check_name(declarations, manager, user.source, f"users.{user.key.name}.manager")


def _check_protected(declarations: Declarations, guardrails: Guardrails) -> Iterable[Problem]:
    """Reports protected keys of users that are not declared, because they protect no user."""
    for reference in guardrails.protected:
        kind, _, name = reference.rpartition("/")
        known = name in declarations.users or Key("user", name) in declarations.broken
        if kind != "user" or not known:
            message = f'guardrails.protected: "{reference}" is not the key of a declared user'
            yield Problem("unknown_user", message, hint="write it like user/break.glass, or declare the user")


def _check_names(
    users: Collection[DesiredUser], groups: Collection[DesiredGroup], redaction: Redaction
) -> Iterable[Problem]:
    """Reports names of users and groups that are equal or look alike."""
    for attribute in ("externalId", "userName"):
        yield from _check_unique(attribute, users)
        yield from check_lookalikes(attribute, users, redaction)
    for attribute in ("externalId", "displayName"):
        yield from _check_unique(attribute, groups)
        yield from check_lookalikes(attribute, groups, redaction)


def _check_unique(attribute: str, resources: Iterable[DesiredUser | DesiredGroup]) -> Iterable[Problem]:
    """Reports two declarations with the same externalId, or with the same name, which services compare without case."""
    fold = str if attribute in EXACT else lower_name
    without_case = "" if attribute in EXACT else "it is compared without case: "
    first: dict[str, DesiredUser | DesiredGroup] = {}
    for resource in resources:
        value = str(resource.attributes.get(attribute) or "")
        other = first.setdefault(fold(value), resource)
        if value and other is not resource:
            message = f'{resource.key} and {other.key} (at {other.source}) have the same {attribute} "{value}"'
            yield Problem("same_name", message, resource.source, f"{without_case}change one of the two")
