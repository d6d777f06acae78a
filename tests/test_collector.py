"""Python's garbage collector is off in a block, and restored after it."""

from __future__ import annotations

import gc
from contextlib import suppress

from reconciler.collector import collector_off


def test_the_collector_is_off_for_as_long_as_the_block_runs() -> None:
    """And on again after it, whether it ends well or not."""
    with suppress(ValueError), collector_off():
        assert not gc.isenabled()
        raise ValueError

    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    """Blocks nest."""
    with collector_off():
        with collector_off():
            assert not gc.isenabled()
        assert not gc.isenabled()
