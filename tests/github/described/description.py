"""Checks requests and answers against GitHub's published description of its REST API, and completes answers by it.

`facts.json` has what scripts/github-facts derived. Stricter than the description: a field that it does not name is
wrong, and so is a date that is none. Looser: each call may be refused with any 4xx or 5xx, and NULLS may be null.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.github.described.derive import FACTS
from tests.github.described.graphql import GRAPHQL
from tests.github.described.short_form import lengthen, map_schemas

Schema: TypeAlias = Mapping[str, Any]
Query: TypeAlias = Mapping[str, Sequence[str]]
WITH_SLASHES = frozenset({"branch", "path", "ref"})
DATE = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"
ERROR = {"$ref": "facts#/shapes/basic-error"}
LONGEST_QUOTE = 200
NULLS = (  # a fork that was deleted: GitHub answers null, and does not describe it
    ("pull-request", "head", "repo"),
    ("pull-request-simple", "head", "repo"),
    ("workflow-run", "head_repository"),
)


@dataclass(frozen=True)
class DescribedCall:
    """A call, by its method and the template of its path."""

    name: str
    facts: Mapping[str, Any]

    @property
    def pattern(self) -> re.Pattern[str]:
        """Returns what a path of this call matches, with the parameters as groups."""
        parts = re.split(r"\{(\w+)\}", self.name.partition(" ")[2])
        groups = (f"(?P<{one}>{'.+' if one in WITH_SLASHES else '[^/]+'})" for one in parts[1::2])
        return re.compile("".join(re.escape(text) + next(groups, "") for text in parts[::2]))

    def answer_schema(self, status: int) -> Schema | None:
        """Returns the schema of an answer, or None if it has no body. Raises KeyError if it is not described."""
        described: Mapping[str, Schema | None] = self.facts["answers"]
        if status >= 400:
            return described.get(str(status)) or ERROR
        return described[str(status)]


@dataclass(frozen=True)
class Description:
    """The described calls, the most specific first, and the shapes that they refer to."""

    calls: Sequence[DescribedCall]
    shapes: Mapping[str, Schema]
    registry: Registry[Any]

    def find(self, method: str, path: str) -> DescribedCall | None:
        """Finds the call of a request."""
        of_method = (one for one in self.calls if one.name.startswith(f"{method} "))
        return next((one for one in of_method if one.pattern.fullmatch(path)), None)

    def check_request(self, method: str, path: str, query: Query, body: Any) -> Iterator[str]:
        """Yields what is wrong with a request."""
        call = self.find(method, path)
        if call is None:
            yield f"{method} {path} is not a described call: is it in tests/github/described/derive.py?"
            return
        found = call.pattern.fullmatch(path)
        given = found.groupdict() if found else {}
        yield from self._check_texts(f"{call.name}: the path", given, call.facts["path"])
        for name, values in query.items():
            if len(values) > 1:
                yield f"{call.name}: the query has {name} {len(values)} times"
        texts = {name: values[0] for name, values in query.items()}
        yield from self._check_texts(f"{call.name}: the query", texts, call.facts["query"])
        yield from (
            f"{call.name}: the query lacks {name}" for name in call.facts.get("required", ()) if name not in query
        )
        if "body" in call.facts:
            yield from self._check(f"{call.name}: the body", {} if body is None else body, call.facts["body"])
        elif body is not None:
            yield f"{call.name} has a body, and none is described"

    def _check_texts(self, where: str, given: Mapping[str, str], schemas: Mapping[str, Schema]) -> Iterator[str]:
        """Yields what is wrong with texts that stand for numbers and booleans too."""
        for name, text in given.items():
            if name not in schemas:
                yield f"{where} has {name}, which is not described"
            else:
                yield from self._check(f"{where}: {name}", _as_described(text, schemas[name]), schemas[name])

    def fill_answer(self, method: str, path: str, status: int, body: Any) -> Any:
        """Returns the body of an answer with a value for each required field that it lacks."""
        call = self.find(method, path)
        if call is None or body is None:
            return body
        try:
            schema = call.answer_schema(status)
        except KeyError:
            return body
        return body if schema is None else self.fill(schema, body)

    def check_answer(self, method: str, path: str, status: int, body: Any) -> Iterator[str]:
        """Yields what is wrong with an answer."""
        call = self.find(method, path)
        if call is None:
            return  # the request is wrong already
        try:
            schema = call.answer_schema(status)
        except KeyError:
            yield f"{call.name}: an answer {status} is not described"
            return
        if schema is None:
            yield from () if body is None else (f"{call.name}: an answer {status} has a body, and none is described",)
        else:
            yield from self._check(f"{call.name}: the answer {status}", body, schema)

    def make(self, shape: str, **given: Any) -> Any:
        """Returns an object of a shape, with these fields and all that it requires."""
        return self.fill({"$ref": f"facts#/shapes/{shape}"}, given)

    def fill(self, schema: Schema, given: Any) -> Any:
        """Returns a value with a minimal value for each required field that it lacks, at any depth."""
        schema = self._follow(schema)
        if "anyOf" in schema:
            return self._fill_one_of([one for one in schema["anyOf"] if one.get("type") != "null"], given)
        if isinstance(given, dict) and "properties" in schema:
            properties: Mapping[str, Schema] = schema["properties"]
            filled = {name: self.fill(properties.get(name, {}), value) for name, value in given.items()}
            lacking = [name for name in schema.get("required", ()) if name not in given]
            return {**filled, **{name: self._invent(properties[name], name) for name in lacking}}
        if isinstance(given, list) and "items" in schema:
            return [self.fill(schema["items"], one) for one in given]
        return given

    def _fill_one_of(self, schemas: Sequence[Schema], given: Any) -> Any:
        """Fills by the first schema that the result fits; a value that fits none is left to the check."""
        if given is None or not isinstance(given, dict | list):
            return given
        filled = [self.fill(one, given) for one in schemas]
        fitting = (value for one, value in zip(schemas, filled, strict=True) if self._validator(one).is_valid(value))
        return next(fitting, filled[0])

    def _invent(self, schema: Schema, name: str) -> Any:
        """Returns the least value: null where that is allowed."""
        schema = self._follow(schema)
        kinds = _kinds(schema)
        if "null" in kinds:
            return None
        if "anyOf" in schema:
            return self._invent(schema["anyOf"][0], name)
        if "enum" in schema:
            return schema["enum"][0]
        return self.fill(schema, {}) if kinds[0] == "object" else _least(kinds[0], name, dated="pattern" in schema)

    def _follow(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self.shapes[schema["$ref"].rpartition("/")[2]]
        return schema

    def _check(self, where: str, value: Any, schema: Schema) -> Iterator[str]:
        error = best_match(self._validator(schema).iter_errors(value))
        if error is not None:
            at = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
            yield f"{where}{at}: {error.message[:LONGEST_QUOTE]}"

    def _validator(self, schema: Schema) -> Draft202012Validator:
        return Draft202012Validator(schema, registry=self.registry)


def _kinds(schema: Schema) -> Sequence[str]:
    """Returns the types that a value may have."""
    if "anyOf" in schema:
        return [kind for one in schema["anyOf"] for kind in _kinds(one)]
    kinds = schema.get("type", "object")
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _least(kind: str, name: str, *, dated: bool) -> Any:
    if kind == "string":
        address = f"https://github.example/{name}"
        return "2026-11-25T10:00:00Z" if dated else address if name.endswith("url") else "text"
    if kind == "integer":
        return int(name == "id" or name.endswith("_id"))  # no object has the id 0
    return {"array": [], "boolean": False, "number": 0}[kind]


def _as_described(text: str, schema: Schema) -> Any:
    kinds = _kinds(schema)
    if "integer" in kinds and re.fullmatch(r"-?\d+", text):
        return int(text)
    if "boolean" in kinds and text in {"true", "false"}:
        return text == "true"
    return text


def tighten(schema: Any) -> Any:
    """Returns facts as the suite checks with them: no other fields, dates that are dates, references to the facts."""
    if isinstance(schema, list):
        return [tighten(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("$ref"), str):
        return {"$ref": f"facts{schema['$ref']}"}
    tight = {key: tighten(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        tight.setdefault("additionalProperties", False)
    if schema.get("format") == "date-time":
        tight["pattern"] = DATE
    return tight


def _allow_null(schema: dict[str, Any], fields: Sequence[str]) -> None:
    """Lets a required field of a schema be null too."""
    for name in fields[:-1]:
        schema = schema["properties"][name]
    schema["properties"][fields[-1]] = {"anyOf": [schema["properties"][fields[-1]], {"type": "null"}]}


@cache
def read_description() -> Description:
    """Reads the facts."""
    facts = tighten(map_schemas(json.loads(FACTS.read_text(encoding="utf-8")), lengthen))
    for shape, *fields in NULLS:
        _allow_null(facts["shapes"][shape], fields)
    facts["calls"] |= tighten(GRAPHQL)
    calls = [DescribedCall(name, one) for name, one in facts["calls"].items()]
    calls.sort(key=lambda one: (-len(re.sub(r"\{\w+\}", "", one.name)), one.name))
    resource = DRAFT202012.create_resource({"shapes": facts["shapes"]})
    return Description(calls, facts["shapes"], Registry().with_resource("facts", resource))
