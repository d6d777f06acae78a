"""Results on a terminal and in a pipe."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout

import pytest

from reconciler.cli.output import print_note, print_result

HOSTILE = "\x7f\x9b31m\u202e\u200b Zo\u00eb"


class Terminal(io.StringIO):
    """Somebody is looking."""

    def isatty(self) -> bool:
        return True


def printed(text: str, to: io.StringIO) -> str:
    with redirect_stdout(to):
        print_result(text)
    return to.getvalue()


@pytest.mark.parametrize("no_colour", ["", "1"])
def test_a_terminal_obeys_no_value_in_any_format(monkeypatch: pytest.MonkeyPatch, no_colour: str) -> None:
    """JSON leaves half of what a terminal obeys as it is; it is spelled, and means the same."""
    monkeypatch.setenv("NO_COLOR", no_colour)
    text = json.dumps({"name": HOSTILE}, ensure_ascii=False) + "\n"

    shown = printed(text, Terminal())

    assert "Zo\u00eb" in shown
    assert [] == [letter for letter in HOSTILE[:-4] if letter in shown and letter != "3" and not letter.isprintable()]
    assert {"name": HOSTILE} == json.loads(shown)


def test_a_file_gets_the_bytes_as_they_are() -> None:
    """Digests are of bytes."""
    assert HOSTILE == printed(HOSTILE, io.StringIO())


def test_a_note_commands_neither_a_terminal_nor_a_workflow() -> None:
    """A service's error is part of notes such as `Full read, because …`; a rendered plan keeps its lines."""
    with redirect_stderr(Terminal()) as shown:
        print_note("Full read: 403 \x1b[31mno\n::warning::no\n  + Ann")

    assert "Full read: 403 \\u001b[31mno\n:\\u003awarning::no\n  + Ann\n" == shown.getvalue()
