"""Evaluates expressions of attribute mappings: a subset of Jinja that can't run long, write, or leave the sandbox.

An expression is text with `{{ … }}` in it, without statements, products and powers. Its filters and functions are a
closed set that covers Entra's common expression functions. A missing value is an error, not an empty text. A name
after a dot is a key, never a Python attribute. Every intermediate result is bounded.
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
LONGEST: Final = 10_000  # letters, for an expression and for each of its results
LONGEST_FORMAT: Final = 100  # letters: strftime may turn one letter into hundreds


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja's sandbox without Python attributes: the text of a method has an address, which differs in each run."""

    intercepted_binops = frozenset({"+"})

    def getitem(self, obj: object, argument: object) -> object:
        """Returns an item of a mapping or a list, else an undefined value."""
        try:
            return obj[argument]  # type: ignore[index]  # raises TypeError if obj has no items
        except (TypeError, LookupError):
            return self.undefined(obj=obj, name=argument)  # type: ignore[arg-type]  # the name may be an index

    def getattr(self, obj: object, attribute: str) -> object:
        """Returns an item too: `a.b` means `a["b"]`."""
        return self.getitem(obj, attribute)

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        """Adds two values; raises WrongExpression if the text or list is longer than LONGEST."""
        made: object = super().call_binop(context, operator, left, right)
        if isinstance(made, str | list) and len(made) > LONGEST:
            raise WrongExpression(f"{operator} makes more than {LONGEST} letters")
        return made


class _Joined(NodeTransformer):
    """Replaces `a ~ b` by the filter `join`, which takes only text and is bounded."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:  # noqa: N802  # the visitor's name for it
        """Replaces the parts first, because a part may be a concatenation too."""
        self.generic_visit(node)
        return nodes.Filter(nodes.List(node.nodes), "join", [], [], None, None, lineno=node.lineno)


class Expression:
    """A compiled expression; `names` are the top-level names that it reads."""

    def __init__(self, text: str) -> None:
        """Compiles the text; raises WrongExpression if it is malformed or uses a construct that is not allowed."""
        environment = _environment()
        try:
            tree = _parse(environment, text)
            _check_nodes(tree)
            self.names = frozenset(find_undeclared_variables(tree)) - frozenset(FUNCTIONS)
            self._template = _compiled(environment, tree)
        except TemplateError as error:
            raise WrongExpression(f"is not an expression: {error}") from error
        except (RecursionError, SyntaxError, MemoryError) as error:  # Jinja and Python have different limits of depth
            raise WrongExpression("is not an expression: it is nested too deeply") from error

    def evaluate(self, values: Mapping[str, object]) -> str:
        """Returns the text that the expression makes; raises WrongExpression if a value is missing or does not fit."""
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
    except ValueError as error:  # Python does not parse a number of thousands of digits
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


def _check_nodes(tree: nodes.Template) -> None:
    """Raises WrongExpression if the tree has a function, filter or construct that is not allowed."""
    called = {id(call.node) for call in tree.find_all(nodes.Call)}
    for node in tree.find_all(nodes.Node):
        if isinstance(node, nodes.Name) and node.name in NO_VALUES and id(node) not in called:
            raise WrongExpression(f'uses "{node.name}" as a value, but it is a function or a reserved name')
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            hint = did_you_mean(node.name, FILTERS) or f"the filters are {', '.join(FILTERS)}"
            raise WrongExpression(f'uses the unknown filter "{node.name}": {hint}')
        if isinstance(node, nodes.Call) and not (isinstance(node.node, nodes.Name) and node.node.name in FUNCTIONS):
            raise WrongExpression(f"calls an unknown function: the functions are {', '.join(FUNCTIONS)}")
        if not isinstance(node, (*ALLOWED_NODES, nodes.Helper)):
            raise WrongExpression(f"uses {type(node).__name__}, which an expression may not use")


def _as_text(value: object) -> object:
    """Returns a text, number, boolean or date for the result; raises WrongExpression for a list or a mapping."""
    if isinstance(value, str | int | float | date | Undefined):
        return str(value).lower() if isinstance(value, bool) else value
    raise WrongExpression(f"makes {'null' if value is None else f'a {type(value).__name__}'}, not a text")


def _text(value: object) -> str:
    """Returns the value as text, in the form that it has in the result."""
    return str(_as_text(value))


def _coalesce(*values: object) -> object:
    """Returns the first assigned value, else an empty text."""
    return next((value for value in values if not isinstance(value, Undefined) and value not in (None, "")), "")


def _switch(value: object, default: object, *pairs: object) -> object:
    """Returns the value of the first key that equals, else the default: `switch(site, "en", "Lyon", "fr")`."""
    if len(pairs) % 2:
        raise WrongExpression("switch takes a value, a default, and then pairs of a key and its value")
    return next((then for key, then in zip(pairs[::2], pairs[1::2], strict=True) if str(key) == str(value)), default)


def _mid(text: object, start: int, length: int) -> str:
    """Returns `length` letters from letter `start` on, counted from 1 as in Entra."""
    return _text(text)[max(start - 1, 0) : max(start - 1, 0) + max(length, 0)]


def _join(values: Iterable[object], separator: object = "") -> str:
    """Joins the values with the separator; raises WrongExpression if the text is longer than LONGEST."""
    parts = [_text(value) for value in values]
    if sum(map(len, parts)) + len(parts) * len(str(separator)) > LONGEST:
        raise WrongExpression(f"join makes more than {LONGEST} letters")
    return str(separator).join(parts)


def _replace(text: object, old: object, new: object) -> str:
    """Replaces every `old` by `new`. The result is bounded, because repeated replacements grow exponentially."""
    if not old:
        raise WrongExpression("replace needs a text to search for, and it is empty")
    replaced = _text(text).replace(_text(old), _text(new))
    if len(replaced) > LONGEST:
        raise WrongExpression(f"replace makes more than {LONGEST} letters")
    return replaced


def _format_date(value: object, form: str) -> str:
    """Formats a date, or its ISO text, as strftime does: `started | format_date("%d.%m.%Y")`."""
    if len(form) > LONGEST_FORMAT:
        raise WrongExpression(f"format_date takes a format of at most {LONGEST_FORMAT} letters")
    try:
        day = value if isinstance(value, date) else date.fromisoformat(_text(value))
    except ValueError as error:  # its text quotes the value, which may be redacted
        raise WrongExpression("format_date needs a date such as 2027-03-31") from error
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
NO_VALUES: Final = frozenset({*FUNCTIONS, "self"})  # Jinja defines `self` in every template
