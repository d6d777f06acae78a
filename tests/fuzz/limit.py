"""A limit on the CPU time of a block, which interrupts it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

SECONDS = 3.0


class TookTooLong(BaseException):
    """The block exceeded the limit. It is no Exception, so the program does not catch it."""


@contextmanager
def limited(seconds: float = SECONDS) -> Iterator[None]:
    """Raises TookTooLong if the block uses more CPU time."""

    def stop(_number: int, _frame: object) -> NoReturn:
        raise TookTooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
