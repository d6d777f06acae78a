"""Attribute mappings as written in YAML: each has one target and the origin of its value.

`core.access.mapping` applies them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from reconciler.core.declarations.strict import Declaration, Scalar
from reconciler.core.model.resources import Kind
from reconciler.core.model.suggest import did_you_mean
from reconciler.errors import Source

OF_MANY = frozenset({"emails", "phoneNumbers", "ims", "photos", "entitlements", "addresses"})
USER_TARGETS = OF_MANY | {
    "externalId",
    "userName",
    "displayName",
    "nickName",
    "profileUrl",
    "title",
    "userType",
    "preferredLanguage",
    "locale",
    "timezone",
    "employeeNumber",
    "costCenter",
    "organization",
    "division",
    "department",
    "manager",
    "site",
    "location",
    "supportID",
    "name.formatted",
    "name.familyName",
    "name.givenName",
    "name.middleName",
    "name.honorificPrefix",
    "name.honorificSuffix",
}
GROUP_TARGETS = frozenset({"externalId", "displayName", "groupType"})
READ_ONLY = {
    "id": "the account assigns it",
    "meta": "the account maintains it",
    "groups": "membership is declared on the group",
    "password": "passwords are never provisioned",
    "active": "scope decides it",
    "roles": "role_assignments give them",
    "members": "membership is declared on the group",
}


class MappingRule(Declaration):
    """The origin of one target attribute; it replaces the default, the source attribute of the same name."""

    target: str
    source: str | None = None
    constant: Scalar = None
    expression: str | None = None
    default: Scalar = None
    apply: Literal["always", "on_create"] = "always"
    matching: int | None = Field(default=None, ge=1)

    @field_validator("target")
    @classmethod
    def _may_be_written(cls, target: str) -> str:
        if target in READ_ONLY:
            raise ValueError(f"can't be a target: {READ_ONLY[target]}")
        return target

    @field_validator("expression")
    @classmethod
    def _compiles(cls, expression: str | None) -> str | None:
        if expression is None:
            raise ValueError("is empty: write an expression, or remove it")
        from reconciler.core.expressions.expression import Expression  # noqa: PLC0415  # brings jinja2, which few mappings need

        Expression(expression)
        return expression

    @model_validator(mode="after")
    def _has_one_origin(self) -> MappingRule:
        given = self.model_fields_set & {"source", "constant", "expression"}
        if len(given) != 1 or ("source" in given and self.source is None):
            raise ValueError("needs exactly one origin: `source`, `constant` or `expression`")
        if "default" in self.model_fields_set and "source" not in given:
            raise ValueError("has a `default` without a `source`: in an expression, use coalesce(…)")
        if self.target in OF_MANY | {"manager"} and "source" not in given:
            raise ValueError(f"maps {self.target}, which is not a single text: map it from a `source`")
        if self.matching and self.apply == "on_create":
            raise ValueError("has `matching` and `apply: on_create`, but matching needs `apply: always`: remove one")
        return self


def _check_user_target(rule: MappingRule) -> MappingRule:
    return rule if rule.target.startswith("customFields.") else _check_target(USER_TARGETS, rule)


def _check_group_target(rule: MappingRule) -> MappingRule:
    return _check_target(GROUP_TARGETS, rule)


def _check_target(known: frozenset[str], rule: MappingRule) -> MappingRule:
    if rule.target not in known:
        hint = did_you_mean(rule.target, known) or f"the targets are {', '.join(sorted(known))}"
        raise ValueError(f'"{rule.target}" is not an attribute that can be written: {hint}')
    return rule


class AttributeMappings(Declaration):
    """Rules for users and for groups, at most one for each target."""

    users: list[Annotated[MappingRule, AfterValidator(_check_user_target)]] = Field(default_factory=list)
    groups: list[Annotated[MappingRule, AfterValidator(_check_group_target)]] = Field(default_factory=list)

    @model_validator(mode="after")
    def _has_unique_targets(self) -> AttributeMappings:
        for rules in (self.users, self.groups):
            targets = [rule.target for rule in rules]
            for target in targets:
                if targets.count(target) > 1:
                    raise ValueError(f'"{target}" is mapped more than once: keep one of the rules')
        return self


@dataclass(frozen=True, slots=True)
class LocatedRule:
    """A rule with its line in YAML."""

    rule: MappingRule
    source: Source


@dataclass(frozen=True, slots=True)
class Mappings:
    """The rules that apply to one tenant."""

    users: tuple[LocatedRule, ...] = ()
    groups: tuple[LocatedRule, ...] = ()

    @property
    def places(self) -> dict[tuple[Kind, str], Source]:
        """The line of each rule, by kind and target."""
        by_kind: tuple[tuple[Kind, tuple[LocatedRule, ...]], ...] = (("user", self.users), ("group", self.groups))
        return {(kind, located.rule.target): located.source for kind, rules in by_kind for located in rules}
