"""Expressions of attribute mappings: Jinja with nothing in it that runs long, writes, or leaves the sandbox.

An expression is text with `{{ … }}` in it. There are no statements, no products and no powers, and the filters and
functions are a closed set: what Entra's common expression functions do. What is missing is an error, not an empty text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final

from jinja2 import StrictUndefined, TemplateError, Undefined, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from reconciler.core.letters import normalize_diacritics
from reconciler.core.suggest import did_you_mean
from reconciler.core.wrong_expression import WrongExpression

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
LONGEST: Final = 10_000


class Expression:
    """A compiled expression; `names` are the top-level names that it reads."""

    def __init__(self, text: str) -> None:
        """Raises WrongExpression where the text is none, or does what an expression may not."""
        environment = _environment()
        try:
            tree = _parse(environment, text)
            _refuse_more_than_an_expression(tree)
            self.names = frozenset(find_undeclared_variables(tree)) - frozenset(FUNCTIONS)
            self._template = environment.from_string(text)
        except TemplateError as error:
            raise WrongExpression(f"is not an expression: {error}") from error
        except (RecursionError, SyntaxError, MemoryError) as error:  # of Jinja and of Python, each at its own depth
            raise WrongExpression("is not an expression: it is nested too deeply") from error

    def evaluate(self, values: Mapping[str, object]) -> str:
        """The text that the expression makes of the values; raises WrongExpression where one is missing or unfit."""
        try:
            return self._template.render(values).strip()
        except (TemplateError, TypeError, ValueError, LookupError) as error:
            raise WrongExpression(str(error).replace("'dict object' has no attribute", "there is no")) from error


def _parse(environment: ImmutableSandboxedEnvironment, text: str) -> nodes.Template:
    try:
        return environment.parse(text)
    except ValueError as error:  # a number of thousands of digits, which Python does not read
        raise WrongExpression(f"is not an expression: {error}") from error


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, finalize=_as_text
    )  # not HTML
    environment.filters = dict(FILTERS)
    environment.globals = dict(FUNCTIONS)
    environment.tests = {}
    return environment


def _refuse_more_than_an_expression(tree: nodes.Template) -> None:
    for node in tree.find_all(nodes.Node):
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


def _coalesce(*values: object) -> object:
    """The first that is assigned."""
    return next((value for value in values if not isinstance(value, Undefined) and value not in (None, "")), "")


def _switch(value: object, default: object, *pairs: object) -> object:
    """The value beside the first key that equals, else the default: `switch(site, "en", "Lyon", "fr")`."""
    if len(pairs) % 2:
        raise WrongExpression("switch takes a value, a default, and then pairs of a key and its value")
    return next((then for key, then in zip(pairs[::2], pairs[1::2], strict=True) if str(key) == str(value)), default)


def _mid(text: str, start: int, length: int) -> str:
    """`length` letters from the `start`th on, counted from 1 as Entra does."""
    return str(text)[max(start - 1, 0) : max(start - 1, 0) + max(length, 0)]


def _join(values: Iterable[object], separator: object = "") -> str:
    """The values with the separator between them, bounded as `replace` is."""
    parts = [str(value) for value in values]
    if sum(map(len, parts)) + len(parts) * len(str(separator)) > LONGEST:
        raise WrongExpression(f"join makes more than {LONGEST} letters")
    return str(separator).join(parts)


def _replace(text: object, old: object, new: object) -> str:
    """Every `old` becomes `new`. Bounded: one replacement after another could grow without end."""
    if not old:
        raise WrongExpression("replace was given nothing to look for")
    replaced = str(text).replace(str(old), str(new))
    if len(replaced) > LONGEST:
        raise WrongExpression(f"replace makes more than {LONGEST} letters")
    return replaced


def _format_date(value: object, form: str) -> str:
    """A date, or its ISO text, in strftime's words: `started | format_date("%d.%m.%Y")`."""
    day = value if isinstance(value, date) else date.fromisoformat(str(value))
    return day.strftime(form)


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "lower": lambda text: str(text).lower(),
    "upper": lambda text: str(text).upper(),
    "proper": lambda text: " ".join(word[:1].upper() + word[1:].lower() for word in str(text).split(" ")),
    "strip": lambda text: str(text).strip(),
    "strip_spaces": lambda text: str(text).replace(" ", ""),
    "replace": _replace,
    "split": lambda text, separator: str(text).split(str(separator)),
    "join": _join,
    "mid": _mid,
    "normalize_diacritics": normalize_diacritics,
    "format_date": _format_date,
}
FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {"coalesce": _coalesce, "switch": _switch}
