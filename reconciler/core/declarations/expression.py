"""Expressions of attribute mappings: Jinja with nothing in it that runs long, writes, or leaves the sandbox.

An expression is text with `{{ … }}` in it. There are no statements, no products and no powers, and the filters and
functions are a closed set: what Entra's common expression functions do. What is missing is an error, not an empty text.
What follows a dot is a key and never an attribute of Python's, and whatever is made on the way is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateError, Undefined, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from reconciler.core.declarations.wrong_expression import WrongExpression
from reconciler.core.model.suggest import did_you_mean
from reconciler.core.model.transliterate import normalize_diacritics

ALLOWED_NODES: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Filter,
    nodes.Call,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Concat,
    nodes.Add,
    nodes.Sub,
    nodes.Neg,
    nodes.List,
    nodes.Slice,
)
LONGEST: Final = 10_000  # letters, of an expression and of whatever it makes
LONGEST_FORMAT: Final = 100  # a letter of strftime's may become hundreds


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja's sandbox without attributes: a method's address, as text, would differ from run to run."""

    intercepted_binops = frozenset({"+"})

    def getitem(self, obj: object, argument: object) -> object:
        """What is in a mapping or a list, and nothing else."""
        try:
            return obj[argument]  # type: ignore[index]  # what holds nothing raises
        except (TypeError, LookupError):
            return self.undefined(obj=obj, name=argument)  # type: ignore[arg-type]  # a number of a list, too

    def getattr(self, obj: object, attribute: str) -> object:
        """A key as well."""
        return self.getitem(obj, attribute)

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        """Two texts or lists together are bounded; numbers are what they are."""
        made: object = super().call_binop(context, operator, left, right)
        if isinstance(made, str | list) and len(made) > LONGEST:
            raise WrongExpression(f"{operator} makes more than {LONGEST} letters")
        return made


class _Joined(NodeTransformer):
    """`a ~ b` as what `join` makes of a list, which takes nothing but text and is bounded."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:  # noqa: N802  # the visitor's name for it
        """Its parts first: they may be joined themselves."""
        self.generic_visit(node)
        return nodes.Filter(nodes.List(node.nodes), "join", [], [], None, None, lineno=node.lineno)


class Expression:
    """A compiled expression; `names` are the top-level names that it reads."""

    def __init__(self, text: str) -> None:
        """Raises WrongExpression where the text is none, or does what an expression may not."""
        environment = _environment()
        try:
            tree = _parse(environment, text)
            _refuse_more_than_an_expression(tree)
            self.names = frozenset(find_undeclared_variables(tree)) - frozenset(FUNCTIONS)
            self._template = _compiled(environment, tree)
        except TemplateError as error:
            raise WrongExpression(f"is not an expression: {error}") from error
        except (RecursionError, SyntaxError, MemoryError) as error:  # of Jinja and of Python, each at its own depth
            raise WrongExpression("is not an expression: it is nested too deeply") from error

    def evaluate(self, values: Mapping[str, object]) -> str:
        """The text that the expression makes of the values; raises WrongExpression where one is missing or unfit."""
        try:
            made = self._template.render(values).strip()
        except (TemplateError, TypeError, ValueError, LookupError) as error:
            raise WrongExpression(str(error).replace("'dict object' has no attribute", "there is no")) from error
        if len(made) > LONGEST:
            raise WrongExpression(f"makes more than {LONGEST} letters")
        return made


def _parse(environment: _Environment, text: str) -> nodes.Template:
    if len(text) > LONGEST:
        raise WrongExpression(f"is longer than {LONGEST} letters")
    try:
        return environment.parse(text)
    except ValueError as error:  # a number of thousands of digits, which Python does not read
        raise WrongExpression(f"is not an expression: {error}") from error


def _compiled(environment: _Environment, tree: nodes.Template) -> Template:
    joined = _Joined().visit(tree).set_environment(environment)
    return Template.from_code(environment, environment.compile(joined), environment.globals)


def _environment() -> _Environment:
    environment = _Environment(undefined=StrictUndefined, autoescape=False, finalize=_as_text)  # not HTML
    environment.filters = dict(FILTERS)
    environment.globals = dict(FUNCTIONS)
    environment.tests = {}
    return environment


def _refuse_more_than_an_expression(tree: nodes.Template) -> None:
    called = {id(call.node) for call in tree.find_all(nodes.Call)}
    for node in tree.find_all(nodes.Node):
        if isinstance(node, nodes.Name) and node.name in NO_VALUES and id(node) not in called:
            raise WrongExpression(f'uses "{node.name}" as a value, which it is not')
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            hint = did_you_mean(node.name, FILTERS) or f"the filters are {', '.join(FILTERS)}"
            raise WrongExpression(f'uses the filter "{node.name}", which there is not: {hint}')
        if isinstance(node, nodes.Call) and not (isinstance(node.node, nodes.Name) and node.node.name in FUNCTIONS):
            raise WrongExpression(f"calls something else than {', '.join(FUNCTIONS)}")
        if not isinstance(node, (*ALLOWED_NODES, nodes.Helper)):
            raise WrongExpression(f"does more than an expression may: {type(node).__name__}")


def _as_text(value: object) -> object:
    """What may stand in the result: text, numbers, flags and dates; what is no single value is none."""
    if isinstance(value, str | int | float | date | Undefined):
        return str(value).lower() if isinstance(value, bool) else value
    raise WrongExpression(f"makes no text: {type(value).__name__}")


def _text(value: object) -> str:
    """The value as text, as it would stand in the result."""
    return str(_as_text(value))


def _coalesce(*values: object) -> object:
    """The first that is assigned."""
    return next((value for value in values if not isinstance(value, Undefined) and value not in (None, "")), "")


def _switch(value: object, default: object, *pairs: object) -> object:
    """The value beside the first key that equals, else the default: `switch(site, "en", "Lyon", "fr")`."""
    if len(pairs) % 2:
        raise WrongExpression("switch takes a value, a default, and then pairs of a key and its value")
    return next((then for key, then in zip(pairs[::2], pairs[1::2], strict=True) if str(key) == str(value)), default)


def _mid(text: object, start: int, length: int) -> str:
    """`length` letters from the `start`th on, counted from 1 as Entra does."""
    return _text(text)[max(start - 1, 0) : max(start - 1, 0) + max(length, 0)]


def _join(values: Iterable[object], separator: object = "") -> str:
    """The values with the separator between them, bounded as `replace` is."""
    parts = [_text(value) for value in values]
    if sum(map(len, parts)) + len(parts) * len(str(separator)) > LONGEST:
        raise WrongExpression(f"join makes more than {LONGEST} letters")
    return str(separator).join(parts)


def _replace(text: object, old: object, new: object) -> str:
    """Every `old` becomes `new`. Bounded: one replacement after another could grow without end."""
    if not old:
        raise WrongExpression("replace was given nothing to look for")
    replaced = _text(text).replace(_text(old), _text(new))
    if len(replaced) > LONGEST:
        raise WrongExpression(f"replace makes more than {LONGEST} letters")
    return replaced


def _format_date(value: object, form: str) -> str:
    """A date, or its ISO text, in strftime's words: `started | format_date("%d.%m.%Y")`."""
    if len(form) > LONGEST_FORMAT:
        raise WrongExpression(f"format_date takes at most {LONGEST_FORMAT} letters of a format")
    try:
        day = value if isinstance(value, date) else date.fromisoformat(_text(value))
    except ValueError as error:  # which quotes the value, and that may be one that must not be read
        raise WrongExpression("format_date was given no date (2027-03-31 is one)") from error
    return day.strftime(form)


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "lower": lambda text: _text(text).lower(),
    "upper": lambda text: _text(text).upper(),
    "proper": lambda text: " ".join(word[:1].upper() + word[1:].lower() for word in _text(text).split(" ")),
    "strip": lambda text: _text(text).strip(),
    "strip_spaces": lambda text: _text(text).replace(" ", ""),
    "replace": _replace,
    "split": lambda text, separator: _text(text).split(_text(separator)),
    "join": _join,
    "mid": _mid,
    "normalize_diacritics": lambda text: normalize_diacritics(_text(text)),
    "format_date": _format_date,
}
FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {"coalesce": _coalesce, "switch": _switch}
NO_VALUES: Final = frozenset({*FUNCTIONS, "self"})  # of Jinja's own names, the one that is always there
