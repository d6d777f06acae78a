"""A limit on the CPU time of a piece of work, which ends it where it stands."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

SECONDS = 3.0


class TookTooLong(BaseException):
    """Beyond the limit; no exception of the program's, and none that it catches."""


@contextmanager
def limited(seconds: float = SECONDS) -> Iterator[None]:
    """The block may use that much of the processor, and no more."""

    def stop(_number: int, _frame: object) -> NoReturn:
        raise TookTooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
