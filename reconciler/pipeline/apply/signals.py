"""The signals that stop an apply: what each does before the first request, while requests are sent, and afterwards."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # SIGHUP: the terminal or the connection to it is gone


def interrupt_on_signals() -> None:
    """Lets each signal that stops an apply raise KeyboardInterrupt, as Ctrl-C does.

    The default of SIGTERM and SIGHUP ends the process at once: a begin on record would stay open, and lock other runs.
    """
    for number in find_signals():
        signal.signal(number, signal.default_int_handler)


def ignore_signals() -> None:
    """Ignores the signals that stop an apply: the end of the apply must reach the record."""
    for number in find_signals():
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def stoppable_by_hand() -> Iterator[None]:
    """Lets Ctrl-C alone end the block, the push of a record that is on disk here: a person waits for the network.

    SIGTERM stays ignored, because a build service sends it while the record can still be pushed.
    """
    if signal.SIGINT not in find_signals() or signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def ignore_in_loop(loop: asyncio.AbstractEventLoop, signals: Sequence[signal.Signals]) -> None:
    """Ignores signals that the event loop handled: a second one must not keep the end of the apply from the record.

    Removing a handler restores the default, which ends the process, so the signals are blocked meanwhile.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        for number in signals:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)


def find_signals() -> list[signal.Signals]:
    """Returns the signals that stop the apply: none outside the main thread, and no hangup that `nohup` ignores."""
    if threading.current_thread() is not threading.main_thread():
        return []
    ignores_hangup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [number for number in SIGNALS if number != signal.SIGHUP or not ignores_hangup]
