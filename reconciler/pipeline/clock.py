"""The clock of a run: the only one but the client's, and it never enters the core but as an argument."""

from __future__ import annotations

from datetime import UTC, datetime


def now_in_utc() -> datetime:
    """Returns this moment."""
    return datetime.now(UTC)
