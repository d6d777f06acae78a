"""Writes problems as SARIF 2.1.0 for GitHub's code scanning.

GitHub rejects the whole file if one result has no location, or if a run has too many results.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from reconciler.errors import Problem, Source

MOST_RESULTS = 25_000  # per run; of more than 5,000 GitHub shows the most severe
LEVELS = {"error": "error", "warning": "warning", "info": "note"}
SEVEREST_FIRST = ("error", "warning", "info")
SOMEWHERE = Source("desired-state", 1)  # for a problem without a line: GitHub needs a name, not an existing file
HELP = "Each problem states what to do. docs/desired-state.md describes the YAML."


def to_sarif(problems: Sequence[Problem]) -> dict[str, object]:
    """Returns a document with one run: its rules, and a result for each problem."""
    reported = _within_limit(problems)
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "reconciler",
                        "rules": [_rule(code) for code in sorted({problem.code for problem in reported})],
                    }
                },
                "results": [_result(problem) for problem in reported],
            }
        ],
    }


def _within_limit(problems: Sequence[Problem]) -> Sequence[Problem]:
    """Returns the problems; of too many, the most severe, and one more that counts the others."""
    if len(problems) <= MOST_RESULTS:
        return problems
    most_severe = sorted(problems, key=lambda one: SEVEREST_FIRST.index(one.severity))[: MOST_RESULTS - 1]
    more = len(problems) - len(most_severe)
    return [*most_severe, Problem("left_out", f"{more:,} more problems are not in this file", hint="fix these first")]


def _rule(code: str) -> dict[str, object]:
    words = {"text": code.replace("_", " ")}
    return {"id": code, "shortDescription": words, "fullDescription": words, "help": {"text": HELP}}


def _result(problem: Problem) -> dict[str, object]:
    text = problem.message + (f" ({problem.hint})" if problem.hint else "")
    source = problem.source or SOMEWHERE
    location = {"artifactLocation": {"uri": quote(source.file)}, "region": {"startLine": source.line or 1}}
    return {
        "ruleId": problem.code,
        "level": LEVELS[problem.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": location}],
    }
