"""Maps source attributes to target attributes, flat and in RFC 7643's spelling.

By default, a target is the source attribute of the same name, and `externalId` is the key if it is not declared. A
rule replaces the default for its target. A missing value of an expression is a problem, never an empty text.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

from reconciler.core.access.scope import path_steps, read_values
from reconciler.core.declarations.rule import OF_MANY, LocatedRule
from reconciler.core.expressions.wrong_expression import WrongExpression
from reconciler.core.model.amounts import few
from reconciler.core.model.diff import canonical
from reconciler.core.model.resources import Key, Value
from reconciler.core.model.scalar import as_text
from reconciler.errors import Problem, Source

NOT_TARGETS = {"active", "attributes"}
NESTED = {"name", "customFields"}
KEY = "key"
DEFAULT_MATCHING = {"user": ("externalId", "userName"), "group": ("externalId", "displayName")}
NOTHING = object()
SourceAttributes: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Mapped:
    """The managed target attributes: absent is unmanaged, None is cleared; `on_create` are written on create only."""

    always: Mapping[str, Value]
    on_create: Mapping[str, Value]


@dataclass(slots=True)
class Mapper:
    """Maps one declaration after another, and collects failures by the number of the rule."""

    rules: Sequence[LocatedRule]
    failures: dict[int, list[tuple[Key, WrongExpression]]] = field(default_factory=dict)
    _origins: list[Callable[[Key, SourceAttributes], object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._origins = [_origin(rule) for rule in self.rules]

    def map(self, key: Key, declared: SourceAttributes) -> Mapped:
        """Returns the targets of one declaration; if a rule fails for it, the rule's target is unmanaged."""
        always = _by_default(key, declared)
        on_create: dict[str, Value] = {}
        for number, (located, origin) in enumerate(zip(self.rules, self._origins, strict=True)):
            rule = located.rule
            always.pop(rule.target, None)
            written = on_create if rule.apply == "on_create" else always
            try:
                value = origin(key, declared)
                if value is not NOTHING:
                    written[rule.target] = _target(rule.target, value)
            except WrongExpression as error:
                self.failures.setdefault(number, []).append((key, error))
        return Mapped(always, on_create)

    def problems(self) -> list[Problem]:
        """Returns a problem for each rule that failed, with the first user or group and the number of others."""
        return [
            Problem(
                "mapping",
                f"the mapping to {self.rules[number].rule.target} fails for {few(failed, 1, _spell_failure)}",
                self.rules[number].source,
                _advise(failed[0][1]),
            )
            for number, failed in self.failures.items()
        ]


def _spell_failure(failure: tuple[Key, WrongExpression]) -> str:
    return f"{failure[0]} ({failure[1]})"


def _advise(error: WrongExpression) -> str:
    """Returns what to do about a failed expression: declare the missing attribute, or add a fallback."""
    if error.missing is None:
        return "correct the expression or the values; coalesce(a, b) takes the first that is neither absent nor null"
    return f"declare {error.missing}, or give the expression a fallback: coalesce({error.missing}, 'a value')"


def matching_of(kind: str, rules: Sequence[LocatedRule]) -> tuple[str, ...]:
    """Returns the matching attributes in order of precedence: those with `matching` in a rule, else the default."""
    named = sorted((located.rule.matching, located.rule.target) for located in rules if located.rule.matching)
    return tuple(target for _precedence, target in named) or DEFAULT_MATCHING[kind]


def describe_origin(
    rules: Sequence[LocatedRule], target: str, declared: Container[str] = ()
) -> tuple[str, Source | None]:
    """Describes the origin of a target attribute in words, and returns the line of its rule, if it has one."""
    for located in rules:
        rule = located.rule
        if rule.target != target:
            continue
        when = ", on create only" if rule.apply == "on_create" else ""
        if rule.expression is not None:
            return f"expression {rule.expression}{when}", located.source
        if rule.source is None:
            return f"constant{when}", located.source
        return f"source {rule.source}{when}", located.source
    return ("the key" if target == "externalId" and target not in declared else f"source {target}"), None


def _origin(located: LocatedRule) -> Callable[[Key, SourceAttributes], object]:
    """Returns the function that reads a rule's value from a declaration; NOTHING leaves the target unmanaged."""
    rule = located.rule
    if rule.expression is not None:
        from reconciler.core.expressions.expression import Expression  # noqa: PLC0415  # brings jinja2, which few mappings need

        expression = Expression(rule.expression)
        return lambda key, declared: expression.evaluate(_names(key, declared))
    if rule.source is None:
        return lambda _key, _declared: rule.constant
    path = rule.source
    if path == KEY:
        return lambda key, _declared: key.name
    return lambda _key, declared: _direct(path, rule.default, declared)


def _direct(path: str, default: object, declared: SourceAttributes) -> object:
    values = read_values(declared, path)
    if not values:
        return default if default is not None else _null_or_nothing(path, declared)
    value: object = declared
    for step in path_steps(path):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value if isinstance(value, list | Mapping) else values[0]


def _null_or_nothing(path: str, declared: SourceAttributes) -> object:
    """Returns None, which clears the target, if the source is declared as null; else NOTHING."""
    *outer, last = path.split(".")
    parents: list[object] = [declared, declared.get("attributes")]
    for step in outer:
        parents = [parent.get(step) for parent in parents if isinstance(parent, Mapping)]
    return None if any(isinstance(parent, Mapping) and last in parent for parent in parents) else NOTHING


def _names(key: Key, declared: SourceAttributes) -> dict[str, object]:
    """Returns the names that an expression may use: all attributes, own ones also by short names, and `key`."""
    own = declared.get("attributes")
    return {**(own if isinstance(own, Mapping) else {}), **declared, KEY: key.name}


def _target(target: str, value: object) -> Value:
    """Converts a value to the type of its target: a key for `manager`, text for SCIM's text attributes."""
    if target == "manager":
        return str(Key("user", as_text(value))) if value else None
    if target in OF_MANY:
        return canonical(value if isinstance(value, list) or value is None else [value])
    if isinstance(value, Mapping | list):
        raise WrongExpression(f"{target} takes one value")
    if isinstance(value, date) or (value is not None and not target.startswith("customFields.")):
        return canonical(as_text(value))
    return canonical(value)


def _by_default(key: Key, declared: SourceAttributes) -> dict[str, Value]:
    target: dict[str, Value] = {"externalId": key.name}
    for name, value in declared.items():
        if name in NOT_TARGETS:
            continue
        if name in NESTED and isinstance(value, Mapping):
            target.update({f"{name}.{inner}": canonical(part) for inner, part in value.items()})
        elif name == "manager":
            target[name] = _target(name, value)
        else:
            target[name] = canonical(value)
    return target
