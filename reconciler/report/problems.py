"""Problems → text, JSON, GitHub annotations, SARIF 2.1.0."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Literal, TypeAlias
from urllib.parse import quote

from reconciler.errors import Problem
from reconciler.report.quote import plain_line

ProblemFormat: TypeAlias = Literal["text", "json", "github", "sarif"]
GITHUB_LEVEL = {"error": "error", "warning": "warning", "info": "notice"}
SARIF_LEVEL = {"error": "error", "warning": "warning", "info": "note"}


def render_problems(problems: Sequence[Problem], form: ProblemFormat) -> str:
    """Every problem, in the order of files and lines."""
    ordered = sorted(problems, key=_place)
    match form:
        case "text":
            return "".join(f"{_prefix(problem)}{plain_line(str(problem))}\n" for problem in ordered)
        case "json":
            return json.dumps([asdict(problem) for problem in ordered], indent=2, ensure_ascii=False) + "\n"
        case "github":
            return "".join(_annotation(problem) + "\n" for problem in ordered)
        case "sarif":
            return json.dumps(_sarif(ordered), indent=2, ensure_ascii=False) + "\n"


def _place(problem: Problem) -> tuple[str, int, str]:
    source = problem.source
    return (source.file, source.line, problem.message) if source else ("", 0, problem.message)


def _prefix(problem: Problem) -> str:
    return "" if problem.severity == "error" else f"{problem.severity}: "


def _annotation(problem: Problem) -> str:
    """A workflow command; `%`, line ends, and in properties `:` and `,` too, are escaped as GitHub's toolkit does."""
    properties = []
    if problem.source:
        properties.append(f"file={_escape_property(problem.source.file)}")
    if problem.source and problem.source.line:
        properties.append(f"line={problem.source.line}")
    properties.append(f"title={_escape_property(problem.code)}")
    said = problem.message + (f" ({problem.hint})" if problem.hint else "")
    return f"::{GITHUB_LEVEL[problem.severity]} {','.join(properties)}::{_escape(said)}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")


def _sarif(problems: Sequence[Problem]) -> dict[str, object]:
    rules = [{"id": code} for code in sorted({problem.code for problem in problems})]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "reconciler", "rules": rules}},
                "results": [_sarif_result(problem) for problem in problems],
            }
        ],
    }


def _sarif_result(problem: Problem) -> dict[str, object]:
    said = problem.message + (f" ({problem.hint})" if problem.hint else "")
    result: dict[str, object] = {
        "ruleId": problem.code,
        "level": SARIF_LEVEL[problem.severity],
        "message": {"text": said},
    }
    if problem.source:
        location: dict[str, object] = {"artifactLocation": {"uri": quote(problem.source.file)}}
        if problem.source.line:
            location["region"] = {"startLine": problem.source.line}
        result["locations"] = [{"physicalLocation": location}]
    return result
