"""Evaluates expressions of attribute mappings: a subset of Jinja that can't run long, write, or leave the sandbox.

An expression is text with `{{ … }}` in it, without statements, products and powers. A missing value is an error, not an
empty text, and so is a part of a missing value. A name after a dot is a key, never a Python attribute.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Final

from jinja2 import Template, TemplateError, nodes
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from reconciler.core.expressions.absent import AbsentValue, IsMissing, PartOfValues, dotted
from reconciler.core.expressions.functions import COMPARISONS, FILTERS, FUNCTIONS, LONGEST, NO_VALUES, to_text
from reconciler.core.expressions.wrong_expression import ATTRIBUTE, WrongExpression, explain_function
from reconciler.core.model.suggest import did_you_mean

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
TAKE_LISTS: Final = (nodes.Filter, nodes.Add, nodes.Operand)
READS: Final = (nodes.Name, nodes.Getattr, nodes.Getitem)


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja's sandbox without Python attributes: the text of a method has an address, which differs in each run."""

    intercepted_binops = frozenset({"+"})

    def getitem(self, obj: object, argument: object) -> object:
        """Returns an item of a mapping or a list. A part of an absent value, of null or of a mapping may be absent."""
        if isinstance(obj, AbsentValue):
            return obj.part(argument)
        if obj is None:
            return AbsentValue(name=str(argument))
        try:
            found = obj[argument]  # type: ignore[index]  # raises TypeError if obj has no items
        except (TypeError, LookupError):
            if isinstance(obj, PartOfValues):
                return AbsentValue(name=dotted(obj.path, argument))
            return self.undefined(obj=obj, name=argument)  # type: ignore[arg-type]  # the name may be an index
        return (
            PartOfValues(dotted(obj.path, argument), found)
            if isinstance(obj, PartOfValues) and type(found) is dict
            else found
        )

    def getattr(self, obj: object, attribute: str) -> object:
        """Returns an item too: `a.b` means `a["b"]`."""
        return self.getitem(obj, attribute)

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        """Adds two values; raises WrongExpression if the text or list is longer than LONGEST."""
        made: object = super().call_binop(context, operator, left, right)
        if isinstance(made, str | list) and len(made) > LONGEST:
            raise WrongExpression(f"{operator} makes more than {LONGEST} letters")
        return made


class _Rewritten(NodeTransformer):
    """Replaces `a ~ b` by the filter `join`, which takes only text and is bounded, and comparisons by `COMPARISONS`."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:  # noqa: N802  # the visitor's name for it
        """Replaces the parts first, because a part may be a concatenation too."""
        self.generic_visit(node)
        return _filter(nodes.List(node.nodes), "join", [], node.lineno)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Expr:  # noqa: N802  # the visitor's name for it
        """Replaces `a == b < c` by `a == b and b < c`, each with the filter of its operator."""
        self.generic_visit(node)
        operands = [node.expr, *(operand.expr for operand in node.ops)]
        pairs = zip(operands, node.ops, strict=False)
        made: list[nodes.Expr] = [_filter(left, one.op, [one.expr], node.lineno) for left, one in pairs]
        return reduce(nodes.And, made)


def _filter(node: nodes.Expr, name: str, arguments: list[nodes.Expr], line: int) -> nodes.Filter:
    return nodes.Filter(node, name, arguments, [], None, None, lineno=line)


class Expression:
    """A compiled expression. `paths` are the attributes that it reads, `literals` its texts outside of `{{ … }}`."""

    def __init__(self, text: str) -> None:
        """Compiles the text; raises WrongExpression if it is malformed or uses a construct that is not allowed."""
        environment = _environment()
        try:
            tree = _parse(environment, text)
            _check_nodes(tree)
            self.paths = tuple(dict.fromkeys(_find_paths(tree)))
            self.literals = tuple(data.data for data in tree.find_all(nodes.TemplateData))
            self.is_literal = all(isinstance(node, nodes.TemplateData) for node in _find_outputs(tree))
            self._template = _compiled(environment, tree)
        except TemplateError as error:
            raise WrongExpression(f"is not an expression: {error}") from error
        except (RecursionError, SyntaxError, MemoryError) as error:  # Jinja and Python have different limits of depth
            raise WrongExpression("is not an expression: it is nested too deeply") from error

    def evaluate(self, values: Mapping[str, object]) -> str:
        """Returns the text that the expression makes; raises WrongExpression if a value is missing or does not fit."""
        parts = {name: PartOfValues(name, one) if isinstance(one, Mapping) else one for name, one in values.items()}
        try:
            made = self._template.render(parts).strip()
        except IsMissing as error:
            raise WrongExpression(str(error), missing=error.path) from error
        except (TemplateError, TypeError, ValueError, LookupError) as error:
            raise WrongExpression(str(error)) from error
        if len(made) > LONGEST:
            raise WrongExpression(f"makes more than {LONGEST} letters")
        return made


def _find_outputs(tree: nodes.Template) -> Iterable[nodes.Node]:
    return (node for output in tree.find_all(nodes.Output) for node in output.nodes)


def _find_paths(tree: nodes.Template) -> Iterable[str]:
    """Yields the attributes that the expression reads, by dotted path: `name.givenName`, or `userName`."""
    outer = tree.find_all((nodes.Getattr, nodes.Getitem, nodes.Call))
    inner = {id(next(iter(node.iter_child_nodes()))) for node in outer}  # the first child: what has the part
    for node in tree.find_all(READS):
        path = _path_of(node)
        if path is not None and id(node) not in inner:
            yield path


def _path_of(node: nodes.Node) -> str | None:
    """Returns the path of an attribute, without the index of an item; None for a computed value."""
    match node:
        case nodes.Name():
            return str(node.name)
        case nodes.Getattr():
            outer = _path_of(node.node)
            return None if outer is None else f"{outer}.{node.attr}"
        case nodes.Getitem():
            outer, step = _path_of(node.node), node.arg.value if isinstance(node.arg, nodes.Const) else None
            is_name = isinstance(step, str) and "." not in step  # a dot would read as two steps
            return f"{outer}.{step}" if is_name and outer is not None else outer
        case _:
            return None


def _parse(environment: _Environment, text: str) -> nodes.Template:
    if len(text) > LONGEST:
        raise WrongExpression(f"is longer than {LONGEST} letters")
    try:
        return environment.parse(text)
    except ValueError as error:  # Python does not parse a number of thousands of digits
        raise WrongExpression(f"is not an expression: {error}") from error


def _compiled(environment: _Environment, tree: nodes.Template) -> Template:
    joined = _Rewritten().visit(tree).set_environment(environment)
    return Template.from_code(environment, environment.compile(joined), environment.globals)


def _environment() -> _Environment:
    environment = _Environment(undefined=AbsentValue, autoescape=False, finalize=to_text)  # not HTML
    environment.filters = {**FILTERS, **COMPARISONS}
    environment.globals = dict(FUNCTIONS)
    environment.tests = {}
    return environment


def _check_nodes(tree: nodes.Template) -> None:
    """Raises WrongExpression if the tree has a function, filter or construct that is not allowed."""
    called = {id(call.node) for call in tree.find_all(nodes.Call)}
    listed = {id(part) for node in tree.find_all(TAKE_LISTS) for part in node.iter_child_nodes()}
    for node in tree.find_all(nodes.Node):
        if isinstance(node, nodes.Name) and node.name in NO_VALUES and id(node) not in called:
            raise WrongExpression(f'uses "{node.name}" as a value, but it is a function or a reserved name')
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            raise WrongExpression(f'uses the unknown filter "{node.name}": {_suggest_filter(node.name)}')
        if isinstance(node, nodes.Call) and not (isinstance(node.node, nodes.Name) and node.node.name in FUNCTIONS):
            raise WrongExpression(_explain_call(node))
        if isinstance(node, nodes.List) and id(node) not in listed and (path := _in_brackets(node)):
            raise WrongExpression(f"has Entra's spelling of an attribute, [{path}]: write {path}")
        if not isinstance(node, (*ALLOWED_NODES, nodes.Helper)):
            raise WrongExpression(f"uses {type(node).__name__}, which an expression may not use")


def _in_brackets(node: nodes.List) -> str | None:
    """Returns the attribute that is the only item of a list, which Entra writes for the attribute itself."""
    return _path_of(node.items[0]) if len(node.items) == 1 else None


def _suggest_filter(name: str) -> str:
    return did_you_mean(name, FILTERS) or explain_function(name) or f"the filters are {', '.join(FILTERS)}"


def _explain_call(call: nodes.Call) -> str:
    """Describes the fault of a call: it is a filter here, or Entra's, or unknown."""
    name = str(call.node.name) if isinstance(call.node, nodes.Name) else ""
    first = call.args[0] if call.args else None
    if isinstance(first, nodes.List) and len(first.items) == 1:  # Entra's [attribute]
        first = first.items[0]
    operand = (first and _path_of(first)) or ATTRIBUTE
    if name in FILTERS:
        return f'calls "{name}", which is a filter: write {{{{ {operand} | {name} }}}}, with further values in (…)'
    if instead := explain_function(name, operand):
        return f'calls "{name}", a function of Entra: {instead}'
    return f"calls an unknown function: the functions are {', '.join(FUNCTIONS)}"
