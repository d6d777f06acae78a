"""Checks the rules of a mapping: literals that look like expressions, expressions that are literals, unknown sources.

`Mapper` finds what fails for one user or group; this module finds the faults of a rule for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from reconciler.core.access.attribute_check import check_attribute
from reconciler.core.access.mapping import KEY
from reconciler.core.access.population import Population
from reconciler.core.declarations.rule import LocatedRule, MappingRule
from reconciler.core.expressions.wrong_expression import BRACKETS, CALL_BEGINS, explain_entra, explain_function
from reconciler.core.model.scalar import as_text
from reconciler.errors import Problem, Source

BRACES: Final = "{{"
CODE: Final = "mapping"
SHOWN: Final = 60  # letters of a literal in a message


def check_rules(rules: Sequence[LocatedRule], population: Population) -> list[Problem]:
    """Returns the problems of all rules; `population` are the users or groups that the rules map."""
    return [problem for located in rules for problem in _check_rule(located, population)]


def _check_rule(located: LocatedRule, population: Population) -> Iterable[Problem]:
    rule, source = located.rule, located.source
    for name, literal in (("constant", rule.constant), ("default", rule.default)):
        yield from _check_literal(rule, name, as_text(literal), source, population)
    if rule.expression is not None:
        yield from _check_expression(rule, rule.expression, population, source)
    elif rule.source is not None and (instead := _explain_source(rule.source)):
        yield Problem(CODE, f"{_where(rule, 'source', rule.source)} is not the name of an attribute", source, instead)
    elif rule.source not in {None, KEY}:
        yield from _check_path(rule, str(rule.source), population, source)


def _check_literal(
    rule: MappingRule, name: str, text: str, source: Source, population: Population
) -> Iterable[Problem]:
    """Finds a constant or default that would be written with its braces, or in Entra's syntax."""
    if BRACES in text:
        message = f"{_where(rule, name, text)} is written as it is, braces included"
        if name == "constant":
            hint = "write `expression:` instead of `constant:`"
        else:
            inner = text.strip().removeprefix(BRACES).removesuffix("}}").strip()
            computed = f'`expression: "{{{{ coalesce({rule.source}, {inner}) }}}}"`'
            hint = f"write {computed} instead of `source:` and `default:`"
        yield Problem(CODE, message, source, hint)
    elif _names_any(text, population) and (instead := explain_entra(text)):
        message = f"{_where(rule, name, text)} has Entra's syntax, and is written as it is"
        yield Problem(CODE, message, source, f"as an `expression:`, {instead}")


def _check_expression(rule: MappingRule, text: str, population: Population, source: Source) -> Iterable[Problem]:
    from reconciler.core.expressions.expression import Expression  # noqa: PLC0415  # brings jinja2, which few mappings need

    expression = Expression(text)
    if expression.is_literal:
        message = f"{_where(rule, 'expression', text)} has no {{{{ … }}}}, so it is the same text for all"
        yield Problem(CODE, message, source, _explain_literal(text, population))
        return
    for literal in expression.literals:
        if instead := _explain_outside(literal, population):
            message = f"{_where(rule, 'expression', text)} has Entra's syntax outside of {{{{ … }}}}"
            yield Problem(CODE, message, source, instead)
    for path in expression.paths:
        if path != KEY:
            yield from _check_path(rule, path, population, source)


def _explain_literal(text: str, population: Population) -> str:
    """Returns what to write instead of an expression without braces: another one, a source, or a constant."""
    word = text.strip()
    if instead := explain_entra(word):
        return instead
    if word == KEY or word in population.attribute_names:
        return f"write `source: {word}`, or `constant: {word}` for this very text"
    return f"write `constant: {word[:SHOWN]}`, or `source:` with the name of an attribute"


def _explain_outside(literal: str, population: Population) -> str | None:
    """Returns what to write instead of Entra's syntax in the text outside of braces; None if there is none."""
    if called := CALL_BEGINS.search(literal):
        return explain_function(called[1])
    named = _names_any(literal, population)
    return f"write {{{{ {named} }}}}" if named else None


def _names_any(text: str, population: Population) -> str | None:
    """Returns the first attribute that a text names in brackets, as Entra does; other brackets are only text."""
    bracketed = (match[1] for match in BRACKETS.finditer(text))
    return next((name for name in bracketed if name in population.attribute_names), None)


def _explain_source(path: str) -> str | None:
    """Returns what to write instead of a source that is an expression or has Entra's brackets."""
    if BRACES in path:
        return f'write `expression: "{path}"`, or only the name of the attribute'
    bracketed = BRACKETS.fullmatch(path.strip())
    return f"write `source: {bracketed[1]}`" if bracketed else explain_entra(path)


def _check_path(rule: MappingRule, path: str, population: Population, source: Source) -> Iterable[Problem]:
    """Finds an attribute that no declaration has; an expression may have a fallback for one of the contract."""
    problem = check_attribute(path, population, f"the mapping to {rule.target} reads", source, "rule")
    if problem is not None and not (problem.severity == "warning" and rule.expression is not None):
        yield problem


def _where(rule: MappingRule, name: str, text: str) -> str:
    cut = "…" * (len(text) > SHOWN)
    return f"the mapping to {rule.target}: the {name} {text[:SHOWN]!r}{cut}"
