"""Problems → SARIF 2.1.0 as GitHub's code scanning takes it: every result has a place, and there are not too many.

One result without a place, or one too many, and the whole file is turned away.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from reconciler.errors import Problem, Source

MOST_RESULTS = 25_000  # in one run; of more than 5,000 GitHub shows the most severe
LEVELS = {"error": "error", "warning": "warning", "info": "note"}
SEVEREST_FIRST = ("error", "warning", "info")
SOMEWHERE = Source("desired-state", 1)  # of what is at no line; GitHub wants a name, and no file of that name
HELP = "What to do is said with each problem. docs/desired-state.md describes what may stand where."


def to_sarif(problems: Sequence[Problem]) -> dict[str, object]:
    """One run: a result for each problem, and the rules that they are of."""
    told = _within_limit(problems)
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "reconciler", "rules": [_rule(code) for code in _codes(told)]}},
                "results": [_result(problem) for problem in told],
            }
        ],
    }


def _within_limit(problems: Sequence[Problem]) -> Sequence[Problem]:
    """All of them; of too many the severest, and how many are not there."""
    if len(problems) <= MOST_RESULTS:
        return problems
    kept = sorted(problems, key=lambda one: SEVEREST_FIRST.index(one.severity))[: MOST_RESULTS - 1]
    more = len(problems) - len(kept)
    return [*kept, Problem("left_out", f"{more:,} more problems are not in this file", hint="fix these first")]


def _codes(problems: Sequence[Problem]) -> Sequence[str]:
    return sorted({problem.code for problem in problems})


def _rule(code: str) -> dict[str, object]:
    words = {"text": code.replace("_", " ")}
    return {"id": code, "shortDescription": words, "fullDescription": words, "help": {"text": HELP}}


def _result(problem: Problem) -> dict[str, object]:
    said = problem.message + (f" ({problem.hint})" if problem.hint else "")
    source = problem.source or SOMEWHERE
    place = {"artifactLocation": {"uri": quote(source.file)}, "region": {"startLine": source.line or 1}}
    return {
        "ruleId": problem.code,
        "level": LEVELS[problem.severity],
        "message": {"text": said},
        "locations": [{"physicalLocation": place}],
    }
