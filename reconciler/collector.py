"""Pauses Python's collector of cyclic garbage, which scans all objects again and again while more are made.

Reading and planning make millions of objects that stay, and almost no garbage: without the collector, they take two
thirds of the time.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_off() -> Iterator[None]:
    """Pauses collection while the block runs; afterwards, collections skip the objects that exist then."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
