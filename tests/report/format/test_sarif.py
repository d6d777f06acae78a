"""SARIF: what the standard asks of a file, and what GitHub asks of one that is uploaded."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from reconciler.errors import Problem, Source
from reconciler.report.format.sarif import MOST_RESULTS, to_sarif
from reconciler.report.problems import render_problems

WHERE = Source("ds/a.yaml", 9)
FIRST = Problem("unknown_user", 'no user "zoe" is declared', WHERE, 'did you mean "zoé"?')
SECOND = Problem("duplicate", "declared twice", Source("ds/b.yaml"), severity="warning")
NOWHERE = Problem("no_history", "nothing is on record", severity="info")


def an_object(required: dict[str, Any]) -> dict[str, Any]:
    """Of exactly these: what we leave out is optional in the standard, and what we write is in it."""
    closed = {"type": "object", "additionalProperties": False}
    return {**closed, "required": [name for name in required if name != "$schema"], "properties": required}


def an_array(items: dict[str, Any], **limits: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **limits}


TEXT = an_object({"text": {"type": "string"}})
NAME = {"type": "string", "minLength": 1}
PLACE = an_object(
    {
        "artifactLocation": an_object({"uri": {"type": "string", "format": "uri-reference", "minLength": 1}}),
        "region": an_object({"startLine": {"type": "integer", "minimum": 1}}),
    }
)
RULE = an_object({"id": {"type": "string"}, "shortDescription": TEXT, "fullDescription": TEXT, "help": TEXT})
RESULT = an_object(
    {
        "ruleId": {"type": "string"},
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": TEXT,
        "locations": an_array(an_object({"physicalLocation": PLACE}), minItems=1, maxItems=1),
    }
)
DRIVER = an_object({"name": NAME, "rules": an_array(RULE, uniqueItems=True, maxItems=25_000)})
RUN = an_object({"tool": an_object({"driver": DRIVER}), "results": an_array(RESULT, maxItems=25_000)})
LOG = an_object(
    {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": an_array(RUN, minItems=1, maxItems=1),
    }
)
STANDARD = Draft202012Validator(LOG, format_checker=FormatChecker())

words = st.text(max_size=20)
places = st.none() | st.builds(Source, st.text(min_size=1, max_size=20), st.integers(0, 999))
problems = st.builds(Problem, words, words, places, words | st.none(), st.sampled_from(["error", "warning", "info"]))


@given(st.lists(problems, max_size=6))
def test_whatever_the_problems_a_file_is_of_the_standard_and_fit_to_be_uploaded(found: list[Problem]) -> None:
    """Against the objects of OASIS SARIF 2.1.0 (3.13 to 3.30) that we write, spelled out above by us.

    The published schema is not copied here; it was tried by hand, and finds nothing either. Beyond it, GitHub turns
    away a file in which one result has no place, and more than 25,000 results.
    """
    log: Any = to_sarif(found)

    assert [] == [error.message for error in STANDARD.iter_errors(log)]
    [run] = log["runs"]
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {result["ruleId"] for result in run["results"]}


def told(*found: Problem) -> list[dict[str, Any]]:
    """The results of the one run."""
    log: Any = to_sarif(found)
    results: list[dict[str, Any]] = log["runs"][0]["results"]
    return results


def test_a_result_has_all_that_is_known_of_a_problem() -> None:
    """In the order it comes in; a note is a note."""
    results = told(FIRST, SECOND, NOWHERE)

    assert {
        "ruleId": "unknown_user",
        "level": "error",
        "message": {"text": 'no user "zoe" is declared (did you mean "zoé"?)'},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": "ds/a.yaml"}, "region": {"startLine": 9}}}],
    } == results[0]
    assert ["error", "warning", "note"] == [one["level"] for one in results]


@pytest.mark.parametrize(
    ("problem", "place"),
    [(SECOND, ("ds/b.yaml", 1)), (NOWHERE, ("desired-state", 1))],
    ids=["a file and no line", "no file"],
)
def test_what_has_no_line_is_at_the_first(problem: Problem, place: tuple[str, int]) -> None:
    """GitHub shows nothing without one."""
    [result] = told(problem)
    found = result["locations"][0]["physicalLocation"]

    assert place == (found["artifactLocation"]["uri"], found["region"]["startLine"])


def test_a_file_is_named_by_uri() -> None:
    """RFC 3986: a space or a letter beyond ASCII is written by its number."""
    [result] = told(Problem("x", "x", Source("ds/zoë lee#1.yaml", 3)))

    assert "ds/zo%C3%AB%20lee%231.yaml" == result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]


def test_of_too_many_the_severest_are_kept_and_the_rest_is_counted() -> None:
    """No upload of more is taken."""
    notes = [Problem("expired", f"{number}", WHERE, severity="info") for number in range(MOST_RESULTS)]
    results = told(*notes, FIRST)

    assert MOST_RESULTS == len(results)
    assert "error" == results[0]["level"]
    assert "2 more problems are not in this file (fix these first)" == results[-1]["message"]["text"]
    assert MOST_RESULTS == len(told(*notes))


def test_no_problems_are_a_run_without_results() -> None:
    """Which closes what an earlier upload opened."""
    assert '"results": []' in render_problems([], "sarif")
