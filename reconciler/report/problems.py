"""Renders problems as text, JSON, GitHub annotations and SARIF."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Literal, TypeAlias

from reconciler.errors import Problem
from reconciler.report.format.quote import plain_line
from reconciler.report.format.sarif import to_sarif
from reconciler.report.view.plan_view import ALIKE_FROM, ALIKE_SHOWN

ProblemFormat: TypeAlias = Literal["text", "json", "github", "sarif"]
GITHUB_LEVEL = {"error": "error", "warning": "warning", "info": "notice"}


def render_problems(problems: Sequence[Problem], form: ProblemFormat) -> str:
    """Renders every problem, in the order of files and lines."""
    ordered = sorted(problems, key=_position)
    match form:
        case "text":
            return "".join(f"{_prefix(problem)}{plain_line(str(problem))}\n" for problem in ordered)
        case "json":
            return json.dumps([asdict(problem) for problem in ordered], indent=2, ensure_ascii=False) + "\n"
        case "github":
            return "".join(_annotation(problem) + "\n" for problem in ordered)
        case "sarif":
            return json.dumps(to_sarif(ordered), indent=2, ensure_ascii=False) + "\n"


def render_collapsed(problems: Sequence[Problem], form: ProblemFormat) -> str:
    """Renders the problems like `render_problems`; people read only the first of many warnings of one code."""
    people = form in {"text", "github"}
    return render_problems(_cut_alike(sorted(problems, key=_position)) if people else problems, form)


def _cut_alike(problems: Sequence[Problem]) -> list[Problem]:
    """Returns the problems, of many warnings of one code only the first, and the number of the others."""
    counts = Counter(problem.code for problem in problems if problem.severity == "warning")
    many = {code for code, number in counts.items() if number >= ALIKE_FROM}
    seen: Counter[str] = Counter()
    shown: list[Problem] = []
    for problem in problems:
        alike = problem.severity == "warning" and problem.code in many
        seen[problem.code] += alike
        if not alike or seen[problem.code] <= ALIKE_SHOWN:
            shown.append(problem)
        elif seen[problem.code] == ALIKE_SHOWN + 1:
            shown.append(_count_rest(problem, counts[problem.code] - ALIKE_SHOWN))
    return shown


def _count_rest(first: Problem, number: int) -> Problem:
    """Returns the number of the warnings that are not shown, at the line of the first of them."""
    message = f"and {number:,} more warnings of this kind ({first.code})"
    return replace(first, message=message, hint="--format json lists all")


def _position(problem: Problem) -> tuple[str, int, str]:
    source = problem.source
    return (source.file, source.line, problem.message) if source else ("", 0, problem.message)


def _prefix(problem: Problem) -> str:
    return "" if problem.severity == "error" else f"{problem.severity}: "


def _annotation(problem: Problem) -> str:
    """Returns a workflow command. GitHub's toolkit escapes `%` and line ends, and in properties also `:` and `,`."""
    properties = []
    if problem.source:
        properties.append(f"file={_escape_property(problem.source.file)}")
    if problem.source and problem.source.line:
        properties.append(f"line={problem.source.line}")
    properties.append(f"title={_escape_property(problem.code.replace('_', ' '))}")
    text = problem.message + (f" ({problem.hint})" if problem.hint else "")
    return f"::{GITHUB_LEVEL[problem.severity]} {','.join(properties)}::{_escape(text)}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
