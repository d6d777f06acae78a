"""Derives facts on GitHub's REST API from GitHub's published description of it (OpenAPI 3.0).

Facts are the calls that the program makes: parameters, bodies, answers, as JSON Schema, without texts and examples.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

from tests.github.described.short_form import map_schemas, or_null, shorten, write

Schema: TypeAlias = dict[str, Any]

FACTS = Path(__file__).parent / "facts.json"
REPO = "/repos/{owner}/{repo}"
CALLS = (
    "GET /meta",
    "GET /orgs/{org}",
    "GET /user",
    f"GET {REPO}",
    f"GET {REPO}/actions/artifacts/{{artifact_id}}/{{archive_format}}",
    f"GET {REPO}/actions/permissions",
    f"GET {REPO}/actions/permissions/workflow",
    f"GET {REPO}/actions/runs/{{run_id}}",
    f"GET {REPO}/actions/runs/{{run_id}}/approvals",
    f"GET {REPO}/actions/runs/{{run_id}}/artifacts",
    f"GET {REPO}/actions/runs/{{run_id}}/jobs",
    f"GET {REPO}/actions/workflows",
    f"GET {REPO}/actions/workflows/{{workflow_id}}/runs",
    f"GET {REPO}/branches/{{branch}}",
    f"GET {REPO}/branches/{{branch}}/protection",
    f"GET {REPO}/codeowners/errors",
    f"GET {REPO}/collaborators/{{username}}/permission",
    f"GET {REPO}/commits/{{commit_sha}}/pulls",
    f"GET {REPO}/compare/{{basehead}}",
    f"GET {REPO}/contents/{{path}}",
    f"GET {REPO}/environments",
    f"GET {REPO}/environments/{{environment_name}}",
    f"GET {REPO}/environments/{{environment_name}}/deployment-branch-policies",
    f"GET {REPO}/git/matching-refs/{{ref}}",
    f"GET {REPO}/issues",
    f"POST {REPO}/issues",
    f"PATCH {REPO}/issues/comments/{{comment_id}}",
    f"GET {REPO}/issues/{{issue_number}}",
    f"PATCH {REPO}/issues/{{issue_number}}",
    f"GET {REPO}/issues/{{issue_number}}/comments",
    f"POST {REPO}/issues/{{issue_number}}/comments",
    f"GET {REPO}/issues/{{issue_number}}/events",
    f"GET {REPO}/pulls",
    f"GET {REPO}/pulls/{{pull_number}}",
    f"GET {REPO}/pulls/{{pull_number}}/files",
    f"GET {REPO}/pulls/{{pull_number}}/reviews",
    f"GET {REPO}/rules/branches/{{branch}}",
    f"GET {REPO}/rulesets/{{ruleset_id}}",
)
JSON = "application/json"


@dataclass
class Deriver:
    """Turns the schemas of a description into JSON Schema; `shapes` are those with a name that were met so far."""

    description: Mapping[str, Any]
    shapes: dict[str, Schema] = field(default_factory=dict)

    def derive(self) -> dict[str, Any]:
        """Returns the facts on the calls."""
        calls = {call: self.call(*call.split(" ")) for call in CALLS}
        self.convert({"$ref": "#/components/schemas/basic-error"})  # what is answered where no error is described
        version = self.description["info"]["version"]
        return {"version": version, "calls": calls, "shapes": dict(sorted(self.shapes.items()))}

    def call(self, method: str, path: str) -> dict[str, Any]:
        item = self.description["paths"][path]
        operation = item[method.lower()]
        parameters = [self.follow(one) for one in (*item.get("parameters", ()), *operation.get("parameters", ()))]
        found: dict[str, Any] = {
            part: {one["name"]: self.convert(one["schema"]) for one in parameters if one["in"] == part}
            for part in ("path", "query")
        }
        required = [one["name"] for one in parameters if one["in"] == "query" and one.get("required")]
        if required:
            found["required"] = required
        if "requestBody" in operation:
            found["body"] = self.convert(operation["requestBody"]["content"][JSON]["schema"])
        found["answers"] = {status: self.answer(one) for status, one in operation["responses"].items()}
        return found

    def answer(self, response: Mapping[str, Any]) -> Schema | None:
        """Returns the schema of an answer, or None if it has no body."""
        content = self.follow(response).get("content", {})
        return self.convert(content[JSON]["schema"]) if JSON in content else None

    def follow(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        """Returns what a reference refers to, else the item itself."""
        while "$ref" in item:
            found: Any = self.description
            for step in item["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            item = found
        return item

    def convert(self, schema: Mapping[str, Any]) -> Schema:
        """Returns a schema of OpenAPI 3.0 as JSON Schema."""
        if "$ref" in schema:
            return self.refer(schema["$ref"].rpartition("/")[2])
        if schema.get("nullable"):
            return or_null(self.convert({key: value for key, value in schema.items() if key != "nullable"}))
        if "allOf" in schema:
            return self.merge(schema["allOf"])
        for key in ("oneOf", "anyOf"):  # of `oneOf`, GitHub's own answers fit several
            if key in schema:
                return {"anyOf": [self.convert(one) for one in schema[key]]}
        return dict(self.keep(schema))

    def refer(self, name: str) -> Schema:
        plain = name.removeprefix("nullable-")
        if plain != name and self._is_same(name, plain):
            return or_null(self.refer(plain))
        if name not in self.shapes:
            self.shapes[name] = {}  # it may refer to itself
            self.shapes[name] = self.convert(self.description["components"]["schemas"][name])
        return {"$ref": f"#/shapes/{name}"}

    def _is_same(self, name: str, plain: str) -> bool:
        """Whether two schemas have the same fields: GitHub repeats a schema to make it nullable."""
        schemas = self.description["components"]["schemas"]
        return plain in schemas and set(schemas[plain].get("properties", ())) == set(schemas[name]["properties"])

    def keep(self, schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for key in ("type", "enum"):
            if key in schema:
                yield key, schema[key]
        if schema.get("required"):
            yield "required", sorted(schema["required"])
        if schema.get("format") == "date-time":
            yield "format", "date-time"
        if "items" in schema:
            yield "items", self.convert(schema["items"])
        if "properties" in schema:
            yield "properties", {name: self.convert(one) for name, one in schema["properties"].items()}
        more = schema.get("additionalProperties")
        if more is not None:
            yield "additionalProperties", self.convert(more) if isinstance(more, dict) else more

    def merge(self, parts: list[Mapping[str, Any]]) -> Schema:
        """Returns one schema for objects that have the fields of all parts."""
        if len(parts) == 1:
            return self.convert(parts[0])
        objects = [dict(self.keep(self.follow(one))) for one in parts]
        required = sorted(set(chain.from_iterable(one.get("required", ()) for one in objects)))
        properties = {name: value for one in objects for name, value in one["properties"].items()}
        return {"type": "object", "required": required, "properties": properties}


def main(source: str, target: str) -> None:
    """Reads a description, and writes the facts."""
    facts = Deriver(json.loads(Path(source).read_text(encoding="utf-8"))).derive()
    Path(target).write_text(write(map_schemas(facts, shorten)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
