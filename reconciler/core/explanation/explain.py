"""Explains why a declared user is in scope or not, and which edit of git would flip that.

An explanation has each filter and clause with its value, each role with its path, each attribute with its origin, and
the smallest edit that flips the verdict, found by trials.

Every verdict comes from `compile_state`, on the declarations as written or as edited.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from reconciler.core.access.compile import compile_state
from reconciler.core.access.edited import only_what_concerns
from reconciler.core.access.mapping import describe_origin
from reconciler.core.access.membership import Membership, expand_membership
from reconciler.core.access.role_paths import find_paths
from reconciler.core.access.scope import Subject, compile_clause, read_values, spell
from reconciler.core.declarations.clause import Clause
from reconciler.core.declarations.declared import Declarations
from reconciler.core.declarations.redaction import REDACTED, Redaction
from reconciler.core.explanation.account_view import AccountSide
from reconciler.core.explanation.flip import find_flip
from reconciler.core.model.frozen import Frozen
from reconciler.core.model.resources import DesiredUser, Key, Value
from reconciler.core.model.scalar import as_text
from reconciler.errors import Source


class ExplainedClause(Frozen):
    """One clause, the value it tests, and its source line."""

    clause: str
    holds: bool
    actual: str
    source: Source


class ExplainedFilter(Frozen):
    """A filter, and whether all its clauses hold."""

    title: str
    holds: bool
    clauses: tuple[ExplainedClause, ...]
    source: Source


class ExplainedRole(Frozen):
    """A role from one assignment, given directly or through a chain of groups.

    `counts` is false after the last day, and for `default_access`, which grants nothing.
    """

    role: str
    through: tuple[str, ...]
    counts: bool
    expires: str | None
    reason: str | None
    source: Source


class ExplainedAttribute(Frozen):
    """A target attribute, its value, and the origin of the value."""

    target: str
    value: Value
    origin: str
    source: Source


class Flip(Frozen):
    """The fewest edits that flip the verdict, and the verdict after them."""

    edits: tuple[str, ...]
    verdict: str


class Explanation(Frozen):
    """The explanation of one user in one tenant on one day; `account` is None if the account was not read."""

    key: str
    name: str
    tenant: str
    as_of: str
    in_scope: bool
    verdict: str
    source: Source
    filters: tuple[ExplainedFilter, ...]
    roles: tuple[ExplainedRole, ...]
    attributes: tuple[ExplainedAttribute, ...]
    flip: Flip | None
    account: AccountSide | None = None


def explain_user(
    declarations: Declarations, tenant: str, name: str, today: date, account: AccountSide | None = None
) -> Explanation:
    """Explains a declared user; raises KeyError if git does not declare the name."""
    flip = find_flip(declarations, tenant, name, today)
    declarations = only_what_concerns(declarations, name)
    membership = expand_membership(declarations)
    user = compile_state(declarations, tenant, today).users[Key("user", name)]
    redaction = Redaction(declarations.redact)
    return Explanation(
        key=str(user.key),
        name=name if redaction.covers_what_people_are_called else user.name,
        tenant=tenant,
        as_of=today.isoformat(),
        in_scope=user.in_scope,
        verdict=user.reason,
        source=user.source,
        filters=tuple(_filters(declarations, tenant, name, membership)),
        roles=tuple(_roles(declarations, membership, name, today)),
        attributes=tuple(_attributes(declarations, tenant, user)),
        flip=Flip(edits=flip.edits, verdict=flip.verdict) if flip else None,
        account=account,
    )


def _filters(declarations: Declarations, tenant: str, name: str, membership: Membership) -> Iterable[ExplainedFilter]:
    attributes = declarations.users[name].source_attributes
    subject = Subject(attributes, membership.groups_of.get(name, frozenset()))
    filters = declarations.tenants[tenant].filters or declarations.filters
    for declared in filters.users:
        clauses = tuple(_clause(clause, subject) for clause in declared.clauses)
        holds = all(clause.holds for clause in clauses)
        yield ExplainedFilter(title=declared.title, holds=holds, clauses=clauses, source=declared.source)


def _clause(clause: Clause, subject: Subject) -> ExplainedClause:
    values = ", ".join(map(as_text, read_values(subject.attributes, clause.attribute)))
    if clause.operator.value == "IS_MEMBER_OF":
        values = ", ".join(sorted(subject.groups))
    elif clause.redacted and values:
        values = REDACTED
    holds = compile_clause(clause)(subject)
    return ExplainedClause(clause=spell(clause), holds=holds, actual=values or "unassigned", source=clause.source)


def _roles(declarations: Declarations, membership: Membership, name: str, today: date) -> Iterable[ExplainedRole]:
    for path in find_paths(declarations, membership, name):
        assignment = path.declared.assignment
        yield ExplainedRole(
            role=assignment.role,
            through=path.through,
            counts=path.counts(today),
            expires=assignment.expires.isoformat() if assignment.expires else None,
            reason=assignment.reason,
            source=path.declared.source,
        )


def _attributes(declarations: Declarations, tenant: str, user: DesiredUser) -> Iterable[ExplainedAttribute]:
    rules = (declarations.tenants[tenant].mappings or declarations.mappings).users
    redaction = Redaction(declarations.redact)
    for target, value in sorted({**user.on_create, **user.attributes}.items()):
        origin, source = describe_origin(rules, target, declarations.users[user.key.name].attributes)
        shown = redaction.redact(target, value)
        yield ExplainedAttribute(target=target, value=shown, origin=origin, source=source or user.source)
