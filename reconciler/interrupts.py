"""Ctrl-C while a command loads ends the process in a sentence; afterwards it raises KeyboardInterrupt, as usual.

Python imports modules inside calls that wrap or drop a KeyboardInterrupt: it would end in a traceback, or nothing.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False  # Ctrl-C while `typing` loads would be a traceback
if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn

EXIT_CODE = 1


def end_when_interrupted() -> None:
    """Lets Ctrl-C end the process, unless it is ignored already, as in a job in the background."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def raise_when_interrupted() -> None:
    """Lets Ctrl-C raise KeyboardInterrupt again, for a command that has loaded."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def end_interrupted() -> NoReturn:
    """Ends the process with a sentence, without what Python does at its end."""
    try:
        sys.stderr.write("Interrupted: nothing was done.\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        pass  # stderr is full, closed, or was never opened
    os._exit(EXIT_CODE)


def was_interrupted(error: BaseException | None) -> bool:
    """Checks whether Ctrl-C is the cause of an error, such as one of a module that was being imported."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    end_interrupted()
