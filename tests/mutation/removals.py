"""Removes each check of a module, one at a time: a call that is spread into a list, or a statement."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Removal:
    """The removed code, and the text of the module without it."""

    line: int
    what: str
    text: str


def list_removals(text: str, inside: frozenset[str] | None) -> Iterator[Removal]:
    """Yields a removal for each spread in a list, each call and each condition, in the named functions or in all."""
    for function in ast.walk(ast.parse(text)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if inside is not None and function.name not in inside:
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.List | ast.Tuple):
                yield from (_without(text, one, "*()") for one in node.elts if isinstance(one, ast.Starred))
            elif isinstance(node, ast.If) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
                yield _without(text, node, "pass")


def list_annotations(text: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yields the positions of annotations, which are never evaluated, so a mutation there changes nothing."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.arg(annotation=ast.expr() as one) | ast.AnnAssign(annotation=one):
                yield _span(one)
            case ast.FunctionDef(returns=ast.expr() as one) | ast.AsyncFunctionDef(returns=ast.expr() as one):
                yield _span(one)


def _without(text: str, node: ast.expr | ast.stmt, instead: str) -> Removal:
    (first, start), (last, end) = _span(node)
    lines = text.splitlines(keepends=True)
    what = "".join(lines[first - 1 : last]).strip().splitlines()[0]
    kept = lines[first - 1][:start] + instead + lines[last - 1][end:]
    return Removal(first, what, "".join([*lines[: first - 1], kept, *lines[last:]]))


def _span(node: ast.expr | ast.stmt) -> tuple[tuple[int, int], tuple[int, int]]:
    return (node.lineno, node.col_offset), (node.end_lineno or node.lineno, node.end_col_offset or 0)
