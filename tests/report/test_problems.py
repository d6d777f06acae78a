"""Problems for people, for machines, for GitHub and for code scanning."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import Problem, Source
from reconciler.report.problems import render_collapsed, render_problems

FIRST = Problem("unknown_user", 'no user "zoe" is declared', Source("ds/a.yaml", 9), 'did you mean "zoé"?')
SECOND = Problem("duplicate", "declared twice", Source("ds/a.yaml", 12), severity="warning")
THIRD = Problem("expired", "it no longer counts", Source("ds/b.yaml"), "take it out", severity="info")
NOWHERE = Problem("no_history", "nothing is on record", severity="info")
ALL = [THIRD, SECOND, NOWHERE, FIRST]


def test_text_has_a_line_for_each_in_the_order_of_files_and_lines() -> None:
    """An error needs no word for it."""
    assert (
        "info: nothing is on record\n"
        'ds/a.yaml:9: no user "zoe" is declared (did you mean "zoé"?)\n'
        "warning: ds/a.yaml:12: declared twice\n"
        "info: ds/b.yaml: it no longer counts (take it out)\n"
    ) == render_problems(ALL, "text")


def test_json_has_everything() -> None:
    """Null where there is nothing."""
    rendered = json.loads(render_problems(ALL, "json"))

    assert ["no_history", "unknown_user", "duplicate", "expired"] == [one["code"] for one in rendered]
    assert {
        "code": "unknown_user",
        "message": 'no user "zoe" is declared',
        "source": {"file": "ds/a.yaml", "line": 9, "commit": None, "author": None},
        "hint": 'did you mean "zoé"?',
        "severity": "error",
    } == rendered[1]
    assert rendered[0]["source"] is None


def test_github_gets_an_annotation_for_each_at_its_line() -> None:
    """In the words of its workflow commands."""
    assert (
        "::notice title=no history::nothing is on record\n"
        '::error file=ds/a.yaml,line=9,title=unknown user::no user "zoe" is declared (did you mean "zoé"?)\n'
        "::warning file=ds/a.yaml,line=12,title=duplicate::declared twice\n"
        "::notice file=ds/b.yaml,title=expired::it no longer counts (take it out)\n"
    ) == render_problems(ALL, "github")


COMMAND = re.compile(r"::error file=([^,:\n\r]*),line=3,title=([^,:\n\r]*)::([^\n\r]*)\n")


@given(st.text(), st.text(), st.text())
def test_no_text_ends_an_annotation_or_begins_another(file: str, code: str, message: str) -> None:
    """What is escaped comes back as it was."""
    rendered = render_problems([Problem(code, message, Source(file, 3))], "github")
    found = COMMAND.fullmatch(rendered)

    assert found is not None
    assert (file, code.replace("_", " "), message) == tuple(map(unquote, found.groups()))


@given(st.text())
def test_no_text_makes_a_line_of_its_own(message: str) -> None:
    """A problem is one line."""
    assert 1 == len(render_problems([Problem("x", message, Source("a.yaml", 3), message)], "text").splitlines())


@pytest.mark.parametrize(("form", "expected"), [("text", ""), ("json", []), ("github", "")])
def test_no_problems_are_nothing(form: Any, expected: object) -> None:
    """An empty list, or no line at all."""
    rendered = render_problems([], form)

    assert expected == (json.loads(rendered) if form == "json" else rendered)
    assert [] == json.loads(render_problems([], "sarif"))["runs"][0]["results"]


def test_many_warnings_of_one_kind_are_counted_for_people() -> None:
    """The first three, and the number of the others at the next line; machines get all; errors are never cut."""
    warnings = [Problem("edge_space", f"space {n}", Source("ds/a.yaml", n), severity="warning") for n in range(1, 9)]
    errors = [Problem("edge_space", f"error {n}", Source("ds/b.yaml", n)) for n in range(1, 9)]
    few = [Problem("invisible", f"letter {n}", Source("ds/c.yaml", n), severity="warning") for n in range(1, 6)]

    text = render_collapsed([*errors, *few, *warnings], "text").splitlines()

    assert 4 + 8 + 5 == len(text)
    assert "warning: ds/a.yaml:4: and 5 more warnings of this kind (edge_space) (--format json lists all)" == text[3]
    assert 4 + 8 + 5 == len(render_collapsed([*errors, *few, *warnings], "github").splitlines())
    assert 8 + 8 + 5 == len(json.loads(render_collapsed([*errors, *few, *warnings], "json")))
    assert 8 + 8 + 5 == len(render_problems([*errors, *few, *warnings], "text").splitlines())
