"""The expressions of GitHub's workflows that the project uses: contexts, comparisons, logic, a few functions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|(\d+)|([A-Za-z_][\w-]*)|(==|!=|&&|\|\||[!()\[\],.]))")
_INSERTED = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


@dataclass(frozen=True)
class Context:
    """The values of names; `succeeded` is whether no step failed so far."""

    names: Mapping[str, Any]
    succeeded: bool = True

    def functions(self) -> Mapping[str, Callable[..., Any]]:
        return {
            "always": lambda: True,
            "cancelled": lambda: False,
            "failure": lambda: not self.succeeded,
            "success": lambda: self.succeeded,
            "contains": lambda where, what: what in where,
            "fromJSON": lambda text: json.loads(text or "null"),
            "toJSON": lambda value: json.dumps(value, indent=2),
        }


def fill(text: Any, context: Context) -> Any:
    """Returns a value of a workflow with its expressions evaluated; a text that is one expression keeps its type."""
    if not isinstance(text, str):
        return text
    whole = re.fullmatch(r"\s*\$\{\{(.*)\}\}\s*", text, re.DOTALL)
    if whole and text.count("${{") == 1:
        return evaluate(whole[1], context)
    return _INSERTED.sub(lambda found: as_text(evaluate(found[1], context)), text)


def holds(condition: object, context: Context) -> bool:
    """Returns whether an `if` allows a job or step; without a status function, no earlier step may have failed."""
    if condition is None:
        return context.succeeded
    text = str(condition).strip().removeprefix("${{").removesuffix("}}")
    asks = re.search(r"\b(always|cancelled|success|failure)\(\)", text)
    return bool(evaluate(text, context)) and (bool(asks) or context.succeeded)


def as_text(value: object) -> str:
    """Returns a value as GitHub writes it into a text."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def evaluate(text: str, context: Context) -> Any:
    """Returns the value of an expression."""
    tokens: list[str] = []
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        assert found, f"not an expression that is played here: {text}"
        tokens.append(found[0].strip())
        at = found.end()
    parser = _Parser(tokens, context)
    value = parser.either()
    assert not parser.tokens, f"left over in {text}: {parser.tokens}"
    return value


@dataclass
class _Parser:
    tokens: list[str]
    context: Context

    def take(self, *wanted: str) -> str | None:
        return self.tokens.pop(0) if self.tokens and self.tokens[0] in wanted else None

    def either(self) -> Any:
        value = self.both()
        while self.take("||"):
            other = self.both()
            value = value or other
        return value

    def both(self) -> Any:
        value = self.compared()
        while self.take("&&"):
            other = self.compared()
            value = value and other
        return value

    def compared(self) -> Any:
        value = self.negated()
        while operator := self.take("==", "!="):
            other = self.negated()
            value = (value == other) is (operator == "==")
        return value

    def negated(self) -> Any:
        return not self.negated() if self.take("!") else self.reached()

    def reached(self) -> Any:
        value = self.named()
        while mark := self.take(".", "["):
            name = self.tokens.pop(0) if mark == "." else self.either()
            if mark == "[":
                self.take("]")
            value = _member(value, name)
        return value

    def named(self) -> Any:
        token = self.tokens.pop(0)
        if token == "(":
            value = self.either()
            self.take(")")
            return value
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token.isdigit():
            return int(token)
        if self.take("("):
            return self.context.functions()[token](*self.arguments())
        constants = {"true": True, "false": False, "null": None}
        assert token in constants or token in self.context.names, f"{token} is not known here"
        return constants[token] if token in constants else self.context.names[token]

    def arguments(self) -> list[Any]:
        found = []
        while not self.take(")"):
            found.append(self.either())
            self.take(",")
        return found


def _member(value: Any, name: Any) -> Any:
    """Returns null for a missing name."""
    if isinstance(value, list):
        return value[name] if isinstance(name, int) and name < len(value) else None
    return value.get(name) if isinstance(value, Mapping) else None
