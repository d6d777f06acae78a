"""git's error output is reported on one line, without control characters."""

from __future__ import annotations

import subprocess

from reconciler.desired.git.process import MOST_WORDS, read_words


def words(output: bytes) -> str:
    return read_words(subprocess.CompletedProcess((), 1, b"", output))


def test_what_a_remote_s_hook_writes_is_one_plain_line() -> None:
    """Escape sequences, line breaks and direction marks become spaces."""
    assert "remote: [31mred ::add-mask::x done" == words(b"remote: \x1b[31mred\n::add-mask::x\r\n\xe2\x80\xaedone\n")


def test_it_holds_no_credentials_and_is_bounded() -> None:
    assert "fatal: https://git.example/x.git" == words(b"fatal: https://ada:s3cret@git.example/x.git")
    assert MOST_WORDS == len(words(b"x" * 1_000_000))
    assert "exit 1" == words(b"")
