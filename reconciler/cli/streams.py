"""Guards the standard streams of a process: a note that can't be written is dropped, and never ends a command."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO

from reconciler.errors import Failed

STDOUT, STDERR = 1, 2


class Unprintable(Failed):
    """The result can't be written to stdout: the disk is full, for example."""


class _NoteFile(io.FileIO):
    """Stderr: a closed pipe, a full disk or a lost terminal takes no note, and the command goes on."""

    def write(self, data: Any, /) -> int:  # noqa: ANN401  # whatever has the bytes
        """Writes the data; drops them if that fails."""
        try:
            written: int | None = super().write(data)
        except OSError:
            written = None
        return memoryview(data).nbytes if written is None else written


class _ResultFile(io.FileIO):
    """Stdout: a result that can't be written is an error, but a reader may close the pipe."""

    def write(self, data: Any, /) -> int:  # noqa: ANN401  # whatever has the bytes
        """Writes the data; raises BrokenPipeError if the reader is gone, and Unprintable for each other error."""
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise Unprintable(f"the result can't be written to stdout: {error.strerror}") from error


def guard_streams() -> None:
    """Replaces stdout and stderr of this process by guarded streams; a stream that is not open goes nowhere."""
    if sys.stdout is sys.__stdout__:
        sys.stdout = _open_stream(STDOUT, sys.__stdout__, _ResultFile)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _open_stream(STDERR, sys.__stderr__, _NoteFile)


def silence_stdout() -> None:
    """Drops what stdout has not written, so that the end of the process does not try again."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, STDOUT)
    os.close(null)


def _open_stream(number: int, stream: TextIO | None, kind: type[io.FileIO]) -> TextIO:
    if stream is None:  # it was closed when the process began: no file that is opened later must get its number
        null = os.open(os.devnull, os.O_RDWR)
        if null > number:
            os.close(null)
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123  # until the process ends
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(kind(number, "wb", closefd=False)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=True,
    )
