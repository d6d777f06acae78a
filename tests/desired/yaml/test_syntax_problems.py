"""What libyaml refuses is a problem with a line, and with what to do about the faults that people make."""

from __future__ import annotations

import pytest

from reconciler.desired.yaml.reader import read_yaml
from reconciler.desired.yaml.syntax_problems import HINTS
from reconciler.errors import Source

FILE = "desired-state/x.yaml"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a: [1\nb: 2\n", 2, "did not find expected ',' or ']'"),
        ("a: {x: 1\nb: 2\n", 2, "did not find expected ',' or '}'"),
        ("a:\n\tb: 1\n", 2, "found character that cannot start any token"),
        ("a: >\n\tx\n", 2, "found a tab character where an indentation space is expected"),
        ("a: b: c\n", 1, "mapping values are not allowed in this context"),
        ("users:\n  ann:\n    userName: ann\n   title: x\n", 4, "did not find expected key"),
        ("a:\n  - x\n  y: 1\n", 3, "did not find expected '-' indicator"),
        ("a: - b\n", 1, "block sequence entries are not allowed in this context"),
        ("a: 1\nb\n", 3, "could not find expected ':'"),
        ("a: 'x\n", 2, "found unexpected end of stream"),
        ('a: "\\q"\n', 1, "found unknown escape character"),
        ("a: ]\n", 1, "did not find expected node content"),
    ],
)
def test_a_common_fault_has_a_line_and_what_to_do(text: str, line: int, reason: str) -> None:
    """The table of hints has the words of libyaml, so each must still be what libyaml reports."""
    [problem] = read_yaml(FILE, text.encode()).problems

    expected = ("yaml", f"is not YAML: {reason}", Source(FILE, line), HINTS[reason])
    assert expected == (problem.code, problem.message, problem.source, problem.hint)


def test_a_control_character_can_be_written_as_an_escape() -> None:
    """The file itself must not contain it."""
    [problem] = read_yaml(FILE, b"a: 1\nb: \x07\n").problems

    assert "is not YAML: the character U+0007 is not allowed" == problem.message
    assert "remove it, or write its escape in double quotes" == problem.hint
