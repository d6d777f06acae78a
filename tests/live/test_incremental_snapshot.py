"""The snapshot as a file: it reads back as the same values, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.scim.increment import Binding, IncrementalSnapshot, NotCertain
from reconciler.live.incremental_snapshot import parse_snapshot, snapshot_to_text

KEPT = IncrementalSnapshot(
    Binding("production", "https://acme.example/scim/v2", "1.0"),
    datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
    datetime(2026, 2, 27, 12, 0, tzinfo=UTC),
    {"ann": {"id": "ann", "displayName": "Änn\u2028 Ünicode"}},
    25,
)
TEXT = snapshot_to_text(KEPT).encode()


def test_what_was_kept_comes_back() -> None:
    """All of it."""
    assert KEPT == parse_snapshot(TEXT)


@given(st.integers(0, len(TEXT) - 2), st.integers(1, 255))
def test_a_byte_that_changed_is_damage(at: int, by: int) -> None:
    """Whichever it is; what is said in the first line is covered too."""
    damaged = bytearray(TEXT)
    damaged[at] = (damaged[at] + by) % 256
    try:
        read = parse_snapshot(bytes(damaged))
    except NotCertain:
        return
    assert KEPT == read


@pytest.mark.parametrize("content", [TEXT[:-9], b"", b"{}\n[]\n", b"[]\n[]\n", b"\xff", b"1\n", b'{"sha256": 1}\n[]\n'])
def test_what_is_no_snapshot_is_damage(content: bytes) -> None:
    """Or a snapshot that was cut off."""
    with pytest.raises(NotCertain, match=r"the snapshot (is|has)"):
        parse_snapshot(content)


def test_another_format_is_told() -> None:
    """It is not mistaken for damage."""
    with pytest.raises(NotCertain, match="the snapshot has format 3, and this version reads 2"):
        parse_snapshot(TEXT.replace(b'"format": 2', b'"format": 3'))
